"""What else a strip says of the scale: field of view, pixel size, magnification."""

import math
import re
from dataclasses import dataclass

from stemgan_data_prep.catalogue.scale.units import parse_length

_NUMBER = r"(\d+(?:[.,]\d+)?)"
_WORD = r"(pixel\s*size|view\s*field|hfw|hfov|hfv|width|fov|field\s*of\s*view)"
_LENGTH = re.compile(_NUMBER + r"\s?([nuµμpmyjhwlf]{1,3}m|[µμunpmyj]\s?m)\b")
_NAMED = re.compile(_WORD + r"\s*[:=]?\s*" + _LENGTH.pattern, re.IGNORECASE)
_MAGNIFIED = re.compile(
    r"(?:mag\w*\.?\s*[:=]?\s*x?\s*|\b[xX×]\s?)(\d[\d,.]*\d|\d)\s?([kK]?)", re.IGNORECASE
)
_CLOSE = 0.02
_NARROWEST, _WIDEST = 3e7, 7e8
"""Widths [nm] of the pictures that magnifications are meant for: 30 to 700 mm."""


@dataclass(frozen=True)
class Printed:
    """Lengths and magnification in a strip's text.

    Attributes
    ----------
    named : what a name says (True: of a pixel; False: of the field's width), and the values
        [nm] that it may have.
    lengths : every length [nm], with each unit that it may have.
    magnification : as printed, or None.
    """

    named: tuple[tuple[bool, tuple[float, ...]], ...] = ()
    lengths: tuple[float, ...] = ()
    magnification: float | None = None

    def confirms(self, pixel: float, width: int) -> bool:
        """Tell whether a field of view or a pixel size is printed that fits.

        Parameters
        ----------
        pixel : size of a pixel [nm].
        width : of the picture [px].
        """
        named = any(
            _near(value, pixel if of_pixel else pixel * width)
            for of_pixel, values in self.named
            for value in values
        )
        return named or any(_near(value, pixel * width) for value in self.lengths)

    def denies(self, pixel: float, width: int) -> bool:
        """Tell whether what is printed says otherwise, as far as it could be read.

        A pixel size does not: it was another before the picture was resized. Decimal points
        get lost in reading, and prefixes of units mistaken: powers of ten say nothing.
        """
        if self.confirms(pixel, width):
            return False
        fields = [value for of_pixel, values in self.named if not of_pixel for value in values]
        if fields and not any(_same_digits(value, pixel * width) for value in fields):
            return True
        if self.magnification is None:
            return False
        return not _NARROWEST / 75 < pixel * width * self.magnification < _WIDEST * 50

    def magnified(self, pixel: float, width: int) -> bool | None:
        """Tell whether the magnification fits a picture of common size; None without one."""
        if self.magnification is None:
            return None
        return _NARROWEST < pixel * width * self.magnification < _WIDEST


def printed(text: str) -> Printed:
    """Find what a strip's text says of the scale.

    Examples
    --------
    >>> printed("SEM MAG: 1.20 kx  View field: 138 um").named
    ((False, (138000.0,)),)
    """
    named = []
    for match in _NAMED.finditer(text):
        values = _values(match[2] + match[3])
        if values:
            named.append((match[1].lower().startswith("pixel"), values))
    lengths = [v for match in _LENGTH.finditer(text) for v in _values(match[1] + match[2])]
    return Printed(tuple(named), tuple(lengths), _magnification(text))


def _values(text: str) -> tuple[float, ...]:
    length = parse_length(text)
    return tuple(map(length.nanometres, length.units)) if length else ()


def _magnification(text: str) -> float | None:
    match = _MAGNIFIED.search(text)
    if match is None:
        return None
    digits = match[1]
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", digits):
        digits = digits.replace(",", "")
    elif re.search(r"[1-9]\d*,\d{3}", digits):
        return None
    try:
        number = float(digits.replace(",", "."))
    except ValueError:
        return None
    return number * (1000 if match[2] else 1) or None


def _near(a: float, b: float) -> bool:
    return a > 0 and b > 0 and abs(math.log(a / b)) < _CLOSE


def _same_digits(a: float, b: float) -> bool:
    powers = math.log10(a / b)
    return abs(powers - round(powers)) < _CLOSE
