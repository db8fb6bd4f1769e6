"""What is compared: each arm is the shipped architecture but for one thing, or a peer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from blocks import ConvNeXtBlock, NAFBlock, with_blocks
from parts import (
    DISTANCES,
    MASK,
    MISFITS,
    MISSED,
    Blind,
    Cascade,
    Consistent,
    Unblurred,
    WithoutKriging,
    becoming,
    periodic,
    with_features,
    without_gates,
    without_inner,
    without_lowest,
    without_mix,
    without_residual,
    without_spectral,
)
from peers import UNet
from torch import nn
from torch.optim.swa_utils import AveragedModel

from stemgan.data import Batch
from stemgan.networks import Completion, Generator, GeneratorConfig
from stemgan.training import Ede2020Training, Engine, ReconstructionTraining
from stemgan.training.engine import Terms

BATCH = 4
Change = Callable[[Generator], None]


@dataclass(frozen=True)
class Arm:
    """One arm.

    Parameters
    ----------
    name, changes : what it is called, and what is other than in `full`.
    make : a training of so many steps, its weights drawn from torch's random numbers.
    batch : samples a step.
    fixed : whether it is trained, and so judged, on the one fixed spiral alone.
    change : what can be done to a trained generator too; None for what has to be trained.
    """

    name: str
    changes: str
    make: Callable[[int], Engine]
    batch: int = BATCH
    fixed: bool = False
    change: Change | None = None


class OneCompletion(ReconstructionTraining):
    """Train one completion against both truths, the raw one counting a tenth."""

    def _fidelity_terms(self, batch: Batch, out: Completion) -> Terms:
        return super()._fidelity_terms(batch, out._replace(raw=out.image))

    def complete(self, batch: Batch) -> Completion:
        """Complete both truths by the one completion."""
        out = super().complete(batch)
        return out._replace(raw=out.image)


def _making(
    build: Callable[[], nn.Module],
    training: type[ReconstructionTraining] = ReconstructionTraining,
    **options: Any,  # noqa: ANN401 (of the training)
) -> Callable[[int], Engine]:
    """Return what trains a generator by the shipped recipe, as long as it may last.

    A tenth of the steps is warm-up, and averaged weights remember about another, so that
    short trainings are averaged over their end.
    """

    def make(steps: int) -> Engine:
        made = training(
            fidelity_steps=steps,
            warmup_steps=steps // 10,
            ema_decay=max(0.0, 1 - 10 / steps),
            channels_last=True,
            **options,
        )
        average = made.averaged.multi_avg_fn
        made.generator = build()  # type: ignore[assignment]
        made.averaged = AveragedModel(made.generator, multi_avg_fn=average)
        made.averaged.requires_grad_(False)
        return made

    return make


def _changed(change: Change) -> Callable[[int], Engine]:
    def build() -> Generator:
        generator = Generator()
        change(generator)
        return generator

    return _making(build)


def _lacking(name: str, changes: str, change: Change) -> Arm:
    return Arm(name, changes, _changed(change), change=change)


def _sized(**sizes: Any) -> Callable[[int], Engine]:  # noqa: ANN401 (of the generator)
    return _making(lambda: Generator(GeneratorConfig(**sizes)))


def _unet(*, kriged: bool, normalised: bool) -> Callable[[int], Engine]:
    return _making(lambda: UNet(kriged=kriged, normalised=normalised))


def _ede2020(steps: int) -> Engine:
    return Ede2020Training(fidelity_steps=steps, replay=False, channels_last=True)


def _loss(**weights: float) -> Callable[[int], Engine]:
    return _making(Generator, ReconstructionTraining, **weights)


FULL = Arm("full", "the architecture and recipe of stemgan-s", _making(Generator))
ARMS = (
    FULL,
    Arm(
        "unet",
        "a plain U-Net (group norm): nearest infill, mask, distance → image",
        _unet(kriged=False, normalised=True),
    ),
    Arm(
        "unet-kriged",
        "the same U-Net, also shown the kriged infill, to which it adds",
        _unet(kriged=True, normalised=True),
    ),
    _lacking(
        "no-kriging",
        "smoothed nearest infill in place of the kriged one",
        with_features(WithoutKriging),
    ),
    _lacking(
        "no-blur",
        "the kriged infill, not blurred, in place of the blurred one",
        with_features(Unblurred),
    ),
    _lacking("no-spectral", "no spectral (FFT) blocks", without_spectral),
    Arm(
        "ede2020",
        "the 2020 network by its own recipe, on the fixed spiral alone",
        _ede2020,
        batch=1,
        fixed=True,
    ),
    _lacking("no-mix", "residual on the kriged infills alone", without_mix),
    _lacking("no-residual", "mix of infills alone", without_residual),
    _lacking("consistency", "noise-weighted data consistency", becoming(Consistent)),
    _lacking("cascade", "two passes of the same weights", becoming(Cascade)),
    Arm("convnext", "ConvNeXt blocks", _changed(with_blocks(ConvNeXtBlock))),
    Arm("naf", "NAFNet blocks", _changed(with_blocks(NAFBlock))),
    Arm(
        "half-width",
        "half of all widths",
        _sized(widths=(24, 48, 64), half_width=8, outer_width=8, spectral=16),
    ),
    Arm(
        "large",
        "the sizes of stemgan-l",
        _sized(
            widths=(96, 160, 192), depths=(2, 3, 4), half_width=32, outer_width=32, spectral=64
        ),
    ),
    Arm("outer-wide", "outer stage of 32 channels", _sized(outer_width=32)),
    _lacking("no-inner", "the outer stage is told nothing of the inner one", without_inner),
    _lacking("no-lowest", "no inner stage at 1/16 of the size", without_lowest),
    _lacking("no-gates", "no gates: the mix does not know the whole", without_gates),
    _lacking(
        "no-mask",
        "mask and distance are not shown",
        with_features(lambda: Blind(MASK, *DISTANCES)),
    ),
    _lacking(
        "no-misfit",
        "what infills miss of the measured values is not shown",
        with_features(lambda: Blind(*MISFITS, *MISSED)),
    ),
    _lacking("periodic", "periodic padding", periodic),
    Arm(
        "one-completion",
        "one completion of both truths, the raw one weighing a tenth",
        _making(Generator, OneCompletion, raw_weight=0.1),
    ),
    Arm("blurred-loss", "no loss on the raw truth", _loss(raw_weight=0.0)),
    Arm("no-logarithm", "no logarithm in the loss", _loss(log_weight=0.0)),
    Arm("spectrum-loss", "0.01 of a log-spectrum term", _loss(spectrum_weight=0.01)),
    Arm("no-auxiliary", "no loss of the half-size completion", _loss(auxiliary_weight=0.0)),
    Arm("unet-plain", "the U-Net without norm", _unet(kriged=False, normalised=False)),
    Arm(
        "unet-kriged-plain",
        "the U-Net with the kriged infill, without norm",
        _unet(kriged=True, normalised=False),
    ),
)
BY_NAME = {arm.name: arm for arm in ARMS}
