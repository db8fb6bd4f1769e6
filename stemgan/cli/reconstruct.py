"""`stemgan reconstruct`: partial scan(s) to image(s)."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import METHOD_NAMES, emit, parser_for
from stemgan.cli.completing import bar, complete
from stemgan.cli.inputs import expand, refuse_replacing
from stemgan.cli.jobs import FOLDER, plan
from stemgan.cli.live.watch import add_watch, check_watch, watch
from stemgan.cli.timing import check_pixel_size, parse_pair
from stemgan.devices import DEVICES
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.cli.completers import Completer
    from stemgan.measurement import PartialScan

_EXAMPLES = f"""\
  stemgan reconstruct partial.tif -o image.tif --preview
  stemgan reconstruct scan.dm4 --mask mask.png -o image.tif --uncertainty
  stemgan reconstruct lattice.tif -o image.tif --raw
  stemgan reconstruct points.csv --shape 512x512 --unit fraction -o image.tif
  stemgan reconstruct "scans/*.tif" -o images
  stemgan reconstruct movie.mrc --path scan_coordinates.csv --shape 29x12 -o image.tif
  stemgan reconstruct --watch scans -o images
  stemgan reconstruct partial.tif --model stemgan-s-adv --samples 8 -o image.tif
inputs:
  TIFF, NPY, NPZ (arrays values and dwell), CSV point lists (x,y,intensity[,dwell]; in px, the
  centre of the first pixel is at 0, 0; in fractions of the field of view, at 0.5/W, 0.5/H), and
  with pip install 'stemgan[formats]' what RosettaSciIO reads; a stack becomes a stack
  unmeasured pixels are NaN, or given by MASK (> 0 = measured; fractions = dwell); zeros are
  never taken to mean unmeasured
  with --path: a 1-D NPY file of values, or a stack of detector frames, whose sums are the
  values; path formats as in stemgan scan --help
  with --watch: files that are there and files that come, each once it is whole; NAME.mask.tif
  beside NAME.tif says what was measured; what has its result in OUT is done already
outputs:
  float32 in the input's own unit, pixel size kept (not in NPY); without -o,
  NAME.reconstruction.tif beside the scan, or with several scans the folder {FOLDER}
