"""The methods of an evaluation: classical ones by name, models by name or weights file."""

import hashlib
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import stemgan
import stemgan_kernels
from stemgan import baselines
from stemgan.baselines import METHODS
from stemgan.errors import InputError
from stemgan.measurement import PartialScan
from stemgan.weights import DEFAULT_MODEL, MODELS, find_weights

if TYPE_CHECKING:
    from stemgan.reconstruct import Reconstructor

Image = NDArray[np.float32]
Method = Callable[[PartialScan], Image]

_CLASSICAL = ("baselines",)
_MODEL = (*_CLASSICAL, "calibration", "infill", "kriging", "networks", "reconstruct", "weights")
"""Modules and packages that make a method's result, below stemgan; the kernels beside them."""

RAW = ":raw"
"""What a model's name ends with where its completion of the raw truth is meant."""


def default_methods() -> tuple[str, ...]:
    """Return the classical methods that run here, and the default model where it is shipped."""
    models = (DEFAULT_MODEL,) if DEFAULT_MODEL in MODELS else ()
    return (*baselines.default_methods(), *models)


def check_name(name: str) -> None:
    """Refuse a name that is no method.

    Raises
    ------
    InputError : it is neither a classical method nor a model, nor a file; the message names
        the near miss.
    """
    known = (*METHODS, *MODELS)
    if (
        name not in METHODS
        and model_of(name) not in MODELS
        and not Path(model_of(name)).is_file()
    ):
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose among {', '.join(known)}"
        raise InputError(f"there is no method, model or weights file {name!r}: {hint}")


def model_of(name: str) -> str:
    """Return the model, or the weights file, that a method's name means."""
    return name.removesuffix(RAW)


def is_raw(name: str) -> bool:
    """Tell whether a method's name means a model's completion of the raw truth."""
    return name.endswith(RAW)


def fingerprint(name: str) -> str:
    """Digest what a method's result depends on: the code that runs it, a model's weights."""
    if name in METHODS:
        return _code(_CLASSICAL)
    return hashlib.sha256((weights_digest(name) + _code(_MODEL)).encode()).hexdigest()


def weights_digest(name: str) -> str:
    """Digest a model's weights alone."""
    return _digest([find_weights(model_of(name))])


def load_methods(names: Iterable[str], device: str = "auto") -> dict[str, Method]:
    """Make every method ready to be timed: weights loaded, kernels compiled.

    Raises
    ------
    InputError : a file that holds no weights, or a method that cannot run here.
    """
    methods = {name: _load(name, device) for name in names}
    warm_up(methods.values())
    return methods


def warm_up(methods: Iterable[Callable[[PartialScan], Any]]) -> None:
    """Call each method on a small scan, so that imports and compilation are in no timing."""
    rng = np.random.default_rng(0)
    dwell = (rng.random((64, 64)) < 0.2).astype(np.float32)
    small = PartialScan(rng.random((64, 64), dtype=np.float32), dwell)
    for method in methods:
        method(small)


def _load(name: str, device: str) -> Method:
    if name in METHODS:
        return METHODS[name]
    model, raw = load_model(name, device)
    return (lambda scan: model(scan).raw) if raw else (lambda scan: model(scan).image)


def load_model(name: str, device: str = "auto") -> "tuple[Reconstructor, bool]":
    """Load the model of a method's name; tell whether its raw truth's completion is meant.

    Raises
    ------
    InputError : a file that holds no weights, no such device, or there is no such completion.
    """
    from stemgan.reconstruct import Reconstructor

    model, raw = Reconstructor.load(model_of(name), device), is_raw(name)
    if raw:
        model.check_raw()
    return model, raw


@cache
def _code(names: tuple[str, ...]) -> str:
    """Digest the source of modules and packages, unimported, and of all kernels."""
    home, kernels = (Path(str(m.__file__)).parent for m in (stemgan, stemgan_kernels))
    places = [*(home / name for name in names), kernels]
    files = {
        file for place in places for file in (place.with_suffix(".py"), *place.rglob("*.py"))
    }
    return _digest(sorted(file for file in files if file.is_file()))


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
