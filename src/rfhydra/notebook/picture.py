"""Picture: a PNG that a notebook shows."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from rfhydra.files import writing_output


@dataclass(frozen=True)
class Picture:
    """A picture; ``png`` are the bytes of its file."""

    png: bytes = field(repr=False)

    @classmethod
    def drawn(cls, draw: Callable[[Path], object]) -> Self:
        """What ``draw`` writes to the path that it is called with."""
        with tempfile.TemporaryDirectory(prefix="rfhydra-") as directory:
            path = Path(directory) / "picture.png"
            draw(path)
            return cls(path.read_bytes())

    def save(self, path: str | Path) -> Path:
        """Write the picture to ``path``.

        Raises:
            StorageFull: the disk is full; ``path`` is unchanged.
            InvalidMessage: ``path`` cannot be written.
        """
        with writing_output(Path(path)) as file:
            file.write(self.png)
        return Path(path)

    def _repr_png_(self) -> bytes:
        return self.png
