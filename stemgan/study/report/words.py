"""The answer in plain language: which path to use, what it costs, what it does not show."""

from collections.abc import Mapping, Sequence
from typing import Any

from stemgan.amounts import amount, are
from stemgan.study.detection_rates import images_needed
from stemgan.study.report.against import ERROR
from stemgan.study.report.choosing import (
    CONDITION,
    MOST,
    best_scan,
    cannot_tell,
    groups_needed,
    more,
    which_path,
)
from stemgan.study.report.costs import setting
from stemgan.study.report.labels import (
    CONTROLS,
    duration,
    figure,
    interval,
    is_partial,
    label,
    percent,
    share,
    time_of,
)
from stemgan.study.report.loading import Study
from stemgan.study.summaries import Row, gathered

_NEAR = 1.1
"""Settings within this factor of the least error count as nearly as good."""
_FEW_GROUPS = 10


def answer(study: Study) -> list[str]:
    """Say what a study found, a sentence or two each; what it did not look at is not said."""
    method = best_method(study.paths)
    said: list[str] = []
    if method is not None:
        rows = _partial([row for row in study.paths if row["method"] == method])
        paired = [
            row for row in study.paired if row["method"] == method and row["metric"] == ERROR
        ]
        said += which_path(rows, paired, method)
        said += [*in_a_hurry(rows), *by_distance(rows), *lattices(study.lattice, method)]
        said += [*calibrated(rows), *controls(study.controls, method)]
    few = too_few_images(study.detection, study.false_alarms)
    return [*said, *missed(study.detection), *few, *limits(study)]


def _partial(rows: Sequence[Row]) -> list[Row]:
    """Leave out full scans, which are another question; of nothing else they are all."""
    return [row for row in rows if is_partial(row)] or list(rows)


def best_method(rows: Sequence[Row]) -> str | None:
    """Return the method of least mean error over partial scans that all methods complete."""
    columns = ("scan", "coverage", *CONDITION)
    errors = {
        method: {tuple(r.get(c) for c in columns): r[ERROR] for r in part if r[ERROR]}
        for (method,), part in gathered(_partial(rows), ["method"]).items()
    }
    if not errors:
        return None
    common = set.intersection(*(set(found) for found in errors.values()))
    if not common:
        return max(errors, key=lambda method: len(errors[method]))
    return min(errors, key=lambda method: sum(errors[method][key] for key in common))


def in_a_hurry(rows: Sequence[Row]) -> list[str]:
    """Name the fastest setting that is nearly as good as the best, of each dose."""
    said = []
    for (dose,), part in list(gathered(rows, ["dose"]).items())[:MOST]:
        timed = [row for row in part if row.get("duration_s") and row[ERROR]]
        if len(timed) < 2:
            continue
        best = min(timed, key=lambda row: row[ERROR])
        near = [row for row in timed if row[ERROR] <= _NEAR * best[ERROR]]
        fast = min(near, key=lambda row: row["duration_s"])
        if fast["duration_s"] > 0.9 * best["duration_s"]:
            continue
        said.append(
            f"If time is short ({label('dose', dose)}): {_place(fast, part)} "
            f"takes {time_of(fast)} in place of "
            f"{duration(best['duration_s'])} for {_place(best, part)}, and its error, "
            f"{interval(fast, ERROR, ' %')}, is within {100 * (_NEAR - 1):.0f} % of the least."
        )
    return said


def _place(row: Row, among: Sequence[Row]) -> str:
    """Name a setting, as far as it is not the same for all: "spiral at 1/20, lag 10 µs"."""
    texts = [setting(other).split(", ") for other in among]
    said = setting(row).split(", ")[1:]
    told = [text for text in said if not all(text in other for other in texts)]
    return f"{row['scan']} at {', '.join([str(row['coverage']), *told])}"


def by_distance(rows: Sequence[Row]) -> list[str]:
    """Say how fast the best scan's error grows away from what was measured, at first."""
    slope = "slope_per_px"
    first = next(iter(gathered(rows, CONDITION).values()))
    best = best_scan(first)
    known = [row for row in first if row["scan"] == best and row.get(slope) is not None]
    known.sort(key=lambda row: share(row["coverage"]), reverse=True)
    if not known:
        return []
    ends = known if len(known) == 1 else [known[0], known[-1]]
    texts = " and ".join(f"{interval(row, slope, ' %')} at {row['coverage']}" for row in ends)
    return [
        f"With each px of distance the error of {best} changes by so much of the range: "
        f"{texts}; for other scans see the table of every setting."
    ]


def lattices(rows: Sequence[Row], method: str) -> list[str]:
    """Say what happens to lattices finer than the pitch."""
    measure = "nrmse_std_blurred"
    texts = []
    mine = [row for row in rows if row["method"] == method and row.get(measure) is not None]
    mine = [row for row in mine if row.get("dose") == mine[0].get("dose")]
    for (scan, dose), part in gathered(mine, ["scan", "dose"]).items():
        part.sort(key=lambda row: row["ratio"])
        if len(part) > 1:
            ends = [
                f"{figure(r[measure])} at {figure(r['ratio'], 2)}" for r in (part[0], part[-1])
            ]
            texts.append(f"{scan}, {label('dose', dose)}: {' but '.join(ends)}")
    if not texts:
        return []
    return [f"Lattices, error over contrast at pitch over period: {'; '.join(texts)}."]


