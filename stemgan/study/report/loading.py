"""What a study wrote into its folder, for the report: any table may be absent."""

import csv
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stemgan.errors import InputError

Row = dict[str, Any]
_TRUTHS = {"True": True, "False": False, "true": True, "false": False}


@dataclass(frozen=True)
class Study:
    """A study's folder, read as it is asked for.

    Parameters
    ----------
    folder : with results.csv (or .parquet), and as far as there are any curves, detection,
        summary, paired, controls and detection_summary tables, study.yaml, provenance.json.
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
    def paths(self) -> list[Row]:
        """Rows of scan paths: without the equal-dose controls."""
        return [row for row in self.results if not row.get("control")]

    @cached_property
    def controls(self) -> list[Row]:
        """Rows of the equal-dose controls."""
        return [row for row in self.results if row.get("control")]

    @cached_property
    def curves(self) -> list[Row]:
        """Rows of error by distance and of the Fourier ring correlation."""
        return self.table("curves")

    @cached_property
    def detection(self) -> list[Row]:
        """Rows of features that were looked for."""
        return self.table("detection")

    @property
    def config(self) -> str:
        """The study's configuration, as written; "" if it is not there."""
        path = self.folder / "study.yaml"
        return path.read_text("utf-8") if path.is_file() else ""

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
    if not study.results and not study.detection:
        raise InputError(
            f"{folder} holds no results of a study: run `stemgan study output_dir={folder}` first"
        )
    return study


def _read_parquet(path: Path) -> list[Row]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        rows = parquet.read_table(path).to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} cannot be read as a Parquet table: delete it") from error
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def _read_csv(path: Path) -> list[Row]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a CSV table: delete it") from error
    return [{key: _value(key, text) for key, text in row.items()} for row in rows]


_TEXTS = {
    *("image", "group", "label", "method", "control", "scan", "coverage", "kind", "feature"),
    *("instance", "table"),
}


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


def _plain(value: Any) -> Any:  # noqa: ANN401 (a cell)
    """Return None for NaN: what is not known is not a number in a chart either."""
    return None if isinstance(value, float) and value != value else value
