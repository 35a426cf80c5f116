"""The commands as typed methods, named as on the wire."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from pydantic import JsonValue

from rfhydra.client.archives import ArchiveCommands
from rfhydra.client.asking import checked
from rfhydra.client.recordings import RecordingCommands
from rfhydra.client.version_commands import VersionCommands
from rfhydra.protocol import commands as ask
from rfhydra.protocol import messages as told
from rfhydra.protocol.fields import NegativeBox, PhysicalBox, PixelBox
from rfhydra.protocol.frames import IqFrame
from rfhydra.protocol.live import (
    GetStreams,
    ListSources,
    Sources,
    StartStream,
    StopStream,
    StreamSource,
    TuneStream,
)
from rfhydra.protocol.signals import (
    DeleteSignal,
    EmptyTrash,
    GetSignals,
    GetTrainingSample,
    GetTrash,
    RelabelSample,
    RenameSignal,
    RestoreSignal,
    SampleRelabelled,
    SignalDeleted,
    SignalRenamed,
    SignalRestored,
    Signals,
    TrainingSample,
    Trash,
    TrashEmptied,
)
from rfhydra.protocol.streams import StreamStatus
from rfhydra.protocol.trainings import Jobs, JobSnapshot
from rfhydra.protocol.types import IqDatatype
from rfhydra.protocol.unknowns import GetUnknown, LabelUnknown, UnknownClusters, UnknownLabelled
from rfhydra.protocol.upgrades import CancelUpgrade, GetUpgrade, UndoUpgrade, UpgradeState, UpgradeUndone

Box: TypeAlias = PixelBox | PhysicalBox


class Commands(ArchiveCommands, RecordingCommands, VersionCommands):
    """Every method raises errors of the server, as the class of their code, and ``Unreachable``."""

    async def hello(self) -> told.ServerHello:
        """Features, limits, spectrogram contract and backbone of the server."""
        return await self._ask(ask.Hello)

    async def cancel_training(self, job_id: str | None = None) -> told.Result:
        """Stop a training within one epoch, by default the running one.

        Raises:
            NotFound: there is none to stop.
        """
        return await self._ask(ask.CancelTraining, job_id=job_id)

    async def add_training_sample(
        self,
        signal_name: str,
        spectrogram: bytes,
        boxes: Iterable[Box],
        metadata: Mapping[str, JsonValue] | None = None,
        negatives: Iterable[NegativeBox] = (),
    ) -> told.TrainingSampleAdded:
        """Add a labelled spectrogram: the bytes of a PNG (8-bit grey) or ``.npy`` file (uint8, or float32 in 0..1) of
        shape (rows, columns) of the workspace's contract, row 0 the highest frequency."""
        return await self._ask(
            ask.AddTrainingSample,
            signal_name=signal_name,
            spectrogram_b64=_base64(spectrogram),
            boxes=list(boxes),
            metadata=dict(metadata or {}),
            negatives=list(negatives),
        )

    async def get_training_samples(
        self,
        signal_name: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include_spectrogram: bool = False,
    ) -> told.TrainingSamples:
        """A page of the samples of a signal; ``cursor`` is ``next_cursor`` of the previous page."""
        return await self._ask(
            ask.GetTrainingSamples,
            signal_name=signal_name,
            limit=limit,
            cursor=cursor,
            include_spectrogram=include_spectrogram,
        )

    async def get_training_sample(self, sample_id: str, *, include_spectrogram: bool = False) -> TrainingSample:
        """One sample; ``sample_id`` may be the first digits of its id, as in all commands for one sample but
        :meth:`update_training_sample`."""
        return await self._ask(GetTrainingSample, sample_id=sample_id, include_spectrogram=include_spectrogram)

    async def delete_training_sample(self, sample_id: str) -> told.TrainingSampleDeleted:
        """Delete a sample."""
        return await self._ask(ask.DeleteTrainingSample, sample_id=sample_id)

    async def relabel_sample(self, sample_id: str, signal_name: str) -> SampleRelabelled:
        """Make a sample one of another signal."""
        return await self._ask(RelabelSample, sample_id=sample_id, signal_name=signal_name)

    async def get_signals(self) -> Signals:
        """Every signal, also those without a head."""
        return await self._ask(GetSignals)

    async def rename_signal(self, signal_name: str, new_name: str) -> SignalRenamed:
        """Give a signal another name.

        Raises:
            Conflict: the name is in use, a training of the signal is unfinished, or a stream detects it.
        """
        return await self._ask(RenameSignal, signal_name=signal_name, new_name=new_name)

    async def delete_signal(self, signal_name: str) -> SignalDeleted:
        """Move a signal to the trash.

        Raises:
            Conflict: a training of the signal is unfinished, or a stream detects it.
        """
        return await self._ask(DeleteSignal, signal_name=signal_name)

    async def restore_signal(self, signal_name: str) -> SignalRestored:
        """Take the last deleted signal of a name out of the trash.

        Raises:
            Conflict: there is a signal of this name again.
        """
        return await self._ask(RestoreSignal, signal_name=signal_name)

    async def get_trash(self) -> Trash:
        """The deleted signals, the last deleted first."""
        return await self._ask(GetTrash)

    async def empty_trash(self) -> TrashEmptied:
        """Remove all deleted signals for good."""
        return await self._ask(EmptyTrash)

    async def update_training_sample(
        self,
        sample_id: str,
        *,
        boxes: Iterable[Box] | None = None,
        negatives: Iterable[NegativeBox] | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
    ) -> told.TrainingSampleUpdated:
        """Change boxes, negatives or metadata of a sample; None leaves them."""
        return await self._ask(
            ask.UpdateTrainingSample,
            sample_id=sample_id,
            boxes=None if boxes is None else list(boxes),
            negatives=None if negatives is None else list(negatives),
            metadata=None if metadata is None else dict(metadata),
        )

    async def import_sigmf(
        self,
        meta: Mapping[str, JsonValue],
        data: bytes,
        *,
        signal_name: str | None = None,
        max_samples: int | None = None,
    ) -> told.SigmfImported:
        """Import samples from an annotated recording: contents of its ``.sigmf-meta``, bytes of its data."""
        return await self._ask(
            ask.ImportSigmf,
            meta=dict(meta),
            data_b64=_base64(data),
            signal_name=signal_name,
            max_samples=max_samples,
        )

    async def export_sigmf(
        self, signal_name: str, *, limit: int | None = None, cursor: str | None = None
    ) -> told.SigmfExported:
        """A page of the samples of a signal as annotated recordings."""
        return await self._ask(ask.ExportSigmf, signal_name=signal_name, limit=limit, cursor=cursor)

    async def list_jobs(self, *, limit: int | None = None, cursor: str | None = None) -> Jobs:
        """A page of trainings, newest first."""
        return await self._ask(ask.ListJobs, limit=limit, cursor=cursor)

    async def get_job(self, job_id: str) -> JobSnapshot:
        """A training with its messages so far."""
        return await self._ask(ask.GetJob, job_id=job_id)

    async def cancel_upgrade(self) -> UpgradeState:
        """Stop the unfinished upgrade within one epoch.

        Raises:
            NotFound: there is none.
        """
        return await self._ask(CancelUpgrade)

    async def get_upgrade(self) -> UpgradeState:
        """The backbones of the server and its newest upgrade."""
        return await self._ask(GetUpgrade)

    async def undo_upgrade(self) -> UpgradeUndone:
        """Return every signal of the last upgrade to its former version, and the server to the former backbone."""
        return await self._ask(UndoUpgrade)

    async def detect(
        self,
        *,
        spectrogram: bytes | None = None,
        iq: bytes | None = None,
        iq_datatype: IqDatatype = "cf32_le",
        sample_rate_hz: float | None = None,
        center_freq_hz: float | None = None,
        signal_names: Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> told.Detections:
        """Detect signals with the loaded heads in one window: a spectrogram as in :meth:`add_training_sample`, or
        interleaved I and Q with sample rate and centre frequency."""
        return await self._ask(
            ask.Detect,
            spectrogram_b64=None if spectrogram is None else _base64(spectrogram),
            iq_b64=None if iq is None else _base64(iq),
            iq_datatype=iq_datatype,
            sample_rate_hz=sample_rate_hz,
            center_freq_hz=center_freq_hz,
            signal_names=None if signal_names is None else list(signal_names),
            threshold=threshold,
        )

    async def detect_frame(
        self,
        iq: bytes,
        *,
        iq_datatype: IqDatatype = "cf32_le",
        sample_rate_hz: float,
        center_freq_hz: float,
        start_sample: int = 0,
    ) -> told.Detections:
        """As :meth:`detect`, by a binary frame, a quarter smaller. Needs a client with ``binary=True``."""

        def frame(tag: int) -> bytes:
            return IqFrame(tag, iq_datatype, sample_rate_hz, center_freq_hz, start_sample, iq).encode()

        return checked(told.Detections, await self._connection.ask_frame("IQ frame", frame))

    async def list_sources(self) -> Sources:
        """The live sources that the operator of the server configured."""
        return await self._ask(ListSources)

    async def start_stream(
        self, source: StreamSource, heads: Iterable[str] | None = None, *, stream_id: str | None = None
    ) -> StreamStatus:
        """Start a live stream with some of the loaded heads, by default all. To push IQ use :meth:`Client.push_stream`.

        Raises:
            Conflict: the source streams already, or the id is in use.
            Busy: as many streams run as may.
        """
        names = None if heads is None else list(heads)
        return (await self._ask(StartStream, source=source, heads=names, stream_id=stream_id)).stream

    async def stop_stream(self, stream_id: str) -> StreamStatus:
        """Stop a live stream, or remove one that has ended from the list."""
        return (await self._ask(StopStream, stream_id=stream_id)).stream

    async def tune_stream(
        self,
        stream_id: str,
        *,
        sample_rate_hz: float | None = None,
        center_freq_hz: float | None = None,
        gain_db: float | None = None,
    ) -> StreamStatus:
        """Change the receiver of a running stream; None leaves a setting as it is.

        Raises:
            InvalidMessage: the source cannot change, or not to these settings.
        """
        answer = await self._ask(
            TuneStream,
            stream_id=stream_id,
            sample_rate_hz=sample_rate_hz,
            center_freq_hz=center_freq_hz,
            gain_db=gain_db,
        )
        return answer.stream

    async def get_streams(self) -> list[StreamStatus]:
        """The live streams: the running ones, and those that ended last."""
        return (await self._ask(GetStreams)).streams

    async def get_unknown(
        self,
        *,
        least: int = 1,
        include_example: bool = False,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> UnknownClusters:
        """A page of the clusters of emissions that no head detects, of those that were seen ``least`` times or more."""
        return await self._ask(GetUnknown, least=least, include_example=include_example, limit=limit, cursor=cursor)

    async def label_unknown(self, cluster_id: int, signal_name: str) -> UnknownLabelled:
        """Make samples of a signal of the windows that are kept of a cluster.

        Raises:
            NotFound: there is no such cluster, or no window of it.
            Conflict: it is labelled already.
        """
        return await self._ask(LabelUnknown, cluster_id=cluster_id, signal_name=signal_name)


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
