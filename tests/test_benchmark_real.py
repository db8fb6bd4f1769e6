"""The benchmark on real micrographs: its classes, tiles, halves, and how it judges."""

import csv
from pathlib import Path

import numpy as np
import pytest

from stemgan.errors import InputError
from stemgan.images import read_micrograph, write_image
from stemgan.manifest import read_tables
from stemgan_data_prep.catalogue.labels import Picture
from tests.benchmarking import FOLDER as BENCHMARKS
from tests.benchmarking import scripts

FOLDER = BENCHMARKS / "catalogue"
NAMES = ("images", "compare", "results", "real", "real_pictures", "real_judging")


@pytest.fixture
def benchmark(monkeypatch):
    with scripts(monkeypatch, FOLDER, NAMES) as script:
        yield script


def _archive(folder: Path) -> Path:
    """Make training images of three groups, of which an evaluation image shares the last."""
    rng = np.random.default_rng(0)
    rows = ["file,role,group"]
    named = [("a", "train", "np"), ("b", "train", "np"), ("c", "train", "qem_ADF_pair")]
    named += [("d", "train", "graphene_Si"), ("e", "eval", "graphene_Si")]
    for name, role, group in named:
        path = folder / role / f"{name}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, rng.normal(100, 9, (300, 260)).astype("f4"))
        rows.append(f"{role}/{name}.tif,{role},{group}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    return folder


def test_groups_have_a_class_and_those_of_evaluation_do_not_train(benchmark, tmp_path, capsys):
    pictures = benchmark("real_pictures")
    found = pictures.training_images(_archive(tmp_path))
    assert [(p.key, p.label) for p in found] == [
        ("a.tif", "particles"),
        ("b.tif", "particles"),
        ("c.tif", "edges"),
    ]
    assert "left out d.tif" in capsys.readouterr().out
    table = tmp_path / "labels" / "train.csv"
    pictures.write_labels(table, found)
    said = read_tables([table]).row(found[2].file, 0)
    assert said == {"class": "edges", "group": "qem_ADF_pair"}


def test_a_group_without_a_class_is_named(benchmark, tmp_path):
    pictures = benchmark("real_pictures")
    _archive(tmp_path)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("qem_ADF_pair", "new"))
    with pytest.raises(InputError, match=r"structure_classes\.csv gives no class of new"):
        pictures.training_images(tmp_path)


def test_simulated_kinds_show_one_class_each(benchmark, tmp_path):
    from stemgan.synthetic import KINDS

    pictures = benchmark("real_pictures")
    named = [kind for kinds in pictures.KINDS.values() for kind in kinds]
    assert len(named) == len(set(named))
    assert set(named) <= set(KINDS)
    for table in (pictures.TRAINING, pictures.EVALUATION):
        with table.open() as stream:
            assert {row["class"] for row in csv.DictReader(stream)} == set(pictures.CLASSES)


def test_halves_part_groups_and_share_classes_out(benchmark):
    pictures = benchmark("real_pictures")
    groups = {"edges": "ab", "lattice": "cdefg"}
    own = [
        Picture(Path("x.tif"), 0, "x", label, group)
        for label, names in groups.items()
        for group in names * 2
    ]
    assert pictures.halves(own) == {"a": 0, "b": 1, "c": 0, "d": 1, "e": 0, "f": 1, "g": 0}


def test_tiles_share_a_class_out_over_its_groups(benchmark, tmp_path):
    pictures = benchmark("real_pictures")
    found = pictures.training_images(_archive(tmp_path))
    found[1:2] = [Picture(found[1].file, 0, "b.tif", "particles", "other")]
    tiles = pictures.cut_training(tmp_path / "cut", found, 12)
    assert tiles == pictures.read_tiles(tmp_path / "cut")
    count = {
        (group, view): sum((t.group, t.view) == (group, view) for t in tiles)
        for group in ("np", "other", "qem_ADF_pair")
        for view in pictures.VIEWS
    }
    # Of 300x260 px there are four tiles of 128, one of 256 and one of 260 px.
    assert list(count.values()) == [2, 1, 1, 2, 1, 1, 4, 1, 1]
    sides = {t.view: read_micrograph(tmp_path / "cut" / t.file).data.shape for t in tiles}
    assert sides == {128: (128, 128), 256: (256, 256), 512: (260, 260)}
    assert {Path(t.file).parts[0] for t in tiles} == {"particles", "edges"}


