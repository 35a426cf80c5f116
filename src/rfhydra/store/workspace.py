"""A workspace: a directory with one contract, one database, and one process that owns it.

Invariant: ``rfhydra.toml`` is written last, and atomically: a directory is a workspace if and only if it has one.
"""

import json
import tomllib
from collections.abc import Collection
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from filelock import FileLock, Timeout

from rfhydra.errors import Busy, Conflict, Damaged, InvalidMessage, NotFound
from rfhydra.files import (
    PRIVATE_DIRECTORY,
    PRIVATE_FILE,
    make_directory,
    os_errors_named,
    replacing,
    resolved,
    restrict,
    write_file,
)
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.audit import AuditLog
from rfhydra.store.blobs import BlobStore
from rfhydra.store.cards import CardStore
from rfhydra.store.columns import utc_now
from rfhydra.store.database import Database
from rfhydra.store.detections import DetectionStore
from rfhydra.store.jobs import JobStore
from rfhydra.store.loaded import LoadedStore
from rfhydra.store.missions import MissionStore
from rfhydra.store.results import ResultStore
from rfhydra.store.samples import SampleStore
from rfhydra.store.signals import SignalStore
from rfhydra.store.splits import SplitStore
from rfhydra.store.streams import StreamStore
from rfhydra.store.successor import clear_contract
from rfhydra.store.unknowns import UnknownStore
from rfhydra.store.upgrade_jobs import UpgradeJobStore
from rfhydra.store.upgrades import UpgradeStore
from rfhydra.store.versions import VersionStore

if TYPE_CHECKING:
    from rfhydra.store.recordings import RecordingStore

MAX_COLLECTED: Final = 200
"""Blobs that one slice of a garbage collection removes, so that nobody waits long for it."""
_SETTINGS: Final = "rfhydra.toml"
_DATABASE: Final = "rfhydra.db"
_LOCK: Final = "rfhydra.lock"
_ADDRESS: Final = "rfhydra.url"
_MAX_ADDRESS: Final = 256
_BLOBS: Final = "blobs"
_LOGS: Final = "logs"
_RECORDINGS: Final = "recordings"
# May be there after an interrupted creation.
_OURS: Final = frozenset(
    {_DATABASE, f"{_DATABASE}-journal", f"{_DATABASE}-wal", f"{_DATABASE}-shm", _LOCK, _BLOBS, _LOGS, _RECORDINGS}
)


