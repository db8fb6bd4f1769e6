"""Exploring: features, what is gathered, the choice of clusters, and the tables written."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stemgan.cli import main
from stemgan.cli.catalogues.choices import counts_of
from stemgan.errors import InputError
from stemgan.manifest import read_tables
from stemgan_data_prep.catalogue.explore import dimension, neighbours, selection, steps
from stemgan_data_prep.catalogue.explore.embedding import embed
from stemgan_data_prep.catalogue.explore.gathering import gather, only_label
from stemgan_data_prep.catalogue.explore.selection import (
    chosen_clusters,
    effective,
    silhouettes,
)
from stemgan_data_prep.catalogue.explore.settings import Settings, fitting
from stemgan_data_prep.catalogue.explore.steps import explore
from stemgan_data_prep.catalogue.explore.summary import sentences
from tests.exploring import KINDS, archive

pytest.importorskip("sklearn", reason="exploring needs the extra catalogue")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("archive") / "images", 14)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("transformers", reason="backbones need the extra catalogue")
    import torch

    from stemgan_data_prep.catalogue.backbones import make_network
    from stemgan_data_prep.catalogue.classifier_file import Info, save_classifier

    path = tmp_path_factory.mktemp("model") / "classifier.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = make_network("resnet18", len(KINDS))
    save_classifier(path, network, Info(tuple(sorted(KINDS)), "resnet18", 32))
    return path


@pytest.fixture(scope="module")
def explored(images: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explored") / "out"
    words = ["catalogue", "explore", str(images), "--model", str(model), "-o", str(folder)]
    words += ["--clusters", "2..5", "--methods", "ward,kmeans,density-peaks", "--map", "pca"]
    assert main([*words, "--workers", "0"]) == 0
    return folder


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_of_clusters_says_of_each_file_what_other_commands_ask(images, explored):
    rows = _rows(explored / "clusters.csv")
    assert len(rows) == 14 * len(KINDS)
    table = read_tables([explored / "clusters.csv"])
    files = sorted(images.rglob("*.png"))
    assert [table.row(file)["label"] for file in files] == [file.parent.name for file in files]
    sizes = np.bincount([int(table.row(file)["cluster"]) for file in files])[1:]
    summary = json.loads((explored / "explore.json").read_text("utf-8"))
    assert sizes.tolist() == summary["sizes"]
    assert (np.diff(sizes) <= 0).all()  # cluster 1 is the largest
    own = f"cluster_{summary['method'].replace('-', '_')}"
    assert [row["cluster"] for row in rows] == [row[own] for row in rows]
    assert all(0 <= float(row[axis]) <= 1 for row in rows for axis in "xy")


def test_pictures_on_the_page_are_larger_than_those_that_a_small_model_sees(explored):
    page = (explored / "explore.html").read_text("utf-8")
    assert json.loads(re.search(r'id="map-data">(.*?)</script>', page)[1])["side"] == 64


def test_classes_stand_beside_the_distances_that_are_ordered_by_them(tmp_path, monkeypatch):
    from stemgan_data_prep.catalogue.explore import maps, panel

    said = []
    monkeypatch.setattr(
        panel, "save", lambda figure, path: said.extend(figure.axes[0].get_yticklabels())
    )
    points = np.random.default_rng(0).normal(size=(10, 3))
    names = ["Tips", "none", r"$\nothing$ and a long name"]
    maps.distances_figure(tmp_path / "d.png", points, np.arange(10), [4, 4, 2], names)
    assert [one.get_text() for one in said] == ["Tips", "none", r"$\nothing$ and a …"]
    assert [one.get_position()[1] for one in said] == [2, 6, 9]
    assert not said[2].get_parse_math()


def test_curves_and_figures_are_there_for_every_method_and_both_scenarios(explored):
    rows = _rows(explored / "curves.csv")
    names = {"ward", "kmeans", "density-peaks", "good", "uniform"}
    assert {(row["method"], row["clusters"]) for row in rows} == {
        (name, str(count)) for name in names for count in range(2, 6)
    }
    score = {(row["method"], row["clusters"]): float(row["nmi"]) for row in rows}
    count = str(len(KINDS))
    assert score["uniform", count] < score["ward", count] <= 1
    assert score["uniform", count] < score["good", count] < 1
    drawn = {path.stem for path in (explored / "figures").glob("*.png")}
    assert {
        "map",
        "dimension",
        "nmi",
        "silhouette",
        "number",
        "decision",
        "distances_before",
    } <= drawn
    assert {"distances_by_cluster", "distances_by_label", "autoencoder"} <= drawn


def test_features_are_taken_up_again_and_are_the_layers(images, model, explored):
    from stemgan_data_prep.catalogue.classifier_file import load_classifier
    from stemgan_data_prep.catalogue.explore.features import extract, predicted
    from stemgan_data_prep.catalogue.labels import find_pictures
    from stemgan_data_prep.catalogue.pixels import pixels

    network, _ = load_classifier(model)
    read = pixels(find_pictures([images]).pictures, 32, explored / "cache", 0)
    kept = list((explored / "cache").glob("features-*.npz"))

    def unwanted(*_):
        raise AssertionError("features are computed anew")

    pooled = extract(read.images, network, "pooled", 32, cache=kept[0].parent, watch=unwanted)
    assert pooled.shape == (14 * len(KINDS), 512)
    few = extract(read.images[:5], network, "pooled", 32, batch_size=2)
    np.testing.assert_allclose(few, pooled[:5], rtol=1e-3, atol=1e-4)
    logits = extract(read.images[:5], network, "logits", 32)
    np.testing.assert_array_equal(predicted(few, network, "pooled"), logits.argmax(1))
    assert predicted(few, network, "stage2") is None
    with pytest.raises(InputError, match="no layer 'pooling'"):
        extract(read.images, network, "pooling", 32)


def test_one_class_is_explored_alone_and_has_no_labels_to_compare_with(images, tmp_path):
    found = gather([images], within="fine")
    assert {one.label for one in found.pictures} == {"fine"}
    assert found.labels_of(found.pictures) is None
    files = sorted((images / "fine").glob("*.png"))
    table = tmp_path / "more.csv"
    lines = [f"{file.as_posix()},{i % 2}" for i, file in enumerate(files[:10])]
    table.write_text("\n".join(["file,batch", *lines]))
    found = gather([images], tables=[table], within="fine", against="batch")
    assert found.labels_of(found.pictures) == ["0", "1"] * 5 + [""] * 4
    assert only_label(["", *found.labels_of(found.pictures)]) is None
    above = gather([images.parent])
    assert "label images is the only one" in only_label(above.labels_of(above.pictures))
    assert only_label(None) is None
    with pytest.raises(InputError, match="did you mean fine"):
        gather([images], within="fin")
    with pytest.raises(InputError, match="needs labels"):
        gather([images], labels="none", within="fine")


def test_a_heap_with_outliers_is_not_chosen_though_its_silhouette_is_best():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(at, 1, (60, 2)) for at in (0.0, 6.0)] + [[[200, 200]]])
    heap = np.r_[np.zeros(120, int), 1]
    halves = np.r_[np.zeros(60, int), np.ones(61, int)]
    found = {"single": heap[None], "ward": halves[None]}
    scores = silhouettes(points, found)
    assert scores["single"][0] > scores["ward"][0]
    assert chosen_clusters(found, scores, (2,)) == ("ward", 2)
    assert chosen_clusters(found, scores, (2,), ("single", 0)) == ("single", 2)
    assert effective(heap) == pytest.approx(1, abs=0.1)
    assert chosen_clusters(found, scores, (2,), likely=7) == ("ward", 2)


def test_what_so_many_pictures_do_not_allow_is_refused_before_they_are_read():
    assert fitting(Settings(), 40).counts == tuple(range(2, 21))
    assert "ward" in fitting(Settings(), 20_000).methods
    many = fitting(Settings(), 20_001).methods
    assert many == ("kmeans", "density-peaks", "density-saddles")
    for settings, total, said in (
        (Settings(), 19, "19 pictures are too few"),
        (Settings(methods=("ward",)), 20_001, "ward linkage takes at most 20,000"),
        (Settings(pick=("ward", 0)), 20_001, "ward linkage takes at most 20,000"),
        (Settings(pick=("", 21)), 40, "21 clusters of 40 pictures are too many"),
        (Settings(methods=("ward",), pick=("kmeans", 2)), 40, "not in --methods"),
    ):
        with pytest.raises(InputError, match=said):
            fitting(settings, total)


@pytest.mark.parametrize("how", ["tsne", "pca"])
def test_a_map_keeps_neighbours_and_is_the_same_again(how):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 25)
    points = rng.normal(size=(75, 12)) + 30 * np.eye(12)[labels]
    places = embed(points, how)
    np.testing.assert_array_equal(places, embed(points, how))
    assert places.min() == 0
    assert places.max() == 1
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(75)
    assert (labels[apart.argmin(1)] == labels).all()


def test_a_map_of_equal_points_is_one_place():
    assert (embed(np.ones((9, 4)), "pca") == 0).all()


@pytest.mark.parametrize("text", ["", "1..3", "5..2", "2..", "a", "2,,3", "0"])
def test_numbers_of_clusters_that_are_none_are_refused(text):
    with pytest.raises(InputError, match="--clusters"):
        counts_of(text)


def test_wrong_arguments_are_one_sentence(images, model, tmp_path, capsys):
    Image.new("L", (40, 40)).save(tmp_path / "one.png")
    where = ["catalogue", "explore", str(images)]
    out = ["-o", str(tmp_path / "out")]
    for words, said in (
        ([*where, *out], "give --model"),
        ([*where, *out, "--model", str(model), "--layer", "stage9"], "no layer 'stage9'"),
        ([*where, *out, "--model", str(model), "--methods", "wards"], "'wards' is not known"),
        ([*where, *out, "--model", str(model), "--cluster", "ward:x"], "give METHOD:N"),
        ([*where, *out, "--model", str(model), "--clusters", "50"], "are too many"),
        ([*where, *out, "--backbone", "resnet18"], "needs --pretrained"),
        ([*where, "-o", str(images / "out"), "--model", str(model)], "choose another -o"),
    ):
        assert main(words) == 2
        assert said in capsys.readouterr().err


def test_an_exploration_is_replaced_only_if_that_is_wanted(images, model, tmp_path, capsys):
    command = ["catalogue", "explore", str(images), "--model", str(model), "-o", str(tmp_path)]
    command += ["--clusters", "2..3", "--methods", "kmeans", "--map", "pca", "--workers", "0"]
    (tmp_path / "clusters.csv").write_text("mine")
    assert main(command) == 2
    assert "clusters.csv exists: pass --overwrite" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["clusters.csv"]
    assert main([*command, "--overwrite"]) == 0
    assert len(_rows(tmp_path / "clusters.csv")) == 14 * len(KINDS)


def test_words_say_whether_gaps_part_clusters_and_whether_the_dimension_is_settled():
    summary = {
        "pictures": 1200, "copies": 1, "dimension": 8.0, "dimension_likelihood": 8.1,
        "dimension_error": 0.2, "dimension_of_halves": 6.5, "unexplained": 0.5, "dims": 10,
        "clusters": 2, "method": "ward", "silhouette": 0.31, "sizes": [700, 500],
        "suggested_by_mixture": 1, "suggested_by_density_peaks": 1, "nmi": 0.2,
        "nmi_good": 0.7, "nmi_uniform": 0.01,
        "best_nmi": {
            method: {"nmi": nmi, "chance": 0.1, "clusters": 20}
            for method, nmi in zip(
                ("single", "ward", "kmeans", "average"), (0.1, 0.5, 0.4, 0.3), strict=True
            )
        },
    }  # fmt: skip
    said = " ".join(sentences(summary))
    assert "1,200 pictures, of which 1 is the same as another. " in said
    assert "half of the pictures give 6.5, so that it is not settled yet" in said
    assert "50 % of their variance unexplained: more than it should" in said
    assert "best as one heap; no gap of density between them is more than chance, and" in said
    assert "ward 0.50 with 20 (chance 0.10), kmeans 0.40" in said
    assert "single" not in said
    said = " ".join(sentences({**summary, "pictures": 25, "silhouette": 0.7}))
    assert "chance among 25 pictures, though by the silhouette the clusters stand apart" in said
    assert "convention" not in said
    more = {"dimension_of_halves": 7.8, "suggested_by_density_peaks": 4, "nmi": None}
    said = " ".join(sentences({**summary, **more}))
    assert "Shown are 2 clusters by ward linkage, mean silhouette 0.31" in said
    assert "settled" not in said
    assert "gaps of density part 4 groups" in said
    assert "--cluster density-saddles:4" in said
    assert "NMI" not in said


def test_copies_are_looked_for_once_and_every_step_that_may_take_long_is_shown(monkeypatch):
    looked, shown = [], {}

    def distinct(points):
        looked.append(len(points))
        return neighbours.distinct(points)

    def watch(items, doing, total):
        shown[doing] = total
        return items

    for module in (dimension, selection, steps):
        monkeypatch.setattr(module, "distinct", distinct)
    features = np.random.default_rng(0).normal(size=(40, 12))
    features = np.concatenate([features, features[:5]])
    settings = Settings(("ward", "kmeans"), (2, 3), dims=3, plane="pca")
    found = explore(features, None, settings, watch)
    assert (looked, found.copies, found.dimension.points) == ([45], 5, 40)
    assert found.blocks[0].fit == found.dimension.fit
    assert list(shown) == [
        "copies",
        "dimension",
        "dimension of parts",
        "autoencoder",
        "density peaks",
        "clustering",
        "number of clusters",
        "map",
    ]
    assert shown["clustering"] == 2
