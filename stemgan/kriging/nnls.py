"""Non-negative least squares, batched."""

import torch
from torch import Tensor

_CLOSE = 1e-11


def nnls(matrices: Tensor, wanted: Tensor) -> Tensor:
    """Minimise |A x - b| over x >= 0, for each sample.

    By active sets (Lawson & Hanson, Solving Least Squares Problems, 1974), all samples a step
    at a time: one step solves for the used columns, then either takes another one into use or,
    where a weight came out negative, goes as far as it can and leaves a column out.

    Parameters
    ----------
    matrices : A, (B, m, n) float64; a row of zeros counts for nothing.
    wanted : b, (B, m).

    Returns
    -------
    x, (B, n).

    Examples
    --------
    >>> nnls(torch.eye(2, dtype=torch.float64)[None], torch.tensor([[2.0, -1.0]]).double())
    tensor([[2., 0.]], dtype=torch.float64)
    """
    length = matrices.norm(dim=1).clamp_min(1e-300)
    scaled = matrices / length[:, None]
    gram = scaled.transpose(1, 2) @ scaled
    target = (scaled.transpose(1, 2) @ wanted[..., None])[..., 0]
    tolerance = _CLOSE * target.abs().amax(dim=1, keepdim=True)
    weight, used = torch.zeros_like(target), torch.zeros_like(target, dtype=torch.bool)
    going = torch.ones(len(target), dtype=torch.bool, device=target.device)
    for step in range(3 * target.shape[1]):
        if step % 4 == 0 and not going.any():  # asked seldom: a GPU must be waited for
            break
        solved = _solve(gram, target, used)
        negative = used & (solved <= 0)
        feasible = ~negative.any(dim=1, keepdim=True)
        share = torch.where(negative, weight / (weight - solved).clamp_min(1e-300), torch.inf)
        share = share.amin(dim=1, keepdim=True).clamp_max(1)
        moved = weight + share * (solved - weight)
        left = negative & (moved <= 1e-14 * moved.amax(dim=1, keepdim=True).clamp_min(1e-300))
        moved = torch.where(feasible, solved, torch.where(left, 0, moved))
        pull = target - (gram @ moved[..., None])[..., 0]
        pull = torch.where(used, -torch.inf, pull)
        best, place = pull.max(dim=1, keepdim=True)
        more = feasible & (best > tolerance)
        entering = torch.zeros_like(used).scatter_(1, place, more)
        weight = torch.where(going[:, None], moved, weight)
        used = torch.where(going[:, None], (used & ~left) | entering, used)
        going = going & ~(feasible & ~more)[:, 0]
    return weight.clamp_min(0) / length


def _solve(gram: Tensor, target: Tensor, used: Tensor) -> Tensor:
    """Solve for the used columns alone; 0 for the others."""
    both = used[:, :, None] & used[:, None, :]
    system = torch.where(both, gram, 0) + torch.diag_embed((~used).double())
    return torch.linalg.solve_ex(system, torch.where(used, target, 0)[..., None])[0][..., 0]
