"""Trainings and versions in a browser: from samples to a head, and back to an earlier one."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.console.conftest import OpenPage
from tests.server.json_peer import Peer, npy_b64, peer, running, training_paused
from tests.training.given import OTHER, SIGNAL, SMALL_SPEC

DESKTOP = {"width": 1366, "height": 860}


@pytest.fixture
def port(site: Path, body_file: Path) -> Iterator[int]:
    """The port of a server of one's own, with versions of one signal and samples of another."""
    with Workspace.open(site) as workspace, running(workspace, Settings(backbone_path=body_file)) as number:
        yield number


def test_a_training_is_shown_again_after_a_reload_and_can_be_cancelled(port: int, open_page: OpenPage) -> None:
    with peer(port) as client, open_page(port, f"train/{OTHER}", viewport=DESKTOP) as page:
        client.send("train_signal", signal_name=SIGNAL, epochs=1)
        client.until("training_complete")  # now there is a training process that can be paused
        with training_paused():
            page.get_by_role("button", name="Train", exact=True).click()
            expect(page.get_by_role("progressbar", name=f"Training of {OTHER}")).to_be_visible()
            page.reload()
            expect(page.get_by_role("progressbar", name=f"Training of {OTHER}")).to_be_visible()
            page.get_by_role("button", name=f"Cancel the training of {OTHER}").click()
        expect(page.get_by_role("heading", name="The last training was cancelled")).to_be_visible()
        expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()


def test_a_signal_is_trained_extended_promoted_and_rolled_back(port: int, open_page: OpenPage) -> None:
    with open_page(port, f"train/{OTHER}", viewport=DESKTOP) as page:
        page.get_by_label("Notes").fill("six boxes of noise")
        page.get_by_role("button", name="Train", exact=True).click()
        _ends_with(page, version=1)
        page.reload()
        expect(page.get_by_role("img", name=re.compile(r"^Loss\. .* in epoch \d+"))).to_be_visible()
        expect(page.get_by_role("img", name=re.compile("^Missed box")).first).to_be_visible()
        _is_accessible(page)
        page.get_by_role("button", name="Promote anyway").click()
        expect(page.get_by_role("button", name="Load it and watch live")).to_be_visible()
        with peer(port) as client:
            _add_sample(client, seed=99)
        page.get_by_role("button", name="Extend with 1 new sample").click()
        _ends_with(page, version=2)
        page.get_by_role("link", name="All versions").click()
        _promotes_and_rolls_back(page)
        _compares(page)


def _add_sample(client: Peer, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 255, (SMALL_SPEC.rows, SMALL_SPEC.cols), dtype=np.uint8)
    box = {"x_min": 10, "y_min": 20, "x_max": 30, "y_max": 40}
    client.ask("add_training_sample", signal_name=OTHER, spectrogram_b64=npy_b64(image), boxes=[box])


def _ends_with(page: Page, version: int) -> None:
    """Wait for the whole result of a training."""
    expect(page.get_by_role("heading", name=f"Result: version {version}")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Precision and recall by threshold"))).to_be_visible()
    expect(page.locator(".verdict")).to_be_visible()


def _promotes_and_rolls_back(page: Page) -> None:
    rows = page.locator("table.versions tbody tr")
    expect(rows.filter(has_text="six boxes of noise")).to_contain_text("active")
    page.get_by_role("button", name="Promote version 2", exact=True).first.click()
    expect(rows.filter(has_text="version 2")).to_contain_text("active")
    page.get_by_role("button", name="Roll back to version 1").click()
    expect(rows.filter(has_text="version 1")).to_contain_text("active")
    page.get_by_role("button", name="Undo").last.click()
    expect(rows.filter(has_text="version 2")).to_contain_text("active")


def _compares(page: Page) -> None:
    page.get_by_label("Compare version 1").check()
    page.get_by_label("Compare version 2").check()
    page.get_by_role("button", name="Compare versions 1 and 2").click()
    expect(page.get_by_role("table", name="Rates with 90 % intervals")).to_be_visible()
    assert page.url.endswith(f"#versions/{OTHER}/1/2")
    page.get_by_text("Audit trail").click()
    expect(page.get_by_text("Rolled back from version 2 to version 1.")).to_be_visible()
    _is_accessible(page)


def _is_accessible(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations] == []


def test_notes_of_a_version_are_kept(port: int, open_page: OpenPage) -> None:
    with open_page(port, f"versions/{SIGNAL}", viewport=DESKTOP) as page:
        page.get_by_role("button", name="Notes of version 1: none. Edit").click()
        page.get_by_role("textbox", name="Notes of version 1").fill("from the roof")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Notes of version 1: from the roof. Edit")).to_be_visible()
        page.reload()
        expect(page.get_by_role("button", name="Notes of version 1: from the roof. Edit")).to_be_visible()
