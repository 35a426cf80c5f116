"""``rfhydra pretrain`` and ``rfhydra quantise``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rfhydra.cli.output import progress_bar, reported, say
from rfhydra.errors import Incompatible, InvalidMessage


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


def quantise(
    backbone: Annotated[Path, typer.Argument(metavar="BACKBONE", help="Backbone file.", show_default=False)],
    scenes: Annotated[int, typer.Option(min=1, help="Synthetic scenes that give the ranges of the activations.")] = 60,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 1,
) -> None:
    """Make int8 layers of a backbone, for --runtime openvino-int8. Writes them beside BACKBONE."""
    with reported():
        from rfhydra.hydra.backbone_file import load_backbone
        from rfhydra.hydra.int8_file import int8_path_of, save_int8_layers
        from rfhydra.pretrain.quantise import calibration_images, quantise

        loaded, path, images = load_backbone(backbone), int8_path_of(backbone), []
        with progress_bar() as bar:
            rendering = bar.add_task("scenes", total=scenes, note="")
            for image in calibration_images(scenes, seed):
                images.append(image)
                bar.advance(rendering)
        layers = quantise(loaded, images)  # shows bars of its own
        save_int8_layers(layers, path, loaded.backbone_id, {"scenes": scenes, "seed": seed})
        try:
            load_backbone(backbone, runtime="openvino-int8")
        except Incompatible:
            path.unlink()
            raise Incompatible("8 bits are too coarse for this backbone: its golden test vector fails") from None
    say(f"int8 layers written to {path}: --runtime auto uses them with {backbone.name} where they are faster")
