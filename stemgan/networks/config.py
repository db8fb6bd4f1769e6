"""Sizes of the generator."""

from dataclasses import asdict, dataclass
from typing import Any

from stemgan.errors import InputError, check_whole


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of the generator.

    widths : channels of the inner stage at 1/4, 1/8 and 1/16 of the image's size.
    depths : residual blocks there, on the way down and (but for the last) up again.
    half_width : channels that the inner stage gives at half size.
    outer_width : channels of the outer stage.
    spectral : hidden channels of the spectral blocks.
    noise : channels of white noise that texture is made of; 0 for none.

    Raises
    ------
    InputError : not three widths and depths, or one that is no such number.
    """

    widths: tuple[int, int, int] = (48, 96, 128)
    depths: tuple[int, int, int] = (2, 2, 3)
    half_width: int = 16
    outer_width: int = 16
    spectral: int = 32
    noise: int = 0

    def __post_init__(self) -> None:
        for name in ("widths", "depths"):
            values = getattr(self, name)
            if not isinstance(values, tuple) or len(values) != 3:
                raise InputError(f"generator {name} {values}: give a list of three")
            for value in values:
                check_whole(f"generator {name}", value, 1)
        for name in ("half_width", "outer_width", "spectral"):
            check_whole(f"generator {name}", getattr(self, name), 1)
        check_whole("generator noise", self.noise, 0)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "GeneratorConfig":
        """Make a config from what `to_dict` gave (lists for tuples, as JSON has it)."""
        sizes: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**sizes)

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes by name."""
        return asdict(self)


DEFAULT = GeneratorConfig()
"""Sizes that two CPU cores can train."""
