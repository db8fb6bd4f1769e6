"""What a training step receives: truths and what a network may see of them."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import torch


class Batch(NamedTuple):
    """A batch of partial scans and their truths; intensities are scaled by measured values.

    Parameters
    ----------
    target : truth, (B, 1, H, W) float32.
    infill : value of the nearest measured pixel, (B, 1, H, W) float32.
    dwell : dwell map, 0 where unmeasured, (B, 1, H, W) float32.
    distance : distance to the nearest measured pixel [px], (B, 1, H, W) float32.
    kriged : completion by a Gaussian process, (B, 1, H, W) float32, or None where none is made.
    span : the truth's maximum minus its minimum, (B,) float32; errors are shares of it.
    coverage : share of measured pixels, (B,) float32.
    family : index into `stemgan.scan.FAMILIES`, (B,) int64.
    key : seed of what is random in training on this sample, (B,) int64, 0 or more: whichever
        process has the sample, and beside whichever others.
    """

    target: "torch.Tensor"
    infill: "torch.Tensor"
    dwell: "torch.Tensor"
    distance: "torch.Tensor"
    kriged: "torch.Tensor | None"
    span: "torch.Tensor"
    coverage: "torch.Tensor"
    family: "torch.Tensor"
    key: "torch.Tensor"


def parts_of(batch: Batch, count: int) -> list[Batch]:
    """Split a batch into at most `count` parts, as even as can be."""
    size = -(-len(batch.target) // count)
    found: list[Batch] = []
    for start in range(0, len(batch.target), size):
        fields: list[Any] = [None if f is None else f[start : start + size] for f in batch]
        found.append(Batch(*fields))
    return found
