"""Experience replay: hard examples are trained on again.

As published (Ede & Beanland, Sci Rep 10, 8332, 2020, from its code): one of five steps repeats
a sample of a small buffer, which about the hardest fifth of the fresh samples enter.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

Sample = tuple[Tensor, ...]


class ExperienceReplay:
    """A buffer of hard samples, kept on the device they came from.

    A fresh sample whose loss exceeds the threshold overwrites a random one of the buffer. At
    each, the threshold moves a hundredth of its way towards the mean loss plus 5 standard
    deviations while at least `probability` of the fresh samples enter, and towards the mean
    less 5 standard deviations while fewer do.

    Parameters
    ----------
    size : samples in the buffer, filled by the first ones.
    probability : share of the steps that repeat one of them, and of fresh samples that enter.
    seed : of what is random here: which steps repeat a sample, which one, and which one goes.
    decay : of the running means of losses, their squares and entries, and of the threshold.
    mean, second : running means of loss and squared loss at the start.

    Examples
    --------
    >>> import torch
    >>> replay = ExperienceReplay(size=1)
    >>> replay.exchange((torch.zeros(1, 4, 4),)) is None, replay.filled
    (True, True)
    >>> sample, fresh = replay.exchange((torch.ones(1, 4, 4),))
    """

    def __init__(
        self,
        size: int = 50,
        probability: float = 0.2,
        *,
        seed: int = 0,
        decay: float = 0.99,
        mean: float = 1.5,
        second: float = 4.0,
    ) -> None:
        self._size, self._probability, self._decay = size, probability, decay
        self._random = np.random.default_rng(seed)
        self._samples: list[Sample] = []
        self._mean, self._second = mean, second
        self._rate, self._threshold = probability, 0.0
        self._exchanged = self._replayed = 0

    @property
    def filled(self) -> bool:
        """Whether the buffer is full, so that steps may begin."""
        return len(self._samples) == self._size

    def exchange(self, sample: Sample) -> tuple[Sample, bool] | None:
        """Give this sample or one of the buffer, and whether it is the fresh one.

        None while the buffer fills: the sample is then stored, and not to be trained on.

        Parameters
        ----------
        sample : tensors without a batch's dimension.
        """
        if not self.filled:
            self._samples.append(_kept(sample))
            return None
        self._exchanged += 1
        if self._random.random() >= self._probability:
            return sample, True
        self._replayed += 1
        old = self._samples[self._random.integers(self._size)]
        # After a resume they lie where the checkpoint was read to.
        return tuple(o.to(s.device) for o, s in zip(old, sample, strict=True)), False

    def admit(self, sample: Sample, loss: float) -> bool:
        """Let a fresh sample enter if it is hard, and say whether it did.

        Parameters
        ----------
        sample : what `exchange` gave back as fresh.
        loss : its loss in the step taken, as limited and Huberised there; finite.
        """
        if not math.isfinite(loss):
            raise ValueError(f"a loss of {loss} says nothing of how hard a sample is")
        enters = loss > self._threshold
        if enters:
            self._samples[self._random.integers(self._size)] = _kept(sample)
        self._rate = self._moved(self._rate, float(enters))
        self._mean = self._moved(self._mean, loss)
        self._second = self._moved(self._second, loss**2)
        spread = 5 * math.sqrt(max(0.0, self._second - self._mean**2))
        often = self._rate >= self._probability
        self._threshold = self._moved(
            self._threshold, self._mean + (spread if often else -spread)
        )
        return enters

    def exchange_all(self, batch: Sample) -> tuple[Sample, list[bool]] | None:
        """Exchange each sample of a batch; None while the buffer fills.

        Parameters
        ----------
        batch : tensors whose first dimension is the batch's.
        """
        exchanged = [self.exchange(sample) for sample in zip(*batch, strict=True)]
        kept = [one for one in exchanged if one is not None]
        if len(kept) < len(exchanged):
            return None
        fields = zip(*(sample for sample, _ in kept), strict=True)
        return tuple(map(torch.stack, fields)), [fresh for _, fresh in kept]

    def admit_all(self, batch: Sample, fresh: Iterable[bool], losses: Iterable[float]) -> None:
        """Let those of a batch's samples that are fresh enter if they are hard."""
        for sample, new, loss in zip(zip(*batch, strict=True), fresh, losses, strict=True):
            if new:
                self.admit(sample, loss)

    def figures(self) -> dict[str, float]:
        """Give the threshold, the recent share of fresh samples that entered, and replays'."""
        return {
            "threshold": self._threshold,
            "insertion_rate": self._rate,
            "replayed_share": self._replayed / max(1, self._exchanged),
        }

    def state_dict(self) -> dict[str, Any]:
        """Give all that a continued run needs to go on as an uninterrupted one."""
        random: Any = self._random.bit_generator.state
        return {
            # A stored sample is never written to, so there is no need for a copy.
            "samples": list(self._samples),
            "running": (self._mean, self._second, self._rate, self._threshold),
            "counts": (self._exchanged, self._replayed),
            "random": random,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`.

        Raises
        ------
        ValueError : it is of a larger buffer.
        """
        samples = list(state["samples"])
        if len(samples) > self._size:
            raise ValueError(
                f"{len(samples)} samples were kept, and the buffer holds {self._size}"
            )
        self._samples = samples
        self._mean, self._second, self._rate, self._threshold = state["running"]
        self._exchanged, self._replayed = state["counts"]
        self._random.bit_generator.state = state["random"]

    def _moved(self, value: float, target: float) -> float:
        return self._decay * value + (1 - self._decay) * target


def _kept(sample: Sample) -> Sample:
    """Copy, as a batch's memory may be used again (and a row of it would keep all of it)."""
    return tuple(tensor.detach().clone() for tensor in sample)
