"""Libraries' inpainting: sense of the mask, intensities, what is missing or too large."""

import sys

import numpy as np
import pytest

from stemgan.baselines import METHODS, OPENCV_METHODS, complete, default_methods, inpainting
from stemgan.baselines.smoothing import smooth
from stemgan.errors import InputError
from stemgan.measurement import PartialScan
from stemgan.metrics import rmse


def scanned(shape=(60, 70), share=0.3, level=0.0):
    image = smooth(np.random.default_rng(0).normal(size=shape).astype(np.float32), 8)
    image = image / image.std() + level
    mask = np.random.default_rng(1).random(shape) < share
    return image, PartialScan(np.where(mask, image, 0).astype(np.float32), mask * np.float32(1))


@pytest.mark.parametrize("level", [0.0, -20.0, 1e4])
@pytest.mark.parametrize("method", [*OPENCV_METHODS, "skimage-biharmonic"])
def test_measured_pixels_stay_and_missing_ones_are_completed(method, level):
    """Negative intensities and the opposite sense of the mask are what goes wrong elsewhere."""
    if method in OPENCV_METHODS:
        pytest.importorskip("cv2")
    image, scan = scanned(level=level)
    plain = {"after": 0} if method in OPENCV_METHODS else {}
    found = METHODS[method](scan, **plain)
    np.testing.assert_allclose(found[scan.mask], image[scan.mask], atol=2e-3)
    assert rmse(found, image, float(np.ptp(image))) < 4


@pytest.mark.parametrize("method", OPENCV_METHODS)
def test_a_missing_extra_says_what_to_install(method, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match=r"pip install 'stemgan\[opencv\]'"):
        complete(scanned()[1], method)


def test_default_methods_leave_out_what_is_not_installed(monkeypatch):
    monkeypatch.setattr("stemgan.baselines.has_opencv", lambda: False)
    without = default_methods()
    monkeypatch.setattr("stemgan.baselines.has_opencv", lambda: True)
    assert set(default_methods()) - set(without) == set(OPENCV_METHODS)
    assert set(METHODS) - set(default_methods()) == {"skimage-biharmonic"}


def test_a_frame_too_large_is_refused():
    side = int(inpainting.MOST_PIXELS**0.5) + 1
    dwell = np.ones((side, side), np.float32)
    with pytest.raises(InputError, match="use biharmonic"):
        complete(PartialScan(dwell, dwell), "skimage-biharmonic")
