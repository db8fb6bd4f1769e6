"""A study is a list of tasks: each independent of the others, and picklable."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgan.measurement import PartialScan
from stemgan.metrics import blurred
from stemgan.noise_estimate import noise_fraction
from stemgan.study.conditions import Setting, take
from stemgan.study.plan import StudyPlan
from stemgan.study.sources import Source

Image: TypeAlias = NDArray[np.float32]
Record: TypeAlias = dict[str, Any]
"""A row of a table, flat, of what JSON holds; its entry "table" names the table."""


class Completed(NamedTuple):
    """What a method makes of a partial scan.

    image : (H, W) float32.
    std : standard deviation from the blurred truth, (H, W) float32; None where there is none.
    quantiles : 5, 50 and 95 % of the blurred truth, (3, H, W) float32; None where uncalibrated.
    """

    image: Image
    std: Image | None = None
    quantiles: Image | None = None


Completer: TypeAlias = Callable[[PartialScan], Completed]


class Error(NamedTuple):
    """The error of one method at each pixel, for a map of its systematic part.

    setting, image, method : what it is of.
    error : signed, against the blurred truth, (H, W) float32 [% of the truth's range].
    """

    setting: Setting
    image: str
    method: str
    error: Image


@dataclass(frozen=True)
class Tools:
    """What every task may use, loaded once a process.

    plan : the study.
    methods : what completes partial scans, by name, ready to run.
    errors : where tasks leave errors for maps; the runner takes them out.
    """

    plan: StudyPlan
    methods: Mapping[str, Completer]
    errors: list[Error] = field(default_factory=list)


class Task(Protocol):
    """One piece of a study; a frozen dataclass.

    key : unique in the study, and the same each time the study is begun.
    """

    @property
    def key(self) -> str:
        """What the journal calls it."""
        ...

    def run(self, tools: Tools) -> list[Record]:
        """Return its records; the same each time, but for how long it took."""
        ...


@dataclass(frozen=True)
class ScanTask:
    """One image under one setting, through all methods.

    Its records are a row of "results" for each method, and its "curves".
    """

    source: Source
    setting: Setting

    @property
    def key(self) -> str:
        """What the journal calls it."""
        setting = self.setting
        amounts = f"{setting.dose}/{setting.dwell:g}/{setting.lag:g}"
        return f"scan/{setting.scan}/{setting.coverage}/{amounts}/{self.source.name}"

    def run(self, tools: Tools) -> list[Record]:
        """Scan once, complete by every method, and measure."""
        from stemgan.study.measures import measure

        plan = tools.plan
        scanned = take(self.source, self.setting, plan.seed, plan.timing)
        about = {**image_columns(self.source), "noise_fraction": noise_fraction(scanned.truth)}
        records: list[Record] = []
        for name, method in tools.methods.items():
            completed, seconds = timed(method, scanned.scan)
            figures, curves = measure(completed, scanned)
            head = {**image_columns(self.source), "method": name}
            records.append(
                {
                    "table": "results",
                    **about,
                    "method": name,
                    "control": "",
                    **self.setting.columns,
                    **scanned.columns,
                    **figures,
                    "seconds": seconds,
                }
            )
            records += [
                {"table": "curves", **head, **self.setting.columns, **curve} for curve in curves
            ]
            if has_map(plan, self.source, self.setting):
                error = percent_error(completed.image, scanned.truth)
                tools.errors.append(Error(self.setting, self.source.name, name, error))
        return [plain(record) for record in records]


def image_columns(source: Source) -> Record:
    """Return the columns of an image in every table: image, group and label."""
    return {"image": source.name, "group": source.group, "label": source.label}


def timed(method: Completer, scan: PartialScan) -> tuple[Completed, float]:
    """Complete a scan, and say in how many seconds; without distances found before."""
    fresh = replace(scan)
    start = time.perf_counter()
    completed = method(fresh)
    return completed, time.perf_counter() - start


def has_map(plan: StudyPlan, source: Source, setting: Setting) -> bool:
    """Tell whether an image counts in a map of systematic errors: one mask, and one shape."""
    return setting.fixed and source.shape == plan.usual_shape


def percent_error(image: Image, truth: Image) -> Image:
    """Return the signed error against the blurred truth [% of the truth's range].

    Of a constant truth, which has no range, zeros.
    """
    span = float(np.ptp(truth))
    if span == 0:
        return np.zeros(truth.shape, np.float32)
    return (100 * (image - blurred(truth)) / span).astype(np.float32)


def plain(record: Record) -> Record:
    """Replace what JSON cannot hold: numbers of NumPy, and NaN and infinity by None."""
    return {name: _plain(value) for name, value in record.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 (whatever a record holds)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
