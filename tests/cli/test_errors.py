"""What goes wrong is one clear line with a code and the right exit status, and nothing in the workspace changes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch

from rfhydra.hydra.backbone_file import save_backbone
from rfhydra.hydra.head import EmbeddingHead
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.recordings import write_recording
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import CENTER_HZ, CONTRACT, RATE_HZ, SIGNAL, SPEC, contents, record, run

MISUSED: Final = (2, "invalid_message")
BAD_NAME: Final = (2, "invalid_name")
UNREADABLE: Final = (1, "invalid_message")
NOT_FOUND: Final = (1, "not_found")
CONFLICT: Final = (1, "conflict")
BUSY: Final = (1, "busy")
TOO_FEW: Final = (1, "not_enough_samples")
INCOMPATIBLE: Final = (1, "incompatible")
INTERNAL: Final = (1, "internal")

Change = Callable[[dict[str, Any]], None]


def assert_refused(workspace: Path, *arguments: object, error: tuple[int, str], says: str) -> None:
    """The command ends with this status and code, in both forms of output, and changes nothing in ``workspace``."""
    status, code = error
    before = contents(workspace)
    for_people = run(*arguments)
    assert (for_people.status, for_people.stdout) == (status, "")
    assert for_people.stderr.startswith(f"error ({code}) ")
    assert for_people.stderr.count("\n") == 1
    assert says in for_people.stderr
    for_programs = run(*arguments, "--json")
    assert (for_programs.status, for_programs.stdout) == (status, "")
    message = for_people.stderr.removeprefix(f"error ({code}) ").removesuffix("\n")
    assert json.loads(for_programs.stderr) == {"type": "error", "code": code, "message": message}
    assert contents(workspace) == before


def edit(meta: Path, change: Change) -> Path:
    """The recording with other metadata."""
    metadata = json.loads(meta.read_text())
    change(metadata)
    meta.write_text(json.dumps(metadata))
    return meta


def annotation(**fields: object) -> Change:
    named = {f"core:{name}": value for name, value in fields.items()}
    return lambda metadata: metadata["annotations"][0].update(named)


def datatype(name: str) -> Change:
    return lambda metadata: metadata["global"].update({"core:datatype": name})


BAD_METADATA: dict[str, tuple[Change, str]] = {
    "real samples": (datatype("ru8"), "holds real samples"),
    "an unknown datatype": (datatype("cu9"), "datatype 'cu9' is unknown"),
    "the datatype of longer samples": (datatype("cf64_le"), "the data is truncated"),
    "a box without duration": (annotation(sample_count=0), "core:sample_count is 0"),
    "a box without bandwidth": (annotation(freq_upper_edge=1.0, freq_lower_edge=1.0), "must be above"),
    "a box after the end": (annotation(sample_start=10**6), "not all in the data"),
    "a box beside the band": (annotation(freq_lower_edge=1e6, freq_upper_edge=2e6), "is outside"),
    "a label with a slash": (annotation(label="a/b"), "'a/b' is not allowed"),
    "a label that climbs": (annotation(label="a..b"), "'a..b' is not allowed"),
    "no label": (lambda metadata: metadata["annotations"][0].pop("core:label"), "no annotation with a label"),
    "no annotations": (lambda metadata: metadata["annotations"].clear(), "no annotation with a label"),
    "no global": (lambda metadata: metadata.pop("global"), "it has no object 'global'"),
}


@pytest.mark.parametrize("name", BAD_METADATA)
def test_import_of_bad_metadata(workspace: Path, tmp_path: Path, name: str) -> None:
    change, says = BAD_METADATA[name]
    bad = edit(record(tmp_path / "bad", 60), change)
    error = BAD_NAME if name.startswith("a label") else UNREADABLE
    assert_refused(workspace, "import", workspace, bad, error=error, says=says)


def test_a_bad_recording_among_good_ones_leaves_nothing_behind(workspace: Path, tmp_path: Path) -> None:
    good, bad = record(tmp_path / "good", 61), edit(record(tmp_path / "bad", 62), annotation(label="a/b"))
    assert_refused(workspace, "import", workspace, good, bad, error=BAD_NAME, says="'a/b' is not allowed")


@pytest.mark.parametrize("kept_bytes", [0, 1001, 1000])
@pytest.mark.parametrize("command", ["import", "detect"])
def test_a_truncated_or_empty_recording(workspace: Path, tmp_path: Path, command: str, kept_bytes: int) -> None:
    meta = record(tmp_path / "cut", 63)
    data = meta.with_suffix(".sigmf-data")
    data.write_bytes(data.read_bytes()[:kept_bytes])
    says = "the data is truncated" if kept_bytes else "the data is empty"
    assert_refused(workspace, command, workspace, meta, error=UNREADABLE, says=says)


RAW_FILES: dict[str, tuple[bytes, list[object], str]] = {
    "empty.cu8": (b"", ["--sample-rate", 1e6], "the data is empty"),
    "odd.cs16": (bytes(3), ["--sample-rate", 1e6], "3 bytes of data are fewer than the 4 bytes"),
    "silent.cu8": (bytes(4096), [], "core:sample_rate is missing"),
    "mystery.iq": (bytes(4096), ["--sample-rate", 1e6], "does not tell the datatype"),
    "real.iq": (bytes(4096), ["--sample-rate", 1e6, "--datatype", "rf32_le"], "holds real samples"),
    "text.wav": (b"no sound", [], "is not a whole wav"),
    "text.sigmf": (b"no archive", [], "is not a whole, uncompressed SigMF archive"),
    "short.cu8": (bytes(2 * SPEC.hop - 2), ["--sample-rate", "250k"], "short"),
}


@pytest.mark.parametrize("name", RAW_FILES)
def test_detect_in_a_bad_file(workspace: Path, tmp_path: Path, name: str) -> None:
    data, options, says = RAW_FILES[name]
    path = tmp_path / name
    path.write_bytes(data)
    assert_refused(workspace, "detect", workspace, path, *options, error=UNREADABLE, says=says)


@pytest.mark.parametrize("command", ["import", "detect"])
def test_samples_that_are_no_numbers(workspace: Path, tmp_path: Path, command: str) -> None:
    iq = np.ones(SPEC.window_samples, np.complex64)
    meta = write_recording(tmp_path / "nan", iq, RATE_HZ, CENTER_HZ)
    iq[1000] = np.nan
    meta.with_suffix(".sigmf-data").write_bytes(iq.tobytes())
    edit(meta, lambda metadata: metadata["annotations"].append({"core:sample_start": 0, "core:label": SIGNAL}))
    assert_refused(workspace, command, workspace, meta, error=UNREADABLE, says="finite")


def test_a_recording_that_is_not_there(workspace: Path, tmp_path: Path) -> None:
    for command in (["import", workspace], ["detect", workspace], ["eval", workspace, SIGNAL]):
        assert_refused(workspace, *command, tmp_path / "none", error=NOT_FOUND, says="no recording none")


def test_too_few_samples(tmp_path: Path, support: list[Path]) -> None:
    directory = tmp_path / "w"
    assert run("init", directory, *CONTRACT).status == 0
    assert run("import", directory, *support[:4]).status == 0
    assert_refused(directory, "train", directory, SIGNAL, error=TOO_FEW, says="minimum 5 required): beacon has 4")
    assert_refused(directory, "detect", directory, support[0], error=NOT_FOUND, says="train one first")


COMMANDS_ON_A_SIGNAL: dict[str, list[object]] = {
    "extend": [],
    "versions": [],
    "promote": [1],
    "rollback": [],
    "eval": ["FRESH"],
}


@pytest.mark.parametrize("command", COMMANDS_ON_A_SIGNAL)
def test_an_unknown_signal(workspace: Path, fresh: Path, command: str) -> None:
    more = [fresh if each == "FRESH" else each for each in COMMANDS_ON_A_SIGNAL[command]]
    assert_refused(workspace, command, workspace, "nobody", *more, error=NOT_FOUND, says="'nobody'")


def test_an_unknown_signal_to_train_or_detect(workspace: Path, fresh: Path) -> None:
    assert_refused(workspace, "train", workspace, "nobody", error=NOT_FOUND, says="'nobody' has no samples")
    assert_refused(
        workspace, "detect", workspace, fresh, "--heads", f"{SIGNAL},nobody", error=NOT_FOUND, says="'nobody'"
    )


@pytest.mark.parametrize("name", ["a/b", "../secret", "a..b", ""])
@pytest.mark.parametrize("command", ["train", *COMMANDS_ON_A_SIGNAL])
def test_a_name_that_could_be_a_path(workspace: Path, fresh: Path, command: str, name: str) -> None:
    more = [fresh if each == "FRESH" else each for each in COMMANDS_ON_A_SIGNAL.get(command, [])]
    assert_refused(workspace, command, workspace, name, *more, error=BAD_NAME, says=f"{name!r} is not allowed")


@pytest.mark.parametrize(
    "option", ["detect --heads a/b", "detect --heads ..", "import --label a/b", "import --label .."]
)
def test_an_option_with_a_name_that_could_be_a_path(workspace: Path, fresh: Path, option: str) -> None:
    assert_refused(workspace, *option.split(), workspace, fresh, error=BAD_NAME, says="is not allowed: use 1 to 64")


def test_an_unknown_version(workspace: Path) -> None:
    assert_refused(workspace, "promote", workspace, SIGNAL, 99, error=NOT_FOUND, says="has no version 99")


def test_nothing_to_roll_back_to(workspace: Path) -> None:
    assert run("rollback", workspace, SIGNAL).status == 0
    assert_refused(workspace, "rollback", workspace, SIGNAL, error=CONFLICT, says="no other version was active before")


def test_a_directory_that_is_no_workspace(workspace: Path, fresh: Path, tmp_path: Path) -> None:
    for command in (
        ["import", tmp_path, fresh],
        ["train", tmp_path, SIGNAL],
        ["extend", tmp_path, SIGNAL],
        ["detect", tmp_path, fresh],
        ["eval", tmp_path, SIGNAL, fresh],
        ["versions", tmp_path, SIGNAL],
        ["promote", tmp_path, SIGNAL, 1],
        ["rollback", tmp_path, SIGNAL],
        ["registry", tmp_path],
    ):
        assert_refused(workspace, *command, error=NOT_FOUND, says="is not a workspace")
    assert list(tmp_path.iterdir()) == [workspace]


def test_init_where_something_is(workspace: Path, tmp_path: Path) -> None:
    assert_refused(workspace, "init", workspace, error=CONFLICT, says="is a workspace already")
    assert_refused(workspace, "init", tmp_path, error=CONFLICT, says="is not an empty directory")
    (tmp_path / "file").touch()
    assert_refused(workspace, "init", tmp_path / "file" / "w", error=INTERNAL, says="cannot be used: ")


@pytest.mark.parametrize("option", [("--fft-size", 500), ("--hop", 0), ("--rows", 3), ("--cols", 5000)])
def test_init_with_an_impossible_contract(workspace: Path, tmp_path: Path, option: tuple[str, int]) -> None:
    directory = tmp_path / "new"
    assert_refused(workspace, "init", directory, *option, error=MISUSED, says=option[0])
    assert not directory.exists()


def test_a_workspace_in_use(workspace: Path, fresh: Path) -> None:
    with Workspace.open(workspace):
        for command in (["rollback", workspace, SIGNAL], ["train", workspace, SIGNAL], ["import", workspace, fresh]):
            assert_refused(workspace, *command, error=BUSY, says="is in use by another")


@pytest.fixture(scope="module")
def other_body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A body that nobody trained, with a shape of its own."""
    path = tmp_path_factory.mktemp("bodies") / "other.safetensors"
    torch.manual_seed(1)
    save_backbone(
        BackboneNetwork(NetworkConfig(classes=("burst",), channels=16, embedding=32)), path, {}, scratch=path.parent
    )
    return path


