"""Pages of one file that ask for nothing else: what all reports share."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'"
)
"""What the browser lets a page do: nothing that leaves it, even if a library wanted to."""


def whole_page(
    title: str,
    body: str,
    *,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    data: Mapping[str, Any] | None = None,
) -> str:
    """Write a page.

    Parameters
    ----------
    title : of the window.
    body : what the page shows, as HTML: header, main and footer.
    styles : CSS beyond the style that all pages share (`page.css`).
    scripts : JavaScript, run in this order after all is there.
    data : what the scripts read, JSON by the id of the element that holds it.
    """
    sheet = "".join([part(__package__ or "", "page.css"), *styles])
    held = "".join(embedded(name, value) for name, value in (data or {}).items())
    run = "".join(f"<script>{script}</script>" for script in scripts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>'
        f"<style>{sheet}</style></head><body>{body}{held}{run}</body></html>\n"
    )


def part(package: str, name: str) -> str:
    """Read a part of a page, such as a style or a script, that lies in a package."""
    return files(package).joinpath(name).read_text("utf-8")


def embedded(name: str, data: Any) -> str:  # noqa: ANN401 (JSON)
    """Write data for a page's script: no text in it can end the element that holds it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    safe = (
        text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )
    return f'<script type="application/json" id="{name}">{safe}</script>'


def data_uri(packed: bytes, kind: str = "png") -> str:
    """Write a picture's bytes as a URI that needs no file."""
    return f"data:image/{kind};base64,{base64.b64encode(packed).decode()}"


def png(picture: "Image") -> bytes:
    """Pack a picture as PNG, as small as it goes."""
    packed = io.BytesIO()
    picture.save(packed, "PNG", optimize=True)
    return packed.getvalue()


def small_picture(path: Path, scale: float = 0.4, colours: int = 48) -> bytes:
    """Return a figure's PNG at a page's size, in few colours: a tenth of the bytes."""
    from PIL import Image

    with Image.open(path) as image:
        size = (round(image.width * scale), round(image.height * scale))
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    return png(small.quantize(colours))
