"""`stemgan study`: which scan path to use, and what it will not show."""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount, are
from stemgan.cli.common import emit, say
from stemgan.cli.overrides import Configuration, composed
from stemgan.errors import InputError

if TYPE_CHECKING:
    from omegaconf import DictConfig

STUDY = Configuration("study", "study", "do each part")

OTHERS = {
    "report": "write the page of a study anew",
    "optimise": "search the path of least error under limits of dose, time and acceleration",
    "adaptive": "compare scans that place themselves with static paths",
}
"""What has arguments of its own."""

_HELP = """\
usage: stemgan study [-m] [--cfg job] [--json] [OVERRIDE ...]
       stemgan study report|optimise|adaptive [--help] ...

Compare scan paths: what each costs, what it shows and what it misses. Overrides are Hydra's:
name=value for any entry of the configuration, shown by --cfg job; study=quick, paper, dose or
features sets many at once. The same command on the same output_dir continues where it stopped,
and a study may grow: what is done already stays. Writes tables (results, summary, paired,
controls, curves, detection, as CSV and Parquet), systematic_error/, examples/, figures/ and
report.html.

examples:
  stemgan study study=quick images=micrographs output_dir=first
  stemgan study study=quick images=synthetic output_dir=simulated workers=2
  stemgan study study=paper images=[micrographs,more/*.tif] output_dir=paper workers=4
  stemgan study study=dose output_dir=dose
  stemgan study study=features output_dir=missed
  stemgan study images=micrographs scans=[spiral,mine.npy] coverages=[1/20,1/50] \\
      doses=[null,10] dwells=[1e-6,1e-5] lags=[0,5e-6] methods=[stemgan-s] output_dir=mine
  stemgan study -m part=0,1 parts=2 hydra/launcher=joblib images=micrographs output_dir=first
  stemgan study report first

units: doses are mean electrons per pixel of the whole field, at the image's mean intensity, so
that scans of one dose put the same number of electrons on the specimen; dwells, lags, flyback
and settling are in s; errors are RMSE in % of the truth's range (max - min)
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    if argv and argv[0] in OTHERS:
        from importlib import import_module

        import_module(f"stemgan.cli.studies.{argv[0]}").main(argv[1:])
        return
    if any(flag in argv for flag in ("-h", "--help")):
        width = max(map(len, OTHERS))
        print(_HELP + "\nmore:")
        print("\n".join(f"  stemgan study {name:<{width}}  {OTHERS[name]}" for name in OTHERS))
        return
    words = [word for word in argv if word != "--json"]
    as_json = words != argv
    if not any(word.startswith("-") for word in words):
        _check_words(words)
        figures = study(composed(words, STUDY))
        emit(figures, text(figures), as_json=as_json)
    elif as_json:
        raise InputError("--json goes with a single study: leave it out, or Hydra's own flags")
    else:
        from stemgan.cli.hydra_jobs import leave_to_hydra

        _check_many(words)
        leave_to_hydra(words, _job, STUDY)


def _check_words(words: list[str]) -> None:
    """Name the near miss of a command that is none."""
    from difflib import get_close_matches

    if words and "=" not in words[0] and (near := get_close_matches(words[0], OTHERS, n=1)):
        raise InputError(f"there is no stemgan study {words[0]!r}: did you mean {near[0]!r}?")


def _check_many(words: list[str]) -> None:
    """Refuse parts that would not come together."""
    many = any(word in ("-m", "--multirun") for word in words)
    if many and not any(word.startswith("output_dir=") for word in words):
        raise InputError("-m shares one study out: give the output_dir that its parts share")


def _job(config: "DictConfig") -> None:
    """Do one part of a study, as a job of Hydra's."""
    from omegaconf import OmegaConf

    OmegaConf.resolve(config)
    print(text(study(config)), flush=True)


def study(config: "DictConfig") -> dict[str, Any]:
    """Run what a configuration says; return the figures of the command.

    Raises
    ------
    InputError : whatever is wrong, before any work is done.
    """
    from omegaconf import OmegaConf

    from stemgan.cli.studies.asking import request_of, running_of
    from stemgan.cli.training.processes import until_stopped
    from stemgan.study import run_study
    from stemgan.study.methods import count_gpus
    from stemgan.study.planning import make_plan

    entries: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore
    how = running_of(entries)
    plan = make_plan(request_of(entries))
    workers = how.workers or max(1, count_gpus(plan.methods, plan.device))
    start = time.perf_counter()
    with until_stopped():
        outcome = run_study(
            plan,
            how.folder,
            workers=workers,
            part=how.part,
            parts=how.parts,
            overwrite=how.overwrite,
            report=how.report,
            progress=lambda steps, left: watched(steps, left),
            say=say,
            config=OmegaConf.to_yaml(config),
        )
    return {
        "output_dir": str(how.folder),
        "images": len(plan.sources),
        "groups": len({source.group for source in plan.sources}),
        "settings": len(plan.settings),
        "methods": list(plan.methods),
        "tasks": outcome.tasks,
        "done": outcome.done,
        "failed": outcome.failed,
        "run": outcome.run,
        "seconds": round(time.perf_counter() - start, 3),
        "report": next((str(p) for p in outcome.files if p.name == "report.html"), None),
        "summary": outcome.summary,
    }


def text(figures: dict[str, Any]) -> str:
    """Say for people what a study came to."""
    from stemgan.cli.studies.tables import summary_text
    from stemgan.study.report.loading import Study

    folder = figures["output_dir"]
    missing = figures["tasks"] - figures["done"]
    if missing:
        return (
            f"{amount(figures['run'], 'task')} done; {missing} of {figures['tasks']} "
            f"{are(missing)} left to other parts: the same command on {folder}, or the last "
            "part, writes the tables"
        )
    summary = figures["summary"]
    full = any(row["control"] for row in summary)
    on_controls = Study(Path(folder)).on_controls if full else []
    parts = [summary_text(summary, on_controls)] if summary else []
    if figures["failed"]:
        failed = amount(figures["failed"], "task")
        parts.append(f"{failed} could not be: see {folder}/failures.csv")
    parts.append(
        f"tables are in {folder}"
        + (f", the report is {figures['report']}" if figures["report"] else "")
    )
    return "\n\n".join(parts)


_EVERY = 30  # [s] between lines where there is no terminal


def watched(steps: Iterable[None], total: int) -> Iterator[None]:
    """Show how far a study is, and how long it will take yet, on stderr."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(steps, desc="studying", total=total)
        return
    start = said = time.monotonic()
    for done, _ in enumerate(steps, 1):
        now = time.monotonic()
        if now - said > _EVERY:
            left = (now - start) / done * (total - done)
            say(f"{done} of {amount(total, 'task')}, about {left / 60:.0f} min left")
            said = now
        yield
