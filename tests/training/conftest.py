"""The images that small training runs have."""

import pytest

from stemgan_data_prep.synthesize import synthesize


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """Make images: an odd number to validate on, which two processes cannot share evenly."""
    path = tmp_path_factory.mktemp("data") / "set"
    synthesize(17, path, size=64, shares=(0.7, 0.3, 0.0))
    return path
