"""The scales of an archive's files: the table and the pictures of what was found in each."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.images import read_series
from stemgan.images.micrograph import plain_scale
from stemgan_data_prep.catalogue.labels import reason
from stemgan_data_prep.catalogue.scale.binning import bin_name, edges
from stemgan_data_prep.catalogue.scale.deciding import scale_of
from stemgan_data_prep.catalogue.scale.scales import Scale
from stemgan_data_prep.catalogue.scale.units import NANOMETRES
from stemgan_data_prep.catalogue.tables import name_of_file
from stemgan_data_prep.micrographs import Source

COLUMNS = (
    "file",
    "pixel_size",
    "pixel_unit",
    "scale_confidence",
    "scale_source",
    "scale_bin",
    "scale_error",
    "bar_px",
    "bar_text",
    "scale_note",
)


@dataclass(frozen=True, eq=False)
class Looked:
    """What was found in a file, or why it could not be read; the picture for a preview."""

    source: Source
    scale: Scale | None
    reason: str = ""
    image: NDArray[np.float32] | None = None


def survey(
    sources: Sequence[Source], *, text: bool = True, keep: bool = False, workers: int = 1
) -> Iterator[Looked]:
    """Find the scale of each file, in order; of a stack, that of its first image.

    Parameters
    ----------
    sources : files, see `stemgan_data_prep.micrographs.find`.
    text : whether to read text, which takes Tesseract.
    keep : whether to give the images too, for previews.
    workers : threads; reading text waits for another program.
    """

    def look(source: Source) -> Looked:
        return look_at(source, text=text, keep=keep)

    with ThreadPoolExecutor(workers) as pool:
        ahead = 2 * workers
        begun = [pool.submit(look, source) for source in sources[:ahead]]
        for i in range(len(sources)):
            if i + ahead < len(sources):
                begun.append(pool.submit(look, sources[i + ahead]))
            yield begun[i].result()
            begun[i] = begun[-1]  # results, which may hold images, are not kept


def look_at(source: Source, *, text: bool = True, keep: bool = False) -> Looked:
    """Find the scale of one file; one that cannot be read is said, never raised."""
    try:
        series = read_series(source.file)[0]
        image = series[0]
        size, unit = plain_scale(series.about.pixel_size, series.about.unit)
    except Exception as error:  # one odd file must not stop an archive
        return Looked(source, None, reason(error, source.file, source.key))
    if size is None:
        size, unit = source.pixel_size
    known = size * NANOMETRES[unit] if size and unit in NANOMETRES else None
    scale = scale_of(image, known, text=text)
    return Looked(source, scale, image=image if keep else None)


def rows(looked: Sequence[Looked], folder: Path, bins: str) -> list[dict[str, Any]]:
    """Lay out what was found, a row a file that could be read.

    Parameters
    ----------
    looked : what was found.
    folder : of the table: files are named by their paths from it.
    bins : see `binning.edges`.

    Raises
    ------
    InputError : `bins` cannot be.
    """
    scales = [one.scale for one in looked if one.scale is not None]
    between = edges(bins, [s.pixel_size for s in scales if s.pixel_size is not None])
    return [
        {"file": name_of_file(folder, one.source.file), **_row(one.scale, between)}
        for one in looked
        if one.scale is not None
    ]


def _row(scale: Scale, between: Sequence[float]) -> dict[str, Any]:
    size = scale.pixel_size
    return {
        "pixel_size": None if size is None else f"{size:.6g}",
        "pixel_unit": None if size is None else "nm",
        "scale_confidence": f"{scale.confidence:.2f}"
        if size is not None and scale.confidence
        else None,
        "scale_source": scale.source,
        "scale_bin": None if size is None else bin_name(size, between),
        "scale_error": None if scale.error is None else f"{scale.error:.2g}",
        "bar_px": None if scale.bar_px is None else f"{scale.bar_px:.2f}",
        "bar_text": scale.text,
        "scale_note": scale.reason,
    }
