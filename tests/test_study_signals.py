"""A signal to a study keeps what is done, and nothing twice."""

import os
import signal
import sys

import numpy as np
import pytest

from stemgan.errors import Stopped
from stemgan.images import read_stack
from stemgan.study import run_study
from stemgan.study.maps import Maps
from stemgan.study.planning import make_plan
from stemgan.study.stopping import Signals
from stemgan.study.tasks import ScanTask
from tests.test_study_running import request, rows

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")

PLAN = make_plan(request(scans=["spiral"], synthetic={"count": 4, "size": 48}))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("within", [(ScanTask, "run"), (Maps, "add")])
def test_no_task_that_was_done_is_done_again(number, within, tmp_path, monkeypatch):
    home, name = within
    calls, before = [], getattr(home, name)

    def counted(self, *arguments):
        calls.append(self)
        if len(calls) == 4:
            os.kill(os.getpid(), number)
        return before(self, *arguments)

    handlers = signal.getsignal(number)
    with monkeypatch.context() as patch:
        patch.setattr(home, name, counted)
        with pytest.raises(
            Stopped, match=r"the same command with output_dir=.* goes on"
        ) as end:
            run_study(PLAN, tmp_path / "s", report=False)
    assert end.value.code == 128 + number
    assert signal.getsignal(number) == handlers
    # A task is given up, what it made is not.
    done = 3 if home is ScanTask else 4
    outcome = run_study(PLAN, tmp_path / "s", report=False)
    assert (outcome.run, outcome.done) == (8 - done, 8)
    run_study(PLAN, tmp_path / "whole", report=False)
    assert rows(tmp_path / "s", "results") == rows(tmp_path / "whole", "results")
    one, other = (
        read_stack(tmp_path / folder / "systematic_error" / "spiral-1-4_linear.tif")[1].data
        for folder in ("s", "whole")
    )
    np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_signal_waits_for_what_is_written_and_a_second_interrupt_does_not():
    saved = []
    signals = Signals(lambda: saved.append(1), "")

    def write():
        with signals, signals.writing():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            assert not saved
            os.kill(os.getpid(), signal.SIGINT)
            pytest.fail("it went on")

    with pytest.raises(KeyboardInterrupt):
        write()


def test_an_image_that_is_not_in_with_every_method_is_not_saved(tmp_path):
    maps = Maps(PLAN, tmp_path, {})

    def errors():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        maps.add(PLAN.sources[0].name, PLAN.settings[0], errors())
    maps.save()
    assert not list(tmp_path.rglob("*.npz"))
