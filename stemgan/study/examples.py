"""Examples of a study: the images of least, median and greatest error under some settings."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stemgan.evaluate.maps import slugs_of
from stemgan.files import whole_file
from stemgan.study.conditions import Setting, take
from stemgan.study.methods import load_completers
from stemgan.study.plan import StudyPlan
from stemgan.study.sources import Source
from stemgan.study.tasks import Record

FOLDER = "examples"
RANKS = ("best", "median", "worst")


class Example(NamedTuple):
    """An image that is shown: under which setting, by which method, and why."""

    setting: Setting
    source: Source
    method: str
    rank: str
    error: float


def choose(plan: StudyPlan, results: Sequence[Record]) -> list[Example]:
    """Choose what is shown: of each chosen setting the best method's best, median and worst.

    The best method is that of the least mean error (against the blurred truth) there.
    """
    errors: dict[tuple, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in results:
        if not row["control"] and row["rmse_blurred"] is not None:
            key = tuple(row[name] for name in ("scan", "coverage", "dose", "dwell_s", "lag_s"))
            errors[key][row["method"]][row["image"]] = row["rmse_blurred"]
    sources = {source.name: source for source in plan.sources}
    chosen = []
    for setting in shown_settings(plan):
        methods = errors.get(tuple(setting.columns.values()), {})
        if not methods:
            continue
        method = min(methods, key=lambda name: float(np.mean(list(methods[name].values()))))
        ranked = sorted(methods[method], key=lambda name: (methods[method][name], name))
        places = dict(zip(RANKS, (0, (len(ranked) - 1) // 2, len(ranked) - 1), strict=True))
        for rank, place in places.items():
            name = ranked[place]
            if rank == "best" or place != places["best"]:
                error = methods[method][name]
                chosen.append(Example(setting, sources[name], method, rank, error))
    return chosen


def shown_settings(plan: StudyPlan) -> list[Setting]:
    """Choose settings with examples: of every scan the first coverage and the last, in turn.

    Of several doses, dwells and lags the first.
    """
    coverages: dict[str, dict[str, Setting]] = defaultdict(dict)
    for setting in plan.settings:
        coverages[setting.scan].setdefault(setting.coverage, setting)
    listed = [list(one.values()) for one in coverages.values()]
    ends = [one[0] for one in listed] + [one[-1] for one in listed if len(one) > 1]
    return ends[: plan.examples]


def write_examples(plan: StudyPlan, folder: Path, results: Sequence[Record]) -> list[Path]:
    """Write NAME.npz for each example, those that are there left, and remove others.

    Each holds `truth`, `partial` (NaN where unmeasured) and `completion`, (H, W) float32, `std`
    where the method gives one, and `record`, JSON: image, group, method, rank, rmse_blurred and
    the setting.
    """
    examples = choose(plan, results)
    where = folder / FOLDER
    names = slugs_of([f"{one.setting.slug}_{one.rank}" for one in examples])
    files = [where / f"{index:02}_{name}.npz" for index, name in enumerate(names)]
    for path in where.glob("*.npz"):
        if path not in files:
            path.unlink()
    left = [
        (one, path)
        for one, path in zip(examples, files, strict=True)
        if _held(path) != _record(one)
    ]
    if left:
        where.mkdir(exist_ok=True)
        methods = load_completers(dict.fromkeys(one.method for one, _ in left), plan.device)
        for one, path in left:
            scanned = take(one.source, one.setting, plan.seed, plan.timing)
            completed = methods[one.method](scanned.scan)
            arrays: dict[str, Any] = {
                "truth": scanned.truth,
                "partial": scanned.scan.with_nan(),
                "completion": completed.image.astype(np.float32),
            }
            if completed.std is not None:
                arrays["std"] = completed.std.astype(np.float32)
            with whole_file(path) as temporary:
                np.savez_compressed(temporary, record=json.dumps(_record(one)), **arrays)
    return files


def _record(one: Example) -> dict[str, Any]:
    return {
        "image": one.source.name,
        "group": one.source.group,
        "method": one.method,
        "rank": one.rank,
        "rmse_blurred": one.error,
        **one.setting.columns,
    }


def _held(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    with np.load(path) as held:
        return json.loads(str(held["record"]))


def read_examples(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """Yield record and arrays of a study's examples."""
    for path in sorted((folder / FOLDER).glob("*.npz")):
        with np.load(path) as held:
            arrays = {name: held[name] for name in held.files if name != "record"}
            yield json.loads(str(held["record"])), arrays
