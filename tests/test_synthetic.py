import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.errors import InputError
from stemgan.synthetic import KINDS, cpu, micrograph, named, nodes, scene
from stemgan.synthetic.batched import render
from stemgan.synthetic.fields import edge, log_uniform, slope
from stemgan.synthetic.kernels import nearest_two
from stemgan.synthetic.noise import white, white_batch
from stemgan.synthetic.objects import (
    SPECTRA,
    columns,
    ellipsoids,
    gaussian_field,
    polyhedra,
    tubes,
)

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


@pytest.mark.parametrize("kind", KINDS)
def test_torch_draws_what_numpy_draws(kind):
    scenes = [scene((48, 80), np.random.default_rng(seed), kind) for seed in range(5)]
    drawn = np.stack([one.render() for one in scenes])
    batch = render(scenes)
    assert batch.dtype.is_floating_point
    assert np.abs(batch.numpy() - drawn).max() < 2e-3
    assert np.abs(batch.numpy() - drawn).mean() < 2e-5


def test_mixed_batches_come_in_their_order():
    scenes = [scene((40, 56), np.random.default_rng((1, seed))) for seed in range(12)]
    assert len({one.kind for one in scenes}) > 4
    batch = render(scenes).numpy()
    for image, one in zip(batch, scenes, strict=True):
        assert np.abs(image - one.render()).max() < 2e-3
    with pytest.raises(ValueError, match="give one shape"):
        render([scenes[0], scene((40, 57), np.random.default_rng(0))])


@settings(max_examples=40)
@given(seeds, st.tuples(st.integers(16, 90), st.integers(16, 90)))
def test_micrographs_are_clean_images_of_any_shape(seed, shape):
    image = micrograph(shape, np.random.default_rng(seed))
    assert image.shape == shape
    assert np.isfinite(image).all()
    assert image.min() >= 0


def test_magnifications_go_from_atoms_to_micrometres():
    sizes = [scene((64, 64), np.random.default_rng(seed)).pixel_size for seed in range(200)]
    assert 0.002 < min(sizes) < 0.03  # nm
    assert 3 < max(sizes) < 60


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


@given(st.integers(0, 2**62), st.integers(1, 500))
def test_torch_hashes_to_the_same_noise(seed, count):
    import torch

    one = white(seed, count)
    assert one.shape == (count,)
    batch = white_batch(torch.tensor([seed, 5]), count).numpy()
    np.testing.assert_allclose(batch[0], one, atol=1e-5)


def test_noise_is_white_and_normal():
    noise = white(7, 400_000).astype(np.float64)
    assert abs(noise.mean()) < 0.01
    assert noise.std() == pytest.approx(1, abs=0.01)
    assert (noise**4).mean() == pytest.approx(3, abs=0.06)
    for lag in (1, 2, 512):
        assert abs((noise[lag:] * noise[:-lag]).mean()) < 0.01
    assert abs((noise[:1000] * white(8, 1000)).mean()) < 0.15  # another seed, other numbers


@given(seeds, st.floats(1, 30), st.floats(1.5, 6), st.floats(1, 10), st.sampled_from(SPECTRA))
def test_gaussian_fields_are_standardised(seed, length, steepness, stretch, spectrum):
    rng = np.random.default_rng(seed)
    field = cpu.render(
        gaussian_field(
            (33, 50), rng, length=length, slope=steepness, stretch=stretch, angle=1.0,
            spectrum=spectrum,
        )
    )  # fmt: skip
    assert abs(field.mean()) < 1e-3
    assert field.std() == pytest.approx(1, abs=1e-3)


def test_ring_spectrum_has_the_period_asked_for():
    node = gaussian_field((256, 256), np.random.default_rng(0), length=16, spectrum="ring")
    power = np.abs(np.fft.rfft2(cpu.render(node))) ** 2
    ky, kx = np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None]
    mean = (np.hypot(ky, kx) * power).sum() / power.sum()
    assert 1 / mean == pytest.approx(16, rel=0.15)


def test_thin_films_in_bright_field_do_not_pass_the_zeros_of_the_contrast_transfer():
    node = gaussian_field(
        (512, 512), np.random.default_rng(0), length=12, slope=3, spectrum="thon"
    )
    power = np.abs(np.fft.rfft2(cpu.render(node))) ** 2
    k = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.rfftfreq(512)[None]) * 12
    at = [power[np.abs(k - np.sqrt(n)) < 0.03].mean() for n in (0.5, 1, 1.5, 2)]
    assert at[0] > 20 * at[1]
    assert at[2] > 10 * at[3]


def test_edges_go_from_nought_to_one():
    region = cpu.render(edge((64, 64), np.random.default_rng(0), roughness=0.05, sharpness=1))
    assert region.min() < 0.01
    assert region.max() > 0.99


