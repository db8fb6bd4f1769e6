"""Options that `scan` and `sample` share: the scan, and how fast the beam is moved."""

import argparse
import math
from typing import TYPE_CHECKING

from stemgan.cli.common import FAMILY_NAMES
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.scan import ScanDesign, Trace
    from stemgan.scan.physics import Timing

SCAN_HELP = (
    f"{FAMILY_NAMES}; or FILE, a path file or a mask, told by its content, or as FORMAT:FILE, "
    "such as de:coordinates.csv"
)


def add_size(parser: argparse.ArgumentParser) -> None:
    """Add --coverage and --pitch."""
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--coverage", help="share of measured pixels, such as 1/20 or 0.05")
    size.add_argument("--pitch", type=float, help="spacing of turns, lines or dots [px]")


def add_timing(parser: argparse.ArgumentParser) -> None:
    """Add the times of the scan."""
    group = parser.add_argument_group("times [s]")
    group.add_argument(
        "--dwell",
        type=float,
        metavar="S",
        help="time per pixel of a path's length, or per position: by default 1e-6, or what a "
        "path file says",
    )
    group.add_argument(
        "--flyback", type=float, default=0.0, metavar="S", help="of each line return (0)"
    )
    group.add_argument(
        "--settling",
        type=float,
        default=0.0,
        metavar="S",
        help="after each other jump, to a pixel that is no neighbour (0)",
    )
    group.add_argument(
        "--lag",
        type=float,
        default=0.0,
        metavar="S",
        help="time constant of the scan coils' first-order response (0)",
    )


def parse_pair(text: str, what: str) -> tuple[float, float]:
    """Read a displacement written Y,X.

    Raises
    ------
    InputError : it is written in another way; `what` says what it is.
    """
    try:
        y, x = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"{what} {text!r} is not Y,X: write it in px, such as 3,-1.5"
        ) from None
    if not (math.isfinite(y) and math.isfinite(x)):
        raise InputError(f"{what} {text!r} is not finite: write it in px, such as 3,-1.5")
    return y, x


def check_pixel_size(args: argparse.Namespace, path: str | None) -> None:
    """Refuse --pixel-size where nothing needs it.

    Raises
    ------
    InputError : it is given, and `path` is not FILE of abTEM, said as abtem:FILE.
    """
    from stemgan.pathfiles.detect import split

    if args.pixel_size is not None and (path is None or split(path)[0] != "abtem"):
        raise InputError("--pixel-size goes with abtem:FILE alone: leave it out")


def read_design(args: argparse.Namespace, text: str, shape: tuple[int, int]) -> "ScanDesign":
    """Make the design that the arguments ask for, solved.

    Raises
    ------
    InputError : what is wrong with the arguments or with the path file.
    """
    from stemgan.pathfiles import scan_design
    from stemgan.scan import parse_coverage

    if args.seed < 0:
        raise InputError(f"a seed is 0 or more, not {args.seed}")
    coverage = None if args.coverage is None else parse_coverage(args.coverage)
    pixel_size = getattr(args, "pixel_size", None)
    design = scan_design(text, shape, coverage, args.pitch, args.seed, pixel_size=pixel_size)
    return design.solved()


def read_timing(args: argparse.Namespace, design: "ScanDesign", trace: "Trace") -> "Timing":
    """Return the times of a scan; dwells that a path file holds stay as they are.

    Raises
    ------
    InputError : a time below 0, or --dwell beside a file with dwells of its own.
    """
    from stemgan.scan.costs import mean_dwell
    from stemgan.scan.physics import Timing

    own = None if design.custom is None else design.custom.dwell
    if own is not None and args.dwell is not None:
        raise InputError("the path file has dwells of its own: leave out --dwell")
    dwell = args.dwell if args.dwell is not None else 1e-6
    if own is not None:
        dwell = mean_dwell(own, trace)
    return Timing(dwell, args.flyback, args.settling, args.lag)
