"""Partial scans kriged where a network runs: on the CPU one by one, on a GPU in batches."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.kriging.process import krige
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

_AT_ONCE = 2**24  # pixels


def kriged_scans(scans: Sequence[PartialScan], device: torch.device) -> list[Image]:
    """Complete scans by Gaussian processes.

    Parameters
    ----------
    scans : of any shapes; neighbours of one shape share a batch, on GPUs.
    device : CPUs take NumPy's way, which is faster there.

    Returns
    -------
    Images in the scans' own units, (H, W) float32 each.
    """
    if device.type == "cpu":
        return [gaussian_process(scan, workers=torch.get_num_threads()) for scan in scans]
    return [image for batch in _batches(scans) for image in _together(batch, device)]


def _batches(scans: Sequence[PartialScan]) -> Iterator[list[PartialScan]]:
    batch: list[PartialScan] = []
    for scan in scans:
        full = batch and (len(batch) + 1) * scan.values.size > _AT_ONCE
        if full or (batch and batch[0].shape != scan.shape):
            yield batch
            batch = []
        batch.append(scan)
    if batch:
        yield batch


def _together(scans: list[PartialScan], device: torch.device) -> Iterator[Image]:
    values, dwell = (
        torch.from_numpy(np.stack(planes))[:, None].to(device)
        for planes in ([scan.values for scan in scans], [scan.dwell for scan in scans])
    )
    yield from krige(values, dwell)[:, 0].cpu().numpy()
