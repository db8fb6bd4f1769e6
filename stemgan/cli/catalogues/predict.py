"""`stemgan catalogue predict`: pictures to a table of classes that other commands take."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.catalogue import ACTIONS
from stemgan.cli.catalogues.arguments import (
    add_images,
    add_running,
    add_table,
    check_any,
    check_running,
    running,
)
from stemgan.cli.common import emit, parser_for
from stemgan.cli.left_out import say_left_out
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan_data_prep.catalogue.predicting import Predictions

_EXAMPLES = """\
  stemgan catalogue predict archive --model kinds -o classes.csv
  stemgan catalogue predict a.tif b.tif --model kinds/classifier.safetensors -o classes.csv
  stemgan prepare archive -o dataset --table classes.csv \\
      --where "class=Particles and confidence>=0.8"

The table has a row a picture: file (its path from the table's folder; series.tif#2 is the third
picture of a stack), class, confidence, second, second_confidence and so on. A classifier knows
its own classes alone: of a picture of anything else it names the one that comes nearest, at
times with high confidence.
"""

LOW = 0.5
"""Confidence below which a person should look."""


def main(argv: list[str]) -> None:
    """Run the command."""
    parser = parser_for("catalogue predict", _EXAMPLES, ACTIONS["predict"])
    add = parser.add_argument
    add_images(parser)
    add(
        "--model",
        required=True,
        type=Path,
        metavar="RUN|FILE",
        help="a classifier: the folder of its training run, or its file",
    )
    add_table(parser)
    add("--top", type=int, default=3, metavar="N", help="name the N likeliest, 1 to 5 (3)")
    add_running(parser)
    args = parser.parse_args(argv)

    from stemgan.cli.catalogues.outputs import check_table
    from stemgan_data_prep.catalogue.classifier_file import load_classifier
    from stemgan_data_prep.catalogue.labels import find_pictures
    from stemgan_data_prep.catalogue.predicting import RANKS, columns, predict, rows
    from stemgan_data_prep.catalogue.tables import write_rows

    if not 1 <= args.top <= len(RANKS):
        raise InputError(f"--top {args.top} must be 1 to {len(RANKS)}")
    check_running(args)
    check_table(args.output, overwrite=args.overwrite)
    network, info = load_classifier(args.model)
    found = find_pictures(args.images, labels="none")
    check_any(found.pictures, found.left_out)
    predictions = predict(network, info, found.pictures, **running(args))
    left_out = [*found.left_out, *predictions.left_out]
    say_left_out(left_out)
    table = rows(predictions, args.output.parent, args.top)
    write_rows(args.output, table, columns(args.top, len(info.classes)))
    figures = {"output": str(args.output), **_figures(predictions), "left_out": len(left_out)}
    emit(figures, _text(figures), as_json=args.json)


def _figures(predictions: "Predictions") -> dict[str, Any]:
    best = predictions.probabilities.argmax(axis=1)
    counts = Counter(predictions.classes[k] for k in best)
    return {
        "pictures": len(predictions.pictures),
        "classes": {name: counts[name] for name in predictions.classes},
        "confidence": round(float(predictions.confidence.mean()), 4),
        "low_confidence": int((predictions.confidence < LOW).sum()),
    }


def _text(figures: dict[str, Any]) -> str:
    width = max(map(len, figures["classes"]))
    lines = [f"  {name:<{width}}  {count:>6}" for name, count in figures["classes"].items()]
    total, low = figures["pictures"], figures["low_confidence"]
    lines.insert(0, f"{amount(total, 'picture')}, by class:")
    if low:
        lines.append(
            f"the confidence of {low} of {total} is below {LOW:g}: look at these, or leave "
            f'them out with --where "confidence>={LOW:g}"'
        )
    if figures["left_out"]:
        lines.append(f"left out: {figures['left_out']}")
    lines.append(f"the table is {figures['output']}")
    return "\n".join(lines)
