"""Full scans of the same dose: what a partial scan has to beat.

A raster that spends as many electrons on the field as the partial scans do: as it was counted;
denoised by kept denoisers at a strength chosen without the truth (`stemgan.study.denoising`),
by the Gaussian process, which then is a Wiener filter whose spectrum is learned from the scan,
and by the study's networks at a coverage of 1; and with fewer, larger pixels. Truths must be
clean, or nearly so: noise that is part of a truth is structure to be measured, and no dose.
Nor may they have values below 0: where no electron is counted there is no less, and to say how
far below 0 it means would tell of the truth.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines import METHODS, complete
from stemgan.noise_estimate import noise_fraction
from stemgan.study.conditions import Scanned, Setting, take
from stemgan.study.denoising import denoise, enlarged, sums
from stemgan.study.measures import measure
from stemgan.study.sources import Source
from stemgan.study.tasks import Completed, Completer, Record, Tools, image_columns, plain, timed

CLEAN = 0.01
"""Largest share of white noise in a truth's variance, as estimated, that has controls."""
SIDES = (2, 4, 8, 16)
"""Sides of the larger pixels [px]."""
CONTROLS = ("full-raw", "full-denoised", "full-network", "low-resolution")
WITHOUT = "without_controls"
"""What records are called that say why an image has no control."""
DENOISER = "scikit-image"
WIENER = "gaussian-process"


@dataclass(frozen=True)
class ControlTask:
    """One image scanned in full at one dose, made the best of in every way.

    source : the image.
    dose : mean electrons per pixel of the field at the image's mean intensity.
    """

    source: Source
    dose: float

    @property
    def key(self) -> str:
        """What the journal calls it."""
        return f"control/{self.dose}/{self.source.name}"

    def run(self, tools: Tools) -> list[Record]:
        """Return a row of "results" for each control, or one of `WITHOUT` that says why not."""
        truth = self.source.truth()
        noise = noise_fraction(truth)
        if reason := why_not(truth, noise):
            return [{"table": WITHOUT, "image": self.source.name, "reason": reason}]
        setting = Setting("raster", "1", self.dose)
        scanned = take(self.source, setting, tools.plan.seed, tools.plan.timing)
        records = []
        for control, method, run in self._controls(scanned, tools.methods):
            completed, seconds, about = run()
            figures, _ = measure(completed, scanned)
            records.append(
                {
                    "table": "results",
                    **image_columns(self.source),
                    "noise_fraction": noise,
                    "method": method,
                    "control": control,
                    **setting.columns,
                    # The same dose in the time of any partial scan: of no dwell or duration.
                    "dwell_s": None,
                    **_shared(scanned),
                    **figures,
                    "seconds": seconds,
                    **about,
                }
            )
        return [plain(record) for record in records]

    def _controls(
        self, scanned: Scanned, methods: Mapping[str, Completer]
    ) -> "Iterator[tuple[str, str, Run]]":
        """Yield control, method, and what makes it."""
        scan, counted = scanned.scan, electrons_of(scanned)
        seed = [len(self.key), *self.key.encode()]
        yield "full-raw", "as counted", _made(lambda: scan.values)
        yield "full-denoised", DENOISER, lambda: _denoised(scanned, counted, seed)
        yield "full-denoised", WIENER, _made(lambda: complete(scan, WIENER))
        for name, method in methods.items():
            if name not in METHODS:
                yield "full-network", name, _of_network(method, scanned)
        for side in SIDES:
            if min(scan.shape) >= 4 * side:
                image = _large_pixels(scanned, counted, side)
                yield "low-resolution", f"{side}x{side} px", _made(image)


Run = Callable[[], tuple[Completed, float, dict[str, Any]]]


def why_not(truth: NDArray[np.floating], noise: float | None = None) -> str | None:
    """Say why a truth has no controls; None if it has them.

    Parameters
    ----------
    truth : (H, W).
    noise : its noise fraction, if it is known.
    """
    if np.ptp(truth) == 0:
        return "it has no contrast"
    if float(truth.min()) < 0:
        return "it has values below 0, and fewer electrons than none cannot be counted"
    noise = noise_fraction(truth) if noise is None else noise
    if noise > CLEAN:
        return f"{100 * noise:.1f} % of its variance is noise, more than {100 * CLEAN:g} %"
    return None


def electrons_of(scanned: Scanned) -> NDArray[np.int64]:
    """Count the electrons of each pixel of a full scan again, from its values, (H, W)."""
    values = scanned.scan.values.astype(np.float64)
    return np.maximum(np.rint(values / _gain(scanned)), 0).astype(np.int64)


def _gain(scanned: Scanned) -> float:
    """Return the intensity of an electron, as `measurement` counts them: that of none is 0."""
    return float(scanned.truth.mean()) / (scanned.electrons or 1.0)


def _intensity(scanned: Scanned, electrons: NDArray[np.float64]) -> NDArray[np.float32]:
    return (_gain(scanned) * electrons).astype(np.float32)


def _made(image: Callable[[], NDArray[np.float32]]) -> Run:
    def run() -> tuple[Completed, float, dict[str, Any]]:
        start = time.perf_counter()
        return Completed(image()), time.perf_counter() - start, {}

    return run


def _denoised(
    scanned: Scanned, counted: NDArray[np.int64], seed: list[int]
) -> tuple[Completed, float, dict[str, Any]]:
    start = time.perf_counter()
    electrons, name = denoise(counted, np.random.default_rng(seed))
    seconds = time.perf_counter() - start
    return Completed(_intensity(scanned, electrons)), seconds, {"denoiser": name}


def _of_network(method: Completer, scanned: Scanned) -> Run:
    def run() -> tuple[Completed, float, dict[str, Any]]:
        return *timed(method, scanned.scan), {}

    return run


def _large_pixels(
    scanned: Scanned, counted: NDArray[np.int64], side: int
) -> Callable[[], NDArray[np.float32]]:
    def image() -> NDArray[np.float32]:
        mean = sums(counted / 1.0, side) / side**2
        return _intensity(scanned, enlarged(mean, side, scanned.scan.shape))

    return image


def _shared(scanned: Scanned) -> dict[str, Any]:
    """Return what of a full scan does not depend on how fast it is."""
    return {
        "achieved": scanned.achieved,
        "pitch_px": scanned.pitch,
        "electrons": scanned.electrons,
        "mean_distance_px": 0.0,
        "largest_distance_px": 0.0,
    }
