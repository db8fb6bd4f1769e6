import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.adaptive import (
    Budget,
    SimulatedScanner,
    Strategy,
    Stroke,
    Sure,
    adaptive_scan,
    cost,
    fitted,
)
from stemgan.adaptive.placing import Expected, place_dots
from stemgan.adaptive.strokes import Coils, place_strokes
from stemgan.errors import InputError
from stemgan.measurement import PartialScan
from stemgan.scan import ScanDesign, trace_path
from stemgan.scan.costs import path_costs
from stemgan.scan.physics import Timing
from stemgan_kernels.distance import distance_transform

SHAPE = (48, 64)
TIMING = Timing(dwell=1e-6, settling=5e-6)


def truth_of(seed=0):
    rng = np.random.default_rng(seed)
    return (1 + rng.random(SHAPE)).astype(np.float32)


def expected_of(seed=0, measured=40):
    rng = np.random.default_rng(seed)
    mask = np.zeros(SHAPE, np.bool_)
    mask.ravel()[rng.choice(mask.size, measured, replace=False)] = True
    scan = PartialScan(np.zeros(SHAPE, np.float32), mask.astype(np.float32))
    return Expected.of(scan, (0.1 + rng.random(SHAPE)).astype(np.float32)), mask


def test_a_still_beam_reads_the_truth_and_pays_for_every_jump():
    truth, scanner = truth_of(), SimulatedScanner(truth_of(), TIMING)
    dots = np.array([[3.0, 4.0], [3.0, 5.0], [20.0, 30.0], [40.0, 10.0]])
    points = scanner.scan(dots, 1e-6, joined=False)
    assert points.samples == pytest.approx([truth[int(y), int(x)] for y, x in dots])
    assert np.array_equal(points.positions, dots)
    assert scanner.spent == pytest.approx((4e-6 + 2 * 5e-6, 4e-6, 2))
    scanner.scan(np.array([[40.0, 11.0], [40.0, 21.0]]), 2e-6, joined=True)  # a neighbour
    assert scanner.spent.jumps == 2
    assert scanner.spent.exposure == pytest.approx(4e-6 + 10 * 2e-6)
    scanner.scan(np.array([[0.0, 0.0], [0.0, 10.0]]), 1e-6, joined=True)
    assert scanner.spent == pytest.approx((4e-6 + 3 * 5e-6 + 20e-6 + 10e-6, 34e-6, 3))


@pytest.mark.parametrize("family", ["spiral", "random", "serpentine"])
def test_a_static_path_costs_the_scanner_what_its_physics_says(family):
    trace = ScanDesign(family, SHAPE, coverage=1 / 12, seed=1).trace()
    scanner = SimulatedScanner(truth_of(), TIMING)
    points = scanner.scan(trace.path, TIMING.dwell, joined=trace.joined)
    costs = path_costs(family, trace, TIMING)
    assert scanner.spent.time == pytest.approx(costs["duration_s"])
    assert scanner.spent.exposure == pytest.approx(costs["exposure_s"])
    assert len(points.samples) == (len(trace.visited) if trace.joined else len(trace.path))


def test_coils_that_lag_forget_nothing_between_strokes():
    """A path that is cut in two without settling is the same path."""
    timing = Timing(dwell=1e-6, lag=6e-6)
    path = np.array([[5.0, 5.0], [5.0, 30.0], [30.0, 30.0], [30.0, 5.0]])
    whole, cut = (SimulatedScanner(truth_of(), timing) for _ in range(2))
    once = whole.scan(path, 1e-6, joined=True)
    cut.scan(path[:2], 1e-6, joined=True)
    rest = cut.scan(path[1:], 1e-6, joined=True)
    tail = len(rest.samples) - 1
    assert np.allclose(once.positions[-tail:], rest.positions[-tail:], atol=1e-9)
    assert whole.beam is not None
    assert cut.beam is not None
    assert np.allclose(whole.beam, cut.beam)
    assert np.abs(whole.beam - path[-1]).max() > 1  # it does lag
    assert whole.spent.time == pytest.approx(cut.spent.time)


