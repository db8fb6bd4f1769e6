"""The bars and words of makers' instruments, drawn for `info_bars.py`.

The layouts follow what the makers' instruments write; no picture of theirs is copied.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont


@dataclass
class Job:
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


def zeiss(job: Job) -> None:
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


def thermo(job: Job) -> None:
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


def _interrupted(job: Job, left: int, y: int, thick: int, tick: int) -> None:
    wide = int(job.draw.textlength(job.label, job.font)) + job.em
    if wide > job.bar - 2 * job.em:  # as the makers do where the words do not fit
        job.line(left, job.bar, y + job.em // 2, thick, max(3, tick // 2))
        job.text(left + job.bar / 2, y - 1.3 * job.em, job.label, "ma")
        return
    job.line(left, job.bar, y, thick, tick)
    gap = left + (job.bar - wide) // 2
    job.draw.rectangle((gap, y - 2 * thick, gap + wide, y + 2 * thick), job.back)
    job.text(left + job.bar / 2, y, job.label, "mm")


def jeol(job: Job) -> None:
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


def hitachi(job: Job) -> None:
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


def tescan(job: Job) -> None:
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


def burnt(job: Job) -> None:
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


STYLES: dict[str, Callable[[Job], None]] = {
    draw.__name__: draw for draw in (zeiss, thermo, jeol, hitachi, tescan, burnt)
}


def _round(value: float) -> int:
    """Round to two digits, as magnifications are."""
    return max(1, int(float(f"{value:.2g}")))
