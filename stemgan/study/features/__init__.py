"""Features whose place is known, in simulated specimens, each with a twin that has none.

What a scan misses can only be told where the truth is known: a specimen is drawn by its physics
(`stemgan.synthetic`), once with features at random places and once without, and nothing else
differs. `stemgan.study.detection` then looks for them in what a method makes of a scan.
"""

from collections.abc import Callable
from difflib import get_close_matches

import numpy as np

from stemgan.errors import InputError
from stemgan.study.features.crystals import (
    dislocations,
    grain_boundary,
    interstitials,
    vacancies,
)
from stemgan.study.features.films import heavy_atoms, particles
from stemgan.study.features.pairs import Pair, Shape

__all__ = ["ALONE", "FEATURES", "SMALLEST_SIDE", "Pair", "check_feature", "draw_pair"]

SMALLEST_SIDE = 128
"""Of a frame [px]: in a smaller one, features lie too near to its border and to each other."""

_MAKERS: dict[str, Callable[[Shape, np.random.Generator, int], Pair]] = {
    "vacancy": vacancies,
    "interstitial": interstitials,
    "heavy-atom": heavy_atoms,
    "particle": particles,
    "dislocation": dislocations,
    "grain-boundary": grain_boundary,
}

FEATURES: tuple[str, ...] = tuple(_MAKERS)
"""What can be put into an image, by name."""

ALONE = ("dislocation", "grain-boundary")
"""Features of which an image has one, however many are asked for."""


def check_feature(name: str) -> str:
    """Return the name of a feature, or raise InputError that names the near miss.

    Examples
    --------
    >>> check_feature("vacancy")
    'vacancy'
    """
    if name not in FEATURES:
        near = get_close_matches(name, FEATURES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose among {', '.join(FEATURES)}"
        raise InputError(f"there is no feature {name!r}: {hint}")
    return name


def draw_pair(feature: str, shape: Shape, rng: np.random.Generator, count: int = 4) -> Pair:
    """Draw a specimen with features at random places, and its twin without.

    Parameters
    ----------
    feature : one of `FEATURES`.
    shape : height and width [px], at least 128 each.
    rng : source of randomness; the same state draws the same.
    count : features in the image, at most: they keep apart, so that each is judged by itself.
        There is one dislocation, and one place of one grain boundary, whatever the count.

    Raises
    ------
    InputError : an unknown feature, a frame that is too small, or a count below 1.
    """
    maker = _MAKERS[check_feature(feature)]
    if min(shape) < SMALLEST_SIDE:
        raise InputError(
            f"{shape[0]}x{shape[1]} px is too small for features: make each side "
            f"{SMALLEST_SIDE} px"
        )
    if count < 1:
        raise InputError(f"{count} features in an image is none: put in 1 or more")
    return maker(shape, rng, count)
