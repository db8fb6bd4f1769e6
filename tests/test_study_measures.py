"""What one completion of one scan is worth."""

import numpy as np
import pytest
from scipy.stats import linregress, spearmanr

from stemgan.metrics import blurred
from stemgan.scan.physics import Timing
from stemgan.study.conditions import Setting, take
from stemgan.study.measures import FIGURES, measure
from stemgan.study.tasks import Completed

PERIOD = 9.6  # px


class Lattice:
    """A source of a clean lattice, brighter on one side."""

    name = group = "lattice"
    label = ""
    shape = (96, 128)

    def truth(self):
        y, x = np.indices(self.shape)
        waves = np.cos(2 * np.pi * y / PERIOD) + 0.8 * np.cos(2 * np.pi * x / 12)
        return (2 + waves + x / 128).astype(np.float32)


def scan_of(setting):
    return take(Lattice(), setting, 0, Timing())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scanned():
    return scan_of(Setting("spiral", "1/12", dose=50.0))


def noisy(scanned, size=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return (scanned.truth + size * rng.normal(size=scanned.truth.shape)).astype(np.float32)


def rows_of(curves, kind):
    return [row for row in curves if row["kind"] == kind]


def test_every_figure_is_there(scanned):
    figures, curves = measure(Completed(noisy(scanned)), scanned)
    assert set(figures) == {*FIGURES, "lattice_period_px"}
    assert {row["kind"] for row in curves} == {"distance", "pitch", "lattice", "frc"}
    assert figures["lattice_period_px"] == pytest.approx(PERIOD, rel=0.02)


def test_slope_is_that_of_a_straight_line_through_unmeasured_pixels(scanned):
    distance = scanned.scan.nearest[0]
    image = blurred(scanned.truth) + 0.01 * distance
    figures, _ = measure(Completed(image.astype(np.float32)), scanned)
    span = np.ptp(scanned.truth)
    assert figures["slope_per_px"] == pytest.approx(100 * 0.01 / span, rel=1e-3)
    figures, _ = measure(Completed(noisy(scanned)), scanned)
    error = 100 * np.abs(noisy(scanned) - blurred(scanned.truth)) / span
    far = distance > 0
    assert figures["slope_per_px"] == pytest.approx(linregress(distance[far], error[far]).slope)


def test_rings_add_up_to_the_error_of_the_image(scanned):
    figures, curves = measure(Completed(noisy(scanned)), scanned)
    for kind in ("distance", "pitch", "lattice"):
        rings = rows_of(curves, kind)
        count = np.array([ring["count"] for ring in rings])
        total = sum(count * np.square([ring["rmse"] for ring in rings]))
        assert count.sum() == scanned.truth.size
        assert np.sqrt(total / count.sum()) == pytest.approx(figures["rmse_blurred"], rel=1e-5)
    assert rows_of(curves, "distance")[0]["count"] == scanned.scan.mask.sum()
    assert all(row["high"] is None or row["low"] < row["high"] for row in curves)


def test_lattice_rings_are_distance_over_period(scanned):
    figures, curves = measure(Completed(noisy(scanned)), scanned)
    unit = scanned.scan.nearest[0] / figures["lattice_period_px"]
    for ring in rows_of(curves, "lattice"):
        inside = (ring["low"] <= unit) & (unit < (ring["high"] or np.inf))
        assert ring["count"] == pytest.approx(inside.sum(), abs=2)


def test_correlation_is_in_fixed_rings(scanned):
    rings = rows_of(measure(Completed(noisy(scanned)), scanned)[1], "frc")
    assert [ring["low"] for ring in rings] == [k / 64 for k in range(32)]
    assert rings[-1]["high"] == 0.5
    perfect = rows_of(measure(Completed(scanned.truth), scanned)[1], "frc")
    assert all(ring["value"] == pytest.approx(1) for ring in perfect)
    assert measure(Completed(scanned.truth), scanned)[0]["frc_half"] == 0.5


def test_intervals_and_ranks(scanned):
    rng = np.random.default_rng(0)
    target = blurred(scanned.truth)
    std = (0.1 * np.exp(rng.normal(size=target.shape))).astype(np.float32)
    image = (target + std * rng.normal(size=std.shape)).astype(np.float32)
    figures, _ = measure(Completed(image, std), scanned)
    assert figures["interval_90"] == pytest.approx(0.9, abs=0.01)
    expected = spearmanr(std.ravel(), np.abs(image - target).ravel()).statistic
    assert figures["rank_correlation"] == pytest.approx(expected, abs=1e-4)
    quantiles = np.stack([target - 1, target, target + np.where(target > 2, 1, -1)])
    figures, _ = measure(Completed(image, std, quantiles.astype(np.float32)), scanned)
    assert figures["interval_90"] == pytest.approx((target > 2).mean())
    figures, _ = measure(Completed(image), scanned)
    assert np.isnan(figures["interval_90"])
    assert np.isnan(figures["rank_correlation"])


def test_constant_truths_have_no_range(scanned):
    flat = scanned._replace(truth=np.ones_like(scanned.truth))
    figures, curves = measure(Completed(flat.truth, np.ones_like(flat.truth)), flat)
    assert np.isnan(figures["rmse_blurred"])
    assert np.isnan(figures["slope_per_px"])
    assert figures["lattice_period_px"] is None
    assert curves == []


def test_full_scans_have_no_slope(scanned):
    full = scan_of(Setting("raster", "1"))
    figures, curves = measure(Completed(full.truth), full)
    assert np.isnan(figures["slope_per_px"])
    assert [row["count"] for row in rows_of(curves, "distance")] == [full.truth.size]
