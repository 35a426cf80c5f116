"""Boxes from the command line and from other programs become samples, or SigMF annotations."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rfhydra.recordings import Annotation, Recording, open_recording
from rfhydra.store.sample import Sample
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import CENTER_HZ, CONTRACT, RATE_HZ, SIGNAL, blobs, contents, record, run

RAW = ("--sample-rate", "250k", "--freq", "433.92M")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    directory = tmp_path / "mission"
    assert run("init", directory, *CONTRACT).status == 0
    return directory


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Three windows with six beacons."""
    return open_recording(record(tmp_path_factory.mktemp("take") / "take", 7, windows=3, packets=6))


@pytest.fixture
def raw(take: Recording, tmp_path: Path) -> Path:
    """The same without metadata."""
    return Path(shutil.copy(take.data_path, tmp_path / "night.cu8"))


def box(annotation: Annotation) -> str:
    low, high = annotation.freq_low_hz, annotation.freq_high_hz
    start, length = annotation.sample_start / RATE_HZ, annotation.sample_count / RATE_HZ
    return f"{start:.9f}s,{length * 1e3:.9f}ms,{(low + high) / 2:.3f},{(high - low) / 1e3:.9f}k"


def row(annotation: Annotation, name: str) -> str:
    end = annotation.sample_end / RATE_HZ
    fields = (annotation.sample_start / RATE_HZ, end, annotation.freq_low_hz, annotation.freq_high_hz)
    return ",".join([name, *(f"{each:.9f}" for each in fields), SIGNAL])


def samples(workspace: Path, name: str = SIGNAL) -> list[Sample]:
    with Workspace.view(workspace) as store:
        return store.samples.list(name)


def answer(*arguments: object) -> Any:
    done = run(*arguments, "--json")
    assert done.status == 0, done.stderr
    return json.loads(done.stdout)


def same_samples(one: Path, other: Path) -> bool:
    """Whether both workspaces have the same windows with the same boxes, to the sample and the hertz."""

    def content(workspace: Path) -> dict[str, Any]:
        return {
            each.sample_id: (each.recording, each.start_sample, [rounded(b.as_tuple()) for b in each.boxes])
            for each in samples(workspace)
        }

    def rounded(edges: tuple[float, ...]) -> tuple[int, ...]:
        return (round(edges[0] * RATE_HZ), round(edges[1] * RATE_HZ), round(edges[2]), round(edges[3]))

    return content(one) == content(other)


def test_boxes_give_the_samples_that_annotations_give(take: Recording, raw: Path, empty: Path, tmp_path: Path) -> None:
    boxes = [word for each in take.annotations for word in ("--box", box(each))]
    labelled = answer("label", empty, raw, SIGNAL, *boxes, *RAW)
    other = tmp_path / "other"
    assert run("init", other, *CONTRACT).status == 0
    assert labelled == answer("import", other, take.path)
    assert same_samples(empty, other)


def test_one_box_at_a_time_gives_what_all_at_once_give(take: Recording, raw: Path, empty: Path, tmp_path: Path) -> None:
    for each in take.annotations:  # in the order of time, so that the windows are those of all at once
        answer("label", empty, raw, SIGNAL, "--box", box(each), *RAW)
    other = tmp_path / "other"
    assert run("init", other, *CONTRACT).status == 0
    answer("import", other, take.path)
    assert {each.sample_id for each in samples(other)} <= {each.sample_id for each in samples(empty)}
    for sample in samples(empty):
        start = sample.start_sample or 0
        shown = [each.box(RATE_HZ, start) for each in take.annotations]
        whole = [each for each in shown if each.time_start_sec >= 0 and each.time_end_sec <= 256 * 256 / RATE_HZ]
        for inside in whole:
            assert any(abs(inside.time_start_sec - own.time_start_sec) < 1e-4 for own in sample.boxes)


def test_a_box_over_the_whole_band_and_what_comes_next(raw: Path, empty: Path) -> None:
    done = run("label", empty, raw, SIGNAL, "--box", "0.3s,40ms", *RAW)
    assert done.status == 0
    assert f"next: rfhydra train {empty} {SIGNAL}" in done.stdout
    assert "beacon has 1 sample, a training needs 5" in done.stderr
    (sample,) = samples(empty)
    (only,) = sample.boxes
    assert only.freq_high_hz - only.freq_low_hz == pytest.approx(RATE_HZ, rel=0.01)


