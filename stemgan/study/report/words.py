"""The answer in plain language: which path to use, what it costs, what it does not show."""

from collections.abc import Sequence

from stemgan.study.report.against import ERROR, best_text
from stemgan.study.report.labels import CONTROLS, duration, figure, label, share
from stemgan.study.report.loading import Study
from stemgan.study.report.misses import share_of
from stemgan.study.report.pooling import Mean, Row, mean_of, parted

_NEAR = 1.1
"""Settings within this factor of the least error count as nearly as good."""
_FEW_GROUPS = 10


def answer(study: Study) -> list[str]:
    """Say what a study found, a sentence or two each; what it did not look at is not said."""
    method = best_method(study.paths)
    said: list[str] = []
    if method is not None:
        rows = [row for row in study.paths if row["method"] == method]
        for (dose, _, _), part in parted(rows, ["dose", "dwell_s", "lag_s"]).items():
            said += which_path(part, method, dose)
        said += [*in_a_hurry(rows), *by_distance(rows), *lattices(rows), *calibrated(rows)]
        said += controls(rows, study.controls)
    said += missed(study.detection)
    return [*said, *limits(study)]


def best_method(rows: Sequence[Row]) -> str | None:
    """Return the method of least mean error over images that every method completed."""
    parts = {method: part for (method,), part in parted(rows, ["method"]).items()}
    if not parts:
        return None
    columns = ("image", "scan", "coverage", "dose", "dwell_s", "lag_s")
    keys = {m: {tuple(r.get(c) for c in columns) for r in part} for m, part in parts.items()}
    common = set.intersection(*keys.values())
    means = {}
    for method, part in parts.items():
        mean = mean_of([r for r in part if tuple(r.get(c) for c in columns) in common], ERROR)
        means[method] = mean.mean if mean else float("inf")
    return min(means, key=lambda method: means[method])


def which_path(rows: Sequence[Row], method: str, dose: float | None) -> list[str]:
    """Say which scan leaves the least error at each coverage, and what the next one adds."""
    under = (
        label("dose", dose) if dose is None else f"{dose:g} electrons per pixel of the field"
    )
    said = []
    for coverage in sorted({row["coverage"] for row in rows}, key=share, reverse=True):
        part = [row for row in rows if row["coverage"] == coverage]
        ranked = _ranked(part)
        if len(ranked) < 2:
            continue
        (best, mean), (second, _) = ranked[:2]
        gap = difference(part, second, best)
        said.append(
            f"At coverage {coverage}, {under}, completed by {method}: {best} leaves the least "
            f"error, {best_text(mean)} of the range; {_gap(second, gap)}."
        )
    return said


def _ranked(rows: Sequence[Row]) -> list[tuple[str, Mean]]:
    """Order scans by mean error over the images that all of them took."""
    parts = {scan: part for (scan,), part in parted(rows, ["scan"]).items()}
    common = set.intersection(*({r["image"] for r in part} for part in parts.values()))
    means = {
        scan: mean_of([r for r in part if r["image"] in common], ERROR)
        for scan, part in parts.items()
    }
    known = [(scan, mean) for scan, mean in means.items() if mean]
    return sorted(known, key=lambda pair: pair[1].mean)


def difference(rows: Sequence[Row], first: str, second: str) -> Mean | None:
    """Return how much more error one scan leaves than another on the same images."""
    errors: dict[str, dict[str, Row]] = {first: {}, second: {}}
    for row in rows:
        if row["scan"] in errors:
            errors[row["scan"]][row["image"]] = row
    both = [
        {"image": image, "group": row.get("group"), "gap": row[ERROR] - other[ERROR]}
        for image, row in errors[first].items()
        if (other := errors[second].get(image))
    ]
    return mean_of(both, "gap")


def _gap(second: str, gap: Mean | None) -> str:
    if gap is None:
        return f"{second} was not measured on the same images"
    if gap.low is None or gap.high is None:
        return f"{second} leaves {figure(gap.mean)} points more, on one group of images alone"
    interval = f"{figure(gap.mean)} points ({figure(gap.low)} to {figure(gap.high)})"
    if gap.low <= 0:
        return f"{second} cannot be told apart from it, being {interval} worse"
    return f"{second}, the next, is worse by {interval}"


def in_a_hurry(rows: Sequence[Row]) -> list[str]:
    """Name the fastest setting that is nearly as good as the best."""
    said = []
    settings = ["scan", "coverage", "dwell_s", "lag_s"]
    for (dose,), part in parted(rows, ["dose"]).items():
        found = []
        for key, members in parted(part, settings).items():
            error, time = mean_of(members, ERROR), mean_of(members, "duration_s")
            if error and time and time.mean > 0:
                found.append((time.mean, error, key))
        if len(found) < 2:
            continue
        best = min(found, key=lambda one: one[1].mean)
        fast = min(found, key=lambda one: (one[1].mean > _NEAR * best[1].mean, one[0]))
        if fast is best:
            continue
        said.append(
            f"If time is short ({label('dose', dose)}): {fast[2][0]} at {fast[2][1]} takes "
            f"{duration(fast[0])} in place of {duration(best[0])} for {best[2][0]} at "
            f"{best[2][1]}, and its error, {best_text(fast[1])}, is within "
            f"{100 * (_NEAR - 1):.0f} % of the least."
        )
    return said


