"""A small archive of pictures of three kinds, to explore."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

KINDS = {"along": (1, 9), "coarse": (4, 4), "fine": (0.7, 0.7)}
"""Names of the kinds, and how far each is blurred down and across [px]."""


def picture(kind: str, seed: int, shape: tuple[int, int] = (40, 52)) -> np.ndarray:
    """Draw a picture of a kind, uint8."""
    texture = gaussian_filter(np.random.default_rng(seed).random(shape), KINDS[kind])
    texture -= texture.min()
    return (255 * texture / texture.max()).astype(np.uint8)


def archive(folder: Path, count: int) -> Path:
    """Write a folder of folders, one a kind, with `count` pictures each."""
    for number, kind in enumerate(KINDS):
        (folder / kind).mkdir(parents=True)
        for i in range(count):
            drawn = Image.fromarray(picture(kind, 1000 * number + i))
            drawn.save(folder / kind / f"{i:03d}.png")
    return folder
