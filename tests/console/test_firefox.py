"""In Firefox, which Playwright drives by WebDriver BiDi: the whole loop, and the views that draw and are drawn upon."""

import shutil
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.console.test_label import test_boxes_are_drawn_snapped_undone_kept_and_saved
from tests.console.test_live import (
    test_a_stream_is_shown_paused_and_magnified,
    test_tracks_of_loaded_heads_are_listed_and_boxed,
)
from tests.console.test_loop import beacons, empty, test_the_loop
from tests.console.test_shell import test_a_lost_connection_is_told_and_made_again

__all__ = [
    "beacons",
    "empty",
    "test_a_lost_connection_is_told_and_made_again",
    "test_a_stream_is_shown_paused_and_magnified",
    "test_boxes_are_drawn_snapped_undone_kept_and_saved",
    "test_the_loop",
    "test_tracks_of_loaded_heads_are_listed_and_boxed",
]
FIREFOX: Final = shutil.which("firefox-esr") or shutil.which("firefox")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Firefox, in place of Chromium."""
    if FIREFOX is None:
        pytest.skip("no Firefox: install Debian's package firefox-esr")
    with sync_playwright() as playwright:
        launched = playwright.firefox.launch(channel="moz-firefox", executable_path=FIREFOX)
        yield launched
        launched.close()
