"""Convex mixes of infills plus a residual: what every completion of the generator is.

    x = sum_k softmax(a)_k f_k + r

with logits a from what is seen around a pixel, from the whole image (a gate), and from a
preference for one infill, so that an untrained mix is nearly that infill.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stemgan.networks.features import CHANNELS, INFILLS, Features

_PREFERENCE = 4.0
"""Logit of the preferred infill: mild, as gradients vanish where a softmax is saturated."""

_GAIN = 4.0
"""Logits are steps of a softmax: this brings their gradients to those of the residual."""

_GATE_WIDTH = 64


class Gate(nn.Module):
    """Logits of a mix for a whole image, from what its features are like on the average."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(CHANNELS, _GATE_WIDTH)
        self.leave = nn.Linear(_GATE_WIDTH, INFILLS)
        start_at_zero(self.leave)

    def forward(self, statistics: Tensor) -> Tensor:
        """Return logits, (B, INFILLS), of the features' statistics."""
        return self.leave(F.silu(self.enter(statistics))).float()


class Mix(nn.Module):
    """A mix of infills and a residual.

    width : channels of the features that decide.
    preferred : which infill it starts from.
    """

    def __init__(self, width: int, preferred: int) -> None:
        super().__init__()
        self.preferred = preferred
        self.gate = Gate()
        self.head = nn.Conv2d(width, INFILLS + 1, 1)
        start_at_zero(self.head)

    def forward(self, features: Features, hidden: Tensor, infills: Tensor) -> Tensor:
        """Mix.

        Parameters
        ----------
        features : of the scan.
        hidden : what decides at every pixel, (B, width, H, W).
        infills : what is mixed, (B, INFILLS, H, W).

        Returns
        -------
        (B, 1, H, W).
        """
        logits, residual = self.head(hidden).float().split([INFILLS, 1], dim=1)
        whole = _GAIN * self.gate(features.statistics) + self.preference(features)
        weights = torch.softmax(_GAIN * logits + whole[:, :, None, None], dim=1)
        return (weights * infills).sum(dim=1, keepdim=True) + residual

    def preference(self, features: Features) -> Tensor:
        """Return the logits of a mix that has learned nothing, (1, INFILLS)."""
        logits = features.statistics.new_zeros(1, INFILLS)
        logits[:, self.preferred] = _PREFERENCE
        return logits


def start_at_zero(head: nn.Module) -> None:
    """Let an untrained head say nothing."""
    for parameter in head.parameters():
        nn.init.zeros_(parameter)