@given(st.floats(0, 6.3), st.tuples(st.integers(5, 30), st.integers(5, 30)))
def test_slopes_go_from_nought_to_one(angle, shape):
    image = cpu.render(slope(shape, angle))
    assert image.min() == pytest.approx(0, abs=1e-5)
    assert image.max() == pytest.approx(1, abs=1e-5)


@given(seeds)
def test_log_uniform_stays_in_its_range(seed):
    assert 0.5 <= log_uniform(np.random.default_rng(seed), 0.5, 8) <= 8


def test_arithmetic_of_nodes_is_that_of_arrays():
    y, x = np.mgrid[:7, :9].astype(np.float32)
    a, b = nodes.plane((7, 9), 1, 0), nodes.plane((7, 9), 0, 1, 1)
    for node, array in (
        (a + b, y + x + 1),
        (a - b * 2 + 3, y - 2 * (x + 1) + 3),
        (2.0 - a / b, 2 - y / (x + 1)),
        (-a, -y),
        (nodes.maximum(a, b), np.maximum(y, x + 1)),
        (nodes.minimum(a, 3.0), np.minimum(y, 3)),
        (nodes.power(a - 2, 2), np.maximum(y - 2, 0) ** 2),
    ):
        np.testing.assert_allclose(cpu.render(node), array, rtol=1e-6)
        np.testing.assert_allclose(render([node])[0], array, rtol=1e-6)
    with pytest.raises(ValueError, match="differ"):
        a + nodes.constant((7, 8), 1)


def test_columns_are_the_sum_of_gaussians():
    where = np.array([[7.3, 9.8], [12.0, 3.0]])
    image = cpu.render(columns((20, 24), where, np.array([2.0, 1.0]), np.array([1.5, 2.0])))
    y, x = np.mgrid[:20, :24]
    expected = sum(
        h * np.exp(-((y - p[0]) ** 2 + (x - p[1]) ** 2) / (2 * s * s))
        for p, h, s in zip(where, (2, 1), (1.5, 2), strict=True)
    )
    assert np.abs(image - expected).max() < 0.02  # the tails are cut at 3.2 sigma


def test_ellipsoids_hold_their_volume():
    form = np.array([[1.5, 0.4, 0.0]])
    node = ellipsoids(
        (80, 80), np.array([[40.2, 39.7]]), np.array([15.0]), np.array([1.0]), form=form
    )
    assert cpu.render(node).sum() == pytest.approx(2 / 3 * np.pi * 15**2, rel=0.02)


def test_ellipsoids_lie_only_where_there_is_support():
    on = nodes.plane((40, 40), 0, 1 / 39)
    where = np.array([[20.0, 5.0], [20.0, 34.0]])
    image = cpu.render(
        ellipsoids((40, 40), where, np.full(2, 4.0), np.ones(2), on=on, level=0.5)
    )
    assert image[:, :20].max() == 0
    assert image[20, 34] == pytest.approx(1)


def test_shells_are_brightest_at_their_inner_edge():
    form = np.array([[1.0, 0.0, 0.8]])
    centre, radius = np.array([[40.0, 40.0]]), np.array([30.0])
    image = cpu.render(ellipsoids((81, 81), centre, radius, np.array([1.0]), form=form))
    assert image[40, 40] == pytest.approx(0.2, abs=1e-3)
    assert 22 <= abs(int(image[40].argmax()) - 40) <= 26


def test_polyhedra_of_side_facets_are_flat_prisms():
    normals = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    facets = [(normals, np.array([10.0, 10, 15, 15]))]
    image = cpu.render(polyhedra((60, 60), np.array([[30.0, 30.0]]), facets, np.ones(1)))
    assert image.sum() == pytest.approx(20 * 30, rel=0.1)
    assert image[30, 30] == 1


def test_tubes_do_not_add_up_where_they_meet_themselves():
    line = np.stack([np.full(200, 25.0), np.linspace(0, 49, 200)], axis=1)
    image = cpu.render(tubes((50, 50), [np.concatenate([line, line[::-1]])], [(6.0, 1.0, 0.0)]))
    assert image.max() == pytest.approx(1, abs=1e-3)
    assert image[25, 5:45].min() > 0.99
    assert image[:18].max() == 0


def test_nearest_seeds_are_those_of_a_tree():
    from scipy.spatial import KDTree

    rng = np.random.default_rng(0)
    points, sites = rng.uniform(0, 50, (300, 2)), rng.uniform(0, 50, (17, 2))
    index, first, second = nearest_two(points, sites)
    distance, near = KDTree(sites).query(points, k=2)
    assert np.array_equal(index, near[:, 0])
    np.testing.assert_allclose(np.stack([first, second], 1), distance)
