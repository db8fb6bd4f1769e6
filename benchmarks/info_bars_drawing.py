"""Micrographs with info bars in makers' styles, for `info_bars.py`: the scale is known.

The layouts follow what the makers' instruments write, in fonts that matplotlib brings; no
picture of theirs is copied. What varies: image size, field of view, unit and spelling, length
of the bar, font and its size, edges smooth or not, compression, a later resizing.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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


@dataclass
class _Job:
    """What one drawing needs: canvas, colours, font, and the bar's length in px and words."""

    rng: np.random.Generator
    canvas: Image.Image
    draw: ImageDraw.ImageDraw
    font: ImageFont.FreeTypeFont
    top: int  # of the strip
    bar: int
    label: str
    pixel: float
    back: int
    ink: int
    barless: bool = False  # leave the bar out, not the words

    @property
    def width(self) -> int:
        """Width of the image [px]."""
        return self.canvas.width

    @property
    def em(self) -> int:
        """Height of the font [px]."""
        return int(self.font.size)

    def text(self, x: float, y: float, words: str, anchor: str = "la") -> None:
        """Write words."""
        self.draw.text(
            (round(x), round(y)), words, font=self.font, fill=self.ink, anchor=anchor
        )

    def line(self, left: int, length: int, y: int, thick: int, tick: int) -> None:
        """Draw a bar between ticks whose centres are `length` apart, or a bar without ticks."""
        if self.barless:
            return
        right = left + length - (0 if tick else 1)
        self.draw.rectangle((left, y - thick // 2, right, y - thick // 2 + thick - 1), self.ink)
        for x in (left, right) if tick else ():
            wide = (thick - 1) // 2
            self.draw.rectangle((x - wide, y - tick, x - wide + thick - 1, y + tick), self.ink)

    def length(self, nanometres: float) -> str:
        """Write a length as instruments do, in the label's spelling of µm."""
        micro = self.label.split()[-1].strip("0123456789.") if "m" in self.label else "µm"
        micro = micro if micro[0] in "µμu" else "µm"
        for unit, size in (("mm", 1e6), (micro, 1e3), ("nm", 1.0)):
            if nanometres >= size:
                return f"{nanometres / size:.3g} {unit}"
        return f"{nanometres:.3g} nm"


def zeiss(job: _Job) -> None:
    """Draw a light or dark strip: bar with ticks at the left, its length above it, fields."""
    left, em = job.em, job.em
    job.text(left + job.bar / 2, job.top + 0.3 * em, job.label, "ma")
    job.line(left, job.bar, job.top + int(2.1 * em), max(1, em // 12), max(3, em // 4))
    x = left + job.bar + 3 * em
    words = (
        (f"Mag = {127e6 / job.pixel / job.width / 1e3:.2f} K X", "WD = 5.1 mm"),
        ("EHT = 10.00 kV", "Signal A = InLens"),
    )
    for column in words:
        for row, entry in enumerate(column):
            if x + job.draw.textlength(entry, job.font) < job.width - em:
                job.text(x, job.top + (0.2 + 1.3 * row) * em, entry)
        x += 11 * em
    if job.rng.random() < 0.5:
        entry = f"Pixel Size = {job.length(job.pixel)}"
        if x + job.draw.textlength(entry, job.font) < job.width - em:
            job.text(x, job.top + 0.2 * em, entry)


def thermo(job: _Job) -> None:
    """Draw a dark strip: fields between lines, and |--- 5 µm ---| with the text in the bar."""
    em, middle = job.em, job.top + int(1.5 * job.em)
    fields = ("HV", "10.00 kV"), ("WD", "4.2 mm"), ("HFW", job.length(job.pixel * job.width))
    left = job.width - job.bar - 2 * em
    x = em // 2
    for name, entry in fields:
        wide = job.draw.textlength(entry, job.font)
        if x + wide > left - em:
            break
        job.text(x + wide / 2, job.top + 0.3 * em, name, "ma")
        job.text(x + wide / 2, job.top + 1.6 * em, entry, "ma")
        x += int(wide) + em // 2
        job.draw.line((x, job.top, x, job.canvas.height), job.ink)
        x += em // 2
    _interrupted(job, left, middle, max(1, em // 14), em // 2)


def _interrupted(job: _Job, left: int, y: int, thick: int, tick: int) -> None:
    wide = int(job.draw.textlength(job.label, job.font)) + job.em
    if wide > job.bar - 2 * job.em:  # as the makers do where the words do not fit
        job.line(left, job.bar, y + job.em // 2, thick, max(3, tick // 2))
        job.text(left + job.bar / 2, y - 1.3 * job.em, job.label, "ma")
        return
    job.line(left, job.bar, y, thick, tick)
    gap = left + (job.bar - wide) // 2
    job.draw.rectangle((gap, y - 2 * thick, gap + wide, y + 2 * thick), job.back)
    job.text(left + job.bar / 2, y, job.label, "mm")


def jeol(job: _Job) -> None:
    """Draw words in the dark strip, and the bar as a thick line below its length."""
    em, left = job.em, int(0.48 * job.width)
    job.text(em, job.top + 0.4 * em, "SEI")
    magnification = 120e6 / job.pixel / job.width
    words = f"15.0kV  X{_round(magnification):,}"
    if 4 * em + job.draw.textlength(words, job.font) < left - 2 * em:
        job.text(4 * em, job.top + 0.4 * em, words)
    label = job.label.replace(" ", "")
    job.text(left + job.bar / 2, job.top + 0.4 * em, label, "ma")
    tick = int(job.rng.choice((0, 0, 4)))
    job.line(left, job.bar, job.top + int(1.9 * em), max(2, em // (12 if tick else 7)), tick)
    x = left + job.bar + 2 * em
    if x + job.draw.textlength("WD 10.1mm", job.font) < job.width:
        job.text(x, job.top + 0.4 * em, "WD 10.1mm")


def hitachi(job: _Job) -> None:
    """Draw a row of words in a dark strip, eleven ticks at the right and the length below."""
    em = job.em
    left = job.width - job.bar - em
    for i in range(0 if job.barless else 11):
        x = left + round(i * job.bar / 10)
        job.draw.rectangle(
            (x, job.top + em // 4, x + max(1, em // 14) - 1, job.top + 3 * em // 4), job.ink
        )
    number, unit = job.label.split() if " " in job.label else (job.label, "")
    value = float(number) if unit else None
    label = (
        f"{value:.3g}{unit}"
        if value is not None and value >= 100
        else (f"{value:.{2 if value < 10 else 1}f}{unit}" if value is not None else job.label)
    )
    job.label = label
    job.text(left + job.bar / 2, job.top + 1.05 * em, label, "ma")
    words = f"SU8000 5.0kV 8.5mm x{_round(127e6 / job.pixel / job.width) / 1e3:g}k SE(U)"
    if em + job.draw.textlength(words, job.font) < left - 2 * em:
        job.text(em, job.top + 0.9 * em, words)


def tescan(job: _Job) -> None:
    """Draw a framed table of fields, with the bar between ticks in its middle column."""
    em, third = job.em, job.width // 3
    if job.bar > third - 2 * em:
        third = job.bar + 2 * em
    height = job.canvas.height
    left = (job.width - third) // 2
    shade = (job.back + 2 * job.ink) // 3
    for x in (left, left + third):
        job.draw.line((x, job.top, x, height), shade)
    job.draw.line((0, job.top + int(1.5 * em), left, job.top + int(1.5 * em)), shade)
    magnification = 127e6 / job.pixel / job.width / 1e3
    for row, entry in enumerate(
        (f"SEM MAG: {magnification:.3g} kx", f"View field: {job.length(job.pixel * job.width)}")
    ):
        if job.draw.textlength(entry, job.font) < left - em:
            job.text(em // 2, job.top + (0.2 + 1.5 * row) * em, entry)
    start = left + (third - job.bar) // 2
    job.line(start, job.bar, job.top + int(0.8 * em), max(1, em // 14), em // 3)
    job.text(start + job.bar / 2, job.top + 1.4 * em, job.label, "ma")
    if job.draw.textlength("Det: SE", job.font) < left - em:
        job.text(left + third + em // 2, job.top + 0.2 * em, "Det: SE")


def burnt(job: _Job) -> None:
    """Draw the bar into the image itself, with its length above or below it."""
    em = job.em
    corner = job.rng.random() < 0.5
    left = 2 * em if corner else job.width - job.bar - 2 * em
    y = job.canvas.height - 2 * em
    job.line(left, job.bar, y, max(3, int(em / job.rng.uniform(3, 6))), 0)
    above = job.rng.random() < 0.7
    job.text(
        left + job.bar / 2,
        y - 0.4 * em if above else y + 0.4 * em,
        job.label,
        "mb" if above else "ma",
    )


STYLES: dict[str, Callable[[_Job], None]] = {
    draw.__name__: draw for draw in (zeiss, thermo, jeol, hitachi, tescan, burnt)
}


def _round(value: float) -> int:
    """Round to two digits, as magnifications are."""
    return max(1, int(float(f"{value:.2g}")))


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
    job = _Job(
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
