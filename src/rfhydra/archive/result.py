"""ArchiveResult: what the scans of an archive have found, as its file of hits states it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from rfhydra.archive.manifest import Entry, Finished
from rfhydra.archive.source import Failure
from rfhydra.archive.tables import ScanMetadata
from rfhydra.errors import InvalidMessage, NotFound

_KEY: Final = b"rfhydra.recordings"
_ENTRIES: Final = TypeAdapter(list[Entry])


@dataclass(frozen=True)
class ArchiveResult:
    """What a file of hits says about itself.

    Attributes:
        scan: the contract, the backbone and the versions of the scan.
        recordings: the recordings that were scanned, sorted by path.
        failures: the files that could not be scanned.
        hits: number of hits by signal, of every head that was looked for.
        finished_utc_sec: when the file was written, in seconds since 1970 UTC.
    """

    scan: ScanMetadata
    recordings: list[Finished]
    failures: list[Failure]
    hits: dict[str, int]
    finished_utc_sec: float

    @classmethod
    def read(cls, path: Path) -> Self:
        """The result in the file of hits at ``path``.

        Raises:
            NotFound: there is no such file.
            InvalidMessage: it is not of a scan, or of one by an earlier rfhydra.
        """
        try:
            with pq.ParquetFile(path) as file:
                metadata = file.schema_arrow.metadata or {}
                scan = ScanMetadata.read(file.schema_arrow, path.name)
                names = file.read(columns=["signal"])["signal"].to_pylist()
            entries = _ENTRIES.validate_json(metadata[_KEY])
        except FileNotFoundError:
            raise NotFound(f"there is no archive {path.name}: it was not scanned yet") from None
        except pa.ArrowInvalid as error:
            raise InvalidMessage(f"{path.name} is no Parquet file: {error}") from None
        except (KeyError, ValidationError):
            raise InvalidMessage(f"{path.name} does not state its recordings: scan again") from None
        found = Counter(names)
        return cls(
            scan,
            [each for each in entries if isinstance(each, Finished)],
            [each for each in entries if isinstance(each, Failure)],
            {name: found[name] for name in sorted({*scan.versions, *found})},
            path.stat().st_mtime,
        )


def with_recordings(schema: pa.Schema, entries: Sequence[Entry]) -> pa.Schema:
    """``schema`` with the recordings that were scanned, and those that could not be."""
    fields: list[dict[str, Any]] = [asdict(each) for each in entries]
    return schema.with_metadata({**(schema.metadata or {}), _KEY: json.dumps(fields)})
