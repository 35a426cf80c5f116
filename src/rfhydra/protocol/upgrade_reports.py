"""Upgrades of all heads to another backbone: jobs and reports, as they are stored and sent."""

from typing import Literal, TypeAlias

from pydantic import JsonValue

from rfhydra.errors import ErrorCode
from rfhydra.protocol.fields import WireModel

UpgradeJobState: TypeAlias = Literal["running", "completed", "failed", "cancelled"]
Basis: TypeAlias = Literal["paired", "cross-validation", "validation", "other boxes", "none"]
Change: TypeAlias = Literal["better", "equal", "worse", "unknown"]


class UpgradedHead(WireModel):
    """A head of an upgrade, and the comparison with its predecessor."""

    signal_name: str
    """The signal."""
    former_version: int
    """The version that it succeeds."""
    version: int
    """Its version."""
    f1_before: float | None
    """F1 of the predecessor, null where it is provisional."""
    f1_after: float | None
    """F1 of the new head; likewise."""
    boxes: int
    """Number of boxes that they are compared on."""
    basis: Basis
    """``paired``: both detected in the same windows now. ``cross-validation``, ``validation``: the stored results of
    both on the same samples. ``other boxes``: the validation samples have changed since. ``none``: a head is
    provisional."""
    change: Change
    """``better``: 2 points of F1 or more gained; ``worse``: more than 2 lost; ``unknown``: without a basis."""
    evidence: dict[str, JsonValue] | None
    """Numbers of the paired comparison, null where the predecessor could not run."""
    training_time_sec: float
    """Duration of its training in seconds."""
    is_reused: bool
    """Whether an earlier, unfinished upgrade has trained it."""


class LeftHead(WireModel):
    """A head that cannot be trained again. It stays active, on its backbone."""

    signal_name: str
    """The signal."""
    version: int
    """Its version."""
    reason: str
    """Reason."""


class UpgradeReport(WireModel):
    """Report of an upgrade; every active head is in one of its lists."""

    backbone_id: str
    """Id of the new backbone."""
    former_backbone_id: str | None
    """Id of the backbone that the workspace used before."""
    heads: list[UpgradedHead]
    """The trained heads, sorted by signal."""
    left: list[LeftHead]
    """The heads that cannot be trained again."""
    current: list[str]
    """The signals whose heads were of the new backbone before."""


class UpgradeJob(WireModel):
    """One upgrade on a server, from its request to its end."""

    job_id: str
    """Its id."""
    backbone_id: str
    """Id of the new backbone."""
    force: bool
    """Whether it switches also if a head is worse, or a loaded head is left."""
    state: UpgradeJobState
    """Its state."""
    attempts: int
    """Number of starts; more than one if the server died."""
    created_at: str
    """Time of the request, UTC, ISO 8601."""
    finished_at: str | None
    """Time of the end."""
    report: UpgradeReport | None
    """The heads, null where not all are trained."""
    error: str | None
    """Reason of its failure."""
    code: ErrorCode | None
    """Error code of its failure."""


# --- versions ---
