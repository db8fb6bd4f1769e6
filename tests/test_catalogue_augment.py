"""How pictures are changed in training."""

import numpy as np
import pytest
import torch

from stemgan_data_prep.catalogue.augment import Augmentation, augmented, plain

NOTHING = Augmentation(False, False, 0, 0, 0, 0, 0, 0, 0, 0)


def batch(count=6, side=48):
    y, x = np.mgrid[:side, :side] / side
    images = [100 + 80 * np.sin(6 * x + n) * np.cos(5 * y) + 40 * x for n in range(count)]
    return torch.from_numpy(np.stack(images).astype(np.uint8))


def keys(count=6):
    return torch.arange(count)


def test_plain_shrinks_without_aliasing():
    noise = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 256, 256), np.uint8))
    small = plain(noise, 32)
    assert small.shape == (2, 1, 32, 32)
    assert small.std() < 0.25 * plain(noise, 256).std()
    torch.testing.assert_close(plain(noise, 256)[:, 0] * 255, noise.float())


def test_nothing_to_change_changes_nothing():
    got = augmented(batch(), 32, keys(), NOTHING)
    torch.testing.assert_close(got, plain(batch(), 32), atol=1e-4, rtol=0)


def test_turned_and_mirrored_pictures_keep_their_pixels():
    settings = Augmentation(True, True, 0, 0, 0, 0, 0, 0, 0, 0)
    one = batch(1).expand(64, -1, -1)
    got = augmented(one, 48, keys(64), settings)[:, 0]
    whole = plain(one[:1], 48)[0, 0]
    eight = [torch.rot90(w, n) for w in (whole, whole.fliplr()) for n in range(4)]
    met = set()
    for image in got:
        errors = [float((image - other).abs().max()) for other in eight]
        assert min(errors) < 1e-3
        met.add(errors.index(min(errors)))
    assert met == set(range(8))


def test_a_picture_is_changed_alike_in_any_batch():
    whole = augmented(batch(), 32, keys(), seed=3, epoch=2)
    part = augmented(batch()[4:], 32, keys()[4:], seed=3, epoch=2)
    torch.testing.assert_close(whole[4:], part, atol=1e-6, rtol=0)
    state = torch.random.get_rng_state()
    augmented(batch(), 32, keys())
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("other", [{"seed": 4, "epoch": 2}, {"seed": 3, "epoch": 3}])
def test_other_seeds_and_epochs_change_otherwise(other):
    first = augmented(batch(), 32, keys(), seed=3, epoch=2)
    second = augmented(batch(), 32, keys(), **other)
    assert ((first - second).abs().mean(dim=(1, 2, 3)) > 0.01).all()


@pytest.mark.parametrize(
    "name", ["rotation", "scale", "shift", "brightness", "contrast", "gamma", "blur", "noise"]
)
def test_each_change_changes_within_the_range(name):
    amount = 20.0 if name == "rotation" else 1.5 if name == "blur" else 0.2
    settings = Augmentation(**dict.fromkeys(NOTHING.__dataclass_fields__, 0) | {name: amount})
    got = augmented(batch(), 32, keys(), settings)
    changed = (got - plain(batch(), 32)).abs().amax(dim=(1, 2, 3)) > 1e-3
    assert changed.sum() >= 4
    assert got.min() >= 0
    assert got.max() <= 1


def test_noise_is_as_strong_as_said():
    grey = torch.full((400, 16, 16), 128, dtype=torch.uint8)
    settings = Augmentation(False, False, 0, 0, 0, 0, 0, 0, 0, noise=0.1)
    spread = augmented(grey, 16, keys(400), settings).std(dim=(1, 2, 3))
    assert spread.max() < 0.12
    assert abs(float(spread.mean()) - 0.05) < 0.005


def test_a_blur_keeps_the_mean_and_smooths():
    noise = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (8, 64, 64), np.uint8))
    settings = Augmentation(False, False, 0, 0, 0, 0, 0, 0, blur=3.0, noise=0)
    got, before = augmented(noise, 64, keys(8), settings), plain(noise, 64)
    torch.testing.assert_close(
        got.mean(dim=(1, 2, 3)), before.mean(dim=(1, 2, 3)), atol=0.01, rtol=0
    )
    assert got.std() < before.std()
