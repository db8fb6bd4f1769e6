"""The report: report.md, the tables behind it as CSV, and pictures."""

import platform
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from pictures import draw
from protocol import CLASSES, MAIN, NOISY
from ratios import METRIC, Errors
from showing import must_show, ratio_table, wanted
from store import BLURRED, ORACLES, WIDTHS, Store, is_model, label
from tables import BEST, blocks, rows_of, table

from stemgan import __version__
from stemgan.amounts import amount
from stemgan.baselines import METHODS
from stemgan.evaluate import Condition, Plan
from stemgan.evaluate.methods import RAW, fingerprint, is_raw, model_of, weights_digest
from stemgan.evaluate.report import profile_rows, write_table
from stemgan.files import whole_file

Lines = Iterator[str]


def write_report(folder: Path, plan: Plan, methods: Sequence[str], store: Store) -> None:
    """Write the report of all figures that are there.

    Parameters
    ----------
    folder : where it goes.
    plan : the images and conditions.
    methods : which methods to tell of.
    store : their figures.
    """
    errors = gather(plan, methods, store)
    shown = [label(m) for m in methods if m != WIDTHS]
    models = [label(m) for m in methods if is_model(m)]
    suite = [m for m in shown if m in (*METHODS, BLURRED)]
    main = [c for c in plan.conditions if c in MAIN]
    noisy = [c for c in plan.conditions if c in NOISY]
    lines = chain(
        _head(plan, methods),
        _showing(errors, models, suite),
        _limits(errors, [*models, "gaussian-process", BLURRED, *ORACLES]),
        _means(errors, shown, main),
        _by_class(errors, shown, main),
        _wins(errors, [m for m in shown if m not in ORACLES], main),
        _noisy(errors, shown, noisy),
        _pictures(noisy),
        _seconds(errors, shown, main),
    )
    with whole_file(folder / "report.md") as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _tables(folder, plan, errors, shown)
    rings = {
        unit: list(chain.from_iterable(
            profile_rows(replace(plan, methods=(label(m),)), store.journal(m).profiles, unit)
            for m in methods if m != WIDTHS
        ))
        for unit in ("distance", "pitch")
    }  # fmt: skip
    for unit, rows in rings.items():
        write_table(folder / f"error_by_{unit}.csv", rows)
    draw(folder, plan, errors, [m for m in methods if m != WIDTHS], rings)


def gather(plan: Plan, methods: Sequence[str], store: Store) -> Errors:
    """Read the figures of some methods."""
    errors = Errors(
        {source.name: source.group for source in plan.sources},
        {source.name: source.label for source in plan.sources},
    )
    for method in methods:
        errors.add(store.journal(method).rows, None if method == WIDTHS else label(method))
    return errors


def _head(plan: Plan, methods: Sequence[str]) -> Lines:
    groups = len({source.group for source in plan.sources})
    yield "# Quality of reconstruction\n"
    yield (
        f"{len(plan.sources)} real micrographs of {groups} groups, none of which trained or "
        "tuned anything; their central 512 px; the same partial scans for every method. Errors "
        "are RMSE in % of the truth's range, against the truth blurred by a 5×5 Gaussian of "
        "σ = 2.5 px unless another is named. Intervals are 95 %, of a bootstrap that draws "
        "groups.\n"
    )
    counts = {c: sum(s.label == c for s in plan.sources) for c in CLASSES}
    yield "Classes: " + ", ".join(f"{n} of {c}" for c, n in counts.items()) + ".\n"
    weights = [f"`{label(m)}` {weights_digest(m)[:12]}" for m in methods if is_model(m)]
    yield (
        f"stemgan {__version__}; weights: {', '.join(weights) or 'none'}; classical methods: "
        f"code {fingerprint('nearest')[:12]}; Python {platform.python_version()}, "
        f"{platform.machine()}.\n"
    )


def _showing(errors: Errors, models: Sequence[str], suite: Sequence[str]) -> Lines:
    for model in models:
        if is_raw(model):
            continue
        yield f"## What {model} shows\n"
        yield (
            "✓ and ✗: at most the limit; lower than the best simple method on at least 80 % of "
            "the images one by one, and on none more than 10 % higher; below every classical "
            "method in the mean, and on the lattices; below the oracles.\n"
        )
        yield from table(must_show(errors, model, suite))
        yield "\nThe same against the raw truth, whose noise nobody can predict:\n"
        both = [m for m in models if model_of(m) == model]
        yield from table(ratio_table(errors, both, wanted(), "rmse_raw"))
        yield ""


