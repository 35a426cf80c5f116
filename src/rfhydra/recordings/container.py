"""Container: where the samples of a recording lie in which file, and the metadata that describes them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sigmf import keys

from rfhydra.recordings.naming import NameFields


@dataclass(frozen=True)
class Container:
    """Location and metadata of samples.

    Attributes:
        kind: what the container is, for people.
        path: the file that was opened.
        metadata: of SigMF, read or generated.
        data_path: the file that holds the samples.
        start_byte: their offset in it.
        byte_count: their length.
        named: fields that the name of the file tells, used where the file states none and none is given.
        remarks: what is wrong with the file, though it can be read.
        copy: the open file that holds the samples in place of ``data_path``, which cannot be mapped.
        samples: what reads them in its place, as :attr:`.Recording.stored`.
    """

    kind: str
    path: Path
    metadata: dict[str, Any]
    data_path: Path
    start_byte: int
    byte_count: int
    named: NameFields = field(default_factory=NameFields)
    remarks: tuple[str, ...] = ()
    copy: BinaryIO | None = field(default=None, repr=False)
    samples: Any = field(default=None, repr=False)


def generated_metadata(
    datatype: str,
    sample_rate_hz: float | None = None,
    center_freq_hz: float | None = None,
    start_time: str | None = None,
) -> dict[str, Any]:
    """Metadata of a file that is not SigMF, with one capture; None is what it does not state."""
    capture = {keys.SAMPLE_START_KEY: 0, keys.FREQUENCY_KEY: center_freq_hz, keys.DATETIME_KEY: start_time}
    return {
        "global": {keys.DATATYPE_KEY: datatype, keys.SAMPLE_RATE_KEY: sample_rate_hz},
        "captures": [{key: value for key, value in capture.items() if value is not None}],
        "annotations": [],
    }