def test_a_head_from_another_backbone(workspace: Path, fresh: Path, other_body: Path) -> None:
    assert_refused(
        workspace,
        "detect",
        workspace,
        fresh,
        "--backbone",
        other_body,
        error=INCOMPATIBLE,
        says="was trained on backbone",
    )
    assert_refused(
        workspace,
        "eval",
        workspace,
        SIGNAL,
        fresh,
        "--backbone",
        other_body,
        error=INCOMPATIBLE,
        says="was trained on backbone",
    )


def test_a_signal_can_be_trained_again_on_another_backbone(workspace: Path, other_body: Path) -> None:
    outcome = run("train", workspace, SIGNAL, "--backbone", other_body, "--json")
    assert outcome.status == 0
    result = json.loads(outcome.stdout)
    assert (result["previous_version"], result["previous_metrics"], result["auto_promoted"]) == (2, None, False)
    assert f"`rfhydra promote DIR {SIGNAL} 3`" in result["promotion_reason"]
    assert json.loads(run("registry", workspace, "--json").stdout)["signals"][SIGNAL]["active_version"] == 2


def test_another_backbone_than_that_of_the_workspace_is_noted(workspace: Path, other_body: Path) -> None:
    train = ["train", workspace, SIGNAL, "--epochs", 1, "--backbone", other_body]
    assert run(*train).stderr.startswith("note workspace site-a uses backbone ")
    assert run("promote", workspace, SIGNAL, 3).status == 0
    assert "note workspace" not in run(*train).stderr


