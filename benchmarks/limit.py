"""How near completions come to the best there is, on fields of which the best is known.

    python benchmarks/limit.py RESULTS.csv [--fields 10] [--size 512] [--noise 0.2]
        [--scan spiral,line-hop,dots] [--coverage 1/17.9,1/50] [--model stemgan-s,…]

Of a stationary Gaussian random field of known spectrum S under known white noise, the
posterior mean m = S Aᵀ (A S Aᵀ + σ²)⁻¹ y has the least error of all completions, linear or not.
Here it is told S and σ², while the Gaussian process must learn both from the scan and a network
knows neither. Fields are drawn on a periodic grid half as wide again as what is seen of it,
which the posterior mean is told too, and m is solved for in double precision, by conjugate
gradients to a residual of 1e-6.

Errors are root mean squares over the field's deviation, from the field and from the blurred
field (5x5, σ 2.5 px), whose posterior mean is the blurred m: of a network's completions of the
raw and of the blurred truth, of a classical method's image and of that blurred. The table gives
their ratio to those of m, geometric means over fields with 95 % intervals of a bootstrap over
fields; 1 is the limit. RESULTS.csv gets a row for each field, scan and method; again, what it
holds is left. A table of before networks had two completions is refused.
"""

import argparse
import csv
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from random_fields import SPECTRA, field, posterior_mean, spectrum
from scipy.fft import next_fast_len

from stemgan.baselines import METHODS, complete
from stemgan.errors import InputError
from stemgan.evaluate import warm_up
from stemgan.measurement import PartialScan, measure
from stemgan.metrics import blurred
from stemgan.reconstruct import Reconstructor
from stemgan.scan import ScanDesign, parse_coverage

Array = NDArray[np.float64]
Row = dict[str, str]
Ratios = dict[tuple[str, str, str, str], dict[int, float]]

TORUS = 1.5
RESAMPLES = 2000
COLUMNS = (
    "spectrum", "noise", "scan", "coverage", "achieved", "field", "size", "method", "rmse",
    "rmse_blurred", "iterations", "residual", "seconds", "meaning",
)  # fmt: skip
MEANING = "both completions"
"""What a row's errors are of: a table without it holds those of one image of each network."""


class Case(NamedTuple):
    """What is drawn and scanned."""

    spectrum: str
    scan: str
    coverage: str
    field: int

    def made(self, size: int, noise: float) -> tuple[Array, Array, PartialScan]:
        """Return the spectrum, the field, and the scan of the field plus noise."""
        rng = np.random.default_rng((list(SPECTRA).index(self.spectrum), self.field))
        power = spectrum(self.spectrum, int(next_fast_len(int(TORUS * size), True) or 0))
        truth = field(power, rng)[:size, :size]
        noisy = (truth + noise * rng.standard_normal(truth.shape)).astype(np.float32)
        design = ScanDesign(
            self.scan, truth.shape, coverage=parse_coverage(self.coverage), seed=self.field
        )
        return power, truth, measure(noisy, design.trace())


def rows(
    case: Case, size: int, noise: float, methods: dict[str, Callable]
) -> Iterator[dict[str, object]]:
    """Yield what each method leaves of error, the exact posterior mean first."""
    power, truth, scan = case.made(size, noise)
    deviation, target = truth.std(), blurred(truth)

    def row(name: str, image: Array, soft: Array, **more: object) -> dict[str, object]:
        errors = [
            float(np.sqrt(np.mean((a - b) ** 2)) / deviation)
            for a, b in ((image, truth), (soft, target))
        ]
        about = {
            **case._asdict(), "noise": noise, "size": size, "achieved": scan.coverage,
            "meaning": MEANING,
        }  # fmt: skip
        return about | {"method": name, "rmse": errors[0], "rmse_blurred": errors[1]} | more

    start = time.perf_counter()
    exact = posterior_mean(scan.values.astype(np.float64), scan.mask, power, noise**2)
    yield row(
        "exact", exact.image, blurred(exact.image), iterations=exact.iterations,
        residual=exact.residual, seconds=time.perf_counter() - start,
    )  # fmt: skip
    for name, method in methods.items():
        start = time.perf_counter()
        image, soft = method(scan)
        yield row(name, image, soft, seconds=time.perf_counter() - start)


def load(names: list[str]) -> dict[str, Callable[[PartialScan], tuple[Array, Array]]]:
    """Load methods that complete a field, and the blurred field; ready to be timed."""

    def classical(name: str, scan: PartialScan) -> tuple[Array, Array]:
        image = complete(scan, name).astype(np.float64)
        return image, blurred(image)

    def network(model: Reconstructor, scan: PartialScan) -> tuple[Array, Array]:
        made = model(scan)
        return made.raw.astype(np.float64), made.image.astype(np.float64)

    methods = {
        name: partial(classical, name)
        if name in METHODS
        else partial(network, Reconstructor.load(name))
        for name in names
    }
    warm_up(methods.values())
    return methods


