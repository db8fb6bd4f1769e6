"""What a configuration says of the features that are put into images and looked for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stemgan.errors import InputError, check_whole
from stemgan.study.features import ALONE, FEATURES, SMALLEST_SIDE, check_feature


@dataclass(frozen=True)
class Search:
    """What is put into images and looked for, as a configuration says.

    kinds : some of `FEATURES`.
    images : specimens of each kind.
    instances : features in each, at most.
    size : height and width of the images [px].
    false_alarms : share of places without a feature at which one may be seen.

    Raises
    ------
    InputError : an unknown feature, or a number that makes no sense.
    """

    kinds: tuple[str, ...] = FEATURES
    images: int = 10
    instances: int = 4
    size: int = 256
    false_alarms: float = 0.05

    def __post_init__(self) -> None:
        if not self.kinds:
            raise InputError("features.kinds is empty: name some, or leave features out")
        for kind in self.kinds:
            check_feature(str(kind))
        check_whole("features.images", self.images, 1)
        check_whole("features.instances", self.instances, 1)
        check_whole("features.size", self.size, SMALLEST_SIDE)
        share = self.false_alarms
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
            raise InputError(
                f"features.false_alarms is a share between 0 and 1, not {share!r}: say 0.05"
            )

    def images_for(self, kind: str) -> int:
        """Return how many specimens tell where a threshold lies, with the judged one left out.

        Examples
        --------
        >>> Search().images_for("dislocation"), Search().images_for("vacancy")
        (20, 6)
        """
        each = 1 if kind in ALONE else self.instances
        scores = math.ceil((1 - self.false_alarms) / self.false_alarms - 1e-9)
        return 1 + math.ceil(scores / each)

    @classmethod
    def from_config(cls, entries: Mapping[str, Any]) -> "Search":
        """Read the entries of a configuration's `features`.

        Raises
        ------
        InputError : an entry that there is none of, or one that makes no sense.
        """
        known = tuple(cls.__dataclass_fields__)
        for name in entries:
            if name not in known:
                raise InputError(
                    f"there is no features.{name}: choose among {', '.join(known)}"
                )
        kinds = entries.get("kinds", FEATURES)
        listed = (kinds,) if isinstance(kinds, str) else tuple(kinds or ())
        return cls(**{**entries, "kinds": tuple(dict.fromkeys(listed))})