def test_a_signal_with_a_head_is_extended(workspace: Path, raw: Path) -> None:
    done = run("label", workspace, raw, SIGNAL, "--box", "0.3s,40ms", *RAW)
    assert f"next: rfhydra extend {workspace} {SIGNAL}" in done.stdout


def test_labels_of_others_become_negatives(take: Recording, raw: Path, empty: Path, tmp_path: Path) -> None:
    first, *_ = take.annotations
    start, end = first.sample_start / RATE_HZ, first.sample_end / RATE_HZ
    track = tmp_path / "night.txt"
    track.write_text(f"{start}\t{end}\t{SIGNAL}\n{start}\t{end}\tpager\n\\\t100000\t110000\n")
    answer("label", empty, raw, SIGNAL, "--audacity", track, *RAW)
    (sample,) = samples(empty)
    assert [name for name, _ in sample.negatives] == ["pager"]
    missed = run("label", empty, raw, "doorbell", "--audacity", track, *RAW)
    assert missed.status == 2
    assert "no box is called 'doorbell', they are beacon, pager: say with --source-label" in missed.stderr
    answer("label", empty, raw, "doorbell", "--audacity", track, "--source-label", "pager", *RAW)
    assert len(samples(empty, "doorbell")) == 1


def test_packages_of_rtl_433(take: Recording, raw: Path, empty: Path, tmp_path: Path) -> None:
    first, *_ = take.annotations
    log = tmp_path / "rtl_433.log"
    log.write_text(
        f"Detected FSK package\t@{first.sample_start / RATE_HZ:.6f}s\nAnalyzing pulses...\n"
        f"Total count:   48,  width: {first.sample_count / RATE_HZ * 1e3:.2f} ms\t\t({first.sample_count:5d} S)\n"
    )
    answer("label", empty, raw, SIGNAL, "--rtl-433", log, *RAW)
    ((only,),) = [each.boxes for each in samples(empty)]
    assert only.time_end_sec - only.time_start_sec == pytest.approx(first.sample_count / RATE_HZ, abs=1e-4)


def test_sigmf_beside_a_raw_file_is_imported_as_it_is(take: Recording, raw: Path, empty: Path) -> None:
    first, second, *_ = take.annotations
    before = contents(empty)
    for each in (first, second):
        wrote = answer("label", empty, raw, SIGNAL, "--sigmf", "--box", box(each), *RAW)
    assert wrote == {"annotations_file": str(raw.with_name("night.sigmf-meta")), "boxes": 2}
    assert contents(empty) == before
    opened = open_recording(raw.with_name("night.sigmf-meta"))
    assert opened.data_path == raw
    assert [(each.sample_start, each.sample_count) for each in opened.annotations] == [
        (each.sample_start, each.sample_count) for each in (first, second)
    ]
    assert sum(answer("import", empty, raw.parent)["new_samples"].values()) >= 1
    assert sum(len(each.boxes) for each in samples(empty)) >= 2


