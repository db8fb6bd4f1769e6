"""The factors of a calibration by coverage and distance, and how they are kept as JSON."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError

Array = NDArray[np.float64]

LEVELS = (0.05, 0.5, 0.95)
"""Shares of the truth that lie below each quantile."""

TRUTHS = ("blurred", "raw")
"""What may be meant: the truth blurred by the published Gaussian, or with its own noise."""

COVERAGES = (1 / 80, 1 / 45, 1 / 25, 1 / 13, 1 / 7)
"""Middles of the calibrated coverages: in between, factors are interpolated."""

DISTANCES = (0.0, 0.07, 0.15, 0.25, 0.35, 0.5, 0.8)
"""Middles of the calibrated distances, in gap lengths (4 × mean distance). 0: measured, and
apart from the others; in between them, factors are interpolated."""

_LARGEST = 1e4


@dataclass(frozen=True)
class Table:
    """Factors of one truth; c coverages, d distances.

    std : of the deviation, to make it that of a normal distribution with the quantiles below,
        (c, d).
    quantiles : added to the completion in deviations, they give its quantiles, (3, c, d).
    """

    std: Array
    quantiles: Array

    def __post_init__(self) -> None:
        shape = (len(COVERAGES), len(DISTANCES))
        if self.std.shape != shape or self.quantiles.shape != (len(LEVELS), *shape):
            raise InputError(
                f"a calibration has factors of {self.std.shape} and {self.quantiles.shape}, "
                f"not {shape} and {(len(LEVELS), *shape)}: make it again"
            )
        every = np.concatenate([self.std.ravel(), self.quantiles.ravel()])
        if not (np.isfinite(every).all() and (np.abs(every) < _LARGEST).all()):
            raise InputError("a calibration has factors that are no numbers: make it again")
        if (self.std <= 0).any() or (np.diff(self.quantiles, axis=0) < 0).any():
            raise InputError(
                "a calibration has deviations of 0 or quantiles that do not rise: make it again"
            )

    def at(self, coverage: float) -> Array:
        """Return the factors for a coverage by distance: of std, then of quantiles, (4, d)."""
        every = np.concatenate([self.std[None], self.quantiles])
        axis, at = np.log(COVERAGES), np.log(max(coverage, 1e-12))
        rows = [[np.interp(at, axis, column) for column in factors.T] for factors in every]
        return np.array(rows)


@dataclass(frozen=True)
class Calibration:
    """Factors for the blurred and for the raw truth, and what they were found on.

    tables : by name of the truth (`TRUTHS`).
    about : what it was found on: numbers of images, groups and scans, datasets.
    """

    tables: dict[str, Table]
    about: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Describe the calibration in what JSON can hold."""
        tables = {
            name: {
                "std": np.round(table.std, 4).tolist(),
                "quantiles": np.round(table.quantiles, 4).tolist(),
            }
            for name, table in self.tables.items()
        }
        grid = {"coverages": list(COVERAGES), "distances": list(DISTANCES)}
        return {"levels": list(LEVELS), **grid, "tables": tables, "about": self.about}

    @classmethod
    def from_dict(cls, found: Any) -> "Calibration":  # noqa: ANN401 (whatever JSON holds)
        """Return the calibration that `to_dict` described.

        Raises
        ------
        InputError : it is none, or its bins are not those of this version.
        """
        try:
            for name, known in (
                ("levels", LEVELS),
                ("coverages", COVERAGES),
                ("distances", DISTANCES),
            ):
                np.testing.assert_allclose(found[name], known)
            tables = {
                name: Table(
                    np.array(found["tables"][name]["std"], np.float64),
                    np.array(found["tables"][name]["quantiles"], np.float64),
                )
                for name in TRUTHS
            }
            return cls(tables, dict(found["about"]))
        except (KeyError, TypeError, ValueError, AssertionError) as error:
            raise InputError(
                "a calibration is damaged or of another version: make it again by stemgan "
                "export --calibrate"
            ) from error
