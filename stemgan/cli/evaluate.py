"""`stemgan evaluate`: compare methods on the same partial scans."""

import argparse
import math
from pathlib import Path
from typing import Any

from stemgan.amounts import amount
from stemgan.cli.common import FAMILY_NAMES, METHOD_NAMES, emit, parser_for, progress, say
from stemgan.cli.inputs import add_tables, expand
from stemgan.cli.left_out import say_left_out
from stemgan.devices import DEVICES
from stemgan.errors import InputError

_EXAMPLES = """\
  stemgan evaluate images/ --scan spiral --coverage 1/20 -o results
  stemgan evaluate images/ --methods linear,fourier-pocs,stemgan-s --scan spiral,dots \\
      --coverage 1/17.9,1/50,1/87 --electrons none,100 --by material -o results
  stemgan evaluate images/ --methods stemgan-s,stemgan-s:raw --scan dots --coverage 1/16 \\
      -o results
  stemgan evaluate images/ --scan spiral --coverage 1/20 --table classes.csv --by class \\
      -o results
outputs in DIR:
  results.csv (one row per image, method, scan, coverage and electrons), summary.csv (means over
  images, and over groups), error_by_distance.csv and error_by_pitch.csv (mean, RMSE and 5, 50
  and 95 % quantiles of the error), systematic_error/*.tif (mean, mean absolute and root mean
  square error at each pixel over images of one shape, where all have the same mask), and plots;
  the same command on the same DIR continues where it stopped
errors are RMSE in % of the truth's range (max - min), against the raw truth and against the
truth blurred by a 5x5 Gaussian of sigma 2.5 px
groups and other columns come from a manifest.csv with the columns file and group, beside the
images or in a folder above, and from tables; without one every image is its own group; --by
adds summary_by_COLUMN.csv and error_by_COLUMN.png, to a finished evaluation too
"""


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("evaluate", _EXAMPLES)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="files, folders or globs")
    parser.add_argument(
        "--methods",
        metavar="M,...",
        help="models and weights files (with :raw behind one, its completion of the raw "
        f"truth), or any of {METHOD_NAMES}; by default all of them",
    )
    parser.add_argument(
        "--scan",
        required=True,
        metavar="F,...",
        help=f"any of {FAMILY_NAMES}, and path or mask files",
    )
    parser.add_argument(
        "--coverage",
        metavar="C,...",
        help="such as 1/20,1/50, of each family; a file or a raster has a coverage of its own",
    )
    parser.add_argument(
        "--electrons",
        default="none",
        metavar="N,...",
        help="mean per measured pixel, or none",
    )
    parser.add_argument(
        "--crop", type=int, metavar="N", help="use the middle of images larger than N px"
    )
    parser.add_argument("--seed", type=int, default=0, help="of paths and noise (0)")
    parser.add_argument("--by", metavar="COLUMN", help="also split the means by this column")
    add_tables(parser)
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (1)")
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    parser.add_argument("--overwrite", action="store_true", help="begin anew")
    return parser


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    if args.workers < 1:
        raise InputError(f"--workers is at least 1, not {args.workers}")
    if args.seed < 0:
        raise InputError(f"a seed is 0 or more, not {args.seed}")
    electrons = [_electrons(text) for text in _items(args.electrons, "--electrons")]
    paths = expand(args.images)
    if Path(args.output).resolve() in {path.resolve().parent for path in paths}:
        raise InputError(f"{args.output} holds the images: choose another -o for the results")
    from stemgan.evaluate import default_methods, evaluate, make_plan, notes, read_by

    methods = default_methods()
    if args.methods not in (None, "all"):
        methods = _items(args.methods, "--methods")
    plan = make_plan(
        paths,
        methods,
        _items(args.scan, "--scan"),
        () if args.coverage is None else _items(args.coverage, "--coverage"),
        electrons,
        crop=args.crop,
        seed=args.seed,
        device=args.device,
        by=args.by,
        tables=args.table,
    )

    say_left_out(plan.left_out)

    def steps(cells: Any, left: int) -> Any:  # noqa: ANN401 (an iterable of steps)
        for note in notes(plan):
            say(note)
        total = len(plan.sources) * len(plan.conditions)
        say(
            f"{left} of {amount(total, 'partial scan')} to complete by "
            f"{amount(len(plan.methods), 'method')}"
        )
        return progress(cells, "evaluating", left)

    summary = evaluate(
        plan, Path(args.output), workers=args.workers, overwrite=args.overwrite, progress=steps
    )
    split = read_by(plan, Path(args.output))
    figures = {
        "output": args.output,
        "images": len(plan.sources),
        "groups": len({source.group for source in plan.sources}),
        "left_out": len(plan.left_out),
        "summary": [{name: _plain(value) for name, value in row.items()} for row in summary],
        **({"by": args.by, "summary_by": split} if args.by else {}),
    }
    emit(figures, _text(figures, plan, summary, split), as_json=args.json)


def _items(text: str, option: str) -> tuple[str, ...]:
    items = tuple(item.strip() for item in text.split(",") if item.strip())
    if not items:
        raise InputError(f"{option} names nothing: give one or more, with commas between them")
    return items


def _electrons(text: str) -> float | None:
    if text == "none":
        return None
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"{text!r} is no number of electrons: write 100, or none") from None
    if not (math.isfinite(number) and number > 0):
        raise InputError(f"electrons per pixel must be above 0, not {text}: or write none")
    return number


def _plain(value: Any) -> Any:  # noqa: ANN401 (whatever a row holds)
    """Replace what JSON cannot hold (NaN, infinity) by None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(
    figures: dict[str, Any],
    plan: Any,  # noqa: ANN401 (a Plan)
    summary: list[dict[str, Any]],
    split: list[dict[str, Any]],
) -> str:
    from stemgan.evaluate import table, tables_by

    images, groups = summary[0]["images"], summary[0]["groups"]
    named = {"rmse_blurred": "blurred", "rmse_raw": "raw"}
    parts = [
        table(
            plan,
            summary,
            metric,
            f"RMSE against the {truth} truth [%], mean over {amount(images, 'image')}",
        )
        for metric, truth in named.items()
    ]
    if groups < images:
        parts += [
            table(
                plan,
                summary,
                f"{metric}_groups",
                f"RMSE against the {truth} truth [%], mean over {amount(groups, 'group')}",
            )
            for metric, truth in named.items()
        ]
    parts += tables_by(plan, split) if split else []
    parts.append("* the least error of the methods, at each condition")
    if figures["left_out"]:
        parts.append(f"left out: {figures['left_out']}")
    return "\n\n".join([*parts, f"tables and plots are in {figures['output']}"])
