"""Images of several datasets as one list, and how often each is drawn."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.data.shards import ShardedImages
from stemgan.data.shards.labels import FIGURES
from stemgan.errors import InputError

Limits = Mapping[str, Sequence[float | None]]


@dataclass
class ImagePool:
    """Images of one split from several datasets, as one list.

    Parameters
    ----------
    datasets : the opened datasets.
    split : train, val or test.
    limits : for a figure (a column such as sharpness or saturation), the least and the greatest
        value of the images that are taken; None is no limit. An image whose figure is not
        known is taken.

    Raises
    ------
    InputError : a figure is unknown, or its limits are not two rising numbers.
    """

    datasets: Sequence[ShardedImages]
    split: str
    limits: Limits = field(default_factory=dict)
    where: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        _check_limits(self.limits)
        places = [
            np.stack([np.full(len(taken), d), taken], axis=1)
            for d, images in enumerate(self.datasets)
            for taken in [self._taken(images)]
        ]
        self.where = np.concatenate(places).astype(np.int64).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self.where)

    def _taken(self, images: ShardedImages) -> NDArray[np.int64]:
        taken = images.split(self.split)
        for name, (least, greatest) in self.limits.items():
            figures = np.array(images.columns[name], dtype=np.float64)[taken]  # None: NaN
            beyond = np.zeros(len(taken), dtype=bool)
            if least is not None:
                beyond |= figures < least
            if greatest is not None:
                beyond |= figures > greatest
            taken = taken[~beyond]
        return taken

    def image(self, index: int) -> NDArray[np.float32]:
        """Read image `index`, (size, size) float32."""
        dataset, i = self.where[index]
        return self.datasets[dataset][int(i)]

    def like(self, other: "ImagePool") -> "ImagePool":
        """Choose as many of these images as `other` has of each dataset, evenly spaced.

        All of a dataset's are chosen where there are fewer.
        """
        chosen, parts = copy(self), []
        for dataset in range(len(self.datasets)):
            own = self.where[self.where[:, 0] == dataset]
            count = min(len(own), int(np.sum(other.where[:, 0] == dataset)))
            parts.append(own[np.arange(count) * len(own) // max(count, 1)])
        chosen.where = np.concatenate(parts)
        return chosen

    def column(self, name: str) -> list[Any]:
        """List a column of the datasets (see `stemgan.data.shards.Label`) for these images."""
        return [self.datasets[d].columns[name][i] for d, i in self.where]

    def weights(self, shares: Sequence[float], group_power: float) -> NDArray[np.float64]:
        """Say how often each image is drawn, (n,), summing to 1.

        Parameters
        ----------
        shares : relative weight of each dataset.
        group_power : an image of a group of n images weighs n ** -group_power within its
            dataset: 0 treats images alike, 1 groups.
        """
        groups = list(zip(self.where[:, 0].tolist(), self.column("group"), strict=True))
        sizes: dict[tuple[int, str], int] = {}
        for group in groups:
            sizes[group] = sizes.get(group, 0) + 1
        weights = np.array([float(sizes[group]) ** -group_power for group in groups])
        for dataset, share in enumerate(shares):
            own = self.where[:, 0] == dataset
            weights[own] *= share / max(weights[own].sum(), 1e-300)
        return weights / weights.sum()


def _check_limits(limits: Limits) -> None:
    for name, pair in limits.items():
        if name not in FIGURES:
            raise InputError(
                f"images cannot be chosen by {name!r}: choose from {', '.join(FIGURES)}"
            )
        known = [value for value in pair if value is not None]
        if len(pair) != 2 or known != sorted(known):
            raise InputError(
                f"limits {list(pair)} of {name}: give the least and the greatest, or null"
            )
