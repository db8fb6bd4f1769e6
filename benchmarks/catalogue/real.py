"""Classify real scanning transmission micrographs by structure, and hand the classes on.

    python benchmarks/catalogue/real.py -o real [--data FOLDER] [--count 200] [--tiles 120]

FOLDER (by default $STEMGAN_REAL_DATA) holds train/ and eval/. The classes are lattice, texture,
particles and edges. A network is trained on simulated pictures of each, then on these and on
tiles of the training images. How an image is looked at (tiles of which side, or of all) is
chosen on training groups that the network has not seen: it is trained on one half of the groups
and asked about the other, and the other way round. The network that answers for the evaluation
images is trained on all training groups; these images are looked at once, in the end.

Writes labels/train.csv and labels/eval.csv (classes given by looking), classes.csv (those
found), all three for `--table`, figures.json and results.md. What is done is not done again.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from compare import Run, done
from real_judging import Probabilities, judge, pooled, read_probabilities, told
from real_pictures import (
    CLASSES,
    VIEWS,
    Tile,
    cut_all,
    cut_training,
    evaluation_images,
    halves,
    read_tiles,
    simulate,
    training_images,
    write_labels,
)

from stemgan.cli import main as stemgan
from stemgan.files import whole_file
from stemgan.manifest import NAME
from stemgan_data_prep.catalogue.labels import Picture
from stemgan_data_prep.catalogue.tables import name_in, write_rows

LOOKS: dict[str, tuple[int, ...]] = {**{f"{view} px": (view,) for view in VIEWS}, "all": VIEWS}
"""Ways to look at an image: by tiles of which sides."""


def trainings(args: argparse.Namespace) -> dict[str, Run]:
    """Name the trainings: on simulated pictures, then with tiles of either half, or of both."""
    folder, seed = args.output / "pictures", f"seed={args.seed}"
    common = (f"sizes=[{args.side}]", "split=[0.85,0.15,0]", seed, "report=false")
    words = (f"images={folder / 'simulated'}", f"epochs={args.epochs}", *common)
    first = Run("real", "simulated", args.seed, words)
    runs = {"simulated": first}
    tuned = ("start=fine-tune", f"pretrained={first.folder(args.output)}")
    for name, parts in {"half_0": "0", "half_1": "1", "both": "01"}.items():
        places = ",".join(str(folder / place) for place in ("simulated", *parts))
        words = (f"images=[{places}]", f"epochs={args.tuning}", *tuned, *common)
        more = ("model.fine_tuning=0.3",)
        runs[name] = Run("real", name, args.seed, (*words, *more))
    return runs


def asked(run: Run, output: Path, tiles: Path) -> dict[str, Probabilities]:
    """Give what a trained network says of the tiles in a folder, by `catalogue predict`."""
    model = run.folder(output)
    table = output / "said" / f"{model.name}_{tiles.name}.csv"
    if not table.is_file():
        table.parent.mkdir(parents=True, exist_ok=True)
        words = [str(tiles), "--model", str(model), "-o", str(table), "--top", "4"]
        if code := stemgan(["catalogue", "predict", *words, "--workers", "0"]):
            raise SystemExit(code)
    return read_probabilities(table, tiles)


def chosen(
    tiles: Sequence[Tile], said: dict[str, Probabilities], labels: dict[str, str]
) -> tuple[str, dict[str, dict[str, Any]]]:
    """Choose how to look at images, by groups: balanced accuracy, and log loss where alike."""
    table = {}
    for look, views in LOOKS.items():
        table[look] = judge(pooled(tiles, said, views, lambda tile: tile.group), labels)
    return max(table, key=lambda k: (table[k]["balanced"], -table[k]["log_loss"])), table


def prepared(folder: Path, name: str, cut: Callable[[Path], list[Tile]]) -> list[Tile]:
    """Cut tiles into a folder, unless they are there."""
    return read_tiles(folder / name) if (folder / name / NAME).is_file() else cut(folder / name)


def write_classes(
    path: Path, pictures: Sequence[Picture], found: dict[str, Probabilities]
) -> None:
    """Write the class of each image that was found, for ``--table``."""
    rows = [
        {
            "file": name_in(path.parent, one),
            "class": CLASSES[int(found[one.file.name].argmax())],
            "confidence": round(float(found[one.file.name].max()), 4),
        }
        for one in pictures
    ]
    write_rows(path, rows, ("file", "class", "confidence"))


def main(argv: Sequence[str] | None = None) -> None:
    """Run what is left, and write the tables."""
    args = _parser().parse_args(argv)
    if args.data is None:
        raise SystemExit("give --data FOLDER, or set STEMGAN_REAL_DATA")
    began, folder = time.monotonic(), args.output / "pictures"
    train, evaluation = training_images(args.data), evaluation_images(args.data)
    write_labels(args.output / "labels" / "train.csv", train)
    write_labels(args.output / "labels" / "eval.csv", evaluation)
    simulate(folder / "simulated", args.count, args.seed)
    half, tiles = halves(train), []
    for which in (0, 1):
        own = [one for one in train if half[one.group] == which]
        tiles.append(
            prepared(folder, str(which), lambda to, own=own: cut_training(to, own, args.tiles))
        )
    runs = trainings(args)
    for name, run in runs.items():
        figures = done(run, args.output)
        print(f"{name}: trained for {figures['seconds']:.0f} s", flush=True)
    labels = {one.group: one.label for one in train}
    tables = {}
    for name, models in {
        "simulated pictures alone": ("simulated", "simulated"),
        "and tiles of the other half of the groups": ("half_1", "half_0"),
    }.items():
        said: dict[str, Probabilities] = {}
        for which, model in enumerate(models):
            said |= asked(runs[model], args.output, folder / str(which))
        look, tables[name] = chosen([*tiles[0], *tiles[1]], said, labels)
    views = LOOKS[look]  # of the last: what the final network is trained on
    name = "evaluation_" + "_".join(map(str, views))
    last = prepared(folder, name, lambda to: cut_all(to, evaluation, views))
    answers = asked(runs["both"], args.output, folder / name)
    found = pooled(last, answers, views, lambda tile: tile.image)
    write_classes(args.output / "classes.csv", evaluation, found)
    judged = judge(
        found,
        {one.file.name: one.label for one in evaluation},
        {one.file.name: one.group for one in evaluation},
    )
    _write(args.output, look, tables, judged)
    print((args.output / "results.md").read_text(encoding="utf-8"))
    print(f"{time.monotonic() - began:.0f} s; the classes are in {args.output / 'classes.csv'}")


def _write(
    folder: Path,
    look: str,
    tables: dict[str, dict[str, dict[str, Any]]],
    judged: dict[str, Any],
) -> None:
    """Write figures.json and results.md."""
    lines = [
        "## Training groups, balanced accuracy of groups [%], by the tiles looked at",
        "",
        f"| trained on | {' | '.join(LOOKS)} |",
        "|---" * (len(LOOKS) + 1) + "|",
    ]
    for name, table in tables.items():
        cells = (f"{100 * table[key]['balanced']:.1f}" for key in LOOKS)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", f"Chosen: {look}.", ""]
    unseen = list(tables.values())[-1][look]
    texts = [
        "\n".join(lines),
        told("Training groups, each by a network that has not seen it", unseen),
        told("Evaluation images", judged),
    ]
    with whole_file(folder / "results.md") as temporary:
        temporary.write_text("\n".join(texts), encoding="utf-8")
    known = {"look": look, "training": tables, "evaluation": judged}
    with whole_file(folder / "figures.json") as temporary:
        temporary.write_text(json.dumps(known, indent=1), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="classify real micrographs by structure")
    add = parser.add_argument
    home = os.environ.get("STEMGAN_REAL_DATA")
    add("-o", "--output", type=Path, required=True)
    add("--data", type=Path, default=Path(home) if home else None, help="holds train and eval")
    add("--count", type=int, default=200, help="simulated pictures of a class (200)")
    add("--tiles", type=int, default=120, help="real ones of a class and half, about (120)")
    add("--side", type=int, default=64, help="at which pictures are shown [px] (64)")
    add("--epochs", type=int, default=14, help="on simulated pictures (14)")
    add("--tuning", type=int, default=6, help="epochs with real tiles (6)")
    add("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    main()
