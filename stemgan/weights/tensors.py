"""Tensors in safetensors files with a header of words: reading one cannot run code."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from stemgan.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


def read_tensors(path: Path, hint: str) -> "tuple[dict[str, Tensor], dict[str, str]]":
    """Read a file's tensors, on the CPU, and its header.

    Parameters
    ----------
    path : the file.
    hint : what to give instead when it cannot be read.

    Raises
    ------
    InputError : it is not such a file, or not whole.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            return {key: file.get_tensor(key) for key in file.keys()}, header  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} is not a readable weights file ({reason}): {hint}") from error


def write_tensors(
    path: Path, tensors: "dict[str, Tensor]", header: dict[str, str], hint: str
) -> None:
    """Write tensors and a header, whole or not at all: the same in the same bytes.

    Parameters
    ----------
    path : the file, replaced where it exists.
    tensors : in the types in which they are kept.
    header : words by word.
    hint : what to do when a tensor is not finite.

    Raises
    ------
    InputError : a tensor is not finite, or the file cannot be written.
    """
    import torch
    from safetensors.torch import save

    from stemgan.files import whole_file

    broken = [name for name, value in tensors.items() if not torch.isfinite(value).all()]
    if broken:
        kind = str(tensors[broken[0]].dtype).removeprefix("torch.")
        raise InputError(
            f"{path} cannot be written: weights {broken[0]} are not finite in {kind}; {hint}"
        )
    with whole_file(path) as temporary:
        # Not save_file: it makes files that only their owner can read.
        made = save({name: value.contiguous() for name, value in tensors.items()}, header)
        with temporary.open("wb") as file:
            file.writelines(_in_order(made))


def _in_order(made: bytes) -> "tuple[bytes, memoryview]":
    """Put a file's words in order, which safetensors writes in a random one.

    The file is the length of its head in 8 bytes, the head in JSON, filled up by spaces to a
    multiple of 8 bytes, and the tensors.
    """
    end = 8 + int.from_bytes(made[:8], "little")
    head = json.loads(made[8:end])
    if "__metadata__" in head:
        head["__metadata__"] = dict(sorted(head["__metadata__"].items()))
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, memoryview(made)[end:]
