"""What `reconstruct` does with the scans of a file: complete them, write what was asked."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from stemgan.cli.common import progress
from stemgan.cli.jobs import Job
from stemgan.cli.previews import preview
from stemgan.cli.records import processing_record

if TYPE_CHECKING:
    from stemgan.cli.completers import Completer
    from stemgan.measurement import PartialScan

T = TypeVar("T")


def bar(items: "list[T]", description: str) -> "Iterable[T]":
    """Show progress where there is any to show."""
    return progress(items, description) if len(items) > 1 else items


def complete(
    job: Job, scans: "list[PartialScan]", method: "Completer", overwrite: bool
) -> list[dict[str, Any]]:
    """Complete a file's scans and write what was asked for."""
    import numpy as np

    from stemgan.images import write_image, write_picture

    results = list(method.stream(bar(scans, job.source.name)))
    scan, result = scans[0], results[0]
    record = processing_record(job, scans, method)
    job.image.parent.mkdir(exist_ok=True)
    # Quantiles first: where what is sure to come is there, they are too.
    known = [r.quantiles for r in results if r.quantiles is not None]
    outputs = [
        (path, [quantiles[k] for quantiles in known])
        for k, path in enumerate(job.quantiles if known else ())
    ]
    also = [path for path in (job.std, job.preview, *(path for path, _ in outputs)) if path]
    drawn = [r.samples for r in results if r.samples is not None]
    for k, path in enumerate(job.samples[:-1]):
        outputs.append((path, [images[k] for images, _ in drawn]))
    if job.samples:
        outputs.append((job.samples[-1], [spread for _, spread in drawn]))
    also += [path for path in job.samples if path not in also]
    outputs.append((job.image, [r.image for r in results]))
    if job.std is not None:
        outputs.append((job.std, [r.std for r in results if r.std is not None]))
    for path, planes in outputs:
        data = planes[0] if len(planes) == 1 else np.stack(planes)
        write_image(path, data, scan.pixel_size, scan.unit, record, overwrite)
    if job.preview is not None:
        write_picture(job.preview, preview(job, scan, result, method), overwrite=overwrite)
    return [
        {
            "scan": str(job.source),
            "output": str(job.image),
            "also": [str(path) for path in also],
            "shape": list(s.shape),
            "coverage": s.coverage,
            "seconds": r.seconds,
        }
        for s, r in zip(scans, results, strict=True)
    ]
