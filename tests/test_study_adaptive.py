import json

import numpy as np
import pytest

from stemgan.adaptive import Strategy
from stemgan.cli import main as stemgan
from stemgan.cli.studies.adaptive import main
from stemgan.errors import InputError
from stemgan.scan.physics import Timing
from stemgan.study.adaptive import Contest, ContestTask, compete, tasks_of, verdict
from stemgan.study.adaptive.outcome import mean_rows, pair_rows
from stemgan.study.folders import CONTEST, SEARCH, STUDY, held
from stemgan.study.journal import Journal
from stemgan.study.optimise import JOURNAL as TRIALS
from stemgan.study.plan import StudyPlan
from stemgan.study.sources import simulated
from stemgan.study.tasks import Completed, Tools

SOURCES = simulated(2, ["crystal", "spheres"], 64, 0)
DOTS = Strategy("dots", "random", 0.5, 2)


def contest(**entries):
    entries = {"statics": ("random",), "strategies": (("mine", DOTS),)} | entries
    return Contest(SOURCES, coverage="1/10", **entries)


def fake(scan):
    return Completed(scan.nearest[1], 0.1 + scan.nearest[0])


def run(task: ContestTask):
    tools = Tools(StudyPlan(SOURCES, (), ()), {"stemgan-s": fake})
    (row,) = task.run(tools)
    return row


def test_all_ways_stay_within_the_time_and_the_dose_of_the_reference():
    strokes = Strategy("strokes", "spiral", 0.3, 2, step=4.0)
    ways = (("dots", DOTS), ("strokes", strokes))
    tasks = tasks_of(contest(statics=("random", "serpentine"), strategies=ways))
    assert len({task.key for task in tasks}) == len(tasks) == 8
    rows = [run(task) for task in tasks]
    for row in rows:
        assert row["time_share"] <= 1 + 1e-6
        assert row["dose_share"] <= 1 + 1e-6
    dots = [row for row in rows if row["scan"] in ("random", "dots")]
    assert min(row["dose_share"] for row in dots) > 0.98
    assert [row["rounds"] for row in rows if row["scan"] == "dots"] == [2, 2]
    assert run(tasks[0]) | {"seconds": 0} == rows[0] | {"seconds": 0}


def rows_of(adaptive, static, other):
    return [
        {
            "scan": scan,
            "adaptive": scan == "mine",
            "image": f"i{i}",
            "group": f"g{i}",
            **dict.fromkeys(("rmse_blurred", "rmse_raw", "nrmse_std_blurred"), error),
            **dict.fromkeys(("ssim", "achieved", "time_share", "dose_share"), 1.0),
            **dict.fromkeys(("jumps", "rounds", "seconds"), 1),
        }
        for scan, errors in (("mine", adaptive), ("spiral", static), ("dots", other))
        for i, error in enumerate(errors)
    ]


@pytest.mark.parametrize(
    ("factor", "said"), [(0.8, "adaptive wins"), (1.3, "adaptive loses"), (1.0, "not win")]
)
def test_the_verdict_names_the_best_static_path_and_the_ratio(factor, said):
    rng = np.random.default_rng(0)
    static = 1 + rng.random(20)
    mine = factor * static * np.exp(0.05 * rng.permutation(np.linspace(-1, 1, 20)))
    rows = rows_of(mine.tolist(), (2 * static).tolist(), static.tolist())
    pairs, means = pair_rows(rows), mean_rows(rows)
    best = [row for row in pairs if row["best_static"] and row["metric"] == "rmse_blurred"]
    assert [row["static"] for row in best] == ["dots"]
    assert best[0]["ratio"] == pytest.approx(factor, rel=1e-6)
    assert best[0]["ratio_low"] < best[0]["ratio"] < best[0]["ratio_high"]
    assert said in verdict(pairs, means)
    assert "error of dots" in verdict(pairs, means)
    assert "budget" not in verdict(pairs, means)
    assert {row["scan"]: row["images"] for row in mean_rows(rows)} == {
        "mine": 20,
        "spiral": 20,
        "dots": 20,
    }


def test_static_paths_that_leave_much_of_the_budget_are_named():
    rows = rows_of([1.0, 2.0], [2.0, 3.0], [3.0, 2.0])
    spent = {"mine": (0.5, 0.5), "spiral": (0.3, 0.96), "dots": (0.68, 0.2)}
    for row in rows:
        row["time_share"], row["dose_share"] = spent[row["scan"]]
    said = verdict(pair_rows(rows), mean_rows(rows))
    assert said.endswith("; dots uses 68 % of the budget")
    assert said.count("budget") == 1  # of spirals the dose binds