def test_settling_brings_lagging_coils_to_their_place():
    path = np.array([[5.0, 5.0], [10.0, 20.0]])
    offs = []
    for settling in (0.0, 10e-6, 60e-6):
        timing = Timing(dwell=1e-6, lag=5e-6, settling=settling)
        scanner = SimulatedScanner(truth_of(), timing)
        for dot in path:
            points = scanner.scan(dot[None], 1e-6, joined=False)
        offs.append(float(np.hypot(*(points.positions[0] - path[-1]))))
    assert offs[0] > offs[1] > offs[2]
    assert offs[2] < 1e-3


def test_electrons_are_counted_in_proportion_to_the_dwell():
    truth = np.full(SHAPE, 3.0, np.float32)
    dots = np.argwhere(np.ones(SHAPE)).astype(np.float64)
    for dwell, count in ((1e-6, 20), (4e-6, 80)):
        scanner = SimulatedScanner(truth, Timing(), electrons=20, seed=1)
        samples = scanner.scan(dots, dwell, joined=False).samples / 3
        assert samples.mean() == pytest.approx(1, abs=0.02)
        assert samples.var() * count == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("lag", [0.0, 2e-6])
def test_a_joined_path_counts_all_electrons_that_it_pays_for(lag):
    timing = Timing(dwell=1e-6, lag=lag)
    path = np.array([[10.0, 5.0], [40.0, 60.0], [10.0, 50.0], [40.0, 4.0]])
    truth = np.full(SHAPE, 2.0, np.float32)
    values = []
    for seed in range(60):
        scanner = SimulatedScanner(truth, timing, electrons=20, seed=seed)
        values.append(scanner.scan(path, 1e-6, joined=True).samples / 2)
    paid = 20 * scanner.spent.exposure / 1e-6
    assert len(values[0]) / np.var(values) == pytest.approx(paid, rel=0.05)
    assert paid > 1.1 * 20 * len(values[0])


@pytest.mark.parametrize("family", ["spiral", "poisson-disk", "random", "serpentine", "dots"])
def test_a_fitted_path_never_costs_too_much_and_hardly_less(family):
    reference = ScanDesign("spiral", (96, 96), coverage=1 / 12).trace()
    budget = cost("spiral", reference, Timing())
    spent = cost(family, fitted(family, (96, 96), Timing(), budget), Timing())
    share = max(spent.time / budget.time, spent.exposure / budget.exposure)
    assert 0.85 < share <= 1 + 1e-9
    if family in ("spiral", "random"):
        assert share > 0.99


def test_too_small_a_budget_is_refused():
    with pytest.raises(InputError, match="too little for a spiral scan of 48x64 px"):
        fitted("spiral", SHAPE, Timing(), Budget(1e-6, 1e-6))


def test_a_choice_leaves_the_distances_that_measuring_it_would():
    expected, mask = expected_of()
    before = expected.variance.copy()
    y, x = divmod(int(expected.distance.argmax()), SHAPE[1])
    window = expected.choose(np.array([y]), np.array([x]))
    mask[y, x] = True
    exact = distance_transform(mask).distance
    assert np.allclose(expected.distance[window], exact[window], atol=1e-5)
    assert expected.variance[y, x] == 0
    assert (expected.variance <= before).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(1, 60))
def test_dots_are_new_and_begin_where_the_gain_is_largest(seed, count):
    expected, mask = expected_of(seed)
    gain = expected.variance * expected.distance**2
    best = np.unravel_index(int(gain.argmax()), SHAPE)
    dots = place_dots(expected, count).astype(int)
    assert len({tuple(dot) for dot in dots}) == count
    assert not mask[dots[:, 0], dots[:, 1]].any()
    assert (dots == best).all(axis=1).any()


def test_no_dots_are_left_where_all_is_measured():
    expected, _ = expected_of()
    assert len(place_dots(expected, SHAPE[0] * SHAPE[1])) == SHAPE[0] * SHAPE[1] - 40


