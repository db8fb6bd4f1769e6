"""Figures of a classifier: who is taken for whom, whether confidence holds, worst mistakes."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.plots.labels import literal
from stemgan.plots.lettering import drawable
from stemgan.plots.style import COLOURS, pyplot, save
from stemgan_data_prep.catalogue.pixels import pixels
from stemgan_data_prep.catalogue.reporting.judging import Judged

SHOWN = 24
"""Mistakes that are shown."""
_SIDE = 192
_MOST_COUNTS = 20
"""Classes up to which counts are written into the picture."""
_COLUMNS = 6
_LETTERS = 26
"""Of a class's name above a mistake."""
_LONGER = 40
"""Of one beside the counts."""


class Mistake(NamedTuple):
    """A picture that was taken for another class.

    image : (side, side) uint8; None if the file cannot be read any more.
    likelihood : probability given to the true class.
    """

    key: str
    truth: str
    found: str
    confidence: float
    likelihood: float
    image: NDArray[np.uint8] | None


def read_mistakes(judged: Judged, count: int = SHOWN) -> list[Mistake]:
    """Read the worst mistakes, worst first, as they are shown."""
    places = judged.worst(count)
    wanted = [judged.predictions.pictures[i] for i in places]
    images: dict[tuple[Path, int], NDArray[np.uint8]] = {}
    if wanted:
        try:
            read = pixels(wanted, _SIDE, workers=0)
        except InputError:
            pass  # the files are gone; what was said of them stays
        else:
            for picture, image in zip(read.pictures, read.images, strict=True):
                images[picture.file, picture.frame] = image
    given = judged.predictions.probabilities
    return [
        Mistake(
            picture.key,
            judged.classes[judged.labels[i]],
            judged.classes[given[i].argmax()],
            float(given[i].max()),
            float(given[i, judged.labels[i]]),
            images.get((picture.file, picture.frame)),
        )
        for i, picture in zip(places, wanted, strict=True)
    ]


def draw_confusion(path: Path, judged: Judged) -> None:
    """Draw the share of each true class (row) that was taken for each class (column)."""
    plt = pyplot(judged.classes)
    counts = judged.confusion
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = float(np.clip(0.5 * len(counts), 1.5, 16))
    names = [_short(name, _LONGER) for name in drawable(judged.classes)]
    room = 0.1 * max(map(len, names))  # what names take [inches]
    figure, axes = plt.subplots(figsize=(side + room + 0.6, side + 0.75 * room + 0.9))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = np.arange(len(counts))
    axes.set_xticks(ticks, map(literal, names), rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, map(literal, names))
    axes.set(xlabel="class found", ylabel="true class")
    axes.set_title("images; the darker, the larger the share", fontsize=9)
    axes.grid(visible=False)
    if len(counts) <= _MOST_COUNTS:
        for (i, j), count in np.ndenumerate(counts):
            if count:
                ink = "white" if shares[i, j] > 0.5 else "black"
                axes.text(j, i, f"{count}", ha="center", va="center", color=ink, fontsize=9)
    save(figure, path)


def draw_reliability(path: Path, judged: Judged) -> None:
    """Draw the share that is right against confidence, with how many images there are."""
    plt = pyplot()
    rows = judged.reliability
    figure, (axes, below) = plt.subplots(
        2, 1, figsize=(4.4, 5.1), layout="constrained", sharex=True, height_ratios=(3, 1)
    )
    axes.plot((0, 1), (0, 1), color="0.4", linestyle="--", linewidth=1, label="as it should be")
    right = np.array([row["right"] for row in rows])
    ends = np.array([[row["right_low"], row["right_high"]] for row in rows]).T
    axes.errorbar(
        [row["confidence"] for row in rows],
        right,
        yerr=np.clip(np.abs(ends - right), 0, None),
        marker="o",
        linestyle="",
        markersize=5,
        capsize=2,
        color=COLOURS[0],
        label="found, with 95 % interval",
    )
    axes.set(ylabel="share that is right", xlim=(0, 1.01), ylim=(0, 1.02))
    figure.legend(loc="outside upper center", ncols=2, fontsize=9)
    low = np.array([row["low"] for row in rows])
    width = np.array([row["high"] for row in rows]) - low
    below.bar(low, [row["images"] for row in rows], width, align="edge", color=COLOURS[0])
    below.set(xlabel="confidence", ylabel="images")
    save(figure, path)


def draw_mistakes(path: Path, judged: Judged, shown: list[Mistake]) -> None:
    """Draw the worst mistakes; without any, there is no picture."""
    if not shown:
        path.unlink(missing_ok=True)
        return
    plt = pyplot(judged.classes)
    names = dict(zip(judged.classes, drawable(judged.classes), strict=True))
    columns = min(_COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(2.1 * max(columns, 2), 2.65 * lines + 0.4), squeeze=False
    )
    for place, mistake in zip(axes.flat, shown, strict=False):
        _panel(place, mistake, names)
    for place in axes.flat[len(shown) :]:
        place.set_axis_off()
    count = len(judged.mistakes)
    figure.suptitle(f"the worst {len(shown)} of {count} mistakes" if count > 1 else "mistake")
    save(figure, path)


def _panel(
    axes: Any,  # noqa: ANN401 (matplotlib's)
    mistake: Mistake,
    names: dict[str, str],
) -> None:
    axes.set(xticks=(), yticks=())
    axes.grid(visible=False)
    if mistake.image is None:
        axes.text(0.5, 0.5, "cannot be read", ha="center", va="center")
    else:
        axes.imshow(mistake.image, cmap="gray", vmin=0, vmax=255)
    truth, found = (literal(_short(names[one])) for one in (mistake.truth, mistake.found))
    axes.set_title(
        f"{truth}\ntaken for {found}\nconfidence {100 * mistake.confidence:.0f} %",
        fontsize=8,
    )


def _short(name: str, letters: int = _LETTERS) -> str:
    return name if len(name) <= letters else name[: letters - 1] + "…"
