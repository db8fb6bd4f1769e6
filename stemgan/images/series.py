"""The images that one detector left in a file, read one at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stemgan.errors import InputError
from stemgan.images.micrograph import as_float

LARGEST_PIXELS = 2**30
"""A header that claims a larger image is broken, or its image would not fit in memory."""


class Stored(Protocol):
    """What can be indexed like an array: in memory, mapped, or read when asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        ...

    def __getitem__(self, index: int, /) -> Any:  # noqa: ANN401
        """Give what stands at `index` of the first axis."""
        ...


class NoImageError(InputError):
    """The file can be read, but what it holds is no image of intensities."""


@dataclass(frozen=True)
class About:
    """What a file says of its images: pixel size and unit, detector (or channel), the rest."""

    pixel_size: float | None = None
    unit: str | None = None
    detector: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Series:
    """Images of one detector: a single one, or the frames of a stack.

    Attributes
    ----------
    shape : number of images, height and width [px].
    dtype : type of the values in the file; they are read as float32.
    frame : reads image i, (H, W), as the file has it.
    where : the file, for messages.
    about : what the file says of the images.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    frame: Callable[[int], ArrayLike]
    where: str
    about: About = About()

    def __post_init__(self) -> None:
        refuse_claim(self.shape[1] * self.shape[2], self.where)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Read image `index`, (H, W)."""
        return as_float(np.asarray(self.frame(index)), self.where)

    def total(self) -> NDArray[np.float32]:
        """Sum the images, one in memory at a time, (H, W)."""
        total = np.zeros(self.shape[1:])
        for index in range(len(self)):
            total += self[index]
        return total.astype(np.float32)


def refuse_claim(pixels: int, where: str) -> None:
    """Refuse an image that a header claims to be larger than LARGEST_PIXELS.

    Raises
    ------
    InputError : it does.
    """
    if pixels > LARGEST_PIXELS:
        raise InputError(
            f"{where} claims an image of {pixels} px, more than memory is given to "
            f"({LARGEST_PIXELS} px): it may be damaged, or must be cut first"
        )


def as_series(data: Stored, where: str, about: About | None = None) -> Series:
    """Take an array (H, W), (n, H, W) or (n, H, W, 1) for a series.

    Three or four values a pixel are taken where they are all the same grey.

    Raises
    ------
    NoImageError : colour, complex, too few or too many dimensions, no pixel.
    """
    shape = tuple(int(side) for side in data.shape)
    if data.dtype.kind not in "buif":
        raise NoImageError(f"{where} holds {data.dtype} data: give real numbers, one a pixel")
    if len(shape) < 2 or 0 in shape:
        raise NoImageError(f"{where} has shape {shape}: give an image of height x width")
    single = len(shape) > 2 and shape[-1] == 1
    if single:
        shape = shape[:-1]
    if len(shape) == 3 and shape[-1] in (3, 4):
        refuse_claim(shape[0] * shape[1], where)
        return as_series(grey(np.asarray(data), where), where, about)
    if len(shape) > 3:
        raise NoImageError(
            f"{where} has {len(shape)} dimensions {shape}, which may be patterns at every "
            "probe position: give images, or one stack of them"
        )
    count, height, width = [1, *shape][-3:]

    def frame(index: int) -> ArrayLike:
        plane = np.asarray(data if len(shape) == 2 else data[index])
        return plane[..., 0] if single else plane

    return Series((count, height, width), data.dtype, frame, where, about or About())


def grey(data: NDArray[Any], where: str) -> NDArray[Any]:
    """Take colours, (..., 3 or 4), or grey and alpha, (..., 2), for grey; alpha is left out.

    Raises
    ------
    NoImageError : the colours of a pixel differ.
    """
    colours = data[..., : 3 if data.shape[-1] > 2 else 1]
    if (colours != colours[..., :1]).any():
        raise NoImageError(
            f"{where} is a colour (RGB) image: convert it to one channel of intensities"
        )
    return colours[..., 0]


def choose(series: Sequence[Series], detector: str) -> list[Series]:
    """Choose the series of one detector, by its name whatever its case.

    Where the file holds one series without a name there is nothing to choose.

    Raises
    ------
    InputError : none is called so.
    """
    wanted = detector.casefold()
    chosen = [one for one in series if (one.about.detector or "").casefold() == wanted]
    if chosen:
        return chosen
    if len(series) == 1 and series[0].about.detector is None:
        return list(series)
    names = ", ".join(dict.fromkeys(one.about.detector or "(no name)" for one in series))
    raise InputError(
        f"{series[0].where} holds no detector {detector!r}, but {names}: choose one of these"
    )
