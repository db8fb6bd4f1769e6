"""`stemgan catalogue report`: how good a classifier is on labelled pictures."""

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount, are
from stemgan.cli.catalogue import ACTIONS
from stemgan.cli.catalogues.arguments import (
    add_labels,
    add_running,
    check_any,
    check_running,
    running,
)
from stemgan.cli.common import emit, parser_for, say
from stemgan.cli.inputs import add_tables
from stemgan.cli.left_out import say_left_out
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan_data_prep.catalogue.classifier_file import Info
    from stemgan_data_prep.catalogue.labels import Picture
    from stemgan_data_prep.catalogue.predicting import Predictions

_EXAMPLES = """\
  stemgan catalogue report kinds -o report              on what its training left for testing
  stemgan catalogue report kinds labelled -o report     on a folder of a folder for each class
  stemgan catalogue report kinds/classifier.safetensors images --labels kind -o report

Writes figures.json, per_class.csv, confusion.csv, classes.csv, mistakes.csv, confusion.png,
reliability.png, mistakes.png and report.html, which holds all that it shows. Precision, recall
and F1 are means over classes; intervals hold 95 %, groups of images being independent.
"""

_PARTS = (
    "trained or validated this classifier",
    "{are} the same as others that trained or validated this classifier",
    "{are} of groups of which others trained or validated this classifier",
)


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)

    from stemgan.cli.catalogues.outputs import check_apart, check_kept
    from stemgan.files import check_folder
    from stemgan_data_prep.catalogue.calibration import at_its_most
    from stemgan_data_prep.catalogue.classifier_file import find_classifier, load_classifier
    from stemgan_data_prep.catalogue.predicting import predict
    from stemgan_data_prep.catalogue.reporting import FILES, write_report

    check_running(args)
    check_folder(args.output)
    check_apart(args.output, args.images)
    check_kept(args.output, FILES, "report", overwrite=args.overwrite)
    network, info = load_classifier(args.model)
    run = find_classifier(args.model).parent
    pictures, left_out = _pictures(args, run)
    predictions = predict(network, info, pictures, **running(args))
    notes = _seen(predictions, run) if args.images else []
    if at_its_most(info.temperature):
        notes.append(
            f"The temperature {info.temperature:.3g} is at its bound: on pictures that did not "
            "train it, the classifier told nothing of their classes."
        )
    left_out = [*left_out, *predictions.left_out]
    say_left_out(left_out)
    found = write_report(
        args.output, predictions, title=args.title, facts=_facts(info, args), notes=notes
    )
    for note in found["notes"]:
        say(f"note: {note}")
    files = [str(args.output / name) for name in FILES if (args.output / name).exists()]
    figures = {**found, "output": str(args.output), "files": files, "left_out": len(left_out)}
    emit(figures, _text(figures), as_json=args.json)


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("catalogue report", _EXAMPLES, ACTIONS["report"])
    add = parser.add_argument
    add("model", type=Path, metavar="RUN|FILE", help="the folder of a training run, or a file")
    add(
        "images",
        nargs="*",
        type=Path,
        metavar="IMAGES",
        help="labelled pictures: folders or files; by default the test split of RUN",
    )
    add("-o", "--output", required=True, type=Path, metavar="DIR", help="folder of the report")
    add_labels(parser)
    add_tables(parser)
    add("--title", default="Classifier of micrographs", help="of the page")
    add("--overwrite", action="store_true", help="replace a report that exists")
    add_running(parser)
    return parser


def _pictures(
    args: argparse.Namespace, run: Path
) -> "tuple[Sequence[Picture], list[tuple[str, str]]]":
    from stemgan_data_prep.catalogue.labels import find_pictures
    from stemgan_data_prep.catalogue.sides import NAME, read_split

    if args.images:
        found = find_pictures(args.images, labels=args.labels, tables=args.table)
        check_any(found.pictures, found.left_out)
        return found.pictures, found.left_out
    if not (run / NAME).is_file():
        raise InputError(
            f"{run} has no {NAME}, so that no test split is known: name labelled IMAGES"
        )
    pictures = read_split(run / NAME, "test")
    if not pictures:
        raise InputError(f"{run / NAME} keeps no picture for testing: name labelled IMAGES")
    return pictures, []


def _seen(predictions: "Predictions", run: Path) -> list[str]:
    """Say how many pictures, copies or others of their groups had a part in training."""
    from stemgan_data_prep.catalogue.sides import NAME, read_contents, read_split

    if not (run / NAME).is_file():
        return []
    used = [one for split in ("train", "val") for one in read_split(run / NAME, split)]
    files = {one.file.resolve() for one in used}
    groups = {one.group for one in used if _grouped(one)}
    shown = read_contents(run / NAME, ("train", "val"))
    of = zip(predictions.pictures, predictions.contents, strict=True)
    parts = Counter(_part(one, content, files, shown, groups) for one, content in of)
    return [
        f"{count} of {amount(parts.total(), 'picture')} {did.format(are=are(count))}, so that "
        "the figures are too good: judge it on others."
        for did in _PARTS
        if (count := parts[did])
    ]


def _part(
    picture: "Picture", content: str, files: set[Path], shown: set[str], groups: set[str]
) -> str:
    """Say which part in training a picture had: one of `_PARTS`, or ""."""
    if picture.file.resolve() in files:
        return _PARTS[0]
    if content in shown:
        return _PARTS[1]
    return _PARTS[2] if _grouped(picture) and picture.group in groups else ""


def _grouped(picture: "Picture") -> bool:
    """Tell whether a group was given: without one, it is the picture's file."""
    return picture.group != re.sub(r"#\d+$", "", picture.key)


def _facts(info: "Info", args: argparse.Namespace) -> dict[str, Any]:
    """Say of what and by what the report is."""
    from stemgan import __version__

    simple = {
        name.replace("_", " "): value
        for name, value in info.training.items()
        if isinstance(value, str | int | float)
    }
    return {
        "classifier": str(args.model),
        "images": ", ".join(map(str, args.images)) or "the test split of its training",
        "backbone": info.backbone,
        "side of images": f"{info.side} px",
        "temperature": f"{info.temperature:.3f}",
        **simple,
        "version": __version__,
    }


def _text(figures: dict[str, Any]) -> str:
    from stemgan_data_prep.catalogue.reporting.words import answer

    width = max(len(row["class"]) for row in figures["per_class"])
    head = f"{'class':<{width}}  images  precision  recall     F1"
    lines = [
        f"{row['class']:<{width}}  {row['images']:>6}  {_cell(row['precision']):>9}  "
        f"{_cell(row['recall']):>6}  {_cell(row['f1']):>5}"
        for row in figures["per_class"]
    ]
    page = Path(figures["output"]) / "report.html"
    return "\n".join([head, *lines, "", *answer(figures), f"the report is {page}"])


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
