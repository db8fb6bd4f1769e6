"""Pictures of what was found: the bar in red, its label in blue, the result below."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stemgan.images import write_picture
from stemgan_data_prep.catalogue.scale.finding import levels
from stemgan_data_prep.catalogue.scale.scales import Scale
from stemgan_data_prep.catalogue.scale.surveying import Looked
from stemgan_data_prep.catalogue.scale.units import pretty

if TYPE_CHECKING:
    from PIL.Image import Image

_BAR, _LABEL = (230, 40, 40), (40, 140, 240)
_WIDTH = 900
_INK, _PAPER = (32, 32, 32), (255, 255, 255)


def write_preview(folder: Path, looked: Looked) -> Path | None:
    """Draw a file's preview into a folder, named by its path in the archive.

    Raises
    ------
    InputError : it cannot be written.
    """
    if looked.image is None or looked.scale is None:
        return None
    name = looked.source.key.replace("/", "__") + ".png"
    return write_picture(folder / name, preview(looked.image, looked.scale), overwrite=True)


def preview(image: NDArray[np.float32], scale: Scale) -> "Image":
    """Draw what was found over a picture, (H, W), and say it below."""
    from matplotlib.font_manager import findfont
    from PIL import Image, ImageDraw, ImageFont

    grey = Image.fromarray(np.clip(levels(image), 0, 255).astype(np.uint8)).convert("RGB")
    factor = _WIDTH / grey.width
    grey = grey.resize((_WIDTH, max(1, round(grey.height * factor))))
    font = ImageFont.truetype(findfont("DejaVu Sans"), 15)  # Pillow's own has no µ
    lines = caption(scale).split("; ")
    canvas = Image.new("RGB", (_WIDTH, grey.height + 8 + 20 * len(lines)), _PAPER)
    canvas.paste(grey, (0, 0))
    draw = ImageDraw.Draw(canvas)
    for box, colour in ((scale.bar, _BAR), (scale.label, _LABEL)):
        if box is not None:
            left, top = box.left * factor - 3, box.top * factor - 3
            right, bottom = box.right * factor + 3, box.bottom * factor + 3
            draw.rectangle((left, top, right, bottom), outline=colour, width=2)
    draw.multiline_text((6, grey.height + 4), "\n".join(lines), font=font, fill=_INK)
    return canvas


def caption(scale: Scale) -> str:
    """Say what was found, parts separated by semicolons."""
    found = "no scale" if scale.pixel_size is None else f"{pretty(scale.pixel_size)} a pixel"
    if scale.source:
        found += f", by {scale.source}"
    if scale.pixel_size and scale.confidence:
        found += f", confidence {scale.confidence:.2f}"
    parts = [found]
    if scale.bar_px is not None:
        words = f" = {scale.text}" if scale.text else ""
        parts.append(f"bar of {scale.bar_px:.1f} px{words}")
    return "; ".join([*parts, *([scale.reason] if scale.reason else [])])
