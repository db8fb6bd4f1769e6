"""The page: a map of all pictures, what is near what, and the figures, in one file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.plots.page import data_uri, part, small_picture, whole_page
from stemgan.plots.style import colours
from stemgan_data_prep.catalogue.explore.page.sprites import Sprites, sprites

_MOST = 20_000
"""Pictures on a page; of more, as many are shown, spread over all."""


@dataclass(frozen=True)
class Colouring:
    """What may colour the map: of every picture the number of its group, and their names.

    minor : whether it is said of a picture in passing only.
    """

    name: str
    values: np.ndarray
    names: Sequence[str]
    minor: bool = False


@dataclass(frozen=True)
class Map:
    """What the map shows, in the order of the pictures.

    Attributes
    ----------
    keys : names of the pictures.
    places : on the plane, (N, 2) from 0 to 1.
    alike : those most alike, best first, (N, K) indices; -1 is none.
    colourings : at least one; the first is shown at first.
    pixels : (N, S, S) uint8.
    """

    keys: list[str]
    places: np.ndarray
    alike: np.ndarray
    colourings: Sequence[Colouring]
    pixels: np.ndarray


@dataclass(frozen=True)
class Drawn:
    """A figure below the map: what it shows, and its PNG."""

    title: str
    caption: str
    path: Path


def build(title: str, said: Sequence[str], shown: Map, drawn: Sequence[Drawn]) -> str:
    """Write the page: no request leaves it.

    Parameters
    ----------
    title : its heading.
    said : sentences below the heading: what was found.
    shown : the map.
    drawn : figures below it; the one named "map" stands in for the map without scripts.
    """
    shown = _thinned(shown)
    here = __package__ or ""
    figures = "".join(_figure(one) for one in drawn if one.path.stem != "map")
    still = next((_image(one) for one in drawn if one.path.stem == "map"), "")
    lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in said)
    body = (
        f'<header><h1>{escape(title)}</h1><div class="answer"><ul>{lines}</ul></div></header>'
        f"<main><section><h2>Map of pictures</h2>{part(here, 'map.html')}"
        f"<noscript>{still}</noscript></section>"
        f'<section><h2>Figures</h2><div class="charts">{figures}</div></section></main>'
        "<footer>Written by stemgan. On a t-SNE map neighbours are alike; sizes of groups and "
        "the distances between them mean nothing.</footer>"
    )
    return whole_page(
        title,
        body,
        styles=[part(here, "explore.css")],
        scripts=[part(here, "explore.js")],
        data={"map-data": _data(shown, sprites(shown.pixels))},
    )


def _data(shown: Map, small: Sprites) -> dict[str, Any]:
    count = max(len(one.names) for one in shown.colourings)
    low, high = shown.places.min(axis=0), shown.places.max(axis=0)
    return {
        "keys": list(shown.keys),
        "x": [round(float(x), 4) for x in shown.places[:, 0]],
        "y": [round(float(y), 4) for y in shown.places[:, 1]],
        "middle": [float(v) for v in (low + high) / 2],
        "span": [float(v) for v in high - low],
        "alike": [[j for j in row if j >= 0] for row in shown.alike.tolist()],
        "colours": colours(count),
        "colourings": [
            {
                "name": one.name,
                "values": one.values.tolist(),
                "names": list(one.names),
                "minor": one.minor,
            }
            for one in shown.colourings
        ],
        "side": small.side,
        "columns": small.columns,
        "sheets": small.sheets,
    }


def _thinned(shown: Map) -> Map:
    """Leave out pictures where there are too many; who is alike is asked among the rest."""
    total = len(shown.keys)
    if total <= _MOST:
        return shown
    kept = np.linspace(0, total - 1, _MOST).astype(np.int64)
    numbers = np.full(total, -1)
    numbers[kept] = np.arange(_MOST)
    colourings = [replace(c, values=c.values[kept]) for c in shown.colourings]
    return Map(
        [shown.keys[i] for i in kept.tolist()],
        shown.places[kept],
        numbers[shown.alike[kept]],
        colourings,
        shown.pixels[kept],
    )


def _image(one: Drawn) -> str:
    uri = data_uri(small_picture(one.path, 0.8, 255))
    return f'<img src="{uri}" alt="{escape(one.title)}: {escape(one.caption)}">'


def _figure(one: Drawn) -> str:
    return (
        f"<figure><h3>{escape(one.title)}</h3>{_image(one)}<figcaption>{escape(one.caption)} "
        f'<span class="soft">File: figures/{escape(one.path.name)}</span></figcaption></figure>'
    )
