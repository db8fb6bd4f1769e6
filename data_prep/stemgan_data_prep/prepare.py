"""Micrographs to tiles to a sharded dataset, split by group."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stemgan.data.shards import is_finished
from stemgan.data.shards.places import location
from stemgan.processes import MOST_WORKERS, check_workers
from stemgan_data_prep.cutting import forget_files
from stemgan_data_prep.filters import check_columns, check_values
from stemgan_data_prep.jobs import Settings
from stemgan_data_prep.micrographs import Found, Source, find
from stemgan_data_prep.reports import Summary
from stemgan_data_prep.running import Cluster, Here, Processes, Runner
from stemgan_data_prep.sharing import Splitting
from stemgan_data_prep.writing import Watch, Work, journal_of

_VERSION = 3
"""Of what the same request makes: with another one, a dataset is another."""

_FILES_A_PROCESS = 4


def prepare(
    places: list[Path],
    output: str | Path,
    settings: Settings | None = None,
    splitting: Splitting | None = None,
    *,
    threshold: float = 0.7,
    workers: int | None = None,
    scheduler: str | None = None,
    dry_run: bool = False,
    watch: Watch | None = None,
    tables: Sequence[Path] = (),
) -> Summary:
    """Cut micrographs into tiles and write them as a dataset; continue where one stopped.

    What is left out stands with its reason in ``rejected.csv`` in the dataset, what was used in
    ``images.jsonl``. The dataset is the same, byte for byte, however many processes or machines
    make it and however often they are stopped.

    Parameters
    ----------
    places : folders or files.
    output : the dataset's folder or URL.
    settings, splitting : see there.
    threshold : correlation from which two tiles show the same, so that the first alone is kept;
        above 1 only tiles of equal values are.
    workers : processes; None for one a core.
    scheduler : address of a Dask scheduler whose workers do the work instead.
    dry_run : whether to do all but write.
    watch : wraps the sources as they are done; it is told how many there are.
    tables : files that add to what manifests say; all columns may be asked for.

    Raises
    ------
    InputError : nothing to be found or used, no table has a column asked for, `output` holds
        something else or is being written by another run, it cannot be written, or more
        workers than the system allows.
    """
    if workers is not None:
        check_workers(workers)
    settings, splitting = settings or Settings(), splitting or Splitting()
    where = location(output)
    found = find(
        places,
        group_by=splitting.group_by,
        stratify=splitting.stratify,
        skip=_own_files(where),
        tables=tables,
    )
    check_columns(settings.conditions, found.columns)
    check_values(settings.conditions, [row for one in found.sources for row in one.rows])
    request = _request(found, settings, splitting, threshold)
    if not dry_run and is_finished(where, request):
        journal_of(where, create=False)
        return Summary(done_before=True)
    with closing(_runner(settings, found, workers, scheduler)) as runner:
        try:
            work = Work(found, splitting, settings, threshold, watch)
            return work.rehearse(runner) if dry_run else work.write(runner, where, request)
        finally:
            forget_files()


def _runner(
    settings: Settings, found: Found, workers: int | None, scheduler: str | None
) -> Runner:
    if scheduler is not None:
        return Cluster(settings, scheduler)
    if workers is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        # A process takes a second to start: a few files are done by then.
        workers = min(
            cores or os.cpu_count() or 1, len(found.sources) // _FILES_A_PROCESS, MOST_WORKERS
        )
    return Processes(settings, workers) if workers > 1 else Here(settings)


def _own_files(where: Path | str) -> frozenset[Path]:
    if isinstance(where, str):
        return frozenset()
    name, own = where.name, where.absolute().parent.resolve() / where.name
    hidden = (f".{name}.partial", f".{name}.lock", f".{name}.journal")
    return frozenset({own, *(own.with_name(one) for one in hidden)})


def _request(
    found: Found, settings: Settings, splitting: Splitting, threshold: float
) -> dict[str, Any]:
    lines = [
        f"{s.key}|{_size(s.file)}|{s.group}|{sorted(s.row.items())}{_frames(s)}"
        for s in found.sources
    ]
    lines += [f"{r.key}|{r.kind}|{r.reason}" for r in found.rejected]
    return {
        "kind": "micrographs",
        "version": _VERSION,
        **asdict(settings),
        **asdict(splitting),
        "duplicates": threshold,
        "files": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }


def _frames(source: Source) -> str:
    rows = [(number, sorted(row.items())) for number, row in source.frames.items()]
    return f"|{rows}" if rows else ""


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1