def collect(path: Path, args: argparse.Namespace) -> list[Row]:
    """Add what is missing to a table, a case at a time, and return it."""
    kept = read(path) if path.is_file() else []
    names = args.model.split(",")
    cases = [
        Case(name, scan, coverage, number)
        for number in range(args.fields)  # a field at a time, so that any length is balanced
        for name in args.spectrum.split(",")
        for coverage in args.coverage.split(",")
        for scan in args.scan.split(",")
    ]
    done = {(_case(row), float(row["noise"]), int(row["size"]), row["method"]) for row in kept}
    methods: dict[str, Callable] = {}
    for case in cases:
        wanted = {(case, args.noise, args.size, name) for name in ("exact", *names)}
        if wanted <= done:
            continue
        methods = methods or load(names)
        made = [
            {name: str(value) for name, value in row.items()}
            for row in rows(case, args.size, args.noise, methods)
            if (case, args.noise, args.size, row["method"]) not in done
        ]
        _append(path, made)
        kept += made
    return kept


def read(path: Path) -> list[Row]:
    """Read a table.

    Raises
    ------
    InputError : its errors are of something else than those of today.
    """
    with path.open(newline="", encoding="utf-8") as file:
        kept = list(csv.DictReader(file))
    if any(row.get("meaning") != MEANING for row in kept):
        raise InputError(
            f"{path} was made before networks had two completions: name another file"
        )
    return kept


def _case(row: Row) -> Case:
    return Case(row["spectrum"], row["scan"], row["coverage"], int(row["field"]))


def _append(path: Path, made: Iterable[Row]) -> None:
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, COLUMNS)
        if new:
            writer.writeheader()
        writer.writerows(made)


def ratios(table: Iterable[Row], figure: str) -> Ratios:
    """Return the logarithms of ratios to the exact posterior mean, of each field's errors."""
    by_case: dict[Case, dict[str, float]] = defaultdict(dict)
    for row in table:
        by_case[_case(row)][row["method"]] = float(row[figure])
    found: Ratios = defaultdict(dict)
    for case, errors in by_case.items():
        for name, error in errors.items():
            if name != "exact":
                key = name, case.coverage, case.spectrum, case.scan
                found[key][case.field] = float(np.log(error / errors["exact"]))
    return found


def over_scans(cells: list[dict[int, float]]) -> Array:
    """Average each field's figures over scans: scans of one field are not independent."""
    numbers = sorted(set.intersection(*(set(cell) for cell in cells)))
    return np.array([[cell[number] for cell in cells] for number in numbers]).mean(axis=1)


def interval(spectra: list[Array]) -> str:
    """Put the mean over spectra in words, with a bootstrap over the fields of each."""
    rng = np.random.default_rng(0)
    draws = [
        logs[rng.integers(len(logs), size=(RESAMPLES, len(logs)))].mean(axis=1)
        for logs in spectra
    ]
    low, high = np.exp(np.quantile(np.mean(draws, axis=0), (0.025, 0.975)))
    middle = np.exp(np.mean([logs.mean() for logs in spectra]))
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def report(table: list[Row]) -> None:
    """Print the ratios, by spectrum and coverage, and over all spectra."""
    worst = max(float(row["residual"]) for row in table if row["method"] == "exact")
    print(f"posterior means solved to a residual of {worst:.1e} or less")
    for figure, target in (("rmse", "field"), ("rmse_blurred", "blurred field")):
        found = ratios(table, figure)
        print(f"\nerror of the {target} over that of the exact posterior mean (95 % interval)")
        for method, coverage in sorted({key[:2] for key in found}):
            cells = {key[2:]: v for key, v in found.items() if key[:2] == (method, coverage)}
            print(f"{method} at {coverage}")
            spectra = []
            for name in dict.fromkeys(key[0] for key in cells):
                mine = {scan: v for (kind, scan), v in cells.items() if kind == name}
                spectra.append(over_scans([*mine.values()]))
                scans = (f"{k} {interval([over_scans([v])])}" for k, v in mine.items())
                print(f"  {name:<12} {len(spectra[-1])} fields: {', '.join(scans)}")
            print(f"  all          {interval(spectra)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("results", type=Path, metavar="RESULTS.csv")
    parser.add_argument("--fields", type=int, default=10, help="of each spectrum (10)")
    parser.add_argument("--size", type=int, default=512, help="side of what is seen [px] (512)")
    parser.add_argument("--noise", type=float, default=0.2, help="over the field's deviation")
    parser.add_argument("--scan", default="spiral,line-hop,dots")
    parser.add_argument("--coverage", default="1/17.9,1/50")
    parser.add_argument("--spectrum", default=",".join(SPECTRA))
    parser.add_argument("--model", default="stemgan-s,gaussian-process", help="and methods")
    args = parser.parse_args()
    table = collect(args.results, args)
    asked = (args.noise, args.size)
    report([row for row in table if (float(row["noise"]), int(row["size"])) == asked])


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
