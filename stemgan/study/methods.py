"""What completes partial scans in a study, ready to run: classical methods and networks."""

from collections.abc import Iterable
from typing import TypeAlias

from stemgan.baselines import METHODS
from stemgan.evaluate.methods import load_model, warm_up
from stemgan.measurement import PartialScan
from stemgan.study.tasks import Completed, Completer

Completers: TypeAlias = dict[str, Completer]


def load_completers(names: Iterable[str], device: str = "auto") -> Completers:
    """Load weights and compile kernels, so that neither is in any timing.

    Parameters
    ----------
    names : classical methods, models and weights files.
    device : "auto", "cpu" or "cuda", for models.

    Raises
    ------
    InputError : a file that holds no weights, a method that cannot run here, or no such device.
    """
    completers = {name: _load(name, device) for name in names}
    warm_up(completers.values())
    return completers


def _load(name: str, device: str) -> Completer:
    if name in METHODS:
        return lambda scan: Completed(METHODS[name](scan))
    model, raw = load_model(name, device)

    def complete(scan: PartialScan) -> Completed:
        result = model(scan)
        if raw:  # intervals are judged by the blurred truth
            return Completed(result.raw)
        return Completed(result.image, result.std, result.quantiles)

    return complete


def has_models(names: Iterable[str]) -> bool:
    """Tell whether any of the methods is a network, which wants torch."""
    return any(name not in METHODS for name in names)


def count_gpus(names: Iterable[str], device: str) -> int:
    """Count the GPUs that a study's methods can use."""
    if device == "cpu" or not has_models(names):
        return 0
    import torch

    return torch.cuda.device_count()


def share_processor(index: int, workers: int, names: Iterable[str], device: str) -> None:
    """Let a worker take its share of the cores, and one GPU: for worker `index` of several."""
    import os

    if not has_models(names):
        return
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
    gpus = count_gpus(names, device)
    if gpus:
        torch.cuda.set_device(index % gpus)
