"""What a classifier is taught, and in which order: phases that end when nothing is gained.

Progressive resizing shows small pictures first, which cost little, and then larger ones. A
pretrained backbone is kept as it is (`features`: the head alone is trained), trained further
with smaller steps (`fine-tune`), or first the one and then the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from stemgan.errors import InputError, check_number, check_whole

STARTS = ("scratch", "features", "fine-tune", "features-then-fine-tune")
"""What may be done with a backbone."""


@dataclass(frozen=True)
class Phase:
    """A stretch of training under one rule.

    Attributes
    ----------
    side : of the pictures that are shown [px].
    epochs : at most.
    head_rate, backbone_rate : learning rates at the start; a backbone of rate 0 is frozen.
    """

    side: int
    epochs: int
    head_rate: float
    backbone_rate: float

    @property
    def frozen(self) -> bool:
        """Tell whether the head alone is trained."""
        return not self.backbone_rate

    def __str__(self) -> str:
        return f"{self.side} px" + (", head alone" if self.frozen else "")


def phases(
    start: str,
    sizes: Sequence[int],
    epochs: int | Sequence[int],
    *,
    head_epochs: int = 10,
    learning_rate: float = 1e-3,
    fine_tuning: float = 0.1,
) -> tuple[Phase, ...]:
    """Plan a training.

    Parameters
    ----------
    start : one of `STARTS`.
    sizes : sides of the pictures, one after the other, increasing [px].
    epochs : at each size, at most: one number, or one a size.
    head_epochs : of the head alone ahead of fine-tuning, at the first size, at most.
    learning_rate : of what is new: of all from scratch, else of the head.
    fine_tuning : learning rate of what was trained before, as a share of `learning_rate`.

    Raises
    ------
    InputError : there is no such start, or a number is out of range.

    Examples
    --------
    >>> [str(phase) for phase in phases("features-then-fine-tune", [64, 128], 5)]
    ['64 px, head alone', '64 px', '128 px']
    """
    if start not in STARTS:
        raise InputError(f"start={start}: choose from {', '.join(STARTS)}")
    counts = _counted(sizes, epochs)
    check_whole("head_epochs", head_epochs, 1)
    check_number("learning_rate", learning_rate, 0, 1, above=True)
    check_number("fine_tuning", fine_tuning, 0, 1, above=True)
    low = learning_rate * fine_tuning
    rates = {
        "scratch": (learning_rate, learning_rate),
        "features": (learning_rate, 0.0),
        "fine-tune": (learning_rate, low),
        "features-then-fine-tune": (low, low),
    }[start]
    first = [Phase(sizes[0], head_epochs, learning_rate, 0.0)]
    planned = [Phase(side, count, *rates) for side, count in zip(sizes, counts, strict=True)]
    return tuple((first if start == "features-then-fine-tune" else []) + planned)


def _counted(sizes: Sequence[int], epochs: int | Sequence[int]) -> list[int]:
    if isinstance(sizes, str) or not isinstance(sizes, Sequence) or not sizes:
        raise InputError(f"sizes={sizes}: give one side [px] or more in [ ]")
    for side in sizes:
        check_whole("sizes", side, 8)
    if any(one >= two for one, two in pairwise(sizes)):
        raise InputError(f"sizes={list(sizes)}: give them increasing, each once")
    given: Any = epochs  # from a command line
    counts = list(given) if isinstance(given, list | tuple) else [given] * len(sizes)
    for count in counts:
        check_whole("epochs", count, 1)
    if len(counts) != len(sizes):
        raise InputError(
            f"{len(counts)} epochs and {len(sizes)} sizes do not go together: give one number, "
            "or one a size"
        )
    return counts


class Schedule:
    """Where a training stands in its phases.

    Parameters
    ----------
    planned : the phases.
    patience : epochs without a better figure, after which a phase ends.
    largest : whether the more of the figure the better, else the less.
    """

    def __init__(self, planned: Sequence[Phase], patience: int, *, largest: bool) -> None:
        check_whole("patience", patience, 1)
        self.planned, self.patience = tuple(planned), patience
        self.largest = largest
        self.number = self.epochs = self.waited = 0
        self.best = float("inf")
        self.finished = False

    @property
    def mode(self) -> Literal["min", "max"]:
        """Give "min" or "max": which figures are better."""
        return "max" if self.largest else "min"

    @property
    def phase(self) -> Phase:
        """Give the phase that is under way, or the last one."""
        return self.planned[self.number]

    @property
    def left(self) -> int:
        """Give the most epochs that are still to come."""
        later = sum(phase.epochs for phase in self.planned[self.number + 1 :])
        return max(1, self.phase.epochs - self.epochs) + later

    def over(self, figure: float) -> bool:
        """Take the figure of an epoch, and tell whether the phase ends with it."""
        self.epochs += 1
        value = -figure if self.largest else figure
        if value < self.best:
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        return self._ended()

    def _ended(self) -> bool:
        return self.waited >= self.patience or self.epochs >= self.phase.epochs

    def advance(self) -> None:
        """Begin the next phase, or be finished."""
        if self.number + 1 == len(self.planned):
            self.finished = True
            return
        self.number += 1
        self.epochs = self.waited = 0
        self.best = float("inf")

    def state_dict(self) -> dict[str, Any]:
        """Keep where it stands."""
        names = ("number", "epochs", "waited", "best", "finished")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there; a plan that has grown goes on with what is new.

        Raises
        ------
        InputError : the plan has fewer phases.
        """
        if state["number"] >= len(self.planned):
            raise InputError(
                f"the checkpoint is in phase {state['number'] + 1} of a training that has "
                f"{len(self.planned)}: give the sizes that it was trained with"
            )
        for name, value in state.items():
            setattr(self, name, value)
        last = self.number + 1 == len(self.planned)
        self.finished = last and self._ended()
