"""`stemgan sample`: take a partial scan of a full image."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import FAMILY_NAMES, emit, parser_for, say
from stemgan.cli.inputs import beside, refuse_replacing
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.images import Micrograph
    from stemgan.scan import ScanDesign

_EXAMPLES = """\
  stemgan sample image.tif --scan spiral --coverage 1/20 -o partial.tif
  stemgan sample image.tif --scan dots --pitch 5 --electrons 100 --seed 3 -o partial.tif
"""


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("sample", _EXAMPLES)
    parser.add_argument("image", metavar="IMAGE", help="full image: TIFF, NPY, NPZ, PNG, ...")
    parser.add_argument("--scan", required=True, metavar="FAMILY", help=FAMILY_NAMES)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--coverage", help="share of measured pixels, such as 1/20 or 0.05")
    size.add_argument("--pitch", type=float, help="spacing of turns, lines or dots [px]")
    parser.add_argument(
        "--electrons",
        type=float,
        metavar="N",
        help="mean number per measured pixel at the image's mean intensity (Poisson noise)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the path and the noise (0)")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="PARTIAL.tif",
        help="NaN where unmeasured; PARTIAL.mask.tif is written beside it",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace what exists")
    return parser


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    from stemgan.images import check_image_output, write_image
    from stemgan.measurement import Noise, measure

    output = Path(args.output)
    mask = beside(output, "mask")
    for path in (output, mask):
        check_image_output(path, overwrite=args.overwrite)
    refuse_replacing((output, mask), [Path(args.image)])
    if args.seed < 0:
        raise InputError(f"a seed is 0 or more, not {args.seed}")
    noise = Noise(electrons=args.electrons)
    image = read_full_image(Path(args.image))
    design = _design(args, image)
    trace = design.trace()
    import numpy as np

    scan = measure(image.data, trace, noise, np.random.default_rng(args.seed))
    record = {"stemgan": _record(args, design, trace.coverage), "source": image.metadata}
    for path, data in ((output, scan.with_nan()), (mask, scan.dwell)):
        write_image(path, data, image.pixel_size, image.unit, record, args.overwrite)
    figures = {"output": str(output), "mask": str(mask), **record["stemgan"]}
    emit(figures, _text(figures, scan.shape), as_json=args.json)


def read_full_image(path: Path) -> "Micrograph":
    """Read an image that must be finite everywhere.

    Raises
    ------
    InputError : it cannot be read, or holds NaN or Inf.
    """
    import numpy as np

    from stemgan.images import read_stack

    images = read_stack(path)
    if len(images) > 1:
        say(f"{path} holds {len(images)} images: the first is taken")
    image = images[0]
    bad = ~np.isfinite(image.data)
    if bad.any():
        raise InputError(
            f"{path} holds {bad.sum()} values that are NaN or Inf: give a full image, finite "
            "everywhere"
        )
    return image


def _design(args: argparse.Namespace, image: "Micrograph") -> "ScanDesign":
    from stemgan.scan import ScanDesign, parse_coverage

    coverage = None if args.coverage is None else parse_coverage(args.coverage)
    height, width = image.data.shape
    return ScanDesign(
        args.scan, (height, width), coverage=coverage, pitch=args.pitch, seed=args.seed
    ).solved()


def _record(args: argparse.Namespace, design: "ScanDesign", coverage: float) -> dict[str, Any]:
    from stemgan import __version__

    return {
        "version": __version__,
        "image": Path(args.image).name,
        "scan": design.family,
        "pitch": design.pitch,
        "coverage": coverage,
        "electrons": args.electrons,
        "seed": args.seed,
    }


def _text(figures: dict[str, Any], shape: tuple[int, int]) -> str:
    from stemgan.scan import format_coverage

    pitch = "" if figures["pitch"] is None else f", pitch {figures['pitch']:.4g} px"
    noise = "none" if figures["electrons"] is None else f"{figures['electrons']:g} electrons/px"
    return (
        f"{figures['output']}: {figures['scan']}, {shape[0]}x{shape[1]}, coverage "
        f"{format_coverage(figures['coverage'])}{pitch}, noise {noise}, "
        f"seed {figures['seed']}; mask {figures['mask']}"
    )
