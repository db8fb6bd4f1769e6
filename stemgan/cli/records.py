"""What a completed image's file says of how it was made."""

from typing import TYPE_CHECKING, Any

from stemgan.cli.jobs import Job

if TYPE_CHECKING:
    from stemgan.cli.completers import Completer
    from stemgan.measurement import PartialScan


def processing_record(
    job: Job, scans: "list[PartialScan]", method: "Completer"
) -> dict[str, Any]:
    """Say how the scans of a file were completed.

    Parameters
    ----------
    job : the file, and its mask if one was given.
    scans : its partial scans.
    method : what completes them.

    Returns
    -------
    `stemgan`: version, method or model (name, hash, device, runtime, which truth it completes,
    seed where texture follows from one, number of samples), scan, mask, coverage and the
    measured pixels, the last two as lists where the scans of a stack differ; `source`: what the
    scan's file said itself: path file, dose.
    """
    from stemgan import __version__
    from stemgan.images import pack_mask

    record = {
        "version": __version__,
        **method.record,
        "scan": job.source.name,
        "mask": None if job.mask is None else job.mask.name,
        "coverage": _one([scan.coverage for scan in scans]),
        "measured": _one([pack_mask(scan.mask) for scan in scans]),
    }
    return {"stemgan": record, "source": scans[0].metadata}


def _one(values: list[Any]) -> Any:  # noqa: ANN401 (what the list holds, or the list)
    return values[0] if all(value == values[0] for value in values) else values
