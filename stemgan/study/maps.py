"""Maps of systematic errors of a study: what images under one mask have in common."""

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.evaluate.maps import FOLDER, slugs_of
from stemgan.files import whole_file
from stemgan.images import write_image
from stemgan.metrics import SystematicError
from stemgan.study.conditions import Setting
from stemgan.study.journal import GROWING
from stemgan.study.plan import StudyPlan
from stemgan.study.tasks import Error

_HELD = 2
"""Settings whose sums are held in memory: tasks come setting by setting."""

_SECONDS = 15
"""Between savings of the sums that are under way, at least."""
_SHARE = 0.05
"""Of the time of a run that saving may take."""

PAGES = ("mean error", "mean absolute error", "root mean square error")
_SUMS = "sums.{}.{}.npz"


class Maps:
    """Sums of errors at each pixel, for settings whose mask is the same for all images.

    Each part of a study keeps the sums of its own images in files beside its journal, saved
    every quarter of a minute, when a setting is through and when a run stops. Tasks whose
    errors are in no file are done again. `write` adds up all parts.
    """

    def __init__(
        self, plan: StudyPlan, folder: Path, settings: dict[str, Any], part: int = 0
    ) -> None:
        self.plan, self.folder, self.part = plan, folder / FOLDER, part
        self.about = {name: settings[name] for name in settings if name not in GROWING}
        self.names = {s.name for s in plan.sources if s.shape == plan.usual_shape}
        mapped = [one for one in plan.settings if one.fixed] if len(self.names) > 1 else []
        self.slugs = dict(zip(mapped, slugs_of([one.slug for one in mapped]), strict=True))
        self.images: dict[Setting, set[str]] = defaultdict(set)
        self.sums: dict[Setting, dict[str, SystematicError]] = {}
        self.elsewhere: dict[Setting, set[str]] = defaultdict(set)
        self.unsaved: set[Setting] = set()
        self.torn: Setting | None = None
        self.due = time.monotonic() + _SECONDS
        for setting in self.slugs:
            for file in self._files(setting):
                names, _ = self._read(file, setting)
                mine = self.images if file == self._own(setting) else self.elsewhere
                mine[setting] |= names

    def wants(self, image: str, setting: Setting) -> bool:
        """Tell whether an image's errors are still to be added."""
        if setting not in self.slugs or image not in self.names:
            return False
        return image not in self.images[setting] and image not in self.elsewhere[setting]

    def add(self, image: str, setting: Setting, errors: Iterable[Error]) -> None:
        """Add the errors of one image under one setting, all methods; none if it failed."""
        if not self.wants(image, setting):
            return
        sums = self._sums(setting)
        self.torn = setting  # until the image is in with every method
        for error in errors:
            sums.setdefault(error.method, SystematicError()).update(error.error)
        self.images[setting].add(image)
        self.unsaved.add(setting)
        self.torn = None
        if time.monotonic() > self.due:
            self.save()

    def save(self) -> None:
        """Save the sums that are under way."""
        start = time.monotonic()
        for setting in self.unsaved - {self.torn}:
            self._save(setting)
        end = time.monotonic()
        self.due = end + max(_SECONDS, (end - start) / _SHARE)

    def write(self) -> list[Path]:
        """Add up the parts, and write a TIFF for each setting and method.

        Its pages are the mean signed, the mean absolute and the root mean square error [% of
        each truth's range, against the blurred truth].
        """
        self.save()
        self.sums.clear()
        return [path for setting in self.slugs for path in self._write(setting)]

    def _write(self, setting: Setting) -> Iterator[Path]:
        total: dict[str, SystematicError] = {}
        for file in self._files(setting):
            for method, error in self._read(file, setting)[1].items():
                total.setdefault(method, SystematicError()).merge(error)
        methods = dict(zip(self.plan.methods, slugs_of(self.plan.methods), strict=True))
        for method, error in total.items():
            record = {
                "pages": PAGES,
                "unit": "% of each truth's range, against the blurred truth",
                "method": method,
                **setting.columns,
                "images": error.images,
            }
            path = self.folder / f"{self.slugs[setting]}_{methods[method]}.tif"
            write_image(path, error.maps(), metadata=record, overwrite=True)
            yield path

    def _sums(self, setting: Setting) -> dict[str, SystematicError]:
        if setting not in self.sums:
            for through in list(self.sums)[: -_HELD + 1]:
                if through in self.unsaved:
                    self._save(through)
                del self.sums[through]
            self.sums[setting] = self._read(self._own(setting), setting)[1]
        return self.sums[setting]

    def _own(self, setting: Setting) -> Path:
        return self.folder / _SUMS.format(self.part, self.slugs[setting])

    def _files(self, setting: Setting) -> list[Path]:
        found = {
            int(path.name.split(".")[1]): path
            for path in self.folder.glob("sums.*.npz")
            if path.name == _SUMS.format(path.name.split(".")[1], self.slugs[setting])
        }
        return [found[part] for part in sorted(found)]

    def _save(self, setting: Setting) -> None:
        self.folder.mkdir(exist_ok=True)
        arrays: dict[str, Any] = {}
        for method, error in self.sums[setting].items():
            index = self.plan.methods.index(method)
            arrays[f"sums{index}"], arrays[f"images{index}"] = error.sums, error.images
        names = np.array(sorted(self.images[setting]))
        with whole_file(self._own(setting)) as temporary:
            np.savez(temporary, digest=self._digest(setting), names=names, **arrays)
        self.unsaved.discard(setting)

    def _digest(self, setting: Setting) -> str:
        """Digest what the sums of a setting depend on, beside their images."""
        about = [self.about, setting.columns, self.plan.usual_shape]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()

    def _read(
        self, path: Path, setting: Setting
    ) -> tuple[set[str], dict[str, SystematicError]]:
        """Read the images and sums of a file; none of another study's, or of other images."""
        if not path.is_file():
            return set(), {}
        with np.load(path) as held:
            names = set(held["names"].tolist())
            if str(held["digest"]) != self._digest(setting) or not names <= self.names:
                return set(), {}
            sums = {
                method: SystematicError(int(held[f"images{i}"]), held[f"sums{i}"])
                for i, method in enumerate(self.plan.methods)
                if f"sums{i}" in held
            }
            return names, sums
