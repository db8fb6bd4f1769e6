"""`stemgan info`: a model's parts, parameters, cost and provenance."""

import argparse
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import emit, parser_for
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.networks import Generator

_EXAMPLES = """\
  stemgan info stemgan-s
  stemgan info mine.safetensors --shape 256x256 --json
"""


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("info", _EXAMPLES)
    parser.add_argument("model", metavar="MODEL|FILE", help="a shipped model or a weights file")
    parser.add_argument(
        "--shape", default="512x512", metavar="HxW", help="frame of the cost, default 512x512"
    )
    return parser


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    from hashlib import sha256

    from stemgan.images.points import parse_shape
    from stemgan.measurement import SMALLEST_SIDE
    from stemgan.weights import find_weights, load_generator

    shape = parse_shape(args.shape)
    if min(shape) < SMALLEST_SIDE:
        raise InputError(f"shape {args.shape}: each side must be at least {SMALLEST_SIDE} px")
    path = find_weights(args.model)
    generator, header = load_generator(args.model)
    parts = _parts(generator)
    figures = {
        "model": path.stem,
        "file": str(path),
        "bytes": path.stat().st_size,
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "parts": parts,
        "parameters": sum(parts.values()),
        "shape": list(shape),
        "gmac": _gmac(generator, shape),
        "generator": header["generator"],
        "training": header["training"],
    }
    emit(figures, _text(figures), as_json=args.json)


def _parts(generator: "Generator") -> dict[str, int]:
    """Count the parameters of each part."""
    return {
        name: sum(p.numel() for p in part.parameters())
        for name, part in generator.named_children()
        if any(True for _ in part.parameters())
    }


def _gmac(generator: "Generator", shape: tuple[int, int]) -> float:
    """Count the multiply-accumulates of a forward pass [1e9], Fourier transforms left out."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    plane = torch.rand(1, 1, *shape)
    dwell = (plane > 0.95).float()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        generator(plane, dwell, 20 * plane * (1 - dwell), plane)
    return counter.get_total_flops() / 2 / 1e9


def _text(figures: dict[str, Any]) -> str:
    shape = "x".join(map(str, figures["shape"]))
    lines = [
        f"{figures['model']}: {figures['file']}, {figures['bytes'] / 1e6:.2f} MB",
        f"sha256      {figures['sha256']}",
        f"parameters  {figures['parameters']:,}",
        *[f"  {name:<10}{count:,}" for name, count in figures["parts"].items()],
        f"cost        {figures['gmac']:.1f} GMAC at {shape}, Fourier transforms left out",
    ]
    for title in ("generator", "training"):
        lines.append(title)
        lines += [f"  {key}: {value}" for key, value in figures[title].items()]
    return "\n".join(lines)
