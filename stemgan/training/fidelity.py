"""Terms of the loss of today's generator that compare completions with truths."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from stemgan import losses
from stemgan.data import Batch
from stemgan.infill import gaussian_blur
from stemgan.networks import Completion

Terms = dict[str, Tensor]


def fidelity_terms(batch: Batch, out: Completion, weights: Mapping[str, Any]) -> Terms:
    """Return all terms of the fidelity phase.

    Parameters
    ----------
    batch, out : the truths, and their completions with the half-size ones.
    weights : `raw_weight`, `log_weight`, `auxiliary_weight`, `uncertainty_weight`,
        `spectrum_weight` and `error_limit`, the relative error above which a sample's gradient
        no longer grows.
    """
    blurred = gaussian_blur(batch.target)
    terms = {
        "fidelity": losses.fidelity(
            out.image,
            out.raw,
            batch.target,
            blurred,
            batch.span,
            raw_weight=weights["raw_weight"],
            log_weight=weights["log_weight"],
            limit=weights["error_limit"],
        ),
        **auxiliary_terms(batch, out, blurred, weights),
    }
    if weights["spectrum_weight"]:
        distance = losses.log_spectrum(out.raw, batch.target)
        terms["spectrum"] = weights["spectrum_weight"] * distance.mean()
    return terms


def auxiliary_terms(
    batch: Batch, out: Completion, blurred: Tensor, weights: Mapping[str, Any]
) -> Terms:
    """Return the terms of both phases, of the half-size completion and of the uncertainty.

    A completion with texture is blurred before it is compared with the blurred truths.

    Parameters
    ----------
    blurred : truths, (B, 1, H, W).
    weights : as those of `fidelity_terms`.
    """
    assert out.half is not None
    assert out.log_std is not None
    assert out.raw_log_std is not None
    half = losses.auxiliary(out.half, blurred, batch.span, limit=weights["error_limit"])
    image = gaussian_blur(out.image) if out.image is out.raw else out.image
    std = losses.uncertainty(out.log_std, image, blurred) + losses.uncertainty(
        out.raw_log_std, out.raw, batch.target
    )
    return {
        "auxiliary": weights["auxiliary_weight"] * half,
        "uncertainty": weights["uncertainty_weight"] * std,
    }
