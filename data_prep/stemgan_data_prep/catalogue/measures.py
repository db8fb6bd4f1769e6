"""How good a classifier is: figures over all images, and by class.

Precision, recall and F1 are means over the classes that have an image (macro), each class
counting the same, and beside them means weighted by the classes' images; a class that nothing
was taken for has precision 0. Of confidence:
the expected calibration error (`reliability`), and the Brier score, the mean squared distance
of all probabilities from the truth, summed over classes (0 to 2).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan_data_prep.catalogue.extras import needed
from stemgan_data_prep.catalogue.reliability import calibration_error
from stemgan_data_prep.catalogue.resampling import (
    by_class,
    drawn_sums,
    interval,
    overall,
    share_interval,
)

Probabilities = NDArray[np.floating]
Labels = NDArray[np.integer]


def figures(
    probabilities: Probabilities,
    labels: Labels,
    classes: Sequence[str],
    groups: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Sum up how good a classifier is.

    Parameters
    ----------
    probabilities : of each class for each image, (images, classes).
    labels : the true classes, (images,), from 0 to classes - 1.
    classes : their names.
    groups : of each image, for the intervals; each image its own by default.

    Returns
    -------
    What JSON holds: images, groups, accuracy, precision, recall, f1 (means over classes),
    weighted_precision, weighted_recall, weighted_f1, top_3 (share of images whose class is
    among the three likeliest; None of three classes or fewer), confidence (its mean), ece,
    brier, log_loss, most_frequent (the accuracy of always naming the most frequent class), and
    intervals: [low, high] at 95 % of accuracy and the means over classes, by groups (None of
    one group).

    Raises
    ------
    ValueError : the shapes differ, or there is no image.
    """
    given, truth, groups = _checked(probabilities, labels, classes, groups)
    metrics = needed("sklearn.metrics")
    predicted = given.argmax(1)
    count = len(classes)
    present = np.unique(truth)
    result: dict[str, Any] = {"images": len(truth), "groups": len(set(groups))}
    result["accuracy"] = float(metrics.accuracy_score(truth, predicted))
    for prefix, average in (("", "macro"), ("weighted_", "weighted")):
        means = metrics.precision_recall_fscore_support(
            truth, predicted, labels=present, average=average, zero_division=0
        )
        for name, value in zip(("precision", "recall", "f1"), means, strict=False):
            result[prefix + name] = float(value)
    every = np.arange(count)
    result["top_3"] = (
        float(metrics.top_k_accuracy_score(truth, given, k=3, labels=every))
        if count > 3
        else None
    )
    result["confidence"] = float(given.max(1).mean())
    result["ece"] = calibration_error(given, truth)
    result["brier"] = float(np.square(given - np.eye(count)[truth]).sum(1).mean())
    result["log_loss"] = float(metrics.log_loss(truth, given, labels=every))
    result["most_frequent"] = float(np.bincount(truth).max() / len(truth))
    draws = overall(drawn_sums(truth, predicted, groups, count))
    result["intervals"] = {
        name: _ends(interval(values, result[name], result["groups"]))
        for name, values in draws.items()
    }
    return result


def per_class(
    probabilities: Probabilities,
    labels: Labels,
    classes: Sequence[str],
    groups: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Say of each class how well it is told.

    Returns
    -------
    A row a class: class, images, groups, predicted (images taken for it), precision, recall,
    f1, each of the first two with its 95 % interval by groups (_low, _high), confidence (mean,
    of its images), taken_for (the class that most of its missed images are taken for), missed
    (how many these are). None where there is no such figure.
    """
    given, truth, groups = _checked(probabilities, labels, classes, groups)
    predicted = given.argmax(1)
    matrix = confusion(given, truth)
    sums = np.stack([matrix.sum(1), matrix.sum(0), matrix.diagonal()])
    each = by_class(sums.astype(np.float64))
    names = np.asarray(groups, object)
    wrong = matrix - np.diag(matrix.diagonal())
    rows = []
    for k, name in enumerate(classes):
        members = {"precision": predicted == k, "recall": truth == k}
        row: dict[str, Any] = {
            "class": name,
            "images": int(sums[0, k]),
            "groups": len(set(names[truth == k])),
            "predicted": int(sums[1, k]),
        }
        for figure, values in each.items():
            row[figure] = _known(values[k])
            if figure in members:
                inside = members[figure]
                right = (truth == predicted)[inside]
                ends = share_interval(right, names[inside].tolist())
                row[f"{figure}_low"], row[f"{figure}_high"] = map(_known, ends)
        own = given[truth == k].max(1)
        row["confidence"] = float(own.mean()) if len(own) else None
        other = int(wrong[k].argmax())
        row["taken_for"] = classes[other] if wrong[k, other] else None
        row["missed"] = int(wrong[k, other])
        rows.append(row)
    return rows


def confusion(probabilities: Probabilities, labels: Labels) -> NDArray[np.int64]:
    """Count images by true class (row) and by likeliest class (column), (classes, classes)."""
    predicted = np.asarray(probabilities).argmax(1)
    every = np.arange(probabilities.shape[1])
    return needed("sklearn.metrics").confusion_matrix(labels, predicted, labels=every)


def _checked(
    probabilities: Probabilities,
    labels: Labels,
    classes: Sequence[str],
    groups: Sequence[str] | None,
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[str]]:
    given = np.asarray(probabilities, np.float64)
    truth = np.asarray(labels, np.int64)
    if groups is None:
        groups = [str(i) for i in range(len(truth))]
    if given.shape != (len(truth), len(classes)) or len(groups) != len(truth):
        raise ValueError(
            f"probabilities {given.shape}, labels {truth.shape}, groups {len(groups)} and "
            f"{len(classes)} classes differ"
        )
    if not len(truth):
        raise ValueError("there is no image")
    return given / given.sum(1, keepdims=True), truth, list(groups)


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _ends(ends: tuple[float, float]) -> list[float] | None:
    return [float(end) for end in ends] if math.isfinite(ends[0]) else None
