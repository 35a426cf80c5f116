"""An example of every command and binary frame; those of messages are in :mod:`.message_examples`.

All belong to one session on a workspace whose contract has 128 rows and a hop of 64 samples.
"""

import base64
from typing import Any, Final

from rfhydra.protocol import audit, cards, commands, live, results, signals, unknowns, upgrades
from rfhydra.protocol.archive_examples import ARCHIVE_COMMANDS
from rfhydra.protocol.commands import COMMANDS, Command
from rfhydra.protocol.example_values import (
    CENTER_HZ,
    IQ_B64,
    JOB_ID,
    OTHER,
    PNG_B64,
    RATE_HZ,
    RELABELLED_ID,
    RENAMED,
    SAMPLE_ID,
    SIGNAL,
    STREAM_ID,
    UPLOAD_TAG,
)
from rfhydra.protocol.fields import NegativeBox, PhysicalBox, PixelBox
from rfhydra.protocol.frames import (
    Frame,
    IqFrame,
    StreamIqFrame,
    StreamWaterfallFrame,
    UploadFrame,
    WaterfallFrame,
)
from rfhydra.protocol.messages import Message
from rfhydra.protocol.mission_examples import MISSION_COMMANDS
from rfhydra.protocol.recording_examples import CAPTURE, RECORDING_COMMANDS

TOKEN: Final = "correct-horse-battery-staple"  # noqa: S105
ROWS: Final = 128

COMMAND_EXAMPLES: Final[dict[str, Command]] = {
    each.command: each
    for each in (
        commands.Auth(token=TOKEN),
        commands.Hello(id=1, binary=True),
        commands.Subscribe(topics=["jobs", "registry", "waterfall"]),
        commands.GetRegistry(),
        commands.AddTrainingSample(
            id=2,
            signal_name=SIGNAL,
            spectrogram_b64=PNG_B64,
            boxes=[PixelBox(x_min=20, y_min=40, x_max=60, y_max=48)],
            metadata={"sample_rate_hz": RATE_HZ, "center_freq_hz": CENTER_HZ, "recording": "night", "operator": "me"},
            negatives=[NegativeBox(label=OTHER, box=PixelBox(x_min=5, y_min=90, x_max=25, y_max=100))],
        ),
        commands.GetTrainingSamples(signal_name=SIGNAL, limit=10),
        signals.GetTrainingSample(sample_id=SAMPLE_ID[:12]),
        commands.UpdateTrainingSample(
            id=3,
            sample_id=SAMPLE_ID,
            boxes=[
                PhysicalBox(
                    time_start_sec=0.005,
                    time_end_sec=0.016,
                    freq_low_hz=CENTER_HZ + 31_000,
                    freq_high_hz=CENTER_HZ + 47_000,
                )
            ],
        ),
        commands.ImportSigmf(
            meta={
                "global": {"core:datatype": "cu8", "core:sample_rate": RATE_HZ, "core:version": "1.2.0"},
                "captures": [{"core:sample_start": 0, "core:frequency": CENTER_HZ}],
                "annotations": [
                    {
                        "core:sample_start": 0,
                        "core:sample_count": 64,
                        "core:freq_lower_edge": CENTER_HZ + 25_000,
                        "core:freq_upper_edge": CENTER_HZ + 37_000,
                        "core:label": OTHER,
                    }
                ],
            },
            data_b64=IQ_B64,
            max_samples=100,
        ),
        commands.ExportSigmf(signal_name=OTHER, limit=5),
        commands.GetVersionHistory(signal_name=SIGNAL),
        commands.PromoteVersion(id=4, signal_name=SIGNAL, version=2),
        commands.RollbackSignal(id=5, signal_name=SIGNAL),
        results.GetVersion(id=22, signal_name=SIGNAL, version=1, examples=5),
        results.CompareVersions(id=23, signal_name=SIGNAL, versions=[1, 2], limit=10),
        results.SetVersionNotes(id=24, signal_name=SIGNAL, version=1, notes="ten boxes from the roof"),
        cards.MakeCard(id=30, signal_name=SIGNAL, version=1),
        cards.CancelCard(id=31),
        cards.GetCard(signal_name=SIGNAL, version=1),
        audit.GetAudit(signal_name=SIGNAL, limit=20),
        commands.LoadHeads(signal_names=[SIGNAL]),
        commands.GetLoadedHeads(),
        *MISSION_COMMANDS,
        commands.Detect(
            id=6, iq_b64=IQ_B64, iq_datatype="cu8", sample_rate_hz=RATE_HZ, center_freq_hz=CENTER_HZ, threshold=0.5
        ),
        commands.TrainSignal(id=7, signal_name=SIGNAL, notes="ten boxes", epochs=20, request_id="tablet-17"),
        commands.ExtendSignal(id=8, signal_name=SIGNAL, notes="five more boxes"),
        commands.CancelTraining(id=9, job_id=JOB_ID),
        commands.GetJob(job_id=JOB_ID),
        commands.ListJobs(limit=20),
        live.ListSources(),
        live.SetWaterfall(fft_size=256, min_db=-100, max_db=-20, columns_per_sec=100, columns_per_frame=4),
        live.StartStream(
            id=15,
            source=live.PushedSource(sample_rate_hz=RATE_HZ, center_freq_hz=CENTER_HZ, tag=16),
            heads=[SIGNAL],
            stream_id=STREAM_ID,
        ),
        live.GetStreams(),
        CAPTURE,
        live.TuneStream(stream_id=STREAM_ID, center_freq_hz=CENTER_HZ + 1e6, gain_db=28),
        live.StopStream(stream_id=STREAM_ID),
        commands.UnloadHeads(signal_names=[SIGNAL]),
        signals.RelabelSample(id=17, sample_id=SAMPLE_ID, signal_name=OTHER),
        commands.DeleteTrainingSample(id=10, sample_id=RELABELLED_ID[:12]),
        signals.GetSignals(),
        signals.RenameSignal(id=18, signal_name=OTHER, new_name=RENAMED),
        signals.DeleteSignal(id=19, signal_name=RENAMED),
        signals.GetTrash(),
        signals.RestoreSignal(id=20, signal_name=RENAMED),
        signals.EmptyTrash(id=21),
        upgrades.StartUpgrade(id=12),
        upgrades.GetUpgrade(),
        upgrades.UndoUpgrade(id=13),
        upgrades.CancelUpgrade(id=14),
        unknowns.GetUnknown(least=2, limit=10),
        unknowns.LabelUnknown(id=17, cluster_id=3, signal_name="doorbell"),
        *RECORDING_COMMANDS,
        *ARCHIVE_COMMANDS,
        commands.Unsubscribe(topics=["waterfall"]),
    )
}
"""By name, in an order in which they can be sent. ``job_id`` and ``recording_id`` are chosen by the server."""

