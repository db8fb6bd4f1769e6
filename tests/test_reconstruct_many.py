"""Many scans in one call, and many likely images of one scan."""

import numpy as np
import pytest

from stemgan.cli import main
from stemgan.errors import InputError
from stemgan.images import write_image
from stemgan.measurement import PartialScan
from stemgan.reconstruct import Reconstructor


def scanned(shape, seed):
    rng = np.random.default_rng(seed)
    dwell = (rng.random(shape) < 0.1).astype(np.float32)
    return PartialScan(rng.normal(100, 30, shape).astype(np.float32), dwell)


@pytest.fixture(scope="module")
def textured():
    return Reconstructor.load("stemgan-s-adv", "cpu", seed=3)


@pytest.mark.parametrize("batch", [0, 1, 2, 5])
def test_a_stream_gives_what_single_calls_give(batch):
    model = Reconstructor.load(device="cpu")
    scans = [scanned((40 + 8 * (k // 2), 48), k) for k in range(3)]
    streamed = list(model.stream(iter(scans), batch))
    assert len(streamed) == len(scans)
    for scan, found in zip(scans, streamed, strict=True):
        single = model(scan)
        np.testing.assert_allclose(found.image, single.image, atol=1e-2)
        np.testing.assert_allclose(found.std, single.std, rtol=1e-3)
        assert 0 < found.seconds < 60


def test_a_stream_takes_no_more_than_a_batch_ahead():
    taken = []

    def endless():
        while True:
            taken.append(None)
            yield scanned((16, 16), len(taken))

    stream = Reconstructor.load(device="cpu").stream(endless(), 2)
    next(stream)
    assert len(taken) == 2
    next(stream)
    next(stream)
    assert len(taken) == 4


def test_samples_are_the_images_of_seeds(textured):
    scan = scanned((48, 40), 0)
    first, second = textured.samples(scan, 2)
    np.testing.assert_array_equal(first.image, textured(scan).image)
    other = Reconstructor.load("stemgan-s-adv", "cpu", seed=4)(scan)
    np.testing.assert_array_equal(second.image, other.image)
    assert np.abs(first.image - second.image).max() > 0.1


@pytest.mark.parametrize("stacked", [False, True])
def test_samples_are_written_with_their_deviation(stacked, textured, tmp_path, capsys):
    scans = [scanned((40, 48), k) for k in range(2)]
    planes = np.stack([scan.with_nan() for scan in scans])
    write_image(tmp_path / "in.tif", planes if stacked else planes[0], None, None, {}, False)
    arguments = ["--model", "stemgan-s-adv", "--device", "cpu", "--seed", "3", "--samples", "3"]
    output = tmp_path / "out.tif"
    assert main(["reconstruct", str(tmp_path / "in.tif"), *arguments, "-o", str(output)]) == 0
    assert ("samples_std" in capsys.readouterr().out) != stacked
    images = [read(tmp_path / f"out.sample{k}.tif") for k in (1, 2, 3)]
    np.testing.assert_array_equal(images[0], read(output))
    spread = np.std(images, axis=0, ddof=1)
    np.testing.assert_allclose(read(tmp_path / "out.samples_std.tif"), spread, rtol=1e-3)
    scan = scans[0]
    wanted = textured.samples(scan, 3)[2].image
    np.testing.assert_allclose(images[2][0] if stacked else images[2], wanted, atol=1e-2)


def read(path):
    import tifffile

    return tifffile.imread(path)


def test_samples_of_what_makes_no_texture_are_refused(tmp_path, capsys):
    write_image(tmp_path / "in.tif", scanned((40, 48), 0).with_nan(), None, None, {}, False)
    for options, words in (
        (["--samples", "3"], "makes none"),
        (["--samples", "1", "--model", "stemgan-s-adv"], "2 or more"),
        (["--samples", "0", "--model", "stemgan-s-adv"], "2 or more"),
        (["--samples", "3", "--method", "nearest"], "draws no samples"),
    ):
        assert main(["reconstruct", str(tmp_path / "in.tif"), *options]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    with pytest.raises(InputError, match="makes none"):
        Reconstructor.load(device="cpu").samples(scanned((40, 48), 0), 2)
