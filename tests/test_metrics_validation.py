import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from stemgan.infill import gaussian_blur
from stemgan.metrics import log_spectrum_ratio, rmse
from stemgan.metrics.validation import ValidationErrors

FAMILIES = ("spiral", "dots", "raster")


def batch(count, seed=0):
    random = torch.Generator().manual_seed(seed)
    truth = torch.rand(count, 1, 24, 30, generator=random) * 3
    image = truth + 0.3 * torch.randn(truth.shape, generator=random)
    raw = truth + 0.1 * torch.randn(truth.shape, generator=random)
    kriged = truth + 0.5
    span = truth.amax((1, 2, 3)) - truth.amin((1, 2, 3))
    family = torch.arange(count) % 2
    return image, raw, truth, gaussian_blur(truth), kriged, span, family


def test_figures_are_means_over_images():
    image, raw, truth, blurred, kriged, span, family = batch(5)
    errors = ValidationErrors(FAMILIES)
    errors.update(image, raw, truth, blurred, kriged, span, family)
    found = {name: value.item() for name, value in errors.compute().items()}

    def mean(one, other, of=slice(None)):
        pairs = zip(one[of, 0], other[of, 0], span[of], strict=True)
        return np.mean([rmse(a.numpy(), b.numpy(), s.item()) for a, b, s in pairs])

    pairs = zip(raw[:, 0], truth[:, 0], strict=True)
    assert found == pytest.approx(
        {
            "rmse_blurred": mean(image, blurred),
            "rmse_raw": mean(raw, truth),
            "rmse_kriged": mean(gaussian_blur(kriged), blurred),
            "log_spectrum": np.mean([log_spectrum_ratio(*map(np.asarray, p)) for p in pairs]),
            "rmse_blurred/spiral": mean(image, blurred, slice(0, None, 2)),
            "rmse_blurred/dots": mean(image, blurred, slice(1, None, 2)),
        },
        rel=1e-3,
    )


def test_batches_of_any_size_add_up():
    fields = batch(7)
    whole, parts = ValidationErrors(FAMILIES), ValidationErrors(FAMILIES)
    whole.update(*fields)
    for size in (slice(0, 1), slice(1, 5), slice(5, 5), slice(5, 7)):
        parts.update(*(field[size] for field in fields))
    torch.testing.assert_close(parts.compute(), whole.compute())


def test_what_was_not_measured_has_no_figure():
    image, raw, truth, blurred, _, span, family = batch(2)
    errors = ValidationErrors(FAMILIES)
    assert errors.compute() == {}
    errors.update(image, raw, truth, blurred, None, span, family)
    assert "rmse_kriged" not in errors.compute()
    errors.reset()
    assert errors.compute() == {}


def test_an_image_that_is_not_finite_shows_and_an_empty_field_does_not_count_as_texture():
    image, raw, truth, blurred, kriged, span, family = batch(2)
    image[0, 0, 3, 3] = torch.nan
    errors = ValidationErrors(FAMILIES)
    errors.update(image, raw, truth, blurred, kriged, span, family)
    assert torch.isnan(errors.compute()["rmse_blurred"])
    errors.reset()
    image, flat, span = batch(2)[0], truth.clone(), span.clone()
    flat[1], span[1] = 1.0, 0.0
    errors.update(image, raw, flat, gaussian_blur(flat), None, span, family)
    alone = ValidationErrors(FAMILIES)
    alone.update(image[:1], raw[:1], flat[:1], blurred[:1], None, span[:1], family[:1])
    assert errors.compute()["log_spectrum"] == alone.compute()["log_spectrum"]


TWO = """
import json, sys
import torch
from torch import distributed
from stemgan.infill import gaussian_blur
from stemgan.losses import AdaptiveLimit
from stemgan.metrics.validation import ValidationErrors

rank, store, images = int(sys.argv[1]), sys.argv[2], torch.load(sys.argv[3])
distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
limit = AdaptiveLimit(decay=0.9)
for losses in ([3.0, 90.0, 80.0], [1.0, 2.0, 500.0]):
    limit.update(torch.tensor(losses[:2] if rank else losses[2:]))
errors, none = ValidationErrors(("spiral", "dots", "raster")), ValidationErrors(("a",))
of = slice(0, 5) if rank == 0 else slice(5, 7)
errors.update(*(field[of] for field in images))
some = ValidationErrors(("spiral", "dots", "raster"))
if rank == 0:
    some.update(*images)
found = [
    {name: value.item() for name, value in metric.compute().items()}
    for metric in (errors, some, none)
]
print(json.dumps([limit.mean.item(), limit.second.item(), *found]))
distributed.destroy_process_group()
"""


def test_two_processes_are_one(tmp_path):
    """Uneven shares, and one process without any image."""
    from stemgan.losses import AdaptiveLimit

    fields = batch(7)
    torch.save(fields, tmp_path / "images.pt")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    arguments = (tmp_path / "store").as_uri(), str(tmp_path / "images.pt")
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error::UserWarning", "-c", TWO, str(rank), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    first, second = (json.loads(output) for output in outputs)
    assert first == second
    limit, errors = AdaptiveLimit(decay=0.9), ValidationErrors(FAMILIES)
    for losses in ([3.0, 90.0, 80.0], [1.0, 2.0, 500.0]):
        limit.update(torch.tensor(losses))
    errors.update(*fields)
    alone = {name: value.item() for name, value in errors.compute().items()}
    assert first[0] == pytest.approx(limit.mean.item(), rel=1e-6)
    assert first[1] == pytest.approx(limit.second.item(), rel=1e-6)
    assert first[2] == pytest.approx(alone, rel=1e-6)
    assert first[3] == pytest.approx(alone, rel=1e-6)
    assert first[4] == {}
