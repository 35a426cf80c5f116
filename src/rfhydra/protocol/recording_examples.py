"""Examples of the commands and messages about recordings."""

from base64 import b64encode
from typing import Any, Final

from rfhydra.protocol import recording_contents, recording_suggestions, recordings
from rfhydra.protocol.example_values import (
    BARRIER,
    CENTER_HZ,
    LATER,
    NIGHT,
    RATE_HZ,
    RECORDING_ID,
    SAMPLE_ID,
    SCALING,
    SIGNAL,
    STREAM_ID,
    UPLOAD_TAG,
)

_BURST: Final = recording_contents.RecordingBox(
    time_start_sec=0.0, time_end_sec=0.00024, freq_low_hz=CENTER_HZ + 23_000, freq_high_hz=CENTER_HZ + 40_000
)
_FILE: Final = recordings.RecordingFile(name="night_433.92M_250k.cu8", size_bytes=128)

CAPTURE: Final = recordings.CaptureStream(id=23, stream_id=STREAM_ID, duration_sec=10)
RECORDING_COMMANDS: Final = (
    recordings.OpenRecording(id=24, files=[_FILE], tag=UPLOAD_TAG),
    recordings.ResumeUpload(id=25, upload_id=RECORDING_ID, tag=UPLOAD_TAG),
    recordings.ListRecordings(),
    recording_contents.GetRecordingView(
        id=26, recording_id=RECORDING_ID, time_start_sec=0, time_end_sec=0.000256, columns=800, rows=400, min_db=-90
    ),
    recording_contents.SnapBoxes(id=27, recording_id=RECORDING_ID, boxes=[_BURST]),
    recording_suggestions.GetCandidates(
        id=28, recording_id=RECORDING_ID, time_start_sec=0, time_end_sec=0.000256, max_candidates=20
    ),
    recording_contents.LabelRecording(
        id=29,
        recording_id=RECORDING_ID,
        annotations=[
            recording_contents.NewAnnotation(signal_name=BARRIER, box=_BURST),
            recording_contents.NewAnnotation(
                signal_name=BARRIER,
                box=_BURST.model_copy(update={"freq_low_hz": CENTER_HZ - 60_000, "freq_high_hz": CENTER_HZ - 40_000}),
                negative=True,
            ),
        ],
    ),
    recording_contents.GetRecordingAnnotations(id=30, recording_id=RECORDING_ID, limit=50),
    recording_suggestions.SuggestContract(id=31, recording_id=RECORDING_ID, boxes=[_BURST]),
    recording_contents.ExportRecordingSigmf(id=32, recording_id=RECORDING_ID),
    recordings.CloseRecording(id=33, recording_id=RECORDING_ID),
)
"""In an order in which they can be sent; :data:`CAPTURE` needs its stream, the second a frame after the first."""

_INFO: Final = recordings.RecordingInfo(
    recording_id=RECORDING_ID,
    name="night_433.92M_250k",
    files=[_FILE],
    stream_id=None,
    container="raw",
    datatype="cu8",
    sample_rate_hz=RATE_HZ,
    samples=64,
    duration_sec=0.000256,
    start_time=None,
    center_freq_hz=CENTER_HZ,
    center_freqs_hz=[CENTER_HZ],
    captures=1,
    annotations=0,
    size_bytes=128,
    warnings=[],
    created_at=NIGHT,
    used_at=NIGHT,
)
CAPTURED: Final = _INFO.model_copy(
    update={
        "name": "field-unit-20261120T211403Z",
        "files": [
            recordings.RecordingFile(name="field-unit-20261120T211403Z.sigmf-meta", size_bytes=517),
            recordings.RecordingFile(name="field-unit-20261120T211403Z.sigmf-data", size_bytes=512),
        ],
        "stream_id": STREAM_ID,
        "container": "SigMF",
        "datatype": "cf32_le",
        "start_time": NIGHT,
        "size_bytes": 1029,
        "created_at": LATER,
        "used_at": LATER,
    }
)


