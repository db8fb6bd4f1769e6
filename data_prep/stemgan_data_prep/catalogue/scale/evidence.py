"""What speaks for a reading of a bar's label, and how often such readings are right."""

import math
from dataclasses import dataclass

from stemgan_data_prep.catalogue.scale.glyphs import Shapes
from stemgan_data_prep.catalogue.scale.printed import Printed
from stemgan_data_prep.catalogue.scale.reading import Reading
from stemgan_data_prep.catalogue.scale.units import Length, is_round, parse_length

_SMALLEST, _LARGEST = 1e-3, 1e6
"""Sizes of a pixel [nm] that microscopes have: 1 pm to 1 mm."""
_WIDEST = 2e7
"""Widths of a picture [nm] are less: an electron beam does not reach over more than 20 mm."""
_NO_SUCH_BAR = 50
"""Bars of fewer picometres are not drawn: atoms are larger than that."""
_SURE = 0.7
_CLOSE = 0.03

_RIGHT = {
    "confirmed": 0.995,
    "strip, twice, shapes": 0.995,
    "strip, twice": 0.974,
    "strip, once, shapes": 0.944,
    "image, twice, shapes, sure": 0.993,
}
"""Share of readings that were right, (right + 1) / (all + 2), by what spoke for them: 195, 191,
36, 16 and 144 readings, none wrong, of `benchmarks/info_bars.py --seed 4000 --number 560` and
`--seed 4001 --number 300 --styles burnt`."""
_WEAK = 0.8
"""All others, of which some were wrong while the rules were made."""


class Refused(ValueError):
    """A label that gives no scale, and why; `text` is what was read of it, if anything."""

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(reason)
        self.text = text


@dataclass(frozen=True)
class Evidence:
    """All that is known of a bar and its label.

    Attributes
    ----------
    readings : of the label's text.
    shapes : of its letters.
    bar, width : lengths of the bar and of the picture [px].
    strip : whether the bar stands in a strip, not in the image.
    said : what else the strip says.
    metadata : size of a pixel [nm], or None.
    """

    readings: tuple[Reading, ...]
    shapes: Shapes
    bar: float
    width: int
    strip: bool
    said: Printed
    metadata: float | None

    @property
    def sizes(self) -> tuple[float, ...]:
        """All sizes of a pixel [nm] that the label may mean, however doubtful."""
        lengths = [length for r in self.readings if (length := parse_length(r.text))]
        units = {unit for length in lengths for unit in length.units}
        units = units & {self.shapes.unit} or units
        found = {
            length.nanometres(u) / self.bar
            for length in lengths
            for u in units & set(length.units)
        }
        return tuple(sorted(found))


@dataclass(frozen=True)
class Verdict:
    """A length [nm], as text in plain spelling, and how sure it is; `kind` says by what."""

    nanometres: float
    text: str
    confidence: float
    kind: str


def judge(evidence: Evidence) -> Verdict:
    """Decide what a label says.

    Raises
    ------
    Refused : it is no length, or what is known of it does not fit together.
    """
    lengths = [length for r in evidence.readings if (length := parse_length(r.text))]
    if not lengths:
        raise Refused("its text is no length")
    if len({length.value for length in lengths}) > 1:
        raise Refused("two readings of its text disagree", _as_read(evidence))
    length = lengths[0]
    unit = _unit(evidence, lengths)
    pixel = length.nanometres(unit) / evidence.bar
    confirmed = _confirmed(evidence, pixel)
    _check(evidence, length, unit, pixel, confirmed=confirmed)
    kind = "confirmed" if confirmed else _kind(evidence, lengths, unit)
    confidence = _RIGHT.get(kind, _WEAK)
    return Verdict(length.nanometres(unit), f"{length.number} {unit}", confidence, kind)


def _kind(evidence: Evidence, lengths: list[Length], unit: str) -> str:
    """Name what speaks for a reading."""
    words = ["strip" if evidence.strip else "image"]
    words.append("twice" if len(lengths) == len(evidence.readings) else "once")
    if evidence.shapes.spell(lengths[0].number + unit):
        words.append("shapes")
        if not evidence.strip and min(r.confidence for r in evidence.readings) >= _SURE:
            words.append("sure")
    return ", ".join(words)


def _unit(evidence: Evidence, lengths: list[Length]) -> str:
    """Choose among the units that a label may have.

    Raises
    ------
    Refused : letters and shapes say different units, or nothing tells two apart.
    """
    text = _as_read(evidence)
    units = set(lengths[0].units).intersection(*(length.units for length in lengths[1:]))
    if not units:
        raise Refused("two readings of its unit disagree", text)
    shape = evidence.shapes.unit
    if shape is not None:
        if shape not in units:
            raise Refused(
                f"its unit reads as {' or '.join(sorted(units))}, looks like {shape}", text
            )
        return shape
    fits = {u for u in units if _confirmed(evidence, lengths[0].nanometres(u) / evidence.bar)}
    units = fits or units
    if units == {"µm", "pm"} and lengths[0].value < _NO_SUCH_BAR:
        units = {"µm"}
    if len(units) > 1:
        raise Refused(f"its unit may be {' or '.join(sorted(units))}", text)
    return units.pop()


def _check(
    evidence: Evidence, length: Length, unit: str, pixel: float, *, confirmed: bool
) -> None:
    text = f"{length.number} {unit}"
    if not _SMALLEST <= pixel <= min(_LARGEST, _WIDEST / evidence.width):
        raise Refused("no microscope has such a scale", text)
    if not is_round(length.value) and not confirmed:
        raise Refused("nobody draws a bar of such a length", text)
    if evidence.said.denies(pixel, evidence.width):
        raise Refused("other words in the strip say otherwise", text)


def _confirmed(evidence: Evidence, pixel: float) -> bool:
    by_file = evidence.metadata
    if by_file is not None and abs(math.log(pixel / by_file)) < _CLOSE:
        return True
    return evidence.said.confirms(pixel, evidence.width)


def _as_read(evidence: Evidence) -> str:
    return " / ".join(dict.fromkeys(r.text for r in evidence.readings if r.text))
