"""Lattices looked for in each sample of a batch: NumPy's search, on the CPU's threads."""

from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from stemgan.baselines.lattices import Found, find_lattice, is_sought, seeded, wave_evidence


def seed_lattices(
    duals: Tensor,
    mask: Tensor,
    level: Tensor,
    smooth: Tensor,
    peaks: Tensor,
    shape: tuple[int, int],
) -> tuple[Tensor, list[float]]:
    """Put into spectra the waves of the lattices that their samples show.

    Parameters
    ----------
    duals : C⁻¹ y of each sample's measured pixels, padded, (B, n).
    mask : measured pixels, (B, H, W) bool.
    level : what each wave's evidence is in the mean without it, (B, H', W' // 2 + 1).
    smooth, peaks : spectra without peaks, and their factors, alike.
    shape : of the grid, (H', W').

    Returns
    -------
    The peaks with the lattices', and how certain each sample's is.
    """
    arrays, masks, levels, smooths, factors = (
        each.cpu().numpy() for each in (duals, mask, level, smooth, peaks)
    )

    def found(k: int) -> Found | None:
        if not is_sought(masks[k]) or not levels[k].any():
            return None
        dual = arrays[k, : masks[k].sum()]
        return find_lattice(wave_evidence(dual, masks[k], levels[k], shape))

    raised, certainties = peaks.clone(), [0.0] * len(masks)
    with ThreadPoolExecutor(min(torch.get_num_threads(), len(masks))) as pool:
        for k, lattice in enumerate(pool.map(found, range(len(masks)))):
            if lattice is not None:
                new = seeded(lattice, smooths[k], factors[k], shape)
                raised[k] = torch.from_numpy(new).to(raised)
                certainties[k] = lattice.certainty
    return raised, certainties
