"""Images to evaluate on, and no figures but for the tests that look at them."""

import numpy as np
import pytest

from stemgan import evaluate as evaluation
from stemgan.images import write_image


@pytest.fixture
def drawn():
    """Let plots be drawn, which take longest, for tests that look at them."""


@pytest.fixture(autouse=True)
def _figures_on_demand(request, monkeypatch):
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(evaluation, "draw", lambda *figures: None)


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    y, x = np.mgrid[:64, :80]
    write_image(folder / "waves.tif", (100 + 20 * np.sin(x / 9) * np.cos(y / 7)).astype("f4"))
    blob = np.exp(-((x[:50, :60] - 30) ** 2 + (y[:50, :60] - 20) ** 2) / 200)
    write_image(folder / "blob.tif", (3e-9 * blob).astype("f4"))
    return folder
