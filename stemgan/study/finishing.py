"""What follows when all tasks of a study are done: tables, statistics, maps, a report."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from stemgan.amounts import amount
from stemgan.study.controls import WITHOUT, ControlTask
from stemgan.study.examples import write_examples
from stemgan.study.journal import Journal
from stemgan.study.maps import Maps
from stemgan.study.plan import StudyPlan
from stemgan.study.tables import write_table
from stemgan.study.tasks import Record, Task, plain

Say = Callable[[str], None]

_SAID = 3
"""Images without controls whose reason is said."""

TABLES = (
    "results",
    "curves",
    "detection",
    "failures",
    "summary",
    "paired",
    "controls",
    "verdicts",
    "lattice",
    "published",
    "curves_summary",
    "detection_summary",
)
"""The tables that a study may write, each as CSV and Parquet."""


def finish(
    plan: StudyPlan,
    folder: Path,
    journal: Journal,
    tasks: Sequence[Task],
    maps: Maps,
    *,
    report: bool = True,
    say: Say = lambda _: None,
) -> tuple[list[Path], list[Record]]:
    """Write everything that follows from the records of a study that is done.

    Parameters
    ----------
    plan, folder : the study.
    journal : with the records of all tasks.
    tasks : all of them, in the order of the tables.
    maps : sums of the errors at each pixel.
    report : whether to write the page and its figures too.
    say : told what is done next.

    Returns
    -------
    The files, without those of the report's figures; and the rows of the table "summary".
    """

    def rows(name: str) -> Iterator[Record]:
        for task in tasks:
            yield from (row for row in journal.records(task.key) if row["table"] == name)

    say("writing tables")
    results = list(rows("results"))
    if plan.controls:
        reasons = _without_controls(plan, results, [*rows(WITHOUT), *rows("failures")])
        if reasons:
            shown = "; ".join(f"{name}: {why}" for name, why in list(reasons.items())[:_SAID])
            more = f"; and {len(reasons) - _SAID} more" if len(reasons) > _SAID else ""
            say(
                "there are no equal-dose controls for "
                f"{len(reasons)} of {amount(len(plan.sources), 'image')} ({shown}{more})"
            )
    written, summary = _tables(plan, folder, results, rows)
    for name in TABLES:
        if name not in written:  # of the study as it was before
            for suffix in ("csv", "parquet"):
                (folder / f"{name}.{suffix}").unlink(missing_ok=True)
    files = [folder / f"{name}.csv" for name in written]
    say("writing maps and examples")
    files += maps.write()
    files += write_examples(plan, folder, results)
    if report:
        from stemgan.study.report import write_report

        say("writing the report")
        files.append(write_report(folder))
    return files, summary


def _without_controls(
    plan: StudyPlan, results: Sequence[Record], said: Sequence[Record]
) -> dict[str, str]:
    """Return why images have no control, by name, from the records that say so."""
    have = {row["image"] for row in results if row["control"]}
    reasons = {row["task"]: row["reason"] for row in said if "task" in row}
    reasons |= {row["image"]: row["reason"] for row in said if "image" in row}
    names = [source.name for source in plan.sources if source.name not in have]
    keys = {one.name: ControlTask(one, plan.controls[0]).key for one in plan.sources}
    return {name: reasons.get(name) or reasons.get(keys[name], "they failed") for name in names}


def _tables(
    plan: StudyPlan,
    folder: Path,
    results: Sequence[Record],
    rows: Callable[[str], Iterable[Record]],
) -> tuple[list[str], list[Record]]:
    from stemgan.study import statistics

    made: dict[str, Sequence[Record]] = {"results": results}
    written: list[str] = []
    summary: list[Record] = []
    if results:
        summary = [plain(row) for row in statistics.summary_rows(results)]
        paired, controls = statistics.paired_rows(results), statistics.control_rows(results)
        made |= {
            "summary": summary,
            "paired": paired,
            "controls": controls,
            "verdicts": statistics.verdict_rows(results, paired, controls),
            "lattice": statistics.lattice_rows(results),
            "curves_summary": statistics.curves_summary(rows("curves")),
        }
        published = statistics.published_rows(summary)
        if any(row["rmse_blurred"] is not None for row in published):
            made["published"] = published
        if write_table(folder, "curves", lambda: rows("curves")):
            written.append("curves")
    if plan.features:
        made |= _detection(plan, list(rows("detection")))
    made["failures"] = list(rows("failures"))
    for name, members in made.items():
        if members:
            write_table(folder, name, [plain(row) for row in members])
            written.append(name)
    return written, summary


def _detection(plan: StudyPlan, found: list[Record]) -> dict[str, Sequence[Record]]:
    from stemgan.study.detection import Search
    from stemgan.study.detection_rates import decided, detection_summary

    said = decided(found, Search.from_config(plan.features).false_alarms)
    return {"detection": said, "detection_summary": detection_summary(said)}
