"""Pictures of images, side by side."""

import numpy as np
from PIL import Image

from stemgan.images import (
    picture,
    pictures,
    write_picture,
)

SHAPE = (33, 47)


def noise(shape=SHAPE, seed=0):
    return np.random.default_rng(seed).normal(5, 3, shape).astype(np.float32)


def test_pictures_show_unmeasured_pixels_in_their_own_colour(tmp_path):
    data = noise((300, 400))
    data[:150] = np.nan
    path = write_picture(
        tmp_path / "p.png", picture([("a", data), ("b\nc", noise((300, 400)))])
    )
    drawn = np.asarray(Image.open(path))
    assert drawn.shape[1] > 800
    assert (drawn[80, 100] == pictures._UNMEASURED).all()
    assert len(set(drawn[250, 100].tolist())) == 1  # measured pixels are grey


def test_a_constant_image_can_be_pictured():
    assert picture([("vacuum", np.zeros((32, 32), np.float32))]).width >= 256


def test_a_strip_can_be_pictured():
    assert picture([("", np.zeros((8, 20_000)))]).height > 0


def test_a_small_preview_is_enlarged_and_a_large_one_reduced():
    assert 512 > picture([("a", noise((40, 50)))]).width >= 256
    assert picture([("a", noise((64, 5000)))]).width <= 1050
