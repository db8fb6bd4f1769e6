"""Batches of random planes, as the loaders give them."""

import torch

from stemgan.data import Batch
from stemgan.training import Ede2020Training, ReconstructionTraining

SIZES = {
    "stemgan": {
        "widths": [8, 8, 8],
        "depths": [1, 1, 1],
        "half_width": 4,
        "outer_width": 4,
        "spectral": 4,
        "noise": 1,
    },
    "ede2020": {
        "inner": [4, 4, 8, 8, 8],
        "blocks": 1,
        "outer": [4, 4],
        "outer_blocks": 1,
    },
}
JUDGES = {"scales": [16, 32], "side": 16, "widths": [4, 8], "padding": 16}
TRAININGS = {"stemgan": ReconstructionTraining, "ede2020": Ede2020Training}


def made(model: str, **options):
    """Make a tiny training."""
    torch.manual_seed(0)
    return TRAININGS[model](SIZES[model], discriminators=JUDGES, **options)


def batch(count: int = 4, side: int = 64, seed: int = 0) -> Batch:
    """Make scans of which a tenth is measured."""
    generator = torch.Generator().manual_seed(seed)
    shape = (count, 1, side, side)
    target = torch.rand(shape, generator=generator) * 2 - 1
    dwell = (torch.rand(shape, generator=generator) > 0.9).float()
    ones = torch.ones(count)
    return Batch(
        target=target,
        infill=target.roll(1, 2),
        dwell=dwell,
        distance=4 * (1 - dwell),
        kriged=0.5 * target.roll(1, 3),
        span=2 * ones,
        coverage=0.1 * ones,
        family=torch.zeros(count, dtype=torch.int64),
        key=torch.arange(count) + 10 * seed,
    )
