"""``rfhydra pretrain``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rfhydra.cli.output import progress_bar, reported, say
from rfhydra.errors import InvalidMessage


class Device(StrEnum):
    CPU = "cpu"
    CUDA = "cuda"


def pretrain(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Directory of the run.", show_default=False)],
    minutes: Annotated[float, typer.Option(min=0.01, help="Training time, including earlier runs.")] = 60.0,
    device: Annotated[Device, typer.Option(help="Where to train.")] = Device.CPU,
    resume: Annotated[bool, typer.Option("--resume", help="Resume from the last checkpoint.")] = False,
    seed: Annotated[int, typer.Option(help="Random seed of bursts, scenes and weights.")] = 1,
    workers: Annotated[int, typer.Option(min=0, help="Number of processes that render scenes.")] = 1,
    initial: Annotated[Path | None, typer.Option(metavar="FILE", help="Initial weights: a backbone file.")] = None,
    per_waveform: Annotated[int, typer.Option(min=1, help="TorchSig bursts per waveform.")] = 60,
    learning_rate: Annotated[float, typer.Option(help="Maximum learning rate, after the warm-up.")] = 6e-4,
) -> None:
    """Pretrain a backbone: bursts with TorchSig, scenes, training. Writes OUT/body.safetensors."""
    with reported(), progress_bar() as bar:
        import torch

        from rfhydra.pretrain.burst_library import base_waveforms
        from rfhydra.pretrain.train import PretrainProgress, PretrainRun, Recipe

        if device is Device.CUDA and not torch.cuda.is_available():
            raise InvalidMessage("torch finds no GPU here: leave out --device, or install a torch for this GPU")
        recipe = Recipe(
            minutes=minutes, seed=seed, workers=workers, per_waveform=per_waveform, learning_rate=learning_rate
        )
        run = PretrainRun(out, recipe, device=device.value, resume=resume, initial=initial)
        making = bar.add_task("making bursts", total=len(base_waveforms()), note="")
        run.prepare(lambda waveform: bar.update(making, advance=1, note=waveform))
        training = bar.add_task("training, minutes", total=round(minutes, 1), note="")

        def on_step(report: PretrainProgress) -> None:
            losses = " ".join(f"{name.removeprefix('loss_')} {value:.3f}" for name, value in report.losses.items())
            bar.update(training, completed=round(report.minutes, 1), note=f"step {report.step} {losses}")

        body = run.run(on_step)
    say(f"backbone written to {body}: use it with --backbone, or put it in the package to ship it")
