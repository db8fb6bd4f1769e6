"""Microscope makers' formats, through RosettaSciIO where the user has installed it (GPL-3)."""

import warnings
from importlib import import_module, util
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.errors import InputError
from stemgan.images.micrograph import plain_scale
from stemgan.images.series import About, NoImageError, Series, as_series

FORMATS = frozenset(
    f".{suffix}"
    for suffix in (
        *("dm3", "dm4", "emd", "ser", "emi", "mrc", "mrcz", "ali", "hspy", "zspy", "nxs"),
        *("tvips", "unf", "prz", "blo", "mib", "bcf", "rpl", "de5", "h5", "hdf5", "nc"),
    )
)
"""Suffixes worth naming when RosettaSciIO is missing."""

_READ_AT_ONCE = 2**28
_LONGEST_REASON = 300
_USUAL = ("HAADF", "ADF", "MAADF", "LAADF", "ABF", "BF", "DF", "DF2", "DF4", "SE", "BSE")
"""Titles that name a detector even where a file holds one image."""

_RECIPROCAL = ("1/", "^-1", "⁻¹", "rad", "deg", "ev", "hz")


def suffixes() -> frozenset[str]:
    """List the suffixes that are read: all of RosettaSciIO's where it is installed."""
    if util.find_spec("rsciio") is None:
        return FORMATS
    plugins = import_module("rsciio").IO_PLUGINS
    return FORMATS | {f".{e.lower()}" for p in plugins for e in p["file_extensions"]}


def read_vendor(path: Path) -> list[Series]:
    """Read the images of each detector of a file in a microscope maker's format.

    Spectra, maps of spectra, diffraction patterns and complex images are left out where there
    are images too.

    Raises
    ------
    InputError : RosettaSciIO is not installed, does not know the format, cannot read the file,
        or the file holds no image; the message says what it holds.
    """
    _refuse_without_library(path)
    _refuse_camera_frames(path)
    signals = _signals(path)
    others = [(signal, _other_than_image(signal)) for signal in signals]
    images = [signal for signal, other in others if other is None]
    if not images:
        what = "; ".join(dict.fromkeys(other for _, other in others if other)) or "nothing"
        raise NoImageError(f"{path} holds no two-dimensional image, but {what}: give one")
    several = len(images) > 1
    return [_series(signal, path, several=several) for signal in images]


def read_camera_frames(path: Path) -> Series:
    """Read the frames that a camera took at the probe positions of a scan, one at a time.

    Raises
    ------
    InputError : as for `read_vendor`, or the file holds no single list of frames.
    """
    _refuse_without_library(path)
    signals = _signals(path)
    lists = [s for s in signals if s["data"].ndim == 3 and s["data"].dtype.kind in "buif"]
    if len(lists) != 1:
        held = ", ".join("x".join(map(str, s["data"].shape)) for s in signals) or "nothing"
        raise InputError(f"{path} holds {held}: give one list of camera frames, (n, h, w)")
    data = lists[0]["data"]
    return Series(data.shape, data.dtype, data.__getitem__, str(path))


def _refuse_without_library(path: Path) -> None:
    if util.find_spec("rsciio") is None:
        known = path.suffix.lower() in FORMATS
        what = "needs RosettaSciIO" if known else "has an unknown format"
        raise InputError(
            f"{path} {what}: run pip install 'stemgan[formats]', or give TIFF, NPY, NPZ or CSV"
        )


def _refuse_camera_frames(path: Path) -> None:
    """Know a movie of a custom scan by the coordinates that lie beside it."""
    stem = path.stem.removesuffix("_movie")
    if stem != path.stem and path.with_name(f"{stem}_scan_coordinates.csv").exists():
        raise NoImageError(
            f"{path} holds camera frames, one for each probe position of a custom scan, not "
            "images of the specimen: give the coordinates with --path, or the virtual image "
            "made of them"
        )


