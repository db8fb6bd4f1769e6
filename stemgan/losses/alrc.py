"""Adaptive learning rate clipping: no loss counts with more gradient than is usual.

l is a loss, not negative; mu1 and mu2 are running means of it and of its square, of the losses
as they were limited (Ede & Beanland, Mach Learn Sci Technol 1, 015011, 2020).
"""

import torch
from torch import Tensor, distributed, nn


class AdaptiveLimit(nn.Module):
    """l <- l L / stop-gradient(l) where l > L = mu1 + n sqrt(mu2 - mu1^2 + 1e-8).

    Start moments are to be too large rather than too small, and `second` above `first` squared:
    a limit below the usual losses would slow training for as long as the means remember.

    Parameters
    ----------
    decay : of the running means, at each update.
    deviations : n, standard deviations above the mean at which losses are limited.
    first, second : mu1 and mu2 at the start; the defaults are those of 200 times the mean
        squared error on a scale from -1 to 1.

    Examples
    --------
    >>> limit = AdaptiveLimit(first=1.0, second=2.0)
    >>> limit(torch.tensor([3.0, 8.0]))
    tensor([3., 4.])
    """

    mean: Tensor
    second: Tensor

    def __init__(
        self,
        decay: float = 0.999,
        deviations: float = 3,
        first: float = 25.0,
        second: float = 900.0,
    ) -> None:
        super().__init__()
        if second < first**2:
            raise ValueError(f"the second moment {second} is below the square of {first}")
        self.decay, self.deviations = decay, deviations
        self.register_buffer("mean", torch.tensor(float(first)))
        self.register_buffer("second", torch.tensor(float(second)))

    @property
    def limit(self) -> Tensor:
        """L, above which losses are limited, ()."""
        # Rounding may make the difference negative where all losses are alike.
        variance = (self.second - self.mean.square()).clamp_min(0)
        return self.mean + self.deviations * (variance + 1e-8).sqrt()

    def forward(self, losses: Tensor) -> Tensor:
        """Limit losses, (B,); the moments are read alone, so parts of a batch are alike."""
        limit = self.limit
        above = losses.detach() > limit
        return torch.where(above, losses * (limit / losses.detach()), losses)

    @torch.no_grad()
    def update(self, losses: Tensor) -> None:
        """Take the losses of a whole step into the moments, as they were limited in it.

        Where several processes train together, all must call this, and all get the same
        moments: those of all their losses.

        Parameters
        ----------
        losses : of this process's samples, before they are limited, (B,), finite.
        """
        capped = self(losses.float())
        sums = torch.stack(
            (capped.sum(), capped.square().sum(), capped.new_full((), len(capped)))
        )
        if distributed.is_available() and distributed.is_initialized():
            distributed.all_reduce(sums)
        mean, second = (sums[:2] / sums[2]).unbind()
        self.mean.lerp_(mean, 1 - self.decay)
        self.second.lerp_(second, 1 - self.decay)


def huberised(losses: Tensor) -> Tensor:
    """Take the root of losses above 1: l where l <= 1, sqrt(l + 1e-8) above (Huber's idea)."""
    root = (losses.clamp_min(1) + 1e-8).sqrt()
    return torch.where(losses > 1, root, losses)
