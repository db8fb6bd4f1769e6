"""What a real scan does to its values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.measurement.partial import Image

Array = NDArray[np.float64]

_MOST_ELECTRONS = 1e9  # float32 cannot show the noise of more


@dataclass(frozen=True)
class Noise:
    """What a real scan does to its values; each acts in the order of the path.

    electrons : mean number per measured pixel at the image's mean intensity; None: no noise.
    readout : standard deviation of additive Gaussian noise, over the image's own.
    jitter : standard deviation of independent position errors [px].
    drift : displacement of the specimen from the scan's start to its end [px].
    """

    electrons: float | None = None
    readout: float = 0.0
    jitter: float = 0.0
    drift: float = 0.0

    def __post_init__(self) -> None:
        if self.electrons is not None and not 0 < self.electrons <= _MOST_ELECTRONS:
            raise InputError(
                f"electrons per pixel must be above 0 and at most {_MOST_ELECTRONS:g}, not "
                f"{self.electrons:g}"
            )
        if min(self.readout, self.jitter, self.drift) < 0:
            raise InputError(f"noise cannot be negative: {self}")


NO_NOISE = Noise()
"""Nothing goes wrong."""


def shot_noise(
    read: Image, image: Image, electrons: float | Array, rng: np.random.Generator
) -> Image:
    """Count electrons: Poisson noise with a mean of `electrons` at the image's mean intensity.

    `electrons` may differ from value to value, as dwells do, (n,).
    Intensities are counted from zero, or from the image's minimum where that is negative (a
    detector's offset). An image without intensity (vacuum) stays as it is.
    """
    floor = min(float(image.min()), 0.0)
    mean = float(image.mean()) - floor
    if mean <= 0:
        return read
    expected = np.maximum(read - floor, 0) * (electrons / mean)
    return (rng.poisson(expected) * (mean / electrons) + floor).astype(np.float32)
