"""Try all attacks, or some, each on a server of its own, and print what they did.

python -m tests.abuse [--only NAME] [--seconds SEC]
"""

import tempfile
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from benchmarks.tables import table
from tests.abuse.attack import MIB
from tests.abuse.catalogue import ATTACKS
from tests.abuse.measure import Bench, Outcome
from tests.server.server_process import small_backbone, stock

BESIDE_SEC: Final = 1.5
COLUMNS: Final = (
    "attack",
    "idle, MiB",
    "more, MiB",
    "allowed, MiB",
    "longest answer before, ms",
    "longest answer from memory, ms",
    "longest answer from the store, ms",
    "others disconnected",
    "new clients refused",
    "broken bounds",
)


def main(
    only: Annotated[list[str] | None, typer.Option(help="Attacks whose name begins so. Repeatable.")] = None,
    seconds: Annotated[float, typer.Option(help="Duration of an attack that does not end by itself.")] = 5.0,
) -> None:
    """Attack a live server and print memory, delays and what other clients saw; exit status 1 if a bound was broken."""
    chosen = [each for each in ATTACKS if any(each.name.startswith(name) for name in only or [""])]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as directory:
        body = small_backbone(Path(directory) / "body.safetensors")
        site = stock(Path(directory) / "site", body)
        bench = Bench(Path(directory), site, body, seconds, beside_sec=BESIDE_SEC)
        for outcome in bench.outcomes(chosen):
            print(f"{outcome.attack}: {outcome.told}. {'; '.join(outcome.problems()) or 'Held.'}", flush=True)
            outcomes.append(outcome)
    print(table(COLUMNS, *map(_row, outcomes)))
    raise typer.Exit(int(any(each.problems() for each in outcomes)))


def _row(outcome: Outcome) -> list[object]:
    seen: dict[str, dict[str, Any]] = outcome.during
    lost = sum(each["lost"] for name, each in seen.items() if name != "newcomer")
    quiet_ms = max(each["took_ms"][1] for name, each in outcome.before.items() if name != "newcomer")
    return [
        outcome.attack,
        outcome.idle_bytes // MIB,
        (outcome.peak_bytes - outcome.idle_bytes) // MIB,
        (outcome.allowed_bytes - outcome.idle_bytes) // MIB,
        *(f"{value:.0f}" for value in (quiet_ms, outcome.longest_ms("heads"), outcome.longest_ms("registry"))),
        lost,
        seen.get("newcomer", {}).get("lost", 0),
        "; ".join(outcome.problems()) or "none",
    ]


if __name__ == "__main__":
    typer.run(main)
