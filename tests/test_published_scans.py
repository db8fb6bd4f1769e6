"""The published scans' encoding, undone by the example without looking at the truth."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from stemgan.baselines import complete
from stemgan.baselines.smoothing import smooth
from stemgan.images import read_mask, read_micrograph
from stemgan.measurement import PartialScan
from stemgan.metrics import blurred, rmse
from stemgan.reconstruct import Reconstructor
from stemgan.scan import ScanDesign
from stemgan.weights import DEFAULT_MODEL
from stemgan_kernels.masks import blurred_dwell

EXAMPLE = Path(__file__).parents[1] / "examples" / "published_scans.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("published_scans", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def encode(image, dwell, rng):
    """D = M (M I + 2 (1 - M) U B), then min-max with the unscanned at -1."""
    intensity = 2 * image - 1
    blur = blurred(intensity)
    stretched = 2 * (blur - blur.min()) / np.ptp(blur) - 1
    noise = rng.random(image.shape)
    detected = dwell * (dwell * intensity + 2 * (1 - dwell) * noise * stretched)
    scale = detected[dwell > 0].max() + 1
    encoded = np.where(dwell > 0, (detected + 1) / scale, 0).astype(np.float32)
    gain = np.ptp(blur) / 2
    return encoded, (1 / scale, gain, blur.min() + gain)


def test_decoding_undoes_the_encoding(example):
    rng = np.random.default_rng(0)
    image = smooth(rng.normal(size=(320, 256)).astype(np.float32), 10)
    image = 0.3 + 0.4 * (image - image.min()) / np.ptp(image)  # what noise leaves of the range
    image = np.clip(image + rng.normal(0, 0.02, image.shape), 0, 1)
    mask = ScanDesign("spiral", image.shape, pitch=20.0).trace().mask
    dwell = blurred_dwell(mask)
    encoded, truth = encode(image, dwell, rng)
    found = example.fit_encoding(encoded, dwell)
    assert found.background == pytest.approx(truth[0], rel=2e-3)
    assert found.gain == pytest.approx(truth[1], abs=0.1)
    assert found.offset == pytest.approx(truth[2], abs=0.05)
    scan = example.decode(encoded, dwell)
    error = scan.values[scan.mask] - blurred(image)[scan.mask]
    assert abs(error.mean()) < 0.01
    assert error.std() < 0.06


def test_raw_errors_are_of_raw_completions(example, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    truth = smooth(rng.normal(size=(48, 40)).astype(np.float32), 3)
    dwell = (rng.random(truth.shape) < 0.3).astype(np.float32)
    scan = PartialScan(truth * (dwell > 0), dwell, name="small")
    monkeypatch.setattr(example, "default_methods", lambda: ("linear",))
    results = example.judge(truth, scan)
    made, span = Reconstructor.load()(scan), float(np.ptp(truth))
    linear = complete(scan, "linear")
    for name, image, raw in (
        (DEFAULT_MODEL, made.image, made.raw),
        ("linear", linear, linear),
    ):
        np.testing.assert_allclose(results[name][0], image, rtol=1e-5, atol=1e-6)
        expected = rmse(image, blurred(truth), span), rmse(raw, truth, span)
        assert results[name][1:] == pytest.approx(expected, rel=1e-4)
    assert capsys.readouterr().out.count("small") == 2


@pytest.mark.parametrize("number", [1, 3, 5])
def test_published_scans(example, number, real_data):
    folder = real_data / "partial_scans"
    encoded = read_micrograph(folder / f"partial_scan-{number}.tif").data
    truth = read_micrograph(folder / f"truth-{number}.tif").data
    scan = example.decode(encoded, read_mask(folder / "mask.tif"))
    error = rmse(complete(scan, "smoothed-nearest"), blurred(truth), float(np.ptp(truth)))
    # Taken for intensities as they are, the scans give 47, 26 and 19 %.
    assert error < 4.5
