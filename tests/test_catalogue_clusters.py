"""Clusters are those of SciPy, scikit-learn and the textbook; scores lie where they must."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components

from stemgan.errors import InputError

pytest.importorskip("sklearn", reason="needs the extra: catalogue")

from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from stemgan_data_prep.catalogue.explore import (
    clustering,
    neighbours,
    scoring,
    selection,
)
from stemgan_data_prep.catalogue.explore.clustering import (
    LINKAGES,
    METHODS,
    cluster,
    clusters,
    cut,
    tree,
)
from stemgan_data_prep.catalogue.explore.density_peaks import (
    decision_rows,
    find_peaks,
)
from stemgan_data_prep.catalogue.explore.neighbours import distinct
from stemgan_data_prep.catalogue.explore.scoring import (
    curves,
    good_scenario,
    nmi,
    reference_curves,
    uniform_scenario,
)
from tests.benchmarking import FOLDER, scripts


@pytest.fixture(scope="module")
def script():
    with (
        pytest.MonkeyPatch.context() as patch,
        scripts(patch, FOLDER / "catalogue", ("twins", "known")) as script,
    ):
        yield script


@pytest.fixture(scope="module")
def benchmark(script):
    return script("twins")


@pytest.fixture(scope="module")
def known(script):
    return script("known")


@pytest.fixture(scope="module")
def blobs(known):
    return known.blobs(np.random.default_rng(4))


def same(found, other):
    return adjusted_rand_score(found, other) == 1


@pytest.mark.parametrize("module", [clustering, neighbours, scoring])
def test_examples(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("method", METHODS)
def test_finds_what_is_plain(blobs, method):
    points, labels = blobs
    found = cluster(points, method, 8)
    assert same(found, labels)
    assert np.all(np.diff(np.bincount(found)) <= 0)
    np.testing.assert_array_equal(found, cluster(points, method, 8))


@pytest.mark.parametrize("method", ["single", "complete", "average", "ward"])
def test_trees_are_those_of_scikit_learn(method):
    points = np.random.default_rng(0).normal(size=(150, 3))
    for count, found in zip((2, 7, 40), clusters(points, method, (2, 7, 40)), strict=True):
        assert same(found, AgglomerativeClustering(count, linkage=method).fit_predict(points))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), total=st.integers(2, 40), method=st.sampled_from(LINKAGES))
def test_a_cut_gives_the_number_asked_for(seed, total, method):
    """Centroid trees too, whose heights may fall, where cutting at a height does not."""
    merges = tree(np.random.default_rng(seed).random((total, 2)), method)
    rows = cut(merges, range(1, total + 1))
    for count, row in enumerate(rows, start=1):
        assert len(np.unique(row)) == count
        # Each is a refinement of the one before.
        assert count == 1 or len(np.unique(np.stack([row, rows[count - 2]]), axis=1).T) == count
    if method != "centroid":
        assert same(rows[total // 2], fcluster(merges, total // 2 + 1, "maxclust"))


def test_centroid_trees_with_falling_heights():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.9]])
    merges = linkage(points, "centroid")
    assert merges[1, 2] < merges[0, 2]
    assert cluster(points, "centroid", 2).tolist() == [0, 0, 1]


@pytest.mark.parametrize("count", [1, 3, 8, 30])
def test_density_peaks_are_those_of_the_textbook(benchmark, count):
    points = np.random.default_rng(1).normal(size=(400, 4))
    expected = benchmark.textbook_peaks(points, count, 12)
    np.testing.assert_array_equal(find_peaks(points, 12).assign(count), expected)


def test_decision_graph(blobs):
    points, labels = blobs
    peaks = find_peaks(points)
    assert peaks.suggested() == 8
    rows = decision_rows(peaks, 20)
    assert {int(labels[row["index"]]) for row in rows[:8]} == set(range(8))
    assert rows[7]["prominence"] > 1.5 * rows[8]["prominence"]
    assert rows[0]["prominence"] == pytest.approx(rows[0]["density"] * rows[0]["separation"])
    assert np.all(peaks.density[peaks.denser] >= peaks.density)
    assert (peaks.denser == np.arange(len(points))).sum() == 1


def test_crescents_are_told_apart_by_saddles(known):
    for seed in range(3):
        points, labels = known.moons(np.random.default_rng(seed))
        peaks = find_peaks(points)
        assert peaks.suggested() == 2
        assert adjusted_rand_score(peaks.assign(by="saddles"), labels) > 0.98
        assert adjusted_rand_score(peaks.assign(), labels) < 0.9
        assert same(cluster(points, "density-saddles", 2), peaks.assign(by="saddles"))
        found = clusters(points, "density-saddles", [2, 5, 100])
        assert [len(np.unique(row)) for row in found] == [2, 5, 100]


def test_a_saddle_is_the_thinnest_point_of_the_densest_path():
    """By lowering the water level slowly, all links anew each time."""
    points = np.random.default_rng(3).normal(size=(120, 2))
    peaks = find_peaks(points, 8)
    links = np.zeros((120, 120), dtype=bool)
    links[np.arange(120)[:, None], peaks.neighbours] = True
    links &= peaks.density[:, None] < peaks.density
    links |= links.T
    tops = [
        i
        for i in peaks.order
        if not (peaks.density[peaks.neighbours[i]] > peaks.density[i]).any()
    ]
    np.testing.assert_array_equal(np.flatnonzero(peaks.significance), np.sort(tops))
    for rank, peak in enumerate(tops):
        expected = np.inf
        for level in np.sort(peaks.density[peaks.density <= peaks.density[peak]])[::-1]:
            above = peaks.density >= level
            _, parts = connected_components(links & above & above[:, None])
            if any(parts[other] == parts[peak] for other in tops[:rank]):
                expected = peaks.dimension * np.log(peaks.density[peak] / level) * 2
                break
        assert peaks.significance[peak] == pytest.approx(expected)


@pytest.mark.parametrize("dimension", [2, 5, 10])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_structure_is_one_cluster(dimension, seed):
    peaks = find_peaks(np.random.default_rng(seed).random((1000, dimension)))
    assert peaks.suggested() == 1
    assert set(peaks.assign()) == {0}


def test_the_halo_is_where_clusters_meet():
    rng = np.random.default_rng(0)
    side = np.repeat([-1, 1], 300)
    points = rng.normal(size=(600, 3))
    points[:, 0] += 2.2 * side
    peaks = find_peaks(points, 30)
    whole, halo = peaks.assign(2), peaks.assign(2, halo=True)
    out = halo == -1
    assert 0 < out.sum() < 500
    np.testing.assert_array_equal(halo[~out], whole[~out])
    assert peaks.density[out].max() < peaks.density[~out].max()
    assert nmi(side, halo) > nmi(side, whole)


def test_equal_points_stay_together():
    points = np.repeat(np.eye(3), 40, axis=0)
    for method in METHODS:
        assert same(cluster(points, method, 3), np.repeat(range(3), 40)), method


@pytest.mark.filterwarnings("error")
def test_refuses(monkeypatch):
    points = np.random.default_rng(0).random((30, 2))
    with pytest.raises(InputError, match="clustering wards is not known: one of single"):
        cluster(points, "wards", 2)
    with pytest.raises(InputError, match="31 clusters of 30 pictures"):
        clusters(points, "ward", [2, 31])
    with pytest.raises(InputError, match="0 clusters of 30 pictures"):
        find_peaks(points).assign(0)
    monkeypatch.setattr(clustering, "MOST_LINKED", 20)
    with pytest.raises(InputError, match=r"at most 20 pictures.*use kmeans"):
        cluster(points, "ward", 2)
    assert len(np.unique(cluster(np.zeros((30, 2)), "kmeans", 3))) == 1


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), names=st.integers(2, 6), found=st.integers(2, 9))
def test_nmi_is_its_formula(benchmark, seed, names, found):
    rng = np.random.default_rng(seed)
    labels, rows = rng.integers(names, size=80), rng.integers(found, size=80)
    assert nmi(labels, rows) == pytest.approx(benchmark.plain_nmi(labels, rows), abs=1e-12)


def test_unlabelled_and_halo_do_not_count():
    labels = ["a", "a", "b", "b", "", "a"]
    assert nmi(labels, np.array([0, 0, 1, 1, 0, -1])) == 1
    with pytest.raises(InputError, match="no picture has a label"):
        nmi(["", ""], np.array([0, 1]))
    with pytest.raises(InputError, match="no picture has a label"):
        reference_curves(["", ""], [2])
    with pytest.raises(InputError, match="3 labels and 2 pictures differ"):
        nmi(["a", "b", "c"], np.array([0, 1]))


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=6),
    share=st.floats(0, 1),
    purity=st.floats(0, 1),
)
def test_scenarios(sizes, share, purity):
    labels = np.repeat([f"label {i}" for i in range(len(sizes))], sizes)
    count = max(1, round(share * len(labels)))
    good, uniform = good_scenario(labels, count, purity), uniform_scenario(labels, count)
    for row in (good, uniform):
        assert sorted(set(row.tolist())) == list(range(count))
    assert np.ptp(np.bincount(uniform)) <= 1
    pure = good_scenario(labels, count, 1.0)
    np.testing.assert_array_equal(np.bincount(good), np.bincount(pure))
    assert (good != pure).mean() <= 1 - purity + 0.5 / len(labels) + 1e-9
    if count >= len(sizes):
        assert all(len(set(labels[pure == i])) == 1 for i in range(count))
    if count == len(sizes):
        assert nmi(labels, pure) == pytest.approx(1)


def test_curves_lie_between_the_scenarios(blobs):
    points, labels = blobs
    names = [f"class {label}" if i % 7 else "" for i, label in enumerate(labels)]
    counts = (2, 4, 8, 16)
    drawn = curves({"ward": clusters(points, "ward", counts)}, names, counts)
    assert drawn.methods["ward"].argmax() == drawn.good.argmax() == 2
    assert drawn.methods["ward"][2] == pytest.approx(1)
    assert np.all(drawn.uniform < 0.1)
    assert np.all(drawn.good > drawn.uniform + 0.2)
    pure, _ = reference_curves(names, counts, 1.0)
    assert np.all(pure >= drawn.good)
    assert drawn.rows()[2] == {"method": "ward", "clusters": 8, "nmi": pytest.approx(1)}
    assert len(drawn.rows()) == 12


def test_a_mixture_tells_how_many_clusters_there_are_or_that_there_is_one(blobs):
    points, _ = blobs
    assert selection.likeliest(selection.criteria(points, range(2, 13))) == 8
    heap = np.random.default_rng(0).normal(size=(400, 5)) @ np.diag([5, 2, 1, 1, 0.5])
    assert selection.likeliest(selection.criteria(heap, range(2, 8))) == 1


def test_copies_of_a_picture_are_no_cluster():
    rng = np.random.default_rng(1)
    heap = rng.normal(size=(200, 4))
    copies = np.repeat(heap[:3], 40, axis=0) + 1e-7 * rng.normal(size=(120, 4))
    points = np.concatenate([heap, copies])
    assert selection.likeliest(selection.criteria(points, range(2, 8))) == 1
    assert distinct(points - points.mean(axis=0)).tolist() == list(range(200))


@pytest.mark.parametrize("points", [np.ones((30, 4)), np.eye(4)[np.arange(30) % 4]])
def test_equal_points_have_a_number_of_clusters_too(points):
    assert list(selection.criteria(points, (2, 3))) == [1]


def test_silhouettes_of_one_cluster_are_none_and_of_many_points_those_of_a_sample(blobs):
    points, _ = blobs
    scores = selection.silhouettes(points, {"ward": clusters(points, "ward", [1, 8])})["ward"]
    assert np.isnan(scores[0])
    assert scores[1] > 0.5
