"""`stemgan sample`: take a partial scan of a full image."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.common import emit, parser_for, say
from stemgan.cli.inputs import beside, refuse_replacing
from stemgan.cli.timing import (
    SCAN_HELP,
    add_size,
    add_timing,
    check_pixel_size,
    parse_pair,
    read_design,
    read_timing,
)
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.images import Micrograph
    from stemgan.measurement import Noise, PartialScan
    from stemgan.scan import ScanDesign

_EXAMPLES = """\
  stemgan sample image.tif --scan spiral --coverage 1/20 -o partial.tif
  stemgan sample image.tif --scan dots --pitch 5 --electrons 100 --seed 3 -o partial.tif
  stemgan sample image.tif --scan path.csv -o partial.tif
  stemgan sample image.tif --scan spiral --pitch 16 --lag 2e-6 -o partial.tif
the real beam:
  with --lag, --drift or --sub-pixel the image is read where the beam really is, between pixels
  too, and the values go to the pixels of those positions (weighted by dwell), which are written
  to PARTIAL.points.csv; with --as-wanted they go to the pixels that were wanted, as in a
  microscope that does not know better
"""


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("sample", _EXAMPLES)
    parser.add_argument("image", metavar="IMAGE", help="full image: TIFF, NPY, NPZ, PNG, ...")
    parser.add_argument("--scan", required=True, metavar="FAMILY|FILE", help=SCAN_HELP)
    add_size(parser)
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
    add_timing(parser)
    real = parser.add_argument_group("the real beam")
    real.add_argument(
        "--drift",
        metavar="Y,X",
        help="displacement of the specimen during the scan [px], such as 3,-1.5",
    )
    real.add_argument("--sub-pixel", action="store_true", help="measure at exact positions")
    real.add_argument(
        "--as-wanted", action="store_true", help="give the values to the pixels wanted"
    )
    real.add_argument(
        "--pixel-size", type=float, metavar="A", help="side of a pixel [Å], for abtem:FILE"
    )
    return parser


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    from stemgan.files import check_output
    from stemgan.images import check_image_output, write_image
    from stemgan.measurement import Noise, measure
    from stemgan.pathfiles.detect import split

    output = Path(args.output)
    mask, points = beside(output, "mask"), beside(output, "points", ".csv")
    exact = bool(args.lag or args.drift or args.sub_pixel)
    if not exact:
        _refuse_idle(args)
    check_pixel_size(args, args.scan)
    for path in (output, mask):
        check_image_output(path, overwrite=args.overwrite)
    listed = exact and not args.as_wanted
    if listed:
        check_output(points, overwrite=args.overwrite)
    refuse_replacing((output, mask, points), [Path(args.image), split(args.scan)[1]])
    noise = Noise(electrons=args.electrons)
    parse_pair(args.drift or "0,0", "drift")
    import numpy as np

    image = read_full_image(Path(args.image))
    design = read_design(args, args.scan, (image.data.shape[0], image.data.shape[1]))
    figures = _record(args, design)
    if exact:
        scan = _measure_really(args, image, design, noise, figures)
    else:
        scan = measure(image.data, design.trace(), noise, np.random.default_rng(args.seed))
    figures["coverage"] = scan.coverage
    record = {"stemgan": figures, "source": image.metadata}
    for path, data in ((output, scan.with_nan()), (mask, scan.dwell)):
        write_image(path, data, image.pixel_size, image.unit, record, args.overwrite)
    if listed:
        _write_points(points, scan)
    files = {"output": str(output), "mask": str(mask)}
    files |= {"points": str(points)} if listed else {}
    emit({**files, **figures}, _text({**files, **figures}, scan.shape), as_json=args.json)


def _refuse_idle(args: argparse.Namespace) -> None:
    """Refuse options that change nothing where the beam is taken to be where it was sent."""
    idle = {
        "--as-wanted": args.as_wanted,
        "--dwell": args.dwell is not None,
        "--flyback": args.flyback,
        "--settling": args.settling,
    }
    for option in (name for name, given in idle.items() if given):
        raise InputError(f"{option} goes with --lag, --drift or --sub-pixel: add one of them")


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


def _measure_really(
    args: argparse.Namespace,
    image: "Micrograph",
    design: "ScanDesign",
    noise: "Noise",
    figures: dict[str, Any],
) -> "PartialScan":
    """Read the image where the beam really is, and say how far off its pixels that is."""
    import numpy as np

    from stemgan.measurement import measure_at
    from stemgan.scan.beam import beam_of
    from stemgan.scan.costs import course_of

    trace = design.trace()
    timing = read_timing(args, design, trace)
    course = course_of(design.family, trace, timing)
    drift = parse_pair(args.drift or "0,0", "drift")
    beam = beam_of(trace, course, timing.lag, drift)
    if not len(beam.real):
        raise InputError("lag or drift take every measurement out of the frame: lower them")
    off = np.hypot(*(beam.real - beam.wanted).T)
    figures |= {
        "lag_s": timing.lag,
        "dwell_s": timing.dwell,
        "drift_px": list(drift),
        "as_wanted": args.as_wanted,
        "largest_deviation_px": float(off.max()),
        "mean_deviation_px": float(off.mean()),
        "missed_measurements": beam.missed,
    }
    return measure_at(
        image.data,
        beam.real,
        recorded=beam.wanted if args.as_wanted else None,
        dwell=beam.dwell,
        share=beam.share,
        noise=noise,
        rng=np.random.default_rng(args.seed),
    )


def _write_points(path: Path, scan: "PartialScan") -> None:
    from stemgan.files import whole_file
    from stemgan.images.points import write_points
    from stemgan.measurement import Points

    assert scan.positions is not None  # measured at positions
    assert scan.samples is not None
    assert scan.position_dwell is not None
    points = Points(scan.positions, scan.samples, scan.position_dwell)
    with whole_file(path) as temporary:
        write_points(temporary, points, scan.shape)


def _record(args: argparse.Namespace, design: "ScanDesign") -> dict[str, Any]:
    from stemgan import __version__

    file = {"path": Path(args.scan).name} if design.custom else {}
    return {
        "version": __version__,
        "image": Path(args.image).name,
        "scan": design.family,
        **file,
        "pitch": design.pitch,
        "coverage": None,
        "electrons": args.electrons,
        "seed": args.seed,
    }


def _text(figures: dict[str, Any], shape: tuple[int, int]) -> str:
    from stemgan.scan import format_coverage

    pitch = "" if figures["pitch"] is None else f", pitch {figures['pitch']:.4g} px"
    dose = figures["electrons"]
    noise = "none" if dose is None else f"{amount(dose, 'electron', 'g')}/px"
    scan = figures.get("path", figures["scan"])
    real = ""
    if "lag_s" in figures:
        to = "the pixels wanted" if figures["as_wanted"] else f"{figures['points']} too"
        real = (
            f"\nbeam at most {figures['largest_deviation_px']:.3g} px from where it was sent, "
            f"{figures['mean_deviation_px']:.3g} px in the mean, "
            f"{amount(figures['missed_measurements'], 'measurement')} outside the frame; "
            f"values given to {to}"
        )
    return (
        f"{figures['output']}: {scan}, {shape[0]}x{shape[1]}, coverage "
        f"{format_coverage(figures['coverage'])}{pitch}, noise {noise}, "
        f"seed {figures['seed']}; mask {figures['mask']}{real}"
    )
