"""Loss terms: each a small function with its equation."""

from stemgan.losses.adversarial import (
    gradient_penalty,
    least_squares_discriminator,
    least_squares_generator,
    relativistic_discriminator,
    relativistic_generator,
)
from stemgan.losses.alrc import AdaptiveLimit, huberised
from stemgan.losses.pixelwise import (
    ERROR_WEIGHT,
    LEAST_RANGE,
    auxiliary,
    fidelity,
    limited,
    mean_error,
    relative_rmse,
    squared_error,
    uncertainty,
)
from stemgan.losses.spectrum import log_spectrum

__all__ = [
    "ERROR_WEIGHT",
    "LEAST_RANGE",
    "AdaptiveLimit",
    "auxiliary",
    "fidelity",
    "gradient_penalty",
    "huberised",
    "least_squares_discriminator",
    "least_squares_generator",
    "limited",
    "log_spectrum",
    "mean_error",
    "relative_rmse",
    "relativistic_discriminator",
    "relativistic_generator",
    "squared_error",
    "uncertainty",
]
