"""``rfhydra recontract``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, Workspace
from rfhydra.cli.output import counted, note, print_json, print_table, progress_bar, reported, say
from rfhydra.cli.recordings import open_recordings
from rfhydra.cli.suggest import Label, show_choice
from rfhydra.cli.upgrade import head_bars
from rfhydra.cli.workspace import Cols, FftSize, FromRecordings, Hop, MoreRecordings, Rows, contract_of
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.contract.report import RecontractReport
    from rfhydra.spectrum.spec import SpectrogramSpec

Referenced = Annotated[
    list[Path] | None,
    typer.Option("--recording", metavar="FILE", help="A recording with the IQ of samples that were stored without."),
]
Confirm = Annotated[bool, typer.Option("--confirm", help="Put the new state in the place of the old, and remove that.")]
Undo = Annotated[bool, typer.Option("--undo", help="Remove the new state, which is not confirmed.")]


def recontract(
    directory: Workspace,
    more: MoreRecordings = None,
    fft_size: FftSize = None,
    hop: Hop = None,
    rows: Rows = None,
    cols: Cols = None,
    recordings: FromRecordings = None,
    signal: Label = None,
    referenced: Referenced = None,
    confirm: Confirm = False,
    undo: Undo = False,
    backbone: BackboneFile = None,
    as_json: AsJson = False,
) -> None:
    """Make all samples and heads of a workspace anew under another contract.

    They are built beside the workspace, which stays as it is until --confirm puts them in its place.
    """
    with reported(as_json=as_json):
        fields, chosen_by = (fft_size, hop, rows, cols), [*(recordings or []), *(more or [])]
        has_contract = bool(chosen_by) or any(each is not None for each in fields)
        if confirm + undo + has_contract != 1:
            raise InvalidMessage("give a contract (--fft-size … or --from), or --confirm, or --undo")
        if confirm:
            _confirm(directory, as_json=as_json)
        elif undo:
            _undo(directory, as_json=as_json)
        else:
            spec, choice = contract_of(fields, chosen_by, signal, backbone)
            if choice is not None and not as_json:
                show_choice(*choice)
            _build(directory, spec, [*(referenced or []), *chosen_by], backbone, as_json=as_json)


def _build(
    directory: Path, spec: "SpectrogramSpec", referenced: list[Path], backbone: Path | None, *, as_json: bool
) -> None:
    from rfhydra.contract.recontract import recontract as build
    from rfhydra.contract.succession import Succession
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.store.workspace import Workspace as Store

    opened = open_recordings(referenced)
    with Store.open(directory) as store, progress_bar() as bar:
        loaded, succession = load_backbone(backbone, best_device()), Succession(directory)
        succession.clear()
        try:
            report = build(store, succession.successor, spec, loaded, opened, head_bars(bar))
            succession.complete(report)
        except BaseException:
            succession.clear()
            raise
    if as_json:
        print_json({**report.to_dict(), "confirmed": False})
        return
    _show(report)
    say("the workspace is as it was; the new one is ", (str(succession.successor), "bold"))
    say(f"next: rfhydra recontract {directory} --confirm, or --undo")


def _confirm(directory: Path, *, as_json: bool) -> None:
    from rfhydra.contract.succession import Succession

    report = Succession(directory).confirm()
    if as_json:
        print_json({**report.to_dict(), "confirmed": True})
    else:
        say("workspace ", (directory.resolve().name, "bold"), f" has contract {report.spec.spec_id} from now on")


def _undo(directory: Path, *, as_json: bool) -> None:
    from rfhydra.contract.succession import Succession

    Succession(directory).undo()
    if as_json:
        print_json({"undone": True})
    else:
        say("the new state is removed; workspace ", (directory.resolve().name, "bold"), " is as it was")


def _show(report: "RecontractReport") -> None:
    spec = report.spec
    samples = [(each.signal_name, each.before, each.carried, each.after) for each in report.samples]
    title = f"contract {report.former.spec_id} → {spec.spec_id} ({spec.fft_size}/{spec.hop}, {spec.rows}×{spec.cols})"
    print_table(title, ["signal", "samples before", "carried", "samples now"], samples)
    heads = [
        (
            each.signal_name,
            f"{each.former_version} → {each.version}",
            each.f1_before,
            each.f1_after,
            f"{each.boxes} ({each.basis})",
            each.change,
        )
        for each in report.heads
    ]
    if heads:
        print_table("heads", ["signal", "version", "F1 before", "F1 after", "boxes", ""], heads)
    for left in report.left_samples:
        origin = f" (of {', '.join(left.recordings[:3])})" if left.recordings else ""
        note(f"{counted(len(left.sample_ids), 'sample')} of {left.signal_name}{origin} not carried: {left.reason}")
    if worse := [each.signal_name for each in report.heads if each.change == "worse"]:
        note(f"worse than before: {', '.join(worse)}")
    for head in report.left_heads:
        note(f"{head.signal_name} has no head under the new contract: {head.reason}")
