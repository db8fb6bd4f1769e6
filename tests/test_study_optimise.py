import json
from dataclasses import replace

import numpy as np
import pytest

from stemgan.cli.studies.optimise import main
from stemgan.errors import InputError
from stemgan.pathfiles import scan_design
from stemgan.scan.physics import Timing
from stemgan.study.optimise import (
    JOURNAL,
    Candidate,
    Limits,
    Search,
    Space,
    optimise,
    searching,
    trial_rows,
    write,
)
from stemgan.study.optimise.measuring import _scan, costs_of, drawn, error_of, path_seeds
from stemgan.study.optimise.trials import costs_of_paths
from stemgan.study.sources import simulated

SOURCES = simulated(5, ["crystal", "spheres"], 64, 0)
SPACE = Space(("spiral", "dots", "jittered-grid"), (1 / 30, 1 / 8), (1e-6, 2e-6), 1.5, (0.5, 2))


def search(trials=5, **entries):
    entries = {"limits": Limits(duration=500e-6)} | entries
    return Search(SOURCES, SPACE, method="nearest", trials=trials, **entries)


def found(study):
    rows = trial_rows(study)
    return [(row["state"], row["family"], row["coverage"], row["error"]) for row in rows]


def run(one, folder):
    folder.mkdir(exist_ok=True)
    return optimise(one, folder, lambda steps, _: steps)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    one = search(8)
    best, study = run(one, folder)
    return one, folder, best, study


def test_a_search_that_stopped_ends_as_one_that_did_not(whole, tmp_path):
    import optuna

    one, _, best, study = whole
    run(search(4), tmp_path)
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / JOURNAL))
    kept = optuna.load_study(
        study_name="stemgan", storage=optuna.storages.JournalStorage(backend)
    )
    kept.ask()  # as a process leaves it that is killed within a trial
    again, resumed = run(one, tmp_path)
    assert again.candidate == best.candidate
    assert again.error == best.error
    assert [row for row in found(resumed) if row[0] != "stopped"] == found(study)


def test_nothing_beyond_a_limit_is_measured(whole):
    one, _, best, study = whole
    rows = trial_rows(study)
    measured = [row for row in rows if row["images"]]
    beyond = [row for row in rows if row["state"] == "beyond"]
    assert len(measured) == one.trials
    assert beyond
    assert all(row["duration_s"] <= 500e-6 for row in measured)
    assert all(row["duration_s"] > 500e-6 for row in beyond)
    assert all(row["broken"] == "duration" for row in beyond)
    assert best.error == min(row["error"] for row in rows if row["state"] == "measured")
    assert {"spiral", "dots"} <= {row["family"] for row in measured}


def test_the_best_error_is_the_mean_over_the_images(whole):
    from stemgan.baselines import METHODS

    one, _, best, _ = whole
    errors = [
        error_of(best.candidate, s, METHODS["nearest"], one.timing, None, 0, one.metric)
        for s in SOURCES
    ]
    assert best.error == pytest.approx(np.mean(errors))


def test_the_best_path_is_written_as_a_path_file(whole, tmp_path):
    one, _, best, study = whole
    figures = write(one, best, study, tmp_path)
    trace = drawn(best.candidate, (64, 64), 0)
    design = scan_design(str(tmp_path / "best.npy"), (64, 64))
    assert design.joined == trace.joined
    assert np.allclose(design.path(), trace.path, atol=1e-9)
    assert design.custom is not None
    assert design.custom.dwell is not None
    assert design.custom.dwell.sum() == pytest.approx(best.costs["duration"])
    assert json.loads((tmp_path / "best.json").read_text()) == figures
    lines = (tmp_path / "trials.csv").read_text().splitlines()
    assert len(lines) == 1 + len(trial_rows(study))
    assert (tmp_path / "trials.png").stat().st_size > 10_000


def test_a_journal_of_another_search_is_left_alone(whole):
    _, folder, _, _ = whole
    with pytest.raises(InputError, match="holds a search of other images"):
        run(search(8, limits=Limits(duration=600e-6)), folder)


def test_other_images_of_the_same_names_are_another_search(tmp_path):
    run(search(1), tmp_path)
    others = simulated(5, ["crystal", "spheres"], 64, 1)
    assert [one.name for one in others] == [one.name for one in SOURCES]
    with pytest.raises(InputError, match="holds a search of other images"):
        run(replace(search(1), sources=others), tmp_path)


def test_every_family_counts_the_electrons_that_it_pays_for():
    class Even:
        name, group, label, shape = "even", "even", "", (64, 64)

        def truth(self):
            return np.full(self.shape, 3.0, np.float32)

    timing, rate = Timing(dwell=1e-6), 4e8
    for family in ("dots", "spiral", "jittered-grid"):
        candidate = Candidate(family, 1 / 8, 1e-6)
        trace = drawn(candidate, (64, 64), 0)
        scan = _scan(Even().truth(), candidate, trace, timing, rate, np.random.default_rng(0))
        paid = rate * costs_of(candidate, (64, 64), timing, rate, 0)["exposure"]
        values, dwell = scan.values[scan.mask] / 3, scan.dwell[scan.mask]
        counted = dwell.sum() / np.mean(dwell * (values - 1) ** 2)
        assert counted == pytest.approx(paid, rel=0.2)
        assert (dwell * values).sum() / dwell.sum() == pytest.approx(1, abs=4 / paid**0.5)


