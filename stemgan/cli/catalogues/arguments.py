"""Arguments that several actions of `stemgan catalogue` take."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stemgan.cli.common import progress
from stemgan.devices import DEVICES
from stemgan.errors import InputError


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add the pictures, one place or more."""
    parser.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGES", help="folders or files of pictures"
    )


def add_table(parser: argparse.ArgumentParser) -> None:
    """Add the table that is written."""
    add = parser.add_argument
    add("-o", "--output", required=True, type=Path, metavar="FILE.csv", help="the table")
    add("--overwrite", action="store_true", help="replace a table that exists")


def add_labels(parser: argparse.ArgumentParser, none: str = "") -> None:
    """Add where labels come from.

    Parameters
    ----------
    none : what it means that there are none, if that can be.
    """
    parser.add_argument(
        "--labels",
        default="folder",
        metavar="folder|none|COLUMN" if none else "folder|COLUMN",
        help="the class is the name of the folder, first below IMAGES, or a column of "
        f"manifest.csv or of a --table{none and f'; none: {none}'} (folder)",
    )


def add_running(parser: argparse.ArgumentParser) -> None:
    """Add options that say how pictures are read and classified."""
    add = parser.add_argument
    add("--device", default="auto", choices=DEVICES)
    add("--batch-size", type=int, default=64, metavar="N", help="pictures at once (64)")
    add("--workers", type=int, metavar="N", help="processes that read (as many as pay)")


def check_running(args: argparse.Namespace) -> None:
    """Refuse options that cannot be, before any work is done."""
    if args.batch_size < 1:
        raise InputError(f"--batch-size {args.batch_size} must be 1 or more")
    if args.workers is not None and args.workers < 0:
        raise InputError(f"--workers {args.workers} must be 0 or more")


def running(args: argparse.Namespace) -> dict[str, Any]:
    """Return the same as arguments of `predict`."""
    return {
        "device": args.device,
        "batch_size": args.batch_size,
        "workers": args.workers,
        "watch": progress,
    }


def check_any(pictures: Sequence[object], left_out: Sequence[tuple[str, str]]) -> None:
    """Refuse a list of no picture, and say why there is none.

    Raises
    ------
    InputError : with the first reason.
    """
    if not pictures:
        (key, reason), *others = left_out
        more = f", and {len(others)} more" if others else ""
        named = reason if reason.startswith(key) else f"{key}: {reason}"
        raise InputError(f"no picture can be read ({named}{more}): give others")
