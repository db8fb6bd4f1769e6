"""How the error grows with the distance from the scan, validation after validation."""

import csv
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from stemgan.files import whole_file
from stemgan.plots.lines import error_against_distance
from stemgan.watching.loggers import send_pictures

_MOST = 6
"""Lines in the figure: the last validations, and the first."""

_WHOLE = ("step", "pixels")

Row = dict[str, Any]


class ErrorCurves(Callback):
    """Write the error of held-out scans by distance, as a table and as a figure.

    ``error_by_distance.csv`` has a row a validation and ring: step, distance_from and
    distance_to [px], pixels, and bias, rmse and quantiles of the signed error against the
    blurred truth [% of its range]. ``error_by_distance.png`` shows the last validations.

    Parameters
    ----------
    folder : the run's.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add a validation, in the first process, which has what all have measured."""
        profile = getattr(pl_module, "errors_by_distance", None)
        if trainer.sanity_checking or not trainer.is_global_zero or profile is None:
            return
        new = [{"step": trainer.global_step, **row} for row in profile.rows()]
        if not new:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # What comes after the step is of a run that was resumed from before it.
        before = [row for row in self._read() if row["step"] < trainer.global_step]
        self._write([*before, *new])
        figure = self.folder / "error_by_distance.png"
        error_against_distance(figure, _lines([*before, *new]))
        from PIL import Image

        with Image.open(figure) as image:
            send_pictures(trainer, "val/error_by_distance", [image.convert("RGB")])

    def _read(self) -> list[Row]:
        path = self.folder / "error_by_distance.csv"
        if not path.is_file():
            return []
        with path.open(newline="", encoding="utf-8") as file:
            rows = [{key: float(row[key]) for key in row} for row in csv.DictReader(file)]
        return [{**row, **{key: int(row[key]) for key in _WHOLE}} for row in rows]

    def _write(self, rows: list[Row]) -> None:
        with (
            whole_file(self.folder / "error_by_distance.csv") as path,
            path.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def _lines(rows: list[Row]) -> list[Row]:
    """Return the rows of some validations, as the figure wants them."""
    steps = sorted({row["step"] for row in rows})
    shown = steps if len(steps) <= _MOST else [steps[0], *steps[1 - _MOST :]]
    names = {"scan": "held-out scans", "coverage": "", "electrons": None}
    return [
        {**row, **names, "method": f"step {row['step']:,}"}
        for row in rows
        if row["step"] in shown
    ]
