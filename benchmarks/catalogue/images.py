"""Make labelled pictures to classify: simulated micrographs by kind, and tiles of real ones.

    python benchmarks/catalogue/images.py -o pictures [--count 200] [--side 160] [--seed 0]
        [--sem FOLDER] [--tile 256]

writes pictures/task/KIND/*.tif and pictures/other/KIND/*.tif, two disjoint sets of classes, of
which the second is for a backbone that has seen no class of the first, and a contact sheet of
each. Picture i of a kind follows from (seed, kind, i) alone; what is there already stays.

--sem: a folder of real images with a manifest.csv (columns file and category): square tiles of
each, without its bars, become pictures/sem/CATEGORY/*.tif and pictures/sem/manifest.csv, whose
column group is the image that a tile was cut from, so that no image is on two sides of a split.
Tiles that show next to nothing are left out, and categories of fewer than three images, which
training, validation and test cannot share.
"""

import argparse
import csv
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from stemgan.amounts import amount
from stemgan.errors import InputError
from stemgan.files import whole_file
from stemgan.images import READABLE, read_micrograph, write_image, write_picture
from stemgan.manifest import NAME, read_manifest
from stemgan.synthetic import KINDS, recorded, scene
from stemgan_data_prep.cleaning import without_bars

TASK = ("tip", "spheres", "porous", "fibres", "films", "device", "grains", "agglomerate")
SETS = {"task": TASK, "other": tuple(kind for kind in KINDS if kind not in TASK)}
MOST_TILES = 16
"""Tiles of one real image at most, evenly chosen, so that large images do not decide."""
FEWEST_IMAGES = 3
_LEAST_CONTRAST = 0.25
"""Of a tile that shows something, over its image's, both averaged over 4x4 px."""
_SHOWN = 10

Picture = NDArray[np.uint8]


def drawn(kind: str, number: int, side: int, seed: int) -> Picture:
    """Draw one picture, recorded with noise, (side, side) uint8."""
    rng = np.random.default_rng((seed, zlib.crc32(kind.encode()), number))
    one = scene((side, side), rng, kind)
    return grey(recorded(one.render(), rng, one.pixel_size))


def grey(image: NDArray[np.floating]) -> Picture:
    """Spread intensities over 0 to 255, but for half a percent at either end."""
    low, high = np.percentile(image, (0.5, 99.5))
    scaled = (image - low) / max(high - low, 1e-12)
    return (255 * np.clip(scaled, 0, 1)).round().astype(np.uint8)


def make(folder: Path, kinds: tuple[str, ...], count: int, side: int, seed: int) -> None:
    """Draw `count` pictures of each kind into folders of the kinds' names."""
    for kind in kinds:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            path = folder / kind / f"{kind}_{number:04}.tif"
            if not path.exists():
                write_image(path, drawn(kind, number, side, seed))


def cut(sem: Path, folder: Path, side: int) -> None:
    """Cut real images into tiles, in folders of their categories, with a manifest of groups.

    Raises
    ------
    InputError : the folder has no manifest with a category for any of its images.
    """
    rows = read_manifest(sem / NAME).rows
    category = {Path(name).name: row.get("category", "") for name, row in rows.items()}
    files = [f for f in sorted(sem.iterdir()) if f.suffix.lower() in READABLE]
    known = {file: category[file.name] for file in files if category.get(file.name)}
    if not known:
        raise InputError(f"{sem} has no {NAME} with the columns file and category")
    images = Counter(known.values())
    said = []
    for file, name in known.items():
        if images[name] < FEWEST_IMAGES:
            print(f"left out {file.name}: {name} has {amount(images[name], 'image')}")
            continue
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, tile in enumerate(tiles(file, side)):
            path = folder / name / f"{file.stem}_{number:02}.tif"
            write_image(path, tile, overwrite=True)
            said.append((path.relative_to(folder).as_posix(), file.stem, name))
    with (
        whole_file(folder / NAME) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        csv.writer(stream).writerows([("file", "group", "category"), *said])


def tiles(file: Path, side: int) -> Iterator[Picture]:
    """Yield square tiles of a file without its bars, some of many, each (side, side) uint8."""
    data = read_micrograph(file).data
    yield from cut_up(grey(without_bars(data).of(data)), side)


def cut_up(image: Picture, side: int) -> Iterator[Picture]:
    """Yield square tiles that lie side by side and show something, some of many."""
    starts = product(*(range(0, length - side + 1, side) for length in image.shape))
    found = [image[top : top + side, left : left + side] for top, left in starts]
    found = [tile for tile in found if contrast(tile) > _LEAST_CONTRAST * contrast(image)]
    chosen = np.linspace(0, len(found) - 1, min(MOST_TILES, len(found))).round()
    yield from (found[int(number)] for number in chosen)


def contrast(image: Picture) -> float:
    """Return the deviation of an image's 4x4 blocks, to which noise adds little."""
    height, width = (length // 4 * 4 for length in image.shape)
    blocks = image[:height, :width].reshape(height // 4, 4, width // 4, 4)
    return float(blocks.mean(axis=(1, 3)).std())


def sheet(folder: Path, shown: int = _SHOWN) -> Image.Image:
    """Draw the first pictures of each class in a row, with its name and their number."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    side = 110
    picture = Image.new("L", (shown * (side + 2), len(classes) * (side + 18)), 255)
    draw = ImageDraw.Draw(picture)
    for row, place in enumerate(classes):
        files = sorted(place.glob("*.tif"))
        draw.text((2, row * (side + 18) + 2), f"{place.name} ({len(files)})", fill=0)
        spread = np.linspace(0, len(files) - 1, min(shown, len(files))).round().astype(int)
        for column, number in enumerate(spread):
            image = Image.fromarray(read_micrograph(files[number]).data.astype(np.uint8))
            picture.paste(
                image.resize((side, side)), (column * (side + 2), row * (side + 18) + 16)
            )
    return picture


def main(argv: list[str] | None = None) -> None:
    """Make the pictures, and say how many there are."""
    parser = argparse.ArgumentParser(description="make labelled pictures to classify")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of all sets")
    parser.add_argument("--count", type=int, default=200, help="pictures of each class (200)")
    parser.add_argument("--side", type=int, default=160, help="of a picture [px] (160)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (0)")
    parser.add_argument("--sem", type=Path, help="real images to cut, with a manifest.csv")
    parser.add_argument("--tile", type=int, default=256, help="side of a real tile [px] (256)")
    args = parser.parse_args(argv)
    for name, kinds in SETS.items():
        make(args.output / name, kinds, args.count, args.side, args.seed)
    if args.sem:
        cut(args.sem, args.output / "sem", args.tile)
    for place in sorted(path for path in args.output.iterdir() if path.is_dir()):
        write_picture(args.output / f"{place.name}.png", sheet(place), overwrite=True)
        counts = Counter(path.parent.name for path in place.rglob("*.tif"))
        print(f"{place}: " + ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))


if __name__ == "__main__":
    main()
