"""How structure is looked for, and what so many pictures allow of it."""

from dataclasses import dataclass, replace

from stemgan.amounts import amount, are
from stemgan.errors import InputError
from stemgan_data_prep.catalogue.explore.clustering import (
    LINKAGES,
    METHODS,
    MOST_LINKED,
    check_linked,
)

FEWEST = 20
"""Pictures below which there is no structure to find."""


@dataclass(frozen=True)
class Settings:
    """How structure is looked for.

    Attributes
    ----------
    methods : of `clustering.METHODS`; none: all that so many pictures allow.
    counts : numbers of clusters, increasing.
    pick : method and number of the clusters that are written; `selection` decides what is not
        given ("" or 0). Labels never do.
    dims : dimensions that the autoencoder leaves; 0: the features as they are.
    plane : how the map is made, one of `embedding.MAPS`.
    seed : of the autoencoder, k-means, the map and the parts of the block analysis.
    """

    methods: tuple[str, ...] = ()
    counts: tuple[int, ...] = tuple(range(2, 31))
    pick: tuple[str, int] = ("", 0)
    dims: int = 10
    plane: str = "tsne"
    seed: int = 0


def fitting(settings: Settings, total: int) -> Settings:
    """Return settings with the methods and numbers of clusters that so many pictures allow.

    Parameters
    ----------
    settings : what is wanted.
    total : how many pictures there are.

    Raises
    ------
    InputError : they are too few for any structure or for the clusters asked for, or too many
        for a method asked for.
    """
    if total < FEWEST:
        raise InputError(
            f"{amount(total, 'picture')} {are(total)} too few to find structure: give {FEWEST} "
            "or more"
        )
    method, count = settings.pick
    wanted = set(settings.counts) | ({count} if count else set())
    counts = tuple(sorted(number for number in wanted if number <= total // 2))
    if not counts or count > total // 2:
        raise InputError(
            f"{count or min(wanted)} clusters of {total} pictures are too many: "
            f"ask for at most {total // 2}"
        )
    if method and settings.methods and method not in settings.methods:
        raise InputError(f"clusters of {method} are asked for, which is not in --methods")
    for one in (*settings.methods, method):
        check_linked(one, total)
    able = [one for one in METHODS if total <= MOST_LINKED or one not in LINKAGES]
    return replace(settings, methods=settings.methods or tuple(able), counts=counts)
