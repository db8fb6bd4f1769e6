"""Reconstructor: weights and a partial scan in, image and uncertainty out, at any size."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from stemgan.calibration import TRUTHS, Calibrated, Calibration
from stemgan.devices import DEVICES
from stemgan.errors import InputError
from stemgan.measurement import PartialScan
from stemgan.networks import Ede2020Generator, Generator
from stemgan.reconstruct.devices import choose_device
from stemgan.reconstruct.estimates import (
    Estimate,
    Prepared,
    estimate,
    estimate_2020,
    prepared,
    white_noise,
)
from stemgan.reconstruct.result import Reconstruction
from stemgan.reconstruct.runtime import OnnxGenerator
from stemgan.weights import DEFAULT_MODEL, find_weights, load_generator

__all__ = ["DEVICES", "Reconstruction", "Reconstructor", "choose_device"]


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
    sha256 : hash of its weights file, or of its ONNX file, for the record.
    seed : of the texture: the same seed gives the same image of the same scan.
    calibration : what makes the deviation right, where the weights file holds it.
    densest : the largest coverage that it was trained on, where the weights file says so.
    """

    generator: Callable[..., Any]
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    name: str = ""
    sha256: str = ""
    seed: int = 0
    calibration: Calibration | None = None
    densest: float | None = None

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
        name = header.get("name") or file.stem
        return cls(generator, place, name, digest, seed, calibration, _densest(header))

    @property
    def runtime(self) -> str:
        """Name what runs the network: torch or onnxruntime."""
        return "onnxruntime" if isinstance(self.generator, OnnxGenerator) else "torch"

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
        (ready,) = self._prepared([scan])
        return self._completed(scan, ready, start)

    def stream(self, scans: Iterable[PartialScan], batch: int = 0) -> Iterator[Reconstruction]:
        """Complete scans one after the other, in order, their infills in batches.

        Parameters
        ----------
        scans : any number, of any shapes; taken a batch at a time.
        batch : scans that are prepared together; 0: a thread each on CPUs, 16 on GPUs.

        Yields
        ------
        What single calls give, up to rounding; `seconds` is the share of a batch's time.
        """
        size = batch or (16 if self.device.type == "cuda" else torch.get_num_threads())
        turns = iter(scans)
        while chunk := list(islice(turns, size)):
            start = time.perf_counter()
            ready = self._prepared(chunk)
            share = (time.perf_counter() - start) / len(chunk)
            for scan, each in zip(chunk, ready, strict=True):
                yield self._completed(scan, each, time.perf_counter() - share)

    def samples(self, scan: PartialScan, count: int) -> list[Reconstruction]:
        """Draw likely images of a partial scan: textures of the seeds from this one's on.

        Parameters
        ----------
        scan : to be completed; its infills are found once.
        count : how many, 2 or more.

        Returns
        -------
        The samples; the first is what a call gives.

        Raises
        ------
        InputError : the weights make no texture, or fewer than 2 samples.
        RuntimeError : the network returned values that are not finite.
        """
        self.check_samples(count)
        start = time.perf_counter()
        (ready,) = self._prepared([scan])
        found = []
        for k in range(count):
            found.append(replace(self, seed=self.seed + k)._completed(scan, ready, start))
            start = time.perf_counter()
        return found

    def check_raw(self) -> None:
        """Refuse to tell the raw truth's completion where the network has but one.

        Raises
        ------
        InputError : it has but one.
        """
        if not self.uncertain:
            raise InputError(
                f"model {self.name} completes the blurred truth alone: leave out --raw or :raw"
            )

    def check_samples(self, count: int) -> None:
        """Refuse to draw samples where the weights make no texture, or fewer than 2 of them.

        Raises
        ------
        InputError : either.
        """
        if count < 2:
            raise InputError(f"{count} samples tell of no spread: draw 2 or more")
        if not self.noise:
            raise InputError(
                f"samples differ in texture, and model {self.name} makes none: say --model "
                "stemgan-s-adv, or leave out --samples"
            )

    def _completed(
        self, scan: PartialScan, ready: Prepared | None, start: float
    ) -> Reconstruction:
        try:
            with torch.inference_mode():
                made = self._estimate(scan, ready)
        except FloatingPointError as error:
            message = f"model {self.name} returned values that are not finite"
            raise RuntimeError(message) from error
        calibrated = None
        if self.calibration is not None and made.std is not None and made.raw_std is not None:
            calibrated = Calibrated(
                self.calibration, scan, made.image, made.raw, made.std, made.raw_std
            )
            std, raw_std = (calibrated.std_of(truth) for truth in TRUTHS)
            made = Estimate(made.image, made.raw, std, raw_std)
        return Reconstruction(*made, time.perf_counter() - start, calibrated)

    def _prepared(self, scans: list[PartialScan]) -> list[Prepared] | list[None]:
        """Find what the network starts from; the 2020 one takes the scan itself."""
        plain = self._stride is not None
        return [None] * len(scans) if plain else prepared(scans, self.device)

    def _estimate(self, scan: PartialScan, ready: Prepared | None) -> Estimate:
        if ready is None:
            return estimate_2020(self.generator, scan, self.device, self._stride or 1)
        noise = white_noise(self.noise, scan.shape, self.seed)
        return estimate(self.generator, ready, self.device, noise)


def _densest(header: dict[str, Any]) -> float | None:
    """Read from a weights file's header how dense the scans of its training were."""
    found: Any = header.get("training")
    for name in ("configuration", "data", "crops", "coverage"):
        found = found.get(name) if isinstance(found, dict) else None
    return float(found[1]) if isinstance(found, list) and len(found) == 2 else None
