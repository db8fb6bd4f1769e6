"""What each architecture makes of a partial scan, from measured values alone."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.kriging import kriged_scans
from stemgan.measurement import PartialScan, Scale, intensity_scale
from stemgan.networks.ede2020 import ede2020_input
from stemgan.reconstruct.tiles import in_tiles

Image = NDArray[np.float32]

_PLANES = 4
_UNKNOWN = 1.0
"""Standard deviation where a whole tile is unmeasured: half of the measured range."""

_EXTREME = float(np.finfo(np.float32).max)


class Estimate(NamedTuple):
    """Completions in the scan's own unit, (H, W).

    image, raw : of the blurred and of the raw truth; a network that completes one of them alone
        gives it twice.
    std, raw_std : their standard deviations from these truths; None of a network that
        estimates none.
    """

    image: Image
    raw: Image
    std: Image | None
    raw_std: Image | None


def white_noise(channels: int, shape: tuple[int, int], seed: int) -> Image:
    """Draw standard normal numbers, (channels, H, W), the same on every device."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((channels, *shape), dtype=np.float32)


class Prepared(NamedTuple):
    """What a generator of infills is told of a scan.

    planes : scaled nearest infill, dwell map, distance [px] and scaled kriged infill,
        (4, H, W) float32.
    scale : from the scan's unit.
    """

    planes: Image
    scale: Scale


def prepared(scans: Sequence[PartialScan], device: torch.device) -> list[Prepared]:
    """Find the infills of scans: most of the time that a completion takes.

    Several frames share the cores out among them, which one frame uses less well.

    Parameters
    ----------
    scans : to be completed, of any shapes.
    device : of the generator.
    """
    # On whole frames, as their spectrum is the frame's.
    if device.type == "cpu" and len(scans) > 1:
        with ThreadPoolExecutor(min(len(scans), torch.get_num_threads())) as pool:
            kriged = list(pool.map(gaussian_process, scans))
    else:
        kriged = kriged_scans(scans, device)
    return [_prepared(*each) for each in zip(scans, kriged, strict=True)]


def _prepared(scan: PartialScan, kriged: Image) -> Prepared:
    scale = intensity_scale(scan)
    distance, infill = scan.nearest
    planes = np.empty((_PLANES, *scan.shape), np.float32)
    planes[0] = scale.apply(infill)
    planes[1], planes[2] = scan.dwell, distance
    planes[3] = scale.apply(kriged)
    return Prepared(planes, scale)


def estimate(
    generator: Callable[..., Any], ready: Prepared, device: torch.device, noise: Image
) -> Estimate:
    """Complete by a generator of infills.

    Parameters
    ----------
    generator : called with scaled nearest infill, dwell map, distance [px] and scaled kriged
        infill, (1, 1, H, W) float32 each, and with noise, (1, N, H, W), if there is any; gives
        what `Completion` is, (1, 1, H, W) each.
    ready : the scan's infills.
    device : of the generator.
    noise : (N, H, W), N may be 0.

    Raises
    ------
    FloatingPointError : the generator returned values that are not finite.
    """
    planes, scale = ready

    def run(inputs: Image) -> Image:
        if not inputs[1].any():  # an unmeasured tile, for which no network was made
            unknown = np.full_like(inputs[3], _UNKNOWN)
            return np.stack([inputs[3], inputs[3], unknown, unknown])
        tensors = _on(device, inputs)[:, None, None]
        extra = [tensors[_PLANES:, 0].transpose(0, 1)] if len(tensors) > _PLANES else []
        out = generator(*tensors[:_PLANES], *extra)
        made = torch.cat([out.image, out.raw, out.log_std.exp(), out.raw_log_std.exp()])
        return made[:, 0].float().cpu().numpy()

    inputs = np.concatenate([planes, noise]) if len(noise) else planes
    image, raw, *deviations = _sound(in_tiles(run, inputs))
    wide = (
        np.minimum(std.astype(np.float64) * scale.gain, _EXTREME).astype(np.float32)
        for std in deviations
    )
    return Estimate(_limited(scale, image), _limited(scale, raw), *wide)


def estimate_2020(
    generator: Callable[..., Any], scan: PartialScan, device: torch.device, stride: int
) -> Estimate:
    """Complete by the 2020 generator, whose scale is from the least to the largest value.

    Where all measured values are the same there is no such scale, and nothing to complete.

    Parameters
    ----------
    generator : called with what `ede2020_input` makes; gives an object with `image`.
    scan : to be completed.
    device : of the generator.
    stride : by which it needs sides to be divisible.

    Raises
    ------
    FloatingPointError : the generator returned values that are not finite.
    """
    _, infill = scan.nearest
    measured = scan.values[scan.mask].astype(np.float64)
    low, high = float(measured.min()), float(measured.max())
    scale = Scale(0.5 * (low + high), 0.5 * (high - low))
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        flat = infill.astype(np.float32)
        return Estimate(flat, flat, None, None)
    planes = (
        torch.from_numpy(plane)[None, None] for plane in (scale.apply(infill), scan.dwell)
    )
    inputs, unscale = ede2020_input(*planes)

    def run(part: Image) -> Image:
        tensor = _on(device, part)[None]
        height, width = tensor.shape[2:]
        pad = (0, -width % stride, 0, -height % stride)
        out = generator(F.pad(tensor, pad, mode="replicate")).image
        return out[0, :, :height, :width].float().cpu().numpy()

    made = torch.from_numpy(_sound(in_tiles(run, inputs[0].numpy())))
    image = _limited(scale, unscale(made)[0, 0].numpy())
    return Estimate(image, image, None, None)


def _on(device: torch.device, planes: Image) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(planes)).to(device)


def _sound(planes: Image) -> Image:
    if not np.isfinite(planes).all():
        raise FloatingPointError("values are not finite")
    return planes


def _limited(scale: Scale, image: Image) -> Image:
    """Undo the scale; where the unit's own range ends (float32), so do the values."""
    with np.errstate(over="ignore"):
        return np.clip(scale.invert(image), -_EXTREME, _EXTREME)