def _limits(errors: Errors, methods: Sequence[str]) -> Lines:
    yield "## Ratios to the best simple method, and the oracles\n"
    yield (
        "Ratio of mean errors, its interval, and the share of images with a lower error. "
        "`oracle` is kriging that is told each blurred truth's periodogram, `oracle-wide` the "
        "same with a plane and a margin: cheats, and the limit of what is linear and "
        f"stationary. `{BLURRED}` is kriging blurred as the truth is, the posterior mean of "
        f"the blurred truth; of models, `{RAW}` marks the completion of the raw truth.\n"
    )
    yield from table(ratio_table(errors, methods, wanted()))
    yield ""
    rest = [c for c in MAIN if c not in wanted()]
    yield from table(ratio_table(errors, methods, rest))
    yield ""


def _means(errors: Errors, shown: Sequence[str], conditions: Sequence[Condition]) -> Lines:
    for metric, title in (
        (METRIC, "Mean error against the blurred truth [%]"),
        ("rmse_raw", "Mean error against the raw truth [%]"),
    ):
        yield f"## {title}\n"
        yield from blocks(errors, shown, conditions, metric)
    yield "## Mean over groups, against the blurred truth [%]\n"
    yield from blocks(errors, shown, conditions, METRIC, groups=True)
    yield "## Mean structural similarity\n"
    yield from blocks(errors, shown, conditions, "ssim", simple=False, least=False)


def _by_class(errors: Errors, shown: Sequence[str], conditions: Sequence[Condition]) -> Lines:
    for kind in CLASSES:
        count = sum(c == kind for c in errors.classes.values())
        if not count:
            continue
        yield f"## {kind}: {amount(count, 'image')}, against the blurred truth [%]\n"
        yield from blocks(errors, shown, conditions, METRIC, of=kind)


def _wins(errors: Errors, shown: Sequence[str], conditions: Sequence[Condition]) -> Lines:
    yield "## Scans on which a method has the least error (oracles left out)\n"
    won = dict.fromkeys(shown, 0)
    for condition in conditions:
        there = [m for m in shown if errors.complete(m, condition)]
        for image in errors.groups:
            of = {m: errors.values(m, condition)[image] for m in there}
            if of:
                won[min(of, key=lambda m: of[m])] += 1
    total = sum(won.values())
    yield f"Of {total}: " + ", ".join(
        f"`{m}` {n}" for m, n in sorted(won.items(), key=lambda item: -item[1]) if n
    )
    yield ""


def _noisy(errors: Errors, shown: Sequence[str], conditions: Sequence[Condition]) -> Lines:
    if not any(errors.complete(m, c) for m in shown for c in conditions):
        return
    yield "## Few electrons per measured pixel, against the blurred truth [%]\n"
    yield from table(rows_of(errors, shown, conditions, METRIC))
    yield ""


def _pictures(noisy: Sequence[Condition]) -> Lines:
    yield "## Pictures\n"
    yield "![Error against coverage](error_vs_coverage.png)\n"
    yield "![Error against distance from the scan](error_vs_distance.png)\n"
    yield "![Ratio to the best simple method, image by image](ratios.png)\n"
    yield "![Examples](examples.png)\n"


def _seconds(errors: Errors, shown: Sequence[str], conditions: Sequence[Condition]) -> Lines:
    yield "## Seconds a scan\n"
    yield (
        "Wall time as the figures came, on a machine with other work: orders of magnitude "
        "alone.\n"
    )
    yield from blocks(errors, shown, conditions, "seconds", simple=False)


def _tables(folder: Path, plan: Plan, errors: Errors, shown: Sequence[str]) -> None:
    """Write every image's error as CSV: a row a scan, a column a method."""
    for metric in (METRIC, "rmse_raw"):
        rows = []
        for source, condition in plan.cells():
            if not errors.referenced(condition):
                continue
            best = errors.best_simple(condition, metric)
            there = [m for m in (best, *shown) if errors.complete(m, condition)]
            of = {m: errors.values(m, condition, metric)[source.name] for m in there}
            rows.append(
                {
                    "image": source.name,
                    "group": source.group,
                    "class": source.label,
                    "scan": condition.scan,
                    "coverage": condition.coverage,
                    "electrons": condition.electrons or "",
                    BEST: of[best],
                    **{m: of.get(m, float("nan")) for m in shown},
                }
            )
        write_table(folder / f"{metric}.csv", rows)
