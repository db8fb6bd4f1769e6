"""What several tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real micrographs."""
    folder = os.environ.get("STEMGAN_REAL_DATA")
    if not folder:
        pytest.skip("STEMGAN_REAL_DATA is not set: no real micrographs to test with")
    return Path(folder)
