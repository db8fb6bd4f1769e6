"""Pictures of the report: error by coverage and distance, ratios image by image, examples."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from protocol import CROP, MAIN
from ratios import Errors
from showing import wanted
from store import ORACLES, is_model, label

from stemgan import plots
from stemgan.evaluate import Condition, Plan, take_scan
from stemgan.evaluate.methods import is_raw, load_methods
from stemgan.measurement import PartialScan, measure
from stemgan.plots.style import pyplot, save
from stemgan.scan import ScanDesign, parse_coverage
from stemgan.synthetic import recorded, scene

FEW = ("nearest", "biharmonic", "fourier-pocs", "gaussian-process")
"""The classical methods that are drawn: more lines show less."""
EXAMPLES = (
    ("partial-STEM__truth-5", Condition("spiral", "1/17.9")),
    ("ChromSTEM__a549_cell", Condition("dots", "1/50")),
)
"""Images whose licence (MIT) lets them be shown; a simulated lattice stands for the others."""
LATTICE, ITS_SCAN = (20261120, 1), Condition("spiral", "1/50")
"""Its seed, and how it is scanned."""


def draw(
    folder: Path,
    plan: Plan,
    errors: Errors,
    methods: Sequence[str],
    rings: Mapping[str, Sequence[Mapping[str, Any]]],
) -> None:
    """Draw all pictures of what is there into a folder."""
    drawn = [m for m in methods if m in FEW or m in ORACLES or _completes_blurred(m)]
    names = [label(m) for m in drawn]
    main = [c for c in plan.conditions if c in MAIN]
    summary = [
        {
            "scan": c.scan,
            "coverage": c.coverage,
            "electrons": c.electrons,
            "method": m,
            "rmse_blurred": errors.mean(m, c),
        }
        for c in main
        for m in names
        if errors.complete(m, c)
    ]
    plots.error_against_coverage(folder / "error_vs_coverage.png", summary)
    for unit, rows in rings.items():
        few = [
            r for r in rows
            if r["method"] in names and (r["scan"], r["coverage"]) in _panels(main)
            and r["electrons"] is None
        ]  # fmt: skip
        plots.error_against_distance(folder / f"error_vs_{unit}.png", few, unit)
    _ratios(folder / "ratios.png", errors, [n for n in names if n not in FEW[:3]])
    _examples(folder / "examples.png", plan, [m for m in drawn if m not in ORACLES])


def _completes_blurred(method: str) -> bool:
    return is_model(method) and not is_raw(method)


def _panels(conditions: Sequence[Condition]) -> set[tuple[str, str]]:
    wide = ("1/17.9", "1/50", "1/87")
    return {(c.scan, c.coverage) for c in conditions if c.coverage in wide}


def _ratios(path: Path, errors: Errors, names: Sequence[str]) -> None:
    """Draw each image's error over the best simple method's: a dot an image."""
    plt = pyplot()
    conditions = [
        c for c in wanted()
        if errors.referenced(c) and all(errors.complete(n, c) for n in names)
    ]  # fmt: skip
    figure, axes = plt.subplots(figsize=(1.2 * len(conditions) + 2, 4.6))
    rng = np.random.default_rng(0)
    for k, name in enumerate(names):
        shift = (k - (len(names) - 1) / 2) * 0.8 / len(names)
        for i, condition in enumerate(conditions):
            ours = errors.values(name, condition)
            simple = errors.values(errors.best_simple(condition), condition)
            each = np.array([ours[image] / simple[image] for image in ours])
            places = i + shift + rng.uniform(-0.05, 0.05, len(each))
            axes.plot(places, each, ".", color=f"C{k}", markersize=3.5, alpha=0.6)
            ratio = errors.ratio(name, errors.best_simple(condition), condition)
            axes.plot([i + shift], [ratio.mean], "_", color="k", markersize=12, mew=2)
        axes.plot([], [], "o", color=f"C{k}", label=name)
    axes.axhline(1, color="0.4", linewidth=1)
    axes.set_yscale("log", base=2)
    axes.set_yticks([0.25, 0.5, 0.8, 1, 1.25, 2], ["0.25", "0.5", "0.8", "1", "1.25", "2"])
    axes.set_xticks(range(len(conditions)), [c.label.replace(" ", "\n") for c in conditions])
    axes.set_ylabel("error over the best simple method's\n(dot: an image; line: of the means)")
    axes.legend(loc="upper right", ncols=len(names), fontsize=8)
    save(figure, path)


def _examples(path: Path, plan: Plan, methods: Sequence[str]) -> None:
    ready = {label(name): method for name, method in load_methods(methods).items()}
    known = {source.name: source for source in plan.sources}
    taken = [(c, *take_scan(known[name], c, plan.seed)) for name, c in EXAMPLES]
    lattice = _lattice()
    taken.append((ITS_SCAN, lattice, _scanned(lattice, ITS_SCAN)))
    rows = []
    for condition, truth, scan in taken:
        images = {m: method(scan) for m, method in ready.items()}
        rows.append((condition.label, truth, scan.with_nan(), images))
    plots.example_sheet(path, "texture, chromatin, and a simulated lattice", rows)


def _lattice() -> NDArray[np.float32]:
    """Draw the simulated lattice, (512, 512)."""
    rng = np.random.default_rng(LATTICE)
    drawn = scene((CROP, CROP), rng, "crystal")
    return recorded(drawn.render(), rng, drawn.pixel_size)


def _scanned(truth: NDArray[np.float32], condition: Condition) -> PartialScan:
    coverage = parse_coverage(condition.coverage)
    shape = truth.shape[0], truth.shape[1]
    return measure(truth, ScanDesign(condition.scan, shape, coverage=coverage).trace())
