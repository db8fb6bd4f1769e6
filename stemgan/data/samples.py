"""One sample: a truth under a scan, as a network sees it, and batches of them."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from stemgan.baselines import complete
from stemgan.data.batch import Batch
from stemgan.measurement import Noise, PartialScan, intensity_scale, measure
from stemgan.scan import FAMILIES, ScanDesign, Trace
from stemgan_kernels.distance import distance_transform

Image = NDArray[np.float32]
QUIET = Noise()


class FixedScan:
    """A scan that is drawn once for many images: where it measures, and what is nearest."""

    def __init__(self, design: ScanDesign) -> None:
        self.family, self._trace = design.family, design.trace()
        self._distance, self._nearest = distance_transform(self._trace.mask)

    def trace(self) -> Trace:
        """Return the path with the pixels that it measures."""
        return self._trace

    def nearest(self, scan: PartialScan) -> tuple[Image, Image]:
        """Do what `scan.nearest` does, for a partial scan along this path."""
        return self._distance, scan.values.ravel()[self._nearest]


def partial_scan_sample(
    truth: Image,
    design: ScanDesign | FixedScan,
    noise: Noise = QUIET,
    rng: np.random.Generator | None = None,
    *,
    key: int = 0,
    kriged: bool = True,
) -> Batch:
    """Scan a truth and scale it by what was measured: one sample, in numpy arrays.

    Parameters
    ----------
    truth : (H, W) float32 in any unit.
    design : a scan of that shape.
    noise, rng : what goes wrong in the scan.
    key : see `Batch`.
    kriged : whether to complete by a Gaussian process too.

    Returns
    -------
    Batch without its batch dimension: images are (1, H, W) float32, or None.
    """
    trace = design.trace()
    scan = measure(truth, trace, noise, rng)
    scale = intensity_scale(scan)
    fixed = isinstance(design, FixedScan)
    distance, infill = design.nearest(scan) if fixed else scan.nearest
    target = scale.apply(truth)
    fields = (
        target[None],
        scale.apply(infill)[None],
        scan.dwell[None],
        distance[None],
        scale.apply(complete(scan, "gaussian-process"))[None] if kriged else None,
        np.float32(np.ptp(target)),
        np.float32(scan.coverage),
        np.int64(FAMILIES.index(design.family)),
        np.int64(key),
    )
    return Batch(*fields)  # type: ignore[arg-type]  # numpy here, tensors once collated


def collate(samples: Iterable[Batch]) -> Batch:
    """Stack samples in numpy arrays into one Batch of tensors; None stays None."""
    return Batch(*(_stacked(column) for column in zip(*samples, strict=True)))  # type: ignore[arg-type]


def _stacked(column: tuple[np.ndarray | None, ...]) -> torch.Tensor | None:
    present = [field for field in column if field is not None]
    return torch.from_numpy(np.stack(present)) if present else None
