"""Read the scale of rendered micrographs whose scale is known: how often it is right, or wrong.

    python benchmarks/info_bars.py [--number 50] [--seed 0] [--barless 50] [--styles zeiss,...]
        [-o FOLDER] [--fonts FOLDER] [--keep FOLDER] [IMAGES ...]

Pictures have bars in the styles of five makers, and burnt into the image (`info_bars_drawing`).
Right is a scale within 1 % of the truth; anything else that is not refused is wrong. The same
pictures are then measured without reading text: a bar is right within 1 % of its length. Of
pictures with the same words but without the bar, and of IMAGES (files or folders), whatever is
found is listed. The table by what spoke for each reading is where the confidences in
`stemgan_data_prep.catalogue.scale.evidence` come from (seeds from 3000: no others tuned).
What it said with seed 0: of 50 scales 40 right, none wrong, 10 refused (5 of the 8 bars burnt
into the image); of 50 bars without text 42 right, 1 wrong, 7 not found; nothing found in 50
pictures without a bar. In fonts that no rule was made with (Liberation, seed 3600):
of 240 scales 183 right, none wrong.
--fonts takes other fonts (TTF) than matplotlib's. Writes FOLDER/info_bars.csv and previews of
what was wrong or refused. --keep writes every picture drawn and truth.csv, which says what was
drawn: an archive to try `stemgan catalogue scale` on.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import info_bars_drawing
import numpy as np
from info_bars_drawing import STYLES, Rendered, render

from stemgan.files import check_folder
from stemgan.images import READABLE, read_micrograph, write_image, write_picture
from stemgan_data_prep.catalogue.scale.deciding import scale_of
from stemgan_data_prep.catalogue.scale.previews import preview
from stemgan_data_prep.catalogue.scale.reading import available
from stemgan_data_prep.catalogue.scale.scales import Scale
from stemgan_data_prep.catalogue.scale.units import parse_length
from stemgan_data_prep.catalogue.tables import write_rows

CLOSE = 0.01
TRUTH = ("file", "style", "font", "altered", "label", "pixel_size_nm", "bar_px")
COLUMNS = ("index", "style", "font", "altered", "label", "pixel_size", "read", "text")
COLUMNS = (*COLUMNS, "confidence", "kind", "outcome", "bar_outcome", "reason", "seconds")


def main() -> None:
    """Run the benchmark."""
    args = _arguments()
    if args.fonts:
        info_bars_drawing.use_fonts(sorted(args.fonts.glob("*.ttf")))
    styles = tuple(args.styles.split(","))
    if args.output:
        check_folder(args.output)
        args.output.mkdir(exist_ok=True)
    if args.keep:
        keep(args.keep, args.seed, args.number, args.barless, styles)
    rows = [_try(args, index, styles) for index in range(args.number)]
    _print_rates("text read", rows, "outcome", styles)
    _print_rates("bars measured, without text", rows, "bar_outcome", styles)
    _print_kinds(rows)
    print(f"{np.mean([row['seconds'] for row in rows]):.2f} s a picture")
    _try_without(args, styles)
    _try_images(args.images)
    if args.output:
        write_rows(args.output / "info_bars.csv", rows, COLUMNS)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Read rendered info bars.")
    add = parser.add_argument
    add("images", nargs="*", type=Path, help="other pictures, files or folders, to look at")
    add("--number", type=int, default=50, metavar="N", help="pictures with a bar (50)")
    add("--seed", type=int, default=0, metavar="N", help="of all that is drawn (0)")
    add("--barless", type=int, default=50, metavar="N", help="pictures without a bar (50)")
    add("--styles", default=",".join(STYLES), help=f"of bars, by commas: {', '.join(STYLES)}")
    add("--fonts", type=Path, metavar="FOLDER", help="of other fonts (*.ttf)")
    add("-o", "--output", type=Path, metavar="FOLDER", help="of the table and previews")
    add("--keep", type=Path, metavar="FOLDER", help="of all that is drawn, with truth.csv")
    args = parser.parse_args()
    if not available():
        parser.error("Tesseract is missing: install the program and stemgan[catalogue]")
    return args


def keep(folder: Path, seed: int, number: int, barless: int, styles: Sequence[str]) -> None:
    """Write the pictures that are tried, and truth.csv, where scales are empty without a bar.

    Raises
    ------
    InputError : the folder cannot be written to.
    """
    check_folder(folder)
    folder.mkdir(exist_ok=True)
    rows = []
    for index in range(number + barless):
        bare = index >= number
        truth = render(seed, index, tuple(styles), barless=bare)
        path = folder / f"{'bare' if bare else 'bar'}_{index:04d}_{truth.style}.tif"
        write_image(path, truth.image, overwrite=True)  # without a pixel size: the bar has it
        row = {"file": path.name, "style": truth.style, "font": truth.font}
        row |= {"altered": truth.altered, "label": "" if bare else truth.label}
        row |= {"pixel_size_nm": "" if bare else truth.pixel_size}
        rows.append({**row, "bar_px": "" if bare else truth.bar})
    write_rows(folder / "truth.csv", rows, TRUTH)


def _try(args: argparse.Namespace, index: int, styles: Sequence[str]) -> dict[str, Any]:
    """Read one rendered picture with and without text."""
    truth = render(args.seed, index, tuple(styles))
    image = truth.image.astype(np.float32)
    start = time.perf_counter()
    scale = scale_of(image)
    seconds = time.perf_counter() - start
    outcome = _outcome(scale.pixel_size, truth.pixel_size)
    bar = scale_of(image, text=False)
    if args.output and outcome != "right":
        name = f"{outcome}_{index:04d}_{truth.style}.png"
        write_picture(args.output / name, preview(image, scale), overwrite=True)
    return {
        "index": index,
        "style": truth.style,
        "font": truth.font,
        "altered": truth.altered,
        "label": truth.label,
        "pixel_size": truth.pixel_size,
        "read": scale.pixel_size,
        "text": scale.text,
        "confidence": scale.confidence,
        "kind": scale.kind,
        "outcome": outcome,
        "bar_outcome": _outcome(bar.bar_px, truth.bar),
        "right_if_taken": _if_taken(scale, truth),
        "reason": scale.reason,
        "seconds": seconds,
    }


def _outcome(found: float | None, truth: float) -> str:
    if found is None:
        return "refused"
    return "right" if abs(found / truth - 1) <= CLOSE else "WRONG"


def _if_taken(scale: Scale, truth: Rendered) -> bool | None:
    """Say whether a reading was right, had it been taken whatever its confidence."""
    length = parse_length(scale.text)
    if not scale.kind or length is None or not scale.bar_px:
        return None
    pixel = length.nanometres(length.units[0]) / scale.bar_px
    return abs(pixel / truth.pixel_size - 1) <= CLOSE


def _print_rates(
    title: str, rows: Sequence[dict[str, Any]], column: str, styles: Sequence[str]
) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row["style"]][row[column]] += 1
        counts["all"][row[column]] += 1
    print(f"\n{title:28s} right  WRONG  refused")
    for style in (*styles, "all"):
        right, wrong, refused = (counts[style][word] for word in ("right", "WRONG", "refused"))
        print(f"  {style:26s} {right:5d}  {wrong:5d}  {refused:7d}")


def _print_kinds(rows: Sequence[dict[str, Any]]) -> None:
    """Print how often readings were right by what spoke for them, taken or not."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if row["right_if_taken"] is not None:
            counts[row["kind"]][0] += row["right_if_taken"]
            counts[row["kind"]][1] += 1
        row.pop("right_if_taken")
    print("\nwhat speaks for a reading      right   of   (right + 1) / (all + 2)")
    for kind, (right, total) in sorted(counts.items()):
        print(f"  {kind:28s} {right:5d} {total:4d}   {(right + 1) / (total + 2):.3f}")


