import subprocess
import sys

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from hypothesis import given
from hypothesis import strategies as st
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities import move_data_to_device

from stemgan.cli.train import configuration_folder
from stemgan.data import Batch, sampler
from stemgan.data import module as module_of_data
from stemgan.data.crops import CropSettings, dihedral
from stemgan.data.module import PartialScanData
from stemgan.data.sampler import WeightedSampler, draw_order
from stemgan.errors import InputError
from stemgan.scan import FAMILIES, ScanDesign
from stemgan_data_prep.synthesize import synthesize
from tests.trainers import quiet


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "set"
    synthesize(26, path, size=96, shares=(0.7, 0.3, 0.0))
    return path


def data(dataset, **changes):
    changes.setdefault("crops", CropSettings(size=64, coverage=(0.05, 0.2)))
    changes.setdefault("val_coverages", (1 / 4, 1 / 20))
    return PartialScanData([dataset], batch_size=3, **changes)


def flat(batches):
    return [
        torch.cat([field.flatten().double() for field in batch if field is not None])
        for batch in batches
    ]


def same(one, two):
    one, two = flat(one), flat(two)
    return len(one) == len(two) and all(map(torch.equal, one, two))


def test_importing_batch_needs_no_lightning():
    code = "import sys; from stemgan.data import Batch; assert 'lightning' not in sys.modules"
    path = [p for p in sys.path if p]
    code = f"import sys; sys.path[:0] = {path!r}; " + code
    subprocess.run([sys.executable, "-c", code], check=True)


def test_batches_are_finite_and_as_promised(dataset):
    loader = data(dataset).train_dataloader()
    batches = list(loader)
    assert len(batches) == len(loader)
    for batch in batches:
        assert isinstance(batch, Batch)
        assert tuple(batch.target.shape) == (3, 1, 64, 64)
        assert all(torch.isfinite(field).all() for field in batch)
        assert (batch.span >= 0).all()
        assert ((batch.coverage > 0.02) & (batch.coverage < 0.4)).all()


def test_training_follows_from_seed_and_epoch(dataset):
    first, again = (list(data(dataset).train_dataloader()) for _ in range(2))
    assert same(first, again)
    assert not same(first, list(data(dataset, seed=1).train_dataloader()))
    loader = data(dataset).train_dataloader()
    loader.sampler.set_epoch(1)
    assert not same(first, list(loader))


def test_validation_never_changes(dataset):
    changes = {"val_repeats": 2, "val_families": ("spiral", "dots", "random")}
    loader, seen = data(dataset, **changes).val_dataloader()
    first = list(loader)
    assert same(first, list(loader))
    others = data(dataset, seed=7, **changes).val_dataloader()
    assert same(first, list(others[0]))
    assert same(list(seen), list(others[1]))
    assert not same(first, list(seen))
    families = torch.cat([batch.family for batch in first]).tolist()
    coverages = torch.cat([batch.coverage for batch in first])
    assert {FAMILIES[family] for family in families} == set(changes["val_families"])
    assert coverages.min() < 0.07
    assert coverages.max() > 0.2


def test_samples_carry_keys_of_their_own(dataset):
    def keys(loader):
        return torch.cat([batch.key for batch in loader]).tolist()

    loader = data(dataset).train_dataloader()
    first = keys(loader)
    assert len(set(first)) == len(first)
    assert all(0 <= key < 2**63 for key in first)
    loader.sampler.set_epoch(1)
    assert not set(keys(loader)) & set(first)
    assert not set(keys(data(dataset, seed=1).train_dataloader())) & set(first)
    fixed = [keys(loader) for loader in data(dataset, val_repeats=2).val_dataloader()]
    assert len(set(fixed[0] + fixed[1])) == len(fixed[0]) + len(fixed[1])


def test_seen_images_are_trained_on_and_as_many_as_held_out_ones(dataset):
    module = data(dataset, val_repeats=2)
    val, seen = module.val_dataloader()
    assert len(val.dataset) == len(seen.dataset)
    trained = set(module.train_dataloader().dataset.pool.column("key"))
    assert set(seen.dataset.keys) <= trained
    assert not set(val.dataset.keys) & trained


