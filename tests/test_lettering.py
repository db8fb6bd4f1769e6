"""Names in any script are drawn where a font has their letters, and numbered where none has."""

import warnings
from types import SimpleNamespace

import matplotlib as mpl
import pytest
from matplotlib import font_manager

from stemgan.plots import lettering
from stemgan.plots.style import pyplot, save

OWN = "粉末"


@pytest.fixture
def installed(monkeypatch):
    """Say which fonts there are, and what each has."""
    found = {}
    plain = font_manager.findfont("DejaVu Sans")

    def find(asked):
        return plain if asked == "DejaVu Sans" else asked.get_family()[0]

    read = lettering._letters.__wrapped__

    def letters(file):
        return [ord(one) for one in found[file]] if file in found else read(file)

    def install(**fonts):
        found.update(fonts)
        listed = [SimpleNamespace(name=n, fname=n, style="normal") for n in fonts]
        boxes = SimpleNamespace(name="Last Resort High-Efficiency", fname="x", style="normal")
        found["x"] = OWN
        every = SimpleNamespace(ttflist=[boxes, *listed])
        monkeypatch.setattr(font_manager, "fontManager", every)

    monkeypatch.setattr(font_manager, "findfont", find)
    monkeypatch.setattr(lettering, "_letters", letters)
    lettering._font_of.cache_clear()
    yield install
    lettering._font_of.cache_clear()


def test_a_font_that_has_the_letters_is_chosen_and_only_where_they_are_needed(installed):
    installed(Half="粉", Whole="粉末膜", Other="膜")
    names = ["Tips", "5 µm, α → β", OWN]
    assert lettering.font_families(names) == ["sans-serif", "Whole"]
    assert lettering.font_families(names[:2]) == ["sans-serif"]
    assert lettering.font_families(["粉", "膜"]) == ["sans-serif", "Half", "Other"]
    assert lettering.drawable(names) == names


def test_names_that_no_font_has_are_numbered(installed):
    installed(Half="粉")
    assert lettering.drawable(["Tips", OWN, "粉", "末"]) == ["Tips", "#2", "粉", "#4"]
    assert lettering.font_families([OWN]) == ["sans-serif"]


def test_figures_are_drawn_in_the_fonts_of_their_names(tmp_path):
    name = "\N{LATIN SMALL LETTER K WITH PALATAL HOOK}"  # which STIX has, and DejaVu Sans not
    for number, names in enumerate(([], [name])):
        figure, axes = pyplot(names).subplots()
        axes.set_xticks([0], [name])
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            save(figure, tmp_path / f"{number}.png")
        assert bool(said) == (not names)
    pyplot()
    assert mpl.rcParams["font.family"] == ["sans-serif"]
