"""Import of labelled recordings on a server: each window that shows boxes is sent as a SigMF recording of its own.

So a recording of any length fits the messages of a server, and makes the samples that it would make here.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from sigmf import keys

from rfhydra.cli.import_ import Imported
from rfhydra.cli.remote import on_server
from rfhydra.client import Client
from rfhydra.config import check_label
from rfhydra.contract.checks import box_warnings
from rfhydra.errors import InvalidRecording
from rfhydra.protocol.fields import NegativeBox, PhysicalBox
from rfhydra.protocol.types import SampleInfo
from rfhydra.recordings import Annotation, Recording
from rfhydra.recordings.formats import SampleFormat
from rfhydra.recordings.sigmf_extension import PART_OF_KEY, declare
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.training.data.importer import ImportResult, label_windows, require_in_band, signal_of, visible_labels
from rfhydra.training.data.labelling import StoredWindow, merge, outdated

_DATATYPE: Final = "cf32_le"


def import_on_server(
    server: str,
    token: str | None,
    recordings: Sequence[Recording],
    label: str | None,
    max_samples: int | None,
    progress: Callable[[str], None],
    *,
    merged: bool,
) -> Imported:
    """Import the annotations of ``recordings`` on a server; as ``import_boxes``, but windows before an error stay.

    Raises:
        InvalidName, InvalidBox, InvalidRecording: as :func:`rfhydra.training.data.importer.import_recordings`; nothing
            was sent.
        RfhydraError: an error of the server.
    """
    labels = [_labels(each, label) for each in recordings]
    if not any(labels):
        wanted = f"labelled {label!r}" if label else "with a label"
        raise InvalidRecording(f"no annotation {wanted} in {recordings[0].name}: annotate a recording first")

    async def upload(client: Client) -> Imported:
        contract = (await client.hello()).spectrogram
        spec = SpectrogramSpec.from_dict({key: value for key, value in contract.items() if key != "spec_id"})
        run = _Upload(client, spec, max_samples, merged=merged)
        for recording, names in zip(recordings, labels, strict=True):
            progress(recording.name)
            if names:
                await run.add(recording, names)
        skipped = [each.name for each, names in zip(recordings, labels, strict=True) if not names]
        active = {
            name for name, each in (await client.get_registry()).signals.items() if each.active_version is not None
        }
        result = ImportResult(dict(run.new), run.total, run.boxes, skipped)
        return Imported(result, active & run.total.keys(), box_warnings(recordings, spec, label))

    return on_server(server, token, upload)


class _Upload:
    """The windows of an import, sent one after the other, and what the server said."""

    def __init__(self, client: Client, spec: SpectrogramSpec, max_samples: int | None, *, merged: bool) -> None:
        self._client, self._spec, self._max_samples, self._merged = client, spec, max_samples, merged
        self._sent = Counter[str]()
        self.new = Counter[str]()
        self.total = dict[str, int]()
        self.boxes = 0

    async def add(self, recording: Recording, names: set[str]) -> None:
        stored = [each async for each in self._stored(recording, {*map(signal_of, names)})] if self._merged else []
        whole = merge(recording, stored)
        for start, count, needed in label_windows(whole, names, self._spec):
            for name in sorted({signal_of(each) for each in needed}):
                if self._max_samples is None or self._sent[name] < self._max_samples:
                    await self._send(whole, start, count, name)
        for window, boxes, negatives in outdated(recording, whole, stored):
            await self._client.update_training_sample(
                window.sample_id,
                boxes=[_wire(box) for box in boxes],
                negatives=[NegativeBox(label=each, box=_wire(box)) for each, box in negatives],
            )

    async def _send(self, recording: Recording, start: int, count: int, name: str) -> None:
        """A window as a recording: it makes one sample of the signal ``name``, if it shows it."""
        center_hz = recording.capture_at(start).center_freq_hz
        frame = Frame(self._spec, recording.sample_rate_hz, center_hz, count // self._spec.hop)
        labels = visible_labels(recording.annotations_between(start, start + count), start, frame)
        if name not in {signal_of(each) for each, _ in labels}:
            return
        data = SampleFormat.of(_DATATYPE).encode(recording.read(start, count)).tobytes()
        answer = await self._client.import_sigmf(_metadata(recording, start, count, labels), data, signal_name=name)
        self._sent[name] += 1
        self.new.update(answer.new_samples)
        self.total.update(answer.total_samples)
        self.boxes += answer.boxes

    async def _stored(self, recording: Recording, names: Iterable[str]) -> AsyncIterator[StoredWindow]:
        """The windows of ``recording`` that the server has as samples of ``names``."""
        for name in sorted(names):
            cursor: str | None = None
            while True:
                page = await self._client.get_training_samples(name, cursor=cursor)
                for each in page.samples:
                    is_its = each.recording == recording.recording_id and each.start_sample is not None
                    if is_its and each.sample_rate_hz == recording.sample_rate_hz:
                        yield _window(each, name, self._spec)
                if (cursor := page.next_cursor) is None:
                    break


def _labels(recording: Recording, label: str | None) -> set[str]:
    """The labels to import, checked as an import here checks them."""
    found = {each.label for each in recording.annotations if each.label and label in (None, signal_of(each.label))}
    names = {check_label(each) for each in found}
    require_in_band(recording, names)
    return names


def _metadata(recording: Recording, start: int, count: int, labels: Iterable[tuple[str, Box]]) -> dict[str, Any]:
    """SigMF metadata of ``count`` samples of ``recording`` from ``start`` on."""
    rate = recording.sample_rate_hz
    fields = {
        keys.DATATYPE_KEY: _DATATYPE,
        keys.SAMPLE_RATE_KEY: rate,
        keys.OFFSET_KEY: start,
        PART_OF_KEY: recording.recording_id,
    }
    declare(fields)
    center_hz = recording.capture_at(start).center_freq_hz
    cut = [Annotation.of_box(box, label, rate, count) for label, box in labels]
    return {
        "global": fields,
        "captures": [{keys.SAMPLE_START_KEY: start, keys.FREQUENCY_KEY: center_hz}],
        "annotations": [
            {
                keys.SAMPLE_START_KEY: start + each.sample_start,
                keys.SAMPLE_COUNT_KEY: each.sample_count,
                keys.FREQ_LOWER_EDGE_KEY: each.freq_low_hz,
                keys.FREQ_UPPER_EDGE_KEY: each.freq_high_hz,
                keys.LABEL_KEY: each.label,
            }
            for each in cut
        ],
    }


def _window(info: SampleInfo, name: str, spec: SpectrogramSpec) -> StoredWindow:
    labels: Iterator[tuple[str, Any]] = iter(
        [*((name, box) for box in info.boxes), *((each.label, each) for each in info.negatives)]
    )
    boxes = tuple(
        (label, Box(box.time_start_sec, box.time_end_sec, box.freq_low_hz, box.freq_high_hz)) for label, box in labels
    )
    frame = Frame(spec, info.sample_rate_hz, info.center_freq_hz, info.cols)
    return StoredWindow(info.sample_id, name, info.start_sample or 0, frame, boxes)


def _wire(box: Box) -> PhysicalBox:
    return PhysicalBox(
        time_start_sec=box.time_start_sec,
        time_end_sec=box.time_end_sec,
        freq_low_hz=box.freq_low_hz,
        freq_high_hz=box.freq_high_hz,
    )
