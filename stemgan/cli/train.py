"""`stemgan train`: compose the configuration, train, keep the best checkpoint."""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import emit
from stemgan.errors import InputError

if TYPE_CHECKING:
    from lightning.pytorch.callbacks import ModelCheckpoint
    from omegaconf import DictConfig

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
    words = [word for word in argv if word != "--json"]
    as_json = words != argv
    if not any(word.startswith("-") for word in words):
        figures = run(_compose(words))
        emit(figures, _text(figures), as_json=as_json)
    elif as_json:
        raise InputError("--json goes with a single run: leave it out, or Hydra's own flags")
    else:
        _leave_to_hydra(words)


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


def run(config: "DictConfig") -> dict[str, Any]:
    """Train as the configuration says, and return where the result is and how good."""
    with redirect_stdout(sys.stderr):  # where Lightning's progress belongs
        return _run(config)


def _run(config: "DictConfig") -> dict[str, Any]:
    import logging

    import torch
    from lightning.pytorch import seed_everything
    from omegaconf import OmegaConf

    if not (isinstance(config.seed, int) and config.seed >= 0):
        raise InputError(f"a seed is 0 or more, not {config.seed}")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    seed_everything(config.seed, workers=True, verbose=False)
    torch.set_float32_matmul_precision("high")
    model = _made(config.model)
    if config.weights:
        from stemgan.weights import load_generator

        model.start_from(load_generator(config.weights)[0])
    resume = _checkpoint(config.resume)
    data = _made(config.data)
    data.setup()  # so that a wrong dataset leaves no folder behind
    output = Path(config.output_dir)
    best, last = _checkpoints(output)
    loggers = [_made(logger) for logger in config.logger.values()]
    trainer = _made(config.trainer, logger=loggers, callbacks=[best, last])
    if trainer.is_global_zero:
        output.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config, output / "config.yaml", resolve=True)
    trainer.fit(model, datamodule=data, ckpt_path=resume, weights_only=True)
    trainer.save_checkpoint(output / "last.ckpt")
    return _figures(output, trainer.global_step, best)


def _made(node: "DictConfig", **arguments: Any) -> Any:  # noqa: ANN401 (what the node names)
    """Instantiate a node; what its class does not take is the user's mistake."""
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    try:
        return instantiate(node, _convert_="all", **arguments)
    except InstantiationException as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        if not isinstance(cause, (InputError, TypeError, MisconfigurationException)):
            raise
        reason = " ".join(str(cause).split())
        raise InputError(f"{reason} (see stemgan train --cfg job)") from error


def _checkpoint(path: str | None) -> str | None:
    from stemgan.cli.export import read_checkpoint

    if path is not None:
        read_checkpoint(Path(path))
    return path


def _checkpoints(output: Path) -> "tuple[ModelCheckpoint, ModelCheckpoint]":
    """Keep the best weights by validation, and where training stands, interrupted or not.

    Two callbacks, as `save_last` of one would only follow what it finds the best.
    """
    from lightning.pytorch.callbacks import ModelCheckpoint

    place: dict[str, Any] = {"dirpath": output, "enable_version_counter": False}
    return (
        ModelCheckpoint(filename="best", monitor="val/rmse_blurred", **place),
        ModelCheckpoint(filename="last", save_on_exception=True, **place),
    )


def _figures(output: Path, steps: int, best: "ModelCheckpoint") -> dict[str, Any]:
    score = best.best_model_score
    return {
        "output_dir": str(output),
        "steps": steps,
        "val_rmse_blurred": None if score is None else float(score),
    }


def _text(figures: dict[str, Any]) -> str:
    score = figures["val_rmse_blurred"]
    quality = "never validated" if score is None else f"best validation error {score:.3f} %"
    return f"{figures['output_dir']}: {figures['steps']} steps, {quality}"
