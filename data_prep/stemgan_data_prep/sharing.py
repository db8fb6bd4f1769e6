"""Which split each group of an archive is in."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stemgan_data_prep.micrographs import Source
from stemgan_data_prep.splits import assign, by_hash, stratify

_FEW_GROUPS = 500


@dataclass(frozen=True)
class Splitting:
    """How images are shared out: see `stemgan_data_prep.splits`.

    Attributes
    ----------
    shares : shares of groups for train, val and test.
    seed : another seed, other splits.
    group_by, stratify : see `find`.
    """

    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seed: int = 0
    group_by: str | None = None
    stratify: str | None = None

    def needs_survey(self, sources: list[Source]) -> bool:
        """Tell whether sources without a usable image must be known first.

        Where groups are few or dealt out one by one they would take a split that then stays
        empty. Among many groups a hash shares out the usable ones as it does all, and opening
        every file twice would take long.
        """
        return self.stratify is not None or len({s.group for s in sources}) <= _FEW_GROUPS

    def of(self, sources: list[Source]) -> Callable[[str], str]:
        """Give the function that names the split of each group."""
        groups = [source.group for source in sources]
        if self.stratify is None:
            known = assign(groups, self.shares, self.seed)
        else:
            categories = _commonest((s.group, c or "") for s in sources for c in s.categories)
            known = stratify(categories, self.shares, self.seed)
        return lambda group: known.get(group) or by_hash(group, self.shares, self.seed)


def _commonest(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map each group to the category that most of its images have."""
    counts: dict[str, Counter[str]] = {}
    for group, category in pairs:
        counts.setdefault(group, Counter())[category] += 1
    return {g: min(c, key=lambda name, c=c: (-c[name], name)) for g, c in counts.items()}
