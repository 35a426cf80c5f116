"""RecontractReport: what the move of a workspace to another contract carried, trained and left."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from pydantic import TypeAdapter

from rfhydra.protocol.upgrade_reports import Basis, Change, LeftHead
from rfhydra.spectrum.spec import SpectrogramSpec


@dataclass(frozen=True, kw_only=True)
class CarriedSamples:
    """The samples of a signal: how many there were, how many of those were carried, and how many they are now."""

    signal_name: str
    before: int
    carried: int
    after: int


@dataclass(frozen=True, kw_only=True)
class LeftSamples:
    """Samples of a signal that are not carried, for one ``reason``; ``recordings`` that they are from, if known."""

    signal_name: str
    sample_ids: list[str]
    recordings: list[str]
    reason: str


@dataclass(frozen=True, kw_only=True)
class RecontractedHead:
    """A head that was trained under the new contract, and its comparison; see :class:`.predecessor.Comparison`."""

    signal_name: str
    former_version: int
    version: int
    f1_before: float | None
    f1_after: float | None
    boxes: int
    basis: Basis
    change: Change
    training_time_sec: float


@dataclass(frozen=True, kw_only=True)
class RecontractReport:
    """The move of a workspace from contract ``former`` to ``spec``.

    ``last_change`` is that of the workspace when it was built, see :attr:`Workspace.last_change`.
    """

    former: SpectrogramSpec
    spec: SpectrogramSpec
    samples: list[CarriedSamples]
    left_samples: list[LeftSamples]
    heads: list[RecontractedHead]
    left_heads: list[LeftHead]
    last_change: tuple[int, int]

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """The inverse of :attr:`text`.

        Raises:
            ValueError: it is not such a report.
        """
        report: Self = TypeAdapter(cls).validate_json(text)
        return report

    @property
    def text(self) -> bytes:
        """The report as JSON."""
        return TypeAdapter(type(self)).dump_json(self, indent=2)

    def to_dict(self) -> dict[str, Any]:
        """The report as ``--json`` shows it."""
        fields = asdict(self)
        del fields["last_change"]
        contracts = {"former": self.former.to_dict(), "spec": self.spec.to_dict()}
        return {**fields, **contracts, "left_heads": [each.model_dump() for each in self.left_heads]}
