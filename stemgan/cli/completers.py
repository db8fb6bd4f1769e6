"""What completes a partial scan on the command line: a network, or a classical method."""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from stemgan.cli.common import say
from stemgan.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stemgan.measurement import PartialScan
    from stemgan.reconstruct import Reconstruction, Reconstructor


class Completed(NamedTuple):
    """An image and how sure it is.

    image : (H, W).
    std : its standard deviation, (H, W); None where there is none.
    seconds : how long it took [s].
    quantiles : of the truth, (3, H, W); None where they were not asked for or there are none.
    samples : likely images, (N, H, W), and their deviation, (H, W); None if not asked for.
    """

    image: "NDArray[np.float32]"
    std: "NDArray[np.float32] | None"
    seconds: float
    quantiles: "NDArray[np.float32] | None" = None
    samples: "tuple[NDArray[np.float32], NDArray[np.float32]] | None" = None


@dataclass(frozen=True)
class Completer:
    """A method that is ready to run, and what the processing record says about it.

    stream : completes partial scans, one after the other.
    label : what pictures and messages call it.
    record : its name and provenance.
    load_seconds : how long it took to get ready.
    uncertain : whether it gives a standard deviation.
    calibrated : whether that is calibrated, and comes with quantiles.
    """

    stream: "Callable[[Iterable[PartialScan]], Iterator[Completed]]"
    label: str
    record: dict[str, Any]
    load_seconds: float = 0.0
    uncertain: bool = False
    calibrated: bool = False

    def run(self, scan: "PartialScan") -> Completed:
        """Complete one partial scan."""
        (completed,) = self.stream([scan])
        return completed


def completer(args: argparse.Namespace) -> Completer:
    """Make the completer that --method, or --model, --device, --seed and so on, ask for.

    Raises
    ------
    InputError : there is no such method, model or device, or a seed of nothing.
    """
    truth = "raw" if args.raw else "blurred"
    if args.method:
        if args.raw:
            raise InputError(
                f"method {args.method} completes single pixels as it is: leave out --raw"
            )
        if args.samples is not None:
            raise InputError(
                f"method {args.method} draws no samples: leave out --samples or --method"
            )
        chosen = classical(args.method)
    else:
        chosen = network(
            args.model,
            args.device,
            args.seed or 0,
            truth=truth,
            quantiles=args.uncertainty,
            samples=args.samples,
        )
    if args.seed is not None and "seed" not in chosen.record:
        raise InputError(
            f"--seed chooses among textures, and {chosen.label} makes none: leave it out, or "
            "say --model stemgan-s-adv"
        )
    return chosen


def classical(name: str) -> Completer:
    """Look up a classical method.

    Raises
    ------
    InputError : there is no such method; the message names the near miss.
    """
    from stemgan.baselines import check_method, complete

    check_method(name)

    def stream(scans: "Iterable[PartialScan]") -> Iterator[Completed]:
        for scan in scans:
            start = time.perf_counter()
            image = complete(scan, name)
            yield Completed(image, None, time.perf_counter() - start)

    return Completer(stream, name, {"method": name})


def network(
    model: str | None = None,
    device: str = "auto",
    seed: int = 0,
    *,
    truth: str = "blurred",
    quantiles: bool = False,
    samples: int | None = None,
) -> Completer:
    """Load a network.

    Parameters
    ----------
    model : a name or a file; the shipped default if None.
    device : where it runs.
    seed : of the texture which weights trained against discriminators make.
    truth : what is completed, the "blurred" one or the "raw" one; weights that make texture
        complete the raw one alone.
    quantiles : whether to give its quantiles.
    samples : likely images to draw of each scan, of the seeds from `seed` on; None: none.

    Raises
    ------
    InputError : there is no such model or device, it draws no samples, or completes no raw
        truth.
    """
    start = time.perf_counter()
    from stemgan.reconstruct import Reconstructor
    from stemgan.weights import DEFAULT_MODEL

    chosen = Reconstructor.load(model or DEFAULT_MODEL, device, seed)
    if samples is not None:
        chosen.check_samples(samples)
    if truth == "raw":
        chosen.check_raw()

    def completed(result: "Reconstruction") -> Completed:
        return _completed(result, truth, quantiles=quantiles)

    said = False

    def checked(scans: "Iterable[PartialScan]") -> "Iterator[PartialScan]":
        nonlocal said
        for scan in scans:
            said = said or _say_if_dense(scan, chosen)  # once, however many come
            yield scan

    def stream(scans: "Iterable[PartialScan]") -> Iterator[Completed]:
        scans = checked(scans)
        if samples:
            drawn = (chosen.samples(scan, samples) for scan in scans)
            return (_with_samples(completed(each[0]), each) for each in drawn)
        return (completed(result) for result in chosen.stream(scans))

    record: dict[str, Any] = {
        "method": "network",
        "model": chosen.name,
        "weights_sha256": chosen.sha256,
        "device": str(chosen.device),
        "runtime": chosen.runtime,
        "truth": "raw" if chosen.noise else truth,
    }
    if chosen.noise:
        record["seed"] = chosen.seed
    if samples:
        record["samples"] = samples
    calibrated = chosen.uncertain and chosen.calibration is not None
    if quantiles and chosen.uncertain:
        record["uncertainty"] = {"truth": truth, "calibrated": calibrated}
    seconds = time.perf_counter() - start
    return Completer(stream, chosen.name, record, seconds, chosen.uncertain, calibrated)


def _say_if_dense(scan: "PartialScan", model: "Reconstructor") -> bool:
    """Say where a scan is much denser than any that a model has learned from."""
    if not model.densest or scan.coverage <= 1.5 * model.densest:
        return False
    say(
        f"{100 * scan.coverage:.0f} % of the pixels are measured, and model {model.name} has "
        f"learned from {100 * model.densest:.0f} % at most: --method gaussian-process is likely"
        " to be better"
    )
    return True


def _completed(result: "Reconstruction", truth: str, *, quantiles: bool) -> Completed:
    raw = truth == "raw"
    image, std = (result.raw, result.raw_std) if raw else (result.image, result.std)
    if not quantiles or result.calibrated is None:
        return Completed(image, std, result.seconds)
    std, known = result.calibrated.intervals(truth)
    return Completed(image, std, result.seconds, known)


def _with_samples(first: Completed, results: "list[Reconstruction]") -> Completed:
    """Add likely images to the completion that is the first of them."""
    import numpy as np

    images = np.stack([result.image for result in results])
    spread = images.std(axis=0, ddof=1, dtype=np.float64).astype(np.float32)
    seconds = sum(result.seconds for result in results)
    return first._replace(seconds=seconds, samples=(images, spread))


def check_uncertainty(method: Completer) -> None:
    """Refuse an uncertainty that a model does not give, and say where it is not calibrated.

    Parameters
    ----------
    method : the model.

    Raises
    ------
    InputError : the model gives none.
    """
    if not method.uncertain:
        raise InputError(f"model {method.label} gives no uncertainty: leave out --uncertainty")
    if method.calibrated:
        return
    say(
        f"model {method.label} is not calibrated: NAME.std.tif is its own estimate, and there "
        "are no quantiles; calibrate it by stemgan export --calibrate"
    )
