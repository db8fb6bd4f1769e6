"""`stemgan info`: a model's parts, parameters, cost and provenance."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import emit, parser_for
from stemgan.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from stemgan.weights import AnyGenerator

_EXAMPLES = """\
  stemgan info stemgan-s
  stemgan info mine.safetensors --shape 256x256 --json
  stemgan info ede2020 --json
"""

_NOT_IN_INFERENCE = ("auxiliary", "discriminators")


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("info", _EXAMPLES)
    parser.add_argument(
        "model",
        metavar="MODEL|FILE",
        help="a shipped model, a weights or ONNX file, or an architecture (stemgan, ede2020)",
    )
    parser.add_argument(
        "--shape", default="512x512", metavar="HxW", help="frame of the cost, default 512x512"
    )
    return parser


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    from stemgan.images.points import parse_shape
    from stemgan.measurement import SMALLEST_SIDE
    from stemgan.weights import ARCHITECTURES, MODELS

    shape = parse_shape(args.shape)
    if min(shape) < SMALLEST_SIDE:
        raise InputError(f"shape {args.shape}: each side must be at least {SMALLEST_SIDE} px")
    weightless = args.model in ARCHITECTURES and args.model not in MODELS
    if weightless and not Path(args.model).is_file():
        figures = _of_architecture(args.model, shape)
    else:
        figures = _of_weights(args.model, shape)
    emit(figures, _text(figures), as_json=args.json)


def _of_weights(model: str, shape: tuple[int, int]) -> dict[str, Any]:
    """Describe a weights file."""
    from hashlib import sha256

    from stemgan.weights import ARCHITECTURES, find_weights, load_generator

    path = find_weights(model, ARCHITECTURES)
    onnx = path.suffix == ".onnx"
    generator, header = _from_onnx(path) if onnx else load_generator(path)
    figures: dict[str, Any] = {
        "model": path.stem,
        "file": str(path),
        "bytes": path.stat().st_size,
        "sha256": sha256(path.read_bytes()).hexdigest(),
    }
    if onnx:
        known = {"onnx_of": header.get("name"), "weights_sha256": header.get("weights_sha256")}
        figures |= {name: value for name, value in known.items() if value}
    return {
        **figures,
        **_sizes(header["architecture"], generator, {}, shape),
        "training": header.get("training", {}),
        **_calibration(header),
    }


def _from_onnx(path: Path) -> "tuple[AnyGenerator, dict[str, Any]]":
    """Return a generator of an ONNX file's sizes, without weights, and what the file says."""
    import torch

    from stemgan.reconstruct.runtime import OnnxGenerator
    from stemgan.weights import make_generator

    header = OnnxGenerator.load(path).header
    with torch.device("meta"):
        return make_generator(header["architecture"], header["generator"]).eval(), header


def _calibration(header: dict[str, Any]) -> dict[str, Any]:
    """Say what the deviation of weights was calibrated on, if it was."""
    from stemgan.calibration import Calibration

    if "calibration" not in header:
        return {}
    return {"calibration": Calibration.from_dict(header["calibration"]).about}


def _of_architecture(name: str, shape: tuple[int, int]) -> dict[str, Any]:
    """Describe an architecture with the sizes that it has by default, without any weights."""
    import torch

    from stemgan.networks import Discriminators
    from stemgan.weights import make_generator

    with torch.device("meta"):
        nets = Discriminators().nets if name == "ede2020" else ()
        generator = make_generator(name, {}).eval()
    judges = {"discriminators": [_count(net) for net in nets]} if nets else {}
    return {"model": name, **_sizes(name, generator, judges, shape)}


def _sizes(
    architecture: str,
    generator: "AnyGenerator",
    judges: dict[str, list[int]],
    shape: tuple[int, int],
) -> dict[str, Any]:
    parts = {name: _count(part) for name, part in generator.named_children() if _count(part)}
    parts |= {name: sum(counts) for name, counts in judges.items()}
    inference = sum(n for name, n in parts.items() if name not in _NOT_IN_INFERENCE)
    return {
        "architecture": architecture,
        "parts": parts,
        **judges,
        "parameters": sum(parts.values()),
        "inference_parameters": inference,
        "shape": list(shape),
        "gmac": _gmac(architecture, generator.config.to_dict(), shape),
        "generator": generator.config.to_dict(),
    }


def _count(part: "nn.Module") -> int:
    return sum(p.numel() for p in part.parameters())


def _gmac(architecture: str, sizes: dict[str, Any], shape: tuple[int, int]) -> float:
    """Count the multiply-accumulates of a forward pass [1e9], Fourier transforms left out."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from stemgan.weights import make_generator

    # Where it can be, without computing anything.
    with torch.device("meta" if architecture == "ede2020" else "cpu"), torch.inference_mode():
        generator = make_generator(architecture, sizes).eval()
        inputs = _inputs(architecture, sizes, shape)
        with FlopCounterMode(display=False) as counter:
            generator(*inputs)
    return counter.get_total_flops() / 2 / 1e9


def _inputs(
    architecture: str, sizes: dict[str, Any], shape: tuple[int, int]
) -> "tuple[Tensor, ...]":
    """Make what a generator takes for one frame."""
    import torch

    if architecture == "ede2020":
        from stemgan.networks import Ede2020Generator

        padded = (side + -side % Ede2020Generator.STRIDE for side in shape)
        return (torch.rand(1, 1, *padded),)
    plane = torch.rand(1, 1, *shape)
    dwell = (plane > 0.95).float()
    noise = torch.rand(1, sizes["noise"], *shape)
    return plane, dwell, 20 * plane * (1 - dwell), plane, noise


def _text(figures: dict[str, Any]) -> str:
    shape = "x".join(map(str, figures["shape"]))
    first = f"{figures['model']}: "
    if "file" in figures:
        size = figures["bytes"] / 1e6
        lines = [f"{first}{figures['file']}, {size:.2f} MB", f"sha256      {figures['sha256']}"]
        if "onnx_of" in figures:
            lines.append(f"ONNX file of {figures['onnx_of']}")
        if "weights_sha256" in figures:
            lines.append(f"  its weights' sha256 {figures['weights_sha256']}")
    else:
        lines = [f"{first}an architecture, with the sizes that it has by default"]
    count, needed = figures["parameters"], figures["inference_parameters"]
    rest = "" if count == needed else f", {needed:,} of them to complete a scan"
    lines += [
        f"parameters  {count:,}{rest}",
        *[f"  {name:<16}{count:,}" for name, count in figures["parts"].items()],
    ]
    if "discriminators" in figures:
        lines.append(
            "    each          " + ", ".join(f"{n:,}" for n in figures["discriminators"])
        )
    lines.append(
        f"cost        {figures['gmac']:.1f} GMAC at {shape}, Fourier transforms left out"
    )
    for title in ("generator", "training", "calibration"):
        if title in figures:
            lines.append(title)
            lines += [f"  {key}: {value}" for key, value in figures[title].items()]
    return "\n".join(lines)
