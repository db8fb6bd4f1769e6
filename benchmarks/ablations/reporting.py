"""The table of what pays, from the figures of all runs."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from samples import FIXED
from scipy.stats import t as student

from stemgan.files import whole_file

Run = dict[str, Any]
FULL = "full"
_COLUMNS: dict[str, str] = {
    "arm": "arm",
    "changes": "what is other",
    "parameters": "parameters [M]",
    "gmac": "GMAC at 512²",
    "steps": "steps",
    "pflop": "training PFLOP",
    "seeds": "seeds",
    "blurred": "blurred",
    "difference": "less full",
    "better": "better [%]",
    "raw": "raw",
    "seconds": "s",
}
_ALL, _SHOWN = "all", ("spiral", "dots")


def write_report(
    folder: Path, runs: Sequence[Run], order: Sequence[str], settings: dict[str, Any]
) -> str:
    """Write report.md and ablations.csv, and return the former."""
    rows = table(runs, order)
    names = list(rows[0])
    with whole_file(folder / "ablations.csv") as path, path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    report = "\n".join((*_heading(settings), *_markdown(rows), ""))
    with whole_file(folder / "report.md") as path:
        path.write_text(report, encoding="utf-8")
    return report


def table(runs: Sequence[Run], order: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each arm: the full one, then the others as ordered, then the rest."""
    arms: dict[str, dict[int, Run]] = {}
    for run in runs:
        arms.setdefault(run["arm"], {})[run["seed"]] = run
    known = [name for name in order if name in arms]
    names = known + [name for name in arms if name not in known]
    sets = [name for name in next(iter(arms[names[0]].values()))["errors"] if name != FIXED]
    return [_row(name, arms[name], arms.get(_reference(name), {}), sets) for name in names]


def _reference(name: str) -> str:
    """Return what an arm is compared to: parts of a trained model to that, others to full."""
    model, _, part = name.partition(" ")
    return model if part else FULL


def _row(
    name: str, runs: dict[int, Run], full: dict[int, Run], sets: Sequence[str]
) -> dict[str, Any]:
    one = next(iter(runs.values()))
    row: dict[str, Any] = {"arm": name, "changes": one["changes"]}
    trained = "steps" in one
    row["parameters"] = f"{one['parameters'] / 1e6:.2f}" if trained else ""
    row["gmac"] = f"{one['gmac']:.1f}" if trained else ""
    row["steps"] = f"{one['steps']} x {one['batch']}" if trained else ""
    row["pflop"] = f"{one['flops'] * one['steps'] / 1e15:.4f}" if trained else ""
    row["seeds"] = len(runs) if trained else ""
    row["blurred"] = _spread(_means(runs, sets, "blurred"))
    # What is not trained is the same beside any seed.
    beside = runs if trained else dict.fromkeys(full, one)
    paired = {seed: full[seed] for seed in beside if seed in full}
    itself = name == FULL or not paired
    row["difference"] = "" if itself else _difference(beside, paired, sets)
    row["better"] = "" if itself else _better(beside, paired, sets)
    for of in sets:
        row[of] = _spread(_means(runs, [of], "blurred"))
    for family in _SHOWN:
        row[family] = _spread(_means(runs, sets, "blurred", family))
    row["raw"] = _spread(_means(runs, sets, "raw"))
    row[FIXED] = _spread(_means(runs, [FIXED], "blurred"))
    row["seconds"] = f"{np.mean([r['seconds'] for r in runs.values()]):.0f}" if trained else ""
    return row


def _means(
    runs: dict[int, Run], sets: Iterable[str], truth: str, family: str | None = None
) -> list[float]:
    """Return each seed's mean error over the samples of some sets; none where not judged."""
    found = [_errors(run, sets, truth, family) for run in runs.values()]
    return [float(errors.mean()) for errors in found if len(errors)]


def _errors(run: Run, sets: Iterable[str], truth: str, family: str | None = None) -> np.ndarray:
    return np.array(
        [
            error
            for name in sets
            if name in run["errors"]
            for error, of in zip(
                run["errors"][name][truth], run["errors"][name]["family"], strict=True
            )
            if family in (None, of)
        ]
    )


def _spread(means: Sequence[float]) -> str:
    if not means:
        return ""
    if len(means) == 1:
        return f"{means[0]:.3f}"
    return f"{np.mean(means):.3f} ± {np.std(means, ddof=1):.3f}"


def _pairs(runs: dict[int, Run], full: dict[int, Run], sets: Sequence[str]) -> list[np.ndarray]:
    """Return each shared seed's differences to the full arm, by sample both are judged on."""
    own = [(_errors(runs[seed], sets, "blurred"), seed) for seed in full]
    if not all(len(errors) for errors, _ in own):
        sets = [FIXED]
        own = [(_errors(runs[seed], sets, "blurred"), seed) for seed in full]
    return [errors - _errors(full[seed], sets, "blurred") for errors, seed in own]


def _difference(runs: dict[int, Run], full: dict[int, Run], sets: Sequence[str]) -> str:
    """Return the mean difference with its 95 % interval of Student's t over seeds."""
    means = [float(pair.mean()) for pair in _pairs(runs, full, sets)]
    if len(means) < 2:
        return f"{means[0]:+.3f}"
    half = student.ppf(0.975, len(means) - 1) * np.std(means, ddof=1) / np.sqrt(len(means))
    return f"{np.mean(means):+.3f} ± {half:.3f}"


def _better(runs: dict[int, Run], full: dict[int, Run], sets: Sequence[str]) -> str:
    """Return on how many samples the arm's error is lower, in the mean over seeds [%]."""
    mean = np.mean(_pairs(runs, full, sets), axis=0)
    return f"{100 * np.mean(mean < 0):.0f}"


def _markdown(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    titles = [_COLUMNS.get(name, name) for name in rows[0]]
    yield "| " + " | ".join(titles) + " |"
    yield "|" + "---|" * len(titles)
    for row in rows:
        yield "| " + " | ".join(str(value) for value in row.values()) + " |"


def _heading(settings: dict[str, Any]) -> Iterable[str]:
    plan, host, made = settings["plan"], settings["machine"], settings["versions"]
    yield "# What pays in the network"
    yield ""
    size, val = plan["size"], plan["val_size"]
    yield (
        f"Each arm is trained from nothing on crops of {size} px of one pool of "
        f"{plan['train']} samples, for the operations of {settings['steps']} steps of the "
        "full arm (kriging and Fourier transforms not counted), and judged on "
        f"{plan['val']} held-out samples of {val} px of each dataset. Errors are RMSE in % of "
        "the truth's range, of the blurred truth where not said otherwise: mean ± standard "
        "deviation over seeds. *Less full* is the mean difference to the full arm of the same "
        "seeds (positive: worse) ± half of its 95 % interval (Student's t over seeds), or, of "
        "a trained model that was changed, to that model as it was; *better* is on how many "
        "samples the mean over seeds is lower than theirs. "
        f"The fixed spiral has a pitch of {plan['pitch']:g} px on {size} px; what is trained "
        "on it alone is compared on it alone."
    )
    yield ""
    device = host.get("gpu") or f"{host['processor']}, {host.get('device', '')}"
    yield f"Made on {device}, torch {made.get('torch')}, stemgan {made['stemgan']}."
    yield ""