def test_ranks_validate_each_sample_once(dataset, monkeypatch):
    together = [torch.cat([b.key for b in loader]) for loader in data(dataset).val_dataloader()]
    parts = [[], []]
    for rank in range(3):
        monkeypatch.setattr(sampler, "ranks", lambda rank=rank: (rank, 3))
        for part, loader in zip(parts, data(dataset).val_dataloader(), strict=True):
            batches = list(loader)
            assert len(batches) == len(loader)
            part += torch.cat([batch.key for batch in batches]).tolist()
    for part, whole in zip(parts, together, strict=True):
        assert sorted(part) == sorted(whole.tolist())


def test_too_few_validation_scans_for_the_ranks_are_refused(dataset, monkeypatch):
    monkeypatch.setattr(module_of_data, "ranks", lambda: (0, 99))
    with pytest.raises(InputError, match="99 processes"):
        data(dataset).val_dataloader()


@pytest.mark.parametrize("wanted", [{"pitch": 8.0}, {"coverage": (0.1, 0.1)}])
def test_a_fixed_scan_is_that_of_every_sample(dataset, wanted):
    crops = CropSettings(64, 1.0, ("spiral",), fixed=True, kriged=False, **wanted)
    module = data(dataset, crops=crops, val_coverages=None)
    train, (val, seen) = module.train_dataloader(), module.val_dataloader()
    batches = [*train, *val, *seen]
    for batch in batches:
        assert batch.kriged is None
        assert (batch.dwell == batches[0].dwell[0]).all()
    design = {k: v for k, v in wanted.items() if k == "pitch"} or {"coverage": 0.1}
    mask = ScanDesign("spiral", (64, 64), **design).trace().mask
    assert np.array_equal(batches[0].dwell[0, 0] > 0, mask)
    with pytest.raises(InputError, match="leave out val_families"):
        data(dataset, crops=crops)


def test_a_batch_without_kriged_infill_is_moved_and_pinned_as_it_is(dataset):
    crops = CropSettings(64, 1.0, ("spiral",), (0.1, 0.1), fixed=True, kriged=False)
    batch = next(iter(data(dataset, crops=crops, val_coverages=None).train_dataloader()))
    moved = move_data_to_device(batch, torch.device("meta"))
    assert isinstance(moved, Batch)
    assert moved.kriged is None
    assert moved.key.device.type == "meta"


def test_the_published_data_is_the_published_spiral(tmp_path):
    synthesize(3, tmp_path / "large", size=512, shares=(0.6, 0.4, 0))
    with initialize_config_dir(str(configuration_folder()), version_base="1.3"):
        datasets = f"data.datasets=[{(tmp_path / 'large').as_posix()}]"
        config = compose("train", ["data=ede2020", datasets, "data.num_workers=0"])
    module = instantiate(config.data, _convert_="all")
    train = module.train_dataloader()
    for batch in [*train, *(b for loader in module.val_dataloader() for b in loader)]:
        assert tuple(batch.target.shape) == (1, 1, 512, 512)
        assert 1 / (batch.dwell > 0).double().mean().item() == pytest.approx(17.859653903801608)
    train.sampler.set_epoch(1)
    stored = train.dataset.pool.image(next(iter(train.sampler)).index)
    target = next(iter(train)).target[0, 0].numpy()
    low, high = target.min(), target.max()
    shown = (target - low) / (high - low) * np.ptp(stored) + stored.min()
    turned = [dihedral(stored, which) for which in range(8)]
    assert min(np.abs(shown - image).max() for image in turned) < 1e-4 * np.ptp(stored)


def test_scans_that_measure_nothing_are_refused(dataset):
    module = data(dataset, crops=CropSettings(64, 1.0, ("dots",), (0.001, 0.002)))
    with pytest.raises(InputError, match="larger crops"):
        next(iter(module.train_dataloader()))


