"""Micrographs with info bars in makers' styles, for `info_bars.py`: the scale is known.

The layouts follow what the makers' instruments write, in fonts that matplotlib brings; no
picture of theirs is copied. What varies: image size, field of view, unit and spelling, length
of the bar, font and its size, edges smooth or not, compression, a later resizing.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from info_bars_styles import STYLES, Job
from matplotlib import get_data_path
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from stemgan.synthetic import recorded, scene

_NAMES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSansMono",
    "DejaVuSerif",
    "STIXGeneral",
    "STIXGeneralBol",
)
_fonts = tuple(Path(get_data_path()) / "fonts" / "ttf" / f"{name}.ttf" for name in _NAMES)
SIZES = ((480, 640), (768, 1024), (960, 1280), (884, 1024), (1200, 1920))
_ROUND = (1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 100, 200, 300, 400, 500)
_NM = {"pm": 1e-3, "Å": 0.1, "nm": 1.0, "µm": 1e3, "mm": 1e6}


@dataclass(frozen=True)
class Rendered:
    """A micrograph with a bar: (H, W) uint8, its pixel size [nm], and how it was drawn."""

    image: NDArray[np.uint8]
    pixel_size: float
    style: str
    label: str
    font: str
    bar: float
    altered: str


def render(
    seed: int, index: int, styles: tuple[str, ...] = tuple(STYLES), *, barless: bool = False
) -> Rendered:
    """Draw the micrograph of a seed and an index, or one without its bar; styles take turns."""
    rng = np.random.default_rng((seed, index))
    style = styles[index % len(styles)]
    height, width = SIZES[rng.integers(len(SIZES))]
    em = max(12, int(width * rng.uniform(0.018, 0.03)))
    font = _fonts[rng.integers(len(_fonts))]
    pixel, bar, label = _scale(rng, width, style)
    micrograph = _micrograph(rng, height, width)
    light = style == "zeiss" and rng.random() < 0.6
    back, ink = (255, 0) if light else (int(rng.choice((0, 0, 20, 60))), 255)
    if style == "burnt":  # in the ink that shows, as people choose it
        back, ink = 0, 255 if np.median(micrograph[-4 * em :]) < 140 else 0
    strip = 0 if style == "burnt" else int(3 * em)
    canvas = Image.new("L", (width, height + strip), back)
    canvas.paste(Image.fromarray(micrograph), (0, 0))
    draw = ImageDraw.Draw(canvas)
    draw.fontmode = "L" if rng.random() < 0.8 else "1"
    job = Job(
        rng,
        canvas,
        draw,
        ImageFont.truetype(font, em),
        height,
        bar,
        label,
        pixel,
        back,
        ink,
        barless,
    )
    STYLES[style](job)
    image, factor, altered = _altered(rng, canvas)
    return Rendered(image, pixel / factor, style, job.label, font.stem, bar * factor, altered)


def _scale(rng: np.random.Generator, width: int, style: str) -> tuple[float, int, str]:
    """Draw a bar of a round length, 8 to 30 % of the width, and so the pixel size [nm]."""
    low, high = (1e-2, 10) if style == "burnt" and rng.random() < 0.5 else (1.0, 2e4)
    length = 0.0
    while not length:
        pixel = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        wanted = pixel * width * rng.uniform(0.1, 0.28)
        unit = next((u for u in ("mm", "µm", "nm", "Å", "pm") if wanted >= _NM[u] * 0.95), "pm")
        if unit == "Å" and rng.random() < 0.5:
            unit = "pm"
        value = min(_ROUND, key=lambda v: abs(np.log(v * _NM[unit] / wanted)))
        length = value * _NM[unit]
        bar = round(length / pixel)
        if not (max(60, 0.08 * width) <= bar <= 0.3 * width):
            length = 0.0
    name = str(rng.choice(("µm", "μm", "um"))) if unit == "µm" else unit
    return length / bar, bar, f"{value} {name}"


def _micrograph(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """Draw a noisy synthetic micrograph, enlarged to the size: what matters here is the bar."""
    drawn = scene((height // 2, width // 2), rng)
    image = recorded(drawn.render(), rng, drawn.pixel_size)
    low, high = np.percentile(image, (1, 99))
    grey = np.clip((image - low) / max(high - low, 1e-9) * 255, 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BICUBIC))


def _altered(
    rng: np.random.Generator, canvas: Image.Image
) -> tuple[NDArray[np.uint8], float, str]:
    """Do what happens to pictures later: nothing, compression, a resizing."""
    kind = str(rng.choice(("none", "none", "jpeg", "jpeg", "resized")))
    if kind == "jpeg":
        held = io.BytesIO()
        canvas.save(held, "JPEG", quality=int(rng.integers(75, 96)))
        return np.asarray(Image.open(held)), 1.0, kind
    if kind == "resized":
        width = round(canvas.width * rng.uniform(0.75, 1.4))
        factor = width / canvas.width
        size = (width, round(canvas.height * factor))
        return np.asarray(canvas.resize(size, Image.Resampling.BICUBIC)), factor, kind
    return np.asarray(canvas), 1.0, kind


def use_fonts(files: Sequence[Path]) -> None:
    """Write in other fonts than matplotlib's from now on."""
    global _fonts
    _fonts = tuple(files)