def _contract(fft_size: int, spec_id: str, cols: float, rows: float) -> recording_suggestions.SuggestedContract:
    contract: dict[str, Any] = {
        "fft_size": fft_size,
        "hop": fft_size // 2,
        "rows": fft_size,
        "cols": 128,
        "scaling": SCALING,
        "spec_id": spec_id,
    }
    return recording_suggestions.SuggestedContract(
        contract=contract,
        signals=[
            recording_suggestions.SuggestedSignal(
                signal_name=None,
                boxes=1,
                duration_sec=0.00024,
                bandwidth_hz=17_000.0,
                longest_sec=0.00024,
                cols=cols,
                rows=rows,
            )
        ],
        sec_per_col=fft_size / 2 / RATE_HZ,
        hz_per_row=RATE_HZ / fft_size,
        window_sec=128 * fft_size / 2 / RATE_HZ,
        pixels_per_sec=2 * RATE_HZ,
        remarks=[],
    )


RECORDING_MESSAGES: Final = (
    recordings.RecordingState(id=23, recording=CAPTURED),
    recordings.RecordingUpload(
        id=UPLOAD_TAG,
        upload_id=RECORDING_ID,
        tag=UPLOAD_TAG,
        received_bytes=128,
        size_bytes=128,
        max_chunk_bytes=1 << 20,
        recording=_INFO,
    ),
    recordings.Recordings(recordings=[_INFO, CAPTURED], used_bytes=1157),
    recording_contents.RecordingView(
        id=26,
        recording_id=RECORDING_ID,
        rows=4,
        cols=2,
        time_start_sec=0.0,
        time_end_sec=0.000256,
        freq_low_hz=CENTER_HZ - RATE_HZ / 2,
        freq_high_hz=CENTER_HZ + RATE_HZ / 2,
        center_freq_hz=CENTER_HZ,
        min_db=-90.0,
        max_db=-5.5,
        floor_db=-68.2,
        fft_size=64,
        pooling="max",
        image_b64=b64encode(bytes((12, 10, 251, 249, 40, 38, 12, 15))).decode(),
    ),
    recording_contents.RecordingAnnotations(
        id=30,
        recording_id=RECORDING_ID,
        annotations=[
            recording_contents.RecordingAnnotation(
                label=BARRIER, origin="sample", sample_ids=[SAMPLE_ID], **_BURST.model_dump()
            )
        ],
        next_cursor=None,
    ),
    recording_contents.RecordingSigmf(
        id=32,
        recording_id=RECORDING_ID,
        file_name="night_433.92M_250k.sigmf-meta",
        meta={
            "global": {"core:datatype": "cu8", "core:sample_rate": RATE_HZ, "core:version": "1.2.0"},
            "captures": [{"core:sample_start": 0, "core:frequency": CENTER_HZ}],
            "annotations": [
                {
                    "core:sample_start": 0,
                    "core:sample_count": 60,
                    "core:freq_lower_edge": CENTER_HZ + 23_000,
                    "core:freq_upper_edge": CENTER_HZ + 40_000,
                    "core:label": BARRIER,
                }
            ],
        },
    ),
    recording_contents.RecordingLabelled(
        id=29,
        recording_id=RECORDING_ID,
        signals=[
            recording_contents.LabelledSignal(
                signal_name=BARRIER, new_samples=1, sample_count=1, box_count=1, negative_count=1
            )
        ],
        warnings=["1 of 1 boxes of barrier are under 4 columns (the shortest 0.9), too few to learn from"],
    ),
    recording_contents.SnappedBoxes(id=27, recording_id=RECORDING_ID, boxes=[_BURST]),
    recording_suggestions.Candidates(
        id=28,
        recording_id=RECORDING_ID,
        candidates=[
            recording_suggestions.Candidate(
                score=0.62, signal_name=SIGNAL, version=2, threshold=0.55, **_BURST.model_dump()
            ),
            recording_suggestions.Candidate(
                score=0.91,
                signal_name=None,
                version=None,
                threshold=None,
                time_start_sec=0.0,
                time_end_sec=0.0002,
                freq_low_hz=CENTER_HZ - 60_000,
                freq_high_hz=CENTER_HZ - 40_000,
            ),
        ],
        found=2,
    ),
    recording_suggestions.ContractSuggestion(
        id=31,
        recording_id=RECORDING_ID,
        source="boxes",
        suggested=_contract(64, "a81f0be2c6d7e950", 7.5, 4.4),
        present=_contract(128, "d6f70cd2f58477c3", 3.8, 8.7),
        differs=True,
        command_line="rfhydra recontract site --fft-size 64 --hop 32 --rows 64 --cols 128",
    ),
)
