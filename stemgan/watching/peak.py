"""The most that a device computes in a second."""

import time
from typing import NamedTuple

import torch

_TENSOR_CORES = {  # dense, without sparsity [1e12 FLOP/s]: bfloat16, and TensorFloat-32
    "B200": (2250, 1125),
    "H200": (989, 495),
    "GH200": (989, 495),
    "H100 PCIe": (756, 378),
    "H100 NVL": (835, 418),
    "H100": (989, 495),
    "A100": (312, 156),
    "L40S": (362, 183),
    "L40": (181, 91),
    "L4": (121, 60),
    "A40": (150, 75),
    "A30": (165, 82),
    "A10": (125, 62),
    "RTX 6000 Ada": (364, 182),
    "RTX A6000": (155, 77),
}
"""From the makers' data sheets; the first name that a GPU's own holds is it."""
_HALF = ("bf16", "16")


class Peak(NamedTuple):
    """flops: FLOP/s of one device; source: where the figure is from."""

    flops: float
    source: str


def peak_flops(device: torch.device, precision: str) -> Peak:
    """Return the peak of a device at a precision, from the maker or else measured.

    Parameters
    ----------
    device : where training runs.
    precision : the trainer's, such as "bf16-mixed" or "32-true"; float32 counts as
        TensorFloat-32 on a GPU, unless convolutions may not use it (float32_precision=highest).
    """
    half = precision.startswith(_HALF)
    if device.type == "cuda" and (half or torch.backends.cudnn.allow_tf32):
        known = data_sheet(torch.cuda.get_device_name(device), half=half)
        if known is not None:
            return known
    return Peak(_measured(device, half=half), "the fastest product of two matrices, measured")


def data_sheet(name: str, *, half: bool) -> Peak | None:
    """Return the peak that a GPU's maker states; None if it is not known here.

    Examples
    --------
    >>> data_sheet("NVIDIA A100-SXM4-80GB", half=True)
    Peak(flops=312000000000000.0, source='data sheet of A100, bfloat16')
    """
    words = name.replace("-", " ")
    for known, (bfloat16, tensorfloat) in _TENSOR_CORES.items():
        if f" {known} " in f" {words} ":
            kind = "bfloat16" if half else "TensorFloat-32"
            return Peak(
                (bfloat16 if half else tensorfloat) * 1e12, f"data sheet of {known}, {kind}"
            )
    return None


def _measured(device: torch.device, *, half: bool) -> float:
    side = 4096 if device.type == "cuda" else 768
    kind = torch.bfloat16 if half else torch.float32
    a = torch.full((side, side), 0.5, device=device, dtype=kind)
    best, until = 0.0, time.perf_counter() + 0.3
    while not best or time.perf_counter() < until:
        start = time.perf_counter()
        (a @ a)[0, 0].item()
        best = max(best, 2 * side**3 / (time.perf_counter() - start))
    return best
