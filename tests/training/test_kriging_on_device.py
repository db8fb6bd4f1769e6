"""A training makes the kriged infill itself where the loader has not."""

import numpy as np
import pytest
import torch

from stemgan.data.samples import collate, partial_scan_sample
from stemgan.kriging import krige
from stemgan.scan import ScanDesign
from tests.trainers import quiet
from tests.training.batches import made


def scanned(*, kriged):
    """Scan two images, as a loader does."""
    samples = []
    for seed, family in enumerate(("spiral", "random")):
        y, x = np.mgrid[:64, :64]
        noise = np.random.default_rng(seed).normal(size=(64, 64))
        truth = (50 + 9 * np.cos(x / 3 + seed) + 5 * np.sin(y / 5) + noise).astype(np.float32)
        design = ScanDesign(family, (64, 64), coverage=0.1, seed=seed)
        samples.append(partial_scan_sample(truth, design, key=seed, kriged=kriged))
    return collate(samples)


def test_it_is_what_the_loader_would_have_made():
    without, whole = scanned(kriged=False), scanned(kriged=True)
    assert without.kriged is None
    made_here = made("stemgan").on_after_batch_transfer(without, 0)
    assert torch.equal(made_here.infill, whole.infill)
    # Scaled so that measured values span about 2.
    assert (made_here.kriged - whole.kriged).abs().max() < 5e-3
    assert (made_here.kriged - whole.infill).abs().max() > 0.1


def test_what_the_loader_made_is_kept():
    whole = scanned(kriged=True)
    assert made("stemgan").on_after_batch_transfer(whole, 0) is whole


@pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines
def test_training_and_validation_run_without_it(tmp_path):
    from torch.utils.data import DataLoader

    model, seen = made("stemgan"), []
    model.generator.register_forward_pre_hook(lambda _, given: seen.append(given[3]))
    data = DataLoader([scanned(kriged=False)], batch_size=None)
    trainer = quiet(tmp_path, max_steps=1)
    trainer.fit(model, data, [data, data])
    batch = scanned(kriged=False)
    assert torch.equal(seen[0], krige(batch.infill, batch.dwell))
    assert trainer.callback_metrics["val/rmse_kriged"] > 0
