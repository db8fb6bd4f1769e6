"""`stemgan study adaptive`: adaptive scans against static paths at equal dose and time."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.common import emit, progress, say
from stemgan.cli.overrides import Configuration
from stemgan.cli.studies.entries import images_of, main_of, number, output_folder, timing_of
from stemgan.errors import InputError, check_whole

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from stemgan.adaptive import Strategy
    from stemgan.study.adaptive import Contest

ADAPTIVE = Configuration("adaptive", "study adaptive", "compare with each")

_HELP = """\
usage: stemgan study adaptive [--cfg job] [--json] [OVERRIDE ...]

Scan images adaptively in simulation: a sparse path first, then where the calibrated uncertainty
promises most per unit of scan time, until the time and the dose of a reference path are spent;
and compare with static paths that cost as much. Overrides are name=value of the entries that
--cfg job shows. Writes into output_dir: adaptive.csv (a row an image and way of scanning),
adaptive_means.csv, adaptive_pairs.csv (ratios with intervals), the same as Parquet, and
adaptive.png. The same command on the same folder continues.

examples:
  stemgan study adaptive images=images output_dir=contest
  stemgan study adaptive images=images coverage=1/50 timing.settling=5e-6 output_dir=contest
  stemgan study adaptive images=synthetic electrons=20 workers=2 output_dir=contest
  stemgan study adaptive images=images timing.lag=2e-6 \\
      strategies.adaptive-strokes.acceleration=1e11 output_dir=contest
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    main_of(argv, _HELP, _run, ADAPTIVE)


def _run(config: "DictConfig", as_json: bool) -> None:
    from stemgan.study.adaptive import compete, verdict
    from stemgan.study.folders import CONTEST, held
    from stemgan.study.journal import parts_of
    from stemgan.study.tasks import plain

    check_whole("workers", config.workers, 1)
    contest = contest_of(config)
    folder = output_folder(config, contest.sources, CONTEST)
    with held(folder, "part 0"):
        if config.overwrite:
            for path in parts_of(folder):
                path.unlink()
        ways = len(contest.statics) + len(contest.strategies)
        images = amount(len(contest.sources), "image")
        say(f"{images} in {amount(ways, 'way')} by {contest.method}")
        means, pairs = compete(
            contest,
            folder,
            workers=config.workers,
            progress=lambda steps, left: progress(steps, "scanning", left),
        )
    said = verdict(pairs, means)
    tables = {"means": list(map(plain, means)), "pairs": list(map(plain, pairs))}
    figures = {"output": str(folder), "verdict": said, **tables}
    emit(figures, _text(means, said, str(folder)), as_json=as_json)


def contest_of(config: "DictConfig") -> "Contest":
    """Make the contest that a configuration asks for.

    Raises
    ------
    InputError : whatever of it cannot be.
    """
    from stemgan.study.adaptive import Contest

    strategies = tuple(
        (str(name), _strategy(str(name), entries))
        for name, entries in config.strategies.items()
        if entries is not None
    )
    return Contest(
        images_of(config),
        tuple(map(str, config.statics)),
        strategies,
        str(config.reference),
        str(config.coverage),
        config.method,
        timing_of(config, 1e-6),
        None if config.electrons is None else number("electrons", config.electrons),
        config.seed,
        config.device,
    )


def _strategy(name: str, entries: Any) -> "Strategy":  # noqa: ANN401 (a DictConfig)
    from stemgan.adaptive import Strategy

    known = [field.name for field in fields(Strategy)]
    values = {}
    for entry, value in entries.items():
        if entry not in known:
            raise InputError(f"strategy {name} has no {entry!r}: choose {', '.join(known)}")
        if entry in ("share", "step", "acceleration") and value is not None:
            value = number(f"strategies.{name}.{entry}", value)
        values[entry] = value
    return Strategy(**values)


def _text(means: list[dict[str, Any]], said: str, folder: str) -> str:
    width = max(len(row["scan"]) for row in means)
    head = f"{'':<{width}}  RMSE, blurred truth [%]   coverage   time   dose   jumps"
    lines = [
        f"{row['scan']:<{width}}  {_interval(row):<24}   1/{1 / row['achieved']:<7.3g} "
        f"{row['time_share']:>5.0%}  {row['dose_share']:>5.0%}  {row['jumps']:>6.0f}"
        for row in sorted(means, key=lambda row: row["rmse_blurred"])
    ]
    return "\n".join([head, *lines, said, f"tables and a figure are in {folder}"])


def _interval(row: dict[str, Any]) -> str:
    low, high = row["rmse_blurred_low"], row["rmse_blurred_high"]
    return f"{row['rmse_blurred']:6.3f} ({low:.3f} to {high:.3f})"
