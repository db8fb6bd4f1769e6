"""Fit the weights by which the waves of a lattice are placed under a grid of dots.

    python benchmarks/tune_aliases.py DATASET... [--samples N] [--seed S]

Training images of datasets (`stemgan prepare`, `stemgan synthesize`), one group as often as
another, are turned, zoomed by 0.6 to 1.6, and read on a grid of dots at a random offset whose
pitch is 3.5 to 11 px, whole in every second sample. Each explanation of the waves that stand
out shares them out among their aliases; the truth's shares are those of the waves of the
blurred image itself. The loss is the mean squared difference of the shares, weighed by the
waves' variance: the error that a wave at the wrong place, or at none, adds. Weights are fitted
on two of three groups and judged on the third, and then fitted on all.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from stemgan.baselines.aliases import find_dot_grid
from stemgan.baselines.aliases.dots import Peaks, find_peaks
from stemgan.baselines.aliases.placing import WEIGHTS, explanations
from stemgan.cli.common import progress, say
from stemgan.data.shards import ShardedImages
from stemgan.metrics import blurred
from stemgan_kernels.paths.dots import dot_grid

PITCHES, ZOOMS, SIDE = (3.5, 11.0), (0.6, 1.6), 512
WAVES_OF_TRUTH = 40
NAMES = ("slowest aliases", "likeness", "mean log frequency", "unexplained", "log likelihood")
STEPS, RATE, RIDGE = 120, 0.08, 1e-4
TOLERANCE = 3.5  # between a wave of the truth and a peak [padded Fourier pixels]

Image = NDArray[Any]


class Sample(NamedTuple):
    """Explanations of one image's waves, and where these truly are.

    features : (n, 5); shares : of each wave's aliases, (n, aliases) each; truths : (aliases,)
        each; variance : of each wave.
    """

    dataset: str
    group: str
    features: torch.Tensor
    shares: list[torch.Tensor]
    truths: list[torch.Tensor]
    variance: list[float]


def true_shares(peak: int, peaks: Peaks, truth: Peaks, pitch: Image, shifts: Image) -> Image:
    """Return how much of a peak truly is at each shift, (len(shifts),); sums to at most 1."""
    held = np.zeros(len(shifts))
    total = 0.0
    for wave, variance in zip(truth.frequency, truth.variance, strict=True):
        for sign in (1, -1):
            off = sign * wave * pitch - peaks.frequency[peak]
            shift = np.rint(off)
            if (np.abs(off - shift) * peaks.side).max() < TOLERANCE:
                total += variance
                held[(shifts == shift).all(axis=1)] += variance
                break
    return held / total if total else held


def sample(names: tuple[str, str], image: Image, rng: np.random.Generator) -> Sample | None:
    """Read an image under a grid of dots; None where no two waves stand out."""
    image = np.rot90(image, int(rng.integers(4)))
    factor = float(np.exp(rng.uniform(*np.log(ZOOMS))))
    smooth = gaussian_filter(image, 0.4 / factor) if factor < 1 else image
    image = np.ascontiguousarray(
        zoom(smooth, factor, order=1 if factor < 1 else 3)[:SIDE, :SIDE]
    )
    pitch = rng.uniform(*PITCHES)
    pitch = round(pitch) if rng.random() < 0.5 else pitch
    offset = rng.uniform(0, pitch, 2)
    path = dot_grid(image.shape, pitch, offset=(offset[0], offset[1])).astype(int)
    mask = np.zeros(image.shape, bool)
    mask[path[:, 0], path[:, 1]] = True
    grid = find_dot_grid(mask)
    if grid is None:
        return None
    samples = grid.samples(image)
    peaks = find_peaks(samples)
    if len(peaks.variance) < 2:
        return None
    found = explanations(grid, samples, peaks)
    truth = find_peaks(blurred(image), WAVES_OF_TRUTH)
    shares, truths = [], []
    for k in range(len(peaks.variance)):
        shifts, those = np.unique(found.shifts[:, k], axis=0, return_inverse=True)
        shares.append(torch.eye(len(shifts), dtype=torch.double)[those.ravel()])
        truths.append(torch.from_numpy(true_shares(k, peaks, truth, grid.pitch, shifts)))
    features = torch.from_numpy(found.features)
    return Sample(*names, features, shares, truths, list(peaks.variance / peaks.variance.sum()))


def loss(weights: torch.Tensor, one: Sample) -> torch.Tensor:
    """Return the mean squared error of the shares."""
    likely = torch.softmax(one.features @ weights, dim=0)
    errors = [
        held * (likely @ share - truth).square().sum()
        for share, truth, held in zip(one.shares, one.truths, one.variance, strict=True)
    ]
    return torch.stack(errors).sum()


def mean_loss(weights: torch.Tensor, samples: Sequence[Sample]) -> torch.Tensor:
    """Return the mean loss; datasets count the same, and groups of a dataset."""
    losses: dict[str, dict[str, list[torch.Tensor]]] = defaultdict(lambda: defaultdict(list))
    for one in samples:
        losses[one.dataset][one.group].append(loss(weights, one))
    means = [
        torch.stack([torch.stack(each).mean() for each in groups.values()]).mean()
        for groups in losses.values()
    ]
    return torch.stack(means).mean()


def fitted(samples: Sequence[Sample]) -> torch.Tensor:
    """Return the weights of least loss."""
    weights = torch.from_numpy(WEIGHTS.copy()).requires_grad_()
    optimiser = torch.optim.Adam([weights], lr=RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        (mean_loss(weights, samples) + RIDGE * weights.square().sum()).backward()
        optimiser.step()
    return weights.detach()


def gathered(datasets: Sequence[str], count: int, rng: np.random.Generator) -> list[Sample]:
    """Make samples, as many of each dataset as of another."""
    found: list[Sample] = []
    for place in datasets:
        images = ShardedImages(place)
        groups = defaultdict(list)
        for index, (group, split) in enumerate(
            zip(images.columns["group"], images.columns["split"], strict=True)
        ):
            if split == "train":
                groups[group].append(index)
        names = sorted(groups)
        for _ in progress(range(count // len(datasets)), place):
            name = names[rng.integers(len(names))]
            one = sample((place, name), images[int(rng.choice(groups[name]))], rng)
            if one is not None:
                found.append(one)
    return found


def main() -> None:
    """Fit, judge and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("datasets", nargs="+", metavar="DATASET")
    parser.add_argument("--samples", type=int, default=1200, help="images that are read")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    samples = gathered(args.datasets, args.samples, rng)
    names = sorted({one.group for one in samples})
    held_out = set(rng.permutation(names)[: len(names) // 3].tolist())
    parts = [[one for one in samples if (one.group in held_out) == kind] for kind in (0, 1)]
    say(f"{len(samples)} samples of {len(names)} groups show waves")
    slowest = torch.tensor([1e6, 0, 0, 0, 0], dtype=torch.double)
    shipped = torch.from_numpy(WEIGHTS)
    two_thirds = fitted(parts[0])
    for name, weights in (
        ("slowest aliases", slowest),
        ("shipped weights", shipped),
        ("fitted to the other groups", two_thirds),
    ):
        found = float(mean_loss(weights, parts[1]))
        say(f"loss on {len(held_out)} held-out groups, {name}: {found:.3f}")
    for name, value in zip(NAMES, fitted(samples).tolist(), strict=True):
        say(f"{name:20} {value:7.3f}")


if __name__ == "__main__":
    main()