def _signals(path: Path) -> list[dict[str, Any]]:
    suffix = path.suffix.lower().lstrip(".")
    plugins = [
        p
        for p in import_module("rsciio").IO_PLUGINS
        if suffix in [e.lower() for e in p["file_extensions"]]
    ]
    if not plugins:
        raise InputError(
            f"{path} has an unknown format ({path.suffix or 'no suffix'}): give TIFF, NPY, "
            "NPZ, CSV or a format that RosettaSciIO reads"
        )
    reasons = []
    for plugin in plugins:
        try:
            return _read(plugin["api"], path)
        except ModuleNotFoundError as error:
            reasons.append(f"{plugin['name']}: pip install {error.name}")
        except Exception as error:  # each maker's reader fails in its own way
            reason = " ".join(str(error).split()) or type(error).__name__
            reasons.append(f"{plugin['name']}: {reason}")
    raise InputError(
        f"{path} cannot be read ({'; '.join(reasons)[:_LONGEST_REASON]}): it may be "
        "truncated, copy it again"
    )


def _read(reader: str, path: Path) -> list[dict[str, Any]]:
    """Read lazily where the reader can, so that a size is known before memory is asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of unclosed files, and of odd metadata
        file_reader = import_module(reader).file_reader
        try:
            return [_at_once(signal) for signal in file_reader(str(path), lazy=True)]
        except Exception:  # some readers know no laziness, others not for every file
            return file_reader(str(path))


def _at_once(signal: dict[str, Any]) -> dict[str, Any]:
    data = signal["data"]
    small = data.nbytes <= _READ_AT_ONCE and _other_than_image(signal) is None
    return {**signal, "data": np.asarray(data)} if small else signal


def _other_than_image(signal: dict[str, Any]) -> str | None:
    """Say what a signal is if it is neither an image nor a stack of images."""
    data, axes = signal["data"], signal["axes"]
    shape = "x".join(str(side) for side in data.shape)
    navigated = [bool(axis.get("navigate")) for axis in axes]
    spanned = [a for a, steps in zip(axes, navigated, strict=True) if not steps] or axes
    if data.dtype.kind == "c":
        return f"complex values ({shape})"
    if data.dtype.kind not in "buif":
        return f"colours or records ({shape}, {data.dtype})"
    if len(axes) < 2:
        return f"a spectrum or profile ({shape})"
    if navigated in ([True, True, False], [True, False]):
        return f"spectra ({shape})"
    if any(_is_reciprocal(axis) for axis in spanned[-2:]):
        return (
            f"a diffraction pattern or spectrum ({shape}, axes in {spanned[-1].get('units')})"
        )
    if navigated in ([False, False], [True, True], [True, False, False]):
        return None
    return f"{len(axes)}-dimensional data ({shape}), such as a pattern at each probe position"


def _is_reciprocal(axis: dict[str, Any]) -> bool:
    unit = str(axis.get("units") or "").lower()
    return any(word in unit for word in _RECIPROCAL)


def _series(signal: dict[str, Any], path: Path, *, several: bool) -> Series:
    axis = signal["axes"][-1]
    units = axis.get("units")
    unit = units if isinstance(units, str) else None
    size, unit = plain_scale(_number(axis.get("scale")), unit)
    metadata = signal.get("metadata") or {}
    kept = {k: metadata[k] for k in ("Acquisition_instrument", "Signal") if metadata.get(k)}
    if signal.get("original_metadata"):
        kept["original_metadata"] = signal["original_metadata"]
    detector = _detector(metadata, several=several)
    about = About(size, unit, detector, {**(metadata.get("General") or {}), **kept})
    return as_series(signal["data"], str(path), about)


def _number(value: Any) -> float | None:  # noqa: ANN401
    return float(value) if isinstance(value, int | float | np.number) else None


def _detector(metadata: dict[str, Any], *, several: bool) -> str | None:
    """Name the detector: where a file holds several images, their titles tell them apart."""
    title = str((metadata.get("General") or {}).get("title") or "") or None
    instrument = metadata.get("Acquisition_instrument") or {}
    names = [
        name
        for microscope in instrument.values()
        if isinstance(microscope, dict)
        for name in (microscope.get("Detector") or {})
    ]
    if several:
        return title
    if len(names) == 1 and names[0] not in ("Camera", "EELS", "EDS"):
        return names[0]
    return title if title in _USUAL else None
