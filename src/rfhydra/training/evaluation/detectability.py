"""Measurement of a detectability card: the bursts and windows of a workspace, and what one version makes of them.

Its cost has bounds: about 300 passes of the backbone for the bursts, and one for each of at most ``MAX_WINDOWS`` stored
windows. All random choices follow from one seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rfhydra.config import IOU_THRESHOLD
from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.loading import LoadedHead
from rfhydra.hydra.registry import VersionManager
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
    info, notes = head.head.info, dict[str, str]()
    windows = shuffled_by_label(stored_windows(workspace), np.random.default_rng(seed))
    material = _material(windows, signal_name, frozenset(info.sample_ids), seed)
    detector = HydraDetector(workspace.spec, backbone)
    detector.load_heads({signal_name: head})
    trials = Trials(detector, on_trial)
    curve = trials.snr_curve(material.varied)
    positions = trials.positions(material.varied)
    length, bandwidth = (trials.stretched(material.bursts, material.hosts, axis) for axis in ("length", "bandwidth"))
    reason = _NO_ROOM if material.varied else _NO_BURST
    measured = {"snr": curve, "positions": positions, "length": length, "bandwidth": bandwidth}
    notes |= {name: reason for name, value in measured.items() if value is None}
    notes |= _notes_of(curve, material)
    others = _other_heads(workspace, signal_name, backbone, notes)
    searched = BackgroundPass(signal_name, {signal_name: head, **others}, workspace.spec, backbone)
    searched.run(windows[:MAX_WINDOWS], lambda done, total: on_trial("background", done, total))
    false_alarms = searched.false_alarms()
    if false_alarms is None:
        notes["false_alarms"] = "no window is stored" if not windows else "the sample rate of no window is known"
    elif len(windows) > MAX_WINDOWS:
        notes["false_alarms"] = f"{MAX_WINDOWS} of {len(windows)} stored windows were searched"
    unseen = sum(not each.trained_on for each in material.bursts)
    return DetectabilityCard(
        signal_name=signal_name,
        version=head.version,
        created_at=utc_now(),
        backbone_id=backbone.backbone_id,
        threshold=info.threshold,
        iou=IOU_THRESHOLD,
        seed=seed,
        bursts=len(material.bursts),
        unseen_bursts=unseen,
        trained_on=bool(material.bursts) and not unseen,
        mixed=material.mixed,
        snr=curve,
        positions=positions,
        length=length,
        bandwidth=bandwidth,
        confusion=searched.confusion() if others else None,
        false_alarms=false_alarms,
        notes=notes,
    )


def _material(windows: Sequence[StoredWindow], signal_name: str, trained: frozenset[str], seed: int) -> _Material:
    """At most :data:`MAX_BURSTS` bursts: with IQ if there are any, those that the head was not trained on first."""
    labelled = [each for each in windows if len(each.pixels(signal_name))]
    has_iq = any(each.has_iq for each in labelled)
    labelled = [each for each in labelled if each.has_iq == has_iq]
    rates = {each.sample_rate_hz for each in labelled}
    usable = [each for each in windows if each.sample_rate_hz in rates and (each.has_iq or not has_iq)]
    loaded: dict[StoredWindow, Host] = {}
    hosts = Hosts([_host(each, loaded) for each in usable[:MAX_HOSTS]], seed)
    found: list[tuple[LabelledBurst, MixedBurst]] = []
    noise = None if has_iq else pooled_noise(windows[0].frame.spec) if windows else None
    for stored, number in _in_order(labelled, signal_name, trained):
        if len(found) == MAX_BURSTS:
            break
        host = _host(stored, loaded)
        box = stored.pixels(signal_name)[number]
        burst = LabelledBurst(host, box, len(found), _is_trained_on(stored, trained))
        varied = _varied(burst, hosts, noise)
        if varied is not None and varied.snr_db >= min(SNR_STEPS_DB):
            found.append((burst, varied))
    mixed = ("iq" if has_iq else "image") if found else None
    return _Material([burst for burst, _ in found], [varied for _, varied in found], hosts, mixed)


def _varied(burst: LabelledBurst, hosts: Hosts, noise: float | None) -> MixedBurst | None:
    """What is varied of ``burst``: its IQ, or, where ``noise`` is the power of a pixel of noise, its image."""
    if noise is not None:
        return ImageMixed.of(burst, hosts, noise)
    iq = IqBurst.cut(burst.host, burst.box)
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


def _host(stored: StoredWindow, loaded: dict[StoredWindow, Host]) -> Host:
    """``stored`` with its free places, read once."""
    if stored not in loaded:
        loaded[stored] = Host.of(stored.read(), stored.all_pixels)
    return loaded[stored]


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
