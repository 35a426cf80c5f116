"""LabelSource: a file of labels, and the recordings that its labels belong to."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Final, Self

from rfhydra.config import MAX_LABEL_FILE_BYTES
from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.labels.audacity import parse_label_track
from rfhydra.labels.csv_table import parse_csv
from rfhydra.labels.label import Label, Missing
from rfhydra.labels.rtl_433 import parse_rtl_433
from rfhydra.recordings.recording import Annotation, Recording

PARSERS: Final[Mapping[str, Callable[[str, str], Iterator[Label]]]] = {
    "csv": parse_csv,
    "audacity": parse_label_track,
    "rtl_433": parse_rtl_433,
}
"""By format: contents and name of a file to its labels."""


@dataclass(frozen=True)
class LabelSource:
    """Labels that were stated in one place. ``stem`` is its file name without extension, None for a command line."""

    labels: tuple[Label, ...]
    stem: str | None = None

    @classmethod
    def read(cls, path: Path, file_format: str) -> Self:
        """Read a file in one of the formats of :data:`PARSERS`.

        Raises:
            InvalidMessage: it is not text in that format, or states no box; the message names file, line and field.
            TooLarge: it has more than ``MAX_LABEL_FILE_BYTES``.
            OSError: it cannot be read.
        """
        with path.open("rb") as file:
            data = file.read(MAX_LABEL_FILE_BYTES + 1)
        if len(data) > MAX_LABEL_FILE_BYTES:
            raise TooLarge(f"{path.name} has more than {MAX_LABEL_FILE_BYTES} bytes: divide it")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidMessage(f"{path.name} is not UTF-8 text, at byte {error.start}") from None
        labels = tuple(PARSERS[file_format](text, path.name))
        if not labels:
            raise InvalidMessage(f"{path.name} states no box that could be read as {file_format}")
        return cls(labels, path.stem)


@dataclass(frozen=True)
class Assigned:
    """Labels by the recording that they belong to, and the recordings that labels name and that were not given."""

    recordings: tuple[tuple[Recording, tuple[Label, ...]], ...]
    others: tuple[str, ...]


def assign(sources: Iterable[LabelSource], recordings: Sequence[Recording]) -> Assigned:
    """Find the recording of each label.

    A label that names a file belongs to the recording of that name, with or without extension and folders. Others
    belong to the only recording, or to the one that is called as their source.

    Raises:
        InvalidMessage: a label names no file and several recordings may be meant, or two recordings have its name.
    """
    index = _Index(recordings)
    found: dict[int, list[Label]] = defaultdict(list)
    others = dict[str, None]()
    for source in sources:
        for label in source.labels:
            number = index.find(label, source.stem)
            if number is None:
                others[label.file or ""] = None
            else:
                found[number].append(label)
    return Assigned(tuple((each, tuple(found[i])) for i, each in enumerate(recordings)), tuple(others))


class _Index:
    """Numbers of recordings by their names."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._recordings = recordings
        self._numbers: dict[str, set[int]] = defaultdict(set)
        for number, each in enumerate(recordings):
            for path in (each.path, each.data_path):
                self._numbers[path.name].add(number)
                self._numbers[path.stem].add(number)

    def find(self, label: Label, stem: str | None) -> int | None:
        """Number of the recording of ``label``; None if it names a file that is not among them."""
        if label.file is None:
            return self._unnamed(label, stem)
        path = PureWindowsPath(label.file)  # knows both separators
        numbers = self._numbers.get(path.name, set())
        if len(numbers) > 1:
            numbers = {number for number in numbers if self._ends_with(number, path.relative_to(path.anchor).parts)}
            if len(numbers) != 1:
                raise InvalidMessage(f"{label.where}: two recordings are called {path.name}: give their folders, too")
        return next(iter(numbers), None)

    def _unnamed(self, label: Label, stem: str | None) -> int:
        if len(self._recordings) == 1:
            return 0
        numbers = self._numbers.get(stem, set()) if stem is not None else set()
        if len(numbers) != 1:
            raise InvalidMessage(
                f"{label.where} does not say which of {len(self._recordings)} recordings is meant: name it in a column"
                " 'file', or give the file of labels the name of its recording"
            )
        return next(iter(numbers))

    def _ends_with(self, number: int, parts: tuple[str, ...]) -> bool:
        recording = self._recordings[number]
        return any(path.absolute().parts[-len(parts) :] == parts for path in (recording.path, recording.data_path))


def place(
    labels: Iterable[Label], recording: Recording, name_of: Callable[[Label], str], missing: Missing
) -> list[Annotation]:
    """The labels as annotations of ``recording``, each called what ``name_of`` says.

    Raises:
        InvalidMessage, InvalidBox: as :meth:`Label.annotation`.
    """
    return [label.annotation(recording, name_of(label), missing) for label in labels]


def with_annotations(recording: Recording, annotations: Iterable[Annotation]) -> Recording:
    """The recording with ``annotations`` in place of its own, sorted, each once."""
    ordered = sorted(dict.fromkeys(annotations), key=lambda each: (each.sample_start, each.sample_count))
    return replace(recording, annotations=tuple(ordered))
