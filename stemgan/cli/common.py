"""What every command shares: the parser's style, figures on stdout, progress on stderr."""

import argparse
import json
import re
import sys
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from stemgan.cli import COMMANDS
from stemgan.errors import InputError

T = TypeVar("T")

_NEGATIVE, _OPTION = re.compile(r"-[\d.][\d.,eE+-]*"), re.compile(r"--[a-z-]+")

# Written out, as --help must answer at once and their homes import numpy.
FAMILY_NAMES = (
    "spiral, spiral-clv, fermat, jittered-grid, line-hop, serpentine, interleaved, lissajous, "
    "hilbert, dots, random, poisson-disk, raster"
)
METHOD_NAMES = (
    "nearest, smoothed-nearest, linear, smoothed-linear, cubic, natural-neighbour, "
    "normalised-convolution, laplace, biharmonic, total-variation, dct-sparse, "
    "fourier-pocs, gaussian-process, dictionary, opencv-telea, opencv-ns, "
    "skimage-biharmonic"
)


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one sentence, like every other wrong input."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 (argparse's own)
        """Take a value such as -3,1.5 for a value: argparse would take it for an option."""
        words: list[str] = []
        for word in sys.argv[1:] if args is None else args:
            if words and _NEGATIVE.fullmatch(word) and _OPTION.fullmatch(words[-1]):
                words[-1] += f"={word}"
            else:
                words.append(word)
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise InputError in place of printing the usage."""
        raise InputError(f"{message}: see {self.prog} --help")


def parser_for(
    command: str, examples: str, purpose: str | None = None
) -> argparse.ArgumentParser:
    """Make the parser of `command`, with `examples` below its help and a --json flag.

    Parameters
    ----------
    command : what is typed after "stemgan", such as "catalogue predict".
    examples : lines of the help.
    purpose : what the command does; that of `COMMANDS` by default.
    """
    purpose = COMMANDS[command] if purpose is None else purpose
    parser = Parser(
        prog=f"stemgan {command}",
        description=purpose[0].upper() + purpose[1:] + ".",
        epilog="examples:\n" + examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--json", action="store_true", help="print the figures as one JSON object on stdout"
    )
    return parser


def say(text: str) -> None:
    """Print a line for a person, on stderr, so that stdout holds figures alone."""
    print(text, file=sys.stderr, flush=True)


def emit(figures: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print a command's figures on stdout: `text` for people, one JSON object for programs."""
    print(json.dumps(figures, allow_nan=False) if as_json else text)


def progress(items: Iterable[T], description: str, total: int | None = None) -> Iterable[T]:
    """Wrap `items` in a progress bar on stderr, shown on a terminal alone."""
    from tqdm import tqdm

    return tqdm(items, desc=description, total=total, disable=not sys.stderr.isatty())
