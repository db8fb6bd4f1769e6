import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stemgan.data.crops import (
    CropSettings,
    area_average,
    as_recorded,
    dihedral,
    random_crop,
    random_noise,
)
from stemgan.data.pool import ImagePool
from stemgan.data.samples import FixedScan, collate, partial_scan_sample
from stemgan.data.scans import combinations
from stemgan.data.shards import Label, ShardedImages, ShardWriter
from stemgan.errors import InputError
from stemgan.measurement import intensity_scale, measure
from stemgan.scan import FAMILIES, ScanDesign
from stemgan.synthetic import micrograph


@pytest.fixture
def truth():
    return micrograph((64, 64), np.random.default_rng(2)) * 300 - 20


@pytest.mark.parametrize("family", FAMILIES)
def test_sample_is_what_was_measured(truth, family):
    design = ScanDesign(family, (64, 64), coverage=1.0 if family == "raster" else 0.1)
    sample = partial_scan_sample(truth, design)
    scan = measure(truth, design.trace())
    scale = intensity_scale(scan)
    mask = scan.mask
    assert np.array_equal(sample.dwell[0] > 0, mask)
    assert np.array_equal(sample.distance[0] == 0, mask)
    assert np.array_equal(sample.infill[0][mask], sample.target[0][mask])
    assert np.allclose(scale.invert(sample.target[0]), truth, atol=1e-3)
    assert sample.span == pytest.approx(np.ptp(truth) / scale.gain, rel=1e-5)
    assert sample.coverage == pytest.approx(mask.mean())
    assert FAMILIES[sample.family] == family
    assert set(np.unique(sample.infill[0])) == set(np.unique(sample.infill[0][mask]))


def test_a_scan_drawn_once_gives_the_same_samples(truth):
    design = ScanDesign("spiral", (64, 64), pitch=6)
    drawn = FixedScan(design)
    for image in (truth, truth.T.copy()):
        once, again = (partial_scan_sample(image, scan) for scan in (drawn, design))
        for field, other in zip(once, again, strict=True):
            assert np.array_equal(field, other)
    assert partial_scan_sample(truth, drawn, kriged=False).kriged is None


def test_batches_have_the_shapes_and_types_promised(truth):
    design = ScanDesign("dots", (64, 64), coverage=0.1)
    batch = collate([partial_scan_sample(truth, design)] * 3)
    for name in ("target", "infill", "dwell", "distance"):
        tensor = getattr(batch, name)
        assert tuple(tensor.shape) == (3, 1, 64, 64), name
        assert str(tensor.dtype) == "torch.float32", name
    assert tuple(batch.span.shape) == tuple(batch.coverage.shape) == (3,)
    assert str(batch.span.dtype) == str(batch.coverage.dtype) == "torch.float32"
    assert str(batch.family.dtype) == "torch.int64"


@given(st.integers(1, 12), st.integers(0, 20), st.integers(0, 2**31))
def test_area_average_keeps_the_mean_and_constants(size, more, seed):
    image = (
        np.random.default_rng(seed).normal(size=(size + more, size + more)).astype(np.float32)
    )
    small = area_average(image, size)
    assert small.shape == (size, size)
    assert small.dtype == np.float32
    assert small.mean() == pytest.approx(image.mean(), abs=1e-5)
    assert np.allclose(area_average(np.ones_like(image), size), 1)


def test_area_average_by_whole_factors_is_binning():
    image = np.random.default_rng(0).normal(size=(24, 24)).astype(np.float32)
    binned = image.reshape(8, 3, 8, 3).mean((1, 3))
    assert np.allclose(area_average(image, 8), binned, atol=1e-6)


@given(arrays(np.float32, (3, 3), elements=st.integers(0, 100).map(float), unique=True))
def test_dihedral_transforms_are_eight_different_ones(image):
    turned = [dihedral(image, which) for which in range(8)]
    assert len({t.tobytes() for t in turned}) == 8
    assert all(sorted(t.ravel()) == sorted(image.ravel()) for t in turned)
    assert np.array_equal(turned[0], image)


@given(st.integers(0, 2**31))
def test_random_crops_are_windows_of_the_image(seed):
    rng = np.random.default_rng(seed)
    image = np.random.default_rng(0).random((100, 100), dtype=np.float32)
    plain = random_crop(image, 70, 1.0, rng)
    at = np.argwhere(image == plain[0, 0])[0]
    assert np.array_equal(image[at[0] : at[0] + 70, at[1] : at[1] + 70], plain)
    zoomed = random_crop(image, 70, 2.0, rng)
    assert zoomed.shape == (70, 70)
    assert 0 <= zoomed.min() <= zoomed.max() <= 1


def test_random_crops_prefer_windows_with_something_in_them():
    image = np.zeros((256, 256), dtype=np.float32)
    image[:64] = np.random.default_rng(0).random((64, 256))
    rng = np.random.default_rng(0)
    empty = sum(np.ptp(random_crop(image, 64, 1.0, rng)) == 0 for _ in range(100))
    assert empty < 30  # two thirds of all windows are


def test_recorded_truths_resemble_the_clean_ones(truth):
    rng = np.random.default_rng(0)
    clean = np.maximum(truth, 0)
    changed = [as_recorded(clean, rng) for _ in range(20)]
    assert all(np.isfinite(image).all() and image.dtype == np.float32 for image in changed)
    assert np.median([np.corrcoef(clean.ravel(), c.ravel())[0, 1] for c in changed]) > 0.7
    assert sum(not np.array_equal(clean, c) for c in changed) > 15


def test_random_noise_is_legal_and_varied():
    rng = np.random.default_rng(0)
    drawn = {random_noise(rng) for _ in range(50)}
    assert len(drawn) > 40


@given(st.integers(1, 6), st.integers(1, 6))
def test_combinations_are_all_of_them_once(families, coverages):
    listed = combinations([str(i) for i in range(families)], list(range(coverages)))
    assert len(listed) == len(set(listed)) == families * coverages
    run = listed[: min(families, coverages)]
    assert len({f for f, _ in run}) == len({c for _, c in run}) == len(run)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 63},
        {"zoom": 0.5},
        {"families": ()},
        {"families": ("spirol",)},
        {"coverage": (0.0, 0.1)},
        {"coverage": (0.2, 0.1)},
        {"pitch": 16.0},
        {"fixed": True},
        {"fixed": True, "families": ("spiral",)},
        {"fixed": True, "families": ("random",), "pitch": 16.0},
        {"fixed": True, "families": ("spiral",), "pitch": 0.5},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(InputError):
        CropSettings(**wrong)


def test_weights_go_by_dataset_and_group(tmp_path):
    for name, groups in {"one": "aaab", "two": "a"}.items():
        with ShardWriter(tmp_path / name, 8, {}) as writer:
            for index, group in enumerate(groups):
                writer.append(np.eye(8), Label(str(index), group, "", "train"))
    pool = ImagePool([ShardedImages(tmp_path / name) for name in ("one", "two")], "train")
    assert len(pool) == 5
    assert np.allclose(pool.weights([1, 1], 1.0), [1 / 12, 1 / 12, 1 / 12, 1 / 4, 1 / 2])
    assert np.allclose(pool.weights([4, 1], 0.0), [0.2] * 5)
    root = 3**-0.5
    assert pool.weights([1, 1], 0.5)[3] == pytest.approx(0.5 / (3 * root + 1))