def test_sigmf_of_a_sigmf_recording_is_a_file_of_its_own(take: Recording, empty: Path, tmp_path: Path) -> None:
    meta = Path(shutil.copy(take.path, tmp_path))
    shutil.copy(take.data_path, tmp_path)
    text = meta.read_text()
    done = run("label", empty, meta, "pager", "--box", "0.1s,20ms,+100k,10k", "--sigmf")
    assert done.status == 0, done.stderr
    assert f"1 box of pager in {tmp_path / 'take.labels.sigmf-meta'}" in done.stdout
    assert meta.read_text() == text
    labels = {each.label for each in open_recording(tmp_path / "take.labels.sigmf-meta").annotations}
    assert labels == {SIGNAL, "pager"}
    refused = run("label", empty, meta, "pager", "--box", "0.1s,20ms", "--sigmf", meta)
    assert refused.status == 1
    assert "is the metadata of a recording" in refused.stderr
    elsewhere = run("label", empty, meta, "pager", "--box", "0.1s,20ms", "--sigmf", empty / "out.sigmf-meta")
    assert "must be in the folder of take.sigmf-data" in elsewhere.stderr


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ((), 2, "there is no box: give --box, --pick, --csv, --audacity or --rtl-433"),
        (("--box", "1.2s"), 2, "--box '1.2s' has 1 parts"),
        (("--box", "100s,1s"), 1, "100 to 101 s is outside night"),
        (("--box", "0.1s,20ms,915M,10k"), 1, "is outside the recorded band"),
        (("--csv", "nowhere.csv"), 1, "nowhere.csv cannot be used: No such file"),
        (("--pick", "0"), 2, "--pick '0' is not a number from 1"),
        (("--pick", "3-1"), 2, "--pick '3-1' is not a number from 1"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(
    raw: Path, empty: Path, options: tuple[str, ...], status: int, message: str
) -> None:
    before = contents(empty)
    done = run("label", empty, raw, SIGNAL, *options, *RAW)
    assert done.status == status
    assert message in done.stderr
    assert contents(empty) == before


def test_a_name_that_is_none(raw: Path, empty: Path) -> None:
    done = run("label", empty, raw, "FM broadcast", "--box", "0.1s,20ms", *RAW)
    assert (done.status, blobs(empty)) == (2, [])
    assert "NAME 'FM broadcast' is not allowed" in done.stderr


def test_proposals_are_picked_by_number(take: Recording, raw: Path, empty: Path) -> None:
    from rfhydra.detection.proposals import PROPOSAL_SPEC, propose_boxes
    from rfhydra.hydra.backbone_file import load_backbone

    boxes = propose_boxes(open_recording(take.path), PROPOSAL_SPEC, load_backbone())
    assert boxes, "the backbone proposes the beacons"
    wrote = answer("label", empty, raw, SIGNAL, "--pick", f"1,{len(boxes)}", "--sigmf", *RAW)
    found = open_recording(wrote["annotations_file"]).annotations
    assert [round(each.sample_start) for each in found] == [
        round(boxes[i].time_start_sec * RATE_HZ) for i in sorted({0, len(boxes) - 1})
    ]
    missed = run("label", empty, raw, SIGNAL, "--pick", "999", *RAW)
    assert f"--pick 999: {len(boxes)} boxes are proposed" in missed.stderr


def test_import_of_folders_and_raw_files_with_a_table(take: Recording, empty: Path, tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    (folder / "day").mkdir(parents=True)
    for name in ("g001.cu8", "day/g002.cu8"):
        shutil.copy(take.data_path, folder / name)
    (folder / "notes.txt").write_text("nothing")
    table = tmp_path / "boxes.csv"
    rows = [row(each, name) for each in take.annotations for name in ("g001.cu8", "day/g002", "elsewhere.cu8")]
    table.write_text("\n".join(["file,start,end,low_hz,high_hz,label", *rows]))
    done = run("import", empty, folder, "--csv", table, *RAW)
    assert done.status == 0, done.stderr
    assert "boxes of 1 other recordings are left out: elsewhere.cu8" in done.stderr
    other = tmp_path / "other"
    assert run("init", other, *CONTRACT).status == 0
    answer("import", other, take.path)
    assert same_samples(empty, other)  # both files hold the same samples


def test_import_refuses_boxes_that_it_cannot_name_or_place(take: Recording, empty: Path, tmp_path: Path) -> None:
    raws = [Path(shutil.copy(take.data_path, tmp_path / f"g00{i}.cu8")) for i in (1, 2)]
    table = tmp_path / "boxes.csv"
    table.write_text("start,length\n0.1,0.1\n")
    unplaced = run("import", empty, *raws, "--csv", table, "--label", SIGNAL, *RAW)
    assert "boxes.csv, line 2 does not say which of 2 recordings is meant" in unplaced.stderr
    unnamed = run("import", empty, raws[0], "--csv", table, *RAW)
    assert "boxes.csv, line 2 has no label: give --label" in unnamed.stderr
    assert answer("import", empty, raws[0], "--csv", table, "--label", SIGNAL, *RAW)["new_samples"] == {SIGNAL: 1}


def test_center_is_where_the_signs_count_from(raw: Path, empty: Path) -> None:
    answer("label", empty, raw, SIGNAL, "--box", "0.3s,40ms,-50k,10k", *RAW)
    ((only,),) = [each.boxes for each in samples(empty)]
    assert only.freq_low_hz == pytest.approx(CENTER_HZ - 55e3)


def test_boxes_that_do_not_fit_are_warned_of_and_another_rate_is_refused(raw: Path, empty: Path) -> None:
    short = run("label", empty, raw, SIGNAL, "--box", "0.3s,2ms", *RAW)
    assert "1 of 1 boxes of beacon are under 4 columns" in short.stderr
    other = (raw, SIGNAL, "--box", "0.1s,40ms", "--sample-rate", "1M", "--freq", "433.92M")
    refused = run("label", empty, *other)
    assert refused.status == 1
    assert "with --any-rate" in refused.stderr
    assert run("label", empty, *other, "--any-rate").status == 0
