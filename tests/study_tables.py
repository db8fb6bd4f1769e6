"""Tables of a made-up study, small but with all that a report shows."""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.images import write_image
from stemgan.study.tables import write_table

Row = dict[str, Any]
SCANS = {"spiral": 1.0, "dots": 0.8}
COVERAGES = {"1/17.9": 3.0, "1/50": 5.0}
DOSES = (None, 10.0)
WORST = "</script><b>image & 1"
"""An image's name that must not end up as a part of the page."""


def _setting(scan: str, coverage: str, dose: float | None) -> Row:
    return {"scan": scan, "coverage": coverage, "dose": dose, "dwell_s": 1e-5, "lag_s": 0.0}


def results(groups: int = 6) -> list[Row]:
    """Return errors that are known: dots leave 0.8 of a spiral's on every image."""
    rng = np.random.default_rng(0)
    rows = []
    for image in range(2 * groups):
        level = float(rng.uniform(0.8, 1.2))
        name = WORST if image == 0 else f"image{image}"
        head = {"image": name, "group": f"group{image // 2}", "label": ""}
        for scan, coverage, dose in product(SCANS, COVERAGES, DOSES):
            for method, worse in (("network", 1.0), ("linear", 1.5)):
                # All but exact ratios, so that intervals are narrow but not empty.
                error = SCANS[scan] * COVERAGES[coverage] * level * worse
                error *= float(rng.uniform(0.98, 1.02)) * (1.4 if dose else 1)
                share = 1 / float(coverage[2:])
                rows.append(
                    {
                        **head,
                        "method": method,
                        "control": "",
                        **_setting(scan, coverage, dose),
                        "achieved": share,
                        "pitch_px": 1 / share if scan == "spiral" else share**-0.5,
                        "duration_s": share * (8 if scan == "dots" else 1),
                        "rmse_blurred": error,
                        "rmse_raw": 2 * error,
                        "nrmse_std_blurred": error / 10,
                        "psnr": 30 - error,
                        "ssim": None,
                        "frc_half": 0.3 / error,
                        "slope_per_px": 0.02 * error,
                        "interval_90": 0.9,
                        "lattice_period_px": 10.0 + image if image % 2 else None,
                    }
                )
        if image < 4:
            kinds = {"full-raw": 3.0, "full-denoised": 0.5}
            for control, worse in kinds.items():
                error = 3 * level * worse
                setting = _setting("raster", "1", 10.0)
                full = {"method": "", "control": control, **setting, "achieved": 1.0}
                rows.append({**head, **full, "rmse_blurred": error, "rmse_raw": error})
    return rows


def curves() -> Iterator[Row]:
    """Return error by distance, and ring correlations."""
    for image, scan, coverage in product(range(4), SCANS, COVERAGES):
        head = {"image": f"image{image}", "group": f"group{image}", "method": "network"}
        head |= _setting(scan, coverage, None)
        for kind, unit in (("distance", 1.0), ("pitch", 0.1)):
            for ring in range(5):
                high = None if ring == 4 else (ring + 1) * unit
                rmse = SCANS[scan] * (1 + ring + image / 9)
                where = {"kind": kind, "low": ring * unit, "high": high}
                yield {**head, **where, "count": 100, "bias": 0.0, "rmse": rmse, "value": None}
        for ring in range(32):
            where = {"kind": "frc", "low": ring / 64, "high": (ring + 1) / 64, "count": 9}
            yield {**head, **where, "value": 1 / (1 + ring / (5 + image))}


def detection() -> Iterator[Row]:
    """Return features of which half are found at 1/17.9, and none at 1/50."""
    for image, instance, coverage in product(range(20), range(2), COVERAGES):
        head = {"image": f"vacancy-{image}", "group": f"vacancy-{image}", "method": "network"}
        head |= {"feature": "vacancy", "instance": instance, "achieved": 0.05}
        head |= _setting("spiral", coverage, None)
        for present in (True, False):
            seen = present and coverage == "1/17.9" and bool(instance)
            yield {
                **head,
                "present": present,
                "distance_px": 2.0 + instance,
                "distance_pitch": 0.1 + 0.1 * instance,
                "score": (1.0 if seen else 0.0) + image / 1000,
                "flagged": bool(image % 2),
                "deviation": 1.5,
            }


def write(folder: Path, *tables: str) -> Path:
    """Write some of the tables "results", "curves" and "detection" into a folder; return it."""
    made = {"results": results, "curves": curves, "detection": detection}
    for name in tables:
        write_table(folder, name, list(made[name]()))
    return folder


def write_all(folder: Path) -> Path:
    """Write all tables, an example, a map and the configuration into a folder; return it."""
    write(folder, "results", "curves", "detection")
    (folder / "study.yaml").write_text("scans: [spiral, dots] # <made up>\n", encoding="utf-8")
    about = {"versions": {"stemgan": "0.0.1"}}
    (folder / "provenance.json").write_text(json.dumps(about), encoding="utf-8")
    truth = np.random.default_rng(0).normal(size=(40, 56)).astype(np.float32)
    partial = np.where(truth > 1, truth, np.nan)
    record = {"image": "image1", "group": "a", "method": "network", "rank": "worst"}
    record |= {"rmse_blurred": 4.25, **_setting("spiral", "1/50", None)}
    (folder / "examples").mkdir()
    arrays = {"truth": truth, "partial": partial, "completion": truth, "std": np.abs(truth)}
    np.savez(folder / "examples" / "00_a.npz", record=json.dumps(record), **arrays)
    (folder / "systematic_error").mkdir()
    of = {"scan": "spiral", "coverage": "1/50", "method": "network"}
    pages = np.stack([truth, np.abs(truth), np.abs(truth)])
    write_image(folder / "systematic_error" / "a.tif", pages, metadata=of)
    return folder