def calibrated(rows: Sequence[Row]) -> list[str]:
    """Say whether the intervals hold what they promise."""
    shares = [row["interval_90"] for row in rows if row.get("interval_90") is not None]
    if not shares:
        return []
    ends = " to ".join(dict.fromkeys(percent(100 * end(shares)) for end in (min, max)))
    return [f"Of the truth, {ends} % lies inside the 90 % interval, depending on the setting."]


def controls(rows: Sequence[Row], method: str) -> list[str]:
    """Say whether a full scan of the same dose would have been better."""
    mine = [row for row in rows if row["method"] == method and row["metric"] == ERROR]
    chosen = [
        row
        for row in mine
        if row.get("best_control") and row.get("mean_a") is not None and is_partial(row)
    ]
    return [
        _verdict(min(part, key=lambda row: row["mean_a"]), mine)
        for part in gathered(chosen, ["dose"]).values()
    ]


def _verdict(row: Mapping[str, Any], among: Sequence[Row]) -> str:
    family = (*CONDITION, "control", "control_method")
    tests = sum(
        other.get("p") is not None and all(other.get(c) == row.get(c) for c in family)
        for other in among
    )
    few = cannot_tell(row.get("groups") or 0, groups_needed(tests))
    winner = {
        "full scan": "the full scan wins",
        "partial scan": "the partial scan wins",
    }.get(row.get("better") or "", few or "neither surely wins")
    full = CONTROLS.get(row["control"], row["control"])
    how = f", {row['control_method']}" if row.get("control_method") else ""
    ratios = [row.get("ratio"), row.get("ratio_low"), row.get("ratio_high")]
    gap = more(ratios)
    return (
        f"Equal dose, {label('dose', row['dose'])}: {winner}. The best partial scan "
        f"({row['scan']} at {row['coverage']}) leaves {gap} than the best full one "
        f"({full}{how}), on {amount(row['images'], 'image', 'g')} in "
        f"{amount(row['groups'], 'group', 'g')}."
    )


def missed(rows: Sequence[Row]) -> list[str]:
    """Say how many features are found, and how many misses the uncertainty flagged."""
    whole = [r for r in rows if r["kind"] == "all" and r.get("detection_rate") is not None]
    said = []
    for (feature,), part in gathered(whole, ["feature"]).items():
        means = {
            method: sum(r["detection_rate"] for r in some) / len(some)
            for (method,), some in gathered(part, ["method"]).items()
        }
        method = max(means, key=lambda name: means[name])
        mine = [row for row in part if row["method"] == method]
        mine.sort(key=lambda row: row["detection_rate"], reverse=True)
        ends = mine if len(mine) == 1 else [mine[0], mine[-1]]
        texts = " and ".join(_found(row, mine) for row in ends)
        misses = sum(row.get("misses") or 0 for row in mine)
        flagged = sum((r.get("misses_flagged") or 0) * (r.get("misses") or 0) for r in mine)
        known = any(row.get("misses_flagged") is not None for row in mine)
        warned = (
            f" Of {amount(misses, 'miss', 'g')}, the uncertainty flagged "
            f"{100 * flagged / max(misses, 1):.0f} %."
        )
        said.append(
            f"Of features of the kind {feature} ({method}), {texts}."
            + (warned if misses and known else "")
        )
    return said


def too_few_images(rows: Sequence[Row], false_alarms: float) -> list[str]:
    """Say of which features nothing can be said, and how many images would do."""
    whole = [row for row in rows if row["kind"] == "all" and row.get("images")]
    said = []
    for (feature,), part in gathered(whole, ["feature"]).items():
        if any(row.get("detection_rate") is not None for row in part):
            continue
        row = part[0]
        needed = images_needed(row["features"] / row["images"], false_alarms)
        said.append(
            f"Of features of the kind {feature} nothing can be said: "
            f"{amount(row['images'], 'image', 'g')} {are(row['images'])} too few for a "
            f"threshold that {figure(100 * false_alarms)} % of places without a feature pass; "
            f"at least {needed} are needed (features.images={needed})."
        )
    return said


def _found(row: Row, among: Sequence[Row]) -> str:
    ends = row.get("detection_low"), row.get("detection_high")
    text = f"{100 * row['detection_rate']:.0f} %"
    if ends[0] is not None and ends[1] is not None:
        text += f" ({100 * ends[0]:.0f} to {100 * ends[1]:.0f} %)"
    return f"{text} are found by {_place(row, among)}"


def limits(study: Study) -> list[str]:
    """Say what bounds the answer."""
    groups = len({row.get("group") or row["image"] for row in study.results})
    said = []
    if study.results and groups < _FEW_GROUPS:
        said.append(
            f"The images come from {amount(groups, 'group')} only: the intervals say little "
            "of other specimens."
        )
    if any(row.get("dose") for row in study.paths) and not study.controls:
        said.append("No image is clean enough for full scans of the same dose to compare with.")
    return said
