"""The shipped weights, and the one definition of a weights file.

A weights file is safetensors, so that reading it cannot run code. Its header holds `format`,
`architecture` ("stemgan" or "ede2020"; older files are of the first and do not say so),
`generator` (the sizes, JSON), whatever the training run says of itself (`training`, JSON), and
where it was calibrated, what makes its standard deviation right (`calibration`, JSON; see
`stemgan.calibration`).
"""

import json
from difflib import get_close_matches
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.errors import InputError
from stemgan.weights.tensors import read_tensors, write_tensors

if TYPE_CHECKING:
    from torch import Tensor

    from stemgan.networks import Ede2020Generator, Generator

    AnyGenerator = Generator | Ede2020Generator

FORMAT = "stemgan-generator-4"
ARCHITECTURES = ("stemgan", "ede2020")
DEFAULT_MODEL = "stemgan-s"
_FOLDER = Path(__file__).parent
_HINT = "give one that stemgan export wrote"
_OTHER_FILES = {
    ".ckpt": "is a checkpoint: take its weights out by stemgan export",
    ".onnx": "is an ONNX file, which holds no weights for torch: give the .safetensors that it "
    "was made of",
}

MODELS = {path.stem: path for path in sorted(_FOLDER.glob("*.safetensors"))}
"""The shipped models and their files."""


def find_weights(model: str | Path, others: tuple[str, ...] = ()) -> Path:
    """Return the weights file of a shipped model's name or of a path.

    Parameters
    ----------
    model : the name, or the path.
    others : names that the caller knows besides, for the message.

    Raises
    ------
    InputError : neither; the message names the nearest model.
    """
    if str(model) in MODELS:
        return MODELS[str(model)]
    path = Path(model)
    if path.is_file():
        return path
    names = (*MODELS, *others)
    near = get_close_matches(str(model), names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(names)}"
    raise InputError(f"there is no model and no weights file {str(model)!r}: {hint}")


def make_generator(architecture: str, sizes: dict[str, Any]) -> "AnyGenerator":
    """Make an untrained generator of an architecture's name, with sizes by name.

    Raises
    ------
    InputError : there is no such architecture, or the sizes do not fit together.
    """
    from stemgan.networks import Ede2020Config, Ede2020Generator, Generator, GeneratorConfig

    if architecture == "ede2020":
        return Ede2020Generator(Ede2020Config.from_dict(sizes))
    if architecture == "stemgan":
        return Generator(GeneratorConfig.from_dict(sizes))
    raise InputError(
        f"there is no architecture {architecture!r}: choose {' or '.join(ARCHITECTURES)}"
    )


def architecture_of(generator: "AnyGenerator") -> str:
    """Name a generator's architecture."""
    from stemgan.networks import Ede2020Generator

    return "ede2020" if isinstance(generator, Ede2020Generator) else "stemgan"


def load_generator(
    model: str | Path = DEFAULT_MODEL,
) -> "tuple[AnyGenerator, dict[str, Any]]":
    """Load a generator.

    Parameters
    ----------
    model : name of a shipped model, or a weights file.

    Returns
    -------
    generator, header : the generator in evaluation mode, on the CPU, float32; and what its
        file says besides: `architecture`, `generator` (its sizes), `training` (the run's
        summary) and, where there is one, `calibration`.

    Raises
    ------
    InputError : no such model or file, or not a weights file of this format.
    """
    path = find_weights(model)
    if path.suffix in _OTHER_FILES:
        raise InputError(f"{path} {_OTHER_FILES[path.suffix]}")
    tensors, words = read_tensors(path, _HINT)
    try:
        header = _parsed(path, words)
        generator = _filled(header, {key: value.float() for key, value in tensors.items()})
    except (RuntimeError, AttributeError, TypeError, KeyError, JSONDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path} is not a readable weights file ({reason}): {_HINT}"
        ) from error
    return generator.eval(), header


def _parsed(path: Path, header: dict[str, str]) -> dict[str, Any]:
    found = header.get("format", "")
    if found != FORMAT:
        if found.rpartition("-")[0] == FORMAT.rpartition("-")[0]:
            raise InputError(
                f"{path} is of another version of stemgan: export it again from its run"
            )
        raise InputError(f"{path} is not a stemgan weights file: see stemgan export")
    architecture = header.get("architecture", "stemgan")
    if architecture not in ARCHITECTURES:
        raise InputError(
            f"{path} is of an architecture unknown to this version, {architecture!r}: "
            "install a newer stemgan"
        )
    parsed = {key: json.loads(header[key]) for key in ("generator", "training")}
    if "calibration" in header:
        parsed["calibration"] = json.loads(header["calibration"])
    return {"architecture": architecture, **parsed}


def _filled(header: dict[str, Any], tensors: "dict[str, Tensor]") -> "AnyGenerator":
    """Make the generator of a header and give it these weights."""
    import torch

    with torch.device("meta"):  # no memory and no random numbers for weights that are replaced
        generator = make_generator(header["architecture"], header["generator"])
    generator.load_state_dict(tensors, assign=True)
    return generator


def save_weights(
    path: Path,
    generator: "AnyGenerator",
    training: dict[str, Any],
    calibration: dict[str, Any] | None = None,
) -> None:
    """Write a generator in float16 with its sizes, the training run's summary, a calibration.

    Raises
    ------
    InputError : a weight is not finite in float16, which no sound training makes.
    """
    tensors = {key: value.half() for key, value in generator.state_dict().items()}
    header = {
        "format": FORMAT,
        "architecture": architecture_of(generator),
        "generator": json.dumps(generator.config.to_dict()),
        "training": json.dumps(training),
    }
    if calibration is not None:
        header["calibration"] = json.dumps(calibration)
    write_tensors(path, tensors, header, "export an earlier checkpoint")
