"""Compare simulated with real micrographs: spectra, intensities, noise, orientation, pictures.

    python benchmarks/realism.py --data FOLDER -o realism [--role train] [--number 400]
        [--size 256] [--simulated DATASET]

FOLDER holds real images. If a manifest.csv in it, or in the folder above, names them (columns
file, group and, if wanted, role), images of a group count as one specimen and only those of
--role are taken; else each file is a specimen. Simulated images are drawn and recorded anew, or
read from a dataset that `stemgan synthesize --noisy` wrote. Writes realism.html (one file, with
the pictures in it), pictures.png, distributions.png, spectra.png and realism.json.
"""

import argparse
import base64
import html
import json
import os
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.data.shards import ShardedImages
from stemgan.errors import InputError
from stemgan.files import whole_file
from stemgan.images import READABLE, picture, read_micrograph, write_picture
from stemgan.manifest import NAME, read_manifest
from stemgan.synthetic import recorded, scene
from stemgan.synthetic.realism import BANDS, FAMILIES, FEATURES, Comparison, compare, features

Image = NDArray[np.floating]

CROPS = 6  # of each real image
SHOWN = 24  # pictures of either kind
COLUMNS = 8
_COLOURS = ("#1f6f8b", "#c8553d")


class Crop(NamedTuple):
    """A part of a real image, and the specimen that it shows."""

    image: Image
    group: str


def real_crops(folder: Path, role: str, size: int, rng: np.random.Generator) -> Iterator[Crop]:
    """Cut crops out of every real image that is large enough."""
    places = [path.resolve() for path in (folder, folder.parent)]
    rows = {
        (table.path.parent / name).resolve(): row
        for table in map(read_manifest, (place / NAME for place in reversed(places)))
        for name, row in table.rows.items()
    }
    for file in sorted(f for f in folder.rglob("*") if f.suffix.lower() in READABLE):
        row = rows.get(file.resolve(), {})
        if rows and row.get("role", role) != role:
            continue
        try:
            image = read_micrograph(file).data
        except InputError as error:
            print(f"left out: {error}")
            continue
        if min(image.shape) < size or not np.isfinite(image).all():
            print(f"left out: {file.name} is smaller than {size} px, or not finite")
            continue
        for _ in range(CROPS):
            top, left = (int(rng.integers(n - size + 1)) for n in image.shape)
            crop = image[top : top + size, left : left + size]
            if np.ptp(crop) > 0:
                yield Crop(crop, row.get("group") or str(file))


def simulated(number: int, size: int, seed: int) -> list[tuple[Image, str]]:
    """Draw and record simulated images on all cores."""
    tasks = [(seed, index, size) for index in range(number)]
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        return pool.map(_draw, tasks, chunksize=16)


def _draw(task: tuple[int, int, int]) -> tuple[Image, str]:
    seed, index, size = task
    rng = np.random.default_rng((seed, index))
    drawn = scene((size, size), rng)
    return recorded(drawn.render(), rng, drawn.pixel_size), drawn.kind


def stored(dataset: Path, number: int, size: int) -> list[tuple[Image, str]]:
    """Read simulated images from a dataset, the middle of each."""
    images = ShardedImages(dataset)
    cut = (images.size - size) // 2
    if cut < 0:
        raise InputError(f"{dataset} has images of {images.size} px: choose a smaller --size")
    part = slice(cut, cut + size)
    return [(images[i][part, part], dataset.name) for i in range(min(number, len(images)))]


