"""`stemgan synthesize`: simulated micrographs to a sharded dataset."""

import time
from pathlib import Path

from stemgan.amounts import amount
from stemgan.cli.common import emit, parser_for, progress

_EXAMPLES = """\
  stemgan synthesize -n 1000 -o simulated
  stemgan synthesize -n 20000 --size 256 --workers 8 --seed 1 -o simulated
  stemgan synthesize -n 1000 --noisy -o recorded
  stemgan synthesize -n 100000 --device cuda -o simulated
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    parser = parser_for("synthesize", _EXAMPLES)
    parser.add_argument("-n", "--number", required=True, type=int, help="number of images")
    parser.add_argument("-o", "--output", required=True, type=Path, help="the dataset's folder")
    parser.add_argument("--size", type=int, default=512, help="side of the images [px] (512)")
    parser.add_argument(
        "--split", default="0.9,0.1,0", help="shares for train, val, test (0.9,0.1,0)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the images (0)")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw (0: none)")
    parser.add_argument(
        "--noisy", action="store_true", help="record with noise, drift, afterglow, ... (clean)"
    )
    parser.add_argument(
        "--device", help="draw with torch on this device, such as cuda (NumPy, in the workers)"
    )
    arguments = parser.parse_args(argv)

    from stemgan.errors import InputError
    from stemgan_data_prep.splits import parse_shares
    from stemgan_data_prep.synthesize import synthesize

    if arguments.number < 1 or arguments.size < 32 or arguments.workers < 0:
        raise InputError("-n must be 1 or more, --size 32 or more, and --workers 0 or more")
    if arguments.seed < 0:
        raise InputError(f"a seed is 0 or more, not {arguments.seed}")
    if arguments.device and arguments.workers:
        raise InputError("--workers draw with NumPy: give either them or --device")
    start = time.perf_counter()
    made = synthesize(
        arguments.number,
        arguments.output,
        size=arguments.size,
        noisy=arguments.noisy,
        shares=parse_shares(arguments.split),
        seed=arguments.seed,
        workers=arguments.workers,
        device=arguments.device,
        watch=lambda numbers: progress(numbers, "synthesize"),
    )
    seconds = time.perf_counter() - start
    if not made:
        emit({"done_before": True}, "finished before: nothing to do", as_json=arguments.json)
        return
    emit(
        {"images": arguments.number, "size": arguments.size, "seconds": round(seconds, 3)},
        f"{amount(arguments.number, 'image')} of {arguments.size}x{arguments.size} px "
        f"in {arguments.output}, {seconds:.1f} s",
        as_json=arguments.json,
    )
