"""`stemgan scan`: write a scan path and print what it costs."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import FAMILY_NAMES, emit, parser_for
from stemgan.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stemgan.scan import ScanDesign, Trace

    Array = NDArray[np.float64]

_FORMATS = ("npy", "csv", "obi", "de", "odemis", "tif")
_SUFFIXES = {".npy": "npy", ".csv": "csv", ".tif": "tif", ".tiff": "tif"}
_OBI_SIDE = 16384
_OBI_TICK = 125e-9

_EXAMPLES = """\
  stemgan scan spiral --coverage 1/20 --shape 512x512 -o spiral.npy
  stemgan scan dots --pitch 5 --shape 256x384 --format de -o scan_coordinates.csv
formats (x runs right, y down; pixel centres):
  npy, csv  x, y, dwell [s] of every position of the path, as float64 fractions of the field of
            view: the centre of pixel (0, 0) is at (0.5 / W, 0.5 / H); positions outside [0, 1)
            are blanked
  obi       Open Beam Interface CSV: x, y in 0..16383 over the longer side, dwell in 125 ns
  de        Direct Electron CSV: whole x, y, no header
  odemis    NPY of x, y [px] from the field's centre
  tif       the mask, 0/1
  obi, de and odemis hold the measured pixels in the order of their first visit
"""


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("scan", _EXAMPLES)
    parser.add_argument("family", metavar="FAMILY", help=FAMILY_NAMES)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--coverage", help="share of measured pixels, such as 1/20 or 0.05")
    size.add_argument("--pitch", type=float, help="spacing of turns, lines or dots [px]")
    parser.add_argument("--shape", required=True, metavar="HxW", help="frame, such as 512x512")
    parser.add_argument("--format", choices=_FORMATS, help="by default, from the suffix")
    parser.add_argument(
        "--dwell", type=float, default=1e-6, help="time per pixel [s], default 1e-6"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the random families (0)")
    parser.add_argument("-o", "--output", required=True, metavar="FILE")
    parser.add_argument("--overwrite", action="store_true", help="replace what exists")
    return parser


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    from stemgan.files import check_output, whole_file
    from stemgan.images.points import parse_shape
    from stemgan.scan import ScanDesign, parse_coverage

    output = Path(args.output)
    form = args.format or _SUFFIXES.get(output.suffix.lower())
    if form is None:
        raise InputError(f"{output} does not say its format: add --format {'|'.join(_FORMATS)}")
    check_output(output, overwrite=args.overwrite)
    if not 0 < args.dwell < float("inf"):
        raise InputError(f"a dwell is a time above 0 s, not {args.dwell:g}")
    if args.seed < 0:
        raise InputError(f"a seed is 0 or more, not {args.seed}")
    coverage = None if args.coverage is None else parse_coverage(args.coverage)
    shape = parse_shape(args.shape)
    design = ScanDesign(args.family, shape, coverage, args.pitch, args.seed).solved()
    trace = design.trace()
    figures = _figures(design, trace, args.dwell)
    writer = _WRITERS[form]
    with whole_file(output) as temporary:
        figures["quantisation_px"] = writer(temporary, trace, figures)
    figures["output"] = str(output)
    emit(figures, _text(figures, args.dwell), as_json=args.json)


def _figures(design: "ScanDesign", trace: "Trace", dwell: float) -> dict[str, Any]:
    from stemgan_kernels.distance import distance_transform

    steps = trace.length if design.joined else len(trace.path)
    return {
        "family": design.family,
        "shape": list(design.shape),
        "pitch": design.pitch,
        "coverage": trace.coverage,
        "measured_pixels": len(trace.visited),
        "length_px": trace.length,
        "dwell_s": dwell,
        "duration_s": steps * dwell,
        "largest_distance_px": float(distance_transform(trace.mask).distance.max()),
    }


def _text(figures: dict[str, Any], dwell: float) -> str:
    from stemgan.scan import format_coverage

    pitch = "" if figures["pitch"] is None else f", pitch {figures['pitch']:.4g} px"
    shape = "x".join(map(str, figures["shape"]))
    return "\n".join(
        [
            f"{figures['output']}: {figures['family']}, {shape}{pitch}",
            f"coverage          {format_coverage(figures['coverage'])} "
            f"({figures['measured_pixels']} pixels)",
            f"length            {figures['length_px']:.0f} px, outside the frame too",
            f"duration          {figures['duration_s'] * 1e3:.4g} ms at {dwell * 1e6:g} µs a "
            "pixel, without flyback and settling",
            f"largest distance  {figures['largest_distance_px']:.1f} px",
            f"rounding          at most {figures['quantisation_px']:.3g} px in this format",
        ]
    )


def _fractions(trace: "Trace", figures: dict[str, Any]) -> "Array":
    """Return x, y as fractions of the field of view and dwell [s], (n, 3) float64."""
    import numpy as np

    height, width = trace.mask.shape
    x = (trace.path[:, 1] + 0.5) / width
    y = (trace.path[:, 0] + 0.5) / height
    dwell = np.full(len(x), figures["duration_s"] / len(x))
    return np.stack([x, y, dwell], axis=1)


def _write_npy(path: Path, trace: "Trace", figures: dict[str, Any]) -> float:
    import numpy as np

    with path.open("wb") as file:
        np.save(file, _fractions(trace, figures))
    return 0.0


def _write_csv(path: Path, trace: "Trace", figures: dict[str, Any]) -> float:
    height, width = trace.mask.shape
    lines = [f"# shape={height}x{width} unit=fraction dwell=s family={figures['family']}"]
    lines += ["x,y,dwell"]
    lines += [f"{x!r},{y!r},{d!r}" for x, y, d in _fractions(trace, figures).tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0.0


def _visited(trace: "Trace") -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    y, x = divmod(trace.visited, trace.mask.shape[1])
    return x, y


def _write_obi(path: Path, trace: "Trace", figures: dict[str, Any]) -> float:
    import numpy as np

    ticks = round(figures["dwell_s"] / _OBI_TICK)
    if not 1 <= ticks <= 65535:
        raise InputError(
            f"a dwell of {figures['dwell_s']:g} s is not 1 to 65535 steps of 125 ns: choose "
            "another --dwell for obi"
        )
    step = _OBI_SIDE / max(trace.mask.shape)
    exact = (np.stack(_visited(trace), axis=1) + 0.5) * step - 0.5
    whole = np.round(exact).astype(np.int64)
    lines = [f"{x},{y},{ticks}" for x, y in whole.tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return float(np.abs(whole - exact).max() / step)


def _write_de(path: Path, trace: "Trace", figures: dict[str, Any]) -> float:
    x, y = _visited(trace)
    lines = [f"{i},{j}" for i, j in zip(x.tolist(), y.tolist(), strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return 0.0


def _write_odemis(path: Path, trace: "Trace", figures: dict[str, Any]) -> float:
    import numpy as np

    height, width = trace.mask.shape
    x, y = _visited(trace)
    with path.open("wb") as file:
        np.save(file, np.stack([x - (width - 1) / 2, y - (height - 1) / 2], axis=1))
    return 0.0


def _write_mask(path: Path, trace: "Trace", figures: dict[str, Any]) -> float:
    import numpy as np

    from stemgan.images.tiff import write_tiff

    write_tiff(path, trace.mask.astype(np.uint8), None, None, {"stemgan": figures})
    return 0.0


_WRITERS: dict[str, Callable[[Path, "Trace", dict[str, Any]], float]] = {
    "npy": _write_npy,
    "csv": _write_csv,
    "obi": _write_obi,
    "de": _write_de,
    "odemis": _write_odemis,
    "tif": _write_mask,
}