@pytest.mark.parametrize(("settling", "limit"), [(0.0, None), (20e-6, None), (1e-3, 1.2e11)])
def test_strokes_keep_their_time_their_frame_and_their_coils(settling, limit):
    expected, _ = expected_of(3)
    coils = Coils(Timing(dwell=1e-6, settling=settling), limit, step=6.0)
    found = place_strokes(expected, coils, 400e-6, 300e-6, np.array([20.0, 20.0]))
    assert found.time <= 400e-6
    assert 200e-6 < found.exposure <= 300e-6 + 1e-12
    length = sum(float(np.hypot(*np.diff(one, axis=0).T).sum()) for one in found.strokes)
    assert length * 1e-6 == pytest.approx(found.exposure)
    for stroke in found.strokes:
        assert (stroke > -0.5).all()
        assert (stroke < np.array(SHAPE) - 0.5).all()
        if limit is not None and len(stroke) > 2:
            trace = trace_path(stroke, SHAPE, joined=True)
            figures = path_costs("custom", trace, coils.timing)
            assert figures["largest_acceleration_px_per_s2"] <= limit * (1 + 1e-6)


def test_strokes_are_fewer_the_more_a_jump_costs():
    jumps = []
    for settling in (0.0, 10e-6, 200e-6):
        expected, _ = expected_of(5)
        coils = Coils(Timing(dwell=1e-6, settling=settling), step=6.0)
        jumps.append(
            len(place_strokes(expected, coils, 1e-3, 400e-6, np.array([4.0, 4.0])).strokes)
        )
    assert jumps[0] >= jumps[1] >= jumps[2]
    assert jumps[0] > jumps[2]


def half_sure(scan):
    """Be sure of the left half, and not of the right."""
    std = np.full(scan.shape, 0.01, np.float32)
    std[:, scan.shape[1] // 2 :] = 1
    return Sure(scan.nearest[1], std)


@pytest.mark.parametrize("motion", ["dots", "strokes"])
@pytest.mark.parametrize("settling", [0.0, 4e-6])
def test_an_adaptive_scan_spends_its_budget_where_it_is_not_sure(motion, settling):
    timing = Timing(dwell=1e-6, settling=settling)
    first = fitted("spiral", SHAPE, timing, Budget(150e-6, 150e-6))
    scanner = SimulatedScanner(truth_of(), timing)
    budget = Budget(500e-6, 400e-6)
    strategy = Strategy(motion, "spiral", rounds=3, step=5.0)
    stroke = Stroke(first.path, first.joined)
    adapted = adaptive_scan(scanner, stroke, half_sure, budget, strategy)
    assert scanner.spent.time <= budget.time * (1 + 1e-9)
    assert scanner.spent.exposure <= budget.exposure * (1 + 1e-9)
    used = (scanner.spent.time / budget.time, scanner.spent.exposure / budget.exposure)
    assert max(used) > 0.9
    assert len(adapted.rounds) == 4
    new = adapted.scan.mask & ~first.mask
    right = new[:, SHAPE[1] // 2 :].sum()
    assert right > 0.8 * new.sum()
    assert [one.coverage for one in adapted.rounds] == sorted(
        one.coverage for one in adapted.rounds
    )


def test_what_does_not_say_how_sure_it_is_cannot_be_adaptive():
    first = fitted("random", SHAPE, Timing(), Budget(150e-6, 150e-6))
    stroke = Stroke(first.path, first.joined)
    scanner = SimulatedScanner(truth_of())
    with pytest.raises(InputError, match="does not say how sure it is"):
        adaptive_scan(
            scanner,
            stroke,
            lambda scan: Sure(scan.values, None),
            Budget(1e-3, 1e-3),
            Strategy(),
        )
    with pytest.raises(InputError, match="take a sparser one"):
        adaptive_scan(
            SimulatedScanner(truth_of()), stroke, half_sure, Budget(1e-4, 1e-4), Strategy()
        )


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"motion": "hop"}, "dots, strokes"),
        ({"share": 1.0}, "between 0 and 1"),
        ({"rounds": 0}, "at least 1 round"),
        ({"acceleration": 0.0}, "above 0"),
        ({"step": 0.5}, "at least 1 px"),
    ],
)
def test_strategies_that_are_none_are_refused(entries, words):
    with pytest.raises(InputError, match=words):
        Strategy(**entries)
