"""Draw every family of scan paths side by side, and say what each costs and what it misses.

    python examples/scan_families.py -o families.png --coverage 1/20 --shape 256x384

Each panel is a mask, each of its pixels a square of screen pixels: black is not measured, and
the colours are those of the time of its first visit; the last panel shows their order. The
table goes to the terminal: what was reached and how far that is from what was asked, the path's
length with the parts outside the frame, its duration, and the largest and mean distance to the
nearest measured pixel.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from stemgan.files import check_output, whole_file
from stemgan.images.points import parse_shape
from stemgan.scan import (
    FAMILIES,
    ScanDesign,
    Trace,
    coverage_note,
    format_coverage,
    parse_coverage,
)
from stemgan.scan.costs import path_costs
from stemgan.scan.physics import Timing

NEAREST = Image.Resampling.NEAREST
TIMING = Timing(dwell=1e-6, flyback=100e-6, settling=10e-6)
_COLOURS = "plasma"
_DARKEST = 0.3  # of the colours, to stand out from the black
_NARROWEST = 300  # panel [px], to hold its caption
_ROWS = 2
_GAP = 12
_TEXT = 17


def coloured(trace: Trace) -> NDArray[np.uint8]:
    """Paint the measured pixels by the time of their first visit, (H, W, 3)."""
    image = np.zeros((trace.dwell.size, 3), np.uint8)
    image[trace.visited] = colours(trace.time)
    return image.reshape(*trace.dwell.shape, 3)


def colours(time: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the colours of times in [0, 1], (..., 3)."""
    mapped = colormaps[_COLOURS](_DARKEST + (1 - _DARKEST) * time)[..., :3]
    return np.round(255 * mapped).astype(np.uint8)


def legend(shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw the colours from the first to the last, (H, W, 3)."""
    image = np.full((*shape, 3), 255, np.uint8)
    image[-max(1, shape[0] // 8) :] = colours(np.linspace(0, 1, shape[1]))
    return image


def sheet(panels: list[tuple[str, NDArray[np.uint8]]]) -> Image.Image:
    """Place captioned panels in rows."""
    zoom = -(-_NARROWEST // panels[0][1].shape[1])
    height, width = (zoom * side for side in panels[0][1].shape[:2])
    columns = -(-len(panels) // _ROWS)
    font = ImageFont.load_default(_TEXT)
    cell = (width + _GAP, height + 2 * _GAP + _TEXT)
    canvas = Image.new("RGB", (columns * cell[0] + _GAP, _ROWS * cell[1] + _GAP), "white")
    draw = ImageDraw.Draw(canvas)
    for index, (caption, data) in enumerate(panels):
        row, column = divmod(index, columns)
        left, top = _GAP + column * cell[0], _GAP + row * cell[1]
        canvas.paste(Image.fromarray(data).resize((width, height), NEAREST), (left, top))
        draw.text((left, top + height + 3), caption, font=font, fill="black")
    return canvas


def figures(design: ScanDesign, trace: Trace) -> dict[str, Any]:
    """Return a row of the table."""
    costs = path_costs(design.family, trace, TIMING)
    wanted = design.coverage
    return {
        "family": design.family,
        "coverage": format_coverage(trace.coverage),
        "error": 0.0 if wanted is None else 100 * (trace.coverage / wanted - 1),
        "length": costs["length_px"],
        "duration": 1e3 * costs["duration_s"],
        "largest": costs["largest_distance_px"],
        "mean": costs["mean_distance_px"],
        "note": wanted and coverage_note(wanted, trace.coverage, design.family),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Format the table and the notes of coverages that are only near."""
    lines = [
        "family         coverage  error [%]  length [px]  time [ms]  largest gap  mean gap [px]"
    ]
    lines += [
        f"{r['family']:14} {r['coverage']:>8}  {r['error']:+9.2f}  {r['length']:11.0f}  "
        f"{r['duration']:9.2f}  {r['largest']:11.1f}  {r['mean']:13.2f}"
        for r in rows
    ]
    return "\n".join([*lines, "", *(f"{r['family']}: {r['note']}" for r in rows if r["note"])])


def main() -> None:
    """Draw all families, and print the table."""
    parser = argparse.ArgumentParser(description="Draw every family of scan paths.")
    parser.add_argument("-o", "--output", type=Path, default=Path("families.png"))
    parser.add_argument("--coverage", type=parse_coverage, default=1 / 20)
    parser.add_argument("--shape", type=parse_shape, default=(256, 384))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    check_output(args.output, overwrite=True)
    panels, rows = [], []
    for family in FAMILIES:
        coverage = None if family == "raster" else args.coverage
        design = ScanDesign(family, args.shape, coverage, seed=args.seed)
        trace = design.trace()
        row = figures(design, trace)
        rows.append(row)
        gap = f"largest gap {row['largest']:.1f} px"
        panels.append((f"{family}  {row['coverage']}  {gap}", coloured(trace)))
    panels.append(("time: first to last visit", legend(args.shape)))
    with whole_file(args.output) as temporary:
        sheet(panels).save(temporary, format="PNG")
    print(table(rows))
    print(
        f"\n{TIMING.dwell * 1e6:g} µs a pixel, {TIMING.flyback * 1e6:g} µs a line return, "
        f"{TIMING.settling * 1e6:g} µs a jump; the picture is {args.output}"
    )


if __name__ == "__main__":
    main()
