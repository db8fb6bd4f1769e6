"""Equal-dose controls: full scans, and what is made of few electrons."""

import doctest
import pickle

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from stemgan.metrics import blurred
from stemgan.study import denoising
from stemgan.study.conditions import Setting, take
from stemgan.study.controls import CLEAN, CONTROLS, WITHOUT, ControlTask, electrons_of, why_not
from stemgan.study.denoising import denoise, denoisers, enlarged, expected, stabilised, sums
from stemgan.study.finishing import _without_controls
from stemgan.study.plan import StudyPlan
from stemgan.study.sources import simulated
from stemgan.study.tasks import Completed, Tools


@pytest.fixture(scope="module")
def source():
    return simulated(1, ["crystal"], 64, seed=3)[0]


def tools(source, **methods):
    return Tools(StudyPlan((source,), (), tuple(methods)), methods)


def scene(shape=(64, 72)):
    rng = np.random.default_rng(0)
    field = gaussian_filter(rng.normal(size=shape), 4)
    return 1 + np.clip(field / field.std(), -0.9, 3)


def test_examples():
    assert doctest.testmod(denoising).failed == 0


@pytest.mark.parametrize("mean", [0.5, 2.0, 10.0, 300.0])
def test_stabilised_counts_come_back_without_bias(mean):
    rng = np.random.default_rng(0)
    roots = stabilised(rng.poisson(mean, 200_000).astype(float))
    assert expected(np.array(roots.mean())) == pytest.approx(mean, rel=0.03, abs=0.02)
    if mean >= 10:
        assert roots.std() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("shape", [(24, 36), (25, 38)])
def test_sums_keep_the_mean_and_enlarging_undoes_them_where_it_is_smooth(shape):
    y, x = np.indices(shape)
    ramp = 3.0 + 0.5 * y + 0.2 * x
    for side in (1, 2, 4):
        small = sums(ramp, side) / side**2
        assert small.shape == tuple(-(-n // side) for n in shape)
        back = enlarged(small, side, shape)
        inside = slice(2 * side, -2 * side - 2)
        np.testing.assert_allclose(back[inside, inside], ramp[inside, inside], atol=0.4)
    whole = np.random.default_rng(0).poisson(3, (24, 36)).astype(float)
    assert sums(whole, 4).sum() == whole.sum()


@pytest.mark.parametrize("dose", [0.5, 20.0])
def test_the_denoiser_chosen_without_the_truth_is_nearly_the_best(dose):
    truth = scene() * dose
    rng = np.random.default_rng(1)
    counts = rng.poisson(truth)
    image, name = denoise(counts, rng)
    target = blurred(truth)
    errors = {
        one.name: np.sqrt(np.mean((one.run(counts / 1.0) - target) ** 2))
        for one in denoisers(truth.shape)
    }
    assert name in errors
    found = np.sqrt(np.mean((image - target) ** 2))
    assert found == pytest.approx(errors[name])
    assert found <= 1.15 * min(errors.values())
    assert found < 0.5 * np.sqrt(np.mean((counts - target) ** 2))


def test_electrons_are_counted_again(source):
    scanned = take(source, Setting("raster", "1", 7.0), 0, StudyPlan((), (), ()).timing)
    counted = electrons_of(scanned)
    assert counted.mean() == pytest.approx(7, rel=0.02)
    gain = scanned.truth.mean() / 7
    np.testing.assert_allclose(counted * gain, scanned.scan.values, rtol=1e-5)


def test_every_control_has_a_row_of_its_dose(source):
    task = ControlTask(source, 20.0)
    seen = []

    def network(scan):
        seen.append(scan)
        return Completed(scan.values)

    rows = task.run(tools(source, network=network, linear=lambda scan: 1 / 0))
    assert pickle.loads(pickle.dumps(task)) == task
    assert {row["control"] for row in rows} == set(CONTROLS)
    errors = {(row["control"], row["method"]): row["rmse_blurred"] for row in rows}
    assert len(errors) == len(rows)
    assert seen[0].coverage == 1
    assert errors["full-network", "network"] == errors["full-raw", "as counted"]
    for row in rows:
        assert (row["table"], row["dose"], row["electrons"]) == ("results", 20, 20)
        assert (row["achieved"], row["coverage"], row["dwell_s"]) == (1, "1", None)
        assert row["image"] == source.name
    assert errors["full-denoised", "scikit-image"] < errors["full-raw", "as counted"]
    assert errors["full-denoised", "gaussian-process"] < errors["full-raw", "as counted"]
    again = task.run(tools(source, network=network))
    for row, other in zip(rows, again, strict=True):
        assert {**row, "seconds": 0} == {**other, "seconds": 0}


def test_low_resolution_spends_the_same_electrons(source):
    rows = ControlTask(source, 1e6).run(tools(source))
    errors = [row["rmse_raw"] for row in rows if row["control"] == "low-resolution"]
    assert errors == sorted(errors)  # without noise, fewer pixels show less
    assert errors[0] < errors[-1]


class Noisy:
    """A source whose truth is mostly noise."""

    name = group = "noisy"
    label = ""
    shape = (64, 64)

    def truth(self):
        return np.random.default_rng(0).normal(10, 1, self.shape).astype(np.float32)


def test_noisy_truths_and_empty_ones_have_no_control():
    (said,) = ControlTask(Noisy(), 5.0).run(tools(Noisy()))  # type: ignore[arg-type]
    assert (said["table"], said["image"]) == (WITHOUT, "noisy")
    assert said["reason"] == why_not(Noisy().truth())
    assert "noise" in (why_not(Noisy().truth()) or "")
    assert why_not(np.ones((16, 16))) == "it has no contrast"
    clean = scene().astype(np.float32)
    assert why_not(clean) is None
    assert why_not(clean, 2 * CLEAN) is not None
    assert "below 0" in (why_not(clean - clean.min() - 0.01) or "")
    assert why_not(clean - clean.min()) is None


class Failing(Noisy):
    """A source whose controls cannot be."""

    name = group = "failing"


def test_it_is_said_of_every_image_why_it_has_no_control(source):
    plan = StudyPlan((source, Noisy(), Failing()), (), (), controls=(5.0, 9.0))  # type: ignore[arg-type]
    (noisy,) = ControlTask(Noisy(), 5.0).run(tools(Noisy()))  # type: ignore[arg-type]
    key = ControlTask(Failing(), 5.0).key  # type: ignore[arg-type]
    failed = {"table": "failures", "task": key, "reason": "it is gone"}
    results = [{"image": source.name, "control": "full-raw"}]
    assert _without_controls(plan, results, [noisy, failed]) == {
        "noisy": noisy["reason"],
        "failing": "it is gone",
    }
