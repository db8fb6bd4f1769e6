"""What `stemgan catalogue explore` is told: how structure is looked for, by which network."""

import argparse
import re
from typing import TYPE_CHECKING

from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan_data_prep.catalogue.backbones import Network
    from stemgan_data_prep.catalogue.explore.settings import Settings

SIDE = 224
"""Of pictures [px], where no model says another."""


def settings_of(args: argparse.Namespace) -> "Settings":
    """Return how structure is to be looked for.

    Raises
    ------
    InputError : a method or a number that there cannot be.
    """
    from stemgan_data_prep.catalogue.explore.clustering import METHODS
    from stemgan_data_prep.catalogue.explore.settings import Settings

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


def network_of(args: argparse.Namespace) -> "tuple[Network, tuple[str, ...], int]":
    """Load the network, with the names of its classes and the side of its pictures [px].

    Raises
    ------
    InputError : what is given contradicts, or lacks what is needed.
    """
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
        classes, side = (), args.side or SIDE
    network.check_layer(args.layer)
    network.check_side(side)
    return network, classes, side
