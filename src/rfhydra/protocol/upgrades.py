"""Upgrades of all heads to another backbone, on the wire: their commands and messages."""

from typing import Literal, TypeAlias

from rfhydra.errors import ErrorCode
from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.types import BackboneInfo, EpochProgress
from rfhydra.protocol.upgrade_reports import UpgradeJob, UpgradeReport


class _UpgradeMessage(BaseMessage):
    job_id: str
    """The job."""
    ts: str
    """Time, UTC, ISO 8601."""


class UpgradeProgress(_UpgradeMessage):
    """An upgrade has begun to train a head, or an epoch of that has ended."""

    type: Literal["upgrade_progress"] = "upgrade_progress"
    signal_name: str
    """The signal whose head is being trained."""
    heads_done: int
    """Number of heads that are trained, or left as they are."""
    heads_total: int
    """Number of heads that are not of the new backbone."""
    epoch: EpochProgress | None
    """The epoch that has ended, null before the first."""


class UpgradeComplete(_UpgradeMessage):
    """An upgrade has switched all of its heads, and the server detects with them on the new backbone."""

    type: Literal["upgrade_complete"] = "upgrade_complete"
    report: UpgradeReport
    """The heads, each compared with its predecessor."""


class UpgradeFailed(_UpgradeMessage):
    """An upgrade has failed or was cancelled; no head was switched. The next one reuses the heads that were trained."""

    type: Literal["upgrade_failed"] = "upgrade_failed"
    error: str
    """Reason."""
    code: ErrorCode
    """Error code."""
    report: UpgradeReport | None
    """The heads, each compared with its predecessor; null where not all are trained."""


UpgradeEvent: TypeAlias = UpgradeProgress | UpgradeComplete | UpgradeFailed


class UpgradeState(BaseMessage):
    """The backbones of the server and its newest upgrade."""

    type: Literal["upgrade"] = "upgrade"
    backbone: BackboneInfo
    """The backbone that the server detects and trains with."""
    new_backbone: BackboneInfo
    """The backbone that an upgrade leads to."""
    outdated_heads: int
    """Number of active heads that are not of the new backbone."""
    job: UpgradeJob | None
    """The newest upgrade, null before the first."""
    progress: UpgradeProgress | None
    """Its newest progress, null where it has ended or this server has not begun to train."""


class UpgradeUndone(BaseMessage):
    """The last upgrade was undone, and the server detects with the former heads on their backbone."""

    type: Literal["upgrade_undone"] = "upgrade_undone"
    backbone_id: str
    """Id of the backbone that is used again."""
    heads: dict[str, int]
    """The active version of each signal of the upgrade."""


class StartUpgrade(BaseCommand[UpgradeState]):
    """Train every active head that is not of the new backbone again, then switch all of them and the backbone at once.

    The server detects with the former heads until the switch. Followed by ``upgrade_progress`` for every head and epoch
    and by exactly one of ``upgrade_complete`` and ``upgrade_failed``. While an upgrade is unfinished, the same command
    joins it.
    """

    command: Literal["start_upgrade"] = "start_upgrade"
    force: bool = False
    """Whether to switch also if a head loses more than 2 points of F1, or a loaded head cannot be trained again."""


class CancelUpgrade(BaseCommand[UpgradeState]):
    """Stop the upgrade within one epoch. It ends with ``upgrade_failed``, code ``cancelled``."""

    command: Literal["cancel_upgrade"] = "cancel_upgrade"


class GetUpgrade(BaseCommand[UpgradeState]):
    """Ask for the backbones of the server and its newest upgrade."""

    command: Literal["get_upgrade"] = "get_upgrade"


class UndoUpgrade(BaseCommand[UpgradeUndone]):
    """Return every signal of the last upgrade to its former version, and the server to the former backbone, at once."""

    command: Literal["undo_upgrade"] = "undo_upgrade"
