"""What `export --calibrate` does: calibrate a generator as its weights file will hold it."""

from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.common import progress, say
from stemgan.devices import DEVICES
from stemgan.errors import InputError

if TYPE_CHECKING:
    import argparse

    from stemgan.weights import AnyGenerator

SCANS = 600


def add_options(parser: "argparse.ArgumentParser") -> None:
    """Add the options of calibrating."""
    parser.add_argument(
        "--calibrate",
        nargs="+",
        metavar="DATASET",
        help="make the standard deviation right on these datasets' validation images",
    )
    parser.add_argument(
        "--scans", type=int, metavar="N", help=f"partial scans to calibrate on ({SCANS})"
    )
    parser.add_argument("--device", default="auto", choices=DEVICES)


def check_options(args: "argparse.Namespace") -> None:
    """Refuse options that do not go together.

    Raises
    ------
    InputError : weights without --calibrate or --onnx, --scans without the former, or bad
        --scans.
    """
    from stemgan.weights import MODELS

    if args.scans is not None and not args.calibrate:
        raise InputError("--scans goes with --calibrate: add it, or leave it out")
    if args.scans is not None and args.scans < 1:
        raise InputError(f"--scans {args.scans}: give 1 or more")
    weights = args.run.suffix == ".safetensors" or str(args.run) in MODELS
    if weights and not args.calibrate and not args.onnx:
        raise InputError(
            f"{args.run} holds weights already: add --calibrate DATASET to calibrate them, or "
            "--onnx to write them for other runtimes"
        )


def calibration_of(generator: "AnyGenerator", args: "argparse.Namespace") -> dict[str, Any]:
    """Calibrate a generator in the precision of a weights file.

    Raises
    ------
    InputError : it estimates no deviation, or a dataset cannot be used.
    """
    from stemgan.evaluate.calibrate import calibrate
    from stemgan.reconstruct import Reconstructor, choose_device

    device = choose_device(args.device)
    rounded = generator.half().float().eval().to(device)
    model = Reconstructor(rounded, device, args.run.stem)
    found = calibrate(
        model,
        args.calibrate,
        scans=args.scans or SCANS,
        progress=lambda turns, count: progress(turns, "calibrating", count),
    )
    about = found.about
    groups = amount(about["groups"], "group")
    say(f"calibrated on {amount(about['scans'], 'scan')} of images of {groups}")
    generator.cpu()
    return found.to_dict()
