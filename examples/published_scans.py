"""Reconstruct the three published partial scans (Ede & Beanland, Sci Rep 10, 8332, 2020).

    python examples/published_scans.py -o published --data FOLDER

FOLDER holds mask.tif, partial_scan-N.tif and truth-N.tif (N = 1, 3, 5) as published with
https://github.com/Jeffrey-Ede/partial-STEM; by default $STEMGAN_REAL_DATA/partial_scans. Prints
the error of the network and of each classical method, and writes a picture of each scan.

The scans are encoded. With intensity I in [-1, 1], dwell map M in [0, 10/16], uniform noise U
in [0, 1] and B the image blurred by 5x5 and stretched to [-1, 1], what is detected is

    D = M (M I + 2 (1 - M) U B),

and the file holds P = (D + 1) / s with s = max D + 1, and 0 where M = 0. Decoding needs s, and
how B was stretched: I = α B + β on average over a neighbourhood. Neither is published for a
scan, and the truth is not used. As 2 U has a mean of 1, the mean of P within a small block b is

    P = a (1 + β M² + B_b (M - (1 - α) M²)),    a = 1 / s,

so that the different dwells within each block tell a, α and β, which all blocks share. Then
D / M gives B at each pixel, and I. The noise of a pixel is in proportion to 1 - M: pixels are
averaged over the width of the track with weights of 1 / (1 - M)².
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import fminbound

from stemgan.baselines import METHODS, default_methods
from stemgan.baselines.smoothing import smooth
from stemgan.evaluate import warm_up
from stemgan.images import read_mask, read_micrograph, write_picture
from stemgan.images.pictures import picture
from stemgan.measurement import PartialScan
from stemgan.metrics import blurred, rmse
from stemgan.weights import DEFAULT_MODEL, MODELS

NUMBERS = (1, 3, 5)
_BLOCK = 12  # [px], about the pitch: the image hardly changes within it, the dwell does
_TRACK = 1.0  # [px], σ of the average over the track's width
_ROUNDS = 4
_SMALLEST = 0.05  # of |B|, below which noise is no longer taken to vanish

Image = NDArray[np.float32]


class Encoding(NamedTuple):
    """What a published scan was encoded with: P = background (1 + D), I = gain B + offset."""

    background: float
    gain: float
    offset: float


def fit_encoding(encoded: Image, dwell: Image) -> Encoding:
    """Find the encoding from the scan and its dwell map alone.

    Least squares, each pixel weighted by the inverse variance of its noise, with every block's
    mean intensity eliminated.
    """
    on = dwell > 0
    rows, columns = np.indices(dwell.shape) // _BLOCK
    _, block = np.unique((rows * dwell.shape[1] + columns)[on], return_inverse=True)
    p, m = encoded[on].astype(np.float64), dwell[on].astype(np.float64)
    noise = m * (1 - m)

    def solve(gain: float, size: NDArray) -> tuple[float, float, float, NDArray]:
        weight = 1 / (noise * size) ** 2
        shape = m - (1 - gain) * m**2
        norm = np.bincount(block, weight * shape**2)

        def share(x: NDArray) -> NDArray:
            return (np.bincount(block, weight * shape * x) / norm)[block]

        apart = [x - shape * share(x) for x in (np.ones_like(m), m**2, p)]
        scaled = np.stack(apart, axis=1) * np.sqrt(weight)[:, None]
        (a, b), *_ = np.linalg.lstsq(scaled[:, :2], scaled[:, 2])
        loss = float(np.sum((scaled[:, 2] - scaled[:, :2] @ (a, b)) ** 2))
        return loss, float(a), float(b / a), share(p - a - b * m**2) / a

    size, gain = np.ones_like(m), 1.0
    for _ in range(_ROUNDS):
        found = fminbound(lambda gain, size=size: solve(gain, size)[0], 0.2, 1.5)
        gain = float(np.asarray(found))
        size = np.maximum(np.abs(solve(gain, size)[-1]), _SMALLEST)
    _, background, offset, _ = solve(gain, size)
    return Encoding(background, gain, offset)


def decode(encoded: Image, dwell: Image, name: str = "") -> PartialScan:
    """Return a published scan as measured intensities in [0, 1], where its truth lies too."""
    on = dwell > 0
    background, gain, offset = fit_encoding(encoded, dwell)
    share = np.where(on, dwell, 1).astype(np.float64)
    stretched = ((encoded / background - 1) / share - share * offset) / (1 - share * (1 - gain))
    values = np.where(on, (gain * stretched + offset + 1) / 2, 0).astype(np.float32)
    weight = np.where(on, 1 / (1 - dwell) ** 2, 0).astype(np.float32)
    averaged = smooth(values * weight, _TRACK) / np.where(on, smooth(weight, _TRACK), 1)
    return PartialScan(np.where(on, averaged, 0).astype(np.float32), dwell, name=name)


def methods() -> dict[str, Callable[[PartialScan], tuple[Image, Image]]]:
    """Return the shipped network and the classical methods.

    They complete the blurred and the raw truth; the classical ones by one image.
    """

    def classical(name: str) -> Callable[[PartialScan], tuple[Image, Image]]:
        def completed(scan: PartialScan) -> tuple[Image, Image]:
            image = METHODS[name](scan)
            return image, image

        return completed

    found = {name: classical(name) for name in default_methods()}
    if DEFAULT_MODEL not in MODELS:
        return found
    from stemgan.reconstruct import Reconstructor

    model = Reconstructor.load()

    def network(scan: PartialScan) -> tuple[Image, Image]:
        made = model(scan)
        return made.image, made.raw

    return {DEFAULT_MODEL: network, **found}


def judge(truth: Image, scan: PartialScan) -> dict[str, tuple[Image, float, float]]:
    """Complete one scan by every method; print and return images and errors [%].

    The error from the raw truth is that of a network's completion of the raw truth.
    """
    span, target, results = float(np.ptp(truth)), blurred(truth), {}
    ready = methods()
    warm_up(ready.values())
    for name, method in ready.items():
        start = time.perf_counter()
        image, sharp = method(scan)
        seconds = time.perf_counter() - start
        smooth_error, raw_error = rmse(image, target, span), rmse(sharp, truth, span)
        results[name] = image, smooth_error, raw_error
        errors = f"blurred {smooth_error:5.2f} %  raw {raw_error:5.2f} %"
        print(f"{scan.name}  {name:24}{errors}  {seconds:5.2f} s")
    return results


def draw(path: Path, truth: Image, scan: PartialScan, results: dict[str, tuple]) -> None:
    """Draw the scan, the network's and the best classical completion, and the truth."""
    best = min(results.keys() - {DEFAULT_MODEL}, key=lambda name: results[name][1])
    shown = [name for name in (DEFAULT_MODEL, best) if name in results]
    panels = [("decoded scan", scan.with_nan())]
    panels += [(f"{n}, {results[n][1]:.2f} % (blurred)", results[n][0]) for n in shown]
    panels += [("truth", truth)]
    low, high = (float(v) for v in np.percentile(truth, (0.5, 99.5)))
    write_picture(
        path,
        picture(panels, limits=[(low, high)] * len(panels), title=scan.name),
        overwrite=True,
    )


