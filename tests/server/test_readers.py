"""Commands that only read work beside a server that trains on the same workspace."""

import json
from pathlib import Path
from typing import Any

import pytest

from rfhydra.recordings import write_recording
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import run
from tests.server.json_peer import peer, training_paused
from tests.server.server_process import VERSIONS, serving
from tests.server.watched_jobs import LONG
from tests.training import given
from tests.training.given import OTHER, SIGNAL


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    made = given.scene(5, samples=2 * given.SMALL_SPEC.window_samples)
    annotations = given.annotations_of(made)
    return write_recording(tmp_path / "fresh", given.heard(made, 5), given.RATE_HZ, given.CENTER_HZ, annotations)


def answer(*arguments: object) -> Any:
    outcome = run(*arguments, "--json")
    assert outcome.status == 0, outcome.stderr
    return json.loads(outcome.stdout)


def read_all(site: Path, recording: Path, body_file: Path) -> dict[str, Any]:
    """What every reading command prints, and the ids of the samples."""
    with Workspace.view(site) as view:
        samples = [sample.sample_id for sample in view.samples.list(SIGNAL)]
    return {
        "detect": answer("detect", site, recording, "--heads", SIGNAL, "--backbone", body_file),
        "eval": answer("eval", site, SIGNAL, recording, "--backbone", body_file),
        "versions": answer("versions", site, SIGNAL),
        "registry": answer("registry", site),
        "samples": samples,
    }


def test_readers_work_beside_a_server_that_trains(site: Path, recording: Path, body_file: Path) -> None:
    alone = read_all(site, recording, body_file)
    assert [each["version"] for each in alone["versions"]["versions"]] == list(range(1, VERSIONS + 1))
    assert alone["eval"]["version"] == alone["versions"]["active_version"] == 1
    assert len(alone["samples"]) == 8
    with serving(site, "--backbone", body_file, "--grace", 0) as server, peer(server.port) as trainer:
        trainer.send("train_signal", signal_name=OTHER, **LONG)
        trainer.until("training_progress")
        with training_paused(server.pid), peer(server.port) as client:  # is told nothing of the training
            assert read_all(site, recording, body_file) == alone
            client.ask("promote_version", signal_name=SIGNAL, version=2)
            beside = read_all(site, recording, body_file)
            assert beside["versions"]["active_version"] == beside["eval"]["version"] == 2
            assert beside["registry"]["signals"][SIGNAL]["active_version"] == 2
            assert client.ask("list_jobs")["jobs"][0]["state"] == "running"
            refused = run("promote", site, SIGNAL, 3)
            assert (refused.status, f"is served at {server.url}" in refused.stderr) == (1, True)
