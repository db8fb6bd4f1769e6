"""Confidence that holds: one temperature by which a classifier's logits are divided.

p = softmax(z / T), with the T of least cross-entropy on validation images (Guo et al., "On
calibration of modern neural networks", ICML 2017). The order of the classes stays. As Platt
did (in Advances in Large Margin Classifiers, 1999), the truth is smoothed by what so many
images can tell: with weight 1 / (images + 1) it is spread over all classes, so that a few
images that are all right do not make a classifier certain.
"""

import math

import numpy as np
from numpy.typing import NDArray

_LEAST, _MOST = 0.01, 100.0


def at_its_most(temperature: float) -> bool:
    """Tell whether a temperature is at its upper bound: a network's logits told nothing."""
    return temperature > 0.99 * _MOST


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Find the temperature that makes probabilities right.

    Parameters
    ----------
    logits : of each class for each image, (images, classes).
    labels : true classes, (images,); images that did not train the network.

    Returns
    -------
    The temperature, between 0.01 and 100: above 1 if the network was too sure.

    Raises
    ------
    ValueError : the shapes differ, there is no image, or a logit is not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> logits = rng.normal(size=(4000, 3))
    >>> labels = (logits + rng.gumbel(size=(4000, 3))).argmax(1)  # as sure as it is right
    >>> round(fit_temperature(5 * logits, labels))
    5
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    given = np.asarray(logits, np.float64)
    truth = np.asarray(labels, np.int64)
    if given.ndim != 2 or len(given) != len(truth) or not len(truth):
        raise ValueError(f"logits {given.shape} and labels {truth.shape} do not go together")
    if not np.isfinite(given).all():
        raise ValueError("logits must be finite")
    count = given.shape[1]
    share = 1 / (len(truth) + 1)
    target = np.full(given.shape, share / count)
    target[np.arange(len(truth)), truth] += 1 - share

    def loss(log_temperature: float) -> float:
        log_p = log_softmax(given / math.exp(log_temperature), axis=1)
        return float(-(target * log_p).sum(1).mean())

    bounds = (math.log(_LEAST), math.log(_MOST))
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def probabilities(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Turn logits, (images, classes), into probabilities of that temperature."""
    from scipy.special import softmax

    return softmax(np.asarray(logits, np.float64) / temperature, axis=1)
