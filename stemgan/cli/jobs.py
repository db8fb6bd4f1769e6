"""What `reconstruct` writes where, decided and checked before any work is done."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from stemgan.cli.inputs import beside
from stemgan.errors import InputError

FOLDER = "reconstructions"
"""Where several results go without -o."""

QUANTILES = ("q05", "q50", "q95")
"""What is said of the truth beside its standard deviation: NAME.q05.tif and so on."""


@dataclass(frozen=True)
class Job:
    """One file to complete, where the results go, and the file of its mask, if one is given.

    quantiles : from the lowest up; weights without a calibration have none to write there.
    samples : of likely images, by seed, and last their deviation; none if not asked for.
    """

    source: Path
    image: Path
    std: Path | None
    preview: Path | None
    mask: Path | None = None
    quantiles: tuple[Path, ...] = ()
    samples: tuple[Path, ...] = ()

    def outputs(self) -> list[Path]:
        """List the files that may be written."""
        return [*self.sure(), *self.quantiles]

    def sure(self) -> list[Path]:
        """List the files that will be written whatever the model."""
        paths = (self.image, self.std, self.preview, *self.samples)
        return [path for path in paths if path is not None]


def plan(sources: list[Path], args: argparse.Namespace) -> list[Job]:
    """Decide what is written where, and refuse what cannot be before any work is done."""
    several = len(sources) > 1
    if several:
        images = _in_folder(sources, Path(args.output or FOLDER))
    else:
        images = [Path(args.output or beside(sources[0], "reconstruction", ".tif"))]
    jobs = [job_of(*files, args) for files in zip(sources, images, strict=True)]
    if not several or images[0].parent.exists():
        for job in jobs:
            check_job(job, overwrite=args.overwrite)
    return jobs


def job_of(source: Path, image: Path, args: argparse.Namespace) -> Job:
    """Say where the results of one file go whose image goes to `image`."""
    return Job(
        source,
        image,
        beside(image, "std") if args.uncertainty else None,
        image.with_suffix(".png") if args.preview else None,
        Path(args.mask) if args.mask else None,
        tuple(beside(image, word) for word in QUANTILES) if args.uncertainty else (),
        _sample_files(image, args.samples),
    )


def _sample_files(image: Path, count: int | None) -> tuple[Path, ...]:
    if not count:
        return ()
    width = len(str(count))
    names = [f"sample{k:0{width}d}" for k in range(1, count + 1)]
    return tuple(beside(image, name) for name in (*names, "samples_std"))


def check_job(job: Job, *, overwrite: bool) -> None:
    """Refuse outputs that cannot be written, before any work is done.

    Raises
    ------
    InputError : one exists and `overwrite` is False, or its folder cannot be written to.
    """
    from stemgan.files import check_output
    from stemgan.images import check_image_output

    check_image_output(job.image, overwrite=overwrite)
    for path in job.outputs()[1:]:
        check_output(path, overwrite=overwrite)


def _in_folder(sources: list[Path], folder: Path) -> list[Path]:
    from stemgan.files import check_folder

    check_folder(folder)
    taken: dict[str, Path] = {}
    for source in sources:
        other = taken.setdefault(source.stem.casefold(), source)
        if other != source:
            raise InputError(
                f"{other} and {source} would both become {source.stem}.tif: run one after the "
                "other, into two folders"
            )
    return [folder / f"{source.stem}.tif" for source in sources]
