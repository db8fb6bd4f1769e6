"""What a study takes of a model: an image and how sure it is, or the raw completion alone."""

import numpy as np

from stemgan.measurement import PartialScan
from stemgan.reconstruct import Reconstructor
from stemgan.study.methods import load_completers
from stemgan.weights import DEFAULT_MODEL


def test_raw_completions_come_without_a_deviation():
    rng = np.random.default_rng(0)
    dwell = (rng.random((40, 50)) < 0.2).astype(np.float32)
    scan = PartialScan(rng.normal(5, 2, dwell.shape).astype(np.float32), dwell)
    names = DEFAULT_MODEL, f"{DEFAULT_MODEL}:raw"
    ready = load_completers(names, "cpu")
    made = Reconstructor.load(device="cpu")(scan)
    blurred, raw = (ready[name](scan) for name in names)
    np.testing.assert_array_equal(blurred.image, made.image)
    np.testing.assert_array_equal(blurred.std, made.std)
    np.testing.assert_array_equal(raw.image, made.raw)
    assert raw.std is None
    assert raw.quantiles is None
