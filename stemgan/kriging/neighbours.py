"""The nearest earlier points of every point: what a preconditioner conditions each one on."""

import torch
from torch import Tensor

from stemgan.baselines.kriging import NEIGHBOURS, nearest_earlier

_AT_ONCE = 2**25  # distances
_SEARCHED = 50_000  # points from which trees are faster than looking at all pairs


def neighbours_of(points: Tensor, count: int) -> Tensor:
    """Find the nearest earlier points of each point.

    Parameters
    ----------
    points : (y, x) [px] in some order, (n, 2) int64.
    count : how many of them there are; the others are padding.

    Returns
    -------
    (n, NEIGHBOURS) int64 on the points' device; -1 where there are fewer.
    """
    found = torch.full((len(points), NEIGHBOURS), -1, dtype=torch.int64, device=points.device)
    if points.device.type == "cpu" or count > _SEARCHED:
        near = torch.from_numpy(nearest_earlier(points[:count].cpu().numpy()))
        found[:count] = near.to(points.device, torch.int64)
        return found
    return by_all_pairs(points, count, found)


def by_all_pairs(points: Tensor, count: int, found: Tensor) -> Tensor:
    """Fill in the neighbours by looking at all pairs, some rows at once."""
    rows, columns = points[:count].int().unbind(dim=1)
    number = torch.arange(count, device=points.device)
    start = 0
    while start < count:
        stop = min(count, start + max(1, _AT_ONCE // count))
        here = slice(start, stop)
        squares = (rows[here, None] - rows[None, :stop]).square()
        squares += (columns[here, None] - columns[None, :stop]).square()
        later = number[None, :stop] >= number[here, None]
        squares.masked_fill_(later, torch.iinfo(torch.int32).max)
        near = squares.topk(min(NEIGHBOURS, stop), dim=1, largest=False).indices
        known = near < number[here, None]
        found[here, : near.shape[1]] = torch.where(known, near, -1)
        start = stop
    return found
