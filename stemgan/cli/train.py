"""`stemgan train`: compose the configuration, train, keep the best checkpoint."""

from typing import TYPE_CHECKING, Any

from stemgan.cli.overrides import TRAIN, configuration_folder
from stemgan.cli.training.commanding import command, job_done

if TYPE_CHECKING:
    from omegaconf import DictConfig

__all__ = ["configuration_folder", "main"]

_HELP = """\
usage: stemgan train [-m] [--cfg job] [--json] [OVERRIDE ...]

Train a model. Overrides are Hydra's: name=value for any entry of the configuration, shown by
--cfg job; -m runs every combination of comma-separated values. Writes checkpoints, the resolved
configuration and metrics/ into output_dir; an interrupted run goes on with
resume=auto. --json prints the figures of a single run as one JSON object on stdout.

examples:
  stemgan synthesize -n 2000 -o simulated
  stemgan train experiment=demo_cpu data.datasets=[simulated] output_dir=runs/first
  stemgan train experiment=demo_cpu data.datasets=[simulated] output_dir=runs/first resume=auto
  stemgan train experiment=demo_cpu data.datasets=[simulated] weights=stemgan-s
  stemgan train data.datasets=[simulated] logger=wandb logger.wandb.offline=true
  stemgan train data.datasets=[simulated] trainer=ddp trainer.devices=4
  stemgan train -m data.datasets=[simulated] seed=0,1 hydra/launcher=joblib
  stemgan export runs/first -o mine.safetensors
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    if any(flag in argv for flag in ("-h", "--help")):
        print(_HELP)
        return
    command(argv, TRAIN, _run, _text, _job)


def _run(config: "DictConfig", words: list[str]) -> dict[str, Any] | None:
    from stemgan.cli.training.run import run

    return run(config, words)


def _text(figures: dict[str, Any]) -> str:
    from stemgan.cli.training.run import text

    return text(figures)


def _job(config: "DictConfig") -> None:
    job_done(config, _run, _text)
