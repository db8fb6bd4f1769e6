"""The command line: one module a command, imported only when that command is asked for."""

import os
import sys
from importlib import import_module
from pathlib import Path

from stemgan import __version__
from stemgan.errors import Ended, InputError

COMMANDS = {
    "demo": "reconstruct the bundled partial scan with the bundled weights",
    "reconstruct": "partial scan(s) to image(s)",
    "sample": "take a partial scan of a full image",
    "scan": "write a scan path and print what it costs",
    "evaluate": "compare methods on the same partial scans",
    "study": "compare scan paths: what each costs, shows and misses (Hydra overrides)",
    "synthesize": "make a sharded dataset of simulated micrographs",
    "prepare": "make a sharded dataset of real micrographs",
    "dataset": "look into sharded datasets, verify or merge them",
    "train": "train a model (Hydra overrides)",
    "catalogue": "classify micrographs, read their scales, find structure among them",
    "export": "take the weights out of a training run",
    "info": "a model's parts, parameters, cost and provenance",
}

_EXAMPLES = """\
examples:
  stemgan demo -o demo
  stemgan sample image.tif --scan spiral --coverage 1/20 -o partial.tif
  stemgan reconstruct partial.tif -o image.tif --preview
  stemgan evaluate images/ --methods linear,stemgan-s --scan spiral --coverage 1/20 -o results
"""


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "usage: stemgan [--help] [--version] COMMAND ...",
            "",
            "Completes scanning transmission electron micrographs from partial scans.",
            "",
            "commands (each has its own --help):",
            *lines,
            "",
            _EXAMPLES,
        ]
    )


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    return f"did you mean {near[0]!r}?" if near else "see stemgan --help"


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : the arguments after the program's name; those of the process by default.

    Returns
    -------
    The exit code: 0 done, 2 wrong input or arguments (one sentence on stderr), 130 interrupted,
    128 + its number stopped by another signal. Any other exception is a bug and leaves with its
    traceback and code 1.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_help())
        return 0 if arguments else 2
    name, rest = arguments[0], arguments[1:]
    if name == "--version":
        print(f"stemgan {__version__}")
        return 0
    try:
        if name not in COMMANDS:
            raise InputError(f"there is no command {name!r}: {_nearest(name)}")
        from stemgan.cli.interrupts import never_lost

        with never_lost():
            import_module(f"stemgan.cli.{name}").main(rest)
        sys.stdout.flush()  # so that a closed pipe is found here, not at the end
    except BrokenPipeError:
        # The reader, `head` say, has had enough; what Python flushes at the end goes nowhere.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (open to the end)
        return 1
    except InputError as error:
        print(f"stemgan: {error}", file=sys.stderr)
        return 2
    except Ended as end:
        print(f"stemgan: {end}", file=sys.stderr)
        return end.code
    except KeyboardInterrupt:
        print("stemgan: interrupted", file=sys.stderr)
        return 130
    return 0