def by_distance(rows: Sequence[Row]) -> list[str]:
    """Say how fast error grows away from the path."""
    said = []
    for (scan,), part in parted(rows, ["scan"]).items():
        slopes = []
        for (coverage,), members in parted(part, ["coverage"]).items():
            slope = mean_of(members, "slope_per_px")
            if slope and slope.low is not None and slope.high is not None:
                slopes.append((share(coverage), coverage, slope))
        if not slopes:
            continue
        texts = [f"{figure(s.mean)} ({figure(s.low)} to {figure(s.high)}) at {c}"
                 for _, c, s in sorted(slopes, reverse=True)]  # fmt: skip
        grows = all(slope.low > 0 for _, _, slope in slopes)
        verb = (
            "grows with distance from" if grows else "does not surely grow with distance from"
        )
        said.append(f"Error {verb} a {scan} path: % of the range per px, {'; '.join(texts)}.")
    return said


def lattices(rows: Sequence[Row]) -> list[str]:
    """Say what happens to lattices finer than the pitch."""
    known = [row for row in rows if row.get("lattice_period_px") and row.get("pitch_px")]
    fine = [row for row in known if row["pitch_px"] > row["lattice_period_px"]]
    coarse = [row for row in known if row["pitch_px"] <= row["lattice_period_px"]]
    below, above = mean_of(coarse, "nrmse_std_blurred"), mean_of(fine, "nrmse_std_blurred")
    if not below or not above:
        return []
    return [
        "Lattices: where the pitch is finer than the lattice, the error is "
        f"{best_text(below, '')} of the contrast; where it is coarser, {best_text(above, '')}."
    ]


def calibrated(rows: Sequence[Row]) -> list[str]:
    """Say whether the intervals hold what they promise."""
    mean = mean_of(rows, "interval_90")
    if mean is None:
        return []
    return [f"Of the truth, {figure(100 * mean.mean)} % lies inside the 90 % interval."]


def controls(rows: Sequence[Row], full: Sequence[Row]) -> list[str]:
    """Say whether a full scan of the same dose would have been better."""
    said = []
    for (dose,), part in parted(full, ["dose"]).items():
        images = {row["image"] for row in part}
        sparse = [r for r in rows if r.get("dose") == dose and r["image"] in images]
        ranked = []
        for key, members in parted(sparse, ["scan", "coverage", "dwell_s", "lag_s"]).items():
            mean = mean_of(members, ERROR)
            if mean:
                ranked.append((mean.mean, key, members))
        kinds = [
            (mean.mean, control, members)
            for (control, _), members in parted(part, ["control", "method"]).items()
            if (mean := mean_of(members, ERROR))
        ]
        if not ranked or not kinds:
            continue
        _, (scan, coverage, *_), path = min(ranked, key=lambda one: one[0])
        _, control, best = min(kinds, key=lambda one: one[0])
        both = [{**row, "scan": "sparse"} for row in path]
        both += [{**row, "scan": "full"} for row in best]
        gap = difference(both, "sparse", "full")
        if gap:
            said.append(
                _verdict(dose, f"{scan} at {coverage}", CONTROLS.get(control, control), gap)
            )
    return said


def _verdict(dose: float | None, sparse: str, full: str, gap: Mean) -> str:
    ends = gap.low if gap.low is not None else 0.0, gap.high if gap.high is not None else 0.0
    winner = "neither surely wins"
    if ends[0] > 0:
        winner = "the full scan wins"
    elif ends[1] < 0:
        winner = "the sparse scan wins"
    interval = f"{figure(gap.mean)} points ({figure(ends[0])} to {figure(ends[1])})"
    return (
        f"Equal dose, {label('dose', dose)}: {winner}. The best sparse scan ({sparse}) less the "
        f"best full one ({full}) is {interval} of error, on {gap.images} images in "
        f"{gap.groups} groups."
    )


def missed(rows: Sequence[Row]) -> list[str]:
    """Say how many features are found, and how many misses the uncertainty flagged."""
    said = []
    present = [row for row in rows if row.get("present")]
    for (feature, method), part in parted(present, ["feature", "method"]).items():
        shares = []
        for (coverage,), members in parted(part, ["coverage"]).items():
            found = share_of(members, "detected")
            if found:
                shares.append((share(coverage), f"{100 * found[0]:.0f} % at {coverage}"))
        misses = share_of([row for row in part if not row["detected"]], "flagged")
        flagged = (
            f"; of the misses, the uncertainty flagged {100 * misses[0]:.0f} %"
            if misses
            else ""
        )
        texts = ", ".join(text for _, text in sorted(shares, reverse=True))
        if texts:
            said.append(f"Found of every {feature} ({method}): {texts}{flagged}.")
    return said


def limits(study: Study) -> list[str]:
    """Say what bounds the answer."""
    groups = {row.get("group") or row["image"] for row in study.paths}
    said = []
    if study.paths and len(groups) < _FEW_GROUPS:
        said.append(
            f"The images come from {len(groups)} group{'s' * (len(groups) != 1)} only: the "
            "intervals say little of other specimens."
        )
    if study.paths and not study.controls and any(r.get("dose") for r in study.paths):
        said.append("No image is clean enough for full scans of the same dose to compare with.")
    return said
