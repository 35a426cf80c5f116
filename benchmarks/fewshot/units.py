"""Units of work: each is done once and kept, so that a run that was stopped goes on where it was."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rfhydra.files import write_file

Row = dict[str, Any]


class Units:
    """Results in a directory, a JSON file for each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, make: Callable[[], Row]) -> Row:
        """The result ``name``, made now if it was not yet."""
        if not self.has(name):
            self.put(name, make())
        return self.read(name)

    def has(self, name: str) -> bool:
        return self._path(name).exists()

    def read(self, name: str) -> Row:
        row: Row = json.loads(self._path(name).read_bytes())
        return row

    def put(self, name: str, row: Row) -> None:
        """Keep ``row``, in the place of a former one."""
        write_file(self._path(name), json.dumps(row).encode(), self._directory)

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.json"
