"""Digital RF: a channel of a folder of HDF5 files. Samples are read through the library of the format, not mapped."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.errors import InvalidRecording, MissingExtra
from rfhydra.recordings.container import Container, generated_metadata
from rfhydra.recordings.formats import SampleFormat

_PROPERTIES: Final = "drf_properties.h5"
_DATATYPES: Final = {"i1": "ci8", "u1": "cu8", "i2": "ci16_le", "i4": "ci32_le", "f4": "cf32_le", "f8": "cf64_le"}


class DigitalRfSamples:
    """The components of a channel, read as a slice of an array of shape (samples, 2) is. Gaps are zeros."""

    def __init__(self, reader: Any, channel: str, first: int, count: int, component: np.dtype[Any]) -> None:
        """``count`` samples from number ``first`` on, counted since 1970."""
        self._reader, self._channel, self._first, self._component = reader, channel, first, component
        self.shape = (count, 2)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice) -> NDArray[Any]:
        start, stop, _ = part.indices(len(self))
        found = np.zeros((max(stop - start, 0), 2), self._component)
        if len(found) == 0:
            return found
        blocks = self._reader.read(self._first + start, self._first + stop - 1, self._channel)
        for number, block in blocks.items():
            values = np.ascontiguousarray(block).view(self._component).reshape(-1, 2)
            place = int(number) - self._first - start
            found[place : place + len(values)] = values
        return found


def is_digital_rf(path: Path) -> bool:
    """Whether the folder ``path`` is a channel of Digital RF, or holds channels."""
    return path.is_dir() and ((path / _PROPERTIES).is_file() or any(path.glob(f"*/{_PROPERTIES}")))


def open_digital_rf(path: Path) -> Container:
    """The container of a channel, or of a folder with one channel.

    Raises:
        InvalidRecording: it is damaged, has several channels or subchannels, or real samples.
        MissingExtra: the library is not installed.
    """
    try:
        import digital_rf
    except ImportError:
        raise MissingExtra("digital_rf is not installed: pip install 'rfhydra[digital-rf]'") from None
    folder = path.parent if (path / _PROPERTIES).is_file() else path
    try:
        reader = digital_rf.DigitalRFReader(str(folder.absolute()))
        channel = path.name if folder != path else _only_channel(reader.get_channels(), path)
        return _container(reader, channel, folder / channel)
    except (OSError, ValueError, KeyError) as error:
        raise InvalidRecording(f"{path.name} is not whole Digital RF: {str(error)[:200]}") from None


def _only_channel(channels: list[str], path: Path) -> str:
    if len(channels) != 1:
        names = ", ".join(sorted(channels)[:5])
        raise InvalidRecording(f"{path.name} has {len(channels)} channels: open one of them, {path.name}/…: {names}")
    return channels[0]


def _container(reader: Any, channel: str, path: Path) -> Container:
    properties = reader.get_properties(channel)
    if not properties["is_complex"] or properties["num_subchannels"] != 1:
        raise InvalidRecording(
            f"{path.name} has {properties['num_subchannels']} subchannels of"
            f" {'complex' if properties['is_complex'] else 'real'} samples: a recording has one, of complex samples"
        )
    first, last = reader.get_bounds(channel)
    if first is None:
        raise InvalidRecording(f"{path.name}: the data is empty")
    dtype = next(iter(reader.read(first, first, channel).values())).dtype
    component = dtype["r"] if dtype.names else np.dtype(f"f{dtype.itemsize // 2}")
    datatype = _DATATYPES.get(component.str[1:])
    if datatype is None:
        raise InvalidRecording(f"{path.name} has samples of the unknown type {dtype}")
    rate, count = float(properties["samples_per_second"]), int(last - first + 1)
    start_time = datetime.fromtimestamp(first / rate, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    metadata = generated_metadata(datatype, rate, _center_hz(reader, channel), start_time)
    gaps = len(reader.get_continuous_blocks(first, last, channel)) - 1
    remarks = (f"{path.name} has {gaps} gaps, which are read as zeros",) if gaps else ()
    samples = DigitalRfSamples(reader, channel, int(first), count, component.newbyteorder("<"))
    byte_count = count * SampleFormat.of(datatype).sample_bytes
    return Container("Digital RF", path, metadata, path, 0, byte_count, remarks=remarks, samples=samples)


def _center_hz(reader: Any, channel: str) -> float | None:
    """Centre frequency in the first record of the metadata of the channel; None where there is none."""
    try:
        metadata = reader.get_digital_metadata(channel)
        first, _ = metadata.get_bounds()
        fields = next(iter(metadata.read(first, first).values()))
        return float(np.ravel(fields["center_frequencies"])[0])
    except (OSError, KeyError, ValueError, IndexError, StopIteration):
        return None
