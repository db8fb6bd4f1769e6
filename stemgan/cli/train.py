"""`stemgan train`: compose the configuration, train, keep the best checkpoint."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stemgan.errors import InputError

if TYPE_CHECKING:
    from lightning.pytorch import Callback
    from omegaconf import DictConfig

_HELP = """\
usage: stemgan train [-m] [--cfg job] [OVERRIDE ...]

Train a model. Overrides are Hydra's: name=value for any entry of the configuration, shown by
--cfg job; -m runs every combination of comma-separated values. Writes checkpoints, the resolved
configuration and metrics/ into output_dir; an interrupted run goes on with resume=.

examples:
  stemgan synthesize -n 2000 -o simulated
  stemgan train experiment=demo_cpu data.datasets=[simulated] output_dir=runs/first
  stemgan train experiment=demo_cpu data.datasets=[simulated] resume=runs/first/last.ckpt
  stemgan train experiment=demo_cpu data.datasets=[simulated] weights=stemgan-s
  stemgan train data.datasets=[simulated] logger=wandb logger.wandb.offline=true
  stemgan export runs/first -o mine.safetensors
"""


def configuration_folder() -> Path:
    """Return the folder of the YAML files: in an installed package, or in a checkout."""
    import stemgan

    package = Path(stemgan.__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def main(argv: list[str]) -> None:
    """Run the command."""
    if any(flag in argv for flag in ("-h", "--help")):
        print(_HELP)
        return
    if any(word.startswith("-") for word in argv):
        _leave_to_hydra(argv)
    else:
        run(_compose(argv))


def _leave_to_hydra(argv: list[str]) -> None:
    """Let Hydra's own main handle its flags: -m, --cfg, --info and the like."""
    import hydra

    # Hydra reads the process's arguments, and wants -m first.
    multirun = [word for word in argv if word in ("-m", "--multirun")]
    sys.argv = ["stemgan train", *multirun, *(word for word in argv if word not in multirun)]
    main = hydra.main(
        version_base="1.3", config_path=str(configuration_folder()), config_name="train"
    )
    main(_job)()


def _job(config: "DictConfig") -> None:
    """Train one job of Hydra's, in a folder of its own."""
    from hydra.core.hydra_config import HydraConfig

    config.output_dir = HydraConfig.get().runtime.output_dir
    run(config)


def _compose(overrides: list[str]) -> "DictConfig":
    """Compose by ourselves: Hydra's own main exits with code 1 on a mistyped key."""
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        with initialize_config_dir(str(configuration_folder()), version_base="1.3"):
            config = compose("train", overrides)
            # Names such as the folder of this minute must not change while it runs.
            OmegaConf.resolve(config)
    except (HydraException, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split("\n")[:2])
        raise InputError(f"{reason} (see stemgan train --cfg job)") from error
    if not OmegaConf.select(config, "data.datasets", throw_on_missing=False):
        raise InputError("no dataset is given: say data.datasets=[FOLDER,...]")
    return config


def run(config: "DictConfig") -> None:
    """Train as the configuration says."""
    import logging

    import torch
    from hydra.utils import instantiate
    from lightning.pytorch import seed_everything
    from omegaconf import OmegaConf

    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    seed_everything(config.seed, workers=True, verbose=False)
    torch.set_float32_matmul_precision("high")
    model = instantiate(config.model, _convert_="all")
    if config.weights:
        from stemgan.weights import load_generator

        model.start_from(load_generator(config.weights)[0])
    resume = _checkpoint(config.resume)
    output = Path(config.output_dir)
    loggers = [instantiate(logger, _convert_="all") for logger in config.logger.values()]
    trainer = instantiate(
        config.trainer, logger=loggers, callbacks=_callbacks(output), _convert_="all"
    )
    if trainer.is_global_zero:
        output.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config, output / "config.yaml", resolve=True)
    data = instantiate(config.data, _convert_="all")
    trainer.fit(model, datamodule=data, ckpt_path=resume, weights_only=True)


def _checkpoint(path: str | None) -> str | None:
    if path is not None and not Path(path).is_file():
        raise InputError(f"the checkpoint {path} does not exist: give resume= a .ckpt file")
    return path


def _callbacks(output: Path) -> "list[Callback]":
    from lightning.pytorch.callbacks import ModelCheckpoint

    best = ModelCheckpoint(
        dirpath=output,
        filename="best",
        monitor="val/rmse_blurred",
        save_last=True,
        enable_version_counter=False,
    )
    return [best]
