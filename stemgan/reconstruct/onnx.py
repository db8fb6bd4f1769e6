"""Generators in ONNX files: written, and checked against torch.

Such a file holds the network alone: from scaled nearest infill, dwell map, distance [px] and
kriged infill, (B, 1, H, W) float32 each, H and W of at least 8, and noise (B, N, H, W) of
adversarial weights, to image, the raw truth's image (but of weights with texture) and the
standard deviations of both truths, in the same scale (of the 2020 generator: from `scan` to
image). What comes before and after it is `stemgan.reconstruct.estimates`. What a weights file
says of itself is in the metadata (architecture, generator, training and calibration).
"""

import json
import math
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from stemgan.files import whole_file
from stemgan.networks import Completion, Ede2020Completion, Ede2020Generator
from stemgan.reconstruct.portable import PortableEde2020, PortableGenerator
from stemgan.reconstruct.runtime import FORMAT, OnnxGenerator, needed
from stemgan.weights import architecture_of

if TYPE_CHECKING:
    from stemgan.weights import AnyGenerator

OPSET = 18
TOLERANCE = 1e-4
"""Largest difference from torch that is let through, over the half range of the values."""

_CHECKED = ((1, 64, 80), (2, 57, 91), (1, 8, 33), (3, 129, 100))
_TRACED = (2, 41, 55)  # not square: what is shared between equal sides must not be


def write_onnx(
    path: Path, generator: "AnyGenerator", header: dict[str, Any], name: str = ""
) -> float:
    """Write a generator as an ONNX file that onnxruntime computes the same with.

    Parameters
    ----------
    path : of the file.
    generator : in evaluation mode, on the CPU.
    header : what its weights file says of it: `training` and, where there is one,
        `calibration`; `weights_sha256` where it has a file.
    name : the model's.

    Returns
    -------
    The largest difference from torch, of image and deviation, over frames of several shapes.

    Raises
    ------
    InputError : the extra `stemgan[onnx]` is missing.
    RuntimeError : onnxruntime computes something else than torch.
    """
    onnx = needed("onnx")
    needed("onnxruntime")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        _traced(file, generator)
        model = onnx.load(str(file))
        about: dict[str, Any] = {
            "format": FORMAT,
            "name": name,
            "architecture": architecture_of(generator),
            "generator": json.dumps(generator.config.to_dict()),
        }
        about |= {k: v if isinstance(v, str) else json.dumps(v) for k, v in header.items()}
        onnx.helper.set_model_props(model, about)
        model.producer_name = "stemgan"
        onnx.checker.check_model(model, full_check=True)
        data = model.SerializeToString()
        file.write_bytes(data)
        difference = largest_difference(generator, OnnxGenerator.load(file))
    if not difference <= TOLERANCE:
        raise RuntimeError(f"onnxruntime differs from torch by {difference:.2g}: not written")
    with whole_file(path) as temporary:
        temporary.write_bytes(data)
    return difference


def _traced(path: Path, generator: "AnyGenerator") -> None:
    """Trace a generator. torch's other exporter took minutes over the sides' divisibility."""
    inputs = drawn(generator, _TRACED)
    model: torch.nn.Module
    if isinstance(generator, Ede2020Generator):
        model, outputs = PortableEde2020(generator), ["image"]
    else:
        model, outputs = PortableGenerator(generator), ["image", "std", "raw_std"]
        outputs[1:1] = [] if generator.config.noise else ["raw"]
    open_sides = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # of its age, and of what it traces
        torch.onnx.export(
            model,
            tuple(inputs.values()),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes=dict.fromkeys([*inputs, *outputs], open_sides),
        )


def drawn(generator: "AnyGenerator", shape: tuple[int, int, int]) -> dict[str, Tensor]:
    """Draw inputs of a generator by name, for frames of shape (B, H, W)."""
    rng = torch.Generator().manual_seed(0)
    batch, height, width = shape
    size = (batch, 1, height, width)
    mask = (torch.rand(size, generator=rng) < 0.1).float()
    first, second = (0.4 * torch.randn(size, generator=rng) for _ in range(2))
    if isinstance(generator, Ede2020Generator):
        return {"scan": (0.5 + first).clamp(0, 1)}
    distance = 8 * torch.rand(size, generator=rng) * (1 - mask)
    inputs = {"infill": first, "dwell": mask, "distance": distance, "kriged": second}
    if generator.config.noise:
        noise = (batch, generator.config.noise, height, width)
        inputs["noise"] = torch.randn(noise, generator=rng)
    return inputs


def largest_difference(generator: "AnyGenerator", other: "OnnxGenerator") -> float:
    """Compare image and deviation of two generators on frames of several shapes."""
    largest = 0.0
    for shape in _CHECKED:
        inputs = drawn(generator, shape)
        with torch.inference_mode():
            wanted, found = _reference(generator, inputs), _planes(other(*inputs.values()))
        if [a.shape for a in wanted] != [b.shape for b in found]:
            return math.inf
        differences = [float((a - b).abs().max()) for a, b in zip(wanted, found, strict=True)]
        largest = max(largest, *differences)
    return largest


def _reference(generator: "AnyGenerator", inputs: dict[str, Tensor]) -> list[Tensor]:
    if not isinstance(generator, Ede2020Generator):
        return _planes(generator(*inputs.values()))
    scan = inputs["scan"]
    height, width = scan.shape[2:]
    pad = (0, -width % generator.STRIDE, 0, -height % generator.STRIDE)
    return [generator(F.pad(scan, pad, mode="replicate")).image[..., :height, :width]]


def _planes(made: Completion | Ede2020Completion) -> list[Tensor]:
    """Return the images that differ and, where there are some, their deviations."""
    if isinstance(made, Ede2020Completion) or made.log_std is None:
        return [made.image]
    assert made.raw_log_std is not None
    images = [made.image] if made.raw is made.image else [made.image, made.raw]
    return [*images, made.log_std.exp(), made.raw_log_std.exp()]
