"""Phases of a classifier's training: when they end, what they change, and what they refuse."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.schedule import STARTS, Schedule, phases

BOTH = "features-then-fine-tune"


@pytest.mark.parametrize("start", STARTS)
def test_each_start_trains_what_it_says(start):
    planned = phases(start, [64, 128], [4, 2], head_epochs=3, learning_rate=0.01)
    assert [phase.side for phase in planned[-2:]] == [64, 128]
    assert [phase.epochs for phase in planned[-2:]] == [4, 2]
    frozen = {"features": [True, True], BOTH: [True, False, False]}
    assert [phase.frozen for phase in planned] == frozen.get(start, [False, False])
    rates = [(phase.head_rate, phase.backbone_rate) for phase in planned]
    expected = {
        "scratch": (0.01, 0.01),
        "features": (0.01, 0.0),
        "fine-tune": (0.01, 0.001),
        BOTH: (0.001, 0.001),
    }
    assert rates[-1] == expected[start]
    assert (rates[0] == (0.01, 0.0)) == (start in ("features", BOTH))


def test_a_phase_ends_when_it_has_waited_or_run_out():
    schedule = Schedule(phases("scratch", [32, 64], [4, 9]), patience=2, largest=False)
    assert [schedule.over(loss) for loss in (3, 2, 1, 0.5)] == [False, False, False, True]
    schedule.advance()
    assert schedule.phase.side == 64
    assert schedule.left == 9
    # The first figure of a size is not judged by those of another.
    assert [schedule.over(loss) for loss in (5, 6, 4, 4, 7)] == [False] * 4 + [True]
    schedule.advance()
    assert schedule.finished


def test_the_larger_is_better_where_that_is_so():
    schedule = Schedule(phases("scratch", [32], 9), patience=2, largest=True)
    assert [schedule.over(f1) for f1 in (0.5, 0.6, 0.6, 0.4)] == [False] * 3 + [True]


def test_a_figure_that_is_no_number_is_no_improvement():
    schedule = Schedule(phases("scratch", [32], 9), patience=2, largest=False)
    assert [schedule.over(loss) for loss in (1, float("nan"), float("nan"))] == [0, 0, 1]


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.integers(0, 20),
    st.integers(1, 5),
    st.booleans(),
)
def test_a_schedule_goes_on_as_if_it_had_not_stopped(losses, stop, patience, largest):
    def follow(schedule, part):
        ends = []
        for loss in part:
            if schedule.finished:
                break
            ends.append(schedule.over(loss))
            if ends[-1]:
                schedule.advance()
        return ends

    planned = phases(BOTH, [32, 64], [3, 2], head_epochs=2)
    once, first, second = (Schedule(planned, patience, largest=largest) for _ in range(3))
    whole = follow(once, losses)
    before = follow(first, losses[:stop])
    second.load_state_dict(first.state_dict())
    assert before + follow(second, losses[stop:]) == whole
    assert second.state_dict() == once.state_dict()


def test_a_plan_that_has_grown_goes_on_and_one_that_has_shrunk_is_refused():
    schedule = Schedule(phases("scratch", [32, 64], 1), patience=3, largest=False)
    for _ in range(2):
        assert schedule.over(1)
        schedule.advance()
    assert schedule.finished
    more = Schedule(phases("scratch", [32, 64], [1, 5]), patience=3, largest=False)
    more.load_state_dict(schedule.state_dict())
    assert not more.finished
    assert more.left == 4
    fewer = Schedule(phases("scratch", [32], 1), patience=3, largest=False)
    with pytest.raises(InputError, match="phase 2 of a training that has 1"):
        fewer.load_state_dict(schedule.state_dict())


def test_balanced_weights_count_every_class_alike():
    from stemgan_data_prep.catalogue.objective import weights_of

    counts = torch.tensor([5, 20, 75])
    weights = weights_of("balanced", counts.tolist())
    assert torch.allclose(weights * counts, torch.full((3,), 100 / 3))
    assert weights_of("none", [5, 20]).tolist() == [1, 1]
