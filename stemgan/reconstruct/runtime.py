"""Generators in ONNX files, run by onnxruntime on the CPU."""

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stemgan.errors import InputError
from stemgan.networks import Completion, Ede2020Completion, GeneratorConfig

FORMAT = "stemgan-onnx-2"


@dataclass(frozen=True, eq=False)
class OnnxGenerator:
    """A generator that onnxruntime runs on the CPU, called as a torch generator is.

    session : of onnxruntime.
    header : the file's metadata, as `load_generator` gives it.
    config : sizes, of architecture "stemgan"; None otherwise.
    """

    session: Any
    header: dict[str, Any]
    config: GeneratorConfig | None

    @classmethod
    def load(cls, path: Path, threads: int | None = None) -> "OnnxGenerator":
        """Load a file of `write_onnx`; `threads`: torch's number if None.

        Raises
        ------
        InputError : no such file, another ONNX file, or the extra `stemgan[onnx]` is missing.
        """
        if not path.is_file():
            raise InputError(f"there is no file {path}: see stemgan export --onnx")
        runtime = needed("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or torch.get_num_threads()
        options.log_severity_level = 3
        try:
            session = runtime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
            found = dict(session.get_modelmeta().custom_metadata_map)
        except Exception as error:  # onnxruntime's own errors share no other class
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{path} is not a readable ONNX file ({reason}): write it again by stemgan "
                "export --onnx"
            ) from error
        form = found.get("format", "")
        if form != FORMAT:
            if form.rpartition("-")[0] == FORMAT.rpartition("-")[0]:
                raise InputError(
                    f"{path} is of another version of stemgan: export it again from its run"
                )
            raise InputError(
                f"{path} is not an ONNX file of stemgan: see stemgan export --onnx"
            )
        header: dict[str, Any] = {
            key: json.loads(value) if value[:1] in ("{", "[") else value
            for key, value in found.items()
        }
        stemgan = header["architecture"] == "stemgan"
        config = GeneratorConfig.from_dict(header["generator"]) if stemgan else None
        return cls(session, header, config)

    @property
    def architecture(self) -> str:
        """Its name."""
        return self.header["architecture"]

    def __call__(self, *inputs: Tensor) -> Completion | Ede2020Completion:
        """Complete; tensors on the CPU, as the torch generator takes them."""
        names = [each.name for each in self.session.get_inputs()]
        feed = {
            name: np.ascontiguousarray(tensor.numpy(), np.float32)
            for name, tensor in zip(names, inputs, strict=True)
        }
        image, *rest = (torch.from_numpy(array) for array in self.session.run(None, feed))
        if self.config is None:
            return Ede2020Completion(image, None)
        *raw, std, raw_std = rest
        return Completion(image, raw[0] if raw else image, std.log(), raw_std.log(), None)


def needed(module: str) -> Any:  # noqa: ANN401 (a module)
    """Import a module of the extra.

    Raises
    ------
    InputError : it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"ONNX needs {module}: install it by pip install 'stemgan[onnx]'"
        ) from error
