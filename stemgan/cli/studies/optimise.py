"""`stemgan study optimise`: search the scan path of least error under limits."""

from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.common import emit, progress, say
from stemgan.cli.overrides import Configuration
from stemgan.cli.studies.entries import (
    images_of,
    main_of,
    number,
    output_folder,
    pair,
    timing_of,
)

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from stemgan.study.optimise import Search

OPTIMISE = Configuration("optimise", "study optimise", "search with each")

_HELP = """\
usage: stemgan study optimise [--cfg job] [--json] [OVERRIDE ...]

Search the scan path of least error: family, coverage, dwell, rotation and jitter, under limits
of time, dose, velocity and acceleration. Overrides are name=value of the entries that --cfg job
shows. Writes into output_dir: best.npy (the path, for stemgan scan, sample and evaluate),
best.json, trials.csv, trials.png and trials.jsonl (the journal, which optuna-dashboard opens).
The same command on the same folder continues; more trials= adds to it.

examples:
  stemgan study optimise images=images limits.duration=5e-3 output_dir=best
  stemgan study optimise images=images families=[spiral,dots] timing.settling=5e-6 \\
      limits.duration=10e-3 method=gaussian-process trials=20 output_dir=best
  stemgan study optimise images=synthetic rate=2e7 limits.dose=1 dwell=[5e-7,5e-6] \\
      output_dir=best
  stemgan study optimise images=images limits.acceleration=1e11 timing.lag=5e-6 output_dir=best
  stemgan scan best/best.npy --shape 512x512 -o path.csv
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    main_of(argv, _HELP, _run, OPTIMISE)


def _run(config: "DictConfig", as_json: bool) -> None:
    from stemgan.study.folders import SEARCH, held
    from stemgan.study.optimise import JOURNAL, optimise, write

    search = search_of(config)
    folder = output_folder(config, search.sources, SEARCH)
    with held(folder, "search"):
        if config.overwrite:
            (folder / JOURNAL).unlink(missing_ok=True)
        say(
            f"{amount(search.trials, 'trial')} of "
            f"{len(search.space.families)} families on "
            f"{amount(len(search.sources), 'image')} by {search.method}"
        )
        best, study = optimise(
            search, folder, lambda steps, left: progress(steps, "optimising", max(left, 0))
        )
        figures = write(search, best, study, folder)
    emit(figures, _text(figures), as_json=as_json)


def search_of(config: "DictConfig") -> "Search":
    """Make the search that a configuration asks for.

    Raises
    ------
    InputError : whatever of it cannot be.
    """
    from stemgan.study.optimise import Limits, Search, Space

    limits = {
        name: None if value is None else number(f"limits.{name}", value)
        for name, value in config.limits.items()
    }
    dwell = pair(config, "dwell")
    space = Space(
        tuple(map(str, config.families)),
        pair(config, "coverage"),
        dwell,
        number("rotation", config.rotation),
        pair(config, "jitter"),
    )
    return Search(
        images_of(config),
        space,
        Limits(**limits),
        config.method,
        config.metric,
        config.trials,
        timing_of(config, dwell[0]),
        None if config.rate is None else number("rate", config.rate),
        config.seed,
        config.device,
    )


def _text(figures: dict[str, Any]) -> str:
    turned = f", turned by {figures['rotation_rad']:.3g} rad" if figures["rotation_rad"] else ""
    jitter = figures.get("jitter_px")
    steps = "" if jitter is None else f", steps of {jitter:.3g} px"
    dose = "" if figures["dose"] is None else f", {figures['dose']:.3g} electrons per pixel"
    velocity, acceleration = figures["velocity_px_per_s"], figures["acceleration_px_per_s2"]
    motion = (
        "by jumps"
        if velocity is None
        else f"at most {velocity:.3g} px/s and {acceleration:.3g} px/s²"
    )
    return "\n".join(
        [
            f"best of {amount(figures['measured'], 'measured trial')} "
            f"({figures['given_up']} given up, {figures['beyond_limits']} beyond the "
            f"limits): {figures['family']}, coverage 1/{1 / figures['achieved']:.3g}"
            f"{turned}{steps}",
            f"{'error':<12}{figures['error']:.4g} {figures['metric']}, mean over "
            f"{amount(figures['groups'], 'group')} of "
            f"{amount(figures['images'], 'image')} by {figures['method']}",
            f"{'costs':<12}{1e3 * figures['duration_s']:.4g} ms{dose}, {motion}; dwell "
            f"{1e6 * figures['dwell_s']:.3g} µs",
            f"{'path':<12}{figures['path']}",
        ]
    )
