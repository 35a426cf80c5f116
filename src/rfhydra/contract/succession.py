"""Succession: a workspace and the one beside it that is to take its place.

Invariant: at every instant the directory of the workspace is one whole workspace, the former or the new one; one system
call exchanges them. The new one is complete if and only if it has a report, which is written last, and removed first
when it is given up.
"""

import shutil
from pathlib import Path
from typing import Final

from rfhydra.contract.report import RecontractReport
from rfhydra.errors import Conflict, Damaged, NotFound
from rfhydra.files import exchange_directories, resolved, sync_directory, write_file
from rfhydra.store.workspace import Workspace, lock_workspace

SUFFIX: Final = ".recontract"
_REPORT: Final = "recontract.json"


class Succession:
    """The succession of the workspace at ``path``.

    Attributes:
        path: of the workspace, absolute.
        successor: of the workspace that is to take its place, beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = resolved(path)
        self.successor = self.path.with_name(f"{self.path.name}{SUFFIX}")

    def clear(self) -> None:
        """Remove what an interrupted command, or a build that was not confirmed, has left.

        The caller owns the workspace.

        Raises:
            Conflict: the directory of the successor holds something else.
        """
        if self._is_exchanged:
            self._finish()
        elif self.successor.exists():
            self._discard()

    def complete(self, report: RecontractReport) -> None:
        """Mark the successor, which is closed, as complete."""
        write_file(self.successor / _REPORT, report.text)

    def report(self) -> RecontractReport:
        """The report of a complete successor.

        Raises:
            NotFound: there is none.
            Damaged: the report cannot be read.
        """
        return self._read(self.successor)

    def confirm(self) -> RecontractReport:
        """Put the successor in the place of the workspace, and remove the former one. Completes an interrupted one.

        Raises:
            NotFound: there is no complete successor.
            Conflict: the workspace was changed after the successor was built; or the file system cannot exchange
                directories.
            Busy: another process owns the workspace.
        """
        with lock_workspace(self.path):
            if self._is_exchanged:
                report = self._read(self.path)
                self._finish()
                return report
            report = self.report()
            with Workspace.view(self.path) as workspace:
                if workspace.last_change != report.last_change:
                    raise Conflict(
                        f"workspace {self.path.name} was changed after its successor was built: build it again with"
                        " `rfhydra recontract`"
                    )
            with lock_workspace(self.successor):
                exchange_directories(self.path, self.successor)
                self._finish()
        return report

    def undo(self) -> None:
        """Give the successor up.

        Raises:
            NotFound: there is none, or it has taken the place of the workspace.
            Busy: another process owns the workspace.
        """
        with lock_workspace(self.path):
            if self._is_exchanged:
                self._finish()
            if not self.successor.exists():
                raise NotFound(f"workspace {self.path.name} has no successor to give up")
            self._discard()

    @property
    def _is_exchanged(self) -> bool:
        return (self.path / _REPORT).exists()

    def _finish(self) -> None:
        """After the exchange: remove the former workspace, then the report that tells of it."""
        if self.successor.exists():
            shutil.rmtree(self.successor)
            sync_directory(self.path.parent)
        (self.path / _REPORT).unlink(missing_ok=True)
        sync_directory(self.path)

    def _discard(self) -> None:
        self._require_ours()
        (self.successor / _REPORT).unlink(missing_ok=True)
        sync_directory(self.successor)
        shutil.rmtree(self.successor)

    def _require_ours(self) -> None:
        """Raise :class:`Conflict` if the directory of the successor was not made by us."""
        ours = ("rfhydra.lock", "rfhydra.toml", "rfhydra.db", "blobs", "logs")
        names = {each.name for each in self.successor.iterdir()} if self.successor.is_dir() else {""}
        if names and not names & set(ours):
            raise Conflict(f"{self.successor.name} is in the way: move it")

    def _read(self, directory: Path) -> RecontractReport:
        try:
            return RecontractReport.parse((directory / _REPORT).read_bytes())
        except FileNotFoundError:
            raise NotFound(
                f"workspace {self.path.name} has no complete successor: build one with `rfhydra recontract`"
            ) from None
        except ValueError as error:
            raise Damaged(f"the report of the successor of {self.path.name} cannot be read: build it again") from error
