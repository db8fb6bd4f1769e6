"""Operations of an arm, so that all may have the same number of them."""

from typing import Any, NamedTuple

import torch
from arms import Arm
from samples import Kept
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from stemgan.data import Batch

FRAME = 512


class Cost(NamedTuple):
    """What an arm costs.

    parameters : of the generator.
    flops : of one training step: two for a multiplication and an addition, forward and
        backward, the transforms of spectral blocks and kriging left out.
    gmac : of one completion of 512 x 512 px, likewise [1e9 multiplications and additions].
    """

    parameters: int
    flops: int
    gmac: float


def cost(arm: Arm, samples: Kept) -> Cost:
    """Count, on a training of its own."""
    with torch.random.fork_rng():
        training = arm.make(10)
    batch = samples.head(arm.batch)
    drawn = training.drawn(batch)
    assert drawn is not None
    with FlopCounterMode(display=False, custom_mapping=_CORRECTED) as step:
        sum(training.terms(drawn).values(), torch.zeros(())).backward()
    training.eval()
    with FlopCounterMode(display=False) as frame, torch.no_grad():
        training.complete(_frame(batch))
    return Cost(
        sum(parameter.numel() for parameter in training.generator.parameters()),
        step.get_total_flops(),
        frame.get_total_flops() / 2e9,
    )


def _backward(
    grad: list[int],
    x: list[int],
    weight: list[int],
    _bias: object,
    _stride: object,
    _padding: object,
    _dilation: object,
    transposed: bool,
    _output_padding: object,
    _groups: object,
    wanted: list[bool],
    **_: object,
) -> int:
    """Count each gradient of a convolution as the convolution itself.

    Torch's own count takes depthwise kernels' gradients for those of whole ones.
    """
    return sum(wanted[:2]) * conv_flop_count(x, weight, grad, transposed)


_CORRECTED = {torch.ops.aten.convolution_backward: _backward}


def _frame(batch: Batch) -> Batch:
    """Return one sample, its images repeated to 512 px; only its size matters."""
    fields: list[Any] = [None if field is None else field[:1] for field in batch]
    for i, field in enumerate(fields):
        if field is not None and field.ndim == 4:
            times = -(-FRAME // field.shape[-1])
            fields[i] = field.repeat(1, 1, times, times)[..., :FRAME, :FRAME]
    one = Batch(*fields)
    return one._replace(kriged=one.infill if one.kriged is None else one.kriged)


def steps_for(arm: Cost, full: Cost, steps: int) -> int:
    """Return how many steps of an arm take the operations of `steps` of the full one."""
    return max(1, round(steps * full.flops / arm.flops))
