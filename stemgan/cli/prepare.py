"""`stemgan prepare`: micrographs to a sharded dataset."""

from pathlib import Path

from stemgan.cli.common import emit, parser_for, progress, say

_EXAMPLES = """\
  stemgan prepare micrographs/ -o dataset
  stemgan prepare session1/ session2/ -o dataset --size 256 --split 0.9,0.1,0
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    parser = parser_for("prepare", _EXAMPLES)
    parser.add_argument(
        "source",
        nargs="+",
        type=Path,
        help="folder of micrographs, or a file; of a stack, the first image is taken",
    )
    parser.add_argument("-o", "--output", required=True, type=Path, help="the dataset's folder")
    parser.add_argument("--size", type=int, default=512, help="side of a tile [px] (512)")
    parser.add_argument(
        "--split",
        default="0.8,0.1,0.1",
        help="shares of the groups for train, val, test (0.8,0.1,0.1); a manifest.csv with "
        "columns file and group groups files, else each file is a group",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the split (0)")
    arguments = parser.parse_args(argv)

    from stemgan.errors import InputError
    from stemgan_data_prep.prepare import prepare
    from stemgan_data_prep.splits import parse_shares

    if arguments.size < 32:
        raise InputError(f"--size {arguments.size} is too small: choose 32 or more")
    summary = prepare(
        arguments.source,
        arguments.output,
        size=arguments.size,
        shares=parse_shares(arguments.split),
        seed=arguments.seed,
        watch=lambda sources: progress(sources, "prepare"),
    )
    if summary.done_before:
        emit({"done_before": True}, "finished before: nothing to do", as_json=arguments.json)
        return
    for key, reason in summary.rejected:
        say(f"left out {key}: {reason}")
    emit(
        {"images": summary.images, "rejected": len(summary.rejected), "tiles": summary.tiles},
        f"{summary.tiles} tiles of {summary.images} images in {arguments.output}; "
        f"{len(summary.rejected)} images left out",
        as_json=arguments.json,
    )
