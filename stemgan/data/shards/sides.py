"""No specimen and no image on two sides, however many datasets are put together."""

from collections.abc import Sequence

from stemgan.data.shards.labels import straddling
from stemgan.data.shards.reader import ShardedImages
from stemgan.errors import InputError

_INTENSITIES = ("low", "mean", "std", "peak")

Seen = dict[tuple[float, ...], tuple[str, str, ShardedImages]]


def check_sides(datasets: Sequence[ShardedImages]) -> None:
    """Refuse what trains in one dataset and validates or tests in another.

    That is a group, or an image: one whose intensities (least, mean, deviation, greatest; the
    mean and the deviation of all pixels to sixteen digits) are those of another, under whatever
    name. Datasets of version 1 know no means; there groups alone are compared.

    Raises
    ------
    InputError : the group or the image, and where it is in which split.
    """
    side: dict[str, str] = {}
    seen: Seen = {}
    for images in datasets:
        torn = straddling(images.columns["group"], images.columns["split"], side)
        if torn:
            group, before, here = torn
            first = next(d.path for d in datasets if group in d.columns["group"])
            raise InputError(
                f"group {group} is in {before} in {first} and in {here} in {images.path}: "
                "prepare these datasets together, so that no group is on two sides"
            )
        if len(datasets) > 1:
            _check_images(images, seen)


def _check_images(images: ShardedImages, seen: Seen) -> None:
    columns = images.columns
    figures = zip(*(columns[name] for name in _INTENSITIES), strict=True)
    named = zip(columns["split"], columns["key"], strict=True)
    for intensities, (split, key) in zip(figures, named, strict=True):
        if None in intensities or not intensities[2] > 0:  # an even image is like any other
            continue
        before, name, first = seen.setdefault(intensities, (split, key, images))
        if before != split:
            raise InputError(
                f"{key} in {split} in {images.path} is the same image as {name} in {before} in "
                f"{first.path}: prepare these datasets together, so that no image is on two "
                "sides"
            )
