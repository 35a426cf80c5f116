"""Try all attacks, or some, each on a server of its own, and print what they did.

python -m tests.abuse [--only NAME] [--seconds SEC]
"""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.tables import table
from tests.abuse.attack import MIB
from tests.abuse.catalogue import ATTACKS
from tests.abuse.measure import Bench, Outcome
from tests.server.server_process import small_backbone, stock


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
        bench = Bench(Path(directory), site, body, seconds)
        for outcome in bench.outcomes(chosen):
            print(f"{outcome.attack}: {'; '.join(outcome.problems()) or 'held'}", flush=True)
            outcomes.append(outcome)
    header = ["attack", "idle, MiB", "peak", "allowed", "heads p50, ms", "longest", "idle longest", "registry longest"]
    print(table([*header, "lost", "new clients refused", "the attacker saw", "broken bounds"], *map(_row, outcomes)))
    raise typer.Exit(int(any(each.problems() for each in outcomes)))


def _row(outcome: Outcome) -> list[object]:
    seen: dict[str, dict[str, Any]] = outcome.during
    lost = sum(each["lost"] for name, each in seen.items() if name != "newcomer")
    heads, idle = (each.get("heads", {}).get("took_ms") or (0, 0) for each in (seen, outcome.before))
    return [
        outcome.attack,
        *(value // MIB for value in (outcome.idle_bytes, outcome.peak_bytes, outcome.allowed_bytes)),
        f"{heads[0]:.1f}",
        f"{heads[1]:.0f}",
        f"{idle[1]:.0f}",
        f"{outcome.longest_ms('registry'):.0f}",
        lost,
        seen.get("newcomer", {}).get("lost", 0),
        outcome.told,
        "; ".join(outcome.problems()) or "none",
    ]


if __name__ == "__main__":
    typer.run(main)
