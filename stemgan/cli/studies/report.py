"""`stemgan study report`: the page and figures of a study that is done, written anew."""

from pathlib import Path

from stemgan.cli.common import Parser, emit


def main(argv: list[str]) -> None:
    """Run the command."""
    parser = Parser(
        prog="stemgan study report",
        description="Write report.html and figures/ of a study from its tables.",
        epilog="example: stemgan study report first",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="output_dir of the study")
    parser.add_argument(
        "--json", action="store_true", help="print the figures as one JSON object on stdout"
    )
    args = parser.parse_args(argv)
    from stemgan.study.report import write_report

    page = write_report(args.folder)
    size = page.stat().st_size
    emit(
        {"report": str(page), "bytes": size},
        f"the report is {page} ({size / 2**20:.1f} MiB)",
        as_json=args.json,
    )
