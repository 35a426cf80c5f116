"""Handlers of the commands for samples."""

from collections.abc import Iterable

from pydantic import FiniteFloat, JsonValue

from rfhydra.errors import Incompatible, InvalidMessage
from rfhydra.protocol.commands import (
    AddTrainingSample,
    DeleteTrainingSample,
    GetTrainingSamples,
    UpdateTrainingSample,
)
from rfhydra.protocol.fields import DrawnBox, NegativeBox, PixelBox, WireModel
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.messages import TrainingSampleAdded, TrainingSampleDeleted, TrainingSamples, TrainingSampleUpdated
from rfhydra.protocol.parsing import parse
from rfhydra.protocol.signals import GetTrainingSample, TrainingSample
from rfhydra.protocol.types import SampleInfo
from rfhydra.server.handlers.images import decode_spectrogram, encode_npy
from rfhydra.server.handlers.paging import Page, read_page
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.columns import to_json
from rfhydra.store.sample_info import describe_sample
from rfhydra.store.samples import Sample


async def add_training_sample(service: Service, session: Session, command: AddTrainingSample) -> TrainingSampleAdded:
    name, limits, workspace = command.signal_name, service.limits, service.workspace
    limits.require("boxes", len(command.boxes) + len(command.negatives), "max_boxes_per_sample")
    origin = parse(_Origin, command.metadata, "metadata.")

    def add() -> tuple[Sample, bool, int]:
        _require_metadata(command.metadata, limits)
        spec = workspace.spec
        image = decode_spectrogram(command.spectrogram_b64, spec)
        _require_params(command.metadata.get("spectrogram_params"), spec, image.shape[1])
        frame = Frame(spec, origin.sample_rate_hz, origin.center_freq_hz, image.shape[1])
        sample, is_new = workspace.samples.add(
            signal_name=name,
            window=Window(image, frame, origin.start_sample),
            boxes=_boxes(command.boxes, frame),
            negatives=_negatives(command.negatives, frame),
            recording=origin.recording,
            metadata=command.metadata,
            who=session.name,
            admit=lambda name, total: limits.require(
                f"samples of {name}, with this one,", total, "max_samples_per_signal"
            ),
        )
        return sample, is_new, workspace.samples.count(name)

    sample, is_new, total = await service.store.run(add)
    await service.refresh_counts()
    return TrainingSampleAdded(signal_name=name, sample_id=sample.sample_id, is_new=is_new, total_samples=total)


async def update_training_sample(
    service: Service, session: Session, command: UpdateTrainingSample
) -> TrainingSampleUpdated:
    limits, samples = service.limits, service.workspace.samples
    limits.require("boxes", len(command.boxes or ()) + len(command.negatives or ()), "max_boxes_per_sample")

    def update() -> tuple[Sample, int]:
        if command.metadata is not None:
            _require_metadata(command.metadata, limits)
        frame = samples.get(command.sample_id).frame(service.workspace.spec)
        sample = samples.update(
            command.sample_id,
            boxes=None if command.boxes is None else _boxes(command.boxes, frame),
            negatives=None if command.negatives is None else _negatives(command.negatives, frame),
            metadata=command.metadata,
            who=session.name,
        )
        return sample, samples.count(sample.signal_name)

    sample, total = await service.store.run(update)
    return TrainingSampleUpdated(signal_name=sample.signal_name, sample_id=sample.sample_id, total_samples=total)


async def delete_training_sample(
    service: Service, session: Session, command: DeleteTrainingSample
) -> TrainingSampleDeleted:
    samples = service.workspace.samples

    def delete() -> tuple[str, str, int]:
        sample = samples.delete(samples.find_id(command.sample_id), session.name)
        return sample.signal_name, sample.sample_id, samples.count(sample.signal_name)

    name, sample_id, total = await service.store.run(delete)
    service.sample_deleted()
    await service.refresh_counts()
    return TrainingSampleDeleted(signal_name=name, sample_id=sample_id, total_samples=total)


async def get_training_sample(service: Service, session: Session, command: GetTrainingSample) -> TrainingSample:
    samples = service.workspace.samples

    def read() -> TrainingSample:
        sample = samples.get(samples.find_id(command.sample_id))
        image = encode_npy(samples.image(sample)) if command.include_spectrogram else None
        described = describe_sample(sample, service.workspace.spec, image)
        return TrainingSample(signal_name=sample.signal_name, sample=described)

    return await service.store.run(read)


async def get_training_samples(service: Service, session: Session, command: GetTrainingSamples) -> TrainingSamples:
    samples, limits, arrays = service.workspace.samples, service.limits, command.include_spectrogram

    def describe(sample: Sample) -> SampleInfo:
        image = encode_npy(samples.image(sample)) if arrays else None
        return describe_sample(sample, service.workspace.spec, image)

    def read() -> tuple[Page[SampleInfo], int]:
        page = read_page(
            samples,
            command.signal_name,
            cursor=command.cursor,
            limit=limits.page(command.limit),
            max_bytes=limits.max_array_bytes if arrays else limits.max_answer_bytes,
            describe=describe,
        )
        return page, samples.count(command.signal_name)

    page, total = await service.store.run(read)
    return TrainingSamples(
        signal_name=command.signal_name, total_samples=total, samples=page.items, next_cursor=page.next_cursor
    )


class _Origin(WireModel):
    """Origin of a sample according to its metadata."""

    sample_rate_hz: FiniteFloat | None = None
    center_freq_hz: FiniteFloat | None = None
    recording: str | None = None
    start_sample: int | None = None


def _require_params(params: JsonValue, spec: SpectrogramSpec, cols: int) -> None:
    """Refuse parameters that differ from the contract; unknown ones are ignored."""
    if params is None:
        return
    if not isinstance(params, dict):
        raise InvalidMessage("metadata.spectrogram_params must be an object")
    contract = {**spec.to_dict(), "spec_id": spec.spec_id}
    for name in contract.keys() & params.keys():
        if params[name] != contract[name] and not (name == "cols" and params[name] == cols):
            raise Incompatible(
                f"metadata.spectrogram_params.{name} is not {contract[name]}, as the contract of this workspace says:"
                " compute the spectrogram again"
            )


def _require_metadata(metadata: dict[str, JsonValue], limits: Limits) -> None:
    limits.require("metadata in bytes", len(to_json(metadata, "metadata")), "max_metadata_bytes")


def _box(drawn: DrawnBox, frame: Frame) -> Box:
    if isinstance(drawn, PixelBox):
        return frame.to_boxes([[drawn.x_min, drawn.y_min, drawn.x_max, drawn.y_max]])[0]
    return Box(drawn.time_start_sec, drawn.time_end_sec, drawn.freq_low_hz, drawn.freq_high_hz)


def _boxes(drawn: Iterable[DrawnBox], frame: Frame) -> list[Box]:
    return [_box(each, frame) for each in drawn]


def _negatives(drawn: Iterable[NegativeBox], frame: Frame) -> list[tuple[str, Box]]:
    return [(each.label, _box(each.box, frame)) for each in drawn]
