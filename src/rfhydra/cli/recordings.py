"""Input recordings of a command, and its output files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rfhydra.cli.output import output_file
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.recordings import Recording


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
