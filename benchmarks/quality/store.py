"""Figures on disk, a file a method, as they come: what is there is not made again.

A method's file belongs to the benchmark's images and, of a network, to its weights. Classical
methods change with their code: where that is another than the figures were made with, a few
scans are completed again, and the figures stay if they agree.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from oracle import oracle, oracle_wide
from protocol import CROP, MAIN, NOISY, SEED

from stemgan.baselines import METHODS
from stemgan.errors import InputError
from stemgan.evaluate import Condition, Source
from stemgan.evaluate.cells import Cell, Entry
from stemgan.evaluate.journal import Journal
from stemgan.evaluate.methods import fingerprint, model_of, weights_digest
from stemgan.files import whole_file
from stemgan.metrics import PITCH_EDGES, ErrorByDistance

CODES = "codes.json"
ORACLES = {"oracle": oracle, "oracle-wide": oracle_wide}
WIDTHS = "simple-widths"
BLURRED = "gaussian-process-blurred"
"""Methods of the benchmark alone: nearest and linear at all widths; kriging, blurred as the
truth is, which is the posterior mean of the blurred truth."""

TOLERANCE = 0.02
"""How far an RMSE [% of the range] may be from what it was, for figures to stay."""

Redo = Callable[[Source, Condition], Mapping[str, float]]


class Store:
    """The figures of all methods in a folder.

    folder : made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "figures"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.journals: dict[str, Journal] = {}

    def journal(self, method: str) -> Journal:
        """Open a method's figures."""
        if method not in self.journals:
            path = self.folder / f"{self._slug(method)}.jsonl"
            settings = {"benchmark": 1, "method": label(method), "crop": CROP, "seed": SEED}
            self.journals[method] = Journal.open(path, settings, overwrite=False)
        return self.journals[method]

    def done(self, method: str) -> set[tuple[str, Condition]]:
        """Return what is there: names of images, and conditions."""
        return self.journal(method).done

    def take_over(self, folder: Path, sources: Sequence[Source]) -> dict[str, int]:
        """Take over what `stemgan evaluate --crop 512` found on the same images.

        Returns
        -------
        Scans taken, by method.

        Raises
        ------
        InputError : it is no such evaluation.
        """
        lines = (folder / "progress.jsonl").read_text(encoding="utf-8").splitlines()
        settings, *cells = (json.loads(line) for line in lines)
        if (settings["crop"], settings["seed"]) != ([CROP], SEED):
            raise InputError(
                f"{folder} evaluates other parts of the images than the central {CROP} px "
                f"with seed {SEED}: leave it out"
            )
        known = {source.name: source for source in sources}
        taken: dict[str, int] = {}
        for cell in cells:
            condition = Condition(**cell["condition"])
            for entry in cell["entries"]:
                method = entry["row"]["method"]
                known_scan = condition in (*MAIN, *NOISY)
                if not known_scan or (cell["image"], condition) in self.done(method):
                    continue
                self.journal(method).add(_cell(known, cell, condition, entry))
                taken[method] = taken.get(method, 0) + 1
        return taken

    def check(self, method: str, sources: Iterable[Source], redo: Redo) -> str | None:
        """Complete some scans again if the code of a method has changed since its figures.

        Parameters
        ----------
        method : the method.
        sources : the benchmark's images.
        redo : gives the errors of a scan by that method, by metric.

        Returns
        -------
        How well they agree, in words; None if nothing has changed, or there are no figures.

        Raises
        ------
        InputError : they do not agree.
        """
        codes = self._codes()
        code = _code(method)
        rows = self.journal(method).rows
        if codes.get(label(method)) == code or not rows:
            self._keep_code(method, code)
            return None
        known = {source.name: source for source in sources}
        chosen = _one_a_scan(rows)
        furthest = 0.0
        for row in chosen:
            condition = Condition(row["scan"], row["coverage"], row["electrons"])
            again = redo(known[row["image"]], condition)[row["method"]]
            furthest = max(furthest, abs(again - row["rmse_blurred"]))
        if furthest > TOLERANCE:
            raise InputError(
                f"{label(method)} is not what it was (RMSE differs by {furthest:.3f} %): "
                f"remove {self._slug(method)}.jsonl from {self.folder} to run it again"
            )
        self._keep_code(method, code)
        return f"{label(method)}: {len(chosen)} scans again, within {furthest:.4f} %"

    def _keep_code(self, method: str, code: str) -> None:
        codes = {**self._codes(), label(method): code}
        with whole_file(self.folder / CODES) as temporary:
            temporary.write_text(json.dumps(codes, indent=1), encoding="utf-8")

    def _codes(self) -> dict[str, str]:
        path = self.folder / CODES
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def _slug(self, method: str) -> str:
        name = re.sub(r"[^\w.]+", "-", label(method))
        return f"{name}-{weights_digest(method)[:8]}" if is_model(method) else name


def _one_a_scan(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Choose a row of each scan, of other images each time."""
    members: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        members.setdefault(row["scan"], []).append(row)
    return [of[5 * i % len(of)] for i, of in enumerate(members.values())]


def is_model(method: str) -> bool:
    """Tell whether a method is a network."""
    return method not in METHODS and method not in (*ORACLES, WIDTHS, BLURRED)


def label(method: str) -> str:
    """Return what tables call a method: a weights file's name without its folder."""
    model = model_of(method)
    if not model.endswith(".safetensors"):
        return method
    return Path(model).stem + method.removeprefix(model)


def _code(method: str) -> str:
    return fingerprint("nearest" if method in (*ORACLES, WIDTHS, BLURRED) else method)


def _cell(known: Mapping[str, Source], cell: dict, condition: Condition, entry: dict) -> Cell:
    if cell["image"] not in known:
        raise InputError(f"{cell['image']} is not of this benchmark: leave its figures out")
    rings = None, None
    if entry["distance"]:
        rings = (
            ErrorByDistance.unpack(entry["distance"]),
            ErrorByDistance.unpack(entry["by_pitch"], PITCH_EDGES),
        )
    found = Entry(entry["row"], *rings)
    return Cell(known[cell["image"]], condition, cell["pitch"], [found])