def test_limits_that_nothing_keeps_are_said(tmp_path):
    with pytest.raises(InputError, match="keeps the limits: loosen them"):
        run(search(1, limits=Limits(duration=1e-6)), tmp_path)


def test_every_path_that_is_scanned_keeps_the_limits():
    timing, candidate = Timing(), Candidate("jittered-grid", 1 / 12, 1e-6)
    seeds = path_seeds(candidate, 0)
    times = [costs_of(candidate, (64, 64), timing, None, seed)["duration"] for seed in seeds]
    assert min(times) < max(times)
    limited = search(1, limits=Limits(duration=max(times) * (1 - 1e-9)))
    found = costs_of_paths(limited, candidate, limited.shapes)
    assert limited.limits.worst(found)["duration"] > 0
    assert list(path_seeds(Candidate("spiral", 1 / 12, 1e-6), 3)) == [3]
    scanned = set()

    def method(scan):
        scanned.add(scan.mask.tobytes())
        return scan.values

    for source in simulated(12, ["crystal"], 64, 0):
        error_of(candidate, source, method, timing, None, 0, "rmse_blurred")
    paths = {drawn(candidate, (64, 64), seed).mask.tobytes() for seed in seeds}
    assert scanned <= paths
    assert len(scanned) > 1


def test_an_impossible_candidate_does_not_end_the_search(tmp_path, monkeypatch):
    calls = iter(range(1000))

    def sometimes(scan):
        if next(calls) == 2:
            raise InputError("this scan is too sparse for it: raise the coverage")
        return np.nan_to_num(scan.values)

    monkeypatch.setattr(searching, "load_methods", lambda *_: {"nearest": sometimes})
    best, study = run(search(4), tmp_path)
    rows = trial_rows(study)
    assert [row["state"] for row in rows].count("impossible") == 1
    assert [row["reason"] for row in rows if row["state"] == "impossible"] == [
        "this scan is too sparse for it: raise the coverage"
    ]
    assert sum(row["state"] in ("measured", "given up") for row in rows) == 4
    assert write(search(4), best, study, tmp_path)["impossible"] == 1


def test_a_search_in_which_all_is_impossible_says_why(tmp_path, monkeypatch):
    def never(scan):
        raise InputError("it takes frames of 32 px: choose another method")

    monkeypatch.setattr(searching, "load_methods", lambda *_: {"nearest": never})
    with pytest.raises(InputError, match=r"10 of .* impossible: it takes frames of 32 px"):
        run(search(4), tmp_path)


def test_dose_follows_from_the_rate_and_the_exposure():
    candidate = Candidate("dots", 1 / 16, 2e-6)
    costs = costs_of(candidate, (64, 64), Timing(), 5e6, 0)
    assert costs["dose"] == pytest.approx(10 * costs["achieved"])
    assert costs["duration"] == pytest.approx(2e-6 * costs["achieved"] * 64 * 64)
    assert costs["velocity"] is None
    limits = Limits(dose=0.5, velocity=1e6, acceleration=1.0)
    assert limits.excess(costs) == pytest.approx(
        {"dose": costs["dose"] / 0.5 - 1, "velocity": -1, "acceleration": -1}
    )


def test_lag_and_noise_reach_the_scan():
    from stemgan.baselines import METHODS

    candidate = Candidate("serpentine", 1 / 8, 1e-6)

    def error(lag=0.0, rate=None):
        timing = Timing(lag=lag)
        return error_of(
            candidate, SOURCES[0], METHODS["nearest"], timing, rate, 0, "rmse_blurred"
        )

    assert error(rate=1e7) > 1.01 * error()
    assert error(lag=10e-6) != error()


def test_the_command_searches_and_prints_figures(tmp_path, capsys):
    out = tmp_path / "best"
    words = ["images=synthetic", "synthetic.count=3", "synthetic.size=64", "method=nearest"]
    words += ["families=[spiral,dots]", "trials=2", "coverage=[1/30,1/8]", f"output_dir={out}"]
    main([*words, "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert figures["family"] in ("spiral", "dots")
    assert figures["measured"] + figures["given_up"] == 2
    assert (out / "best.npy").is_file()
    main([*words[:-3], "trials=3", *words[-2:]])
    assert "of 3 images by nearest" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["families=[spirl]"], "did you mean spiral"),
        (["families=[raster]"], "leaves nothing out"),
        (["coverage=[1/8,1/30]"], "put the least first"),
        (["coverage=0.1"], "as \\[least, most\\]"),
        (["limits.dose=1"], "give rate"),
        (["limits.duration=0"], "limits.duration=0"),
        (["metric=psnr"], "choose one of"),
        (["method=nearst"], "did you mean nearest"),
        (["limits.durations=1"], "duration"),
        (["trials=0"], "trials=0"),
        (["synthetic.kinds=[cristal]"], "crystal"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_a_sentence(words, said, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(InputError, match=said):
        main(["images=synthetic", f"output_dir={out}", *words])
    assert not out.exists()


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(InputError, match="images= is missing"):
        main([f"output_dir={tmp_path}"])
    with pytest.raises(InputError, match="output_dir= is missing"):
        main(["images=synthetic"])


def test_help_shows_examples(capsys):
    main(["--help"])
    assert "stemgan study optimise images=" in capsys.readouterr().out
