"""`stemgan train`: compose the configuration, train, keep the best checkpoint."""

from typing import TYPE_CHECKING

from stemgan.cli.common import emit
from stemgan.cli.overrides import composed, configuration_folder
from stemgan.errors import InputError

if TYPE_CHECKING:
    from omegaconf import DictConfig

__all__ = ["configuration_folder", "main"]

_HELP = """\
usage: stemgan train [-m] [--cfg job] [--json] [OVERRIDE ...]

Train a model. Overrides are Hydra's: name=value for any entry of the configuration, shown by
--cfg job; -m runs every combination of comma-separated values. Writes checkpoints, the resolved
configuration and metrics/ into output_dir; an interrupted run goes on with resume=. --json
prints the figures of a single run as one JSON object on stdout.

examples:
  stemgan synthesize -n 2000 -o simulated
  stemgan train experiment=demo_cpu data.datasets=[simulated] output_dir=runs/first
  stemgan train experiment=demo_cpu data.datasets=[simulated] resume=runs/first/last.ckpt
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
    words = [word for word in argv if word != "--json"]
    as_json = words != argv
    if not any(word.startswith("-") for word in words):
        _single(words, as_json=as_json)
    elif as_json:
        raise InputError("--json goes with a single run: leave it out, or Hydra's own flags")
    else:
        from stemgan.cli.hydra_jobs import leave_to_hydra

        leave_to_hydra(words, _job)


def _single(words: list[str], *, as_json: bool) -> None:
    from stemgan.cli.training.run import run, text

    figures = run(composed(words), words)
    if figures is not None:  # of the first process alone
        emit(figures, text(figures), as_json=as_json)


def _job(config: "DictConfig") -> None:
    """Train one job of Hydra's, in a folder of its own."""
    from stemgan.cli.hydra_jobs import as_single
    from stemgan.cli.training.run import run, text

    with as_single(config) as words:
        figures = run(config, words)
    if figures is not None:
        print(text(figures), flush=True)
