"""The shipped weights, and the one definition of a weights file.

A weights file is safetensors, so that reading it cannot run code. Its header holds `format`,
`generator` (the sizes, JSON), and whatever the training run says of itself (`training`, JSON).
"""

import json
from difflib import get_close_matches
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.errors import InputError

if TYPE_CHECKING:
    from stemgan.networks import Generator

FORMAT = "stemgan-generator-2"
DEFAULT_MODEL = "stemgan-s"
_FOLDER = Path(__file__).parent


MODELS = {path.stem: path for path in sorted(_FOLDER.glob("*.safetensors"))}
"""The shipped models and their files."""


def find_weights(model: str | Path) -> Path:
    """Return the weights file of a shipped model's name or of a path.

    Raises
    ------
    InputError : neither; the message names the nearest model.
    """
    if str(model) in MODELS:
        return MODELS[str(model)]
    path = Path(model)
    if path.is_file():
        return path
    near = get_close_matches(str(model), MODELS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(MODELS)}"
    raise InputError(f"there is no model and no weights file {str(model)!r}: {hint}")


def load_generator(model: str | Path = DEFAULT_MODEL) -> "tuple[Generator, dict[str, Any]]":
    """Load a generator.

    Parameters
    ----------
    model : name of a shipped model, or a weights file.

    Returns
    -------
    generator, header : the generator in evaluation mode, on the CPU, float32; and what its
        file says besides: `generator` (its sizes) and `training` (the run's summary).

    Raises
    ------
    InputError : no such model or file, or not a weights file of this format.
    """
    from safetensors import SafetensorError, safe_open

    from stemgan.networks import Generator, GeneratorConfig

    path = find_weights(model)
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise InputError(f"{path} is not a stemgan weights file: see stemgan export")
            parsed = {key: json.loads(header[key]) for key in ("generator", "training")}
            generator = Generator(GeneratorConfig.from_dict(parsed["generator"]))
            generator.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    except (
        SafetensorError,
        RuntimeError,
        TypeError,
        KeyError,
        OSError,
        JSONDecodeError,
    ) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} is not a readable weights file: {reason}") from error
    return generator.eval(), parsed


def save_weights(path: Path, generator: "Generator", training: dict[str, Any]) -> None:
    """Write a generator in float16 with its sizes and the training run's summary."""
    from safetensors.torch import save

    from stemgan.files import whole_file

    tensors = {key: value.half().contiguous() for key, value in generator.state_dict().items()}
    header = {
        "format": FORMAT,
        "generator": json.dumps(generator.config.to_dict()),
        "training": json.dumps(training),
    }
    with whole_file(path) as temporary:
        # Not save_file: it makes files that only their owner can read.
        temporary.write_bytes(save(tensors, header))
