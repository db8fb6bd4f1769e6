"""What was published about spirals and grids of dots, to lay beside a study.

Values of Ede & Beanland, Sci Rep 10, 8332 (2020), for spirals, and of Ede, arXiv 1910.10467
(2019), for grids of single pixels, as they stand in the plotting script of the authors' code:
mean RMSE over 20,000 crops of a larger set of other images, 512², against the truth blurred by
a 5×5 Gaussian of σ = 2.5 px [% of the range]; each by a network trained for that scan alone, on
images without noise added.

The authors' code takes two roots: sqrt(MSE) / 2, which is the RMSE on a range of 1, and for
these spirals maybe sqrt(MSE / 2), which is larger by sqrt(2). Which one the published spirals
are in is not known: `published_rows` gives both.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from stemgan.study.comparing import LIKE
from stemgan.study.summaries import Row


class Published(NamedTuple):
    """One published value: scan, achieved coverage and RMSE [%]."""

    scan: str
    coverage: float
    rmse: float


PUBLISHED = (
    Published("spiral", 1 / 17.9, 3.769),
    Published("spiral", 1 / 27.3, 4.118),
    Published("spiral", 1 / 38.2, 4.506),
    Published("spiral", 1 / 50.0, 4.857),
    Published("spiral", 1 / 60.5, 5.249),
    Published("spiral", 1 / 73.7, 5.586),
    Published("spiral", 1 / 87.0, 6.211),
    Published("dots", 1 / 16.0, 3.131),
    Published("dots", 1 / 24.7, 3.342),
    Published("dots", 1 / 35.4, 3.810),
    Published("dots", 1 / 64.0, 4.042),
    Published("dots", 1 / 96.9, 4.340),
)
"""The values, of "spiral" and of "dots"."""


def published_rows(summary: Sequence[Row]) -> list[Row]:
    """Lay a study's errors without noise beside the published ones.

    Other images, and other networks: the two say how they change with coverage, not which is
    better.

    Parameters
    ----------
    summary : what `summary_rows` gives.

    Returns
    -------
    A row for each published value and method: scan, coverage, `published` [%] and
    `published_over_root_2` (of spirals, see above; else None), method, `achieved`, and
    rmse_blurred with its interval in _low and _high. Where the study has nothing within 5 % of
    that coverage the last ones are None.
    """
    rows = []
    usable = [
        row
        for row in summary
        if not row["label"] and not row["control"] and row["dose"] is None and not row["lag_s"]
    ]
    for scan, coverage, rmse in PUBLISHED:
        head = {
            "scan": scan,
            "coverage": f"1/{1 / coverage:.1f}",
            "published": rmse,
            "published_over_root_2": rmse / math.sqrt(2) if scan == "spiral" else None,
        }
        near = [
            row
            for row in usable
            if row["scan"] == scan and row.get("achieved") and _like(row["achieved"], coverage)
        ]
        names = ("method", "achieved", "rmse_blurred", "rmse_blurred_low", "rmse_blurred_high")
        rows += [{**head, **{name: row.get(name) for name in names}} for row in near] or [
            {**head, **dict.fromkeys(names)}
        ]
    return rows


def _like(one: float, other: float) -> bool:
    return max(one / other, other / one) <= LIKE
