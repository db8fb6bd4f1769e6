"""Weight-normalised convolutions whose zero padding is that of TensorFlow's "SAME".

A kernel is g V / ||V|| (Salimans & Kingma, NeurIPS 2016). Mean-only batch normalisation takes
from every channel its own mean over the image, then adds the bias; there is no variance.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_INITIAL_DEVIATION = 0.05


class _Normalised(nn.Module):
    """What both directions share: direction `v`, gain `g`, bias `b`, and what comes after."""

    def __init__(
        self, shape: tuple[int, ...], after: int, *, slope: float, centred: bool
    ) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.empty(shape))
        self.g = nn.Parameter(torch.ones(after))
        self.b = nn.Parameter(torch.zeros(after))
        self.slope = slope
        self.centred = centred
        nn.init.normal_(self.v, std=_INITIAL_DEVIATION)

    def _directions(self) -> Tensor:
        """Return V over its norm along the first axis, in float32 whatever is around it."""
        v = self.v.float()
        return v / torch.linalg.vector_norm(v, dim=(1, 2, 3), keepdim=True)

    def _finished(self, x: Tensor) -> Tensor:
        """Centre, add the bias, and rectify: max(x, slope x)."""
        if self.centred:
            x = x - x.mean(dim=(2, 3), keepdim=True)
        x = x + self.b.to(x.dtype)[:, None, None]
        return x if self.slope == 1 else F.leaky_relu(x, self.slope)


class Conv(_Normalised):
    """Convolution of stride 1 or 2.

    Parameters
    ----------
    before, after : channels.
    side : side of the kernel [px], odd.
    stride : 1 or 2; at 2, sides must be even, and one row and column of zeros come after the
        image and none before it, as in TensorFlow.
    slope : of the leaky rectifier, 1 for none.
    centred : use mean-only normalisation, by each image's own mean, in evaluation too.
    """

    def __init__(
        self,
        before: int,
        after: int,
        side: int = 3,
        *,
        stride: int = 1,
        slope: float = 0.01,
        centred: bool = False,
    ) -> None:
        super().__init__((after, before, side, side), after, slope=slope, centred=centred)
        self.stride = stride

    def kernel(self) -> Tensor:
        """Return g V / ||V||, the norm taken for each output channel."""
        return self.g.float()[:, None, None, None] * self._directions()

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, before, H, W) to (B, after, H / stride, W / stride)."""
        reach = self.v.shape[2] // 2
        if self.stride == 2:
            x = F.pad(x, (reach - 1, reach, reach - 1, reach))
            return self._finished(F.conv2d(x, self.kernel(), stride=2))
        return self._finished(F.conv2d(x, self.kernel(), padding=reach))


class TransposedConv(_Normalised):
    """The adjoint of a 3 x 3 convolution of stride 2: doubles height and width.

    The published code takes the norm of V for each *input* channel, though there is a gain for
    each output channel; so does this.
    """

    def __init__(
        self, before: int, after: int, *, slope: float = 0.01, centred: bool = True
    ) -> None:
        super().__init__((before, after, 3, 3), after, slope=slope, centred=centred)

    def kernel(self) -> Tensor:
        """Return g V / ||V||, the norm taken for each input channel."""
        return self.g.float()[:, None, None] * self._directions()

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, before, H, W) to (B, after, 2 H, 2 W)."""
        height, width = x.shape[2:]
        x = F.conv_transpose2d(x, self.kernel(), stride=2)
        return self._finished(x[..., : 2 * height, : 2 * width])


class Block(nn.Module):
    """x + three convolutions of x; nothing is rectified after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(*(Conv(channels, channels) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        return x + self.convs(x)
