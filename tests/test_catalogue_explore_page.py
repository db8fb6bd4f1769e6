"""The page of a map of pictures: what it holds, and that it works in a browser."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from stemgan.plots.style import colours
from stemgan_data_prep.catalogue.explore.page import build as building
from stemgan_data_prep.catalogue.explore.page.build import Colouring, Drawn, Map, build
from stemgan_data_prep.catalogue.explore.page.sprites import sprites
from tests.browser import Browser, browser
from tests.exploring import KINDS, picture

WORST = "</script><b>fine & [x].png"
COUNT = 24


def _map(count: int = COUNT) -> Map:
    rng = np.random.default_rng(0)
    kinds = np.arange(count) % len(KINDS)
    images = np.stack([picture(list(KINDS)[k], i, (32, 32)) for i, k in enumerate(kinds)])
    places = np.clip(0.5 + 0.4 * np.eye(3)[kinds, :2] + rng.normal(0, 0.03, (count, 2)), 0, 1)
    alike = (np.arange(count)[:, None] + np.arange(3, 12, 3)) % count
    keys = [WORST, *(f"{list(KINDS)[k]}/{i:03d}.png" for i, k in enumerate(kinds[1:], 1))]
    colourings = [
        Colouring("cluster", kinds, ["1", "2", "3"]),
        Colouring("label", kinds, list(KINDS)),
        Colouring("ward", kinds, ["1", "2", "3"], minor=True),
    ]
    return Map(keys, places, alike, colourings, images)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from stemgan_data_prep.catalogue.explore.maps import map_figure

    folder = tmp_path_factory.mktemp("page")
    shown = _map()
    map_figure(folder / "map.png", shown.places, shown.colourings[0].values, ["1", "2", "3"])
    map_figure(folder / "other.png", shown.places, shown.colourings[0].values, ["1", "2", "3"])
    drawn = [
        Drawn("Map", "all", folder / "map.png"),
        Drawn("Other", "it", folder / "other.png"),
    ]
    path = folder / "explore.html"
    path.write_text(build("Structure of <archive>", ["24 pictures"], shown, drawn), "utf-8")
    return path


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory):
    with browser(tmp_path_factory.mktemp("profile")) as one:
        yield one


def test_names_are_text_not_markup_and_all_is_in_the_page(page):
    text = page.read_text("utf-8")
    assert WORST not in text
    assert "Structure of &lt;archive&gt;" in text
    held = json.loads(re.search(r'id="map-data">(.*?)</script>', text)[1])
    assert held["keys"][0] == WORST
    for address in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert address.startswith("data:")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_asks_for_nothing_and_fits(seen: Browser, page, width):
    where = page.as_uri()
    seen.open(where, width)
    assert seen.run("document.documentElement.scrollWidth") <= width
    assert seen.run("document.querySelectorAll('#members button').length") == COUNT
    drawn = "[...pen.getImageData(0, 0, canvas.width, canvas.height).data].some((v) => v)"
    assert seen.run(drawn)
    helps = "[...document.querySelectorAll('.mouse, .touch')].map((e) => e.offsetWidth > 0)"
    assert seen.run(helps) == [width > 390, width == 390]
    assert seen.run("picked.offsetHeight") < 60  # nothing is chosen yet
    assert seen.requests() == [where]
    assert seen.complaints() == []


def test_a_click_on_the_map_shows_the_picture_and_those_most_alike(seen: Browser, page):
    seen.open(page.as_uri(), 1280)
    seen.run("canvas.scrollIntoView({block: 'center'})")
    x, y = seen.run(
        "const b = canvas.getBoundingClientRect(), p = toScreen(5);"
        "[b.left + p[0], b.top + p[1]]"
    )
    mouse = {"x": x, "y": y, "button": "left", "clickCount": 1}
    seen.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    assert seen.run("tip.hidden") is False
    seen.ask("Input.dispatchMouseEvent", type="mousePressed", **mouse)
    seen.ask("Input.dispatchMouseEvent", type="mouseReleased", **mouse)
    said = seen.run("picked.innerText")
    assert "fine/005.png" in said
    assert "ward 3" in said
    alike = seen.run("[...picked.querySelectorAll('button')].map((b) => b.title)")
    assert alike == ["fine/008.png", "fine/011.png", "fine/014.png"]
    seen.run("picked.querySelector('button').click()")
    assert "fine/008.png" in seen.run("picked.innerText")
    assert seen.complaints() == []


def test_a_group_of_another_colouring_is_listed(seen: Browser, page):
    seen.open(page.as_uri(), 390)
    choose = "const c = document.getElementById('colouring'); c.value = '1';"
    seen.run(choose + "c.dispatchEvent(new Event('change'))")
    assert seen.run("legend.innerText").split() == ["along", "8", "coarse", "8", "fine", "8"]
    seen.run("legend.querySelectorAll('button')[1].click()")
    titles = seen.run("[...gallery.querySelectorAll('button')].map((b) => b.title)")
    assert sorted(titles) == [f"coarse/{i:03d}.png" for i in range(1, COUNT, 3)]


def test_looking_nearer_moves_places_apart_and_whole_brings_them_back(seen: Browser, page):
    seen.open(page.as_uri(), 1280)
    before = seen.run("toScreen(1)")
    seen.run("document.getElementById('nearer').click()")
    assert seen.run("toScreen(1)") != before
    seen.run("document.getElementById('whole').click()")
    assert seen.run("toScreen(1)") == before


def test_without_scripts_the_words_and_figures_are_there(seen: Browser, page):
    seen.open(page.as_uri(), 390, scripts=False)
    assert "24 pictures" in seen.run("document.body.innerText")
    assert seen.run("[...document.querySelectorAll('img')].every((i) => i.naturalWidth > 200)")
    assert seen.run("document.querySelectorAll('img').length") == 2
    assert "No picture is chosen" not in seen.run("document.body.innerText")


def test_small_pictures_keep_the_order_and_the_budget():
    import base64
    import io

    from PIL import Image

    flat = np.repeat(np.arange(0, 250, 10, dtype=np.uint8), 64 * 64).reshape(25, 64, 64)
    packed = sprites(flat)
    assert packed.side == 64
    data = base64.b64decode(packed.sheets[0].partition(",")[2])
    sheet = np.asarray(Image.open(io.BytesIO(data)).convert("L"), dtype=int)
    middles = [
        sheet[i // packed.columns * 64 + 32, i % packed.columns * 64 + 32] for i in range(25)
    ]
    assert np.abs(np.array(middles) - flat[:, 0, 0]).max() <= 4
    noise = np.random.default_rng(0).integers(0, 256, (300, 96, 96), dtype=np.uint8)
    small = sprites(noise, budget=300_000)
    assert small.side < 96
    assert sum(map(len, small.sheets)) < 300_000 * 4 / 3 * 1.2


def test_of_very_many_pictures_as_many_as_a_page_takes_are_shown(monkeypatch):
    monkeypatch.setattr(building, "_MOST", 10)
    text = build("many", [], _map(), [])
    held = json.loads(re.search(r'id="map-data">(.*?)</script>', text)[1])
    assert len(held["keys"]) == len(held["x"]) == len(held["alike"]) == 10
    assert all(0 <= j < 10 for row in held["alike"] for j in row)


def test_every_group_has_a_colour_of_its_own():
    assert len(set(colours(60))) == 60
    assert colours(12)[:10] == colours(10)
