"""`stemgan prepare`: micrographs to a sharded dataset."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount, are
from stemgan.cli.common import emit, parser_for, progress, say
from stemgan.cli.inputs import add_tables
from stemgan.cli.left_out import say_left_out

if TYPE_CHECKING:
    from stemgan_data_prep.reports import Summary

_EXAMPLES = """\
  stemgan prepare micrographs/ -o dataset
  stemgan prepare session1/ session2/ -o dataset --size 256 --split 0.9,0.1,0
  stemgan prepare archive/ -o dataset --group-by specimen --stratify material
  stemgan prepare archive/ -o dataset --table classes.csv --stratify class \\
      --where "class=Powder and confidence>=0.8"
  stemgan prepare archive/ -o dataset --detector HAADF --stack sum --max-noise 0.5
  stemgan prepare archive/ -o dataset --where "saturation<0.01 and constant<0.5" --dry-run
  stemgan prepare stem_96x96.npy -o dataset --size 96       a published collection
  stemgan prepare /shared/archive -o s3://bucket/dataset --scheduler tcp://head:8786
"""


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("prepare", _EXAMPLES)
    add = parser.add_argument
    add("source", nargs="+", type=Path, help="folder of micrographs, or a file")
    add("-o", "--output", required=True, help="the dataset's folder, or a URL (s3://...)")
    add("--size", type=int, default=512, help="side of a tile [px] (512)")
    add(
        "--overlap",
        type=int,
        metavar="PX",
        help="let tiles overlap by at least so much and cover the image; without it, full "
        "tiles side by side",
    )
    add(
        "--stack",
        default="frames",
        help="of a stack take its frames, their sum, or the first (frames)",
    )
    add("--detector", help="take one detector's images alone, by its name, such as HAADF")
    add(
        "--split",
        default="0.8,0.1,0.1",
        help="shares of the groups for train, val, test (0.8,0.1,0.1)",
    )
    add_tables(parser)
    add(
        "--group-by",
        metavar="COLUMN",
        help="what must stay on one side: a column of manifest.csv (which has a column file), "
        "or file, or folder; by default its column group, else each file, else each image of "
        "an NPY collection scaled to [-1, 1]",
    )
    add("--stratify", metavar="COLUMN", help="share out each value of this column alike")
    add("--seed", type=int, default=0, help="seed of the split (0)")
    add("--max-noise", type=float, metavar="F", help="the same as --where noise_fraction<=F")
    add(
        "--where",
        action="append",
        default=[],
        metavar="CONDITION",
        help="keep tiles whose figures (noise_fraction, saturation, constant, sharpness, "
        "pixel_size) or columns of manifests and tables meet it: <, <=, >, >= of numbers, "
        "= and != of any; may be repeated",
    )
    add(
        "--max-nonfinite",
        type=float,
        default=0.01,
        metavar="F",
        help="repair up to this share of values that are not finite (0.01)",
    )
    add("--keep-bars", action="store_true", help="do not cut off bars of information")
    add(
        "--duplicates",
        type=float,
        default=0.7,
        metavar="R",
        help="tiles that correlate by R or more are kept once (0.7; 2: equal ones alone)",
    )
    add("--compression", default="zstd", help="zstd (smaller) or lz4 (faster) (zstd)")
    add("--workers", type=int, help="processes (all cores)")
    add("--scheduler", metavar="ADDRESS", help="work on a Dask cluster: tcp://HOST:PORT")
    add("--dry-run", action="store_true", help="do all but write")
    return parser


def main(argv: list[str]) -> None:
    """Run the command."""
    arguments = _parser().parse_args(argv)

    from stemgan.data.shards import SPLITS
    from stemgan_data_prep.prepare import prepare

    settings, splitting = _settings(arguments)
    summary = prepare(
        arguments.source,
        arguments.output,
        settings,
        splitting,
        threshold=arguments.duplicates,
        workers=arguments.workers,
        scheduler=arguments.scheduler,
        dry_run=arguments.dry_run,
        watch=lambda sources, total: progress(sources, "prepare", total),
        tables=arguments.table,
    )
    if summary.done_before:
        emit({"done_before": True}, "finished before: nothing to do", as_json=arguments.json)
        return
    left_out = [(one.key, one.reason) for one in summary.rejected]
    listed = None if arguments.dry_run else Path(arguments.output) / "rejected.csv"
    say_left_out(left_out, listed)
    for name, share in zip(SPLITS, splitting.shares, strict=True):
        if share and not summary.splits[name]["tiles"]:
            say(f"note: nothing is in {name}; another --seed or --split shares out otherwise")
    if summary.unnamed:
        say(
            f"note: {amount(summary.unnamed, 'image')} {are(summary.unnamed)} in no "
            "manifest.csv, though one lies beside or above: used all the same, as nothing "
            "says otherwise"
        )
    for name in summary.collections:
        say(
            f"{name} is taken for a collection in which each image is a group of its own; if "
            "its images show one specimen, pass --group-by file"
        )
    emit(summary.figures(), _text(summary, arguments), as_json=arguments.json)


def _settings(arguments: argparse.Namespace) -> tuple[Any, Any]:
    from stemgan.data.shards import COMPRESSIONS
    from stemgan.errors import InputError
    from stemgan_data_prep.filters import parse_conditions
    from stemgan_data_prep.jobs import STACKS, Settings
    from stemgan_data_prep.sharing import Splitting
    from stemgan_data_prep.splits import parse_shares

    size, overlap, workers = arguments.size, arguments.overlap, arguments.workers
    if size < 32:
        raise InputError(f"--size {size} is too small: choose 32 or more")
    if overlap is not None and not 0 <= overlap < size:
        raise InputError(f"--overlap {overlap} must be 0 or more and below --size {size}")
    if arguments.stack not in STACKS:
        raise InputError(f"--stack {arguments.stack}: choose one of {', '.join(STACKS)}")
    if arguments.compression not in COMPRESSIONS:
        raise InputError(f"--compression {arguments.compression}: choose zstd or lz4")
    if workers is not None and workers < 1:
        raise InputError(f"--workers {workers} must be 1 or more")
    if not 0 <= arguments.max_nonfinite < 1:
        raise InputError(f"--max-nonfinite {arguments.max_nonfinite} must be 0 to below 1")
    if not arguments.duplicates > 0:
        raise InputError(f"--duplicates {arguments.duplicates} must be above 0")
    conditions = [one for text in arguments.where for one in parse_conditions(text)]
    if arguments.max_noise is not None:
        conditions += parse_conditions(f"noise_fraction<={arguments.max_noise}")
    settings = Settings(
        size,
        overlap,
        arguments.stack,
        arguments.detector,
        arguments.max_nonfinite,
        not arguments.keep_bars,
        tuple(conditions),
        arguments.group_by is None,
        arguments.compression,
    )
    shares = parse_shares(arguments.split)
    splitting = Splitting(shares, arguments.seed, arguments.group_by, arguments.stratify)
    return settings, splitting


def _text(summary: "Summary", arguments: argparse.Namespace) -> str:
    figures = summary.figures()
    splits = ", ".join(
        f"{name} {counts['tiles']} of {amount(counts['groups'], 'group')}"
        for name, counts in figures["splits"].items()
    )
    reasons = ", ".join(f"{count} {kind}" for kind, count in figures["reasons"].items())
    where = "would be" if arguments.dry_run else are(summary.tiles)
    lines = [
        f"{amount(summary.tiles, 'tile')} of {amount(summary.images, 'image')} {where} in "
        f"{arguments.output}: {splits}",
        f"left out: {len(summary.rejected)}" + (f" ({reasons})" if reasons else ""),
    ]
    if summary.repaired or summary.barred:
        lines.append(
            f"repaired: {amount(summary.repaired, 'image')}; cut off bars: {summary.barred}"
        )
    return "\n".join(lines)
