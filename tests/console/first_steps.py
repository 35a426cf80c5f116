"""The five steps of the guide on the console of ``rfhydra demo``, by mouse: from nothing to a head that watches."""

import json
import re
from collections.abc import Callable
from itertools import count, takewhile
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, WebSocket, expect

from rfhydra.recordings import open_recording
from rfhydra.spectrum.boxes import Box

LOOK_SEC: Final = 6.0
"""How much of the waterfall is looked at before it is frozen."""
BOXES: Final = 10
SHOWN_SEC: Final = 4.0
"""How much of the frozen waterfall is magnified: enough for the boxes, and little enough to draw them."""
_MARGIN_PX: Final = 3
"""Between an emission and the box that is drawn around it by hand."""
_ZOOM: Final = 1.25  # of a notch of the wheel
_NOTCH: Final = 100


class FirstSteps:
    """An operator who follows the guide, and knows the emitter when it is seen.

    Attributes:
        page: the console, before it is opened.
        move: takes the mouse to a point of the page.
    """

    def __init__(self, page: Page, source: str, truth: Path, signal_name: str) -> None:
        """``source`` repeats the recording ``truth``, whose annotations are all emissions of the emitter."""
        self.page, self._source, self._signal_name = page, source, signal_name
        self.move: Callable[[float, float], None] = page.mouse.move
        self._truth = open_recording(truth)
        self._frozen_sec = (0.0, 0.0)
        page.on("websocket", self._listen)

    def look(self) -> None:
        """Start the live source, and look at its waterfall for a while."""
        self.press(self._step("Look"))
        self.press(self.page.get_by_role("button", name=f"Start {self._source}"))
        expect(self.page.get_by_role("application")).to_be_visible()
        self.page.wait_for_timeout(1000 * LOOK_SEC)

    def freeze(self) -> None:
        """Freeze the waterfall, and magnify its begin."""
        self.press(self._step("Box"))
        self.press(self.page.get_by_role("button", name="Freeze and label"))
        expect(self.page.locator(".axis-frequency")).to_contain_text("MHz")
        expect(self.page.locator(".picture-state")).to_contain_text("noise floor")
        frame, times = self._frame(), self.page.locator(".axis-time")
        self.move(frame["x"] + 1, frame["y"] + frame["height"] / 2)
        for _ in range(self._notches()):
            before = times.inner_text()
            self.page.mouse.wheel(0, -_NOTCH)
            expect(times).not_to_have_text(before, use_inner_text=True)

    def box(self) -> None:
        """Name the signal, draw boxes around its first emissions, and save them."""
        name = self.page.get_by_label("Signal", exact=True)
        self.press(name)
        self.page.keyboard.type(self._signal_name)
        self.page.keyboard.press("Enter")
        boxes = self._emissions()
        for number, box in enumerate(boxes, 1):
            self._draw(box)
            expect(self.page.locator(".box-drawn")).to_have_count(number)
        self.press(self.page.get_by_role("button", name=f"Save {len(boxes)} boxes"))
        expect(self.page.get_by_role("heading", name="Nothing to save")).to_be_visible()

    def train(self) -> None:
        """Train a head, and wait for its result."""
        self.press(self._step("Train"))
        self.press(self.page.get_by_role("button", name="Train", exact=True))
        expect(self.page.get_by_role("heading", name="Result: version 1")).to_be_visible()

    def watch(self) -> None:
        """Load the head, and wait for a box of it in the live view."""
        self.press(self.page.get_by_role("button", name="Load it and watch live"))
        expect(self.page.locator(".box", has_text=self._signal_name).first).to_be_visible()

    def press(self, target: Locator) -> None:
        """Take the mouse to the middle of ``target``, and click."""
        expect(target).to_be_enabled()
        target.scroll_into_view_if_needed()
        place = target.bounding_box()
        assert place is not None
        at = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
        self.move(*at)
        self.page.mouse.click(*at)

    def _step(self, title: str) -> Locator:
        guide = self.page.get_by_role("complementary", name="First steps")
        return guide.get_by_role("link", name=re.compile(rf"\b{title}\b"))

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._note)

    def _note(self, payload: str | bytes) -> None:
        """Remember what of the stream is frozen."""
        if isinstance(payload, str) and '"capture_stream"' in payload:
            command = json.loads(payload)
            self._frozen_sec = command["time_start_sec"], command["time_end_sec"]

    def _notches(self) -> int:
        """Of the wheel, until no more than ``SHOWN_SEC`` are shown."""
        start, end = self._frozen_sec
        return len([*takewhile(lambda number: (end - start) / _ZOOM**number > SHOWN_SEC, count())])

    def _emissions(self) -> list[Box]:
        """The first emissions of the emitter that are shown whole, in seconds of what is frozen."""
        start, end = self._frozen_sec
        duration = self._truth.duration_sec
        shown_sec = (end - start) / _ZOOM ** self._notches()
        rate = self._truth.sample_rate_hz
        boxes = [
            annotation.box(rate).shifted(repeat * duration - start)
            for repeat in range(int(start // duration), int(end // duration) + 1)
            for annotation in self._truth.annotations
        ]
        return [box for box in boxes if box.time_start_sec > 0 and box.time_end_sec < shown_sec][:BOXES]

    def _draw(self, box: Box) -> None:
        """Drag from one corner to the other, a little outside of the emission."""
        start, end = self._frozen_sec
        frame = self._frame()
        per_sec = frame["width"] / (end - start) * _ZOOM ** self._notches()
        per_hz = frame["height"] / self._truth.sample_rate_hz
        top_hz = self._truth.captures[0].center_freq_hz + self._truth.sample_rate_hz / 2
        left, right = (frame["x"] + per_sec * sec for sec in (box.time_start_sec, box.time_end_sec))
        top, bottom = (frame["y"] + per_hz * (top_hz - hz) for hz in (box.freq_high_hz, box.freq_low_hz))
        mouse = self.page.mouse
        self.move(left - _MARGIN_PX, top - _MARGIN_PX)
        mouse.down()
        self.move(right + _MARGIN_PX, bottom + _MARGIN_PX)
        mouse.up()

    def _frame(self) -> dict[str, float]:
        place = self.page.get_by_role("application").bounding_box()
        assert place is not None
        return {"x": place["x"], "y": place["y"], "width": place["width"], "height": place["height"]}
