"""What does not fit: boxes and a contract, and sample rates of recordings, samples and heads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rfhydra.config import NEGATION
from rfhydra.contract.extent import is_same_rate
from rfhydra.errors import Conflict
from rfhydra.quantities import format_quantity
from rfhydra.recordings import Recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace

LEAST_PX: Final = 4
"""Columns and rows under which heads are unreliable."""
_CHOOSE: Final = "`rfhydra suggest` names a contract that fits, `rfhydra recontract` moves a workspace to it"


@dataclass
class _Misfits:
    """Boxes of one label that do not fit: their number, and of those that are cut, of the samples they become."""

    boxes: int = 0
    short: list[float] = field(default_factory=list)
    narrow: list[float] = field(default_factory=list)
    long: list[float] = field(default_factory=list)
    parts: int = 0
    across_captures: int = 0


def box_warnings(recordings: Iterable[Recording], spec: SpectrogramSpec, label: str | None = None) -> list[str]:
    """What to know before the annotations of ``recordings`` become samples under ``spec``, each with its remedy.

    Args:
        recordings: with annotations.
        spec: the contract of the workspace.
        label: only this one; default is every label.
    """
    found: dict[str, _Misfits] = {}
    for recording in recordings:
        for each in recording.annotations:
            if not each.label or label not in (None, each.label):
                continue
            misfits = found.setdefault(each.label, _Misfits())
            misfits.boxes += 1
            _measure(misfits, recording, each.sample_start, each.sample_end, each.freq_high_hz - each.freq_low_hz, spec)
    return [text for name, misfits in sorted(found.items()) for text in _texts(name, misfits, spec)]


def _measure(
    misfits: _Misfits, recording: Recording, start: int, end: int, bandwidth_hz: float, spec: SpectrogramSpec
) -> None:
    cols, rows = (end - start) / spec.hop, bandwidth_hz * spec.rows / recording.sample_rate_hz
    if cols < LEAST_PX:
        misfits.short.append(cols)
    if rows < LEAST_PX:
        misfits.narrow.append(rows)
    if end - start > spec.window_samples:
        misfits.long.append((end - start) / recording.sample_rate_hz)
        misfits.parts += -(-(end - start) // spec.window_samples)
    elif any(start < capture.sample_start < end for capture in recording.captures[1:]):
        misfits.across_captures += 1


def _texts(name: str, misfits: _Misfits, spec: SpectrogramSpec) -> Iterator[str]:
    if misfits.short:
        yield (
            f"{len(misfits.short)} of {misfits.boxes} boxes of {name} are under {LEAST_PX} columns (the shortest"
            f" {min(misfits.short):.1f}), too few to learn from: {_CHOOSE}"
        )
    if misfits.narrow:
        yield (
            f"{len(misfits.narrow)} of {misfits.boxes} boxes of {name} are under {LEAST_PX} rows (the narrowest"
            f" {min(misfits.narrow):.1f}), too few to learn from: {_CHOOSE}"
        )
    if misfits.long:
        longest = format_quantity(max(misfits.long), "s")
        yield (
            f"{len(misfits.long)} of {misfits.boxes} boxes of {name} are longer than a window ({spec.window_samples}"
            f" samples; the longest box is {longest}) and are cut into {misfits.parts} samples: {_CHOOSE}"
        )
    if misfits.across_captures:
        yield (
            f"{misfits.across_captures} of {misfits.boxes} boxes of {name} lie across two captures, which differ in"
            " frequency or time, and are cut into several samples: draw a box in each capture"
        )


def require_one_rate(workspace: Workspace, recordings: Iterable[Recording], label: str | None = None) -> None:
    """Check that each signal has samples of one sample rate after an import of ``recordings``.

    Raises:
        Conflict: a recording has another rate than the samples of a signal that is annotated in it, or than another
            recording of it; the message names both and the remedy.
    """
    known: dict[str, tuple[str, float]] = {}
    for recording in recordings:
        names = {each.label for each in recording.annotations if each.label and label in (None, each.label)}
        for name in sorted({each.removeprefix(NEGATION) for each in names}):
            if name not in known:
                stored = workspace.samples.sample_rates(name)
                known[name] = ("its samples", stored[0]) if stored else (recording.name, recording.sample_rate_hz)
            where, rate = known[name]
            if not is_same_rate(rate, recording.sample_rate_hz):
                raise Conflict(
                    f"{recording.name} has {recording.sample_rate_hz:g} samples/s, but {name} has"
                    f" {rate:g} ({where}): the same emission would be of another size. Resample the recording, import"
                    " it under another name, or import it all the same with --any-rate (any_rate)"
                )


def rate_warnings(workspace: Workspace, signal_names: Sequence[str], recordings: Iterable[Recording]) -> list[str]:
    """A warning for each signal whose samples have other sample rates than one of ``recordings``."""
    rates = {recording.sample_rate_hz: recording.name for recording in recordings}
    warnings = []
    for name in signal_names:
        trained = workspace.samples.sample_rates(name)
        for rate, recording in sorted(rates.items()):
            if trained and not any(is_same_rate(each, rate) for each in trained):
                known = ", ".join(f"{each:g}" for each in trained)
                warnings.append(
                    f"{recording} has {rate:g} samples/s, {name} was trained at {known}: its emissions are of another"
                    " size there and may be missed. Resample the recording, or train on boxes of its rate"
                )
    return warnings
