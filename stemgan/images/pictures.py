"""Pictures: grey PNG and the like in; images side by side, each with its caption, out."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.files import check_output, whole_file
from stemgan.images.micrograph import as_float
from stemgan.images.series import grey

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

_UNMEASURED = (52, 88, 170)
_INK = (32, 32, 32)
_FRAME = (160, 160, 160)
_GAP = 12
_SMALLEST_SIDE, _LARGEST_SIDE = 256, 1024


def read_picture(path: Path) -> NDArray[np.float32]:
    """Read a PNG or the like, which is grey or has three equal channels, as (1, H, W)."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.mode in ("P", "PA"):
                image = image.convert("RGB")
            data = np.asarray(image)
    except Exception as error:  # Pillow raises a zoo on broken files
        raise InputError(f"{path} cannot be read as an image: copy it again") from error
    if data.ndim == 3:
        data = grey(data, str(path))
    return as_float(data, str(path))[None]


def picture(
    panels: Sequence[tuple[str, NDArray[Any]]],
    *,
    limits: Sequence[tuple[float, float] | None] | None = None,
    title: str = "",
) -> "Image":
    """Draw grey images side by side.

    Parameters
    ----------
    panels : caption (lines split by newlines) and image (H, W) of each; NaN is drawn dark blue.
    limits : intensities drawn black and white in each panel; None for the image's own 0.5 to
        99.5 % of finite values.
    title : a line above all.

    Returns
    -------
    A Pillow image.
    """
    from PIL import Image, ImageDraw

    limits = limits or [None] * len(panels)
    images = [_grey(data, limit) for (_, data), limit in zip(panels, limits, strict=True)]
    scale = _scale(images[0].width)
    resampling = Image.Resampling.NEAREST if scale[0] > 1 else Image.Resampling.BOX
    images = [i.resize(_scaled(i.size, scale), resampling) for i in images]
    font = _font(max(13, images[0].width // 24))
    canvas = Image.new("RGB", (1, 1))
    heights = [
        math.ceil(ImageDraw.Draw(canvas).multiline_textbbox((0, 0), text or "X", font=font)[3])
        for text in [title, *[caption for caption, _ in panels]]
    ]
    top = _GAP + (heights[0] + _GAP if title else 0)
    below = max(heights[1:]) + 2 * _GAP
    size = (
        _GAP + sum(i.width + _GAP for i in images),
        top + max(i.height for i in images) + below,
    )
    canvas = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(canvas)
    if title:
        draw.text((_GAP, _GAP), title, font=font, fill=_INK)
    left = _GAP
    for image, (caption, _) in zip(images, panels, strict=True):
        canvas.paste(image, (left, top))
        frame = (left - 1, top - 1, left + image.width, top + image.height)
        draw.rectangle(frame, outline=_FRAME)
        draw.multiline_text(
            (left, top + image.height + _GAP // 2), caption, font=font, fill=_INK
        )
        left += image.width + _GAP
    return canvas


def write_picture(path: str | Path, image: "Image", *, overwrite: bool = False) -> Path:
    """Write a picture as PNG, whole or not at all.

    Raises
    ------
    InputError : the path cannot be written.
    """
    path = check_output(Path(path), overwrite=overwrite)
    with whole_file(path) as temporary:
        image.save(temporary, format="PNG")
    return path


def _grey(data: NDArray[Any], limits: tuple[float, float] | None) -> "Image":
    from PIL import Image

    measured = np.isfinite(data)
    finite = data[measured].astype(np.float64)
    low, high = np.percentile(finite, [0.5, 99.5]) if limits is None else limits
    span = high - low if high > low else 1.0
    grey = np.zeros(data.shape, dtype=np.uint8)
    grey[measured] = np.clip((finite - low) / span * 255, 0, 255).astype(np.uint8)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    rgb[~measured] = _UNMEASURED
    return Image.fromarray(rgb)


def _scale(width: int) -> tuple[int, int]:
    """Return the factor (numerator, denominator) that makes a panel a fit size to look at."""
    if width < _SMALLEST_SIDE:
        return -(-_SMALLEST_SIDE // width), 1
    return 1, -(-width // _LARGEST_SIDE)


def _scaled(size: tuple[int, int], scale: tuple[int, int]) -> tuple[int, int]:
    width, height = (max(1, side * scale[0] // scale[1]) for side in size)
    return width, height


def _font(size: int) -> "FreeTypeFont | BitmapFont":
    from PIL import ImageFont

    return ImageFont.load_default(size)