def draw_distributions(
    path: Path, real: Image, group: Image, fake: Image, found: Comparison
) -> None:
    """Draw the cumulative distribution of every feature; each specimen counts once."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 11), layout="constrained")
    axes = list(figure.subplots(5, -(-len(FEATURES) // 5)).flat)
    _, member, size = np.unique(group, return_inverse=True, return_counts=True)
    for axis, (i, name) in zip(axes, enumerate(FEATURES), strict=False):
        for values, weight, colour in (
            (real[:, i], 1 / size[member], _COLOURS[0]),
            (fake[:, i], np.ones(len(fake)), _COLOURS[1]),
        ):
            order = np.argsort(values)
            share = np.cumsum(weight[order]) / weight.sum()
            axis.step(values[order], share, color=colour, lw=1.3)
        axis.set_title(f"{name}: {found.ratio[name]:.2f}", fontsize=9)
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[len(FEATURES) :]:
        axis.remove()
    figure.savefig(path, dpi=110)


def draw_spectra(path: Path, real: Image, fake: Image) -> None:
    """Draw the median and the middle 80 % of the radial spectra."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 3.6), layout="constrained")
    axis = figure.subplots()
    edges = np.geomspace(1 / 128, 0.5, BANDS + 1)
    middle = np.sqrt(edges[1:] * edges[:-1])
    for values, colour, name in zip((real, fake), _COLOURS, ("real", "simulated"), strict=True):
        low, median, high = np.percentile(values[:, :BANDS], (10, 50, 90), axis=0)
        axis.fill_between(middle, 10**low, 10**high, color=colour, alpha=0.2, lw=0)
        axis.plot(middle, 10**median, color=colour, label=name)
    axis.set(
        xscale="log", yscale="log", xlabel="frequency [cycles/px]",
        ylabel="share of the variance",
    )  # fmt: skip
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def draw_pictures(path: Path, real: list[Crop], fake: list[tuple[Image, str]]) -> None:
    """Put real pictures, one a specimen, above simulated ones."""
    from PIL import Image as Pillow

    first = {crop.group: crop for crop in reversed(real)}
    above = [(f"real: {c.group[-22:]}", c.image) for c in list(first.values())[:SHOWN]]
    below = [(f"simulated: {kind}", image) for image, kind in fake[:SHOWN]]
    rows = [
        np.asarray(picture(panels[i : i + COLUMNS]).convert("RGB"))
        for panels in (above, below)
        for i in range(0, len(panels), COLUMNS)
    ]
    width = max(row.shape[1] for row in rows)
    sheet = [np.pad(r, ((0, 0), (0, width - r.shape[1]), (0, 0))) for r in rows]
    write_picture(path, Pillow.fromarray(np.concatenate(sheet)), overwrite=True)


def page(folder: Path, found: Comparison, about: str) -> str:
    """Write the page: figures and pictures in one file."""
    rows = "".join(
        f"<tr><td>{family}</td><td>{value:.2f}</td></tr>"
        for family, value in [*found.families.items(), ("mean", found.overall)]
    )
    pictures = "".join(
        f"<h2>{title}</h2><img src='data:image/png;base64,{_encoded(folder / name)}'>"
        for title, name in (
            ("Pictures", "pictures.png"),
            ("Radial spectra: median and middle 80 %", "spectra.png"),
            ("Distributions (blue: real, red: simulated) and ratios", "distributions.png"),
        )
    )
    return (
        "<!doctype html><meta charset='utf-8'><title>Realism</title><style>body{font:15px "
        "sans-serif;max-width:1500px;margin:2em auto}img{max-width:100%}td{padding:2px 1em}"
        f"</style><h1>Simulated and real micrographs</h1><p>{html.escape(about)}</p><p>"
        "Distance of simulated from real images over the distance between two halves of the "
        "real ones, "
        f"split by specimens; 1: no difference.</p><table>{rows}</table><p>A linear classifier "
        f"tells them apart with an area under the curve of {found.auc:.2f} (0.5: not at "
        f"all).</p>{pictures}"
    )


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="folder of real micrographs")
    parser.add_argument("-o", "--output", type=Path, default=Path("realism"))
    parser.add_argument("--role", default="train", help="role in the manifest (train)")
    parser.add_argument("--number", type=int, default=400, help="simulated images (400)")
    parser.add_argument("--size", type=int, default=256, help="side of the images [px] (256)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--simulated", type=Path, help="a dataset instead of new images")
    args = parser.parse_args()
    if not args.data.is_dir() or args.size < 64:
        raise SystemExit(f"{args.data} must be a folder, and --size 64 or more")
    args.output.mkdir(exist_ok=True)
    real = list(real_crops(args.data, args.role, args.size, np.random.default_rng(args.seed)))
    if args.simulated:
        fake = stored(args.simulated, args.number, args.size)
    else:
        fake = simulated(args.number, args.size, args.seed)
    real_rows = np.array([features(crop.image) for crop in real])
    fake_rows = np.array([features(image) for image, _ in fake])
    group = np.array([crop.group for crop in real])
    found = compare(real_rows, group, fake_rows, seed=args.seed)
    draw_pictures(args.output / "pictures.png", real, fake)
    draw_spectra(args.output / "spectra.png", real_rows, fake_rows)
    draw_distributions(args.output / "distributions.png", real_rows, group, fake_rows, found)
    about = (
        f"{len(real)} crops of {args.size}x{args.size} px of {len(set(group))} specimens, role "
        f"{args.role}, and {len(fake)} simulated images"
    )
    with whole_file(args.output / "realism.html") as path:
        path.write_text(page(args.output, found, about), encoding="utf-8")
    figures = {
        "about": about, "overall": found.overall, "auc": found.auc,
        "families": found.families, "features": found.ratio,
    }  # fmt: skip
    (args.output / "realism.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    print(about)
    for family in FAMILIES:
        print(f"{family:<12}{found.families[family]:>6.2f}")
    print(f"{'mean':<12}{found.overall:>6.2f}   area under the curve {found.auc:.2f}")


if __name__ == "__main__":
    main()
