"""Reconstructor: weights and a partial scan in, image and uncertainty out, at any size."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from stemgan.calibration import Calibrated, Calibration, Intervals
from stemgan.errors import InputError
from stemgan.measurement import PartialScan
from stemgan.networks import Ede2020Generator, Generator
from stemgan.reconstruct.estimates import Estimate, Image, estimate, estimate_2020, white_noise
from stemgan.reconstruct.runtime import OnnxGenerator
from stemgan.weights import DEFAULT_MODEL, find_weights, load_generator

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What a network makes of a partial scan, in the scan's own unit.

    image : the network's estimate at every pixel, the measured ones too, (H, W) float32.
    std : its standard deviation from the blurred truth, (H, W) float32: calibrated, or the
        network's own where its weights hold no calibration; None if it estimates none.
    seconds : how long it took, the loading of the weights left out.
    calibrated : what quantiles follow from, where the weights hold a calibration.
    """

    image: Image
    std: Image | None
    seconds: float
    calibrated: Calibrated | None = None

    @property
    def quantiles(self) -> Image | None:
        """What the blurred truth lies below with a probability of 5, 50 and 95 %, (3, H, W)."""
        return self.calibrated.intervals().quantiles if self.calibrated else None

    @property
    def raw(self) -> Intervals | None:
        """Deviation and quantiles of the raw truth, whose pixels have noise of their own."""
        return self.calibrated.intervals("raw") if self.calibrated else None


@dataclass(frozen=True, eq=False)
class Reconstructor:
    """A generator that is loaded once and called for every partial scan.

    The estimate is the posterior mean: measured pixels are noisy, so that the network's opinion
    of them is returned and not the measurement pasted over it. Weights that were trained
    against discriminators give a likely image instead, whose texture follows from a seed.

    Attributes
    ----------
    generator : an `Ede2020Generator`, or what is called as `estimates.estimate` says.
    device : where it runs.
    name : the model's name.
    sha256 : hash of its weights file, for the record.
    seed : of the texture: the same seed gives the same image of the same scan.
    calibration : what makes the deviation right, where the weights file holds it.
    """

    generator: Callable[..., Any]
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    name: str = ""
    sha256: str = ""
    seed: int = 0
    calibration: Calibration | None = None

    @classmethod
    def load(
        cls, model: str | Path = DEFAULT_MODEL, device: str = "auto", seed: int = 0
    ) -> "Reconstructor":
        """Load a model's weights.

        Parameters
        ----------
        model : name of a shipped model, a safetensors file, or a file of `stemgan export
            --onnx`, which onnxruntime runs on the CPU.
        device : "auto" (CUDA where there is some), "cpu" or "cuda".
        seed : of the texture that adversarial weights make, 0 or more.

        Raises
        ------
        InputError : there is no such model or device, the file cannot be read, its calibration
            is damaged, a bad seed, or an ONNX file on another device than the CPU.
        """
        if seed < 0:
            raise InputError(f"seed {seed} is negative: choose 0 or more")
        place = choose_device(device)
        generator: Callable[..., Any]
        if Path(model).suffix == ".onnx":
            if device == "cuda":
                raise InputError(f"{model} runs on the CPU alone: leave out --device cuda")
            place, file = torch.device("cpu"), Path(model)
            generator = OnnxGenerator.load(file)
            header = generator.header
        else:
            made, header = load_generator(model)
            generator, file = made.to(place), find_weights(model)
        digest = sha256(file.read_bytes()).hexdigest()
        found = header.get("calibration")
        calibration = None if found is None else Calibration.from_dict(found)
        return cls(generator, place, file.stem, digest, seed, calibration)

    @property
    def noise(self) -> int:
        """Count the channels of noise that texture is made of; 0 where there is no choice."""
        if isinstance(self.generator, Generator):
            return self.generator.config.noise
        config = self.generator.config if isinstance(self.generator, OnnxGenerator) else None
        return config.noise if config else 0

    @property
    def uncertain(self) -> bool:
        """Tell whether the network estimates its own standard deviation."""
        return self._stride is None

    @property
    def _stride(self) -> int | None:
        """By what the 2020 generator needs sides to be divisible; None for other networks."""
        if isinstance(self.generator, OnnxGenerator):
            return 1 if self.generator.architecture == "ede2020" else None
        return self.generator.STRIDE if isinstance(self.generator, Ede2020Generator) else None

    def __call__(self, scan: PartialScan) -> Reconstruction:
        """Complete a partial scan.

        Raises
        ------
        RuntimeError : the network returned values that are not finite.
        """
        start = time.perf_counter()
        try:
            with torch.inference_mode():
                made = self._estimate(scan)
        except FloatingPointError as error:
            message = f"model {self.name} returned values that are not finite"
            raise RuntimeError(message) from error
        std, calibrated = made.std, None
        if self.calibration is not None and std is not None:
            calibrated = Calibrated(self.calibration, scan, made.image, std)
            std = calibrated.intervals().std
        return Reconstruction(made.image, std, time.perf_counter() - start, calibrated)

    def _estimate(self, scan: PartialScan) -> Estimate:
        if self._stride is not None:
            return estimate_2020(self.generator, scan, self.device, self._stride)
        noise = white_noise(self.noise, scan.shape, self.seed)
        return estimate(self.generator, scan, self.device, noise)


def choose_device(device: str) -> torch.device:
    """Turn "auto", "cpu" or "cuda" into a torch device.

    Raises
    ------
    InputError : an unknown name, or CUDA where there is none.
    """
    if device not in DEVICES:
        raise InputError(f"device {device!r} is not known: choose one of {', '.join(DEVICES)}")
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise InputError("this machine has no CUDA device that torch can use: say --device cpu")
    return torch.device("cuda" if cuda and device != "cpu" else "cpu")
