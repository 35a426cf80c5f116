"""``label`` and ``import`` on a server make the samples that they make here."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.recordings import Recording, open_recording
from rfhydra.recordings.sigmf_extension import PART_OF_KEY
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import CONTRACT, SIGNAL, record, run
from tests.cli.test_label import RAW, answer, box, same_samples, samples
from tests.server.server_process import serving


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Three windows with six beacons."""
    return open_recording(record(tmp_path_factory.mktemp("take") / "take", 7, windows=3, packets=6))


@pytest.fixture
def served(tmp_path: Path, body_file: Path) -> Iterator[tuple[Path, str]]:
    """An empty workspace and the address of its server."""
    directory = tmp_path / "served"
    assert run("init", directory, *CONTRACT).status == 0
    with serving(directory, "--backbone", body_file) as server:
        yield directory, server.url


def test_samples_on_a_server_are_those_of_a_workspace_here(
    take: Recording, served: tuple[Path, str], tmp_path: Path
) -> None:
    remote, url = served
    raw = Path(shutil.copy(take.data_path, tmp_path / "night.cu8"))
    local = tmp_path / "local"
    assert run("init", local, *CONTRACT).status == 0
    first, *others = take.annotations
    calls = [["--box", box(first)], [word for each in others for word in ("--box", box(each))]]
    for boxes in calls:
        there = answer("label", raw, SIGNAL, *boxes, *RAW, "--server", url)
        here = answer("label", local, raw, SIGNAL, *boxes, *RAW)
        assert there == here
        assert same_samples(remote, local)
    again = answer("import", take.path, "--server", url)
    assert again["new_samples"] == {SIGNAL: 0}
    done = run("label", raw, SIGNAL, "--box", box(first), *RAW, "--server", url)
    assert f"next: rfhydra train {SIGNAL} --server {url}" in done.stdout
    with Workspace.view(remote) as store:
        assert all(store.samples.iq(each) is not None for each in samples(remote))


def test_what_a_server_refuses_ends_the_command(take: Recording, served: tuple[Path, str], tmp_path: Path) -> None:
    remote, url = served
    nothing = run("import", record(tmp_path / "other", 3, label=None), "--server", url)
    assert (nothing.status, samples(remote)) == (1, [])
    assert "no annotation with a label in other" in nothing.stderr
    done = run("import", take.path, "--server", url, "--max-samples", 1, "--json")
    assert done.status == 0, done.stderr
    assert len(samples(remote)) == 1


def test_a_part_must_say_of_which_recording(take: Recording, tmp_path: Path) -> None:
    meta = Path(shutil.copy(take.path, tmp_path))
    shutil.copy(take.data_path, tmp_path)
    meta.write_text(meta.read_text().replace('"global": {', f'"global": {{ "{PART_OF_KEY}": "night",'))
    assert run("init", tmp_path / "w", *CONTRACT).status == 0
    refused = run("import", tmp_path / "w", meta)
    assert refused.status == 1
    assert f"{PART_OF_KEY} must be a SHA-512 in hex" in refused.stderr
