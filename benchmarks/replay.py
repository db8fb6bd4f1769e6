"""Simulate experience replay: how many samples enter the buffer, which ones, and how often.

    python benchmarks/replay.py [--steps 100000] [--seeds 5]

Published (Ede & Beanland, Sci Rep 10, 8332, 2020, from its code): a buffer of 50; one of five
steps repeats a sample of it; a threshold that follows the losses lets about the hardest fifth
of the fresh samples enter. Losses are drawn, nothing is trained. Of each distribution, means
over the seeds of:

entered    share of fresh samples that entered
replayed   share of steps that repeated a sample
hardest    share of the entered ones that are of the hardest fifth of the last 1000 fresh ones
threshold  quantile of those 1000 losses at which the threshold stands, mean and standard
           deviation over steps: 0.8 lets a fifth enter
buffer     mean quantile of the losses in the buffer: 0.9 if they are the hardest fifth
repeats    times a sample is repeated while it stays
"""

import argparse
from collections import deque
from collections.abc import Callable

import numpy as np
import torch

from stemgan.training.replay import ExperienceReplay

Losses = Callable[[np.random.Generator, int], np.ndarray]
_WINDOW = 1000
"""Fresh samples that one is compared with: losses change as training goes on."""
_COLUMNS = ("entered", "replayed", "hardest", "threshold", "± s.d.", "buffer", "repeats")


def _as_published(random: np.random.Generator, steps: int) -> np.ndarray:
    """Draw h(200 MSE) of RMSEs that fall from 15 % to 7 % and differ by half of themselves."""
    scale = 0.07 + 0.08 * np.exp(-np.arange(steps) / 3000)
    squared = 200 * (2 * scale * random.lognormal(-0.1, 0.5, steps)) ** 2
    return np.where(squared <= 1, squared, np.sqrt(squared))


DISTRIBUTIONS: dict[str, Losses] = {
    "as in training, h(200 MSE)": _as_published,
    "log-normal, sigma 0.5": lambda random, n: random.lognormal(-1, 0.5, n),
    "log-normal, sigma 1.5": lambda random, n: np.minimum(random.lognormal(-1, 1.5, n), 50),
    "uniform": lambda random, n: random.uniform(0, 1, n),
    "normal": lambda random, n: np.abs(random.normal(1, 0.2, n)),
    "one in ten hopeless": lambda random, n: (
        np.where(random.random(n) < 0.1, 4, 1) * random.lognormal(-1, 0.2, n)
    ),
    "halved in mid-run": lambda random, n: (
        random.lognormal(-1, 0.5, n) * np.where(np.arange(n) < n // 2, 1, 0.5)
    ),
}


def simulate(losses: Losses, steps: int, seed: int) -> list[float]:
    """Run one buffer over losses of one kind, and return the figures, in the columns' order."""
    drawn = losses(np.random.default_rng(seed), steps)
    replay = ExperienceReplay(seed=seed)
    recent: deque[float] = deque(maxlen=_WINDOW)
    marks: list[tuple[bool, bool, float]] = []
    buffered: list[float] = []
    for i, loss in enumerate(drawn.tolist()):
        given = replay.exchange((torch.tensor(float(loss)),))
        if given is None:
            continue
        (kept,), fresh = given
        window = np.fromiter(recent, float) if len(recent) == _WINDOW else None
        if not fresh:
            if window is not None:
                buffered.append(float((window < kept.item()).mean()))
            continue
        quantile = float("nan")
        if window is not None and i % 10 == 0:
            quantile = float((window < replay.figures()["threshold"]).mean())
        hard = window is not None and float((window < loss).mean()) >= 0.8
        entered = replay.admit((kept,), loss)
        recent.append(loss)
        if window is not None:
            marks.append((entered, hard, quantile))
    entered, hard, quantiles = (np.array(column) for column in zip(*marks, strict=True))
    figures = (
        entered.mean(),
        replay.figures()["replayed_share"],
        hard[entered].mean(),
        np.nanmean(quantiles),
        np.nanstd(quantiles),
        np.mean(buffered),
        len(buffered) / entered.sum(),
    )
    return [float(figure) for figure in figures]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Simulate experience replay.")
    parser.add_argument("--steps", type=int, default=100_000, help="samples of each run")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each distribution")
    arguments = parser.parse_args()
    if arguments.steps < 4 * _WINDOW:
        parser.error(f"--steps must be {4 * _WINDOW} or more")
    width = max(map(len, DISTRIBUTIONS))
    print(" ".join((" " * width, *(f"{name:>9}" for name in _COLUMNS))))
    for name, losses in DISTRIBUTIONS.items():
        runs = [simulate(losses, arguments.steps, seed) for seed in range(arguments.seeds)]
        figures = " ".join(f"{value:9.3f}" for value in np.mean(runs, axis=0))
        print(f"{name:<{width}} {figures}", flush=True)


if __name__ == "__main__":
    main()
