"""Microscope makers' formats, through RosettaSciIO where the user has installed it (GPL-3)."""

from importlib import import_module, util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images.micrograph import frames, plain_scale

FORMATS = frozenset(
    {
        ".dm3",
        ".dm4",
        ".emd",
        ".ser",
        ".emi",
        ".mrc",
        ".mrcz",
        ".hspy",
        ".zspy",
        ".nxs",
        ".tvips",
    }
)
"""Suffixes worth naming when RosettaSciIO is missing."""


def read_vendor(
    path: Path,
) -> list[tuple[NDArray[np.float32], float | None, str | None, dict[str, Any]]]:
    """Read every two-dimensional image of a file in a microscope maker's format.

    Returns
    -------
    For each image: data (H, W) float32, pixel size, unit, metadata.

    Raises
    ------
    InputError : RosettaSciIO is not installed, does not know the format, cannot read the file,
        or the file holds no image.
    """
    if util.find_spec("rsciio") is None:
        known = path.suffix.lower() in FORMATS
        what = "needs RosettaSciIO" if known else "has an unknown format"
        raise InputError(
            f"{path} {what}: run pip install 'stemgan[formats]', or give TIFF, NPY, NPZ or CSV"
        )
    signals = _signals(path)
    images = [signal for signal in signals if _is_image(signal)]
    if not images:
        shapes = ", ".join(str(signal["data"].shape) for signal in signals) or "nothing"
        raise InputError(f"{path} holds no two-dimensional image ({shapes}): give one")
    return [unpacked for signal in images for unpacked in _unpack(signal, path)]


def _signals(path: Path) -> list[dict[str, Any]]:
    rsciio = import_module("rsciio")
    suffix = path.suffix.lower().lstrip(".")
    plugins = [
        p for p in rsciio.IO_PLUGINS if suffix in [e.lower() for e in p["file_extensions"]]
    ]
    if not plugins:
        raise InputError(
            f"{path} has an unknown format ({path.suffix or 'no suffix'}): give TIFF, NPY, "
            "NPZ, CSV or a format that RosettaSciIO reads"
        )
    reasons = []
    for plugin in plugins:
        try:
            return import_module(plugin["api"]).file_reader(str(path))
        except ModuleNotFoundError as error:
            reasons.append(f"{plugin['name']}: pip install {error.name}")
        except Exception as error:  # each maker's reader fails in its own way
            reasons.append(f"{plugin['name']}: {' '.join(str(error).split())}")
    raise InputError(
        f"{path} cannot be read ({'; '.join(reasons)}): it may be truncated, copy it again"
    )


def _is_image(signal: dict[str, Any]) -> bool:
    """Tell images, and stacks of them, from spectra and their maps."""
    navigated = [bool(axis.get("navigate")) for axis in signal["axes"]]
    shaped = navigated in ([False, False], [True, True], [True, False, False])
    return shaped and signal["data"].dtype.kind in "buif"


def _unpack(
    signal: dict[str, Any], path: Path
) -> list[tuple[NDArray[np.float32], float | None, str | None, dict[str, Any]]]:
    axis = signal["axes"][-1]
    size, unit = plain_scale(axis.get("scale"), str(axis.get("units") or ""))
    general = dict(signal.get("metadata", {}).get("General", {}))
    planes = frames(np.asarray(signal["data"]), str(path))
    return [(plane, size, unit, general) for plane in planes]
