"""Some of many squares, as a dataset that gives a batch at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from stemgan.data.scans import Draw

Batch = dict[str, Tensor]
"""image (B, S0, S0) uint8; label (B,) int64, of the classes; key (B,) int64, the picture's
number among all pictures, by which it is augmented and its prediction is known."""


class Squares(Dataset):
    """Some of the pictures, a batch at a time.

    Parameters
    ----------
    images : of all pictures, (n, side, side) uint8.
    labels : of all, (n,) int64.
    numbers : of those in it, (m,).
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        numbers: NDArray[np.int64],
    ) -> None:
        self.images, self.labels, self.numbers = images, labels, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitems__(self, wanted: Sequence[int | Draw]) -> Batch:
        """Give a batch, of places among those in it or a sampler's draws of them."""
        places = [one.index if isinstance(one, Draw) else one for one in wanted]
        numbers = self.numbers[places]
        return {
            "image": torch.from_numpy(self.images[numbers]),
            "label": torch.from_numpy(self.labels[numbers]),
            "key": torch.from_numpy(numbers),
        }

    def __getitem__(self, place: int | Draw) -> Batch:
        """Give a batch of one."""
        return self.__getitems__([place])


def _as_it_is(batch: Batch) -> Batch:
    return batch


LOADING: dict[str, Any] = {"collate_fn": _as_it_is, "pin_memory": torch.cuda.is_available()}
"""How a DataLoader takes `Squares`."""
