"""`stemgan reconstruct --watch FOLDER`: what is checked before, and what is said after."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.common import emit, say
from stemgan.cli.live.scans import Scans
from stemgan.cli.live.stop import Stop
from stemgan.cli.live.watcher import Method, Watcher
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.cli.completers import Completer
    from stemgan.cli.jobs import Job
    from stemgan.measurement import PartialScan

    Read = Callable[[Path], list[PartialScan]]
    Complete = Callable[[Job, list[PartialScan], Completer, bool], list[dict[str, Any]]]

INTERVAL = 1.0
_SHORTEST, _LONGEST = 0.01, 3600.0


def add_watch(parser: argparse.ArgumentParser) -> None:
    """Add the options of --watch."""
    group = parser.add_argument_group("files as they appear")
    group.add_argument(
        "--watch",
        metavar="FOLDER",
        help="complete files as they appear in FOLDER, into the folder OUT, until Ctrl-C",
    )
    group.add_argument(
        "--interval",
        type=float,
        metavar="S",
        help=f"between two looks at FOLDER ({INTERVAL:g}); a file is read once two looks find "
        "it the same, so make it longer than any pause of what writes the files",
    )


def check_watch(args: argparse.Namespace) -> None:
    """Refuse what contradicts --watch, or goes with it alone.

    Raises
    ------
    InputError : the arguments, or the folders, are wrong; the message says what to do.
    """
    if args.watch is None:
        if not args.scans:
            raise InputError("no SCAN is given: name one, or a folder with --watch")
        if args.interval is not None:
            raise InputError("--interval goes with --watch: add it, or leave it out")
        return
    if args.scans:
        raise InputError(
            f"--watch completes what appears in {args.watch}: leave out {args.scans[0]}, or "
            "--watch"
        )
    if args.interval is None:
        args.interval = INTERVAL
    if not _SHORTEST <= args.interval <= _LONGEST:
        raise InputError(
            f"an interval is between {_SHORTEST:g} and {_LONGEST:g} s, not {args.interval:g}"
        )
    _check_folders(args)


def _check_folders(args: argparse.Namespace) -> None:
    from stemgan.files import check_folder

    folder = Path(args.watch)
    if not folder.exists():
        raise InputError(f"the folder {folder} does not exist: make it, or check the name")
    if not folder.is_dir():
        raise InputError(f"{folder} is a file: name a folder with --watch")
    if not args.output:
        raise InputError("--watch needs a folder for the results: name one with -o")
    output = check_folder(Path(args.output))
    if output.resolve() == folder.resolve() or (output.exists() and output.samefile(folder)):
        raise InputError(
            f"{output} is the folder that is watched, where results would be taken for scans: "
            "choose another -o"
        )


def watch(
    args: argparse.Namespace,
    inputs: list[Path],
    reader: "Callable[[argparse.Namespace], Read]",
    load: "Callable[[], Completer]",
    complete: "Complete",
) -> None:
    """Complete files as they appear, until a signal.

    Parameters
    ----------
    args : checked by `check_watch`.
    inputs : the files of --mask and --path.
    reader : makes what reads scans, for arguments that name the mask.
    load : loads the model.
    complete : completes the scans of a file and writes the results.

    Raises
    ------
    InputError : the arguments are wrong, or, at the end, a file could not be completed.
    """
    reader(args)
    _check_inputs(args)
    start = time.monotonic()
    own_masks = not (args.mask or args.path)
    scans = Scans(Path(args.watch), own_masks=own_masks, inputs=inputs)
    watcher = Watcher(scans, Path(args.output), args, inputs)

    def read(job: "Job") -> "list[PartialScan]":
        mask = None if job.mask is None else str(job.mask)
        return reader(argparse.Namespace(**{**vars(args), "mask": mask}))(job.source)

    with Stop() as stop:
        scans.look()  # the next one comes when the model is loaded
        method = load()
        _warm_up(method)
        say(f"watching {args.watch} for {method.label}: Ctrl-C ends it")
        watcher.run(
            Method(read, lambda job, found: complete(job, found, method, args.overwrite)), stop
        )
        figures: dict[str, Any] = _figures(args, watcher, method)
        figures["seconds"] = time.monotonic() - start
    emit(figures, _text(figures, method.label), as_json=args.json)
    if figures["failed"]:
        raise InputError(
            f"{len(figures['failed'])} of the files in {args.watch} could not be completed: "
            "mend them, as said of each"
        )


def _check_inputs(args: argparse.Namespace) -> None:
    """Refuse a mask or path that cannot be read, before the first scan comes."""
    if args.mask:
        from stemgan.images import read_mask

        read_mask(args.mask)
    if args.path:
        from stemgan.cli.timing import parse_pair
        from stemgan.images.points import parse_shape
        from stemgan.pathfiles.read import read_path

        offset = parse_pair(args.offset or "0,0", "offset")
        shape = parse_shape(args.shape)
        read_path(args.path, shape, offset=offset, pixel_size=args.pixel_size)


def _warm_up(method: "Completer") -> None:
    from stemgan.evaluate import warm_up

    warm_up([method.run])


def _figures(args: argparse.Namespace, watcher: Watcher, method: "Completer") -> dict[str, Any]:
    failed = [(p, o) for p, o in watcher.outcomes.items() if o.kind == "failed"]
    latencies = [
        image["latency_seconds"]
        for image in watcher.images
        if image["latency_seconds"] is not None
    ]
    return {
        **method.record,
        "load_seconds": method.load_seconds,
        "watch": args.watch,
        "output": args.output,
        "interval_seconds": args.interval,
        "done": watcher.count("done"),
        "there_before": watcher.count("there"),
        "waiting": watcher.waiting(),
        "failed": [{"scan": str(path), "reason": outcome.reason} for path, outcome in failed],
        "median_latency_seconds": median(latencies) if latencies else None,
        "largest_latency_seconds": max(latencies, default=None),
        "images": watcher.images,
    }


def _text(figures: dict[str, Any], label: str) -> str:
    how = f"{label} on {figures['device']}" if "device" in figures else label
    also = {
        "failed": len(figures["failed"]),
        "with results from before": figures["there_before"],
        "left: not whole, or not their turn": figures["waiting"],
    }
    counts = "".join(f", {count} {what}" for what, count in also.items() if count)
    latency = ""
    if figures["median_latency_seconds"] is not None:
        latency = (
            f"; {figures['median_latency_seconds']:.2f} s after they were seen in the median, "
            f"{figures['largest_latency_seconds']:.2f} s at most"
        )
    return f"{figures['output']}: {amount(figures['done'], 'file')} by {how}{counts}{latency}"
