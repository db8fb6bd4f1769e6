"""`stemgan scan`: write a scan path, or convert one, and print what it costs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.common import emit, parser_for
from stemgan.cli.timing import SCAN_HELP, add_size, add_timing, read_design, read_timing
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.pathfiles import Written
    from stemgan.scan import ScanDesign, Trace
    from stemgan.scan.physics import Timing

# Written out, as --help must answer at once and their home imports numpy.
_FORMATS = ("npy", "csv", "obi", "de", "odemis", "abtem", "tif")
_SUFFIXES = {".npy": "npy", ".csv": "csv", ".tif": "tif", ".tiff": "tif"}

_EXAMPLES = """\
  stemgan scan spiral --coverage 1/20 --shape 512x512 -o spiral.npy
  stemgan scan dots --pitch 5 --shape 256x384 --format de -o scan_coordinates.csv
  stemgan scan spiral.npy --shape 512x512 --format obi -o spiral.csv
  stemgan scan spiral --pitch 16 --shape 512x512 --lag 2e-5 --current 50 --pixel-size 0.2 \\
    -o spiral.csv
formats (x runs right, y down; pixel centres):
  npy, csv  every position of the path as float64: x, y as fractions of the field of view (the
            centre of pixel (0, 0) is at (0.5 / W, 0.5 / H); outside [0, 1) is blanked), dwell
            [s], which is 0 at the end of a path on which the beam measures between positions
  obi       Open Beam Interface CSV: x, y in 0..16383 over the longer side, dwell in 125 ns
  de        Direct Electron CSV: whole x, y, no header
  odemis    NPY of x, y [px] from the field's centre
  abtem     NPY of positions [Å], the first along the image's rows: needs --pixel-size
  tif       the mask, 0/1; read: any image file, > 0 = measured, visited in raster order
  all but npy and csv hold positions inside the frame: of a path that measures between its
  positions, each measured pixel once in the order of the first visit
