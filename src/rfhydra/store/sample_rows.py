"""Samples as rows of the database."""

import json
import sqlite3
from typing import Any, Final

from rfhydra.store.labels import LabelSet
from rfhydra.store.sample import Sample

UPSERT: Final = """
INSERT INTO samples (
    sample_id, signal_name, spec_id, image_digest, iq_digest, cols, sample_rate_hz, center_freq_hz,
    label_set_id, box_count, negative_count, recording, start_sample, metadata, created_at
) VALUES (
    :sample_id, :signal_name, :spec_id, :image_digest, :iq_digest, :cols, :sample_rate_hz, :center_freq_hz,
    :label_set_id, :box_count, :negative_count, :recording, :start_sample, :metadata, :created_at
) ON CONFLICT (sample_id) DO UPDATE SET
    iq_digest = excluded.iq_digest, sample_rate_hz = excluded.sample_rate_hz, center_freq_hz = excluded.center_freq_hz,
    label_set_id = excluded.label_set_id, box_count = excluded.box_count, negative_count = excluded.negative_count,
    recording = excluded.recording, start_sample = excluded.start_sample,
    metadata = excluded.metadata
"""
"""Insert or update by ``sample_id``, with the fields of :func:`to_row`."""


def to_row(sample: Sample, label_set_id: int) -> dict[str, Any]:
    """The columns of ``sample``."""
    own = len(sample.boxes)
    counts = {"box_count": own, "negative_count": len(sample.labels) - own}
    metadata = json.dumps(sample.metadata)
    return {**vars(sample), **counts, "labels": None, "label_set_id": label_set_id, "metadata": metadata}


def from_row(row: sqlite3.Row, labels: LabelSet) -> Sample:
    """The inverse of :func:`to_row`."""
    columns = {name: row[name] for name in row.keys() if name in Sample.__annotations__}  # noqa: SIM118
    return Sample(**{**columns, "labels": labels, "metadata": json.loads(row["metadata"])})
