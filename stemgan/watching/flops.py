"""What a training step costs."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from stemgan.data import Batch
from stemgan.data.batch import parts_of

if TYPE_CHECKING:
    from stemgan.training import Engine


def step_flops(module: "Engine", batch: Batch) -> int:
    """Count the floating-point operations of a step.

    3 forward passes of the generator, as a backward pass costs 2. In the adversarial phase 5
    more of the discriminators, with one real and one completed image each: forward and back to
    the image in the generator's term, and forward and backward in their own. Not counted, so
    that the count is rather too small: Fourier transforms, the auxiliary head, and penalties
    on gradients.

    Parameters
    ----------
    module : the training, whose weights, statistics and modes stay as they are.
    batch : what the step is given.
    """
    modes = {part: part.training for part in module.modules()}
    module.eval()
    stance = getattr(torch.compiler, "set_stance", None)
    try:
        with torch.no_grad(), stance("force_eager") if stance else nullcontext():
            one = parts_of(batch, len(batch.target))[0]
            with FlopCounterMode(display=False) as counter:
                module.complete(one)
            total = 3 * counter.get_total_flops()
            if module.phase == "adversarial" and module.discriminators is not None:
                total += 5 * _discriminator_flops(module.discriminators, one.target)
    finally:
        for part, mode in modes.items():
            part.training = mode
    return total * len(batch.target)


def _discriminator_flops(discriminators: nn.Module, image: Tensor) -> int:
    config: Any = discriminators.config
    images = image.expand(2, config.channels, -1, -1)
    places = torch.zeros(2, len(config.scales), 2, device=image.device)
    with FlopCounterMode(display=False) as counter:
        discriminators(images, places)
    return counter.get_total_flops()