"""


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("scan", _EXAMPLES)
    parser.add_argument("family", metavar="FAMILY|FILE", help=SCAN_HELP)
    add_size(parser)
    parser.add_argument("--shape", required=True, metavar="HxW", help="frame, such as 512x512")
    parser.add_argument("--format", choices=_FORMATS, help="by default, from the suffix")
    parser.add_argument("--seed", type=int, default=0, help="of the random families (0)")
    add_timing(parser)
    scale = parser.add_argument_group("dose")
    scale.add_argument(
        "--pixel-size", type=float, metavar="A", help="side of a pixel [Å] (10 Å = 1 nm)"
    )
    scale.add_argument(
        "--current", type=float, metavar="PA", help="beam current [pA]; needs --pixel-size"
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE")
    parser.add_argument("--overwrite", action="store_true", help="replace what exists")
    return parser


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    from stemgan.cli.inputs import refuse_replacing
    from stemgan.files import check_output, whole_file
    from stemgan.images.points import parse_shape
    from stemgan.pathfiles.detect import split
    from stemgan.scan.costs import path_costs

    output = Path(args.output)
    form = args.format or _SUFFIXES.get(output.suffix.lower())
    if form is None:
        raise InputError(f"{output} does not say its format: add --format {'|'.join(_FORMATS)}")
    if args.current is not None and args.pixel_size is None:
        raise InputError("a dose needs the size of a pixel: give --pixel-size [Å]")
    check_output(output, overwrite=args.overwrite)
    refuse_replacing([output], [split(args.family)[1]])
    design = read_design(args, args.family, parse_shape(args.shape))
    trace = design.trace()
    timing = read_timing(args, design, trace)
    figures = _described(args, design, trace)
    figures |= path_costs(design.family, trace, timing, args.pixel_size, args.current)
    with whole_file(output) as temporary:
        written = _write(temporary, form, design, trace, timing, figures)
    figures |= _of_file(output, form, written)
    emit(figures, _text(figures), as_json=args.json)


def _described(
    args: argparse.Namespace, design: "ScanDesign", trace: "Trace"
) -> dict[str, Any]:
    from stemgan.scan import coverage_note, parse_coverage

    wanted = None if args.coverage is None else parse_coverage(args.coverage)
    note = wanted and coverage_note(wanted, trace.coverage, design.family)
    return {
        "family": design.family,
        **({"source": args.family} if design.family == "custom" else {}),
        "shape": list(design.shape),
        "pitch": design.pitch,
        "coverage": trace.coverage,
        "coverage_note": note,
        "measured_pixels": len(trace.visited),
    }


def _write(
    file: Path,
    form: str,
    design: "ScanDesign",
    trace: "Trace",
    timing: "Timing",
    figures: dict[str, Any],
) -> "Written":
    from stemgan.pathfiles import FramePath, write_path
    from stemgan.scan.costs import course_of

    time = course_of(design.family, trace, timing)
    return write_path(
        file,
        FramePath(trace.path, design.shape, time.stay, time.joined),
        form,
        visited=trace.visited,
        pixel_dwell=timing.dwell,
        pixel_size=figures.get("pixel_size_A"),
        name=design.family,
        record=figures,
    )


def _of_file(output: Path, form: str, written: "Written") -> dict[str, Any]:
    return {
        "output": str(output),
        "format": form,
        "file_positions": written.positions,
        "file_duration_s": written.duration,
        "left_out_positions": written.left_out,
        "quantisation_px": written.error,
        "dwell_error_s": written.dwell_error,
        "loses_dwell": written.loses_dwell,
    }


def _text(figures: dict[str, Any]) -> str:
    from stemgan.scan import format_coverage

    pitch = "" if figures["pitch"] is None else f", pitch {figures['pitch']:.4g} px"
    shape = "x".join(map(str, figures["shape"]))
    note = f"; {figures['coverage_note']}" if figures["coverage_note"] else ""
    rows = [
        ("coverage", f"{format_coverage(figures['coverage'])} "
         f"({amount(figures['measured_pixels'], 'pixel')}){note}"),
        *_motion(figures),
        ("distance", f"at most {figures['largest_distance_px']:.1f} px to a measured pixel, "
         f"{figures['mean_distance_px']:.2f} px in the mean"),
        ("path distance", f"at most {figures['largest_path_distance_px']:.1f} px, "
         f"{figures['mean_path_distance_px']:.2f} px in the mean"),
        *_dose(figures),
        *_file(figures),
    ]  # fmt: skip
    head = f"{figures['output']}: {figures.get('source', figures['family'])}, {shape}{pitch}"
    return "\n".join([head, *(f"{name:<16}{text}" for name, text in rows)])


def _motion(figures: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("length", f"{figures['length_px']:.0f} px, outside the frame too"),
        ("duration", f"{figures['duration_s'] * 1e3:.4g} ms at "
         f"{figures['dwell_s'] * 1e6:.4g} µs a pixel, of which flyback "
         f"{figures['flyback_s'] * 1e3:.3g} ms, settling {figures['settling_s'] * 1e3:.3g} ms; "
         f"beam on for {figures['exposure_s'] * 1e3:.4g} ms"),
    ]  # fmt: skip
    if figures["largest_velocity_px_per_s"] is None:
        return [*rows, ("motion", "by jumps: give --lag for velocity and acceleration")]
    velocity = f"at most {figures['largest_velocity_px_per_s']:.3g} px/s"
    acceleration = f"at most {figures['largest_acceleration_px_per_s2']:.3g} px/s²"
    if "pixel_size_A" in figures:
        velocity += f" ({figures['largest_velocity_A_per_s']:.3g} Å/s)"
        acceleration += f" ({figures['largest_acceleration_A_per_s2']:.3g} Å/s²)"
    rows += [("velocity", velocity), ("acceleration", acceleration)]
    if "lag_s" in figures:
        rows.append(
            ("lag", f"beam at most {figures['largest_deviation_px']:.3g} px from where it is "
             f"sent, {figures['mean_deviation_px']:.3g} px in the mean")
        )  # fmt: skip
    return rows


def _dose(figures: dict[str, Any]) -> list[tuple[str, str]]:
    if "current_pA" not in figures:
        return []
    path, field = figures["dose_path_e_per_A2"], figures["dose_field_e_per_A2"]
    return [("dose", f"{path:.4g} e⁻/Å² over the path, {field:.4g} e⁻/Å² over the field")]


def _file(figures: dict[str, Any]) -> list[tuple[str, str]]:
    text = f"{figures['format']}, {amount(figures['file_positions'], 'position')}, "
    text += f"{figures['file_duration_s'] * 1e3:.4g} ms"
    if figures["left_out_positions"]:
        out = amount(figures["left_out_positions"], "position")
        text += f"; left out, as outside the frame: {out}"
    if figures["loses_dwell"]:
        text += "; dwells differ and are lost: set one on the instrument"
    error = f"read back within {figures['quantisation_px']:.3g} px"
    if figures["dwell_error_s"]:
        error += f", dwell within {figures['dwell_error_s']:.2g} s"
    return [("file", text), ("rounding", error)]