FRAME_EXAMPLES: Final[dict[str, Frame]] = {
    "iq_frame": IqFrame(
        tag=11,
        datatype="cu8",
        sample_rate_hz=RATE_HZ,
        center_freq_hz=CENTER_HZ,
        start_sample=0,
        samples=base64.b64decode(IQ_B64),
    ),
    "waterfall_frame": WaterfallFrame(
        dropped=0,
        rows=ROWS,
        cols=1,
        sample_rate_hz=RATE_HZ,
        center_freq_hz=CENTER_HZ,
        start_sample=0,
        pixels=bytes(200 if 40 <= row < 48 else 32 for row in range(ROWS)),
    ),
    "stream_iq_frame": StreamIqFrame(
        tag=16,
        datatype="cu8",
        sample_rate_hz=RATE_HZ,
        center_freq_hz=CENTER_HZ,
        start_sample=0,
        samples=base64.b64decode(IQ_B64),
    ),
    "stream_waterfall_frame": StreamWaterfallFrame(
        dropped=0,
        rows=32,
        cols=2,
        sample_rate_hz=RATE_HZ,
        center_freq_hz=CENTER_HZ,
        start_sample=5000,
        samples_per_column=2500,
        min_db=-100,
        max_db=-20,
        stream_id=STREAM_ID,
        pixels=bytes(190 if row == 8 else 24 for row in range(32) for _ in range(2)),
    ),
    "upload_frame": UploadFrame(tag=UPLOAD_TAG, start_byte=0, data=base64.b64decode(IQ_B64)),
}
"""By name."""


def wire_fields(example: Command | Message) -> dict[str, Any]:
    """A command or message as it is sent, with ``command`` or ``type`` as its first field.

    The fields of a command that are None are left out.
    """
    is_command = isinstance(example, tuple(COMMANDS.values()))
    fields = example.model_dump(mode="json", exclude_none=is_command)
    first = "command" if is_command else "type"
    return {first: fields.pop(first), **fields}
