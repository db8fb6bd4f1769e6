"""`stemgan catalogue explore`: structure without labels, as tables, figures and a page."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.catalogue import ACTIONS
from stemgan.cli.catalogues.predict import add_running, check_running
from stemgan.cli.common import emit, parser_for, progress
from stemgan.cli.left_out import say_left_out
from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan_data_prep.catalogue.backbones import Network

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

_SIDE = 224


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    check_running(args)

    from stemgan.files import check_folder
    from stemgan_data_prep.catalogue.explore.features import extract, predicted
    from stemgan_data_prep.catalogue.explore.gathering import gather
    from stemgan_data_prep.catalogue.explore.output import PAGE, write
    from stemgan_data_prep.catalogue.explore.page.build import Colouring
    from stemgan_data_prep.catalogue.explore.steps import explore, fitting
    from stemgan_data_prep.catalogue.pixels import pixels

    settings = _settings(args)
    folder = check_folder(args.output)
    _check_apart(folder, args.images)
    network, classes, side = _network(args)
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
    structure = explore(features, labels, settings, progress)
    best = predicted(features, network, args.layer) if classes else None
    more = [] if best is None else [Colouring("predicted class", best, classes)]
    title = "Structure of " + (args.within or ", ".join(place.name for place in args.images))
    figures = write(folder, title, read.pictures, read.images, labels, structure, more)
    figures |= {"left_out": len(left_out), "page": str(folder / PAGE), "layer": args.layer}
    emit(figures, _text(figures), as_json=args.json)


def _parser() -> argparse.ArgumentParser:
    from stemgan_data_prep.catalogue.explore.clustering import METHODS

    parser = parser_for("catalogue explore", _EXAMPLES, ACTIONS["explore"])
    add = parser.add_argument
    add("images", nargs="+", type=Path, metavar="IMAGES", help="folders or files of pictures")
    add("--model", type=Path, metavar="RUN|FILE", help="a classifier whose features are taken")
    add("--backbone", metavar="NAME", help="in place of --model: a network, such as resnet50")
    add("--pretrained", metavar="FILE|NAME", help="its weights: a file, or a cached model")
    add("--side", type=int, metavar="PX", help=f"of pictures (the model's; {_SIDE})")
    add("--layer", default="pooled", help="stage1 … stage4, pooled or logits (pooled)")
    add("--labels", default="folder", help="folder, none or a column: known classes (folder)")
    add(
        "--table",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.csv",
        help="a table with columns of labels; repeatable",
    )
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
    add_running(parser)
    return parser


def _settings(args: argparse.Namespace) -> Any:  # noqa: ANN401 (imported late)
    from stemgan_data_prep.catalogue.explore.clustering import METHODS
    from stemgan_data_prep.catalogue.explore.steps import Settings

    methods = tuple(dict.fromkeys(filter(None, (args.methods or "").split(","))))
    picked, _, number = args.cluster.partition(":")
    for method in (*methods, *([picked] if picked else [])):
        if method not in METHODS:
            raise InputError(f"clustering {method!r} is not known: {', '.join(METHODS)}")
    if args.dims < 0 or args.seed < 0:
        raise InputError(f"--dims {args.dims} and --seed {args.seed} must be 0 or more")
    if number and (not number.isdecimal() or int(number) < 2):
        raise InputError(f"--cluster {args.cluster}: give METHOD:N, N being 2 or more")
    return Settings(
        methods,
        counts_of(args.clusters),
        (picked, int(number or 0)),
        args.dims,
        args.map,
        args.seed,
    )


def _check_apart(folder: Path, places: list[Path]) -> None:
    """Refuse an output within what is explored: its figures would be pictures the next time."""
    for place in places:
        if folder.resolve().is_relative_to(place.resolve()):
            raise InputError(f"{folder} lies in {place}, which is explored: choose another -o")


def counts_of(text: str) -> tuple[int, ...]:
    """Read numbers of clusters: "2..30", "12" or "2,5,10".

    Raises
    ------
    InputError : it is none of these, or a number is below 2.

    Examples
    --------
    >>> counts_of("2..4"), counts_of("8,3")
    ((2, 3, 4), (3, 8))
    """
    ends = re.fullmatch(r"(\d+)\.\.(\d+)", text)
    if ends:
        counts = tuple(range(int(ends[1]), int(ends[2]) + 1))
    elif re.fullmatch(r"\d+(,\d+)*", text):
        counts = tuple(sorted({int(word) for word in text.split(",")}))
    else:
        counts = ()
    if not counts or counts[0] < 2:
        raise InputError(f"--clusters {text}: give 2..30, 12 or 2,5,10, each 2 or more")
    return counts


def _network(args: argparse.Namespace) -> "tuple[Network, tuple[str, ...], int]":
    """Load the network, with the names of its classes and the side of its pictures [px]."""
    if (args.model is None) == (args.backbone is None):
        raise InputError(
            "give --model RUN|FILE, or --backbone NAME with --pretrained FILE|NAME"
        )
    if args.side is not None and args.side < 1:
        raise InputError(f"--side {args.side} must be 1 or more")
    if args.model is not None:
        from stemgan_data_prep.catalogue.classifier_file import load_classifier

        if args.pretrained is not None:
            raise InputError("--pretrained goes with --backbone: a model has its own weights")
        network, info = load_classifier(args.model)
        classes, side = info.classes, args.side or info.side
    else:
        from stemgan_data_prep.catalogue.backbones import make_network

        if args.pretrained is None:
            raise InputError("--backbone needs --pretrained: random features show no structure")
        count = None if args.layer == "logits" else 1  # None: those of its own head
        network = make_network(args.backbone, count, pretrained=args.pretrained)
        classes, side = (), args.side or _SIDE
    network.check_layer(args.layer)
    network.check_side(side)
    return network, classes, side


def _text(figures: dict[str, Any]) -> str:
    from stemgan_data_prep.catalogue.explore.summary import sentences

    lines = sentences(figures)
    if figures["left_out"]:
        lines.append(f"left out: {figures['left_out']}")
    return "\n".join([*lines, f"the page is {figures['page']}"])
