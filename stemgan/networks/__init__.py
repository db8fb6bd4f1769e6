"""Networks: tensors in, tensors out; none knows what a spiral is."""

from stemgan.networks.generator import Completion, Generator, GeneratorConfig

__all__ = ["Completion", "Generator", "GeneratorConfig"]
