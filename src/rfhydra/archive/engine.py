"""Engine: the interface of what runs :func:`rfhydra.archive.part.scan_recording` on many recordings."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final, Protocol

from rfhydra.archive.manifest import Entry
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.source import Failure, SourceFile

MAX_ATTEMPTS: Final = 3
"""Processes that one recording may end, say by using up the memory, before it is given up."""


class Engine(Protocol):
    """Runs the scan of many recordings. Each of them is scanned in one process from its beginning to its end."""

    def run(
        self, plan: ScanPlan, sources: Sequence[SourceFile], parts: Path, progress: Callable[[str, float], None]
    ) -> Generator[Entry, None, None]:
        """Scan ``sources``; yields the entry of each as soon as its part is on disk, in any order.

        A recording whose process ended is scanned again as a whole, :data:`MAX_ATTEMPTS` times in all. Closing the
        iterator ends what it has begun.

        Args:
            progress: called with the path of a recording and the seconds of it that are done, now and then.

        Raises:
            Incompatible, StorageFull, Busy: as :func:`rfhydra.archive.part.scan_recording`.
            MissingExtra: the engine is not installed.
        """


def given_up(source: SourceFile) -> Failure:
    """The failure of a recording that ended every process which scanned it."""
    message = f"the process that scanned it died, {MAX_ATTEMPTS} times: out of memory, or a file that cannot be mapped"
    return Failure(source.path, source.fingerprint, "internal", message)
