"""Features are looked for: scores, tasks, and what the uncertainty said."""

import pickle
from typing import Any

import numpy as np
import pytest

from stemgan.baselines import complete
from stemgan.errors import InputError
from stemgan.measurement import PartialScan
from stemgan.study.conditions import Scanned, Setting
from stemgan.study.detection import FeatureTask, Search, feature_tasks, sighting
from stemgan.study.features import FEATURES, Pair, draw_pair
from stemgan.study.plan import StudyPlan
from stemgan.study.tasks import Completed, Record, Tools

SETTING = Setting("spiral", "1/10")
SIDE = 128


def plan(**features: Any) -> StudyPlan:
    return StudyPlan((), (SETTING, Setting("dots", "1/10", dose=20.0)), (), features=features)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return draw_pair("vacancy", (SIDE, SIDE), np.random.default_rng(4), 2)


def scanned(pair: Pair, mask: np.ndarray) -> Scanned:
    scan = PartialScan(pair.truth * mask, mask.astype(np.float32))
    return Scanned(pair.truth, scan, 8.0, float(mask.mean()), None, {})


def every_third() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[::3] = True
    return mask


def completed(image: np.ndarray, width: float | None = None) -> Completed:
    if width is None:
        return Completed(image.astype(np.float32))
    shifts = np.array([-width, 0, width])[:, None, None]
    std = np.full(image.shape, width / 1.645, np.float32)
    return Completed(image.astype(np.float32), std, (image + shifts).astype(np.float32))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_score_is_the_share_of_the_contrast_that_is_shown(pair: Pair, share: float) -> None:
    truth, twin = pair.blurred
    image = twin + share * (truth - twin)
    for index in range(len(pair.places)):
        found = sighting(pair, index, completed(image), scanned(pair, every_third()))
        assert found["score"] == pytest.approx(share, abs=1e-4)
        assert (found["room"], found["flagged"], found["deviation"]) == (None, None, None)


def test_a_sighting_says_where_the_feature_lies(pair: Pair) -> None:
    y, x = np.round(pair.places[0]).astype(int)
    assert x > 25
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, x - 25] = True
    found = sighting(pair, 0, completed(pair.twin), scanned(pair, mask))
    assert found["distance_px"] == 25
    assert found["distance_pitch"] == 25 / 8
    assert found["path_crosses"] is False
    assert found["measured_share"] == 0
    mask[y] = True
    found = sighting(pair, 0, completed(pair.twin), scanned(pair, mask))
    assert found["distance_px"] == 0
    assert found["path_crosses"] is True
    assert 0 < found["measured_share"] < 0.5


def test_an_interval_flags_a_miss_only_if_it_has_room_for_the_feature(pair: Pair) -> None:
    truth, twin = pair.blurred
    largest = np.abs(truth - twin).max()
    at = scanned(pair, every_third())
    wide = sighting(pair, 0, completed(twin, 1.1 * largest), at)
    narrow = sighting(pair, 0, completed(twin, 0.1 * largest), at)
    assert (wide["room"], wide["flagged"]) == (1, True)
    assert (narrow["room"], narrow["flagged"]) == (0, False)
    assert wide["deviation"] == pytest.approx(1)
    without = completed(twin, 1.1 * largest)._replace(quantiles=None)
    assert sighting(pair, 0, without, at)["flagged"] is True


def test_deviation_is_that_of_the_place_over_the_usual_one(pair: Pair) -> None:
    made = completed(pair.blurred[1], 1.0)
    assert made.std is not None
    made.std[pair.window(1)] *= 3
    at = scanned(pair, every_third())
    assert sighting(pair, 1, made, at)["deviation"] == pytest.approx(3, rel=1e-5)
    assert sighting(pair, 0, made, at)["deviation"] == pytest.approx(1, rel=1e-5)


def test_a_task_gives_each_feature_with_and_without() -> None:
    def linear(scan: PartialScan) -> Completed:
        return Completed(complete(scan, "linear"))

    task = next(feature_tasks(plan(kinds=["vacancy"], images=1, instances=2, size=SIDE)))
    assert pickle.loads(pickle.dumps(task)) == task
    tools = Tools(plan(), {"linear": linear, "again": linear})
    records = task.run(tools)
    assert [(r["present"], r["method"], r["instance"]) for r in records] == [
        (present, method, n)
        for present in (True, False)
        for method in ("linear", "again")
        for n in (0, 1)
    ]
    assert {r["table"] for r in records} == {"detection"}
    assert {r["feature"] for r in records} == {"vacancy"}
    there, absent = records[0], records[4]
    same = ("distance_px", "path_crosses", "measured_share", "achieved", "contrast")
    assert [there[name] for name in same] == [absent[name] for name in same]
    assert there["score"] > absent["score"]
    assert task.run(tools) == records


def test_on_the_path_a_feature_is_seen_and_far_from_it_it_is_not() -> None:
    def nearest(scan: PartialScan) -> Completed:
        return Completed(complete(scan, "nearest"))

    tools = Tools(plan(), {"nearest": nearest})
    rows: list[Record] = []
    for number in range(8):
        rows += FeatureTask("heavy-atom", number, SETTING, 4, SIDE).run(tools)
    crossed = [r["score"] for r in rows if r["present"] and r["measured_share"] > 0.2]
    missed = [r["score"] for r in rows if r["present"] and not r["path_crosses"]]
    assert crossed
    assert missed
    assert np.mean(crossed) > 0.5
    assert abs(np.mean(missed)) < 0.2


def test_of_one_dose_few_measurements_get_many_electrons_each() -> None:
    tools = Tools(plan(), {"nearest": lambda scan: Completed(complete(scan, "nearest"))})
    few, many = (
        FeatureTask("vacancy", 0, Setting("dots", text, dose=10.0), 2, SIDE).run(tools)
        for text in ("1/16", "1/4")
    )
    assert few[0]["electrons"] == pytest.approx(10 / few[0]["achieved"])
    assert few[0]["electrons"] > 3 * many[0]["electrons"]


def test_every_task_has_a_key_of_its_own() -> None:
    tasks = list(feature_tasks(plan(images=3)))
    assert len(tasks) == len({task.key for task in tasks}) == 2 * 3 * len(FEATURES)
    assert list(feature_tasks(plan())) == []


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"kinds": ["vacncy"]}, "did you mean vacancy"),
        ({"kinds": []}, "features.kinds is empty"),
        ({"images": 0}, "features.images=0"),
        ({"instances": 1.5}, "features.instances=1.5"),
        ({"size": 64}, "features.size=64"),
        ({"false_alarms": 5}, "a share between 0 and 1, not 5"),
        ({"image": 5}, "there is no features.image"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(
    entries: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        list(feature_tasks(plan(**entries)))


def test_one_feature_may_be_named_alone() -> None:
    assert Search.from_config({"kinds": "vacancy"}).kinds == ("vacancy",)
    assert Search.from_config({"kinds": ["particle", "particle"]}).kinds == ("particle",)
