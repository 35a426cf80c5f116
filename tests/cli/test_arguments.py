"""Quantities on the command line."""

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from rfhydra.archive.example import box_from_text
from rfhydra.cli.arguments import CenterFrequency, SampleRate, seconds
from rfhydra.errors import InvalidMessage
from rfhydra.spectrum.boxes import Box
from tests.cli.command_runner import run


@pytest.mark.parametrize("frequency", ["--freq", "--center-freq"])
def test_hertz_and_seconds_take_units(frequency: str) -> None:
    given = list[tuple[float | None, float | None, float]]()
    app = typer.Typer()

    @app.command()
    def command(
        sample_rate: SampleRate = None,
        center_freq: CenterFrequency = None,
        length: Annotated[float, typer.Option(parser=seconds)] = 0.25,
    ) -> None:
        given.append((sample_rate, center_freq, length))

    assert CliRunner().invoke(app, ["--sample-rate", "250k", frequency, "433.92M"]).exit_code == 0
    assert CliRunner().invoke(app, ["--length", "30ms"]).exit_code == 0
    assert given == [(250e3, 433.92e6, 0.25), (None, None, 0.03)]


def test_an_unknown_unit_is_wrong_usage_of_the_option(tmp_path: Path) -> None:
    outcome = run("detect", tmp_path, tmp_path / "rec.cu8", "--sample-rate", "250x", "--json")
    assert outcome.status == 2
    assert "--sample-rate" in outcome.stderr
    assert "'250x' has the unknown unit 'x'" in outcome.stderr


def test_a_box_takes_units() -> None:
    assert box_from_text("1.2s,30ms,433.92M,50k") == Box(1.2, 1.23, 433.895e6, 433.945e6)
    for text in ("1,2,3", "1,2,3,x", "1,2,3,4,5", ""):
        with pytest.raises(InvalidMessage, match="--box"):
            box_from_text(text)
