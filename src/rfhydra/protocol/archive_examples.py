"""Examples of the commands and messages about archives."""

from base64 import b64encode
from typing import Final

from rfhydra.protocol import archives
from rfhydra.protocol.example_values import CENTER_HZ, LATER, NIGHT, RATE_HZ, SIGNAL
from rfhydra.protocol.recording_contents import RecordingBox
from rfhydra.protocol.recording_examples import CAPTURED

ARCHIVE: Final = "roof"
ARCHIVED: Final = "2026-11-20/night_433.92M_250k.cu8"
_SCAN_ID: Final = "e27f0d1ab6c34c5f9a80716253a4b5c6"
_BURST: Final = RecordingBox(
    time_start_sec=0.02, time_end_sec=0.03, freq_low_hz=CENTER_HZ + 23_000, freq_high_hz=CENTER_HZ + 40_000
)

ARCHIVE_COMMANDS: Final = (
    archives.GetArchives(),
    archives.StartScan(id=34, archive=ARCHIVE),
    archives.CancelScan(id=35),
    archives.GetArchiveTimeline(id=36, archive=ARCHIVE, columns=4),
    archives.GetArchiveHits(id=37, archive=ARCHIVE, signal_name=SIGNAL, from_sec=0, to_sec=0.05, limit=20),
    archives.FindSimilar(id=38, archive=ARCHIVE, recording=ARCHIVED, box=_BURST, limit=10),
    archives.GetArchivedView(
        id=39, archive=ARCHIVE, recording=ARCHIVED, time_start_sec=0.01, time_end_sec=0.04, columns=160, rows=96
    ),
    archives.CopyArchived(id=40, archive=ARCHIVE, recording=ARCHIVED, time_start_sec=0.01, time_end_sec=0.04),
)

_RESULT: Final = archives.ScanResult(
    scanned_at=LATER,
    recordings=1,
    duration_sec=0.1,
    failed=1,
    failures=["2026-11-20/notes.wav: notes.wav is no WAV file"],
    versions={SIGNAL: 1},
    hits={SIGNAL: 1},
    emissions=7,
    is_searchable=True,
)
_PROGRESS: Final = archives.ScanProgress(
    archive=ARCHIVE,
    job_id=_SCAN_ID,
    ts=LATER,
    seconds_done=0.05,
    seconds_total=0.1,
    recordings_done=0,
    recordings_total=1,
    failed=1,
    remaining_sec=1.5,
)
ARCHIVE_MESSAGES: Final = (
    archives.Archives(archives=[archives.ArchiveInfo(archive=ARCHIVE, result=_RESULT)], progress=None),
    _PROGRESS,
    archives.ScanComplete(archive=ARCHIVE, job_id=_SCAN_ID, ts=LATER, result=_RESULT),
    archives.ScanFailed(
        archive=ARCHIVE,
        job_id=_SCAN_ID,
        ts=LATER,
        error="the scan was cancelled; what is finished stays so",
        code="cancelled",
    ),
    archives.ArchiveTimeline(
        id=36,
        archive=ARCHIVE,
        start_time=None,
        duration_sec=0.1,
        recorded_sec=[0.025, 0.025, 0.025, 0.025],
        rows=[archives.TimelineRow(signal_name=SIGNAL, hits=[1, 0, 0, 0])],
    ),
    archives.ArchiveHits(
        id=37,
        archive=ARCHIVE,
        hits=[
            archives.ArchiveHit(
                recording=ARCHIVED,
                start_time=None,
                signal_name=SIGNAL,
                version=1,
                score=0.97,
                position_sec=0.02,
                **_BURST.model_dump(),
            )
        ],
        found=1,
        next_cursor=None,
    ),
    archives.SimilarEmissions(
        id=38,
        archive=ARCHIVE,
        emissions=[
            archives.SimilarEmission(
                recording=ARCHIVED,
                start_time=NIGHT,
                similarity=0.93,
                signal_name=None,
                score=None,
                time_start_sec=0.05,
                time_end_sec=0.06,
                freq_low_hz=CENTER_HZ + 22_000,
                freq_high_hz=CENTER_HZ + 41_000,
            )
        ],
    ),
    archives.ArchivedView(
        id=39,
        archive=ARCHIVE,
        recording=ARCHIVED,
        rows=2,
        cols=2,
        time_start_sec=0.01,
        time_end_sec=0.04,
        freq_low_hz=CENTER_HZ - RATE_HZ / 2,
        freq_high_hz=CENTER_HZ + RATE_HZ / 2,
        center_freq_hz=CENTER_HZ,
        min_db=-90.0,
        max_db=-5.5,
        floor_db=-68.2,
        fft_size=512,
        pooling="max",
        image_b64=b64encode(bytes((12, 250, 40, 12))).decode(),
    ),
    archives.ArchivedCopy(
        id=40,
        recording=CAPTURED.model_copy(update={"name": "night_433.92M_250k-20261120T211403Z", "stream_id": None}),
        time_start_sec=0.01,
    ),
)
