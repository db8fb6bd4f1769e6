"""What is studied: images, settings and methods, and what is done besides."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stemgan.scan.physics import Timing
from stemgan.study.conditions import Setting
from stemgan.study.sources import Source


@dataclass(frozen=True)
class StudyPlan:
    """A study: every source under every setting through every method, and what is besides.

    sources : the images.
    settings : the ways of scanning.
    methods : classical methods and models by name, and weights files.
    seed : of random paths, noise and features.
    timing : times of flyback and settling; dwell and lag are the settings'.
    device : for models.
    by : column of a manifest whose values are the images' labels.
    controls : doses at which full scans are compared, see `stemgan.study.controls`.
    features : what is put into images and looked for, see `stemgan.study.detection`: the
        entries of the configuration's `features`; empty: nothing.
    examples : how many settings have examples kept, at most.
    """

    sources: tuple[Source, ...]
    settings: tuple[Setting, ...]
    methods: tuple[str, ...]
    seed: int = 0
    timing: Timing = field(default_factory=Timing)
    device: str = "auto"
    by: str | None = None
    controls: tuple[float, ...] = ()
    features: Mapping[str, Any] = field(default_factory=dict)
    examples: int = 6

    @property
    def usual_shape(self) -> tuple[int, int]:
        """Height and width of most images [px]; 0 without any."""
        shapes = Counter(source.shape for source in self.sources)
        return shapes.most_common(1)[0][0] if shapes else (0, 0)