class Workspace:
    """A workspace, owned by this process until :meth:`close`, or a view of one. Its stores are thread-safe.

    Attributes:
        path: the directory, absolute.
        spec: the contract, locked when the workspace was created.
    """

    def __init__(self, path: Path, spec: SpectrogramSpec, db: Database, blobs: BlobStore, owned: ExitStack) -> None:
        """Use :meth:`create`, :meth:`open` or :meth:`view`. ``owned`` is closed with the workspace."""
        self.path = path
        self.spec = spec
        self.db = db
        self.blobs = blobs
        self.audit = AuditLog(db)
        self.samples = SampleStore(db, blobs, self.audit, spec)
        self.splits = SplitStore(db, self.audit)
        self.versions = VersionStore(db, blobs, self.audit, spec)
        self.loaded = LoadedStore(db, self.versions, self.audit)
        self.cards = CardStore(db, self.versions, self.audit)
        self.results = ResultStore(db, self.versions)
        self.missions = MissionStore(db, self.versions, self.audit)
        self.upgrades = UpgradeStore(db, self.versions, self.loaded, self.audit)
        self.jobs = JobStore(db, self.audit)
        self.upgrade_jobs = UpgradeJobStore(db, self.audit)
        self.streams = StreamStore(db, self.audit)
        self.detections = DetectionStore(db)
        self.signals = SignalStore(db, blobs, self.versions, self.detections, self.audit)
        self.unknowns = UnknownStore(db, blobs, self.samples, self.audit, spec)
        self._owned = owned

    @cached_property
    def recordings(self) -> "RecordingStore":
        """The recordings that a server holds. Imported when used: few commands need the readers of recordings."""
        from rfhydra.store.recordings import RecordingStore

        return RecordingStore(self.path / _RECORDINGS)

    @classmethod
    @os_errors_named()
    def create(cls, path: Path, spec: SpectrogramSpec) -> Self:
        """Create a workspace in a new or empty directory, and own it. Completes an interrupted creation.

        Raises:
            Conflict: the directory is a workspace already, or it holds something else.
            Busy: another process is creating it, or no file descriptor is free.
            StorageFull: there is no room on the disk.
        """
        path = resolved(path)
        _require_vacant(path)  # also before locking: no lock file in a foreign directory
        make_directory(path, private=True)
        with ExitStack() as owned:
            owned.enter_context(lock_workspace(path))
            _require_vacant(path)
            make_directory(path / _LOGS, private=True)
            blobs = BlobStore(path / _BLOBS)
            blobs.prepare()
            db = owned.enter_context(Database(path / _DATABASE))
            write_file(path / _SETTINGS, _to_toml(spec).encode(), blobs.scratch)
            return cls(path, spec, db, blobs, owned.pop_all())

    @os_errors_named()
    def successor(self, path: Path, spec: SpectrogramSpec) -> "Workspace":
        """Create a workspace under another contract in a new or empty directory, and own it.

        It has the audit log, jobs, streams, recordings and logged tracks of this one, and the numbers of its versions,
        all of them retired; what was made under a contract is not in it: samples, heads and unknown emissions.

        Raises:
            Conflict: the directory is a workspace already, or it holds something else.
            Busy: another process is creating it, or no file descriptor is free.
            StorageFull: there is no room on the disk.
        """
        path = resolved(path)
        _require_vacant(path)
        make_directory(path, private=True)
        with ExitStack() as owned:
            owned.enter_context(lock_workspace(path))
            make_directory(path / _LOGS, private=True)
            blobs = BlobStore(path / _BLOBS)
            blobs.prepare()
            self.db.copy_to(path / _DATABASE)
            db = owned.enter_context(Database(path / _DATABASE))
            clear_contract(db)
            self.recordings.link_to(path / _RECORDINGS)
            write_file(path / _SETTINGS, _to_toml(spec).encode(), blobs.scratch)
            return Workspace(path, spec, db, blobs, owned.pop_all())

    @classmethod
    @os_errors_named()
    def open(cls, path: Path) -> Self:
        """Own the workspace at ``path``; upgrades its database, and removes unfinished writes and closes tracks of a
        killed process.

        Permissions of other users are taken away.

        Raises:
            NotFound: the directory is not a workspace.
            Busy: another process owns it, or no file descriptor is free.
            Incompatible: a newer rfhydra made its database.
            Damaged: its settings or its database cannot be read.
        """
        path = _require_workspace(path)
        with ExitStack() as owned:
            owned.enter_context(lock_workspace(path))
            (path / _ADDRESS).unlink(missing_ok=True)  # of a server that was killed
            spec = _read_spec(path)
            _require_database(path)
            _restrict(path)
            blobs = BlobStore(path / _BLOBS)
            blobs.prepare()
            # A full disk has no room for the log's index; garbage collection needs the database open.
            db = owned.enter_context(blobs.reserve.spend(partial(Database, path / _DATABASE)))
            DetectionStore(db).recover()
            return cls(path, spec, db, blobs, owned.pop_all())

    @classmethod
    @os_errors_named()
    def view(cls, path: Path) -> Self:
        """A read-only snapshot of the workspace at ``path``, whether or not another process owns it.

        Its blobs are not collected while it is open: close it soon.

        Raises:
            NotFound: the directory is not a workspace.
            Busy: no file descriptor is free.
            Incompatible: an older or newer version of rfhydra made its database.
            Damaged: its settings or its database cannot be read.
        """
        path = _require_workspace(path)
        with ExitStack() as owned:
            spec = _read_spec(path)
            _require_database(path)
            blobs = BlobStore(path / _BLOBS)
            owned.enter_context(blobs.kept())  # before the rows are read that name them
            db = owned.enter_context(Database(path / _DATABASE, view=True))
            return cls(path, spec, db, blobs, owned.pop_all())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def announce(self, url: str) -> None:
        """Tell processes that find the workspace in use, until it is closed, that it is served at ``url``.

        Raises:
            StorageFull: there is no room on the disk.
            Busy: no file descriptor is free.
        """
        address = self.path / _ADDRESS
        with replacing(address, durable=False, private=True) as file:
            file.write(url.encode())
        self._owned.callback(address.unlink, missing_ok=True)

    def close(self) -> None:
        """Close the database and release the directory. Closing twice is allowed."""
        self._owned.close()

    @property
    def backbone_id(self) -> str | None:
        """Id of the active backbone, the one that the last activated head was trained on; None before the first."""
        return self.versions.active_backbone()

    def backbone_mismatch(self, backbone_id: str) -> str | None:
        """A warning if ``backbone_id`` is not the active backbone of the workspace, else None."""
        active = self.backbone_id
        if active in (None, backbone_id):
            return None
        return (
            f"workspace {self.path.name} uses backbone {active}, this is backbone {backbone_id}: heads that were"
            f" trained on {active} cannot run here, train them again or use that backbone"
        )

    @property
    def last_change(self) -> tuple[int, int]:
        """Numbers of the newest audit entry and of the newest logged track: equal where nothing was changed between."""
        entry, track = (
            self.db.value("SELECT max(entry_id) FROM audit"),
            self.db.value("SELECT max(position) FROM detections"),
        )
        return int(entry or 0), int(track or 0)

    def collect_garbage(self) -> int:
        """Remove the blobs that no sample, exemplar or live version refers to; returns their number.

        Removes nothing while a view of the workspace is open. Not allowed inside a transaction: a rollback does not
        restore files.
        """
        removed = 0
        with self.db.transaction(outermost=True):
            prefixes = self.blobs.prefixes()
        for prefix in prefixes:
            while last := self.collect_slice(prefix):
                removed += last
        return removed

    def collect_slice(self, prefix: str) -> int:
        """The same for at most ``MAX_COLLECTED`` blobs whose digests begin with ``prefix``."""
        with self.db.transaction(outermost=True):
            removed = self.blobs.collect(prefix, self._unreferenced, MAX_COLLECTED)
            self.blobs.reserve.make()  # a deletion may have needed it
        return removed

    def _unreferenced(self, digests: Collection[str]) -> list[str]:
        rows = self.db.rows(
            "SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM samples WHERE image_digest = value)"
            " AND NOT EXISTS (SELECT 1 FROM samples WHERE iq_digest = value)"
            " AND NOT EXISTS (SELECT 1 FROM unknown_exemplars WHERE image_digest = value)"
            " AND NOT EXISTS (SELECT 1 FROM head_versions WHERE artifact_digest = value AND retired_at IS NULL)",
            (json.dumps([*digests]),),
        )
        return [row[0] for row in rows]


