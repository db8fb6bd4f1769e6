"""Images of several datasets as one list: nothing on two sides, chosen, weighted by group."""

import numpy as np
import pytest

from stemgan.data.crops import CropSettings
from stemgan.data.module import PartialScanData
from stemgan.data.pool import ImagePool
from stemgan.data.sampler import draw_order
from stemgan.data.shards import Label, ShardedImages, ShardWriter
from stemgan.errors import InputError


def labelled(path, names, split, *, seed=0, **figures):
    with ShardWriter(path, 64, {"of": names}) as writer:
        for index, name in enumerate(names):
            own = {figure: values[index] for figure, values in figures.items()}
            image = np.random.default_rng((seed, index)).random((64, 64))
            writer.append(image, Label(f"{path.name}-{index}", name, "s", split, **own))
    return path


def test_a_group_on_two_sides_is_refused_by_name(tmp_path):
    one = labelled(tmp_path / "one", ["gold", "iron"], "train")
    two = labelled(tmp_path / "two", ["lead", "iron"], "val")
    module = PartialScanData([one, two], crops=CropSettings(size=64))
    with pytest.raises(
        InputError, match=r"group iron is in train in .*one and in val in .*two"
    ):
        module.setup()
    other = labelled(tmp_path / "other", ["lead"], "val", seed=1)
    PartialScanData([one, other], crops=module.crops).setup()


def test_an_image_on_two_sides_is_refused_under_any_name(tmp_path):
    paths = [labelled(tmp_path / side, [side], side) for side in ("train", "val")]
    module = PartialScanData(paths, crops=CropSettings(size=64))
    with pytest.raises(InputError, match=r"val-0 in val .* the same image as train-0 in train"):
        module.setup()


def test_training_images_are_chosen_by_their_figures(tmp_path):
    figures = {"sharpness": [0.1, 0.5, 0.9, None], "saturation": [0.0, 0.2, 0.0, 0.0]}
    path = labelled(tmp_path / "set", list("abcd"), "train", **figures)
    opened = [ShardedImages(path)]

    def groups(limits):
        return ImagePool(opened, "train", limits).column("group")

    assert groups({}) == ["a", "b", "c", "d"]
    assert groups({"sharpness": (0.5, None)}) == ["b", "c", "d"]  # d: not known
    assert groups({"sharpness": (None, 0.5), "saturation": (0, 0.1)}) == ["a", "d"]
    assert groups({"sharpness": (2, None)}) == ["d"]
    with pytest.raises(InputError, match="'colour'"):
        groups({"colour": (0, 1)})
    with pytest.raises(InputError, match="least and the greatest"):
        groups({"sharpness": (1, 0)})
    module = PartialScanData([path], crops=CropSettings(size=64), limits={"mean": (9, None)})
    with pytest.raises(InputError, match="within the limits"):
        module.setup()


def test_groups_not_images_share_the_draws(tmp_path):
    path = labelled(tmp_path / "set", ["many"] * 8 + ["few"], "train")
    pool = ImagePool([ShardedImages(path)], "train")
    for power, share in ((0.0, 1 / 9), (1.0, 1 / 2)):
        weights = pool.weights([1.0], power)
        drawn = draw_order(weights, 900, 0, 0)
        assert (drawn == 8).sum() == pytest.approx(900 * share, abs=1)
