"""Copies of samples that cannot be mapped where they are: standard input, and compressed arrays."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

from rfhydra.errors import InvalidRecording, TooLarge
from rfhydra.recordings.container import Container, generated_metadata

MAX_COPY_BYTES: Final = 1 << 34
_BLOCK_BYTES: Final = 1 << 20


def copied(source: BinaryIO, name: str) -> tuple[BinaryIO, int]:
    """A temporary file without a name that holds all of ``source``, and its length. Memory stays bounded.

    Raises:
        TooLarge: ``source`` has more than :data:`MAX_COPY_BYTES`.
    """
    with ExitStack() as on_failure:
        copy: BinaryIO = on_failure.enter_context(tempfile.TemporaryFile(prefix="rfhydra-"))
        length = 0
        while block := source.read(_BLOCK_BYTES):
            length += len(block)
            if length > MAX_COPY_BYTES:
                raise TooLarge(f"{name} has more than {MAX_COPY_BYTES} bytes: write it to a file, or use rfhydra watch")
            copy.write(block)
        copy.flush()
        on_failure.pop_all()
    return copy, length


def open_stdin(source: BinaryIO, datatype: str | None) -> Container:
    """The container of the raw samples that ``source`` gives until it ends.

    Raises:
        InvalidRecording: there is no datatype.
        TooLarge: ``source`` has more than :data:`MAX_COPY_BYTES`.
    """
    path = Path("stdin")
    if datatype is None:
        raise InvalidRecording("stdin: raw samples have no name that tells their datatype: give datatype")
    copy, length = copied(source, path.name)
    return Container("raw, from stdin", path, generated_metadata(datatype), path, 0, length, copy=copy)
