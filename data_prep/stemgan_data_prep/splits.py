"""Train, validation and test by group: a hash decides, so that no group is on two sides."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from stemgan.data.shards import SPLITS
from stemgan.errors import InputError


def parse_shares(text: str, option: str = "--split") -> tuple[float, float, float]:
    """Read "0.8,0.1,0.1": the shares of train, val and test.

    Parameters
    ----------
    text : to be read.
    option : where it was given, for messages.

    Raises
    ------
    InputError : not three shares from 0 to 1 that sum to 1, or none for train.

    Examples
    --------
    >>> parse_shares("0.9,0.1,0")
    (0.9, 0.1, 0.0)
    """
    try:
        train, val, test = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"{option} {text} is not three shares: write e.g. 0.8,0.1,0.1"
        ) from None
    if min(val, test) < 0 or not train > 0 or abs(train + val + test - 1) > 1e-6:
        raise InputError(f"{option} {text} must be shares that sum to 1, the first above 0")
    return train, val, test


def position(group: str, seed: int) -> float:
    """Place a group in [0, 1) by a hash of its name and the seed, independent of all others."""
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def by_hash(group: str, shares: tuple[float, float, float], seed: int) -> str:
    """Say which split a group falls in by its hash alone."""
    edges = (shares[0], shares[0] + shares[1])
    return SPLITS[sum(position(group, seed) >= edge for edge in edges)]


def assign(
    groups: Iterable[str], shares: tuple[float, float, float], seed: int = 0
) -> dict[str, str]:
    """Assign each group to a split.

    A group's hash decides, so that an archive that grows keeps its splits. With so few groups
    that a wanted split stays empty, it takes the last group of the largest split; training
    comes first, then validation, then test.

    Parameters
    ----------
    groups : names, repeats allowed.
    shares : wanted shares of groups for train, val and test; they sum to 1.
    seed : another seed, other splits.

    Returns
    -------
    The split of each group, in order of hash.

    Examples
    --------
    >>> sorted(assign(["a", "b"], (0.8, 0.1, 0.1)).values())
    ['train', 'val']
    """
    ordered = sorted({*groups}, key=lambda group: (position(group, seed), group))
    splits = {group: by_hash(group, shares, seed) for group in ordered}
    for rank, (name, share) in enumerate(zip(SPLITS, shares, strict=True)):
        members = {split: [g for g in ordered if splits[g] == split] for split in SPLITS}
        spare = [s for i, s in enumerate(SPLITS) if len(members[s]) > (i < rank)]
        if share > 0 and not members[name] and spare:
            largest = max(spare, key=lambda split: len(members[split]))
            splits[members[largest][-1]] = name
    return splits


def stratify(
    categories: Mapping[str, str], shares: tuple[float, float, float], seed: int = 0
) -> dict[str, str]:
    """Assign groups to splits so that each category is shared out alike.

    Within a category the groups are taken in order of hash and dealt to the split that is
    furthest behind its share, so that shares are met as closely as whole groups allow; where
    it is a tie, training comes first. Other than in `assign`, a group that is added can move
    others of its category.

    Parameters
    ----------
    categories : the category of each group.
    shares, seed : see `assign`.

    Examples
    --------
    >>> splits = stratify({"a": "x", "b": "x", "c": "y", "d": "y"}, (0.5, 0.5, 0.0))
    >>> sorted((c, splits[g]) for g, c in zip("abcd", "xxyy"))
    [('x', 'train'), ('x', 'val'), ('y', 'train'), ('y', 'val')]
    """
    splits: dict[str, str] = {}
    for category in sorted(set(categories.values())):
        members = [group for group, own in categories.items() if own == category]
        dealt: Counter[str] = Counter()
        for group in sorted(members, key=lambda name: (position(name, seed), name)):
            count = dealt.total() + 1
            behind = [
                share * count - dealt[name] for name, share in zip(SPLITS, shares, strict=True)
            ]
            name = SPLITS[behind.index(max(behind))]
            dealt[name] += 1
            splits[group] = name
    return splits
