import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.errors import InputError
from stemgan.synthetic import KINDS, detect, micrograph, named
from stemgan.synthetic.fields import edge, gaussian_field, log_uniform
from stemgan.synthetic.lattices import CELLS, Crystal
from stemgan.synthetic.render import add_columns, add_ellipsoids, add_polyhedron, add_tube

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(64, 64), (48, 97), (16, 16)])
def test_every_kind_is_finite_varied_and_repeatable(kind, shape):
    for seed in range(6):
        image = named(kind, shape, np.random.default_rng(seed))
        assert image.shape == shape
        assert image.dtype == np.float32
        assert np.isfinite(image).all()
        assert image.min() >= 0
        assert image.max() < 4
        assert np.array_equal(image, named(kind, shape, np.random.default_rng(seed)))
    assert np.ptp(named(kind, (64, 64), np.random.default_rng(1))) > 0.1


@settings(max_examples=40)
@given(seeds, st.tuples(st.integers(16, 90), st.integers(16, 90)))
def test_micrographs_are_clean_images_of_any_shape(seed, shape):
    image = micrograph(shape, np.random.default_rng(seed))
    assert image.shape == shape
    assert np.isfinite(image).all()
    assert image.min() >= 0


def test_global_generator_is_left_alone():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for seed in range(10):
        micrograph((64, 64), np.random.default_rng(seed))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_unknown_kinds_and_small_shapes_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="did you mean 'crystal'"):
        named("cristal", (64, 64), rng)
    with pytest.raises(InputError, match="choose one of"):
        named("zzz", (64, 64), rng)
    with pytest.raises(InputError, match="too small"):
        micrograph((64, 15), rng)


@given(seeds, st.floats(1, 30), st.floats(1.5, 6), st.floats(1, 10), st.booleans())
def test_gaussian_fields_are_standardised(seed, length, slope, stretch, band):
    rng = np.random.default_rng(seed)
    field = gaussian_field(
        (33, 50), rng, length=length, slope=slope, stretch=stretch, angle=1.0, band=band
    )
    assert abs(field.mean()) < 1e-3
    assert field.std() == pytest.approx(1, abs=1e-3)


def test_ring_spectrum_has_the_period_asked_for():
    field = gaussian_field((256, 256), np.random.default_rng(0), length=16, band=True)
    power = np.abs(np.fft.rfft2(field)) ** 2
    ky, kx = np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None]
    mean = (np.hypot(ky, kx) * power).sum() / power.sum()
    assert 1 / mean == pytest.approx(16, rel=0.15)


def test_edges_go_from_nought_to_one():
    region = edge((64, 64), np.random.default_rng(0), roughness=0.05, sharpness=1)
    assert region.min() < 0.01
    assert region.max() > 0.99


@given(seeds)
def test_log_uniform_stays_in_its_range(seed):
    assert 0.5 <= log_uniform(np.random.default_rng(seed), 0.5, 8) <= 8


def test_columns_are_the_sum_of_gaussians():
    image = np.zeros((20, 24), dtype=np.float32)
    where = np.array([[7.3, 9.8], [12.0, 3.0]])
    add_columns(image, where, np.array([2.0, 1.0]), np.array([1.5, 2.0]))
    y, x = np.mgrid[:20, :24]
    expected = sum(
        h * np.exp(-((y - p[0]) ** 2 + (x - p[1]) ** 2) / (2 * s * s))
        for p, h, s in zip(where, (2, 1), (1.5, 2), strict=True)
    )
    assert np.abs(image - expected).max() < 0.02  # the tails are cut at 3.2 sigma


def test_ellipsoids_hold_their_volume():
    image = np.zeros((80, 80), dtype=np.float32)
    form = np.array([[1.5, 0.4, 0.0]])
    add_ellipsoids(
        image, np.array([[40.2, 39.7]]), np.array([15.0]), np.array([1.0]), shape=form
    )
    assert image.sum() == pytest.approx(2 / 3 * np.pi * 15**2, rel=0.02)


def test_shells_are_brightest_at_their_inner_edge():
    image = np.zeros((81, 81), dtype=np.float32)
    form = np.array([[1.0, 0.0, 0.8]])
    add_ellipsoids(
        image, np.array([[40.0, 40.0]]), np.array([30.0]), np.array([1.0]), shape=form
    )
    assert image[40, 40] == pytest.approx(0.2, abs=1e-3)
    assert 22 <= abs(int(image[40].argmax()) - 40) <= 26


def test_polyhedra_of_side_facets_are_flat_prisms():
    image = np.zeros((60, 60), dtype=np.float32)
    normals = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    add_polyhedron(image, (30.0, 30.0), normals, np.array([10.0, 10, 15, 15]), 1.0)
    assert image.sum() == pytest.approx(20 * 30, rel=0.1)
    assert image[30, 30] == 1


def test_tubes_do_not_add_up_where_they_meet_themselves():
    image = np.zeros((50, 50), dtype=np.float32)
    line = np.stack([np.full(200, 25.0), np.linspace(0, 49, 200)], axis=1)
    add_tube(image, np.concatenate([line, line[::-1]]), 6.0, 1.0, 0.0)
    assert image.max() == pytest.approx(1, abs=1e-3)
    assert image[25, 5:45].min() > 0.99
    assert image[:18].max() == 0


@pytest.mark.parametrize("seed", range(20))
def test_columns_of_a_crystal_have_its_density(seed):
    crystal = Crystal.random(np.random.default_rng(seed), period=9.0)
    place, atom, cells = crystal.columns((120, 150), margin=0)
    assert len(place) == len(atom) == len(cells)
    assert ((place >= 0) & (place <= (120, 150))).all()
    per_area = len(crystal.atoms) / abs(np.linalg.det(crystal.cell))
    assert len(place) == pytest.approx(per_area * 120 * 150, rel=0.15)


def test_cells_hold_atoms_within_them():
    for sides, atoms in CELLS.values():
        assert len(sides) == 3
        assert all(0 <= u < 1 and 0 <= v < 1 and 0 < bright <= 1 for u, v, bright in atoms)


def test_detection_without_faults_changes_nothing():
    image = micrograph((40, 50), np.random.default_rng(0))
    assert np.array_equal(detect(image, np.random.default_rng(0)), image)


def test_shot_noise_has_poisson_variance():
    image = np.full((200, 200), 0.5, dtype=np.float32)
    counted = detect(image, np.random.default_rng(0), electrons=25.0)
    assert counted.mean() == pytest.approx(0.5, rel=0.01)
    assert counted.std() == pytest.approx(0.5 / 5, rel=0.05)


def test_line_faults_follow_the_lines():
    rng = np.random.default_rng(0)
    columns = np.tile(np.sin(np.arange(60) / 3).astype(np.float32) + 1, (50, 1))
    flicker = detect(columns, rng, flicker=0.05) / columns
    assert np.ptp(flicker, axis=1).max() < 1e-5
    assert flicker[:, 0].std() == pytest.approx(0.05, rel=0.3)
    rows = columns.T.copy()
    assert np.abs(detect(rows, rng, jitter=1.0) - rows).max() < 1e-6
    assert np.abs(detect(columns, rng, jitter=1.0) - columns).max() > 0.1
