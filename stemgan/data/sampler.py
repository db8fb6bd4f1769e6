"""Which image comes when: weighted draws that follow from (seed, epoch) and can be resumed."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch.distributed
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, DistributedSampler

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


class PartSampler(DistributedSampler):
    """The validation samples of one rank: every world-size-th, so that none comes twice.

    Ranks may have one more or less than others. It is a DistributedSampler by name only, so
    that a trainer does not wrap it in another.

    Parameters
    ----------
    count : samples of all ranks together.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: every epoch has the same samples."""

    def __len__(self) -> int:
        return len(self._part())

    def __iter__(self) -> Iterator[int]:
        return iter(self._part())

    def _part(self) -> range:
        rank, world = ranks()
        return range(rank, self.count, world)


def ranks() -> tuple[int, int]:
    """Tell this process's rank and how many there are."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


class ResumableLoader(DataLoader):
    """A DataLoader over a WeightedSampler whose state can be saved at any moment and loaded.

    Its state counts neither the samples that the sampler has given out, as workers prepare
    batches ahead, nor a batch handed out that the trainer is not through with, as when the
    step fails and a checkpoint is saved.

    Parameters
    ----------
    dataset : what the sampler's draws are asked of.
    processed : tells how many batches of the running epoch are done with; None, or a function
        that returns None, takes every batch handed out as done with.
    options : of a DataLoader.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        processed: Callable[[], int | None] | None = None,
        **options: Any,  # noqa: ANN401 (a DataLoader's)
    ) -> None:
        self._processed = processed
        self._handed = self._before = 0
        super().__init__(dataset, **options)

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]  # a generator will do
        sampler = self.sampler
        assert isinstance(sampler, WeightedSampler)
        # A generator: the sampler is asked at the first batch, when its epoch has been set.
        start, step = sampler.seen, self._step
        self._handed, self._before = 0, self._done() or 0
        for batch in super().__iter__():
            self._handed += 1
            sampler.seen = start + self._handed * step
            yield batch

    @property
    def _step(self) -> int:
        assert self.batch_size is not None
        return self.batch_size * ranks()[1]

    def _done(self) -> int | None:
        return self._processed() if self._processed else None

    def state_dict(self) -> dict[str, Any]:
        """Say where training stands in the sampler's draws (see `WeightedSampler`)."""
        assert isinstance(self.sampler, WeightedSampler)
        state, done = self.sampler.state_dict(), self._done()
        if done is not None and state["seen"]:  # 0: an epoch that has not begun
            pending = self._handed - (done - self._before)
            state["seen"] -= pending * self._step
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there at the next iteration; a finished epoch gives way to the next."""
        assert isinstance(self.sampler, WeightedSampler)
        self.sampler.load_state_dict(state)
        if self.sampler.seen + self._step > self.sampler.count:
            self.sampler.set_epoch(self.sampler.epoch + 1)


def start_worker(_: int) -> None:
    """Let a loading worker use one thread; workers are the parallelism."""
    torch.set_num_threads(1)
