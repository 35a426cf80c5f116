"""``rfhydra search``."""

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, CenterFrequency, Datatype, SampleRate, Workspace
from rfhydra.cli.output import print_json, print_table, reported, say
from rfhydra.config import check_name
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.archive.example import Example
    from rfhydra.archive.search import SimilarEmission
    from rfhydra.recordings.known import KnownFields

_ARCHIVE: Final = Path("hits.parquet")
_LABEL: Final = "similar"


def search(
    directory: Workspace,
    like: Annotated[
        str, typer.Option(metavar="FILE#N", help="A recording, and the number of an annotation.", show_default=False)
    ],
    box: Annotated[
        str | None, typer.Option(metavar="START,LEN,CENTRE,BANDWIDTH", help="A box in FILE, as 1.2s,30ms,433.92M,50k.")
    ] = None,
    archive: Annotated[Path, typer.Option(metavar="FILE", help="What `rfhydra scan` wrote.")] = _ARCHIVE,
    top: Annotated[int, typer.Option(min=1, max=1000, help="Number of emissions.")] = 10,
    sigmf: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write them as SigMF, to be imported.")] = None,
    label: Annotated[str | None, typer.Option(help="Label there; default that of the annotation.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    sample_rate: SampleRate = None,
    center_freq: CenterFrequency = None,
    datatype: Datatype = None,
    backbone: BackboneFile = None,
    as_json: AsJson = False,
) -> None:
    """Find the emissions of a scanned archive that are most similar to one box."""
    with reported(as_json=as_json):
        from rfhydra.archive.annotations import write_annotations
        from rfhydra.archive.scan import ArchiveFiles
        from rfhydra.archive.search import find_similar
        from rfhydra.recordings.known import KnownFields
        from rfhydra.store.workspace import Workspace as Store

        if as_csv and as_json:
            raise InvalidMessage("give --csv or --json, not both")
        label = None if label is None else check_name(label, "label")
        known = KnownFields(datatype, sample_rate, center_freq)
        files = ArchiveFiles.at(archive)
        with Store.view(directory) as store:
            spec = store.spec
        example, stated, backbone_id = _example(like, box, known, spec, backbone)
        found = find_similar(files.emissions, example, top, spec_id=spec.spec_id, backbone_id=backbone_id)
        if sigmf is not None:
            labelled: dict[str, list[Any]] = {}
            for each in found:
                row = (label or stated or _LABEL, each.similarity, each.box)
                labelled.setdefault(each.recording, []).append(row)
            write_annotations(labelled, known, sigmf)
    if as_json:
        print_json({"emissions": [each.to_dict() for each in found]})
    elif as_csv:
        _print_csv(found)
    else:
        _show(found, like)
        if sigmf is not None:
            say(f"next: look at them, then rfhydra import {directory} {sigmf}/*.sigmf-meta")


def _example(
    like: str, box: str | None, known: "KnownFields", spec: Any, backbone: Path | None
) -> tuple["Example", str | None, str]:
    """The example, the label of its annotation, and the id of the backbone."""
    from rfhydra.archive.example import Example, annotated_box, box_from_text, like_from_text
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device

    path, number = like_from_text(like)
    if (number is None) == (box is None):
        raise InvalidMessage("give the number of an annotation, --like FILE#3, or --like FILE and --box; not both")
    recording = known.open(path)
    wanted, label = (box_from_text(box), None) if box is not None else annotated_box(recording, number or 0)
    loaded = load_backbone(backbone, best_device())
    return Example.of(recording, wanted, spec, loaded), label, loaded.backbone_id


def _show(found: list["SimilarEmission"], like: str) -> None:
    if not found:
        say("the archive holds no other emission")
        return
    columns = ["", "alike", "recording", "start s", "ms", "MHz", "kHz", "signal"]
    rows = [
        (
            number,
            f"{each.similarity:.2f}",
            Path(each.recording).stem,
            f"{each.box.time_start_sec:.3f}",
            f"{1e3 * (each.box.time_end_sec - each.box.time_start_sec):.1f}",
            f"{(each.box.freq_low_hz + each.box.freq_high_hz) / 2e6:.3f}",
            f"{(each.box.freq_high_hz - each.box.freq_low_hz) / 1e3:.1f}",
            each.signal or "",
        )
        for number, each in enumerate(found, start=1)
    ]
    print_table(f"like {like}", columns, rows)


def _print_csv(found: list["SimilarEmission"]) -> None:
    from rfhydra.archive.search import SimilarEmission

    writer = csv.DictWriter(sys.stdout, SimilarEmission.columns())
    writer.writeheader()
    writer.writerows(each.to_dict() for each in found)
    sys.stdout.flush()
