"""``rfhydra samples``, ``samples rm`` and ``samples relabel``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from rfhydra.cli.arguments import AsJson, ServerUrl, Token, Workspace
from rfhydra.cli.log import as_length
from rfhydra.cli.output import counted, note, output_file, print_json, print_table, reported, say
from rfhydra.cli.root import Command
from rfhydra.cli.signals import carry_out
from rfhydra.errors import NotFound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rfhydra.client import Client
    from rfhydra.protocol.types import SampleInfo
    from rfhydra.store.workspace import Workspace as Store

    Named = tuple[str, SampleInfo]
    Pictured = tuple[str, SampleInfo, NDArray[np.uint8]]

ID_DIGITS = 12
"""Digits of an id in a table."""
_LIST = "list"
Ids = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="Ids of samples, or the first digits of each.", show_default=False),
]
MaybeSignal = Annotated[str | None, typer.Argument(metavar="[SIGNAL]", help="Only this signal.", show_default=False)]


class Samples(TyperGroup):
    """``rfhydra samples DIR`` is ``rfhydra samples list DIR``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = [_LIST, *args]
        return super().parse_args(ctx, args)


samples = typer.Typer(
    cls=Samples,
    help="Show the samples of a workspace; remove some, or make them samples of another signal.",
    no_args_is_help=True,
)


@samples.command(_LIST, cls=Command)
def show(
    directory: Workspace,
    signal: MaybeSignal = None,
    png: Annotated[Path | None, typer.Option(metavar="SHEET", help="Write a picture of each, with its boxes.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of rows of the table, the newest.")] = 50,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show samples. The word "list" may be left out."""
    with reported(as_json=as_json):
        sheet = None if png is None else output_file(png)

        def read(store: "Store") -> "list[Named]":
            found = _stored(store, signal)
            if sheet is not None:
                _draw(
                    found, [store.samples.image(store.samples.get(each.sample_id)) for _, each in _newest(found)], sheet
                )
            return found

        async def ask(client: "Client") -> "list[Named]":
            found = await _served(client, signal)
            if sheet is not None:
                _draw(found, [await _image(client, each) for _, each in _newest(found)], sheet)
            return found

        found = carry_out(directory, server, token, read, ask, changes=False)
    if as_json:
        print_json({"samples": [{"signal_name": name, **_fields(each)} for name, each in found]})
        return
    _show(found[-limit:], signal)
    if len(found) > limit:
        note(f"older samples are left out: see --limit {limit}, or --json for all {len(found)}")
    if sheet is not None and len(found) > len(_newest(found)):
        note(f"{sheet} shows the newest {len(_newest(found))} of {len(found)}")


@samples.command("rm", cls=Command)
def remove(
    directory: Workspace, ids: Ids, server: ServerUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Remove samples."""
    with reported(as_json=as_json):

        def here(store: "Store") -> list[str]:
            with store.db.transaction():
                known = [store.samples.find_id(each) for each in ids]
                for each in known:
                    store.samples.delete(each)
            store.collect_garbage()
            return known

        async def there(client: "Client") -> list[str]:
            return [(await client.delete_training_sample(each)).sample_id for each in ids]

        removed = carry_out(directory, server, token, here, there)
    if as_json:
        print_json({"removed": removed})
    else:
        say(f"removed {counted(len(removed), 'sample')}")


@samples.command("relabel", cls=Command)
def relabel(
    directory: Workspace,
    ids: Ids,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="The signal that they show.", show_default=False)],
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make samples some of another signal."""
    with reported(as_json=as_json):

        def here(store: "Store") -> list[str]:
            with store.db.transaction():
                return [store.samples.relabel(store.samples.find_id(each), to).sample_id for each in ids]

        async def there(client: "Client") -> list[str]:
            return [(await client.relabel_sample(each, to)).sample_id for each in ids]

        relabelled = carry_out(directory, server, token, here, there)
    if as_json:
        print_json({"signal_name": to, "samples": relabelled})
    else:
        say(f"{counted(len(relabelled), 'sample')} now of ", (to, "bold"))


def _stored(store: "Store", signal: str | None) -> "list[Named]":
    from rfhydra.store.sample_info import describe_sample

    names = _chosen(store.samples.signal_names(), signal)
    every = (sample for name in names for sample in store.samples.list(name))
    return [(each.signal_name, describe_sample(each, store.spec)) for each in every]


async def _served(client: "Client", signal: str | None) -> "list[Named]":
    names = [each.signal_name for each in (await client.get_signals()).signals if each.sample_count]
    found: list[Named] = []
    for name in _chosen(names, signal):
        cursor = None
        while True:
            page = await client.get_training_samples(name, cursor=cursor)
            found += [(name, each) for each in page.samples]
            cursor = page.next_cursor
            if cursor is None:
                break
    return found


async def _image(client: "Client", sample: "SampleInfo") -> "NDArray[np.uint8]":
    import base64
    import io

    import numpy as np

    shown = (await client.get_training_sample(sample.sample_id, include_spectrogram=True)).sample
    image: NDArray[np.uint8] = np.load(io.BytesIO(base64.b64decode(shown.spectrogram_b64 or "")), allow_pickle=False)
    return image


def _chosen(names: Sequence[str], signal: str | None) -> Sequence[str]:
    if signal is None:
        return names
    if signal not in names:
        known = f": there are {', '.join(names)}" if names else ""
        raise NotFound(f"there are no samples of signal {signal!r}{known}")
    return [signal]


def _newest(found: "list[Named]") -> "list[Named]":
    from rfhydra.plots.contact_sheet import MAX_CROPS

    return found[-MAX_CROPS:]


def _draw(found: "list[Named]", images: "list[NDArray[np.uint8]]", sheet: Path) -> None:
    from rfhydra.plots.contact_sheet import draw_contact_sheet

    if not found:
        raise NotFound("there are no samples to draw")
    pictures: list[Pictured] = [(*named, image) for named, image in zip(_newest(found), images, strict=True)]
    draw_contact_sheet(pictures, sheet)


def _fields(sample: "SampleInfo") -> dict[str, Any]:
    return sample.model_dump(mode="json")


def _show(found: "list[Named]", signal: str | None) -> None:
    if not found:
        say("no samples")
        return
    columns = ["sample", "signal", "boxes", "neg.", "s", "length", "MHz", "kHz"]
    print_table("samples" if signal is None else f"samples of {signal}", columns, [_cells(*each) for each in found])


def _cells(name: str, sample: "SampleInfo") -> tuple[object, ...]:
    """Time and frequency are those of the first box; in a window without a sample rate they have no unit."""
    first = next(iter(sample.boxes or sample.negatives))
    rate = sample.sample_rate_hz
    start = None if rate is None or sample.start_sample is None else sample.start_sample / rate
    known = rate is not None
    return (
        sample.sample_id[:ID_DIGITS],
        name,
        len(sample.boxes),
        len(sample.negatives),
        None if start is None else f"{start + first.time_start_sec:.3f}",
        as_length(first.time_end_sec - first.time_start_sec) if known else None,
        f"{(first.freq_low_hz + first.freq_high_hz) / 2e6:.3f}" if known else None,
        f"{(first.freq_high_hz - first.freq_low_hz) / 1e3:.1f}" if known else None,
    )