def test_a_contest_continues_and_knows_another(tmp_path):
    one = contest(strategies=(("mine", Strategy("dots", "random", 0.5, 1)),))
    compete(one, tmp_path)
    journal = tmp_path / "journal.0.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    table = (tmp_path / "adaptive.csv").read_text().splitlines()
    assert len(table) == 1 + 4
    journal.write_bytes(b"".join(lines[:-2]) + lines[-2][:50])  # killed within a line
    compete(one, tmp_path)
    again = (tmp_path / "adaptive.csv").read_text().splitlines()
    assert [row.rsplit(",", 1)[0] for row in again] == [row.rsplit(",", 1)[0] for row in table]
    assert (tmp_path / "adaptive.png").stat().st_size > 10_000
    with pytest.raises(InputError, match="holds a study"):
        compete(contest(electrons=10.0), tmp_path)


def test_a_contest_that_no_way_of_scanning_survives_is_said(tmp_path):
    with pytest.raises(InputError, match="no image could be scanned both ways: the partial"):
        compete(contest(timing=Timing(lag=1e6)), tmp_path)


def test_one_process_writes_a_contest_at_a_time(tmp_path):
    with held(tmp_path, "part 0"), pytest.raises(InputError, match="another run"):
        main(["images=synthetic", "synthetic.size=96", f"output_dir={tmp_path}"])


def test_the_command_compares_and_prints_figures(tmp_path, capsys):
    words = ["images=synthetic", "synthetic.count=2", "synthetic.size=64", "statics=[random]"]
    words += [
        "coverage=1/10",
        "strategies.adaptive-strokes=null",
        f"output_dir={tmp_path}/made/a",
    ]
    main([*words, "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert {row["scan"] for row in figures["means"]} == {"random", "adaptive-dots"}
    assert "adaptive" in figures["verdict"]
    main(words)
    assert figures["verdict"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["method=linear"], "does not say how sure it is"),
        (["method=stemgan-s:raw"], "choose stemgan-s, whose deviation"),
        (["statics=[spirl]"], "did you mean spiral"),
        (["statics=[]"], "statics names nothing"),
        (["reference=raster"], "sparse family"),
        (["coverage=2"], "coverage"),
        (["strategies.adaptive-dots.share=1.5"], "between 0 and 1"),
        (["+strategies.adaptive-dots.shares=0.5"], "shares"),
        (["strategies.adaptive-dots.motion=hop"], "dots, strokes"),
        (["+strategies.dots={motion: dots}"], "two ways of scanning are called dots"),
        (["electrons=0"], "electrons"),
        (["timing.settling=-1"], "settling"),
        (["workers=0"], "workers=0"),
        (["+synthetic.grain=2"], "synthetic takes no 'grain'"),
        (["images=[synthetic,a.tif]"], "images=synthetic goes alone"),
        (["coverage=1/4", "output_dir=''"], "output_dir is empty"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(words, said, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(InputError, match=said):
        main(["images=synthetic", "synthetic.size=64", f"output_dir={out}", *words])
    assert not out.exists()


SMALL = ["images=synthetic", "synthetic.count=2", "synthetic.size=64"]
WORK = {
    CONTEST: ["adaptive", *SMALL, "statics=[random]", "coverage=1/10", "overwrite=true"],
    SEARCH: ["optimise", *SMALL, "families=[random]", "limits.duration=5e-4", "overwrite=true"],
    STUDY: ["scans=[random]", "coverages=[1/4]", "methods=[nearest]", "report=false", *SMALL],
}


@pytest.mark.parametrize("kind", WORK)
def test_one_kind_of_work_leaves_the_folder_of_another_alone(kind, tmp_path, capsys):
    if kind == SEARCH:
        (tmp_path / TRIALS).write_text("{}\n")
    else:
        about = {"seed": 0} | ({"reference": ["spiral", "1/20"]} if kind == CONTEST else {})
        Journal.open(tmp_path, about).add("a task", [], 0.0)
    (tmp_path / "results.csv").write_text("mine")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for other in WORK.keys() - {kind}:
        words = [word for word in WORK[other] if word != "overwrite=true"]
        for given in (words, [*words, "overwrite=true"]):
            assert stemgan(["study", *given, f"output_dir={tmp_path}"]) == 2
            line = capsys.readouterr().err.strip().splitlines()[-1]
            assert f"holds {kind}, not {other}" in line
            assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_help_shows_examples(capsys):
    main(["--help"])
    assert "stemgan study adaptive images=" in capsys.readouterr().out
