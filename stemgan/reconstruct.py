"""Reconstructor: weights and a partial scan in, image and uncertainty out, at any size."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stemgan.baselines import complete
from stemgan.errors import InputError
from stemgan.measurement import PartialScan, Scale, intensity_scale
from stemgan.weights import DEFAULT_MODEL, find_weights, load_generator

Image = NDArray[np.float32]

DEVICES = ("auto", "cpu", "cuda")

_LARGEST_WHOLE = 1536
_TILE = 1024
_OVERLAP = 256
_UNKNOWN = 1.0
"""Standard deviation where a whole tile is unmeasured: half of the measured range."""

_EXTREME = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What a network makes of a partial scan, in the scan's own unit.

    image : the network's estimate at every pixel, the measured ones too, (H, W) float32.
    std : its standard deviation, (H, W) float32.
    seconds : how long it took, the loading of the weights left out.
    """

    image: Image
    std: Image
    seconds: float


@dataclass(frozen=True, eq=False)
class Reconstructor:
    """A generator that is loaded once and called for every partial scan.

    The estimate is the posterior mean: measured pixels are noisy, so that the network's opinion
    of them is returned and not the measurement pasted over it.

    Attributes
    ----------
    generator : called with scaled nearest infill, dwell map, distance [px] and scaled kriged
        infill, (1, 1, H, W) float32 each; returns an object with `image` and `log_std`,
        (1, 1, H, W) each.
    device : where it runs.
    name : the model's name.
    sha256 : hash of its weights file, for the record.
    """

    generator: Callable[[Tensor, Tensor, Tensor, Tensor], Any]
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    name: str = ""
    sha256: str = ""

    @classmethod
    def load(cls, model: str | Path = DEFAULT_MODEL, device: str = "auto") -> "Reconstructor":
        """Load a model's weights.

        Parameters
        ----------
        model : name of a shipped model, or a safetensors file.
        device : "auto" (CUDA where there is some), "cpu" or "cuda".

        Raises
        ------
        InputError : there is no such model or device, or the file cannot be read.
        """
        place = choose_device(device)
        generator, _ = load_generator(model)
        file = find_weights(model)
        digest = sha256(file.read_bytes()).hexdigest()
        return cls(generator.to(place), place, file.stem, digest)

    def __call__(self, scan: PartialScan) -> Reconstruction:
        """Complete a partial scan.

        Raises
        ------
        RuntimeError : the network returned values that are not finite.
        """
        start = time.perf_counter()
        scale = intensity_scale(scan)
        distance, infill = scan.nearest
        # On the whole frame, as its spectrum is the frame's.
        kriged = complete(scan, "gaussian-process")
        inputs = np.stack([scale.apply(infill), scan.dwell, distance, scale.apply(kriged)])
        with torch.inference_mode():
            image, std = _in_tiles(self._run, inputs)
        if not (np.isfinite(image).all() and np.isfinite(std).all()):
            raise RuntimeError(f"model {self.name} returned values that are not finite")
        return Reconstruction(
            _limited(scale, image),
            np.minimum(std.astype(np.float64) * scale.gain, _EXTREME).astype(np.float32),
            time.perf_counter() - start,
        )

    def _run(self, inputs: Image) -> tuple[Image, Image]:
        if not inputs[1].any():  # an unmeasured tile, for which no network was made
            return inputs[3], np.full_like(inputs[3], _UNKNOWN)
        planes = torch.from_numpy(np.ascontiguousarray(inputs)).to(self.device)[:, None, None]
        completion = self.generator(*planes)
        image = completion.image[0, 0].float().cpu().numpy()
        return image, completion.log_std[0, 0].float().exp().cpu().numpy()


def choose_device(device: str) -> torch.device:
    """Turn "auto", "cpu" or "cuda" into a torch device.

    Raises
    ------
    InputError : an unknown name, or CUDA where there is none.
    """
    if device not in DEVICES:
        raise InputError(f"device {device!r} is not known: choose one of {', '.join(DEVICES)}")
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise InputError("this machine has no CUDA device that torch can use: say --device cpu")
    return torch.device("cuda" if cuda and device != "cpu" else "cpu")


def _limited(scale: Scale, image: Image) -> Image:
    """Undo the scale; where the unit's own range ends (float32), so do the values."""
    with np.errstate(over="ignore"):
        return np.clip(scale.invert(image), -_EXTREME, _EXTREME)


def _in_tiles(
    run: Callable[[Image], tuple[Image, Image]], inputs: Image
) -> tuple[Image, Image]:
    """Run on the whole frame, or on overlapping tiles of it that are blended smoothly.

    Memory is then that of one tile and of the frame itself, whatever the frame's size. Distance
    and infill come from the whole frame, so that tiles see what lies beyond their edges.
    """
    shape = inputs.shape[1:]
    if max(shape) <= _LARGEST_WHOLE:
        return run(inputs)
    total = np.zeros((2, *shape), dtype=np.float32)
    weight = np.zeros(shape, dtype=np.float32)
    for rows, row_ramp in _spans(shape[0]):
        for columns, column_ramp in _spans(shape[1]):
            ramp = row_ramp[:, None] * column_ramp
            results = run(inputs[:, rows, columns])
            total[:, rows, columns] += ramp * np.stack(results)
            weight[rows, columns] += ramp
    total /= weight
    return total[0], total[1]


def _spans(length: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield the tiles of one axis with their blending weights (raised cosines, never zero)."""
    size = min(length, _TILE)
    count = 1 + max(0, -(-(length - size) // (size - _OVERLAP)))
    for start in np.linspace(0, length - size, count).round().astype(int):
        x = np.minimum(np.arange(size) + 0.5, _OVERLAP) / _OVERLAP
        rise = np.sin(0.5 * np.pi * x) ** 2
        left = rise if start > 0 else np.ones(size)
        right = rise[::-1] if start + size < length else np.ones(size)
        yield slice(start, start + size), np.maximum(left * right, 1e-6).astype(np.float32)
