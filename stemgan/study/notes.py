"""What is said of a study before it begins, and is no reason to refuse it."""

import math
from collections.abc import Iterator

from stemgan.amounts import amount, are
from stemgan.errors import InputError
from stemgan.evaluate.scans import Condition, coverage_notes, file_of
from stemgan.pathfiles import is_file, own_shape, scan_design
from stemgan.scan import format_coverage, parse_coverage
from stemgan.study.detection import Search
from stemgan.study.plan import StudyPlan

SPARSE = 1 / 200
"""Coverage of a path file below which it may be meant for another frame."""


def notes(plan: StudyPlan) -> list[str]:
    """Say what comes out otherwise than asked, and what path files cover.

    Coverages in steps, no control, no threshold.
    """
    found = []
    if plan.sources:
        conditions = [Condition(one.scan, one.coverage) for one in plan.settings]
        found += coverage_notes(conditions, plan.usual_shape)
        found += _file_notes(plan)
        if all(one.dose is None for one in plan.settings):
            found.append(
                "no equal-dose controls: no dose is given, so that a full scan would be perfect"
            )
    if plan.features:
        search = Search.from_config(plan.features)
        found += [
            f"{amount(search.images, 'image')} of the kind {kind} {are(search.images)} too few "
            f"to know a threshold of {search.false_alarms:g} false alarms, so that none is "
            f"called detected or missed: say features.images={search.images_for(kind)} or more"
            for kind in search.kinds
            if search.images < search.images_for(kind)
        ]
    return found


def _file_notes(plan: StudyPlan) -> Iterator[str]:
    """Say how much of an image each path file measures, and whether that may be a mistake."""
    height, width = plan.usual_shape
    files = {one.scan: one.coverage for one in plan.settings if is_file(one.scan)}
    for scan, coverage in files.items():
        share = parse_coverage(coverage)
        note = f"{scan} measures {coverage} of {height}x{width} px"
        own = own_shape(file_of(scan))
        made = None if own is None or own == plan.usual_shape else _covered(scan, own)
        fewer = False
        if own is not None and made is not None:
            fewer = share * height * width < made * math.prod(own)
            note += f", and {format_coverage(made)} of the {own[0]}x{own[1]} px it was made for"
        if share < SPARSE or fewer:
            note += (
                "; its positions are fractions of the field of view, which grow with it: if "
                f"that is not meant, write it anew with stemgan scan --shape {height}x{width}"
            )
        yield note


def _covered(scan: str, shape: tuple[int, int]) -> float | None:
    """Return what a path file covers of the frame that it names; None if that can be none."""
    try:
        return scan_design(scan, shape).solved().trace().coverage
    except InputError:
        return None
