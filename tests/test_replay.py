import doctest
import io
from collections import Counter

import numpy as np
import pytest
import torch

from stemgan.training import replay as module
from stemgan.training.replay import ExperienceReplay


def sample(value):
    return torch.full((1, 3, 4), float(value)), torch.full((1, 3, 4), float(-value))


def filled(size=5, **settings):
    replay = ExperienceReplay(size, **settings)
    for i in range(size):
        assert replay.exchange(sample(i)) is None
    assert replay.filled
    return replay


def value_of(sample):
    first, second = sample
    assert torch.equal(first, -second)
    return first.unique().item()


def run(replay, losses):
    """Exchange and admit one sample after another; return what was trained on, and entries."""
    trained, entered = [], []
    for i, loss in enumerate(losses):
        given, fresh = replay.exchange(sample(100 + i))
        trained.append((value_of(given), fresh))
        if fresh:
            entered.append(replay.admit(given, loss))
    return trained, entered


def test_the_first_samples_fill_the_buffer_and_are_repeated():
    replay = filled(probability=1.0)
    values = Counter(value_of(replay.exchange(sample(9))[0]) for _ in range(1000))
    assert set(values) == {0, 1, 2, 3, 4}
    assert min(values.values()) > 150
    assert replay.figures()["replayed_share"] == 1


def test_without_replay_everything_is_fresh():
    trained, _ = run(filled(probability=0.0), [1.0] * 50)
    assert trained == [(100 + i, True) for i in range(50)]


def test_the_threshold_by_hand():
    """The published constants, worked out from the definition."""
    replay = filled()
    fresh = sample(7)
    assert replay.admit(fresh, 1.0)  # above the first threshold of 0
    # rate 0.99 0.2 + 0.01 = 0.208; mean 0.99 1.5 + 0.01 = 1.495, second 3.96 + 0.01 = 3.97;
    # sd sqrt(3.97 - 2.235025) = 1.317185; threshold 0.01 (1.495 + 5 1.317185) = 0.0808092
    figures = replay.figures()
    assert figures["insertion_rate"] == pytest.approx(0.208)
    assert figures["threshold"] == pytest.approx(0.0808092, rel=1e-5)
    assert not replay.admit(fresh, 0.05)
    # rate 0.20592; mean 1.48055, second 3.930325; sd 1.318445; 0.99 0.0808092 + 0.0807278
    figures = replay.figures()
    assert figures["insertion_rate"] == pytest.approx(0.20592)
    assert figures["threshold"] == pytest.approx(0.1607289, rel=1e-5)


def test_too_few_entries_lower_the_threshold():
    replay = filled()
    for loss in (1.0, 0.0, 0.0, 0.0, 0.0):
        replay.admit(sample(7), loss)
    before = replay.figures()
    assert before["insertion_rate"] < 0.2
    replay.admit(sample(7), 0.0)
    # Towards mean - 5 sd, which is far below 0.
    assert replay.figures()["threshold"] < before["threshold"]


def test_only_hard_samples_overwrite_one_of_the_buffer():
    replay = filled(probability=1.0)
    replay.admit(sample(50), 1.0)
    replay.admit(sample(60), -1.0)
    values = {value_of(replay.exchange(sample(9))[0]) for _ in range(300)}
    assert 50 in values
    assert 60 not in values
    assert len(values) == 5


def test_kept_samples_are_copies():
    replay = ExperienceReplay(1, 1.0)
    batch = torch.ones(2, 1, 3, 4)
    replay.exchange((batch[0],))
    batch.zero_()
    ((kept,), fresh) = replay.exchange((batch[1],))
    assert not fresh
    assert kept.unique().tolist() == [1]
    assert kept.untyped_storage().nbytes() == 4 * kept.numel()


def test_a_resumed_buffer_goes_on_bit_for_bit():
    losses = np.random.default_rng(1).gamma(2, 0.3, 400).tolist()
    whole = filled(seed=3)
    run(whole, losses[:150])
    file = io.BytesIO()
    torch.save({"replay": whole.state_dict()}, file)
    expected = run(whole, losses[150:])
    file.seek(0)
    again = ExperienceReplay(5, seed=8)
    again.load_state_dict(torch.load(file, weights_only=True)["replay"])
    assert run(again, losses[150:]) == expected
    assert again.figures() == whole.figures()


def test_a_saved_state_does_not_change_with_the_buffer():
    replay = filled(probability=1.0)
    state = replay.state_dict()
    for i in range(40):
        replay.admit(sample(50 + i), 100.0)
    assert sorted(value_of(kept) for kept in state["samples"]) == [0, 1, 2, 3, 4]


def test_a_buffer_half_filled_is_filled_after_a_resume():
    replay = ExperienceReplay(3)
    replay.exchange(sample(1))
    again = ExperienceReplay(3)
    again.load_state_dict(replay.state_dict())
    again.exchange(sample(2))
    assert not again.filled
    again.exchange(sample(3))
    assert again.filled


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="5 samples were kept"):
        ExperienceReplay(4).load_state_dict(filled().state_dict())
    with pytest.raises(ValueError, match="nan"):
        filled().admit(sample(1), float("nan"))


@pytest.mark.parametrize(
    "losses",
    [
        lambda random, n: random.lognormal(-1, 0.5, n),
        lambda random, n: np.minimum(random.gamma(2, 0.4, n), 3),
        lambda random, n: random.uniform(0.1, 1, n),
        lambda random, n: random.gamma(2, 0.5, n) * np.linspace(2, 1, n),  # training helps
    ],
    ids=["lognormal", "limited", "uniform", "falling"],
)
def test_in_simulation_a_fifth_is_repeated_and_the_hardest_fifth_enters(losses):
    """As published: 20 % of the steps repeat, about the hardest 20 % of fresh samples enter."""
    random = np.random.default_rng(0)
    replay, n = filled(50, seed=1), 12_000
    drawn = losses(random, n)
    trained, entered = run(replay, drawn)
    fresh = drawn[[is_fresh for _, is_fresh in trained]][2000:]
    entered = np.array(entered)[2000:]
    assert replay.figures()["replayed_share"] == pytest.approx(0.2, abs=0.01)
    assert entered.mean() == pytest.approx(0.2, abs=0.03)
    assert np.quantile(fresh[entered], 0.25) > np.quantile(fresh[~entered], 0.75)


def test_doctests():
    assert doctest.testmod(module).failed == 0
