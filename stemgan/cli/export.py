"""`stemgan export`: the weights out of a training run."""

from pathlib import Path
from typing import Any

from stemgan.cli.common import emit, parser_for
from stemgan.errors import InputError

_EXAMPLES = """\
  stemgan export runs/first -o mine.safetensors
  stemgan export runs/first/last.ckpt -o last.safetensors
  stemgan reconstruct partial.tif --model mine.safetensors -o image.tif
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    parser = parser_for("export", _EXAMPLES)
    parser.add_argument("run", type=Path, metavar="RUN", help="a run's folder, or a checkpoint")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE.safetensors")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that exists")
    arguments = parser.parse_args(argv)
    if arguments.output.suffix != ".safetensors":
        raise InputError(f"{arguments.output}: weights are written as .safetensors")

    from stemgan.files import check_output

    check_output(arguments.output, overwrite=arguments.overwrite)
    path = _find(arguments.run)
    checkpoint = _read(path)
    summary = _summary(checkpoint)
    _save(checkpoint, arguments.output, summary | {"configuration": _configuration(path)})
    text = ", ".join(f"{key} {value}" for key, value in summary.items())
    emit(summary, f"{arguments.output}: {text}", as_json=arguments.json)


def _find(run: Path) -> Path:
    path = run / "best.ckpt" if run.is_dir() else run
    if not path.is_file():
        raise InputError(f"{path} does not exist: give a run's folder or a checkpoint")
    return path


def _read(path: Path) -> dict[str, Any]:
    import pickle

    import torch

    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise InputError(f"{path} is not a checkpoint that can be read") from error
    if not isinstance(checkpoint, dict) or "hyper_parameters" not in checkpoint:
        raise InputError(f"{path} is not a checkpoint of stemgan train")
    return checkpoint


def _summary(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Return the steps, and the best validation error where the checkpoint knows it."""
    import stemgan

    summary = {"steps": checkpoint["global_step"], "stemgan": stemgan.__version__}
    for name, state in checkpoint.get("callbacks", {}).items():
        if name.startswith("ModelCheckpoint") and state.get("best_model_score") is not None:
            summary["val_rmse_blurred"] = round(float(state["best_model_score"]), 4)
    return summary


def _configuration(checkpoint: Path) -> dict[str, Any] | None:
    """Return the configuration that the run wrote beside its checkpoints."""
    from omegaconf import OmegaConf

    path = checkpoint.with_name("config.yaml")
    if not path.is_file():
        return None
    return OmegaConf.to_container(OmegaConf.load(path), resolve=True)  # type: ignore[return-value]


def _save(checkpoint: dict[str, Any], output: Path, summary: dict[str, Any]) -> None:
    from stemgan.networks import Generator, GeneratorConfig
    from stemgan.weights import save_weights

    sizes = checkpoint["hyper_parameters"].get("generator") or {}
    generator = Generator(GeneratorConfig.from_dict(sizes))
    averaged = "averaged.module."
    weights = checkpoint["state_dict"].items()
    generator.load_state_dict(
        {key.removeprefix(averaged): value for key, value in weights if averaged in key}
    )
    save_weights(output, generator, summary)
