"""Which files of a folder are partial scans, and which are their masks."""

from pathlib import Path

from stemgan.cli.common import say
from stemgan.cli.inputs import beside, is_companion
from stemgan.cli.live.looks import Looks, Sighting, Stamp

_LISTS = (".csv",)
"""Point lists say themselves what was measured."""


class Scans:
    """The partial scans in a folder, as they appear.

    What is hidden, cannot be an image by its suffix, or was written by stemgan beside an image
    is left out. NAME.mask.tif is the mask of NAME.tif and never a scan.

    Parameters
    ----------
    folder : where they appear.
    own_masks : whether NAME.mask.tif says what was measured in NAME.tif.
    inputs : files that are no scans even where they lie in the folder.

    Attributes
    ----------
    files : what the last look showed of each scan.
    """

    def __init__(self, folder: Path, *, own_masks: bool, inputs: list[Path]) -> None:
        self.folder = folder
        self.files: dict[Path, Sighting] = {}
        self._looks = Looks(folder)
        self._own_masks = own_masks
        real = [path.resolve() for path in inputs]
        self._inputs = {path.name for path in real if path.parent == folder.resolve()}
        self._lost = False

    def look(self) -> None:
        """Look at the folder; where it cannot be reached now, say so once and go on."""
        try:
            self._looks.again()
        except OSError as error:
            if not self._lost:
                say(f"stemgan: {self.folder} cannot be listed ({error.strerror}): trying on")
            self._lost = True
            return
        self._lost = False
        seen = self._looks.files
        stems = {p.parent / p.stem for p in seen if p.suffix.lower() != ".png"}
        self.files = {p: s for p, s in seen.items() if self._is_scan(p, stems)}

    def ready(self) -> list[Path]:
        """List the scans that are whole, as are their masks, in the order of appearance."""
        return [
            path
            for path in self._looks.in_order()
            if path in self.files and ((mask := self.mask(path)) is None or self._whole(mask))
        ]

    def mask(self, path: Path) -> Path | None:
        """Find a scan's own mask, NAME.mask.tif or of its suffix; None if there is none."""
        if not self._own_masks or path.suffix.lower() in _LISTS:
            return None
        places = (beside(path, "mask"), beside(path, "mask", ".tif"))
        return next((place for place in places if place in self._looks.files), None)

    def stamps(self, path: Path) -> tuple[Stamp, Stamp | None]:
        """Give the stamps of a scan and of its own mask, as the last look showed them."""
        mask = self.mask(path)
        return self.files[path].stamp, mask and self._looks.files[mask].stamp

    def first(self, path: Path) -> bool:
        """Tell whether a scan was there at the first look."""
        return self.files[path].appeared == 1

    def _whole(self, path: Path) -> bool:
        return self._looks.files[path].whole

    def _is_scan(self, path: Path, stems: set[Path]) -> bool:
        from stemgan.images import READABLE

        if path.suffix.lower() not in READABLE or path.name.startswith("."):
            return False
        if Path(path.stem).suffix == ".mask" or path.name in self._inputs:
            return False
        return not is_companion(path, stems)
