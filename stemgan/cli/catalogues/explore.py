"""`stemgan catalogue explore`: structure without labels, as tables, figures and a page."""

import argparse
from pathlib import Path
from typing import Any

from stemgan.cli.catalogue import ACTIONS
from stemgan.cli.catalogues.arguments import (
    add_images,
    add_labels,
    add_running,
    check_running,
)
from stemgan.cli.catalogues.choices import SIDE, network_of, settings_of
from stemgan.cli.catalogues.outputs import check_apart, check_kept
from stemgan.cli.common import emit, parser_for, progress, say
from stemgan.cli.inputs import add_tables
from stemgan.cli.left_out import say_left_out

_EXAMPLES = """\
  stemgan catalogue explore archive --model kinds -o structure
  stemgan catalogue explore archive --model kinds --layer logits --clusters 2..60 -o structure
  stemgan catalogue explore archive --backbone resnet50 --pretrained weights.safetensors \\
      --methods ward,density-peaks --cluster ward:12 -o structure
  stemgan catalogue explore archive --model kinds --table classes.csv --labels class \\
      --within Particles -o kinds-of-particles
  stemgan prepare archive -o dataset --table structure/clusters.csv --stratify cluster

Writes clusters.csv (file, cluster, place on the map), curves.csv, dimension.csv, decision.csv,
explore.json, figures/ and explore.html, one file that shows all pictures on a map. cache/ holds
pixels and features for another look at the same pictures and may be removed.
"""

THUMBNAIL = 64
"""Least side of the pictures on the page [px], however small those are that a model sees."""


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    check_running(args)

    from stemgan.files import check_folder
    from stemgan_data_prep.catalogue.explore.features import extract, predicted
    from stemgan_data_prep.catalogue.explore.gathering import gather, only_label
    from stemgan_data_prep.catalogue.explore.output import FILES, PAGE, write
    from stemgan_data_prep.catalogue.explore.page.build import Colouring
    from stemgan_data_prep.catalogue.explore.settings import fitting
    from stemgan_data_prep.catalogue.explore.steps import explore
    from stemgan_data_prep.catalogue.pixels import pixels

    settings = settings_of(args)
    folder = check_folder(args.output)
    check_apart(folder, args.images)
    check_kept(folder, FILES, "exploration", overwrite=args.overwrite)
    network, classes, side = network_of(args)
    gathered = gather(args.images, args.labels, args.table, args.within, args.against)
    fitting(settings, len(gathered.pictures))
    folder.mkdir(exist_ok=True)
    cache = folder / "cache"
    read = pixels(
        gathered.pictures,
        side,
        cache,
        args.workers,
        lambda steps, total: progress(steps, "reading", total),
    )
    left_out = [*gathered.left_out, *read.left_out]
    say_left_out(left_out)
    features = extract(
        read.images,
        network,
        args.layer,
        side,
        device=args.device,
        batch_size=args.batch_size,
        cache=cache,
        watch=progress,
    )
    labels = gathered.labels_of(read.pictures)
    if alone := only_label(labels):
        say(f"note: {alone}")
    structure = explore(features, labels, settings, progress)
    best = predicted(features, network, args.layer) if classes else None
    more = [] if best is None else [Colouring("predicted class", best, classes)]
    title = "Structure of " + (args.within or ", ".join(place.name for place in args.images))
    images = read.images
    if side < THUMBNAIL:
        larger = pixels(read.pictures, THUMBNAIL, cache, args.workers)
        images = larger.images if len(larger) == len(read) else images
    figures = write(folder, title, read.pictures, images, labels, structure, more)
    figures |= {"left_out": len(left_out), "page": str(folder / PAGE), "layer": args.layer}
    emit(figures, _text(figures), as_json=args.json)


def _parser() -> argparse.ArgumentParser:
    from stemgan_data_prep.catalogue.explore.clustering import METHODS

    parser = parser_for("catalogue explore", _EXAMPLES, ACTIONS["explore"])
    add = parser.add_argument
    add_images(parser)
    add("--model", type=Path, metavar="RUN|FILE", help="a classifier whose features are taken")
    add("--backbone", metavar="NAME", help="in place of --model: a network, such as resnet50")
    add("--pretrained", metavar="FILE|NAME", help="its weights: a file, or a cached model")
    add("--side", type=int, metavar="PX", help=f"of pictures (the model's; {SIDE})")
    add("--layer", default="pooled", help="stage1 … stage4, pooled or logits (pooled)")
    add_labels(parser, "no class is known")
    add_tables(parser)
    add("--within", metavar="CLASS", help="explore the pictures of this label alone")
    add("--against", metavar="COLUMN", help="compare clusters with this column's labels")
    add("--methods", help=f"of clustering, by commas: {', '.join(METHODS)} (all)")
    add("--clusters", default="2..30", metavar="N..M", help="numbers to try (2..30)")
    add(
        "--cluster",
        default="",
        metavar="METHOD:N",
        help="which to show: ward:12, ward or :12 (decided without labels)",
    )
    add("--dims", type=int, default=10, metavar="N", help="of the autoencoder; 0: none (10)")
    add("--map", default="tsne", choices=("tsne", "pca"), help="of pictures (tsne)")
    add("--seed", type=int, default=0, metavar="N", help="of all that is drawn at random (0)")
    add("-o", "--output", required=True, type=Path, metavar="FOLDER", help="where all goes")
    add("--overwrite", action="store_true", help="replace an exploration; its cache is used")
    add_running(parser)
    return parser


def _text(figures: dict[str, Any]) -> str:
    from stemgan_data_prep.catalogue.explore.summary import sentences

    lines = sentences(figures)
    if figures["left_out"]:
        lines.append(f"left out: {figures['left_out']}")
    return "\n".join([*lines, f"the page is {figures['page']}"])
