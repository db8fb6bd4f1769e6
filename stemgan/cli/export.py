"""`stemgan export`: the weights out of a training run, calibrated if asked; ONNX files."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.calibrating import add_options, calibration_of, check_options
from stemgan.cli.common import emit, parser_for
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.weights import AnyGenerator

_EXAMPLES = """\
  stemgan export runs/first -o mine.safetensors
  stemgan export runs/first/last.ckpt -o last.safetensors
  stemgan export runs/first --calibrate datasets/real datasets/simulated -o mine.safetensors
  stemgan export old.safetensors --calibrate datasets/real -o calibrated.safetensors
  stemgan export stemgan-s --onnx -o stemgan-s.onnx
of a folder, its best weights by validation; its last ones after adversarial training
  stemgan reconstruct partial.tif --model mine.safetensors -o image.tif
the file says how it was trained: stemgan info mine.safetensors
with --onnx (pip install 'stemgan[onnx]') the network alone, for frames of any shape, compared
with torch before it is written; stemgan reconstruct --model FILE.onnx runs it by onnxruntime
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    parser = parser_for("export", _EXAMPLES)
    parser.add_argument(
        "run",
        type=Path,
        metavar="RUN",
        help="a run's folder, or a checkpoint; or weights (a name or a file), to calibrate "
        "them or for --onnx",
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE.safetensors|FILE.onnx"
    )
    parser.add_argument("--onnx", action="store_true", help="write an ONNX file")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that exists")
    add_options(parser)
    arguments = parser.parse_args(argv)
    _check_suffix(arguments.output, onnx=arguments.onnx)
    check_options(arguments)

    from stemgan.files import check_output
    from stemgan.weights import architecture_of

    check_output(arguments.output, overwrite=arguments.overwrite)
    generator, summary = _source(arguments.run)
    calibration = calibration_of(generator, arguments) if arguments.calibrate else None
    written = _write(arguments, generator, summary, calibration)
    figures = {"architecture": architecture_of(generator), **summary, **written}
    figures.pop("configuration", None)
    if calibration is not None:
        figures["calibration"] = calibration["about"]
    shown = {key: value for key, value in figures.items() if not isinstance(value, dict | list)}
    text = ", ".join(f"{key} {value}" for key, value in shown.items())
    emit(figures, f"{arguments.output}: {text}", as_json=arguments.json)


def _check_suffix(output: Path, *, onnx: bool) -> None:
    if onnx and output.suffix != ".onnx":
        raise InputError(f"{output}: --onnx writes .onnx files")
    if not onnx and output.suffix == ".onnx":
        raise InputError(f"{output}: add --onnx, or write weights as .safetensors")
    if not onnx and output.suffix != ".safetensors":
        raise InputError(f"{output}: weights are written as .safetensors")


def _write(
    arguments: argparse.Namespace,
    generator: "AnyGenerator",
    summary: dict[str, Any],
    calibration: dict[str, Any] | None,
) -> dict[str, Any]:
    """Write the file; returns what is to be said of it besides."""
    if not arguments.onnx:
        from stemgan.weights import save_weights

        save_weights(arguments.output, generator, summary, calibration)
        return {}
    from stemgan.reconstruct.onnx import OPSET, write_onnx

    header: dict[str, Any] = {"training": summary}
    if _are_weights(arguments.run):
        header |= _of_file(arguments.run)
    if calibration is not None:
        header["calibration"] = calibration
    difference = write_onnx(arguments.output, generator.eval(), header, arguments.run.stem)
    return {"opset": OPSET, "largest_difference_from_torch": difference}


def _of_file(run: Path) -> dict[str, Any]:
    """Return what a weights file is known by, and its calibration where it holds one."""
    from hashlib import sha256

    from stemgan.weights import find_weights, load_generator

    known: dict[str, Any] = {
        "weights_sha256": sha256(find_weights(run).read_bytes()).hexdigest()
    }
    found = load_generator(run)[1].get("calibration")
    return known if found is None else {**known, "calibration": found}


def _are_weights(run: Path) -> bool:
    from stemgan.weights import MODELS

    return run.suffix == ".safetensors" or str(run) in MODELS


def _source(run: Path) -> "tuple[AnyGenerator, dict[str, Any]]":
    """Return the generator of a run or of a weights file, and what is said of its training."""
    from stemgan.cli.summaries import summary_of
    from stemgan.weights import load_generator

    if _are_weights(run):
        generator, header = load_generator(run)
        return generator, header["training"]
    path = _find(run)
    checkpoint = read_checkpoint(path)
    generator, summary = _generator(checkpoint, path), summary_of(checkpoint, path)
    if summary["phase"] == "fidelity":
        generator = _without_texture(generator)
    return generator, summary


def _find(run: Path) -> Path:
    """Return a run's best checkpoint, or its last one where it trained for texture too.

    Texture always costs error, so that of such a run the least is that of its beginning.
    """
    if not run.is_dir():
        return run
    from omegaconf import OmegaConf

    path = run / "config.yaml"
    settings = OmegaConf.load(path) if path.is_file() else OmegaConf.create()
    adversarial = OmegaConf.select(settings, "model.adversarial_steps")
    return run / ("last.ckpt" if adversarial else "best.ckpt")


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of `stemgan train`.

    Raises
    ------
    InputError : there is none, or it cannot be read.
    """
    import torch

    if not path.is_file():
        raise InputError(f"{path} does not exist: give a run's folder or a checkpoint")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # whatever the bytes of another file make the reader do
        raise InputError(f"{path} is not a checkpoint that can be read") from error
    if not isinstance(checkpoint, dict) or "hyper_parameters" not in checkpoint:
        raise InputError(f"{path} is not a checkpoint of stemgan train")
    return checkpoint


def _generator(checkpoint: dict[str, Any], path: Path) -> "AnyGenerator":
    """Make the generator that was validated: of averaged weights, where there are such."""
    from stemgan.weights import make_generator

    state = checkpoint["state_dict"]
    averaged = any(key.startswith("averaged.module.") for key in state)
    architecture, prefix = (
        ("stemgan", "averaged.module.") if averaged else ("ede2020", "generator.")
    )
    sizes = checkpoint["hyper_parameters"].get("generator") or {}
    generator = make_generator(architecture, sizes)
    weights = {
        key.removeprefix(prefix): value
        for key, value in state.items()
        if key.startswith(prefix)
    }
    try:
        generator.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} is not a checkpoint of this version: {reason}") from error
    return generator


def _without_texture(generator: "AnyGenerator") -> "AnyGenerator":
    """Leave out what makes texture of noise, which only the adversarial phase teaches."""
    from dataclasses import replace

    from stemgan.networks import Ede2020Generator, Generator

    if isinstance(generator, Ede2020Generator) or not generator.config.noise:
        return generator
    plain, weights = Generator(replace(generator.config, noise=0)), generator.state_dict()
    plain.load_state_dict({name: weights[name] for name in plain.state_dict()})
    return plain
