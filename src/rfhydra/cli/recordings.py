"""Input recordings of a command, and its output files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rfhydra.cli.output import note, output_file
from rfhydra.errors import InvalidMessage, InvalidRecording

if TYPE_CHECKING:
    from rfhydra.archive.source import Failure
    from rfhydra.recordings import Recording

_SHOWN = 3


def open_recordings(paths: Sequence[Path], **known: Any) -> list["Recording"]:
    """Open every recording once: ``DIR/*`` lists both files of a SigMF pair. A collection is all its recordings.

    ``known`` are arguments of :func:`rfhydra.recordings.open_recording` for files without metadata.
    """
    from rfhydra.recordings import members_of, open_recording
    from rfhydra.recordings.open import COLLECTION_SUFFIX

    each = [members_of(path) if path.suffix == COLLECTION_SUFFIX else [path] for path in paths]
    opened = [open_recording(path, **known) for members in each for path in members]
    return list({each.path.resolve(): each for each in opened}.values())


def output_files(out: Path, recordings: Sequence["Recording"], suffix: str) -> list[Path]:
    """A file for each recording: ``out`` itself for one, files in the directory ``out`` for several.

    Raises:
        InvalidMessage: two recordings have the same name, or ``out`` is a directory or file where it must not be.
    """
    if len(recordings) == 1 and not out.is_dir():
        return [output_file(out)]
    by_name = {each.name: each for each in recordings}
    if len(by_name) < len(recordings):
        twice = next(each.name for each in recordings if by_name[each.name] is not each)
        raise InvalidMessage(f"two recordings are called {twice}: give each an OUT of its own")
    return [output_file(out / f"{name}{suffix}") for name in by_name]


def find_recordings(paths: Sequence[Path], **known: Any) -> list["Recording"]:
    """As :func:`open_recordings`, and all recordings in those of ``paths`` that are folders, at any depth.

    A file in a folder that cannot be opened is named in a note.

    Raises:
        RfhydraError: no recording could be opened; that of the first.
    """
    from rfhydra.archive.source import find_sources
    from rfhydra.recordings.digital_rf import is_digital_rf
    from rfhydra.recordings.known import KnownFields

    fields, failures, opened = KnownFields(**known), list["Failure"](), list["Recording"]()
    for path in paths:
        if not path.is_dir() or is_digital_rf(path):
            opened += open_recordings([path], **known)
            continue
        sources, failed = find_sources([path], fields)
        opened += [fields.open(Path(source.path)) for source in sources]
        failures += failed
    if failures and not opened:
        first = failures[0]
        raise InvalidRecording(f"{Path(first.path).name} cannot be opened: {first.message}")
    for failure in failures[:_SHOWN]:
        note(f"{Path(failure.path).name} is left out: {failure.message}")
    if len(failures) > _SHOWN:
        note(f"{len(failures)} files could not be opened")
    return list({each.path.resolve(): each for each in opened}.values())
