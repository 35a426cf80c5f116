"""Advice: the contract that suits recordings, and what it was chosen by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from rfhydra.contract.choice import ContractChoice, choose_contract
from rfhydra.contract.extent import SignalExtent, annotated_extents, common_rate, pauses
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec

if TYPE_CHECKING:
    from rfhydra.hydra.backbone import Backbone

Source: TypeAlias = Literal["boxes", "annotations", "proposals"]


@dataclass(frozen=True)
class Advice:
    """A contract, and what it was chosen by."""

    choice: ContractChoice
    source: Source

    @classmethod
    def of(cls, recordings: Sequence[Recording], load: "Callable[[], Backbone]", signal: str | None = None) -> Self:
        """By the annotations of ``recordings``, of ``signal`` or of all; without any, by what a backbone proposes.

        Args:
            recordings: of one sample rate.
            load: the backbone; called only where it is needed, which takes seconds.
            signal: label to choose by.

        Raises:
            NotFound: there are annotations, but none of ``signal``; or nothing is proposed anywhere.
            Conflict: the recordings have several sample rates.
        """
        rate = common_rate(recordings)
        if extents := annotated_extents(recordings, signal):
            return cls(choose_contract(rate, extents), "annotations")
        from rfhydra.contract.proposed import proposed_extent  # needs torch

        return cls(choose_contract(rate, [proposed_extent(recordings, load())]), "proposals")

    @classmethod
    def by_boxes(cls, recording: Recording, boxes: Sequence[Box]) -> Self:
        """By ``boxes`` of one signal in ``recording``."""
        extent = SignalExtent.of(None, boxes, pauses(boxes))
        return cls(choose_contract(recording.sample_rate_hz, [extent]), "boxes")

    def present(self, spec: SpectrogramSpec) -> ContractChoice:
        """What another contract makes of the same signals."""
        return ContractChoice.of(spec, self.choice.sample_rate_hz, [span.extent for span in self.choice.spans])


def contract_options(spec: SpectrogramSpec) -> str:
    """The options of ``rfhydra init`` and ``rfhydra recontract`` for a contract."""
    return f"--fft-size {spec.fft_size} --hop {spec.hop} --rows {spec.rows} --cols {spec.cols}"
