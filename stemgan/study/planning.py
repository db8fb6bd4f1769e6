"""From what a user asks to a study, with everything that can be wrong refused first."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from stemgan import __version__
from stemgan.devices import check_device
from stemgan.errors import InputError, check_number, check_whole
from stemgan.evaluate.methods import check_name, fingerprint
from stemgan.evaluate.plan import check_frames, conditions_for
from stemgan.evaluate.scans import file_of
from stemgan.measurement import Noise
from stemgan.pathfiles import is_file
from stemgan.scan import parse_coverage
from stemgan.scan.physics import Timing
from stemgan.study.conditions import Setting
from stemgan.study.detection import Search
from stemgan.study.fingerprints import MEASURING, code_digest, digest, image_described
from stemgan.study.plan import StudyPlan
from stemgan.study.sources import SYNTHETIC, Simulated, Source, sources_of

_CODE = {
    "always": (
        *MEASURING,
        "evaluate/scans",
        "study/conditions",
        "study/tasks",
        "study/measures",
    ),
    "controls": ("study/controls", "study/denoising"),
    "features": ("study/detection", "study/features", "synthetic"),
    "simulated": ("study/sources", "synthetic"),
}
"""Modules and packages on which the figures of a task depend, by when they do."""


@dataclass(frozen=True)
class Request:
    """What is asked for, as the configuration says it.

    images : files; or ("synthetic",) for simulated ones; none: features alone are studied.
    scans, coverages, doses, dwells, lags : every scan is taken at every coverage, dose, dwell
        and lag; a raster and a path file have a coverage of their own.
    methods : classical methods, models and weights files.
    synthetic : count, kinds, size and seed of simulated images.
    flyback, settling : times of the scan [s].
    controls : whether full scans of the same doses are compared.
    features : what is put into images and looked for.
    crop : longest side of an image's middle that is used [px].
    by : column of a manifest.
    seed, device, examples : as in `StudyPlan`.
    """

    images: Sequence[Path | str]
    scans: Sequence[str]
    coverages: Sequence[str]
    methods: Sequence[str]
    doses: Sequence[float | None] = (None,)
    dwells: Sequence[float] = (1e-6,)
    lags: Sequence[float] = (0.0,)
    synthetic: Mapping[str, Any] = field(default_factory=dict)
    flyback: float = 0.0
    settling: float = 0.0
    controls: bool = True
    features: Mapping[str, Any] = field(default_factory=dict)
    crop: int | None = None
    by: str | None = None
    seed: int = 0
    device: str = "auto"
    examples: int = 6


def make_plan(request: Request) -> StudyPlan:
    """Check everything that can be wrong before any work is done.

    Raises
    ------
    InputError : what is wrong, where, and what to do.
    """
    check_whole("seed", request.seed, 0)
    check_whole("examples", request.examples, 0)
    for name in ("methods", "scans", "doses", "dwells", "lags"):
        if not getattr(request, name):
            raise InputError(f"{name} is empty: name one or more")
    for method in request.methods:
        check_name(method)
    check_device(request.device)
    _check_amounts(request)
    sources = _sources(request)
    features = dict(request.features or {})
    if features:
        Search.from_config(features)
    elif not sources:
        raise InputError("no images are given: say images=FOLDER, or images=synthetic")
    settings = _settings(request, sources)
    check_frames(sources, request.methods)
    doses = [dose for dose in dict.fromkeys(request.doses) if dose is not None]
    return StudyPlan(
        sources,
        settings,
        tuple(dict.fromkeys(request.methods)),
        request.seed,
        Timing(flyback=request.flyback, settling=request.settling),
        request.device,
        request.by,
        tuple(doses) if request.controls and sources else (),
        features,
        request.examples,
    )


def _check_amounts(request: Request) -> None:
    for dose in request.doses:
        if dose is not None:
            check_number("doses", dose, 0, above=True)
            Noise(electrons=dose)
    for name in ("flyback", "settling"):
        check_number(name, getattr(request, name), 0)
    for dwell, lag in product(request.dwells, request.lags):
        check_number("dwells", dwell, 0, above=True)
        check_number("lags", lag, 0)
        Timing(dwell, request.flyback, request.settling, lag)


def _sources(request: Request) -> tuple[Source, ...]:
    simulating = list(map(str, request.images)) == [SYNTHETIC]
    if simulating and (request.by is not None or request.crop is not None):
        raise InputError(
            "by and crop go with images of files: simulated ones have their kind for a label "
            "and synthetic.size"
        )
    return sources_of(request.images, request.synthetic, by=request.by, crop=request.crop)


def _settings(request: Request, sources: Sequence[Source]) -> tuple[Setting, ...]:
    coverages = _coverages(request.coverages)
    frames = [(source.name, source.shape) for source in sources]
    if request.features:
        size = Search.from_config(dict(request.features)).size
        frames.append(("an image with features", (size, size)))
    pairs = conditions_for(frames, [str(scan) for scan in request.scans], coverages)
    settings = (
        Setting(pair.scan, pair.coverage, _real(dose), float(dwell), float(lag))
        for pair in pairs
        for dose, dwell, lag in product(request.doses, request.dwells, request.lags)
    )
    found = tuple(dict.fromkeys(settings))
    names = Counter(name for name, _ in {(one.name, one.scan) for one in found})
    for name, count in names.items():
        if count > 1:
            raise InputError(f"{count} path files are called {name}: rename one of them")
    return found


def _real(dose: float | None) -> float | None:
    return None if dose is None else float(dose)


def _coverages(values: Sequence[Any]) -> list[str]:
    """Return coverages as they are written, numbers of YAML too; of equal ones the first."""
    written: dict[float, str] = {}
    for value in map(str, values):
        written.setdefault(parse_coverage(value), value)
    return list(written.values())


def settings_of(plan: StudyPlan) -> dict[str, Any]:
    """Describe all that the figures of tasks depend on, beside their keys."""
    files = {one.scan for one in plan.settings if is_file(one.scan)}
    return {
        "version": __version__,
        "code": _code(plan),
        "methods": {name: fingerprint(name) for name in plan.methods},
        "seed": plan.seed,
        "flyback": plan.timing.flyback,
        "settling": plan.timing.settling,
        "by": plan.by,
        "images": {source.name: image_described(source) for source in plan.sources},
        "paths": {scan: digest([file_of(scan)]) for scan in sorted(files)},
    }


def _code(plan: StudyPlan) -> dict[str, str]:
    """Digest the source of what measures, as far as the plan needs it."""
    wanted = {
        "always": True,
        "controls": bool(plan.controls),
        "features": bool(plan.features),
        "simulated": any(isinstance(source, Simulated) for source in plan.sources),
    }
    return {what: code_digest(names) for what, names in _CODE.items() if wanted[what]}