"""


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("reconstruct", _EXAMPLES)
    parser.add_argument("scans", nargs="*", metavar="SCAN", help="files, folders or globs")
    parser.add_argument("--mask", metavar="MASK", help="any image file, > 0 = measured")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="file (.tif, .npy, .npz), or folder for several",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--model", metavar="NAME|FILE", help="network (stemgan-s); .safetensors or .onnx"
    )
    how.add_argument("--method", metavar="NAME", help=f"in place of a network: {METHOD_NAMES}")
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument(
        "--seed", type=int, metavar="N", help="of the texture of adversarial models (0)"
    )
    parser.add_argument(
        "--samples",
        type=int,
        metavar="N",
        help="write N likely images of an adversarial model, NAME.sample1.tif and so on, of "
        "the seeds from --seed on, and their standard deviation at each pixel (ddof 1), "
        "NAME.samples_std.tif; NAME.tif itself is the first sample, not the mean",
    )
    parser.add_argument(
        "--uncertainty",
        action="store_true",
        help="write the standard deviation, NAME.std.tif, and the values that the truth lies "
        "below with a probability of 5, 50 and 95 %%, NAME.q05.tif, NAME.q50.tif, NAME.q95.tif",
    )
    parser.add_argument(
        "--raw",
        action="store_true",
        help="complete single pixels, not the blurred truth (5x5, 2.5 px): sharper, for "
        "lattices of some pixels, and noisier; with --uncertainty, of pixels with their noise",
    )
    parser.add_argument("--preview", action="store_true", help="write a picture, NAME.png")
    parser.add_argument("--shape", metavar="HxW", help="frame of a point list or path")
    parser.add_argument("--unit", choices=("px", "fraction"), help="of a point list's x, y")
    parser.add_argument("--overwrite", action="store_true", help="replace what exists")
    add_watch(parser)
    path = parser.add_argument_group("values along a path")
    path.add_argument(
        "--path",
        metavar="FILE|FORMAT:FILE",
        help="scan path with a position for each value or detector frame of SCAN",
    )
    path.add_argument(
        "--offset", metavar="Y,X", help="where (0, 0) of a de: path lies in the frame [px]"
    )
    path.add_argument(
        "--pixel-size", type=float, metavar="A", help="side of a pixel [Å], for abtem:FILE"
    )
    return parser


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    if args.uncertainty and args.method:
        raise InputError(
            f"method {args.method} gives no uncertainty: leave out --uncertainty or --method"
        )
    check_watch(args)
    if args.watch is not None:
        watch(args, _inputs(args), _reader, lambda: _load(args), complete)
        return
    jobs = plan(expand(args.scans), args)
    inputs = [job.source for job in jobs] + _inputs(args)
    refuse_replacing([path for job in jobs for path in job.outputs()], inputs)
    read = _reader(args)
    first = read(jobs[0].source)
    for job in bar(jobs[1:], "checking"):
        read(job.source)  # so that nothing is written unless every input is sound
    method = _load(args)
    images: list[dict[str, Any]] = []
    for job in bar(jobs, "completing"):
        scans = first if job is jobs[0] else read(job.source)
        images += complete(job, scans, method, args.overwrite)
    figures = {**method.record, "load_seconds": method.load_seconds, "images": images}
    emit(figures, _text(figures, method.label), as_json=args.json)


def _load(args: argparse.Namespace) -> "Completer":
    from stemgan.cli.completers import check_uncertainty, completer

    method = completer(args)
    if args.uncertainty:
        check_uncertainty(method)
    return method


def _inputs(args: argparse.Namespace) -> list[Path]:
    from stemgan.pathfiles.detect import split

    mask = [Path(args.mask)] if args.mask else []
    return mask + ([split(args.path)[1]] if args.path else [])


def _reader(args: argparse.Namespace) -> "Callable[[Path], list[PartialScan]]":
    from stemgan.images import read_partial_scans
    from stemgan.images.points import parse_shape

    shape = None if args.shape is None else parse_shape(args.shape)
    if args.path:
        return _path_reader(args, shape)
    if args.offset or args.pixel_size is not None:
        raise InputError("--offset and --pixel-size go with --path: add it, or leave them out")

    def read(path: Path) -> "list[PartialScan]":
        scans = read_partial_scans(path, args.mask, shape, args.unit)
        shapes = sorted({scan.shape for scan in scans})
        if len(shapes) > 1:
            raise InputError(
                f"{path} holds images of {len(shapes)} shapes ({shapes[0]}, {shapes[1]}, ...): "
                "save the one to complete in a file of its own"
            )
        return scans

    return read


def _path_reader(
    args: argparse.Namespace, shape: tuple[int, int] | None
) -> "Callable[[Path], list[PartialScan]]":
    from stemgan.pathfiles.measured import read_path_scan

    if shape is None:
        raise InputError("a path needs a frame: give --shape HxW")
    if args.mask or args.unit:
        raise InputError("a path says what was measured: leave out --mask and --unit")
    check_pixel_size(args, args.path)
    offset = parse_pair(args.offset or "0,0", "offset")

    def read(path: Path) -> "list[PartialScan]":
        options = {"offset": offset, "pixel_size": args.pixel_size}
        return [read_path_scan(path, args.path, shape, **options)]

    return read


def _text(figures: dict[str, Any], label: str) -> str:
    from stemgan.scan import format_coverage

    images = figures["images"]
    seconds = sum(image["seconds"] for image in images)
    how = f"{label} on {figures['device']}" if "device" in figures else label
    if len(images) > 1:
        outputs = {image["output"] for image in images}
        where = outputs.pop() if len(outputs) == 1 else Path(images[0]["output"]).parent
        return f"{where}: {len(images)} images by {how} in {seconds:.2f} s"
    image = images[0]
    also = "".join(f"\nalso {path}" for path in image["also"])
    return (
        f"{image['output']}: {image['shape'][0]}x{image['shape'][1]}, coverage "
        f"{format_coverage(image['coverage'])}, {how} in {seconds:.2f} s{also}"
    )
