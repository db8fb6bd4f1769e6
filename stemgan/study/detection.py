"""What a scan misses: features of known specimens, looked for in what a method makes of a scan.

Let t be the blurred truth with a feature, t0 that of its twin without, c = t - t0 the change
and x the completion of a scan of either. Within reach of the feature's place the score is

    s = sum c (x - t0) / sum c²,

1 where the completion shows the feature whole and 0 where it shows none. It is the likelihood
ratio, in units of the feature's contrast, of an observer who knows the place, the feature and
the rest of the specimen, for independent normal errors (Barrett and Myers, Foundations of Image
Science, 2004, § 13.2): who must search, or does not know the specimen, sees less. So a feature
that this observer misses is not in the picture. A feature is called detected where s exceeds
what scans of twins exceed at a fixed rate of false alarms (`detection_rates`).

Whether the uncertainty flagged a miss: `room` is the share of the feature's core, where |c| is
at least half of its largest, in which the 90 % interval holds the truth that has the feature;
`flagged` says that this is at least half: the interval leaves room for the feature. Otherwise
a miss is silent. `deviation` is the predicted deviation in the core over the image's median.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stemgan.evaluate.scans import number_of
from stemgan.study.conditions import Scanned, Setting, take
from stemgan.study.features import Pair, draw_pair
from stemgan.study.features.search import Search
from stemgan.study.measures import NORMAL_90
from stemgan.study.plan import StudyPlan
from stemgan.study.sources import Simulated
from stemgan.study.tasks import Completed, Record, Tools, plain

Array = NDArray[np.float64]

_ENOUGH = 0.5
"""Share of a feature's core in which an interval must hold it."""


@dataclass(frozen=True)
class FeatureTask:
    """One specimen with features and its twin, under one setting, through all methods.

    feature : one of `FEATURES`.
    number : which specimen.
    setting : how it is scanned.
    instances, size : features in the image, and its side [px].
    """

    feature: str
    number: int
    setting: Setting
    instances: int = 4
    size: int = 256

    @property
    def key(self) -> str:
        """What the journal calls it."""
        setting = self.setting
        amounts = f"{setting.dose}/{setting.dwell:g}/{setting.lag:g}"
        what = f"{self.name}/{self.size}/{self.instances}"
        return f"feature/{setting.scan}/{setting.coverage}/{amounts}/{what}"

    @property
    def name(self) -> str:
        """What tables call the specimen."""
        return f"{self.feature}-{self.number}"

    def run(self, tools: Tools) -> list[Record]:
        """Scan both specimens along one path, and look for each feature in both."""
        pair, *both = specimens(self, tools.plan.seed)
        records: list[Record] = []
        for present, source in zip((True, False), both, strict=True):
            scanned = take(source, self.setting, tools.plan.seed, tools.plan.timing)
            for name, method in tools.methods.items():
                completed = method(scanned.scan)
                records += [
                    self._record(name, index, present, scanned)
                    | sighting(pair, index, completed, scanned)
                    for index in range(len(pair.places))
                ]
        return [plain(record) for record in records]

    def _record(self, method: str, index: int, present: bool, scanned: Scanned) -> Record:
        return {
            "table": "detection",
            "image": self.name,
            "group": self.name,
            "feature": self.feature,
            "instance": index,
            "method": method,
            **self.setting.columns,
            "achieved": scanned.achieved,
            "pitch_px": scanned.pitch,
            "electrons": scanned.electrons,
            "present": present,
        }


@dataclass(frozen=True, eq=False)
class _Specimen(Simulated):
    """A specimen that is drawn already, to be scanned like any simulated image."""

    image: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def truth(self) -> NDArray[np.float32]:
        return self.image


def feature_tasks(plan: StudyPlan) -> Iterator[FeatureTask]:
    """Yield the tasks of a study's features: setting by setting, so that paths serve many.

    Raises
    ------
    InputError : the configuration's `features` make no sense.
    """
    if not plan.features:
        return
    search = Search.from_config(plan.features)
    for setting in plan.settings:
        for kind in search.kinds:
            for number in range(search.images):
                yield FeatureTask(kind, number, setting, search.instances, search.size)


def specimens(task: FeatureTask, seed: int) -> tuple[Pair, Simulated, Simulated]:
    """Draw a task's specimens, and return them to be scanned: with the features, and without.

    Both have one name, so that they are scanned along the same path.
    """
    pair = _pair(task.feature, task.number, task.instances, task.size, seed)
    about = (task.name, task.feature, pair.truth.shape, 0, task.name, "")
    return pair, _Specimen(*about, pair.truth), _Specimen(*about, pair.twin)


@lru_cache(maxsize=2)
def _pair(feature: str, number: int, instances: int, size: int, seed: int) -> Pair:
    rng = np.random.default_rng(number_of(f"{seed}/{feature}/{number}"))
    return draw_pair(feature, (size, size), rng, instances)


def sighting(pair: Pair, index: int, completed: Completed, scanned: Scanned) -> Record:
    """Look for one feature in one completion.

    Parameters
    ----------
    pair : the specimens.
    index : which of its features.
    completed : what a method made of a scan of either specimen.
    scanned : that scan.

    Returns
    -------
    distance_px, distance_pitch : of the feature's place from the nearest measured pixel.
    path_crosses : whether a pixel of the feature's core is measured.
    measured_share : share of sum c² that is measured.
    contrast : the largest |c| over the twin's standard deviation.
    spacing_px : of columns; None without a lattice.
    score, room, flagged, deviation : see the module; the last three are None of a method that
        predicts no deviation.
    """
    window, disc = pair.window(index), pair.disc(index)
    with_it, without = (image[window][disc] for image in pair.blurred)
    change = with_it - without
    energy = float((change**2).sum())
    core = np.abs(change) >= 0.5 * np.abs(change).max()
    measured = scanned.scan.mask[window][disc]
    y, x = np.round(pair.places[index]).astype(int)
    distance = float(scanned.scan.nearest[0][y, x])
    shown = completed.image[window][disc] - without
    return {
        "distance_px": distance,
        "distance_pitch": distance / scanned.pitch,
        "path_crosses": bool(measured[core].any()),
        "measured_share": float((change**2)[measured].sum()) / energy,
        "contrast": float(np.abs(change).max() / pair.blurred[1].std()),
        "spacing_px": pair.spacing,
        "score": float((change * shown).sum()) / energy,
        **_said(completed, window, disc, core, with_it),
    }


def _said(
    completed: Completed,
    window: tuple[slice, slice],
    disc: NDArray[np.bool_],
    core: NDArray[np.bool_],
    with_it: Array,
) -> Record:
    """Return what the uncertainty says of a feature's core."""
    if completed.std is None:
        return {"room": None, "flagged": None, "deviation": None}
    std = completed.std[window][disc][core].astype(np.float64)
    if completed.quantiles is not None:
        low, _, high = (plane[window][disc][core] for plane in completed.quantiles)
    else:
        middle = completed.image[window][disc][core]
        low, high = middle - NORMAL_90 * std, middle + NORMAL_90 * std
    truth = with_it[core]
    room = float(((low <= truth) & (truth <= high)).mean())
    usual = float(np.median(completed.std))
    deviation = float(np.sqrt((std**2).mean())) / usual if usual > 0 else None
    return {"room": room, "flagged": room >= _ENOUGH, "deviation": deviation}
