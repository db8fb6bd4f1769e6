"""Maps of systematic errors: what images under the same mask have in common, pixel by pixel."""

import hashlib
import json
import math
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.amounts import amount
from stemgan.evaluate.cells import Cell
from stemgan.evaluate.plan import Plan
from stemgan.evaluate.scans import Condition
from stemgan.files import whole_file
from stemgan.images import read_stack, write_image
from stemgan.metrics import SystematicError

FOLDER = "systematic_error"
_SAVED = "progress.{}.npz"
_SECONDS = 120
"""Between saving the sums of a condition that is under way."""
_MOST_BYTES = 2**30
"""Memory that the sums of one condition may take."""


class Maps:
    """The error at each pixel, averaged over images, for conditions with a fixed mask.

    Maps are made of the images of the usual shape. A condition's sums are held until all its
    images are in, then written as one TIFF a method: mean signed error, mean absolute error and
    root mean square error [% of each truth's range], in this order. Sums of a condition that is
    under way are saved now and then, and when a run stops; cells that came after the last time
    are done again.
    """

    def __init__(self, plan: Plan, folder: Path, *, overwrite: bool = False) -> None:
        self.plan = plan
        self.folder = folder / FOLDER
        self.settings = hashlib.sha256(json.dumps(plan.settings()).encode()).hexdigest()
        self.names = {
            source.name for source in plan.sources if source.shape == plan.usual_shape
        }
        self.slugs = slugs_of([condition.label for condition in plan.conditions])
        self.conditions = {
            condition: slug
            for condition, slug in zip(plan.conditions, self.slugs, strict=True)
            if not _why_not(plan, condition)
        }
        self.images: dict[Condition, set[str]] = {}
        self.sums: dict[Condition, dict[str, SystematicError]] = {}
        self.saved = time.monotonic()
        if overwrite:
            self._clear()
        for condition in self.conditions:
            self._load(condition)

    def has(self, image: str, condition: Condition) -> bool:
        """Tell whether a cell needs no second look: its errors are in, or no map is made."""
        if condition not in self.conditions or image not in self.names:
            return True
        return image in self.images[condition]

    def add(self, cell: Cell) -> None:
        """Add one cell's errors, and write the maps of a condition that is complete."""
        condition, image = cell.condition, cell.source.name
        if self.has(image, condition):
            return
        sums = self.sums.setdefault(condition, {})
        for entry in cell.entries:
            if entry.error is not None:
                sums.setdefault(entry.row["method"], SystematicError()).update(entry.error)
        self.images[condition].add(image)
        if self.images[condition] >= self.names:
            self._finish(condition)
        elif time.monotonic() - self.saved > _SECONDS:
            self.save()

    def save(self) -> None:
        """Save the sums of what is under way."""
        for condition, sums in self.sums.items():
            self._save(condition, sums)
        self.saved = time.monotonic()

    def written(self) -> Iterator[tuple[Condition, str, Path]]:
        """Yield condition, method and file of every map."""
        methods = dict(zip(self.plan.methods, slugs_of(self.plan.methods), strict=True))
        for condition, slug in self.conditions.items():
            for method, name in methods.items():
                path = self.folder / f"{slug}_{name}.tif"
                if path.is_file():
                    yield condition, method, path

    def _finish(self, condition: Condition) -> None:
        sums = self.sums.pop(condition, {})
        methods = dict(zip(self.plan.methods, slugs_of(self.plan.methods), strict=True))
        self.folder.mkdir(exist_ok=True)
        for method, error in sums.items():
            record = {
                "pages": ["mean error", "mean absolute error", "root mean square error"],
                "unit": "% of each truth's range, against the blurred truth",
                "scan": condition.scan,
                "coverage": condition.coverage,
                "method": method,
                "images": error.images,
            }
            path = self.folder / f"{self.conditions[condition]}_{methods[method]}.tif"
            write_image(path, error.maps(), metadata=record, overwrite=True)
        self._save(condition, {})

    def _save(self, condition: Condition, sums: dict[str, SystematicError]) -> None:
        self.folder.mkdir(exist_ok=True)
        arrays: dict[str, Any] = {}
        for method, error in sums.items():
            index = self.plan.methods.index(method)
            arrays[f"sums{index}"], arrays[f"images{index}"] = error.sums, error.images
        names = np.array(sorted(self.images[condition]))
        path = self.folder / _SAVED.format(self.conditions[condition])
        with whole_file(path) as temporary:
            np.savez(temporary, settings=self.settings, names=names, **arrays)

    def _clear(self) -> None:
        """Remove the maps of an evaluation that is replaced."""
        begin, end = _SAVED.split("{}")
        for saved in self.folder.glob(_SAVED.format("*")):
            slug = saved.name.removeprefix(begin).removesuffix(end)
            for path in (saved, *self.folder.glob(f"{slug}_*.tif")):
                path.unlink()

    def _load(self, condition: Condition) -> None:
        self.images[condition] = set()
        path = self.folder / _SAVED.format(self.conditions[condition])
        if not path.is_file():
            return
        with np.load(path) as saved:
            if str(saved["settings"]) != self.settings:
                return
            names = set(saved["names"].tolist())
            sums = {
                method: SystematicError(int(saved[f"images{i}"]), saved[f"sums{i}"])
                for i, method in enumerate(self.plan.methods)
                if f"sums{i}" in saved
            }
        self.images[condition] = names
        if sums:
            self.sums[condition] = sums


