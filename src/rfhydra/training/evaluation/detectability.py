"""Measurement of a detectability card: the bursts and windows of a workspace, and what one version makes of them.

Its cost has bounds: about 300 passes of the backbone for the bursts, and one for each of at most ``MAX_WINDOWS`` stored
windows. All random choices follow from one seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from rfhydra.config import IOU_THRESHOLD
from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.loading import LoadedHead
from rfhydra.hydra.registry import VersionManager
from rfhydra.spectrum.window import Window
from rfhydra.store.columns import utc_now
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.background import MAX_WINDOWS, BackgroundPass
from rfhydra.training.evaluation.card import DetectabilityCard, SnrCurve
from rfhydra.training.evaluation.mixing import Host, IqBurst, pooled_noise
from rfhydra.training.evaluation.stored import StoredWindow, shuffled_by_label, stored_windows
from rfhydra.training.evaluation.trials import (
    SNR_STEPS_DB,
    Hosts,
    ImageMixed,
    IqMixed,
    LabelledBurst,
    MixedBurst,
    OnTrial,
    Trials,
)

MAX_BURSTS: Final = 16
MAX_CANDIDATES: Final = 4 * MAX_BURSTS
"""Labelled boxes that are looked at for bursts above the noise."""
MAX_HOSTS: Final = 8
"""Windows that bursts are mixed into, in memory at one time."""
MAX_OTHER_HEADS: Final = 100
"""Other heads that confusion is measured with, by signal name."""
_MAX_NAMED: Final = 5
_NO_BURST: Final = "no labelled burst of this signal is above the noise"
_NO_ROOM: Final = "no stored window has room for a burst"


@dataclass(frozen=True, eq=False)
class _Material:
    """The bursts of a card, and what they are mixed into; ``mixed`` is that of the card."""

    bursts: list[LabelledBurst]
    varied: list[MixedBurst]
    hosts: Hosts
    mixed: str | None


def measure_card(
    workspace: Workspace,
    signal_name: str,
    version: int | None,
    backbone: Backbone,
    *,
    seed: int = 0,
    on_trial: OnTrial = lambda what, done, total: None,
) -> DetectabilityCard:
    """Measure the card of a version, of the active one if ``version`` is None. Nothing is stored.

    Raises:
        InvalidName: not a legal signal name.
        NotFound: there is no such version, or no active one.
        Incompatible: the head was made for another contract or backbone, or its golden vectors fail.
        Damaged: a stored image or head does not match its digest.
    """
    head = VersionManager(workspace).load_head(signal_name, version, backbone)
    measurement = _Measurement(workspace, signal_name, head, backbone, seed, on_trial)
    return DetectabilityCard(
        signal_name=signal_name,
        version=head.version,
        created_at=utc_now(),
        backbone_id=backbone.backbone_id,
        threshold=head.head.info.threshold,
        iou=IOU_THRESHOLD,
        seed=seed,
        **measurement.of_bursts(),
        **measurement.of_windows(),
        notes=measurement.notes,
    )


class _Measurement:
    """The measurement of one head; ``notes`` are those of the card so far."""

    def __init__(
        self,
        workspace: Workspace,
        signal_name: str,
        head: LoadedHead,
        backbone: Backbone,
        seed: int,
        on_trial: OnTrial,
    ) -> None:
        self._workspace, self._name, self._head = workspace, signal_name, head
        self._backbone, self._seed, self._on_trial = backbone, seed, on_trial
        self._windows = shuffled_by_label(stored_windows(workspace), np.random.default_rng(seed))
        self.notes: dict[str, str] = {}

    def of_bursts(self) -> dict[str, Any]:
        """The fields of the card that come from mixed bursts."""
        material = _material(self._windows, self._name, frozenset(self._head.head.info.sample_ids), self._seed)
        detector = HydraDetector(self._workspace.spec, self._backbone)
        detector.load_heads({self._name: self._head})
        trials = Trials(detector, self._on_trial)
        curve = trials.snr_curve(material.varied)
        measured = {
            "snr": curve,
            "positions": trials.positions(material.varied),
            "length": trials.stretched(material.bursts, material.hosts, "length"),
            "bandwidth": trials.stretched(material.bursts, material.hosts, "bandwidth"),
        }
        reason = _NO_ROOM if material.varied else _NO_BURST
        self.notes |= {name: reason for name, value in measured.items() if value is None}
        self.notes |= _notes_of(curve, material)
        unseen = sum(not each.trained_on for each in material.bursts)
        return {
            "bursts": len(material.bursts),
            "unseen_bursts": unseen,
            "trained_on": bool(material.bursts) and not unseen,
            "mixed": material.mixed,
            **measured,
        }

    def of_windows(self) -> dict[str, Any]:
        """The fields of the card that come from the stored windows as they are."""
        others = _other_heads(self._workspace, self._name, self._backbone, self.notes)
        searched = BackgroundPass(self._name, {self._name: self._head, **others}, self._workspace.spec, self._backbone)
        searched.run(self._windows[:MAX_WINDOWS], lambda done, total: self._on_trial("background", done, total))
        false_alarms, stored = searched.false_alarms(), len(self._windows)
        if false_alarms is None:
            self.notes["false_alarms"] = "the sample rate of no window is known" if stored else "no window is stored"
        elif stored > MAX_WINDOWS:
            self.notes["false_alarms"] = f"{MAX_WINDOWS} of {stored} stored windows were searched"
        return {"confusion": searched.confusion() if others else None, "false_alarms": false_alarms}


def _material(windows: Sequence[StoredWindow], signal_name: str, trained: frozenset[str], seed: int) -> _Material:
    """At most :data:`MAX_BURSTS` bursts: with IQ if there are any, those that the head was not trained on first."""
    labelled = [each for each in windows if each.labels.boxes(signal_name)]
    has_iq = any(each.has_iq for each in labelled)
    labelled = [each for each in labelled if each.has_iq == has_iq]
    rates = {each.sample_rate_hz for each in labelled}
    usable = [each for each in windows if each.sample_rate_hz in rates and (each.has_iq or not has_iq)]
    read = ((each, Host.of(each.read(), each.all_pixels)) for each in usable[:MAX_HOSTS])
    hosts = Hosts({stored: host for stored, host in read if not has_iq or host.noise.is_known}, seed)
    noise = None if has_iq or not windows else pooled_noise(windows[0].frame.spec)
    found: list[tuple[LabelledBurst, MixedBurst]] = []
    for stored, number in _in_order(labelled, signal_name, trained)[:MAX_CANDIDATES]:
        if len(found) == MAX_BURSTS:
            break
        window, box = stored.read(), stored.pixels(signal_name)[number]
        burst = LabelledBurst(stored, replace(window, iq=None), box, len(found), _is_trained_on(stored, trained))
        varied = _varied(burst, window, hosts, noise)
        if varied is not None and varied.snr_db >= min(SNR_STEPS_DB):
            found.append((burst, varied))
    mixed = ("iq" if has_iq else "image") if found else None
    return _Material([burst for burst, _ in found], [varied for _, varied in found], hosts, mixed)


def _varied(burst: LabelledBurst, window: Window, hosts: Hosts, noise: float | None) -> MixedBurst | None:
    """What is varied of ``burst``: its IQ, or, where ``noise`` is the power of a pixel of noise, its image."""
    if noise is not None:
        return ImageMixed.of(burst, hosts, noise)
    iq = IqBurst.cut(Host.of(window, burst.stored.all_pixels), burst.box)
    return None if iq is None else IqMixed(burst, iq, hosts)


def _in_order(
    windows: Sequence[StoredWindow], signal_name: str, trained: frozenset[str]
) -> list[tuple[StoredWindow, int]]:
    """Each box of each window, by its number: unseen windows first, whole boxes first, the windows taking turns."""
    ranked = []
    for turn, stored in enumerate(windows):
        seen = _is_trained_on(stored, trained)
        for number, box in enumerate(stored.pixels(signal_name)):
            is_cut = float(box[0]) < 0.5 or float(box[2]) > stored.frame.cols - 0.5
            ranked.append((seen, is_cut, number, turn))
    return [(windows[turn], number) for _, _, number, turn in sorted(ranked)]


def _is_trained_on(stored: StoredWindow, trained: frozenset[str]) -> bool:
    return any(each.sample_id in trained for each in stored.samples)


def _other_heads(
    workspace: Workspace, signal_name: str, backbone: Backbone, notes: dict[str, str]
) -> dict[str, LoadedHead]:
    """The active heads of the other signals; ``notes`` get why there is none, or which are left out."""
    manager, heads, left_out = VersionManager(workspace), dict[str, LoadedHead](), list[str]()
    for name in workspace.versions.signals():
        if name == signal_name or workspace.versions.active(name) is None:
            continue
        try:
            if len(heads) == MAX_OTHER_HEADS:
                left_out.append(name)
            else:
                heads[name] = manager.load_head(name, None, backbone)
        except Incompatible:
            left_out.append(name)
    if left_out:
        reason = f"over the limit of {MAX_OTHER_HEADS} heads, or cannot run on this backbone"
        names = ", ".join(left_out[:_MAX_NAMED]) + (" …" if len(left_out) > _MAX_NAMED else "")
        notes["confusion"] = f"{len(left_out)} heads are left out ({reason}): {names}"
    elif not heads:
        notes["confusion"] = "no other signal has an active head"
    return heads


def _notes_of(curve: SnrCurve | None, material: _Material) -> dict[str, str]:
    """What limits the curve of SNR and the stretched bursts."""
    notes = dict[str, str]()
    if curve is not None:
        lowest, highest = curve.points[0], curve.points[-1]
        for name, value, recall in (
            ("snr.min_snr_50_db", curve.min_snr_50_db, 0.5),
            ("snr.min_snr_90_db", curve.min_snr_90_db, 0.9),
        ):
            if value is None and lowest.recall >= recall:
                notes[name] = f"below {lowest.value:g} dB, the lowest SNR measured"
            elif value is None:
                notes[name] = f"recall is {highest.recall:.2f} at {highest.value:g} dB, the highest SNR measured"
    if material.mixed == "image":
        notes["snr"] = "no IQ is stored: the images of the bursts were made noisier, SNR is approximate"
    return notes
