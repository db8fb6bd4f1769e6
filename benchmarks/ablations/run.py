"""Measure what pays in the network: arms of equal training operations, on the same samples.

    python benchmarks/ablations/run.py DATASET... -o DIR [--shares 1,2] [--arms full,unet]
        [--seeds 3] [--steps 300] [--device auto] [--model stemgan-s] [--report-only]

DATASETs are made by `stemgan prepare` and `stemgan synthesize`; their train images train and
their val images judge. Arms run seed by seed in the order in which they are given, and by
default all of them. DIR keeps the samples, each run's figures as it ends, report.md and
ablations.csv; an interrupted measurement goes on where it was. --steps are those of the full
arm: every other has as many as the same number of operations allows. With --model nothing is
trained: those weights are judged as they are, and changed as each arm that needs no training.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
from arms import ARMS, BY_NAME, FULL, Arm
from costs import Cost, cost, steps_for
from fitting import UNTRAINED, fit, untrained, without
from reporting import write_report
from samples import SPIRAL, TRAIN, Kept, Plan, make_samples

from stemgan.errors import InputError
from stemgan.files import check_folder, whole_file
from stemgan.provenance import machine, revision, versions
from stemgan.reconstruct.devices import choose_device


def main() -> None:
    args = _arguments()
    folder = check_folder(args.output)
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    if not args.report_only:
        measure(args, folder)
    runs = [json.loads(p.read_text("utf-8")) for p in sorted((folder / "runs").glob("*.json"))]
    if not runs:
        raise InputError(f"{folder} has no figures yet: run without --report-only")
    print(write_report(folder, runs, [arm.name for arm in ARMS], _settings(folder)))


def measure(args: argparse.Namespace, folder: Path) -> None:
    """Run what has not been run."""
    device = choose_device(args.device)
    plan = Plan(tuple(args.datasets), args.shares or (1.0,) * len(args.datasets), **args.sizes)
    settings = {"plan": plan._asdict() | {"datasets": plan.names}, "steps": args.steps}
    about = {"machine": machine(device), "versions": versions()}
    _keep_settings(folder, json.loads(json.dumps(settings)), about)
    samples = make_samples(plan, folder / "samples")
    for name, errors in untrained(samples, device).items():
        _write(folder, name, 0, {"changes": UNTRAINED[name][0], "errors": errors})
    if args.model:
        _judge_parts(args.model, args.arms, folder, samples, device)
    else:
        _train(args, folder, samples, device)


def _train(
    args: argparse.Namespace, folder: Path, samples: dict[str, Kept], device: torch.device
) -> None:
    full = cost(FULL, samples[TRAIN])
    for seed in range(args.seeds):
        for arm in args.arms:
            if not _path(folder, arm.name, seed).is_file():
                figures = _run(arm, seed, full, args.steps, samples, device)
                _write(folder, arm.name, seed, figures)


def _judge_parts(
    model: str,
    arms: tuple[Arm, ...],
    folder: Path,
    samples: dict[str, Kept],
    device: torch.device,
) -> None:
    for arm in (FULL, *(arm for arm in arms if arm.change)):
        name = Path(model).stem + ("" if arm is FULL else f" {arm.name}")
        if not _path(folder, name, 0).is_file():
            print(name, flush=True)
            changes, errors = without(arm, model, samples, device)
            _write(folder, name, 0, {"changes": changes, "errors": errors})


def _run(
    arm: Arm, seed: int, full: Cost, steps: int, samples: dict[str, Kept], device: torch.device
) -> dict[str, Any]:
    own = cost(arm, samples[SPIRAL if arm.fixed else TRAIN])
    count = steps_for(own, full, steps)
    print(f"{arm.name}, seed {seed}: {count} steps of {arm.batch}", flush=True)
    errors, seconds = fit(arm, seed, count, samples, device)
    return {
        "changes": arm.changes,
        "steps": count,
        "batch": arm.batch,
        **own._asdict(),
        "seconds": round(seconds, 1),
        "errors": errors,
    }


def _path(folder: Path, name: str, seed: int) -> Path:
    return folder / "runs" / f"{name}.{seed}.json"


def _write(folder: Path, name: str, seed: int, figures: dict[str, Any]) -> None:
    with whole_file(_path(folder, name, seed)) as path:
        path.write_text(json.dumps({"arm": name, "seed": seed, **figures}), encoding="utf-8")


def _settings(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "settings.json").read_text("utf-8"))


def _keep_settings(folder: Path, settings: dict[str, Any], about: dict[str, Any]) -> None:
    """Write down what is measured, or refuse another measurement in its folder."""
    path = folder / "settings.json"
    if path.is_file():
        kept = _settings(folder)
        if any(kept[name] != value for name, value in settings.items()):
            raise InputError(
                f"{folder} holds the figures of other samples or steps: choose another -o"
            )
        return
    about = about | {"revision": revision(Path(__file__).parent)}
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(settings | about, indent=1), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("datasets", nargs="*", help="folders of datasets")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder")
    parser.add_argument("--shares", type=_numbers, help="how often each is drawn from, 1,2")
    parser.add_argument(
        "--arms", type=_arms, default=ARMS, help=f"of {', '.join(BY_NAME)}; all by default"
    )
    parser.add_argument("--seeds", type=int, default=3, help="runs of each arm (3)")
    parser.add_argument("--steps", type=int, default=300, help="of the full arm (300)")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--model", help="trained weights: train nothing, judge their parts")
    parser.add_argument("--sizes", type=json.loads, default={}, help=argparse.SUPPRESS)
    parser.add_argument("--report-only", action="store_true", help="run nothing")
    args = parser.parse_args()
    if not args.datasets and not args.report_only:
        parser.error("give the folder of a dataset, or --report-only")
    if args.steps < 1 or args.seeds < 1:
        parser.error("--steps and --seeds must be 1 or more")
    return args


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split(","))


def _arms(text: str) -> tuple[Arm, ...]:
    unknown = [name for name in text.split(",") if name not in BY_NAME]
    if unknown:
        raise argparse.ArgumentTypeError(f"no arm {unknown[0]}: choose of {', '.join(BY_NAME)}")
    return tuple(BY_NAME[name] for name in text.split(","))


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
