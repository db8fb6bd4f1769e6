"""Compare bfloat16, compiled and batched networks with float32 ones, on a CPU or a GPU.

python benchmarks/precision.py [--shape 512x512] [--repeats 7] [--device auto]
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from inference import drawn, in_turns


def precision(shape: tuple[int, int], repeats: int, device: str) -> None:
    """Compare bfloat16 and compiled networks with float32 ones."""
    from stemgan.reconstruct import Reconstructor
    from stemgan.reconstruct.estimates import prepared

    model = Reconstructor.load(device=device)
    (ready,) = prepared([drawn(shape, 1 / 17.9)], model.device)
    planes = [torch.from_numpy(plane)[None, None].to(model.device) for plane in ready.planes]
    compiled: Any = torch.compile(model.generator)
    kind = model.device.type

    def run(network: Any, half: bool, batch: int = 1) -> Any:  # noqa: ANN401
        inputs = [plane.repeat(batch, 1, 1, 1) for plane in planes]
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=half):
            image = network(*inputs).image
        if kind == "cuda":
            torch.cuda.synchronize()
        return image

    ways: dict[str, Callable[[], Any]] = {
        "float32": lambda: run(model.generator, False),
        "bfloat16": lambda: run(model.generator, True),
        "float32, channels last": lambda: run(_channels_last(model.generator), False),
        "float32, compiled": lambda: run(compiled, False),
        "bfloat16, compiled": lambda: run(compiled, True),
    }
    for batch in (16, 64) if kind == "cuda" else ():
        ways[f"bfloat16, batch of {batch}"] = lambda n=batch: run(model.generator, True, n)
    wanted = ways["float32"]().float()
    for name, way in ways.items():
        start = time.perf_counter()
        image = way()
        first = time.perf_counter() - start
        least = in_turns({name: way}, repeats)[name]
        error = float((image[:1].float() - wanted).abs().max()) / 2
        print(
            f"{name:<28} first {first:7.2f} s, then {least.wall:7.4f} s "
            f"(CPU {least.cpu:7.4f}), differs by {error:.1e} of the range"
        )


def _channels_last(generator: Any) -> Any:  # noqa: ANN401
    import copy

    return copy.deepcopy(generator).to(memory_format=torch.channels_last)


def main() -> None:
    """Measure."""
    from stemgan.images.points import parse_shape

    parser = argparse.ArgumentParser(description="Compare precisions.")
    parser.add_argument("--shape", default="512x512")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    precision(parse_shape(args.shape), args.repeats, args.device)


if __name__ == "__main__":
    main()
