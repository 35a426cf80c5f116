"""Trials of a head on mixed bursts: recall against SNR, by place in the band, and when stretched."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from rfhydra.config import IOU_THRESHOLD
from rfhydra.detection.detector import HydraDetector
from rfhydra.spectrum.spectrogram import lower_snr
from rfhydra.spectrum.window import Window
from rfhydra.training.evaluation.card import RecallAt, SnrCurve
from rfhydra.training.evaluation.metrics import iou_matrix
from rfhydra.training.evaluation.mixing import Host, IqBurst, Patch, PixelBox, image_snr_db
from rfhydra.training.evaluation.stored import StoredWindow

SNR_STEPS_DB: Final = (24.0, 18.0, 12.0, 9.0, 6.0, 3.0, 0.0, -3.0, -6.0, -9.0, -12.0)
"""In-band SNR of the trials. A burst of many pixels is detected far below 0 dB."""
TRIALS_PER_SNR: Final = 16
MAX_REPEATS: Final = 4
"""Trials of one burst at one SNR, each at another place."""
MAX_MOVED: Final = 8
"""Bursts that are moved in frequency and stretched."""
POSITIONS: Final = (-0.4, -0.2, 0.0, 0.2, 0.4)
"""Places in the band, as parts of the range that the burst can be moved in; the lowest is −0.5, the highest 0.5."""
RATIOS: Final = (0.7, 0.85, 1.0, 1.2, 1.4)
_DRAWS: Final = 1000

Mixed: TypeAlias = tuple[Window, PixelBox]
"""A window with a burst, and the box of the burst in pixels."""
Mix: TypeAlias = Callable[[], Mixed | None]
"""Mixes a burst: None where there is no room."""
OnTrial: TypeAlias = Callable[[str, int, int], None]
"""Called with what is measured, how many of its steps are done, and how many there are."""


class MixedBurst(Protocol):
    """A burst that can be heard at a lower SNR and at another place in the band."""

    @property
    def snr_db(self) -> float:
        """In-band SNR as received."""

    def lowered(self, snr_db: float, turn: int) -> Mixed | None:
        """At this SNR, at most its own; ``turn`` selects a place."""

    def moved(self, position: float) -> Mixed | None:
        """At its own SNR, at one of :data:`POSITIONS`."""


@dataclass(frozen=True, eq=False)
class LabelledBurst:
    """One labelled box of the signal.

    Attributes:
        stored: the window that it is in; ``window`` is the same as read, without its IQ.
        box: in pixels.
        number: of the burst, which selects its places.
        trained_on: whether the head was trained on it.
    """

    stored: StoredWindow
    window: Window
    box: PixelBox
    number: int
    trained_on: bool

    @cached_property
    def patch(self) -> Patch:
        return Patch.cut(self.window, self.box)


class Hosts:
    """The windows that bursts are mixed into, at places chosen by a seed."""

    def __init__(self, hosts: Mapping[StoredWindow, Host], seed: int) -> None:
        self._hosts, self._seed = hosts, seed

    def place(
        self, rows: int, cols: int, burst: LabelledBurst, turn: int = 0, position: float | None = None
    ) -> tuple[Host, tuple[int, int]] | None:
        """A host with a free place of ``rows`` by ``cols`` pixels, its top left (row, column); None without room.

        The same burst and ``turn`` select the same place. The window of the burst is the last choice, and windows at
        another sample rate are none. ``position`` is one of :data:`POSITIONS`, None any.
        """
        rng = np.random.default_rng([self._seed, burst.number, turn])
        windows = [*self._hosts]
        order = [windows[index] for index in rng.permutation(len(windows)).tolist()]
        for stored in sorted(order, key=lambda each: each is burst.stored):
            if stored.sample_rate_hz == burst.stored.sample_rate_hz:
                host = self._hosts[stored]
                at = host.room.place(rows, cols, rng, None if position is None else 0.5 - position)
                if at is not None:
                    return host, at
        return None

    def paste(self, patch: Patch, burst: LabelledBurst, position: float | None = None) -> Mixed | None:
        """``patch`` of ``burst`` in one of the windows."""
        rows, cols = patch.power.shape
        found = self.place(rows, cols, burst, position=position)
        return None if found is None else patch.paste(*found)


@dataclass(frozen=True, eq=False)
class IqMixed:
    """A burst whose IQ is mixed into other windows."""

    burst: LabelledBurst
    iq: IqBurst
    hosts: Hosts

    @property
    def snr_db(self) -> float:
        return self.iq.snr_db

    def lowered(self, snr_db: float, turn: int) -> Mixed | None:
        return self._mixed(snr_db, turn, None)

    def moved(self, position: float) -> Mixed | None:
        return self._mixed(self.snr_db, 0, position)

    def _mixed(self, snr_db: float, turn: int, position: float | None) -> Mixed | None:
        area = self.iq.area
        found = self.hosts.place(area.rows, area.cols, self.burst, turn, position)
        return None if found is None else self.iq.mix(*found, snr_db)


@dataclass(frozen=True, eq=False)
class ImageMixed:
    """A burst of which only the image is stored: its own window gets noisier, its patch moves to other windows."""

    burst: LabelledBurst
    snr_db: float
    hosts: Hosts

    @classmethod
    def of(cls, burst: LabelledBurst, hosts: Hosts, noise_power: float) -> "ImageMixed | None":
        """None where the burst is not above the noise."""
        snr_db = image_snr_db(burst.window, burst.box, noise_power)
        return None if snr_db is None else cls(burst, snr_db, hosts)

    def lowered(self, snr_db: float, turn: int) -> Mixed | None:
        window = self.burst.window
        image = lower_snr(window.image, window.frame.spec, self.snr_db - snr_db, turn).numpy()
        return Window(image, window.frame), self.burst.box

    def moved(self, position: float) -> Mixed | None:
        return self.hosts.paste(self.burst.patch, self.burst, position)


class Trials:
    """Trials of one head, alone."""

    def __init__(self, detector: HydraDetector, on_trial: OnTrial) -> None:
        """``detector`` has the head loaded and no other."""
        self._detector, self._on_trial = detector, on_trial

    def snr_curve(self, bursts: Sequence[MixedBurst]) -> SnrCurve | None:
        """Recall by SNR, each burst up to its own, down to where nothing is detected; None where there was no room."""
        points: list[RecallAt] = []
        for done, step in enumerate(SNR_STEPS_DB):
            self._on_trial("SNR", done, len(SNR_STEPS_DB))
            able = [burst for burst in bursts if burst.snr_db >= step]
            turns = range(min(TRIALS_PER_SNR, MAX_REPEATS * len(able)))
            tried = self._recall(step, [partial(able[turn % len(able)].lowered, step, turn) for turn in turns])
            points = [*tried, *points]
            if tried and tried[0].hits == 0:
                break
        self._on_trial("SNR", len(SNR_STEPS_DB), len(SNR_STEPS_DB))
        if not points:
            return None
        return SnrCurve(
            points=points,
            own_snr_db=float(np.median([burst.snr_db for burst in bursts])),
            min_snr_50_db=crossing(points, 0.5),
            min_snr_50_interval_db=crossing_interval(points, 0.5),
            min_snr_90_db=crossing(points, 0.9),
            min_snr_90_interval_db=crossing_interval(points, 0.9),
            trials=sum(each.trials for each in points),
        )

    def positions(self, bursts: Sequence[MixedBurst]) -> list[RecallAt] | None:
        """Recall by place in the band, of bursts at their own SNR; None where there was no room for any."""
        moved = bursts[:MAX_MOVED]
        return self._swept("position", POSITIONS, lambda at: [partial(each.moved, at) for each in moved])

    def stretched(self, bursts: Sequence[LabelledBurst], hosts: Hosts, axis: str) -> list[RecallAt] | None:
        """Recall by ``axis``, ``length`` or ``bandwidth``, over that as received; None where there was no room."""

        def plan(ratio: float) -> list[Mix]:
            return [partial(hosts.paste, each.patch.stretched(**{axis: ratio}), each) for each in bursts[:MAX_MOVED]]

        return self._swept(axis, RATIOS, plan)

    def _swept(
        self, what: str, values: Sequence[float], plan: Callable[[float], Sequence[Mix]]
    ) -> list[RecallAt] | None:
        """The recall of what ``plan`` returns for each of ``values``; None where there was no room for any."""
        points: list[RecallAt] = []
        for done, value in enumerate(values):
            self._on_trial(what, done, len(values))
            points += self._recall(value, plan(value))
        self._on_trial(what, len(values), len(values))
        return points or None

    def _recall(self, value: float, mixes: Sequence[Mix]) -> list[RecallAt]:
        """The recall in ``mixes``, as one point, or none where there was no room for any."""
        found = [self._is_detected(*mixed) for mix in mixes if (mixed := mix()) is not None]
        return [RecallAt(value=value, trials=len(found), hits=sum(found))] if found else []

    def _is_detected(self, window: Window, box: PixelBox) -> bool:
        found = window.frame.to_pixels(each.box for each in self._detector.detect(window).detections)
        return bool((iou_matrix(found, box) >= IOU_THRESHOLD).any())


def crossing(points: Sequence[RecallAt], recall: float) -> float | None:
    """The value from which on the recall, made to rise, is at least ``recall``; between two points it is interpolated.

    None where the first point reaches it already, or none does.
    """
    return _finite(_crossing(points, np.array([each.recall for each in points]), recall))


def crossing_interval(points: Sequence[RecallAt], recall: float) -> tuple[float | None, float | None]:
    """The 90 % interval of :func:`crossing`, from the posterior of each point's recall (Jeffreys' prior).

    An end outside of the points is None. Wide where the curve is flat near ``recall``.
    """
    hits, trials = (np.array([getattr(each, name) for each in points], np.float64) for name in ("hits", "trials"))
    draws = np.random.default_rng(0).beta(hits + 0.5, trials - hits + 0.5, (_DRAWS, len(points)))
    found = [_crossing(points, drawn, recall) for drawn in draws]
    low, high = np.quantile(found, [0.05, 0.95], method="inverted_cdf").tolist()
    return _finite(low), _finite(high)


def _crossing(points: Sequence[RecallAt], recalls: NDArray[np.float64], recall: float) -> float:
    """As :func:`crossing` where ``recalls`` are those of ``points``; infinite where it is outside of them."""
    fitted = isotonic_regression(recalls, weights=np.array([each.trials for each in points], np.float64)).x
    reached = np.flatnonzero(fitted >= recall - 1e-9)
    if not len(reached):
        return math.inf
    if reached[0] == 0:
        return -math.inf
    above, below = int(reached[0]), int(reached[0]) - 1
    part = (recall - fitted[below]) / (fitted[above] - fitted[below])
    return float(points[below].value + part * (points[above].value - points[below].value))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
