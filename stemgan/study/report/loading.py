"""What a study wrote into its folder, for the report: any table may be absent."""

import csv
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stemgan.errors import InputError
from stemgan.study import statistics
from stemgan.study.detection_rates import FALSE_ALARMS
from stemgan.study.summaries import Row

_TRUTHS = {"True": True, "False": False, "true": True, "false": False}


@dataclass(frozen=True)
class Study:
    """A study's folder, read as it is asked for.

    Parameters
    ----------
    folder : with results.csv (or .parquet), and as far as there are any the other tables,
        study.yaml and provenance.json; tables that follow from others need not be there.
    """

    folder: Path

    def table(self, name: str) -> list[Row]:
        """Read a table's rows; none where there is no such table.

        Numbers are numbers, what is empty is None.

        Raises
        ------
        InputError : the file cannot be read as a table.
        """
        packed, plain = (self.folder / f"{name}.{suffix}" for suffix in ("parquet", "csv"))
        if packed.is_file():
            return _read_parquet(packed)
        return _read_csv(plain) if plain.is_file() else []

    @cached_property
    def results(self) -> list[Row]:
        """Rows of paths and controls alike."""
        return [row for row in self.table("results") if row.get("rmse_blurred") is not None]

    @cached_property
    def summary(self) -> list[Row]:
        """Means over images by setting and method, with intervals; controls too."""
        return self._made("summary", lambda: statistics.summary_rows(self.results))

    @cached_property
    def paths(self) -> list[Row]:
        """Rows of the summary that are of scan paths and of all images."""
        return [r for r in self.summary if not r.get("control") and not r.get("label")]

    @cached_property
    def paired(self) -> list[Row]:
        """Path against path on the same images."""
        return self._made("paired", lambda: statistics.paired_rows(self.results))

    @cached_property
    def controls(self) -> list[Row]:
        """Partial scans against full scans of the same dose."""
        return self._made("controls", lambda: statistics.control_rows(self.results))

    @cached_property
    def lattice(self) -> list[Row]:
        """Error by pitch over lattice period."""
        return self._made("lattice", lambda: statistics.lattice_rows(self.results))

    @cached_property
    def published(self) -> list[Row]:
        """Published errors beside the study's, where it has any at like coverage."""
        rows = self._made("published", lambda: statistics.published_rows(self.summary))
        return rows if any(row["rmse_blurred"] is not None for row in rows) else []

    @cached_property
    def curves(self) -> list[Row]:
        """Means over images of error by distance and of the Fourier ring correlation."""
        return self._made(
            "curves_summary", lambda: statistics.curves_summary(self.table("curves"))
        )

    @cached_property
    def detection(self) -> list[Row]:
        """What is detected of features, in all and by distance."""
        return self._made("detection_summary", self._detection)

    @cached_property
    def on_controls(self) -> list[Row]:
        """Rows of the summary of those images alone that have full scans of the same dose."""
        images = {row["image"] for row in self.results if row.get("control")}
        rows = [row for row in self.results if row["image"] in images]
        return _cleaned(statistics.summary_rows(rows)) if rows else []

    def _detection(self) -> list[Row]:
        from stemgan.study.detection_rates import decided, detection_summary

        rows = self.table("detection")
        sure = rows and "detected" in rows[0]
        return detection_summary(rows if sure else decided(rows)) if rows else []

    def _made(self, name: str, make: Callable[[], list[Row]]) -> list[Row]:
        """Read a table that follows from others, or make it where it is not there."""
        return self.table(name) or _cleaned(make())

    @property
    def config(self) -> str:
        """The study's configuration, as written; "" if it is not there."""
        path = self.folder / "study.yaml"
        return path.read_text("utf-8") if path.is_file() else ""

    @cached_property
    def false_alarms(self) -> float:
        """The share of places without a feature at which one may be seen."""
        found = re.search(r"^ +false_alarms: *([\d.e+-]+) *$", self.config, re.MULTILINE)
        try:
            wanted = float(found[1]) if found else FALSE_ALARMS
        except ValueError:
            wanted = FALSE_ALARMS
        return wanted if 0 < wanted < 1 else FALSE_ALARMS

    @property
    def provenance(self) -> Any:  # noqa: ANN401 (JSON)
        """What the study was made of: versions, machine, time; {} if it is not there."""
        path = self.folder / "provenance.json"
        if not path.is_file():
            return {}
        try:
            return json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise InputError(f"{path} is no JSON: run the study again to replace it") from error


def load(folder: Path) -> Study:
    """Open a study's folder.

    Raises
    ------
    InputError : it is no folder, or holds no results.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give the output_dir of a study")
    study = Study(folder)
    if not study.results and not study.table("detection"):
        raise InputError(
            f"{folder} holds no results of a study: run `stemgan study output_dir={folder}` "
            "to its end first"
        )
    return study


def _read_parquet(path: Path) -> list[Row]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        rows = parquet.read_table(path).to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} cannot be read as a Parquet table: delete it") from error
    return _cleaned(rows)


def _read_csv(path: Path) -> list[Row]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a CSV table: delete it") from error
    return [{key: _value(key, text) for key, text in row.items()} for row in rows]


_TEXTS = frozenset(
    (
        *("image", "group", "label", "method", "control", "control_method", "denoiser"),
        *("scan", "scan_a", "scan_b", "coverage", "coverage_a", "coverage_b"),
        *("kind", "feature", "metric", "better", "table"),
    )
)
"""Columns of texts: where they are empty they are "", not None."""


def _value(key: str, text: str | None) -> Any:  # noqa: ANN401 (a cell)
    if not text:
        return "" if key in _TEXTS else None
    if key in _TEXTS:
        return text
    if text in _TRUTHS:
        return _TRUTHS[text]
    try:
        return _plain(float(text))
    except ValueError:
        return text


def _cleaned(rows: Iterable[Row]) -> list[Row]:
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:  # noqa: ANN401 (a cell)
    """Return None for NaN: what is not known is not a number in a chart either."""
    return None if isinstance(value, float) and value != value else value
