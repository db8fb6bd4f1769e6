"""Evaluate many images' expressions at once with torch, on any device.

Expressions differ from image to image, but are built of the same operations: nodes of one depth
and one operation, whichever images they belong to, are drawn together (dynamic batching: Looks
et al., ICLR 2017). Numbers and seeds are in the nodes, so that images are those of `cpu.render`
to rounding.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from stemgan.synthetic.nodes import Node

if TYPE_CHECKING:
    import torch

    from stemgan.synthetic.compose import Scene


def render(
    scenes: "Sequence[Scene | Node]", device: "torch.device | str" = "cpu"
) -> "torch.Tensor":
    """Draw images of one shape together.

    Parameters
    ----------
    scenes : what to draw.
    device : where.

    Returns
    -------
    (images, height, width) float32, on the device.

    Raises
    ------
    ValueError : no images, or images of different shapes.

    Examples
    --------
    >>> import numpy as np
    >>> from stemgan.synthetic import scene
    >>> rng = np.random.default_rng(0)
    >>> render([scene((32, 48), rng) for _ in range(3)]).shape
    torch.Size([3, 32, 48])
    """
    import torch

    roots = [item if isinstance(item, Node) else item.image for item in scenes]
    if len({root.shape for root in roots}) != 1:
        raise ValueError(f"images of shapes {sorted({r.shape for r in roots})}: give one shape")
    depth, uses = _depths(roots)
    done: dict[int, torch.Tensor] = {}
    with torch.no_grad():
        for group in _groups(depth):
            for node, image in zip(
                group, _draw(group, done, torch.device(device)), strict=True
            ):
                done[id(node)] = image
            for node in group:
                for source in node.inputs:
                    uses[id(source)] -= 1
                    if uses[id(source)] == 0:
                        del done[id(source)]
        return torch.stack([done[id(root)] for root in roots])


def _depths(roots: Sequence[Node]) -> tuple[dict[Node, int], Counter[int]]:
    """Find how deep each node lies above the leaves, and count how often each is used."""
    depth: dict[Node, int] = {}
    uses: Counter[int] = Counter()
    stack = [(root, False) for root in roots]
    uses.update(id(root) for root in roots)
    while stack:
        node, seen = stack.pop()
        if seen:
            depth[node] = 1 + max((depth[source] for source in node.inputs), default=-1)
        elif node not in depth:
            stack.append((node, True))
            stack += [(source, False) for source in node.inputs]
    for node in depth:
        uses.update(id(source) for source in node.inputs)
    return depth, uses


def _groups(depth: dict[Node, int]) -> list[list[Node]]:
    """Collect the nodes that can be drawn together, in an order in which they can be drawn."""
    groups: dict[tuple[int, Hashable], list[Node]] = defaultdict(list)
    for node, level in depth.items():
        key = (node.op, node.shape, len(node.inputs), node.fixed, bool(node.numbers))
        groups[level, key].append(node)
    return [groups[key] for key in sorted(groups, key=lambda key: key[0])]


def _draw(
    group: list[Node], done: "dict[int, torch.Tensor]", device: "torch.device"
) -> "torch.Tensor":
    """Draw nodes of one operation, (nodes, height, width)."""
    import torch

    from stemgan.synthetic.torch_operations import OPERATIONS, Batch

    inputs = [
        torch.stack([done[id(node.inputs[i])] for node in group])
        for i in range(len(group[0].inputs))
    ]
    return OPERATIONS[group[0].op](Batch(group, device), *inputs)
