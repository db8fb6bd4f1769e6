"""An autoencoder that brings features down to a few dimensions (Hinton & Salakhutdinov, 2006).

Features are moved to their mean and divided by one number, the root mean square of what is
left, so that distances keep their proportions and no silent feature is blown up. The network
is small, F → width → width / 4 → dims and back; where it no longer improves on points held
out, it stops, and its best state stays.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.explore.features import Watch, unwatched
from stemgan_data_prep.catalogue.explore.neighbours import checked

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Training:
    """How an autoencoder is trained.

    Attributes
    ----------
    epochs : most passes over the points.
    patience : passes without improvement after which it stops.
    batch : points of a step.
    rate : Adam's learning rate at the start; it falls by half after patience / 3 passes
        without improvement.
    held_out : share of the points that say when to stop.
    width : units of the widest hidden layer, at most.
    """

    epochs: int = 300
    patience: int = 25
    batch: int = 64
    rate: float = 1e-3
    held_out: float = 0.1
    width: int = 256


@dataclass(frozen=True)
class Encoded:
    """Points in few dimensions.

    Attributes
    ----------
    points : (N, dims) float32.
    errors : squared error of each picture's features over their mean square, (N,) float32:
        0 is perfect, 1 as bad as the mean of all.
    losses : (epoch, training, held out), one row an epoch, in the same unit.
    best : the epoch whose state was kept.
    """

    points: np.ndarray
    errors: np.ndarray
    losses: list[tuple[int, float, float]]
    best: int


def fit(
    features: np.ndarray,
    dims: int = 10,
    seed: int = 0,
    training: Training | None = None,
    device: str = "cpu",
    watch: Watch = unwatched,
) -> Encoded:
    """Train an autoencoder on features and encode them.

    Parameters
    ----------
    features : (N, F), N ≥ 10.
    dims : dimensions of the code, below F.
    seed : of start, order and which points are held out; the global state stays as it is.
    training : see `Training`.
    device : as torch names it.
    watch : see `features.Watch`; of the epochs, of which there may be fewer than the most.

    Raises
    ------
    InputError : too few points, dims not below F, or values that are not finite.
    """
    import torch

    values = checked(features, 10)
    if not 1 <= dims < values.shape[1]:
        raise InputError(
            f"a code of {dims} dimensions is impossible: the features have {values.shape[1]}"
        )
    values /= max(float(np.sqrt((values**2).mean())), np.finfo(float).tiny)
    training = training or Training()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(values.shape[1], dims, training.width).to(device)
    tensor = torch.from_numpy(values.astype(np.float32)).to(device)
    losses, best = _train(network, tensor, training, torch.Generator().manual_seed(seed), watch)
    with torch.inference_mode():
        points = torch.cat([network[0](part) for part in tensor.split(4096)])
        again = torch.cat([network[1](part) for part in points.split(4096)])
        errors = (again - tensor).square().mean(dim=1)
    return Encoded(points.cpu().numpy(), errors.cpu().numpy(), losses, best)


def _network(features: int, dims: int, width: int) -> "nn.Sequential":
    """Build encoder and decoder."""
    from torch import nn

    wide = min(width, max(2 * dims, features))
    narrow = max(2 * dims, wide // 4)
    sizes = [features, wide, narrow, dims]

    def chain(sizes: list[int]) -> nn.Sequential:
        layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.SiLU())]
        return nn.Sequential(*layers[:-1])

    return nn.Sequential(chain(sizes), chain(sizes[::-1]))


def _train(
    network: "nn.Sequential",
    values: "torch.Tensor",
    training: Training,
    draws: "torch.Generator",
    watch: Watch,
) -> tuple[list[tuple[int, float, float]], int]:
    """Train until points held out no longer improve; the best state stays in the network."""
    import torch
    from torch.optim.lr_scheduler import ReduceLROnPlateau

    order = torch.randperm(len(values), generator=draws).to(values.device)
    held = values[order[: max(1, round(len(values) * training.held_out))]]
    seen = values[order[len(held) :]]
    optimiser = torch.optim.Adam(network.parameters(), lr=training.rate)
    schedule = ReduceLROnPlateau(optimiser, factor=0.5, patience=max(1, training.patience // 3))
    losses: list[tuple[int, float, float]] = []
    best, lowest, state = 0, float("inf"), network.state_dict()
    for epoch in watch(range(training.epochs), "autoencoder", training.epochs):
        loss = _epoch(network, seen, optimiser, training.batch, draws)
        with torch.no_grad():
            score = (network(held) - held).square().mean().item()
        schedule.step(score)
        losses.append((epoch, loss, score))
        if score < lowest:
            best, lowest = epoch, score
            state = {name: value.clone() for name, value in network.state_dict().items()}
        elif epoch - best >= training.patience:
            break
    network.load_state_dict(state)
    return losses, best


def _epoch(
    network: "nn.Sequential",
    seen: "torch.Tensor",
    optimiser: "torch.optim.Optimizer",
    batch: int,
    draws: "torch.Generator",
) -> float:
    """Pass once over the points in random order; return the mean loss."""
    import torch

    total = 0.0
    for rows in torch.randperm(len(seen), generator=draws).split(batch):
        part = seen[rows.to(seen.device)]
        loss = (network(part) - part).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += loss.item() * len(part)
    return total / len(seen)
