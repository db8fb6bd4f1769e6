"""Whether a classifier is as sure as it is right.

Of the images with confidence 0.8, 80 % should be right: the expected calibration error is the
mean distance from that over 15 bins of confidence (Guo et al., ICML 2017).
"""

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Bins of confidence."""


def calibration_error(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> float:
    """Give the mean distance between confidence and share right, over bins of confidence."""
    import torch
    from torchmetrics.functional.classification import multiclass_calibration_error

    given = torch.from_numpy(np.ascontiguousarray(probabilities, np.float64))
    truth = torch.from_numpy(np.ascontiguousarray(labels, np.int64))
    return float(multiclass_calibration_error(given, truth, given.shape[1], BINS, "l1"))


def reliability(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], bins: int = BINS
) -> list[dict[str, float]]:
    """Say how often images of each confidence are right.

    Returns
    -------
    A row for each bin that holds an image: low, high (its edges), images, confidence (mean),
    right (share), right_low, right_high (Wilson's 95 % interval, images taken as independent).
    """
    from scipy.stats import binomtest

    confidence = np.asarray(probabilities).max(1)
    right = np.asarray(probabilities).argmax(1) == labels
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = []
    for k in np.unique(place):
        inside = place == k
        share = binomtest(int(right[inside].sum()), int(inside.sum())).proportion_ci(
            method="wilson"
        )
        rows.append(
            {
                "low": float(k / bins),
                "high": float((k + 1) / bins),
                "images": int(inside.sum()),
                "confidence": float(confidence[inside].mean()),
                "right": float(right[inside].mean()),
                "right_low": float(share.low),
                "right_high": float(share.high),
            }
        )
    return rows
