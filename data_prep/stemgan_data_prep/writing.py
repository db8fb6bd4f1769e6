"""Jobs' outcomes to a dataset: duplicates left out, splits given, everything noted."""

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from stemgan.data.shards import Label, ShardWriter
from stemgan.data.shards.lock import Lock
from stemgan.errors import InputError
from stemgan_data_prep.checks import SMALLEST, short_side
from stemgan_data_prep.duplicates import Seen
from stemgan_data_prep.jobs import Job, Outcome, Settings, Tile
from stemgan_data_prep.journal import Journal, Position
from stemgan_data_prep.micrographs import Found, Rejection, Source
from stemgan_data_prep.reports import Summary, rejected_csv, summarise
from stemgan_data_prep.running import Runner, in_order
from stemgan_data_prep.sharing import Splitting

_KINDS = 3
Watch = Callable[[Iterable[Source], int], Iterable[Source]]


class Work:
    """A preparation.

    Parameters
    ----------
    found : what to work on.
    splitting, settings, threshold, watch : see `prepare`.
    """

    def __init__(
        self,
        found: Found,
        splitting: Splitting,
        settings: Settings,
        threshold: float,
        watch: Watch | None,
    ) -> None:
        self.found, self.splitting, self.settings = found, splitting, settings
        self.split_of: Callable[[str], str] = str
        self.threshold = threshold
        self.watch: Watch = watch or (lambda sources, _: sources)

    def write(self, runner: Runner, where: Path | str, request: dict[str, Any]) -> Summary:
        """Make the dataset at `where`, or go on making it."""
        with ExitStack() as stack:
            folder = journal_of(where, create=True)
            if isinstance(where, str):  # below a URL nothing else keeps others away
                stack.callback(Lock(folder.with_suffix(".lock"), where).release)
            compression = self.settings.compression
            writer = ShardWriter(where, self.settings.size, request, compression=compression)
            with writer:
                journal = Journal(folder, writer, request, self.threshold)
                stack.callback(journal.close)
                self._share_out(journal.once("usable.json", lambda: self._usable(runner)))
                for _ in self.watch(self._fill(runner, journal), self._left(journal.position)):
                    pass
                summary, images = summarise(self.found.rejected, journal.lines())
                if not summary.tiles:
                    journal.remove()
                    raise nothing_used(summary)
                writer.attach("rejected.csv", rejected_csv(summary.rejected))
                writer.attach("images.jsonl", images)
            journal.remove()
        summary.unnamed = self.found.unnamed
        return summary

    def rehearse(self, runner: Runner) -> Summary:
        """Do all but write."""
        self._share_out(self._usable(runner))
        seen = Seen(None, self.settings.size, self.threshold)
        keys: list[str] = []
        lines: list[dict[str, Any]] = []

        def keep(tile: Tile) -> None:
            seen.add(tile.signature)
            keys.append(tile.key)

        def fill() -> Iterator[Source]:
            for job, outcome in in_order(map(Job, self.found.sources), runner):
                new = self._new(outcome, seen, keys, keep)
                lines.append(self._noted(job, outcome, new))
                if outcome.stop >= outcome.total:
                    yield job.source

        for _ in self.watch(fill(), len(self.found.sources)):
            pass
        summary, _ = summarise(self.found.rejected, lines)
        if not summary.tiles:
            raise nothing_used(summary)
        summary.unnamed = self.found.unnamed
        return summary

    def _usable(self, runner: Runner) -> list[int]:
        """List the numbers of the sources to share out: those that will have tiles.

        A copy of another file will have none; were a split given to it, that would stay empty.
        """
        sources = self.found.sources
        if not self.splitting.needs_survey(sources):
            return list(range(len(sources)))
        surveys = in_order((Job(source, survey=True) for source in sources), runner)
        first: dict[bytes, int] = {}
        for number, (_, outcome) in enumerate(surveys):
            if outcome.usable is not None:
                first.setdefault(outcome.usable, number)
        return list(first.values())

    def _share_out(self, usable: list[int]) -> None:
        self.split_of = self.splitting.of([self.found.sources[number] for number in usable])

    def _left(self, position: Position) -> int:
        return len(self.found.sources) - position.source

    def _fill(self, runner: Runner, journal: Journal) -> Iterator[Source]:
        """Do what is left, and yield the sources as they are done."""
        number = journal.position.source
        sources = self.found.sources[number:]
        jobs = (
            Job(source, 0 if index else journal.position.first)
            for index, source in enumerate(sources)
        )
        for job, outcome in in_order(jobs, runner):

            def keep(tile: Tile, source: Source = job.source) -> None:
                journal.keep(tile.signature, tile.encoded, self._label(tile, source))

            new = self._new(outcome, journal.seen, journal.keys, keep)
            last = outcome.stop >= outcome.total
            number += last
            line = self._noted(job, outcome, new)
            journal.note(number, 0 if last else outcome.stop, line)
            if last:
                yield job.source

    def _new(
        self, outcome: Outcome, seen: Seen, keys: list[str], keep: Callable[[Tile], None]
    ) -> list[Tile]:
        """Keep the tiles that show something new, and list them; say what the others repeat."""
        new = []
        for tile in outcome.tiles:
            same = seen.find(tile.signature)
            if same is None:
                keep(tile)
                new.append(tile)
                continue
            index, alike = same
            how = "has the same values as" if alike == 1 else f"correlates by {alike:.3f} with"
            outcome.rejected.append(Rejection(tile.key, "duplicate", f"it {how} {keys[index]}"))
        return new

    def _noted(self, job: Job, outcome: Outcome, new: list[Tile]) -> dict[str, Any]:
        groups = Counter(tile.group for tile in new)
        kept = Counter(tile.image for tile in new)
        records = [{**r, "tiles": kept[r["image"]]} for r in outcome.records]
        return {
            "keys": [tile.key for tile in new],
            "groups": {g: [self.split_of(g), count] for g, count in groups.items()},
            "rejected": [[r.key, r.kind, r.reason] for r in outcome.rejected],
            "records": [record for record in records if record["tiles"]],
            "collection": job.source.key if outcome.collection else None,
        }

    def _label(self, tile: Tile, source: Source) -> Label:
        split = self.split_of(tile.group)
        return Label(tile.key, tile.group, source.key, split, **tile.about)


def nothing_used(summary: Summary) -> InputError:
    """Say that nothing is left, with the commonest reasons, an image of each, and what fits."""
    kinds = Counter(one.kind for one in summary.rejected).most_common()
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds)
    first = {one.kind: one for one in reversed(summary.rejected)}
    shown = "; ".join(f"{first[kind].key}: {first[kind].reason}" for kind, _ in kinds[:_KINDS])
    small = [one.reason for one in summary.rejected if one.kind == "too small"]
    largest = max(filter(None, map(short_side, small)), default=0)
    fits = f"; the largest image that is too small fits --size {largest}"
    return InputError(
        f"no image can be used ({counts}); {shown}{fits if largest >= SMALLEST else ''}"
    )


def journal_of(where: Path | str, *, create: bool) -> Path:
    """Name the folder of a dataset's journal; remove what is left of it unless `create`."""
    if isinstance(where, Path):
        folder = where.with_name(f".{where.name}.journal")
    else:
        name = hashlib.sha256(where.encode()).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"stemgan-{name}.journal"
    if not create and folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
    return folder
