"""From the figures of trainings to tables: a row a run, and means over seeds."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stemgan.amounts import amount
from stemgan.files import whole_file

FIGURES = ("accuracy", "precision", "recall", "f1")
TITLES = {
    "backbone": "Backbone, on classes that the task has none of (validation pictures)",
    "starts": "Where training starts",
    "sizes": "Growing sizes against one size at equal time, from scratch",
    "sem": "Tiles of real SEM images, split by image",
}


class Result(NamedTuple):
    """What a run found: of which comparison, by which name and seed, where, and its figures."""

    part: str
    name: str
    seed: int
    folder: Path
    figures: dict[str, Any]

    @property
    def judged(self) -> dict[str, Any]:
        """The figures of the test pictures, or of validation where there are no others."""
        return self.figures["test"] or self.figures["val"]

    def line(self) -> str:
        """Say how good it is in a line."""
        parts = [f"{name} {100 * self.judged[name]:.1f} %" for name in FIGURES]
        return f"{', '.join(parts)}, {self.figures['seconds']:.0f} s"

    def row(self) -> dict[str, Any]:
        """Give a row of results.csv."""
        return {
            "comparison": self.part,
            "name": self.name,
            "seed": self.seed,
            "test_images": self.judged["images"],
            "test_groups": self.judged["groups"],
            **{name: round(self.judged[name], 4) for name in FIGURES},
            "ece": round(self.judged["ece"], 4),
            "log_loss": round(self.judged["log_loss"], 4),
            "steps": self.figures["steps"],
            "best_step": self.figures["best_step"],
            "seconds": self.figures["seconds"],
        }


def write_results(folder: Path, results: Sequence[Result]) -> None:
    """Write results.csv and results.md."""
    rows = [result.row() for result in results]
    with (
        whole_file(folder / "results.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    parts = list(dict.fromkeys(result.part for result in results))
    texts = [_section(part, [r for r in results if r.part == part]) for part in parts]
    with whole_file(folder / "results.md") as temporary:
        temporary.write_text("\n".join(texts), encoding="utf-8")


def _section(part: str, results: Sequence[Result]) -> str:
    seeds = len({result.seed for result in results})
    counts = "/".join(str(n) for n in sorted({r.judged["images"] for r in results}))
    lines = [
        f"## {TITLES[part]}",
        "",
        f"Mean [least to greatest] over {amount(seeds, 'seed')}, {counts} pictures each [%].",
        "",
        "| | accuracy | precision | recall | F1 | steps | time [s] |",
        "|---|---|---|---|---|---|---|",
    ]
    names = list(dict.fromkeys(result.name for result in results))
    members = {name: [r for r in results if r.name == name] for name in names}
    for name, own in members.items():
        cells = [_ranged([100 * r.judged[figure] for r in own]) for figure in FIGURES]
        steps = _mean(r.figures["steps"] for r in own)
        seconds = _mean(r.figures["seconds"] for r in own)
        lines.append(f"| {name} | {' | '.join(cells)} | {steps:.0f} | {seconds:.0f} |")
    lines.append("")
    if part in ("starts", "sem"):
        for name, own in members.items():
            lines += _confusion(name, own)
    return "\n".join(lines)


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)


def _ranged(values: Sequence[float]) -> str:
    ends = f" [{min(values):.1f} to {max(values):.1f}]" if len(values) > 1 else ""
    return f"{_mean(values):.1f}{ends}"


def _confusion(name: str, results: Sequence[Result]) -> list[str]:
    """Add up the confusion matrices of all seeds: a line a true class, a column a predicted."""
    total: dict[tuple[str, str], int] = {}
    for result in results:
        with (result.folder / "report" / "confusion.csv").open(encoding="utf-8") as stream:
            head, *lines = csv.reader(stream)
        for true, *counts in lines:
            for predicted, count in zip(head[1:], counts, strict=True):
                total[true, predicted] = total.get((true, predicted), 0) + int(count)
    classes = list(dict.fromkeys(true for true, _ in total))
    lines = [
        f"Confusion, {name}, all seeds (lines: true; columns: predicted)",
        "",
        f"| | {' | '.join(classes)} |",
        "|---" * (len(classes) + 1) + "|",
    ]
    for true in classes:
        counts = (total[true, predicted] for predicted in classes)
        lines.append(f"| {true} | {' | '.join(map(str, counts))} |")
    return [*lines, ""]
