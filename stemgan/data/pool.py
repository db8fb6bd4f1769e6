"""Images of several datasets as one list, and how often each is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.data.shards import ShardedImages


@dataclass
class ImagePool:
    """Images of one split from several datasets, as one list.

    Parameters
    ----------
    datasets : the opened datasets.
    split : train, val or test.
    """

    datasets: Sequence[ShardedImages]
    split: str
    where: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.where = np.array(
            [
                (d, i)
                for d, images in enumerate(self.datasets)
                for i in images.split(self.split)
            ],
            dtype=np.int64,
        ).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self.where)

    def image(self, index: int) -> NDArray[np.float32]:
        """Read image `index`, (size, size) float32."""
        dataset, i = self.where[index]
        return self.datasets[dataset][int(i)]

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