@given(
    st.lists(st.floats(0.01, 1), min_size=1, max_size=20),
    st.integers(1, 60),
    st.integers(0, 99),
)
def test_draws_are_in_proportion_to_weights(weights, count, seed):
    share = np.array(weights) / sum(weights)
    times = np.bincount(draw_order(share, count, seed, 0), minlength=len(share))
    assert times.sum() == count
    assert (np.abs(times - share * count) < 1 + 1e-9).all()


@pytest.mark.parametrize("world", [1, 2, 3])
def test_ranks_share_out_an_epoch(monkeypatch, world):
    weights = np.full(20, 1 / 20)
    drawn = []
    for rank in range(world):
        monkeypatch.setattr(sampler, "ranks", lambda rank=rank: (rank, world))
        own = WeightedSampler(weights, 20, seed=4)
        drawn.append([draw.index for draw in own])
        assert len(drawn[-1]) == len(own)
    together = [index for turn in zip(*drawn, strict=True) for index in turn]
    assert together == draw_order(weights, 20, 4, 0)[: len(together)].tolist()
    assert len(set(together)) == len(together) == 20 // world * world


def test_sampler_resumes_on_another_number_of_ranks(monkeypatch):
    weights = np.full(24, 1 / 24)
    whole = [draw.index for draw in WeightedSampler(weights, 24)]
    rest = []
    for rank in range(2):
        monkeypatch.setattr(sampler, "ranks", lambda rank=rank: (rank, 2))
        own = WeightedSampler(weights, 24)
        own.load_state_dict({"epoch": 0, "seen": 10, "seed": 0})
        rest.append([draw.index for draw in own])
    assert [index for turn in zip(*rest, strict=True) for index in turn] == whole[10:]


def test_loader_resumes_between_any_two_batches(dataset):
    whole = list(data(dataset).train_dataloader())
    loader = data(dataset).train_dataloader()
    batches = iter(loader)
    head = [next(batches) for _ in range(2)]
    again = data(dataset).train_dataloader()
    again.load_state_dict(loader.state_dict())
    assert same(head + list(again), whole)
    after = data(dataset).train_dataloader()
    after.load_state_dict(again.state_dict())  # a whole epoch: go on with the next
    assert after.state_dict() == {"epoch": 1, "seen": 0, "seed": 0}


class Witness(LightningModule):
    """Remembers what it was trained on."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.batches, self.stop_after = [], stop_after

    def training_step(self, batch, _):
        self.batches.append(batch)
        return self.weight * batch.span.mean()

    def validation_step(self, batch, _, dataloader_idx):
        assert len(batch.span)

    def on_train_batch_end(self, *_):
        if len(self.batches) == self.stop_after:
            self.trainer.save_checkpoint(self.trainer.default_root_dir + "/stopped.ckpt")

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning")
@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
@pytest.mark.parametrize("stop_after", [2, 6, 8])
def test_trainer_resumes_in_mid_epoch(dataset, tmp_path, stop_after):
    def run(witness, **fit):
        trainer = quiet(tmp_path, max_epochs=3)
        trainer.fit(witness, datamodule=data(dataset), **fit)
        return witness.batches

    whole = run(Witness(stop_after))
    assert len(whole) == 3 * len(data(dataset).train_dataloader())
    rest = run(Witness(), ckpt_path=str(tmp_path / "stopped.ckpt"))
    assert same(whole[:stop_after] + rest, whole)


def test_wrong_datasets_are_refused(dataset, tmp_path):
    with pytest.raises(InputError, match="not a dataset"):
        PartialScanData([tmp_path]).setup()
    with pytest.raises(InputError, match="smaller crops"):
        PartialScanData([dataset]).setup()
    with pytest.raises(InputError, match="shares"):
        PartialScanData([dataset], [1, 2])
    synthesize(2, tmp_path / "train", size=64, shares=(1, 0, 0))
    with pytest.raises(InputError, match="no dataset has a val image"):
        data(tmp_path / "train").setup()
