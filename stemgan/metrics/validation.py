"""Errors of a validation: sums and counts, which add over batches and processes."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from stemgan.infill import gaussian_blur
from stemgan.losses import log_spectrum, relative_rmse

_FIGURES = ("rmse_blurred", "rmse_raw", "rmse_kriged", "log_spectrum")


class ValidationErrors(Metric):
    """Means over images of their errors; every image counts once, however it was batched.

    rmse_blurred, rmse_raw : RMSE of the completions of the blurred and of the raw truth
        [% of the latter's range].
    rmse_kriged : of the kriged infill, blurred as the truth is, against that [% of the range].
    log_spectrum : mean |ln| of the power's ratio to the truth's above half the Nyquist
        frequency; images of a constant truth are left out.
    rmse_blurred/FAMILY : of the scans of one family.

    Figures without any image are left out. All processes get the same figures, those of all
    their images, also one that had none.

    Parameters
    ----------
    families : names of the scan families, in the order of their codes.
    """

    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self, families: Sequence[str]) -> None:
        super().__init__()
        self.families = tuple(families)
        shape = len(_FIGURES), len(self.families)
        self.add_state("total", torch.zeros(shape), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros(shape), dist_reduce_fx="sum")

    @property
    def update_called(self) -> bool:
        """Whether there may be anything to compute: a process may have no images at all."""
        return True

    def update(
        self,
        image: Tensor,
        raw: Tensor,
        target: Tensor,
        blurred: Tensor,
        kriged: Tensor | None,
        span: Tensor,
        family: Tensor,
    ) -> None:
        """Add a batch, of any size.

        Parameters
        ----------
        image, raw : completions of the blurred and of the raw truth, (B, 1, H, W).
        target, blurred : the raw and the blurred truth, (B, 1, H, W).
        kriged : infill to compare with, (B, 1, H, W), or None.
        span : the truth's maximum minus its minimum, (B,).
        family : code of each sample's scan family, (B,) int64.
        """
        if not len(image):  # which has no Fourier transform
            return
        self._add("rmse_blurred", 100 * relative_rmse(image, blurred, span), family)
        self._add("rmse_raw", 100 * relative_rmse(raw, target, span), family)
        if kriged is not None:
            smooth = gaussian_blur(kriged)
            self._add("rmse_kriged", 100 * relative_rmse(smooth, blurred, span), family)
        textured = span > 0
        ratio = log_spectrum(raw, target, above=0.5)
        self._add("log_spectrum", ratio[textured], family[textured])

    def _add(self, figure: str, values: Tensor, family: Tensor) -> None:
        row = _FIGURES.index(figure)
        values = values.to(self.total.dtype)
        self.total[row].index_add_(0, family, values)
        self.count[row].index_add_(0, family, torch.ones_like(values))

    def compute(self) -> dict[str, Tensor]:
        """Give the means by name, scalars."""
        totals, counts = self.total.sum(1), self.count.sum(1)
        means = {
            name: totals[i] / counts[i] for i, name in enumerate(_FIGURES) if counts[i] > 0
        }
        return means | {
            f"rmse_blurred/{name}": self.total[0, i] / self.count[0, i]
            for i, name in enumerate(self.families)
            if self.count[0, i] > 0
        }
