"""Tables of objects drawn into batches of images with torch: a pixel list an object.

The bounding boxes of all objects of all images become one list of (object, pixel) pairs; values
of all pairs are computed at once and added up where they belong.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from stemgan.synthetic.kernels import REACH

Size = tuple[int, int, int]
_AT_ONCE = 2**24
"""Pairs held in memory at a time."""


def _pairs(
    table: Tensor, owner: Tensor, reach: Tensor, size: Size
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """List the pixels of each object's box, in portions.

    Parameters
    ----------
    table : rows that begin with y, x [px]; owner : image of each; reach : half a box [px].

    Yields
    ------
    Number of the object, its pixel in the whole batch, and the pixel's offset from it, y and x.
    """
    height, width = size[1:]
    y0, x0 = (torch.ceil(table[:, i] - reach).clamp(min=0).long() for i in (0, 1))
    y1 = torch.floor(table[:, 0] + reach).clamp(max=height - 1).long() + 1
    x1 = torch.floor(table[:, 1] + reach).clamp(max=width - 1).long() + 1
    rows, columns = (y1 - y0).clamp(min=0), (x1 - x0).clamp(min=0)
    count = rows * columns
    portion = torch.cumsum(count, 0) // _AT_ONCE
    for part in torch.unique(portion).tolist():
        members = torch.nonzero(portion == part)[:, 0]
        item = torch.repeat_interleave(members, count[members])
        if len(item) == 0:
            continue
        ends = torch.cumsum(count[members], 0)
        begins = torch.repeat_interleave(ends - count[members], count[members])
        place = torch.arange(len(item), device=item.device) - begins
        row = y0[item] + torch.div(place, columns[item], rounding_mode="floor")
        column = x0[item] + place % columns[item]
        pixel = (owner[item] * height + row) * width + column
        yield item, pixel, row - table[item, 0], column - table[item, 1]


def _sum(
    table: Tensor,
    owner: Tensor,
    reach: Tensor,
    size: Size,
    value: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Tensor:
    """Add up the values of all objects, (images, height, width) float32."""
    total = torch.zeros(size[0] * size[1] * size[2], device=table.device)
    for item, pixel, dy, dx in _pairs(table, owner, reach, size):
        total.index_add_(0, pixel, value(table[item], dy, dx).float())
    return total.reshape(size)


def columns(table: Tensor, owner: Tensor, size: Size) -> Tensor:
    """Sum Gaussians (see `kernels.add_columns`)."""

    def value(row: Tensor, dy: Tensor, dx: Tensor) -> Tensor:
        return row[:, 2] * torch.exp(-0.5 * (dy * dy + dx * dx) / row[:, 3] ** 2)

    return _sum(table, owner, REACH * table[:, 3], size, value)


def ellipsoids(table: Tensor, owner: Tensor, size: Size) -> Tensor:
    """Sum ellipsoids and shells (see `kernels.add_ellipsoids`)."""
    stretch = torch.sqrt(table[:, 4])

    def value(row: Tensor, dy: Tensor, dx: Tensor) -> Tensor:
        sin, cos, long = torch.sin(row[:, 5]), torch.cos(row[:, 5]), torch.sqrt(row[:, 4])
        along, across = (dy * sin + dx * cos) / long, (dy * cos - dx * sin) * long
        d2 = (along * along + across * across) / row[:, 2] ** 2
        hollow = row[:, 6] ** 2 - d2
        return row[:, 3] * (torch.sqrt((1 - d2).clamp(0)) - torch.sqrt(hollow.clamp(0)))

    return _sum(table, owner, table[:, 2] * torch.maximum(stretch, 1 / stretch), size, value)


def polyhedra(table: Tensor, owner: Tensor, size: Size) -> Tensor:
    """Sum thicknesses of polyhedra (see `kernels.add_polyhedra`)."""

    def value(row: Tensor, dy: Tensor, dx: Tensor) -> Tensor:
        largest = row[:, 3]
        top = largest
        for k in range(4, row.shape[1], 4):
            gap = row[:, k + 3] - row[:, k] * dy - row[:, k + 1] * dx
            top = torch.minimum(top, gap / torch.maximum(row[:, k + 2], 1 / largest))
        return row[:, 2] * top.clamp(min=0) / largest

    return _sum(table, owner, 2.5 * table[:, 3], size, value)


def tubes(points: tuple[Tensor, Tensor], forms: tuple[Tensor, Tensor], size: Size) -> Tensor:
    """Sum tubes that do not add up with themselves (see `kernels.add_tube`).

    Parameters
    ----------
    points : (n, 3): number of the tube within its image, y, x [px]; and the image of each.
    forms : (tubes, 3): outer radius [px], value at the middle, inner over outer radius; and
        the image of each.
    """
    table, owner = points
    form, form_owner = forms
    total = torch.zeros(size, device=table.device)
    # Tubes of all images together, numbered one after the other: their own layers.
    first = torch.searchsorted(form_owner, torch.arange(size[0], device=form_owner.device))
    tube = first[owner] + table[:, 0].long()
    radius = form[tube, 0]
    layer = (len(form), size[1], size[2])
    nearest = torch.full((layer[0] * layer[1] * layer[2],), 4.0, device=table.device)
    for item, pixel, dy, dx in _pairs(table[:, 1:], tube, radius, layer):
        d2 = ((dy * dy + dx * dx) / radius[item] ** 2).float()
        nearest.scatter_reduce_(0, pixel, d2, "amin")
    nearest = nearest.reshape(layer)
    hollow = form[:, 2, None, None].float() ** 2 - nearest
    inside = torch.sqrt((1 - nearest).clamp(0)) - torch.sqrt(hollow.clamp(0))
    total.index_add_(0, form_owner, inside * form[:, 1, None, None].float())
    return total
