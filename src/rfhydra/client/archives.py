"""The commands for archives as typed methods."""

from typing import Unpack

from rfhydra.client.asking import Asking
from rfhydra.client.recordings import ViewOptions
from rfhydra.protocol.archives import (
    ArchivedCopy,
    ArchivedView,
    ArchiveHits,
    Archives,
    ArchiveTimeline,
    CancelScan,
    CopyArchived,
    FindSimilar,
    GetArchivedView,
    GetArchiveHits,
    GetArchives,
    GetArchiveTimeline,
    ScanProgress,
    SimilarEmission,
)
from rfhydra.protocol.recording_contents import RecordingBox


class ArchiveCommands(Asking):
    """What was found in the archives of a server. A ``recording`` is its path below the folder of its archive."""

    async def get_archives(self) -> Archives:
        """The archives, and the scan that runs."""
        return await self._ask(GetArchives)

    async def cancel_scan(self) -> ScanProgress:
        """Stop the scan; what is finished stays so.

        Raises:
            NotFound: there is none.
        """
        return await self._ask(CancelScan)

    async def get_archive_timeline(self, archive: str, *, columns: int = 400) -> ArchiveTimeline:
        """The hits of an archive along one time axis of so many columns."""
        return await self._ask(GetArchiveTimeline, archive=archive, columns=columns)

    async def get_archive_hits(
        self,
        archive: str,
        signal_name: str | None = None,
        *,
        from_sec: float | None = None,
        to_sec: float | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ArchiveHits:
        """A page of the hits of an archive, by default of all signals and the whole time axis."""
        return await self._ask(
            GetArchiveHits,
            archive=archive,
            signal_name=signal_name,
            from_sec=from_sec,
            to_sec=to_sec,
            limit=limit,
            cursor=cursor,
        )

    async def find_similar(
        self,
        archive: str,
        box: RecordingBox,
        *,
        recording: str | None = None,
        recording_id: str | None = None,
        limit: int = 50,
    ) -> list[SimilarEmission]:
        """The emissions of an archive that are most similar to a box, the most similar first.

        The box is in a recording of the archive (``recording``) or in one that the server holds (``recording_id``).

        Raises:
            Incompatible: the archive was scanned with another contract or backbone.
        """
        answer = await self._ask(
            FindSimilar, archive=archive, box=box, recording=recording, recording_id=recording_id, limit=limit
        )
        return answer.emissions

    async def get_archived_view(self, archive: str, recording: str, **options: Unpack[ViewOptions]) -> ArchivedView:
        """A part of a recording as an image."""
        return await self._ask(GetArchivedView, archive=archive, recording=recording, **options)

    async def copy_archived(
        self, archive: str, recording: str, time_start_sec: float, time_end_sec: float
    ) -> ArchivedCopy:
        """Copy a stretch of a recording into one that the server holds, to be labelled.

        Raises:
            TooLarge: it takes more than ``max_excerpt_bytes``.
        """
        return await self._ask(
            CopyArchived,
            archive=archive,
            recording=recording,
            time_start_sec=time_start_sec,
            time_end_sec=time_end_sec,
        )
