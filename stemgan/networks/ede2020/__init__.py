"""The network of Ede & Beanland (2020), as published."""

from stemgan.networks.ede2020.generator import (
    Ede2020Completion,
    Ede2020Config,
    Ede2020Generator,
    decimated,
    ede2020_input,
)

__all__ = [
    "Ede2020Completion",
    "Ede2020Config",
    "Ede2020Generator",
    "decimated",
    "ede2020_input",
]
