"""``rfhydra card``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, Signal, Workspace
from rfhydra.cli.output import note, output_file, print_json, print_table, progress_bar, reported, say
from rfhydra.config import MAX_WHOLE
from rfhydra.errors import Busy, NotFound

if TYPE_CHECKING:
    from rfhydra.training.evaluation.card import DetectabilityCard, RecallAt


def card(
    directory: Workspace,
    signal: Signal,
    version: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=MAX_WHOLE, help="Version; default the active one.")
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a picture of the card.")] = None,
    stored: Annotated[bool, typer.Option("--stored", help="Show the stored card; measure nothing.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=MAX_WHOLE, help="Random seed of the trials.")] = 0,
    backbone: BackboneFile = None,
    as_json: AsJson = False,
) -> None:
    """Measure what a version detects and how often it is wrong, and store it with the version."""
    with reported(as_json=as_json):
        picture = None if png is None else output_file(png)
        made = _stored(directory, signal, version) if stored else _measured(directory, signal, version, backbone, seed)
        if picture is not None:
            from rfhydra.plots import draw_card

            draw_card(made, picture)
    if as_json:
        print_json(made.to_dict())
    else:
        _show(made)


def _stored(directory: Path, signal: str, version: int | None) -> "DetectabilityCard":
    from rfhydra.hydra.registry import VersionManager
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.evaluation.card import DetectabilityCard

    with Store.view(directory) as store:
        number = VersionManager(store).require_active(signal) if version is None else version
        fields = store.cards.get(signal, number)
    if fields is None:
        raise NotFound(f"version {number} of signal {signal!r} has no card: make one without --stored")
    return DetectabilityCard.from_dict(fields)


def _measured(
    directory: Path, signal: str, version: int | None, backbone: Path | None, seed: int
) -> "DetectabilityCard":
    """The card, now stored with the version unless another process owns the workspace."""
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.evaluation.detectability import measure_card

    with progress_bar() as bar, Store.view(directory) as store:
        task = bar.add_task("loading", total=None, note="")
        made = measure_card(
            store,
            signal,
            version,
            load_backbone(backbone, best_device()),
            seed=seed,
            on_trial=lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
        )
    try:
        with Store.open(directory) as store:
            store.cards.put(signal, made.version, made.to_dict())
    except Busy as busy:
        note(f"the card is not stored: {busy}")
    return made


def _show(made: "DetectabilityCard") -> None:
    unseen = "all trained on" if made.trained_on else f"{made.unseen_bursts} of them not trained on"
    say((made.signal_name, "bold"), f" version {made.version}: {made.bursts} bursts, {unseen}")
    if made.snr is not None:
        half = _with_interval(made.snr.min_snr_50_db, made.snr.min_snr_50_interval_db)
        most = _with_interval(made.snr.min_snr_90_db, made.snr.min_snr_90_interval_db)
        say(f"  minimum in-band SNR: {half} for recall 0.5, {most} for recall 0.9")
        say(f"  as received: {_db(made.snr.own_snr_db)}; {made.snr.trials} trials")
        print_table("recall by in-band SNR, dB", ["SNR", "recall", "trials"], _points(made.snr.points))
    for title, points in (
        ("recall by place in the band, −0.5 to 0.5", made.positions),
        ("recall by length, own is 1", made.length),
        ("recall by bandwidth, own is 1", made.bandwidth),
    ):
        if points is not None:
            print_table(title, ["", "recall", "trials"], _points(points))
    if made.confusion is not None:
        _show_confusion(made)
    if made.false_alarms is not None:
        alarms = made.false_alarms
        low, high = alarms.interval_per_hour
        say(
            f"  false alarms: {alarms.count} in {alarms.background_sec:.1f} s of {alarms.windows} stored windows,"
            f" {alarms.per_hour:.1f} per hour (90 % interval {low:.1f} to {high:.1f})"
        )
    for field, text in made.notes.items():
        note(f"{field}: {text}")


def _show_confusion(made: "DetectabilityCard") -> None:
    rows = [
        (
            f"{each.signal_name} version {each.version}",
            f"{each.taken_alone} of {each.own_boxes}",
            f"{each.taken_together} of {each.own_boxes}",
            f"{each.claimed_alone} of {each.other_boxes}",
            f"{each.claimed_together} of {each.other_boxes}",
        )
        for each in made.confusion or ()
    ]
    own = made.signal_name
    columns = ["other head", f"detects {own}", "all heads loaded", f"{own} detects it", "all heads loaded"]
    print_table("confusion, boxes", columns, rows)


def _points(points: list["RecallAt"]) -> list[tuple[str, str, int]]:
    return [(f"{each.value:g}", f"{each.recall:.2f}", each.trials) for each in points]


def _with_interval(value: float | None, interval: tuple[float | None, float | None]) -> str:
    low, high = interval
    return f"{_db(value)} (90 % interval {_db(low)} to {_db(high)})"


def _db(value: float | None) -> str:
    return "–" if value is None else f"{value:z.1f} dB"  # no negative zero
