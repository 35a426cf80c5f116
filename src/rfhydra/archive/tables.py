"""The Parquet tables of an archive: hits and emissions, their columns, their metadata, and the writing of them.

``hits`` has a row for each detection, ``emissions`` one for each candidate emission, with its embedding. Both are
sorted by recording. The metadata of the file, under :data:`METADATA_KEY`, is JSON with the contract, the backbone and
the version of each head.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from rfhydra.archive.plan import ScanPlan
from rfhydra.errors import InvalidMessage
from rfhydra.files import replacing

METADATA_KEY: Final = b"rfhydra"
EMBEDDING: Final = "embedding"
ROW_GROUP: Final = 16_384
"""Rows that are held in memory at a time."""

_TIME: Final = pa.timestamp("us", tz="UTC")
_WHERE: Final = (
    pa.field("recording", pa.string(), nullable=False),
    pa.field("recording_id", pa.string(), nullable=False),
    pa.field("time_start_sec", pa.float64(), nullable=False),
    pa.field("time_end_sec", pa.float64(), nullable=False),
    pa.field("freq_low_hz", pa.float64(), nullable=False),
    pa.field("freq_high_hz", pa.float64(), nullable=False),
    pa.field("start_utc", _TIME),
    pa.field("end_utc", _TIME),
)
HITS: Final = pa.schema(
    [
        *_WHERE,
        pa.field("signal", pa.string(), nullable=False),
        pa.field("version", pa.int32(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
    ]
)
_REPEATED: Final = ["recording", "recording_id", "signal"]


def emissions_schema(embedding_dim: int) -> pa.Schema:
    """Columns of the emissions. An embedding is one binary value, ``embedding_dim`` little-endian float16 of it."""
    return pa.schema(
        [
            *_WHERE,
            pa.field("objectness", pa.float32()),
            pa.field("signal", pa.string()),
            pa.field("score", pa.float32()),
            pa.field(EMBEDDING, pa.binary(2 * embedding_dim), nullable=False),
        ]
    )


@dataclass(frozen=True)
class ScanMetadata:
    """What a table says about its scan."""

    spec_id: str
    backbone_id: str
    versions: dict[str, int]

    @classmethod
    def read(cls, schema: pa.Schema, name: str) -> "ScanMetadata":
        """The metadata in ``schema``, of the file ``name``.

        Raises:
            InvalidMessage: there is none.
        """
        try:
            fields = json.loads((schema.metadata or {})[METADATA_KEY])
            return cls(fields["spec_id"], fields["backbone_id"], fields["versions"])
        except (KeyError, ValueError):
            raise InvalidMessage(f"{name} is not of `rfhydra scan`: it does not state a contract") from None


def with_metadata(schema: pa.Schema, plan: ScanPlan) -> pa.Schema:
    """``schema`` with the metadata of ``plan``."""
    fields = {
        "spec_id": plan.spec.spec_id,
        "contract": plan.spec.to_dict(),
        "backbone_id": plan.backbone_id,
        "versions": plan.versions,
        "threshold": plan.threshold,
        "min_objectness": plan.min_objectness,
    }
    return schema.with_metadata({METADATA_KEY: json.dumps(fields)})


class TableWriter:
    """Writes rows to a Parquet file in groups of :data:`ROW_GROUP`, so that few are in memory at a time."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
        """Use :func:`writing_table`."""
        self._writer, self._schema = writer, schema
        self._tables: list[pa.Table] = []
        self._waiting = 0
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Append the rows of ``table``, which has the columns of the schema."""
        self._tables.append(table.cast(self._schema))
        self._waiting += len(table)
        self.rows += len(table)
        if self._waiting >= ROW_GROUP:
            self.flush()

    def add_rows(self, columns: dict[str, Any]) -> None:
        """Append rows; ``columns`` by name."""
        self.add(pa.table(columns, schema=self._schema))

    def flush(self) -> None:
        if self._tables:
            self._writer.write_table(pa.concat_tables(self._tables), row_group_size=ROW_GROUP)
        self._tables, self._waiting = [], 0


@contextmanager
def writing_table(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """A writer of the file that atomically replaces ``path`` at the end of the block, durably.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        OSError: ``path`` cannot be written.
    """
    # Embeddings hardly compress, and a search maps them.
    compression = {name: "none" if name == EMBEDDING else "zstd" for name in schema.names}
    repeated = [name for name in _REPEATED if name in schema.names]
    with (
        replacing(path) as file,
        pq.ParquetWriter(
            file, schema, compression=compression, use_dictionary=repeated, write_statistics=repeated
        ) as written,
    ):
        writer = TableWriter(written, schema)
        yield writer
        writer.flush()


def copy_rows(path: Path, writer: TableWriter) -> None:
    """Append all rows of the Parquet file at ``path`` to ``writer``, a group at a time."""
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            writer.add(file.read_row_group(number))
