"""`stemgan demo`: reconstruct the bundled partial scan with the bundled weights."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stemgan.cli.common import emit, parser_for, progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stemgan.cli.completers import Completer
    from stemgan.measurement import PartialScan

    Image = NDArray[np.float32]

# The bundled scan is drawn from these, so that it is the same everywhere and takes no space.
_KIND, _SEED = "boundary", 11
_SHAPE = (512, 512)
_FAMILY, _COVERAGE = "spiral", 1 / 20
_ELECTRONS = 200.0

_EXAMPLES = """\
  stemgan demo
  stemgan demo -o demo --overwrite
writes demo.png (partial scan, network, best classical method, truth) and partial.tif, the
bundled scan, to try stemgan reconstruct on
"""


class Row(NamedTuple):
    """What a method made of the bundled scan: image, errors [% of the range], time [s].

    A network completes the raw truth apart, and its error from that is of this completion.
    """

    image: "Image"
    rmse_raw: float
    rmse_blurred: float
    seconds: float


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("demo", _EXAMPLES)
    parser.add_argument("-o", "--output", metavar="DIR", default="demo", help="default: demo")
    parser.add_argument("--overwrite", action="store_true", help="replace what exists")
    return parser


def bundled_scan() -> "tuple[Image, PartialScan]":
    """Draw the bundled truth and the partial scan taken of it."""
    import numpy as np

    from stemgan.measurement import Noise, measure
    from stemgan.scan import ScanDesign
    from stemgan.synthetic import named

    truth = named(_KIND, _SHAPE, np.random.default_rng(_SEED))
    trace = ScanDesign(_FAMILY, _SHAPE, coverage=_COVERAGE).trace()
    noise = Noise(electrons=_ELECTRONS)
    return truth, measure(truth, trace, noise, np.random.default_rng(_SEED))


def main(argv: list[str]) -> None:
    """Run the command."""
    args = _parser().parse_args(argv)
    from stemgan.cli.completers import network
    from stemgan.images import write_image, write_picture

    folder = Path(args.output)
    figure_file, partial_file = folder / "demo.png", folder / "partial.tif"
    _check(folder, (figure_file, partial_file), overwrite=args.overwrite)
    net, raw = network(), network(truth="raw")
    truth, scan = bundled_scan()
    rows = _rows(truth, scan, net, raw)
    folder.mkdir(exist_ok=True)
    write_image(partial_file, scan.with_nan(), overwrite=args.overwrite)
    write_picture(figure_file, _picture(truth, scan, rows, net.label), overwrite=args.overwrite)
    figures = _figures(rows, scan, net, figure_file)
    emit(figures, _text(figures, net), as_json=args.json)


def _check(folder: Path, outputs: tuple[Path, ...], *, overwrite: bool) -> None:
    from stemgan.files import check_folder, check_output

    if check_folder(folder).is_dir():
        for path in outputs:
            check_output(path, overwrite=overwrite)


def _rows(
    truth: "Image", scan: "PartialScan", net: "Completer", raw: "Completer"
) -> dict[str, Row]:
    """Run the network and the classical methods on the same scan; the network comes first.

    Parameters
    ----------
    net, raw : the network, completing the blurred and the raw truth.
    """
    from stemgan.baselines import default_methods
    from stemgan.cli.completers import classical
    from stemgan.evaluate import warm_up
    from stemgan.metrics import blurred, rmse

    span = float(truth.max() - truth.min())
    smooth = blurred(truth)
    rows = {}
    methods = [net, *map(classical, default_methods())]
    warm_up(method.run for method in methods)
    for method in progress(methods, "completing"):
        result = method.run(scan)
        sharp = raw.run(scan).image if method is net else result.image
        rows[method.label] = Row(
            result.image,
            rmse(sharp, truth, span),
            rmse(result.image, smooth, span),
            result.seconds,
        )
    return rows


def _best_classical(rows: dict[str, Row], net: str) -> str:
    return min((name for name in rows if name != net), key=lambda name: rows[name].rmse_blurred)


def _picture(truth: "Image", scan: "PartialScan", rows: dict[str, Row], net: str) -> Any:  # noqa: ANN401 (a Pillow image)
    import numpy as np

    from stemgan.images import picture
    from stemgan.scan import format_coverage

    best = _best_classical(rows, net)
    low, high = np.percentile(truth, (0.5, 99.8))
    limits = (float(low), float(high))
    panels = [
        (
            f"partial scan: {_FAMILY}, {format_coverage(scan.coverage)}\n"
            f"{_ELECTRONS:g} electrons per measured pixel",
            scan.with_nan(),
        ),
        (f"network {net}\n{_errors(rows[net], 'raw truth, --raw')}", rows[net].image),
        (f"best classical: {best}\n{_errors(rows[best], 'raw truth')}", rows[best].image),
        ("truth (simulated)", truth),
    ]
    return picture(panels, limits=[limits] * len(panels))


def _errors(row: Row, raw: str) -> str:
    return f"RMSE {row.rmse_blurred:.2f} % (blurred), {row.rmse_raw:.2f} % ({raw})"


def _figures(
    rows: dict[str, Row], scan: "PartialScan", net: "Completer", picture: Path
) -> dict[str, Any]:
    return {
        **net.record,
        "load_seconds": net.load_seconds,
        "scan": _FAMILY,
        "coverage": scan.coverage,
        "electrons": _ELECTRONS,
        "best_classical": _best_classical(rows, net.label),
        "methods": {
            name: {
                "rmse_blurred": row.rmse_blurred,
                "rmse_raw": row.rmse_raw,
                "seconds": row.seconds,
            }
            for name, row in rows.items()
        },
        "picture": str(picture),
    }


def _text(figures: dict[str, Any], net: "Completer") -> str:
    from stemgan.scan import format_coverage

    width = max(map(len, figures["methods"]))
    lines = [
        f"bundled scan: {_FAMILY}, {_SHAPE[0]}x{_SHAPE[1]}, coverage "
        f"{format_coverage(figures['coverage'])}, {_ELECTRONS:g} electrons per measured pixel",
        f"{'method':<{width}}  {'RMSE, blurred':>13}  {'RMSE, raw':>9}  {'seconds':>7}",
    ]
    for name, row in figures["methods"].items():
        mark = "  (network)" if name == net.label else ""
        lines.append(
            f"{name:<{width}}  {row['rmse_blurred']:>11.2f} %  {row['rmse_raw']:>7.2f} %  "
            f"{row['seconds']:>7.2f}{mark}"
        )
    lines += [
        "RMSE in % of the truth's range, against the truth blurred (5x5, sigma 2.5 px) and raw",
        "(of the network's completion of the raw truth: stemgan reconstruct --raw)",
        f"model {net.label} on {figures['device']}, loaded in {figures['load_seconds']:.2f} s; "
        f"picture: {figures['picture']}",
    ]
    return "\n".join(lines)