def main() -> None:
    """Decode, reconstruct, judge and draw."""
    parser = argparse.ArgumentParser(description="Reconstruct the published partial scans.")
    data = os.environ.get("STEMGAN_REAL_DATA")
    default = Path(data) / "partial_scans" if data else None
    parser.add_argument("--data", type=Path, default=default, required=default is None)
    parser.add_argument("-o", "--output", type=Path, default=Path("published"))
    args = parser.parse_args()
    args.output.mkdir(exist_ok=True)
    dwell = read_mask(args.data / "mask.tif")
    pairs: dict[str, list[tuple[float, float]]] = {}
    for number in NUMBERS:
        truth = read_micrograph(args.data / f"truth-{number}.tif").data
        encoded = read_micrograph(args.data / f"partial_scan-{number}.tif").data
        scan = decode(encoded, dwell, f"partial_scan-{number}")
        results = judge(truth, scan)
        draw(args.output / f"{scan.name}.png", truth, scan, results)
        for name, (_, *errors) in results.items():
            pairs.setdefault(name, []).append((errors[0], errors[1]))
    print(f"\nmean of {len(NUMBERS)} [%]            blurred     raw")
    for name, errors in pairs.items():
        smooth_error, raw_error = np.mean(errors, axis=0)
        print(f"{name:24}{smooth_error:6.2f}  {raw_error:6.2f}")
    print(f"pictures are in {args.output}")


if __name__ == "__main__":
    main()