def test_a_file_that_is_no_backbone(workspace: Path, fresh: Path, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.safetensors"
    rubbish.write_bytes(b"rubbish")
    detect = ["detect", workspace, fresh, "--backbone"]
    assert_refused(workspace, *detect, rubbish, error=INCOMPATIBLE, says="not a file of body weights")
    assert_refused(workspace, *detect, tmp_path / "no", error=NOT_FOUND, says="no backbone file no")


def test_a_head_from_another_contract(workspace: Path, fresh: Path) -> None:
    with Workspace.open(workspace) as store:
        row = store.versions.get(SIGNAL, 2)
        head = EmbeddingHead.from_bytes(store.versions.artifact(row))
        foreign = replace(head, info=replace(head.info, spec_id="0123456789abcdef"))
        added = store.versions.add(
            signal_name=SIGNAL,
            kind=head.kind,
            artifact=foreign.to_bytes(),
            spec_id=store.spec.spec_id,
            backbone_id=row.backbone_id,
            metrics=row.metrics,
            sample_count=0,
            split_version=None,
            epochs_trained=0,
            early_stopped=False,
            training_time_sec=0,
        )
        store.versions.activate(SIGNAL, added.version)
    assert_refused(workspace, "detect", workspace, fresh, error=INCOMPATIBLE, says="contract 0123456789abcdef")


def test_a_contract_that_was_edited(workspace: Path, fresh: Path) -> None:
    settings = workspace / "rfhydra.toml"
    settings.write_text(settings.read_text().replace("hop = 256", "hop = 128"))
    assert_refused(workspace, "detect", workspace, fresh, error=INTERNAL, says="it is locked")


def test_outputs_are_refused_before_the_work(workspace: Path, fresh: Path, support: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    detect = ["detect", workspace, fresh]
    assert_refused(
        workspace, *detect, "--sigmf", tmp_path / "found.json", error=MISUSED, says="must end in .sigmf-meta"
    )
    assert_refused(
        workspace, "train", workspace, SIGNAL, "--png", tmp_path / "folder", error=MISUSED, says="is a directory"
    )
    (tmp_path / "twin").mkdir()
    twin = record(tmp_path / "twin" / support[0].stem, 64)
    assert_refused(
        workspace,
        "detect",
        workspace,
        support[0],
        twin,
        "--png",
        tmp_path,
        error=MISUSED,
        says="two recordings are called",
    )
    below_a_file = tmp_path / "file" / "x.png"
    assert_refused(workspace, *detect, "--png", below_a_file, error=INTERNAL, says="cannot be used: ")
    assert_refused(
        workspace, "train", workspace, SIGNAL, "--png", below_a_file, error=INTERNAL, says="cannot be used: "
    )


def test_detections_never_replace_the_metadata_of_a_recording(workspace: Path, fresh: Path) -> None:
    metadata = fresh.read_bytes()
    assert_refused(workspace, "detect", workspace, fresh, "--sigmf", fresh, error=CONFLICT, says="choose another name")
    assert fresh.read_bytes() == metadata


@pytest.mark.parametrize(
    "arguments",
    [
        ["detect", "w", "r", "--threshold", 2],
        ["train", "w", SIGNAL, "--epochs", 0],
        ["train", "w", SIGNAL, "--kind", "magic"],
        ["promote", "w", SIGNAL, "first"],
        ["promote", "w", SIGNAL],
        ["import", "w"],
        ["nonsense"],
        ["registry", "w", "--nonsense"],
    ],
)
def test_a_command_that_cannot_be_understood(arguments: list[object]) -> None:
    outcome = run(*arguments)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert "Usage: " in outcome.stderr


def test_pretrain_says_what_it_needs(tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        outcome = run("pretrain", tmp_path / "run", "--device", "cuda")
        assert (outcome.status, "torch finds no GPU" in outcome.stderr) == (2, True)
    (tmp_path / "run").mkdir(exist_ok=True)
    (tmp_path / "file").touch()
    outcome = run("pretrain", tmp_path / "file")
    assert (outcome.status, "cannot be used" in outcome.stderr) == (1, True)
