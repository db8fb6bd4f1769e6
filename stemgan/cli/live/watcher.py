"""Completes the files of a folder as they appear, whatever is wrong with some of them."""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from stemgan.cli.common import say
from stemgan.cli.inputs import refuse_replacing
from stemgan.cli.jobs import Job, check_job, job_of
from stemgan.cli.live.looks import Stamp, stamp_of
from stemgan.cli.live.scans import Scans
from stemgan.cli.live.stop import Stop
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.measurement import PartialScan

Stamps = tuple[Stamp, Stamp | None]
"""Of a scan, and of its own mask if it has one."""


class Outcome(NamedTuple):
    """What became of a scan as it was, and why if it failed."""

    stamps: Stamps
    kind: Literal["done", "there", "failed"]
    reason: str = ""


class Method(NamedTuple):
    """How to read the scans of a file, and how to complete and write them."""

    read: "Callable[[Job], list[PartialScan]]"
    complete: "Callable[[Job, list[PartialScan]], list[dict[str, Any]]]"


class NotWholeError(Exception):
    """A file has changed while it was being read."""


class Watcher:
    """Completes scans one by one, in the order in which they appear.

    Parameters
    ----------
    scans : those of the folder that is watched.
    output : folder of the results.
    args : of `stemgan reconstruct`.
    inputs : files that no result may replace.

    Attributes
    ----------
    images : what was made, an entry an image.
    outcomes : what became of each file.
    """

    def __init__(
        self, scans: Scans, output: Path, args: argparse.Namespace, inputs: list[Path]
    ) -> None:
        self.scans, self.output, self.args, self.inputs = scans, output, args, inputs
        self.images: list[dict[str, Any]] = []
        self.outcomes: dict[Path, Outcome] = {}
        self._names: dict[str, Path] = {}

    def run(self, method: Method, stop: Stop) -> None:
        """Complete what there is and what comes, until asked to stop."""
        due = time.monotonic() + self.args.interval
        todo: list[Path] = []
        while not stop.asked:
            if time.monotonic() >= due:
                self.scans.look()
                # Two looks at a file are never nearer, however long a look takes.
                due = time.monotonic() + self.args.interval
                todo = [path for path in self.scans.ready() if self._new(path)][::-1]
            if todo:
                self._take(todo.pop(), len(todo), method)
            else:
                stop.sleep(due)

    def waiting(self) -> int:
        """Count the scans that were not taken: not whole yet, or not their turn."""
        return sum(map(self._new, self.scans.files))

    def count(self, kind: str) -> int:
        """Count the files that ended so."""
        return sum(outcome.kind == kind for outcome in self.outcomes.values())

    def _new(self, path: Path) -> bool:
        """Tell whether there is something to do, or again since the file has changed."""
        outcome = self.outcomes.get(path)
        if outcome is None:
            return True
        stamps = self.scans.stamps(path)
        # A mask that comes late may mend what failed, and changes nothing that is done.
        late = outcome.kind == "failed" and stamps != outcome.stamps
        return late or stamps[0] != outcome.stamps[0]

    def _take(self, path: Path, left: int, method: Method) -> None:
        """Complete one file; whatever goes wrong is said, and the next one has its turn."""
        stamps = self.scans.stamps(path)
        try:
            self._refuse_changed(path, stamps)
            self._complete(path, left, method, stamps)
            return
        except NotWholeError:
            return
        except InputError as error:
            reason = str(error)
        except Exception as error:  # one frame must not end a night's watch
            what = " ".join(str(error).split()) or "no reason given"
            reason = (
                f"{path} could not be completed ({type(error).__name__}: {what}): try it by "
                "itself, without --watch"
            )
        try:
            self._refuse_changed(path, stamps)
        except NotWholeError:
            return
        self.outcomes[path] = Outcome(stamps, "failed", reason)
        say(f"stemgan: {reason}")

    def _complete(self, path: Path, left: int, method: Method, stamps: Stamps) -> None:
        job = self._job(path)
        before = self.outcomes.get(path)
        if not self.args.overwrite and all(output.exists() for output in job.sure()):
            if before is not None:
                raise InputError(
                    f"{path} has changed since it was completed: watch with --overwrite to "
                    "complete such files again"
                )
            self.outcomes[path] = Outcome(stamps, "there")
            return
        check_job(job, overwrite=self.args.overwrite)
        scans = method.read(job)
        self._refuse_changed(path, stamps)
        entries = method.complete(job, scans)
        latency = None
        if not self.scans.first(path):
            latency = time.monotonic() - self.scans.files[path].since
        self.images += [{**entry, "latency_seconds": latency} for entry in entries]
        self.outcomes[path] = Outcome(stamps, "done")
        self._say_done(path, entries, latency, left)

    def _job(self, path: Path) -> Job:
        other = self._names.setdefault(path.stem.casefold(), path)
        if other != path:
            raise InputError(
                f"{other} and {path} would both become {path.stem}.tif: rename one of them"
            )
        self.output.mkdir(exist_ok=True)
        job = job_of(path, self.output / f"{path.stem}.tif", self.args)
        refuse_replacing(job.outputs(), self.inputs)
        return replace(job, mask=job.mask or self.scans.mask(path))

    def _refuse_changed(self, path: Path, stamps: Stamps) -> None:
        mask = self.scans.mask(path)
        if (stamp_of(path), mask and stamp_of(mask)) != stamps:
            raise NotWholeError

    def _say_done(
        self, path: Path, entries: list[dict[str, Any]], latency: float | None, left: int
    ) -> None:
        seconds = sum(entry["seconds"] for entry in entries)
        several = f"{len(entries)} images, " if len(entries) > 1 else ""
        when = "" if latency is None else f", {latency:.2f} s after it was seen"
        queue = f", {left} to do" if left else ""
        say(
            f"{path.name}: {several}completed in {seconds:.2f} s{when}; "
            f"{self.count('done')} done{queue}"
        )
