"""What was left out, on stderr: the first in full, the others counted by their reasons."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from stemgan.cli.common import say

SHOWN = 10
"""Lines that are printed in full."""
_KINDS = 5

_DETAILS = (
    (re.compile(r"\s*[(:;].*", re.DOTALL), ""),
    (re.compile(r"\b(as|with) .*", re.DOTALL), r"\1 another"),
    (re.compile(r"\b(its \S+|group) .+? is\b", re.DOTALL), r"\1 … is"),
    (re.compile(r"\S*\d\S*"), "…"),
)
"""What differs from one file to the next that is left out for the same reason."""


def say_left_out(left_out: Sequence[tuple[str, str]], listed: Path | None = None) -> None:
    """Say what was left out and why, without filling a terminal.

    Where nothing lists them and stderr is no terminal, such as a file, all are printed there:
    they would be known nowhere else.

    Parameters
    ----------
    left_out : (key, reason) of each.
    listed : the file that lists them all, which need not exist.
    """
    listed = listed if listed is not None and listed.is_file() else None
    shown = SHOWN if listed or sys.stderr.isatty() else len(left_out)
    if len(left_out) <= shown + 1:  # a line that counts one says less than its own
        shown = len(left_out)
    for key, reason in left_out[:shown]:
        say(f"left out {key}: {reason}")
    if rest := left_out[shown:]:
        where = listed or "a FILE, with 2> FILE"
        say(f"left out {len(rest)} more: {_counted(rest)}; all are listed in {where}")


def _counted(left_out: Sequence[tuple[str, str]]) -> str:
    counts = Counter(kind_of(key, reason) for key, reason in left_out).most_common()
    parts = [f"{count} × {kind}" for kind, count in counts[:_KINDS]]
    if others := sum(count for _, count in counts[_KINDS:]):
        parts.append(f"{others} × other reasons")
    return ", ".join(parts)


def kind_of(key: str, reason: str) -> str:
    """Return a reason without what is of one file alone: names, numbers and details.

    Examples
    --------
    >>> kind_of("a.tif", "it cannot be read (ValueError: 3 bytes)")
    'it cannot be read'
    >>> kind_of("a.tif@0,64", "it correlates by 0.999 with b.tif@0,0")
    'it correlates by … with another'
    """
    for name in (key, re.sub(r"[@#][\d,]+$", "", key)):
        reason = reason.replace(name, "it")
    for details, general in _DETAILS:
        reason = details.sub(general, reason)
    return reason.strip() or "no reason"
