"""`stemgan catalogue scale`: the scale bars of pictures to a table of pixel sizes."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.catalogue import ACTIONS
from stemgan.cli.catalogues.arguments import add_images, add_table, check_any
from stemgan.cli.common import emit, parser_for, progress, say
from stemgan.cli.left_out import say_left_out
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan_data_prep.catalogue.scale.surveying import Looked

_EXAMPLES = """\
  stemgan catalogue scale archive -o scales.csv
  stemgan catalogue scale archive -o scales.csv --bins 1,10,100 --preview
  stemgan prepare archive -o dataset --table scales.csv --stratify scale_bin

The bar is measured and its text read by Tesseract, a program of its own; without it bars are
measured (bar_px), and scales come from metadata alone. A scale that is doubtful is refused:
its cell is empty, and scale_note says why. Where metadata give a pixel size too, both must
agree. pixel_size is in nm; scale_confidence is the share of such readings that are right on
rendered bars; of a stack the first image is looked at.
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)

    from stemgan.cli.catalogues.outputs import check_table
    from stemgan_data_prep.catalogue.scale.binning import edges
    from stemgan_data_prep.catalogue.scale.reading import available
    from stemgan_data_prep.catalogue.scale.surveying import COLUMNS, rows, survey
    from stemgan_data_prep.catalogue.tables import write_rows
    from stemgan_data_prep.micrographs import find

    if args.workers < 1:
        raise InputError(f"--workers {args.workers} must be 1 or more")
    edges(args.bins, [1.0])
    check_table(args.output, overwrite=args.overwrite)
    pictures = _picture_folder(args)
    found = find(args.images, group_by="file", training=False)
    text = available()
    if not text:
        say(
            "Tesseract is missing (the program, or the extra: pip install "
            "'stemgan[catalogue]'): bars are measured, their text is not read"
        )
    keep = pictures is not None
    looking = survey(found.sources, text=text, keep=keep, workers=args.workers)
    looked = [_drawn(one, pictures) for one in progress(looking, "scale", len(found.sources))]
    left_out = [(odd.key, odd.reason) for odd in found.rejected]
    left_out += [(one.source.key, one.reason) for one in looked if one.scale is None]
    check_any([one for one in looked if one.scale is not None], left_out)
    say_left_out(left_out)
    table = rows(looked, args.output.parent, args.bins)
    write_rows(args.output, table, COLUMNS)
    figures = {
        "output": str(args.output),
        **_figures(table),
        "left_out": len(left_out),
        "text_read": text,
        "previews": str(pictures) if pictures else None,
    }
    emit(figures, _text(figures), as_json=args.json)


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("catalogue scale", _EXAMPLES, ACTIONS["scale"])
    add = parser.add_argument
    add_images(parser)
    add_table(parser)
    add(
        "--bins",
        default="decades",
        metavar="N|EDGES",
        help="bins of the pixel size: a number of them, of as many pictures each; or edges in "
        "nm, such as 1,10,100 (decades)",
    )
    add(
        "--preview",
        action="store_true",
        help="draw what was found into FILE.previews/, a picture each",
    )
    add("--workers", type=int, default=1, metavar="N", help="files at once (1)")
    return parser


def _picture_folder(args: argparse.Namespace) -> Path | None:
    """Make the folder of the previews, if they are asked for."""
    if not args.preview:
        return None
    from stemgan.cli.catalogues.outputs import check_apart
    from stemgan.files import check_folder

    folder = args.output.with_suffix(".previews")
    check_folder(folder)
    check_apart(folder, args.images)
    if folder.is_dir() and any(folder.iterdir()) and not args.overwrite:
        raise InputError(f"{folder} holds files: pass --overwrite, or choose another -o")
    folder.mkdir(exist_ok=True)
    return folder


def _drawn(looked: "Looked", folder: Path | None) -> "Looked":
    """Draw the preview of a file, and let go of its image."""
    from dataclasses import replace

    from stemgan_data_prep.catalogue.scale.previews import write_preview

    if folder is None or looked.image is None:
        return looked
    write_preview(folder, looked)
    return replace(looked, image=None)


def _figures(table: list[dict[str, Any]]) -> dict[str, Any]:
    known = [row for row in table if row["pixel_size"]]
    known.sort(key=lambda row: float(row["pixel_size"]))  # bins in their order
    return {
        "files": len(table),
        "scales": len(known),
        "by": dict(Counter(row["scale_source"] for row in known).most_common()),
        "bins": dict(Counter(row["scale_bin"] for row in known)),
        "bars": sum(row["bar_px"] is not None for row in table),
        "refused": sum(row["bar_px"] is not None and not row["pixel_size"] for row in table),
    }


def _text(figures: dict[str, Any]) -> str:
    lines = [
        f"a scale was found for {figures['scales']} of {amount(figures['files'], 'file')}; "
        f"bars seen: {figures['bars']}, of which refused: {figures['refused']}"
    ]
    for title in ("by", "bins"):
        width = max(map(len, figures[title]), default=0)
        lines += [f"  {name:<{width}}  {count:>6}" for name, count in figures[title].items()]
    if figures["left_out"]:
        lines.append(f"left out: {figures['left_out']}")
    lines.append(f"the table is {figures['output']}")
    if figures["previews"]:
        lines.append(f"what was found is drawn in {figures['previews']}")
    return "\n".join(lines)
