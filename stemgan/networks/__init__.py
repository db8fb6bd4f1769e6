"""Networks: tensors in, tensors out; none knows what a spiral is."""

from stemgan.networks.config import GeneratorConfig
from stemgan.networks.discriminator import DiscriminatorConfig, Discriminators
from stemgan.networks.ede2020 import Ede2020Completion, Ede2020Config, Ede2020Generator
from stemgan.networks.generator import Completion, Generator

__all__ = [
    "Completion",
    "DiscriminatorConfig",
    "Discriminators",
    "Ede2020Completion",
    "Ede2020Config",
    "Ede2020Generator",
    "Generator",
    "GeneratorConfig",
]
