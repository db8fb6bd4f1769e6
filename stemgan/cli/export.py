"""`stemgan export`: the weights out of a training run."""

import re
from pathlib import Path
from typing import Any

from stemgan.cli.common import emit, parser_for
from stemgan.errors import InputError

_PLACES = ("output_dir", "default_root_dir", "save_dir", "resume")
_SOURCES = ("datasets", "weights")

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
    checkpoint = read_checkpoint(path)
    summary = _summary(checkpoint, path)
    _save(checkpoint, arguments.output, summary | {"configuration": _configuration(path)})
    text = ", ".join(f"{key} {value}" for key, value in summary.items())
    emit(summary, f"{arguments.output}: {text}", as_json=arguments.json)


def _find(run: Path) -> Path:
    return run / "best.ckpt" if run.is_dir() else run


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of `stemgan train`.

    Raises
    ------
    InputError : there is none, or it cannot be read.
    """
    import pickle

    import torch

    if not path.is_file():
        raise InputError(f"{path} does not exist: give a run's folder or a checkpoint")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise InputError(f"{path} is not a checkpoint that can be read") from error
    if not isinstance(checkpoint, dict) or "hyper_parameters" not in checkpoint:
        raise InputError(f"{path} is not a checkpoint of stemgan train")
    return checkpoint


def _summary(checkpoint: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the steps, and the validation error where it is that of these weights.

    Every checkpoint knows the error of the best one, and what that one's file is called.
    """
    import stemgan

    summary = {"steps": checkpoint["global_step"], "stemgan": stemgan.__version__}
    for name, state in checkpoint.get("callbacks", {}).items():
        if not name.startswith("ModelCheckpoint") or state["best_model_score"] is None:
            continue
        if _last_part(state["best_model_path"]) == path.name:
            summary["val_rmse_blurred"] = round(float(state["best_model_score"]), 4)
    return summary


def _configuration(checkpoint: Path) -> dict[str, Any] | None:
    """Return the configuration that the run wrote beside its checkpoints, without its places.

    Weights travel: where they were made is nobody's business, so only the names are kept.
    """
    from omegaconf import OmegaConf

    path = checkpoint.with_name("config.yaml")
    if not path.is_file():
        return None
    return _without_places(OmegaConf.to_container(OmegaConf.load(path), resolve=True))


def _without_places(node: Any) -> Any:  # noqa: ANN401 (whatever a configuration holds)
    if isinstance(node, list):
        return [_without_places(value) for value in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _last_part(value) if key in _SOURCES else _without_places(value)
        for key, value in node.items()
        if key not in _PLACES
    }


def _last_part(path: Any) -> Any:  # noqa: ANN401 (a path, several, or none)
    """Return the name of a file or folder of any system, or of each in a list."""
    if isinstance(path, list):
        return [_last_part(one) for one in path]
    return re.split(r"[/\\]", path)[-1] if isinstance(path, str) else path


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
