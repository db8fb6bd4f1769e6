"""Compare ways to train a classifier: where it starts, and which sizes it is shown.

    python benchmarks/catalogue/compare.py --pictures pictures -o comparison
        [--seeds 2] [--epochs 24] [--seconds 120] [--only starts,sizes,sem]

pictures is what images.py wrote. Each run is a `stemgan catalogue train`:

starts: the task's classes from scratch, by feature extraction, by fine-tuning, and by the one
    and then the other, these from a backbone that was trained on the classes of pictures/other,
    of which the task has none; for the same number of epochs at one size;
sizes: from scratch at equal time, at one size throughout or at growing ones;
sem: tiles of real images, if there are any, split by image, by the same four starts.

Runs that are done are not done again, and one that was interrupted goes on. Writes results.csv
(a row a run) and results.md (means and ranges over seeds, and confusion matrices).
"""

import argparse
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results import Result, write_results

from stemgan.cli import main as stemgan
from stemgan.files import whole_file

STARTS = ("scratch", "features", "fine-tune", "features-then-fine-tune")
PARTS = ("starts", "sizes", "sem")
_FOREVER = 999
"""Epochs, and patience, of a training that a time ends."""


@dataclass(frozen=True)
class Run:
    """One training: to which comparison it belongs, what it is called, its seed, its words."""

    part: str
    name: str
    seed: int
    words: tuple[str, ...]

    def folder(self, output: Path) -> Path:
        """Name its folder: another one for other words, so that old runs are never mixed up."""
        digest = hashlib.sha256("\n".join(self.words).encode()).hexdigest()[:8]
        return output / "runs" / f"{self.part}_{self.name}_{self.seed}_{digest}"


def planned(args: argparse.Namespace) -> Iterator[Run]:
    """Yield the runs in the order in which they need each other."""
    pictures, parts = args.pictures, args.only
    common = (f"backbone={args.backbone}", f"model.learning_rate={args.rate}")
    one = (f"sizes=[{args.side}]", f"epochs={args.epochs}")
    other = (f"images={pictures / 'other'}", "split=[0.85,0.15,0]")
    backbone = Run("backbone", "other", 0, (*other, *common, *one, "seed=0"))
    task = (f"images={pictures / 'task'}", "split=[0.6,0.1,0.3]", *common)
    sem = (f"images={pictures / 'sem'}", "split=[0.5,0.2,0.3]", *common)
    own = str(backbone.folder(args.output))
    places: dict[str, tuple[str, ...]] = {"starts": task}
    if (pictures / "sem").is_dir():
        places["sem"] = sem
    if set(parts) & set(places):
        yield backbone
    for part, words in places.items():
        for seed in range(args.seeds) if part in parts else ():
            for start in STARTS:
                begins = () if start == "scratch" else (f"pretrained={own}",)
                yield Run(
                    part, start, seed, (*words, *one, f"start={start}", *begins, f"seed={seed}")
                )
    limit = f"+trainer.max_time=00:00:{args.seconds // 60:02}:{args.seconds % 60:02}"
    growing, epochs = args.growing, [*args.growing_epochs, _FOREVER]
    ways = {
        f"{args.side} px": (f"sizes=[{args.side}]", f"epochs={_FOREVER}"),
        " to ".join(map(str, growing)) + " px": (f"sizes={growing}", f"epochs={epochs}"),
    }
    for seed in range(args.seeds) if "sizes" in parts else ():
        for name, words in ways.items():
            more = (limit, f"model.patience={_FOREVER}", f"seed={seed}")
            yield Run("sizes", name, seed, (*task, *words, *more))


def done(run: Run, output: Path) -> dict[str, Any]:
    """Give the figures of a run, which is done now unless it was before."""
    folder = run.folder(output)
    kept = folder / "figures.json"
    if not kept.is_file():
        said = io.StringIO()
        words = [*run.words, "data.workers=0", f"output_dir={folder}", "resume=auto", "--json"]
        with redirect_stdout(said):
            code = stemgan(["catalogue", "train", *words])
        if code:
            raise SystemExit(code)
        with whole_file(kept) as temporary:
            temporary.write_text(said.getvalue(), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def main(argv: Sequence[str] | None = None) -> None:
    """Run what is left, and write the tables."""
    args = _parser().parse_args(argv)
    runs = list(planned(args))
    results = []
    for number, run in enumerate(runs):
        print(
            f"{number + 1} of {len(runs)}: {run.part} {run.name}, seed {run.seed}", flush=True
        )
        figures = done(run, args.output)
        results.append(Result(run.part, run.name, run.seed, run.folder(args.output), figures))
        print(f"  {results[-1].line()}", flush=True)
    write_results(args.output, results)
    print(f"tables are in {args.output}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="compare ways to train a classifier")
    add = parser.add_argument
    add("--pictures", type=Path, required=True, help="what images.py wrote")
    add("-o", "--output", type=Path, required=True)
    add("--seeds", type=int, default=2, help="of splits and of trainings (2)")
    add("--backbone", default="resnet18")
    add("--side", type=int, default=64, help="of the pictures that are shown [px] (64)")
    add("--epochs", type=int, default=24, help="at most, of starts and sem (24)")
    add("--rate", type=float, default=1e-3, help="learning rate (0.001)")
    add("--seconds", type=int, default=120, help="of each training of sizes (120)")
    add("--growing", type=_numbers, default=[32, 48, 64], help="sizes [px] (32,48,64)")
    add("--growing-epochs", type=_numbers, default=[16, 8], help="of all but the last (16,8)")
    add("--only", type=_parts, default=PARTS, help=f"of {','.join(PARTS)}")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if odd := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{', '.join(odd)}: choose of {', '.join(PARTS)}")
    return parts


if __name__ == "__main__":
    main()
