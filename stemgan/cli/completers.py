"""What completes a partial scan on the command line: a network, or a classical method."""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stemgan.measurement import PartialScan


class Completed(NamedTuple):
    """An image (H, W), its standard deviation where there is one, and how long it took [s]."""

    image: "NDArray[np.float32]"
    std: "NDArray[np.float32] | None"
    seconds: float


@dataclass(frozen=True)
class Completer:
    """A method that is ready to run, and what the processing record says about it.

    run : completes one partial scan.
    label : what pictures and messages call it.
    record : its name and provenance.
    load_seconds : how long it took to get ready.
    uncertain : whether it gives a standard deviation.
    """

    run: "Callable[[PartialScan], Completed]"
    label: str
    record: dict[str, Any]
    load_seconds: float = 0.0
    uncertain: bool = False


def completer(args: argparse.Namespace) -> Completer:
    """Make the completer that --method, or --model, --device and --seed, ask for.

    Raises
    ------
    InputError : there is no such method, model or device.
    """
    if args.method:
        return classical(args.method)
    return network(args.model, args.device, args.seed)


def classical(name: str) -> Completer:
    """Look up a classical method.

    Raises
    ------
    InputError : there is no such method; the message names the near miss.
    """
    from stemgan.baselines import check_method, complete

    check_method(name)

    def run(scan: "PartialScan") -> Completed:
        start = time.perf_counter()
        image = complete(scan, name)
        return Completed(image, None, time.perf_counter() - start)

    return Completer(run, name, {"method": name})


def network(model: str | None = None, device: str = "auto", seed: int = 0) -> Completer:
    """Load a network, the shipped default if `model` is None.

    The seed is that of the texture which weights trained against discriminators make.

    Raises
    ------
    InputError : there is no such model or device.
    """
    start = time.perf_counter()
    from stemgan.reconstruct import Reconstructor
    from stemgan.weights import DEFAULT_MODEL

    chosen = Reconstructor.load(model or DEFAULT_MODEL, device, seed)

    def run(scan: "PartialScan") -> Completed:
        result = chosen(scan)
        return Completed(result.image, result.std, result.seconds)

    record: dict[str, Any] = {
        "method": "network",
        "model": chosen.name,
        "weights_sha256": chosen.sha256,
        "device": str(chosen.device),
    }
    if chosen.noise:
        record["seed"] = chosen.seed
    seconds = time.perf_counter() - start
    return Completer(run, chosen.name, record, seconds, chosen.uncertain)
