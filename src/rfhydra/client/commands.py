"""The commands that have one answer, as typed methods named as they are on the wire."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

from pydantic import JsonValue, ValidationError

from rfhydra.client.connection import Connection
from rfhydra.errors import InvalidMessage, RfhydraError
from rfhydra.protocol import commands as ask
from rfhydra.protocol import messages as told
from rfhydra.protocol.commands import COMMANDS, describe
from rfhydra.protocol.fields import IqDatatype, NegativeBox, PhysicalBox, PixelBox
from rfhydra.protocol.frames import IqFrame

Box: TypeAlias = PixelBox | PhysicalBox
A = TypeVar("A", bound=told.Message)

_ONCE: Final = frozenset(
    {"rollback_signal", "cancel_training", "delete_training_sample", "start_stream", "stop_stream"}
)
"""Doing these twice is not doing them once: they are not sent again when a connection was lost."""


class Commands:
    """Every method raises what the server refused it with, as the class of its code, and ``Unreachable``."""

    _connection: Connection

    async def hello(self) -> told.ServerHello:
        """What the server is and can, its limits, its spectrogram contract and its backbone."""
        return await self._ask(told.ServerHello, "hello")

    async def cancel_training(self, job_id: str | None = None) -> told.Result:
        """Stop a training within one epoch, by default the one that runs.

        Raises:
            NotFound: there is none to stop.
        """
        return await self._ask(told.Result, "cancel_training", job_id=job_id)

    async def promote_version(self, signal_name: str, version: int) -> told.VersionPromoted:
        """Make a version the active one."""
        return await self._ask(told.VersionPromoted, "promote_version", signal_name=signal_name, version=version)

    async def rollback_signal(self, signal_name: str) -> told.VersionRollback:
        """Return to the version that was active before the current one."""
        return await self._ask(told.VersionRollback, "rollback_signal", signal_name=signal_name)

    async def get_version_history(self, signal_name: str) -> told.VersionHistory:
        """The versions of a signal's head, oldest first."""
        return await self._ask(told.VersionHistory, "get_version_history", signal_name=signal_name)

    async def get_registry(self) -> told.Registry:
        """Every signal with its active version."""
        return await self._ask(told.Registry, "get_registry")

    async def load_heads(self, signal_names: Iterable[str]) -> told.LoadedHeads:
        """Add the active heads of signals to the loaded set: all of them or, on an error, none."""
        return await self._ask(told.LoadedHeads, "load_heads", signal_names=list(signal_names))

    async def unload_heads(self, signal_names: Iterable[str] | None = None) -> told.LoadedHeads:
        """Take heads out of the loaded set, by default all."""
        names = None if signal_names is None else list(signal_names)
        return await self._ask(told.LoadedHeads, "unload_heads", signal_names=names)

    async def get_loaded_heads(self) -> told.LoadedHeads:
        """Which heads are loaded."""
        return await self._ask(told.LoadedHeads, "get_loaded_heads")

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
            told.TrainingSampleAdded,
            "add_training_sample",
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
        """A page of the samples of a signal; ``cursor`` is ``next_cursor`` of the page before."""
        return await self._ask(
            told.TrainingSamples,
            "get_training_samples",
            signal_name=signal_name,
            limit=limit,
            cursor=cursor,
            include_spectrogram=include_spectrogram,
        )

    async def delete_training_sample(self, sample_id: str) -> told.TrainingSampleDeleted:
        """Forget a sample."""
        return await self._ask(told.TrainingSampleDeleted, "delete_training_sample", sample_id=sample_id)

    async def update_training_sample(
        self,
        sample_id: str,
        *,
        boxes: Iterable[Box] | None = None,
        negatives: Iterable[NegativeBox] | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
    ) -> told.TrainingSampleUpdated:
        """Change boxes, negatives or metadata of a sample; what is None stays."""
        return await self._ask(
            told.TrainingSampleUpdated,
            "update_training_sample",
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
        """Make samples of an annotated recording: what its ``.sigmf-meta`` holds, and the bytes of its data."""
        return await self._ask(
            told.SigmfImported,
            "import_sigmf",
            meta=dict(meta),
            data_b64=_base64(data),
            signal_name=signal_name,
            max_samples=max_samples,
        )

    async def export_sigmf(
        self, signal_name: str, *, limit: int | None = None, cursor: str | None = None
    ) -> told.SigmfExported:
        """A page of the samples of a signal as annotated recordings."""
        return await self._ask(told.SigmfExported, "export_sigmf", signal_name=signal_name, limit=limit, cursor=cursor)

    async def list_jobs(self, *, limit: int | None = None, cursor: str | None = None) -> told.Jobs:
        """A page of trainings, newest first."""
        return await self._ask(told.Jobs, "list_jobs", limit=limit, cursor=cursor)

    async def get_job(self, job_id: str) -> told.JobSnapshot:
        """A training and everything that it has told so far."""
        return await self._ask(told.JobSnapshot, "get_job", job_id=job_id)

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
        """Find the emissions of the loaded heads in one window: a spectrogram as in :meth:`add_training_sample`, or
        interleaved I and Q, which need a rate and a frequency."""
        return await self._ask(
            told.Detections,
            "detect",
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
        """As :meth:`detect`, by a binary frame, a quarter smaller. Needs a client made with ``binary=True``."""

        def frame(tag: int) -> bytes:
            return IqFrame(tag, iq_datatype, sample_rate_hz, center_freq_hz, start_sample, iq).encode()

        return _checked(told.Detections, await self._connection.ask_frame("IQ frame", frame))

    async def list_sources(self) -> told.Sources:
        """Live sources that there are."""
        return await self._ask(told.Sources, "list_sources")

    async def start_stream(self, source: Mapping[str, JsonValue], heads: Iterable[str] | None = None) -> told.Streams:
        """Watch a live source with some of the loaded heads, by default all."""
        names = None if heads is None else list(heads)
        return await self._ask(told.Streams, "start_stream", source=dict(source), heads=names)

    async def stop_stream(self, stream_id: str) -> told.Streams:
        """Stop watching a live source."""
        return await self._ask(told.Streams, "stop_stream", stream_id=stream_id)

    async def get_streams(self) -> told.Streams:
        """Live sources that are watched."""
        return await self._ask(told.Streams, "get_streams")

    async def _ask(
        self,
        answer: type[A],
        name: str,
        *,
        greeting: bool = False,
        at_once: Callable[[told.Message], None] | None = None,
        **fields: Any,
    ) -> A:
        """Send the command ``name`` with ``fields``, those that are None left out; the rest as ``Link.ask`` takes it.

        Raises:
            InvalidMessage: a field is of the wrong type or out of range: said here, not sent.
        """
        model = COMMANDS[name]
        assert fields.keys() <= model.model_fields.keys()
        try:
            command: ask.Command = model.model_validate(
                {key: value for key, value in fields.items() if value is not None}
            )
        except ValidationError as error:
            raise InvalidMessage(describe(error)) from None
        retryable = name not in _ONCE
        return _checked(
            answer, await self._connection.ask(command, retryable=retryable, greeting=greeting, at_once=at_once)
        )


def _checked(answer: type[A], message: told.Message) -> A:
    if not isinstance(message, answer):
        raise RfhydraError(f"the server answered with {message.type} where {answer.__name__} was due")
    return message


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