def _require_workspace(path: Path) -> Path:
    """``path``, absolute, if it is a workspace."""
    path = resolved(path)
    if not (path / _SETTINGS).is_file():
        raise NotFound(f"{path.name} is not a workspace: create one there, or open the directory that has {_SETTINGS}")
    return path


def _require_database(path: Path) -> None:
    if not (path / _DATABASE).is_file():  # SQLite would make an empty one
        raise Damaged(f"workspace {path.name} has lost its database: restore it from a backup")


def _require_vacant(path: Path) -> None:
    if (path / _SETTINGS).exists():
        raise Conflict(f"{path.name} is a workspace already: open it, or choose another directory")
    if path.exists() and not (path.is_dir() and all(entry.name in _OURS for entry in path.iterdir())):
        raise Conflict(f"{path.name} is not an empty directory: choose another one for the workspace")


def lock_workspace(path: Path) -> AbstractContextManager[object]:
    """Own the workspace at ``path`` without opening it, until the block ends.

    Raises:
        Busy: another process owns it.
    """
    # Not thread-local: the workspace is opened in one thread and may be closed in another.
    lock = FileLock(path / _LOCK, timeout=0, thread_local=False, mode=PRIVATE_FILE)
    try:
        return lock.acquire()
    except Timeout:
        url = _announced(path)
        if url is not None:
            raise Busy(f"workspace {path.name} is served at {url}: use --server {url}, or stop that server") from None
        raise Busy(
            f"workspace {path.name} is in use by another rfhydra process: stop that one, or wait for it"
        ) from None


def _announced(path: Path) -> str | None:
    """Where the process that owns the workspace serves it, None if it does not."""
    try:
        text = (path / _ADDRESS).read_bytes()[:_MAX_ADDRESS].decode()
    except (OSError, UnicodeError):
        return None
    return text if text.startswith(("ws://", "wss://")) and text.isprintable() else None


def _restrict(path: Path) -> None:
    """Leave a workspace to its owner alone: an older rfhydra made it under the umask.

    Blobs have always been private, and their directories lie in one that is.
    """
    restrict(path, PRIVATE_DIRECTORY)
    for entry in path.iterdir():
        if entry.is_dir():
            restrict(entry, PRIVATE_DIRECTORY)
            for inner in entry.iterdir():
                restrict(inner, PRIVATE_DIRECTORY if inner.is_dir() else PRIVATE_FILE)
        else:
            restrict(entry, PRIVATE_FILE)


def _read_spec(path: Path) -> SpectrogramSpec:
    try:
        settings: dict[str, Any] = tomllib.loads((path / _SETTINGS).read_text())
        spec = SpectrogramSpec.from_dict(settings["contract"])
        locked = settings["workspace"]["spec_id"]
    except (ValueError, KeyError, TypeError, InvalidMessage) as error:
        raise Damaged(f"{_SETTINGS} of workspace {path.name} cannot be read: {error}") from error
    if spec.spec_id != locked:
        raise Damaged(
            f"the contract in {_SETTINGS} of workspace {path.name} was changed, but it is locked: put its values back"
        )
    return spec


def _to_toml(spec: SpectrogramSpec) -> str:
    contract = spec.to_dict()
    scaling = contract.pop("scaling")
    workspace = {"spec_id": spec.spec_id, "created_at": utc_now()}
    tables = {"workspace": workspace, "contract": contract, "contract.scaling": scaling}
    return "# The contract is locked: every sample and head was made under it.\n" + "".join(
        _table(name, fields) for name, fields in tables.items()
    )


def _table(name: str, fields: dict[str, Any]) -> str:
    """A TOML table of scalars, which TOML writes as JSON does."""
    return f"\n[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())
