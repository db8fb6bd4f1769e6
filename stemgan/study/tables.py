"""From journals to tables: CSV to look at, Parquet to compute with."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stemgan.files import whole_file
from stemgan.study.tasks import Record

Rows = Callable[[], Iterable[Record]]
"""Rows of a table, as often as they are asked for."""

_BATCH = 20_000
"""Rows that are held at a time."""

_ORDER = {"bool": 0, "int": 1, "float": 2, "str": 3}


def write_table(folder: Path, name: str, rows: Rows | Sequence[Record]) -> int:
    """Write NAME.csv and NAME.parquet, whole or not at all; return the number of rows.

    Columns are all that any row has, in the order in which they come first; what a row has not,
    or is None, is empty. The entry "table" is left out.

    Parameters
    ----------
    folder : where to.
    name : of the table.
    rows : the rows, or what gives them, which is called twice.
    """
    again = rows if callable(rows) else lambda: rows
    columns, count = _columns(again())
    _write_csv(folder / f"{name}.csv", columns, again())
    _write_parquet(folder / f"{name}.parquet", columns, again())
    return count


def _columns(rows: Iterable[Record]) -> tuple[dict[str, str], int]:
    """Find the columns, and the widest type of each."""
    types: dict[str, str] = {}
    count = 0
    for row in rows:
        count += 1
        for column, value in row.items():
            if column == "table":
                continue
            before = types.setdefault(column, "bool" if value is None else "")
            if value is None:
                types[column] = before or "bool"
                continue
            kind = type(value).__name__ if type(value).__name__ in _ORDER else "str"
            # What was empty so far has the lowest type.
            types[column] = max(before or kind, kind, key=_ORDER.__getitem__)
    return types, count


def _write_csv(path: Path, columns: dict[str, str], rows: Iterable[Record]) -> None:
    with (
        whole_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)


def _cell(value: Any) -> Any:  # noqa: ANN401 (whatever a row holds)
    if value is None:
        return ""
    return f"{value:.9g}" if isinstance(value, float) else value


def _write_parquet(path: Path, columns: dict[str, str], rows: Iterable[Record]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(), "str": pa.string()}
    schema = pa.schema([(column, types[kind]) for column, kind in columns.items()])
    with whole_file(path) as temporary, parquet.ParquetWriter(temporary, schema) as writer:
        for batch in _batches(rows):
            arrays = {
                column: [_cast(row.get(column), kind) for row in batch]
                for column, kind in columns.items()
            }
            writer.write_table(pa.table(arrays, schema))


def _cast(value: Any, kind: str) -> Any:  # noqa: ANN401 (whatever a row holds)
    if value is None or kind == "bool":
        return value
    return {"int": int, "float": float, "str": str}[kind](value)


def _batches(rows: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
