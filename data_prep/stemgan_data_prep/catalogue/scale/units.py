"""Lengths in words: what a reader of text makes of them, and what they are.

µ is in no alphabet that a reader of English text knows: it comes back as u, p, y or j. Readings
that may mean two units keep both; `glyphs` and the other words in the picture decide.
"""

import re
from dataclasses import dataclass

NANOMETRES = {"pm": 1e-3, "Å": 0.1, "nm": 1.0, "µm": 1e3, "mm": 1e6}

_SPELLINGS = {
    "nm": ("nm", "nrn"),
    "µm": ("µm", "μm", "um", "ym", "jm", "yum", "jum", "pum", "urn", "wm", "lm", "fm", "Um"),
    "mm": ("mm", "rnm", "mrn"),
    "Å": ("A", "Å", "Â", "À", "Á"),
}
_UNITS = {text: (unit,) for unit, texts in _SPELLINGS.items() for text in texts}
_UNITS |= {"pm": ("µm", "pm"), "prn": ("µm", "pm"), "hm": ("µm", "nm")}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)([^\W\d_]+|[µμÅ]m?)")
_AROUND = " \t'\"`|[](){}<>«»_-–—=~:;.,*‘’“”"
_LEADING = (1, 1.5, 2, 2.5, 3, 4, 5)


@dataclass(frozen=True)
class Length:
    """A length as it was read: the number as text, and the units that it may have."""

    number: str
    units: tuple[str, ...]

    @property
    def value(self) -> float:
        """The number."""
        return float(self.number)

    def nanometres(self, unit: str) -> float:
        """Give the length in nm if its unit is `unit`."""
        return self.value * NANOMETRES[unit]


def parse_length(text: str) -> Length | None:
    """Read a text that is a length and nothing else.

    Examples
    --------
    >>> parse_length("5.00um")
    Length(number='5.00', units=('µm',))
    >>> parse_length("20 pm").units
    ('µm', 'pm')
    >>> parse_length("WD 10.1 mm") is None
    True
    """
    text = text.strip(_AROUND)
    text = re.sub(r"\s+", "", text).replace(",", ".")
    text = re.sub(r"^[lI](?=[\d. ]|[nuµμpmy]m)", "1", text)
    text = re.sub(r"^S(?=0{0,2}(?:[nuµμpy]m|mm))", "5", text)
    match = _LENGTH.fullmatch(text)
    if match is None or match[2] not in _UNITS:
        return None
    number = match[1]
    if float(number) == 0 or re.match(r"0\d", number):
        return None
    return Length(number, _UNITS[match[2]])


def is_round(value: float) -> bool:
    """Tell a number that people choose for a scale bar: 1, 2, 5, 10, 15, 20, 25, 200, ...

    Examples
    --------
    >>> is_round(250), is_round(5.1)
    (True, False)
    """
    leading = value
    while leading >= 10:
        leading /= 10
    while leading < 1:
        leading *= 10
    return any(abs(leading - number) < 1e-6 for number in _LEADING)


def pretty(nanometres: float) -> str:
    """Write a length in the unit that suits it.

    Examples
    --------
    >>> pretty(2500.0)
    '2.5 µm'
    """
    for unit in ("mm", "µm", "nm"):
        if nanometres >= NANOMETRES[unit]:
            return f"{nanometres / NANOMETRES[unit]:.4g} {unit}"
    return f"{nanometres * 1e3:.4g} pm"
