"""Which image comes when: weighted draws that follow from (seed, epoch) and can be resumed."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch.distributed
from numpy.typing import NDArray
from torch.utils.data import DataLoader, DistributedSampler

from stemgan.data.batch import Batch
from stemgan.data.scans import Draw


def draw_order(
    weights: NDArray[np.float64], count: int, seed: int, epoch: int
) -> NDArray[np.int64]:
    """Draw `count` images so that each comes `count` times its weight, rounded up or down.

    With equal weights and as many draws as images this is a permutation.

    Parameters
    ----------
    weights : share of each image, (n,), summing to 1.
    count : number of draws.
    seed, epoch : what the draws follow from.

    Returns
    -------
    Indices, (count,) int64.

    Examples
    --------
    >>> sorted(draw_order(np.full(4, 0.25), 4, seed=0, epoch=1).tolist())
    [0, 1, 2, 3]
    """
    rng = np.random.default_rng((seed, epoch))
    shuffled = rng.permutation(len(weights))
    # Systematic sampling: equally spaced points on the weights laid end to end.
    ends = np.cumsum(weights[shuffled]) * count
    drawn = np.searchsorted(ends, rng.random() + np.arange(count), side="right")
    return shuffled[np.minimum(drawn, len(weights) - 1)][rng.permutation(count)]


class WeightedSampler(DistributedSampler):
    """The draws of one rank: every world-size-th of the epoch's, so that ranks share them out.

    It is a DistributedSampler by name only, so that a trainer does not wrap it in another. Its
    state is the epoch and the number of samples that all ranks together have had of it, so
    that training resumes exactly, on another number of ranks too.

    Parameters
    ----------
    weights : share of each image, (n,), summing to 1.
    count : draws an epoch, over all ranks.
    seed : another seed, other draws.
    """

    def __init__(self, weights: NDArray[np.float64], count: int, seed: int = 0) -> None:
        self.weights, self.count, self.seed = weights, count, seed
        self.epoch = self.seen = 0

    def set_epoch(self, epoch: int) -> None:
        """Start `epoch`, unless it is under way."""
        if epoch != self.epoch:
            self.epoch, self.seen = epoch, 0

    def __len__(self) -> int:
        return self.count // ranks()[1]

    def __iter__(self) -> Iterator[Draw]:
        rank, world = ranks()
        order = draw_order(self.weights, self.count, self.seed, self.epoch)
        for position in range(self.seen + rank, len(self) * world, world):
            yield Draw(self.epoch, position, int(order[position]))

    def state_dict(self) -> dict[str, int]:
        """Say where the sampler stands."""
        return {"epoch": self.epoch, "seen": self.seen, "seed": self.seed}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from where a sampler stood."""
        self.epoch, self.seen, self.seed = state["epoch"], state["seen"], state["seed"]


def ranks() -> tuple[int, int]:
    """Tell this process's rank and how many there are."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


class ResumableLoader(DataLoader):
    """A DataLoader over a WeightedSampler whose state can be saved at any batch and loaded.

    It counts the batches handed out, not those that workers have prepared ahead.
    """

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]  # a generator will do
        sampler = self.sampler
        assert isinstance(sampler, WeightedSampler)
        # A generator: the sampler is asked at the first batch, when its epoch has been set.
        start, step = sampler.seen, self._step
        for number, batch in enumerate(super().__iter__(), start=1):
            sampler.seen = start + number * step
            yield batch

    @property
    def _step(self) -> int:
        assert self.batch_size is not None
        return self.batch_size * ranks()[1]

    def state_dict(self) -> dict[str, Any]:
        """Say where the sampler stands (see `WeightedSampler`)."""
        assert isinstance(self.sampler, WeightedSampler)
        return self.sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there at the next iteration; a finished epoch gives way to the next."""
        assert isinstance(self.sampler, WeightedSampler)
        self.sampler.load_state_dict(state)
        if self.sampler.seen + self._step > self.sampler.count:
            self.sampler.set_epoch(self.sampler.epoch + 1)


def start_worker(_: int) -> None:
    """Let a loading worker use one thread; workers are the parallelism."""
    import numba

    torch.set_num_threads(1)
    numba.set_num_threads(1)
