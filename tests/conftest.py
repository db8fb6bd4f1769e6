"""What several tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine makes tests slow, not wrong.
settings.register_profile(
    "stemgan", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("stemgan")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real micrographs."""
    folder = os.environ.get("STEMGAN_REAL_DATA")
    if not folder:
        pytest.skip("STEMGAN_REAL_DATA is not set: no real micrographs to test with")
    return Path(folder)


@pytest.fixture(scope="module")
def small_networks() -> Iterator[None]:
    """Let the catalogue's ResNets be small ones, for speed."""
    from stemgan_data_prep.catalogue.backbones.residual import SIZES

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "resnet18", ("basic", (8, 8, 16, 16), (1, 1, 1, 1)))
        patch.setitem(SIZES, "resnet50", ("bottleneck", (8, 8, 16, 16), (1, 1, 1, 1)))
        yield


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of small pictures, in a folder for each kind."""
    from tests.classifying import pictures

    return pictures(tmp_path_factory.mktemp("pictures") / "kinds")
