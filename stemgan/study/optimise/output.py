"""What a search leaves behind: the table of trials, a figure, and the best path."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stemgan.files import whole_file
from stemgan.pathfiles import FramePath, write_path
from stemgan.plots.style import MARKS, look_of, pyplot, save
from stemgan.scan.costs import course_of
from stemgan.study.optimise.measuring import drawn
from stemgan.study.optimise.search import Search
from stemgan.study.optimise.searching import Best
from stemgan.study.optimise.trials import reason_of
from stemgan.study.tables import write_table

if TYPE_CHECKING:
    from optuna import Study

Row = dict[str, Any]

_COLUMNS = (
    "trial",
    "state",
    "error",
    "images",
    "family",
    "coverage",
    "dwell_s",
    "rotation_rad",
    "jitter_px",
    "achieved",
    "duration_s",
    "exposure_s",
    "dose",
    "velocity_px_per_s",
    "acceleration_px_per_s2",
    "mean_distance_px",
    "largest_distance_px",
    "broken",
    "reason",
)
_UNITS = {"s": ("dwell", "duration", "exposure"), "rad": ("rotation",)}
_PIXELS = {
    "jitter": "px",
    "velocity": "px_per_s",
    "acceleration": "px_per_s2",
    "mean_distance": "px",
    "largest_distance": "px",
}


def trial_rows(study: "Study") -> list[Row]:
    """Return a row for each trial.

    Its state is "measured", "given up" (worse than the best after `images` images), "beyond"
    (the limits that `broken` names; not measured), "impossible" (for a `reason`), or "stopped"
    (tried again later).
    """
    return [_row(trial) for trial in study.trials if trial.state.is_finished()]


def _row(trial: Any) -> Row:  # noqa: ANN401 (a FrozenTrial)
    states = {"COMPLETE": "measured", "FAIL": "stopped"}
    state = states.get(trial.state.name)
    if state is None:
        without = "impossible" if reason_of(trial) else "beyond"
        state = "given up" if "images" in trial.user_attrs else without
    excess = trial.user_attrs.get("excess", {})
    row: Row = dict.fromkeys(_COLUMNS) | {
        "trial": trial.number,
        "state": state,
        "error": trial.value if state == "measured" else None,
        "images": trial.user_attrs.get("images", 0),
        "broken": " ".join(name for name, value in excess.items() if value > 0),
        "reason": reason_of(trial),
    }
    found = trial.user_attrs.get("candidate", {}) | trial.user_attrs.get("costs", {})
    return row | {_named(name): value for name, value in found.items()}


def _named(name: str) -> str:
    unit = next((u for u, names in _UNITS.items() if name in names), _PIXELS.get(name))
    return f"{name}_{unit}" if unit else name


def write(search: Search, best: Best, study: "Study", folder: Path) -> Row:
    """Write trials (CSV, Parquet, PNG), best.npy and best.json, and return the last.

    best.npy is the path on the usual shape, with its dwells, as `stemgan scan` writes it; of a
    random family, one that the family may give.
    """
    rows = trial_rows(study)
    write_table(folder, "trials", rows)
    _draw(folder / "trials.png", search, rows)
    shape = search.shapes[0]
    trace = drawn(best.candidate, shape, search.seed)
    timing = type(search.timing)(
        best.candidate.dwell, search.timing.flyback, search.timing.settling, search.timing.lag
    )
    way = course_of(best.candidate.family, trace, timing)
    with whole_file(folder / "best.npy") as temporary:
        write_path(
            temporary,
            FramePath(trace.path, shape, way.stay, way.joined),
            "npy",
            visited=trace.visited,
            pixel_dwell=best.candidate.dwell,
            name=best.candidate.family,
        )
    states = [row["state"] for row in rows]
    figures = {
        "trial": best.number,
        "metric": search.metric,
        "error": best.error,
        "method": search.method,
        "images": len(search.sources),
        "groups": len({source.group for source in search.sources}),
        "shape": list(shape),
        **{_named(name): value for name, value in (best.candidate.values | best.costs).items()},
        "measured": states.count("measured"),
        "given_up": states.count("given up"),
        "beyond_limits": states.count("beyond"),
        "impossible": states.count("impossible"),
        "path": str(folder / "best.npy"),
    }
    with whole_file(folder / "best.json") as temporary:
        temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return figures


def _draw(path: Path, search: Search, rows: list[Row]) -> None:
    """Draw the errors in the order of the trials with the best so far, and against time."""
    done = [row for row in rows if row["state"] == "measured"]
    figure, axes = pyplot().subplots(1, 2, figsize=(10, 4))
    for family in search.space.families:
        members = [row for row in done if row["family"] == family]
        if not members:
            continue
        errors = [row["error"] for row in members]
        colour, mark = look_of(family, search.space.families)
        look = {"label": family, "s": 22, "color": colour, "marker": MARKS[mark]}
        axes[0].scatter([row["trial"] for row in members], errors, **look)
        axes[1].scatter([1e3 * row["duration_s"] for row in members], errors, **look)
    if done:
        best = np.minimum.accumulate([row["error"] for row in done])
        axes[0].step([row["trial"] for row in done], best, where="post", color="0.3", lw=1)
    if search.limits.duration is not None:
        axes[1].axvline(1e3 * search.limits.duration, color="0.3", ls="--", lw=1)
    axes[0].set(xlabel="trial", ylabel=search.metric)
    axes[1].set(xlabel="duration of the scan [ms]; dashed: limit")
    axes[1].legend(fontsize=8)
    save(figure, path)
