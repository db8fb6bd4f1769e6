"""What several tests share."""

import os
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
