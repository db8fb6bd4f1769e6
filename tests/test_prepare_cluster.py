"""On a Dask cluster the same bytes are made."""

import numpy as np
import pytest

from stemgan_data_prep.checks import UnfitError
from tests.preparing import content, prepare, rejected, scene, write

pytest.importorskip("distributed", reason="Dask distributed is not installed")


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as started:
        yield started


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_cluster_makes_the_same_bytes(cluster, tmp_path):
    folder = tmp_path / "in"
    for seed in range(6):
        write(folder / f"{seed}.tif", scene((64, 64 * (1 + seed % 2)), seed))
    write(folder / "stack.tif", np.stack([scene((64, 64), 20 + seed) for seed in range(5)]))
    (folder / "broken.tif").write_bytes(b"broken")
    assert prepare(folder, "-o", tmp_path / "here") == 0
    address = cluster.scheduler_address
    assert prepare(folder, "-o", tmp_path / "there", "--scheduler", address) == 0
    assert content(tmp_path / "here") == content(tmp_path / "there")
    assert set(rejected(tmp_path / "there")) == {"broken.tif"}


def test_refusals_can_be_sent():
    import pickle

    error = pickle.loads(pickle.dumps(UnfitError("too small", "it is")))
    assert (error.kind, str(error)) == ("too small", "it is")