def _try_without(args: argparse.Namespace, styles: Sequence[str]) -> None:
    """Count what is found where there is no bar, though all else is as in the others."""
    found, bars = [], 0
    for index in range(args.barless):
        truth = render(args.seed, args.number + index, tuple(styles), barless=True)
        scale = scale_of(truth.image.astype(np.float32))
        if scale.pixel_size is not None:
            found.append(f"{truth.style} {index}: {scale.text}")
        bars += scale_of(truth.image.astype(np.float32), text=False).bar_px is not None
    print(f"\nwithout a bar: {len(found)} of {args.barless} given a scale", *found, sep="\n  ")
    print(f"without a bar: a bar seen in {bars} of {args.barless}, text unread")


def _try_images(places: Sequence[Path]) -> None:
    """List what is found in pictures given."""
    files = [
        file
        for place in places
        for file in (sorted(place.iterdir()) if place.is_dir() else [place])
        if file.suffix.lower() in READABLE - {".csv"}
    ]
    found = 0
    for file in files:
        scale = scale_of(read_micrograph(file).data)
        if scale.bar_px is not None:
            found += 1
            print(f"  {file.name}: {scale.text} in {scale.bar_px:.1f} px; {scale.reason}")
    if files:
        print(f"pictures given: a bar found in {found} of {len(files)}")


if __name__ == "__main__":
    main()
