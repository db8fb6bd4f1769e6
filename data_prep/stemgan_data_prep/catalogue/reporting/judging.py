"""What there is to say of a classifier on labelled pictures: computed once, then written."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.amounts import amount
from stemgan.errors import InputError
from stemgan_data_prep.catalogue.measures import confusion, figures, per_class
from stemgan_data_prep.catalogue.predicting import Predictions
from stemgan_data_prep.catalogue.reliability import reliability

_NAMED = 5


@dataclass(frozen=True)
class Judged:
    """A classifier's answers for pictures whose class is known.

    Attributes
    ----------
    predictions : those whose label is one of the classes.
    labels : these, by number, (pictures,).
    notes : sentences about what is not judged.
    """

    predictions: Predictions
    labels: NDArray[np.int64]
    notes: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Name the classes."""
        return self.predictions.classes

    @property
    def groups(self) -> list[str]:
        """Give each picture's group."""
        return [picture.group for picture in self.predictions.pictures]

    @cached_property
    def figures(self) -> dict[str, Any]:
        """Give the figures of all pictures, see `measures.figures`."""
        given = self.predictions.probabilities
        return figures(given, self.labels, self.classes, self.groups)

    @cached_property
    def per_class(self) -> list[dict[str, Any]]:
        """Give a row a class, see `measures.per_class`."""
        given = self.predictions.probabilities
        return per_class(given, self.labels, self.classes, self.groups)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Count pictures by true class (row) and by the class found (column)."""
        return confusion(self.predictions.probabilities, self.labels)

    @cached_property
    def reliability(self) -> list[dict[str, float]]:
        """Give a row for each bin of confidence, see `reliability.reliability`."""
        return reliability(self.predictions.probabilities, self.labels)

    @cached_property
    def mistakes(self) -> NDArray[np.int64]:
        """Give the places of wrong answers, the least likely truth first."""
        given = self.predictions.probabilities
        wrong = np.flatnonzero(given.argmax(1) != self.labels)
        return wrong[np.argsort(given[wrong, self.labels[wrong]], kind="stable")]

    def worst(self, count: int) -> list[int]:
        """Choose mistakes to look at: the worst of each group first, then the others."""
        seen: Counter[str] = Counter()
        ranked = []
        for place in self.mistakes:
            group = self.groups[place]
            ranked.append((seen[group], len(ranked), int(place)))
            seen[group] += 1
        return [place for _, _, place in sorted(ranked)[:count]]


def judge(predictions: Predictions) -> Judged:
    """Compare what a classifier says with the labels of the pictures.

    Raises
    ------
    InputError : no picture's label is one of the classes.
    """
    number = {name: k for k, name in enumerate(predictions.classes)}
    labels = [picture.label for picture in predictions.pictures]
    kept = [i for i, label in enumerate(labels) if label in number]
    others = Counter(label for label in labels if label and label not in number)
    if not kept:
        raise InputError(
            f"none of {amount(len(labels), 'picture')} has a label that is one of the classes "
            f"({_some(predictions.classes)}){_instead(others)}: say with --labels where "
            "labels are"
        )
    notes = _notes(others, labels.count(""), predictions)
    truth = np.array([number[labels[i]] for i in kept], np.int64)
    return Judged(predictions.chosen(kept), truth, tuple(notes))


def _instead(others: Counter[str]) -> str:
    return f", but {_some(list(others))}" if others else ""


def _notes(others: Counter[str], unlabelled: int, predictions: Predictions) -> list[str]:
    notes = []
    if others:
        notes.append(
            f"Not judged: {amount(others.total(), 'picture')} whose label is none of the "
            f"classes: {_some(list(others))}."
        )
    if unlabelled:
        notes.append(f"Not judged: {amount(unlabelled, 'picture')} with no label.")
    if predictions.left_out:
        key, why = predictions.left_out[0]
        notes.append(
            f"{amount(len(predictions.left_out), 'picture')} could not be read; the first: "
            f"{key} ({why})."
        )
    return notes


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