def test_no_path_of_evaluation_tiles_tells_their_class(benchmark, tmp_path):
    pictures = benchmark("real_pictures")
    found = pictures.training_images(_archive(tmp_path))
    tiles = pictures.cut_all(tmp_path / "cut", found, (256, 512))
    assert {Path(t.file).parts[0] for t in tiles} == {"tiles"}
    assert {t.label for t in tiles} == {""}
    assert [t.image for t in tiles] == ["a.tif", "b.tif", "c.tif"] * 2


def test_tiles_vote_with_each_view_alike(benchmark, tmp_path):
    judging, tile = benchmark("real_judging"), benchmark("real_pictures").Tile
    tiles = [tile(f"t/{n}", "i", "g", "edges", view) for n, view in enumerate((128, 128, 512))]
    (tmp_path / "said").mkdir()
    table = tmp_path / "said" / "table.csv"
    head = "class,confidence,second,second_confidence,third,third_confidence"
    lines = [
        f"file,{head},fourth,fourth_confidence",
        "../cut/t/0,lattice,1,edges,0,texture,0,particles,0",
        "../cut/t/1,edges,0.5,texture,0.5,lattice,0,particles,0",
        "../cut/t/2,texture,0.9,edges,0.1,lattice,0,particles,0",
    ]
    table.write_text("\n".join(lines))
    said = judging.read_probabilities(table, tmp_path / "cut")
    # in the order of the classes: edges, lattice, particles, texture
    near = judging.pooled(tiles, said, (128,), lambda t: t.image)["i"]
    np.testing.assert_allclose(near, [0.25, 0.5, 0, 0.25])
    both = judging.pooled(tiles, said, (128, 512), lambda t: t.group)["g"]
    np.testing.assert_allclose(both, [0.175, 0.25, 0, 0.575])


def test_always_the_commonest_class_is_judged_as_such(benchmark):
    pytest.importorskip("sklearn", reason="the extra catalogue is not installed")
    judging = benchmark("real_judging")
    truth = {str(n): "lattice" if n < 8 else "edges" for n in range(10)}
    always = {name: np.array([0.0, 1, 0, 0]) for name in truth}
    judged = judging.judge(always, truth, {name: name for name in truth})
    assert (judged["accuracy"], judged["balanced"]) == (0.8, 0.5)
    assert judged["accuracy"] == judged["most_frequent"]
    assert judged["confusion"][0] == [0, 2, 0, 0]
    text = judging.told("Title", judged)
    assert "| accuracy | 80.0 |" in text
    assert "| 80.0 |\n| balanced accuracy | 50.0 |" in text
    assert "| edges | 0 | 2 | 0 | 0 | 2 | 2 |" in text


def test_how_to_look_is_chosen_by_balanced_accuracy_of_groups(benchmark):
    pytest.importorskip("sklearn", reason="the extra catalogue is not installed")
    real, tile = benchmark("real"), benchmark("real_pictures").Tile
    tiles, said, labels = [], {}, {"a": "edges", "b": "lattice"}
    for group, view, place in (("a", 128, 1), ("a", 256, 0), ("b", 128, 1), ("b", 256, 1)):
        tiles.append(tile(f"{group}{view}", group, group, labels[group], view))
        said[f"{group}{view}"] = 0.1 + 0.6 * np.eye(4)[place]
    for group in "ab":
        tiles.append(tile(f"{group}512", group, group, labels[group], 512))
        said[f"{group}512"] = np.array([0, 0, 0.5, 0.5])
    look, table = real.chosen(tiles, said, labels)
    assert (look, table["256 px"]["balanced"], table["128 px"]["balanced"]) == (
        "256 px",
        1,
        0.5,
    )


def test_no_training_sees_evaluation_images_or_the_half_it_is_asked_about(benchmark, tmp_path):
    real = benchmark("real")
    args = real._parser().parse_args(["-o", str(tmp_path)])
    words = {name: run.words[0] for name, run in real.trainings(args).items()}
    places = {n: [Path(p).name for p in w[7:].strip("[]").split(",")] for n, w in words.items()}
    assert places == {
        "simulated": ["simulated"],
        "half_0": ["simulated", "0"],
        "half_1": ["simulated", "1"],
        "both": ["simulated", "0", "1"],
    }