def map_notes(plan: Plan) -> list[str]:
    """Say for which scans there is no map, and of how many images the others are."""
    reasons: dict[str, list[str]] = {}
    for condition in plan.conditions:
        why = _why_not(plan, condition)
        if why and condition.scan not in reasons.setdefault(why, []):
            reasons[why].append(condition.scan)
    notes = [
        f"no map of systematic errors for {', '.join(scans)}: {why}"
        for why, scans in reasons.items()
    ]
    left_out = len(plan.sources) - len(_mapped(plan))
    if left_out and not all(_why_not(plan, condition) for condition in plan.conditions):
        height, width = plan.usual_shape
        notes.append(
            f"maps of systematic errors are of the {amount(len(_mapped(plan)), 'image')} "
            f"of {height}x{width} px and leave out {left_out} of other shapes"
        )
    return notes


def _mapped(plan: Plan) -> set[str]:
    """Return the names of the images that maps are made of."""
    return {source.name for source in plan.sources if source.shape == plan.usual_shape}


def _why_not(plan: Plan, condition: Condition) -> str | None:
    """Say why a condition has no map, or None."""
    if not condition.fixed:
        return "its mask differs from image to image"
    if len(_mapped(plan)) < 2:
        return "there are no two images of one shape"
    if 24 * math.prod(plan.usual_shape) * len(plan.methods) > _MOST_BYTES:
        return "it would not fit into 1 GiB of memory: evaluate fewer methods at once"
    return None


def read_map(path: Path, most: int) -> NDArray[np.float32]:
    """Read a map's root mean square error, in blocks of pixels: no side exceeds `most`."""
    error = read_stack(path)[2].data.astype(np.float64)
    by = -(-max(error.shape) // most)
    height, width = (max(1, side // by) for side in error.shape)
    blocks = error[: height * by, : width * by].reshape(height, -1, width, by)[:, :by]
    return np.sqrt((blocks**2).mean((1, 3))).astype(np.float32)


def slugs_of(labels: Sequence[str]) -> list[str]:
    """Turn labels into parts of file names, each once.

    Examples
    --------
    >>> slugs_of(["spiral 1/20", "runs/best.safetensors"])
    ['spiral-1-20', 'best.safetensors']
    """
    slugs: list[str] = []
    for label in labels:
        slug = re.sub(r"[^\w.]+", "-", Path(label.replace("1/", "1-")).name).strip("-")
        slugs.append(slug if slug not in slugs else f"{slug}-{len(slugs)}")
    return slugs
