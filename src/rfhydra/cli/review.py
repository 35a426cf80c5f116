"""``rfhydra review``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, Workspace
from rfhydra.cli.output import note, print_json, print_table, reported, say

if TYPE_CHECKING:
    from rfhydra.training.review import Review

_NUMBERS = "1-20,25|rest"


def review(
    directory: Workspace,
    found: Annotated[
        Path, typer.Argument(metavar="FOUND", help="What detect --sigmf has written.", show_default=False)
    ],
    accept: Annotated[
        str | None, typer.Option(metavar=_NUMBERS, help="Detections that are right; rest: all others.")
    ] = None,
    reject: Annotated[str | None, typer.Option(metavar=_NUMBERS, help="False alarms; rest: all others.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make samples of detections, by the numbers that detect prints."""
    with reported(as_json=as_json):
        from rfhydra.recordings import open_recording
        from rfhydra.recordings.sigmf_write import stated_verdicts
        from rfhydra.store.workspace import Workspace as Store
        from rfhydra.training.review import as_verdicts, parse_numbers
        from rfhydra.training.review import review as carry_out

        recording = open_recording(found)
        last = len(recording.annotations)
        undecided = set(range(1, last + 1)) - stated_verdicts(recording).keys()
        wanted = (parse_numbers(accept, "--accept", last), parse_numbers(reject, "--reject", last))
        verdicts = as_verdicts(*wanted, undecided)
        with Store.open(directory) as store:
            done = carry_out(store, recording, verdicts)
    if as_json:
        counts = {"accepted": done.accepted, "rejected": done.rejected, "unreviewed": done.unreviewed}
        print_json({**counts, "new_samples": done.imported.new_samples, "total_samples": done.imported.total_samples})
    else:
        _show(directory, done)


def _show(directory: Path, done: "Review") -> None:
    imported = done.imported
    rows = [(name, new, imported.total_samples[name]) for name, new in sorted(imported.new_samples.items())]
    print_table(f"{done.accepted} accepted, {done.rejected} rejected", ["signal", "new samples", "in all"], rows)
    if done.unreviewed:
        note(f"{done.unreviewed} detections are undecided; where a sample shows one, it is taken for background")
    for name, _, _ in rows:
        say(f"next: rfhydra extend {directory} {name}")
