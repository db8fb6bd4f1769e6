"""From words such as data.batch_size=4 to a configuration, or to what was nearly meant."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stemgan.cli.near_names import check_name, near_miss
from stemgan.errors import InputError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig


class Configuration(NamedTuple):
    """A configuration of `conf`, and the command that it is of.

    name : of its YAML file, without the suffix.
    command : what is typed after "stemgan".
    each : what is done with each of several values.
    """

    name: str
    command: str
    each: str

    @property
    def see(self) -> str:
        """Where the entries are listed."""
        return f"(see stemgan {self.command} --cfg job)"


TRAIN = Configuration("train", "train", "train with each")


def configuration_folder() -> Path:
    """Return the folder of the YAML files: in an installed package, or in a checkout."""
    import stemgan

    package = Path(stemgan.__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def composed(words: Sequence[str], of: Configuration = TRAIN) -> "DictConfig":
    """Compose the configuration of one run; names such as the folder of this minute are fixed.

    Parameters
    ----------
    words : the overrides.
    of : which configuration.

    Raises
    ------
    InputError : an override that names nothing, with what it is nearest to.
    """
    from omegaconf import OmegaConf

    with complaints(of):
        parsed = _parsed(words, of)
        for override in parsed:
            if override.is_sweep_override():
                raise InputError(
                    f"{override.input_line} has several values: add -m to {of.each}, "
                    "or write [...] for a list"
                )
        with _initialised():
            _check(parsed, of)
            config = _compose(words, of)
        OmegaConf.resolve(config)
    return config


def check(words: Sequence[str], of: Configuration = TRAIN) -> None:
    """Refuse mistyped overrides of a run of many jobs before the first one starts.

    Raises
    ------
    InputError : an override, or a value that one of the jobs would get, names nothing.
    """
    with complaints(of), _initialised():
        _check(_parsed(words, of), of)


@contextmanager
def complaints(of: Configuration = TRAIN) -> Iterator[None]:
    """Turn what Hydra and OmegaConf raise into sentences."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(f"{_sentence(error)} {of.see}") from error


def _sentence(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__


@contextmanager
def _initialised() -> Iterator[None]:
    from hydra import initialize_config_dir

    with initialize_config_dir(str(configuration_folder()), version_base="1.3"):
        yield


def _compose(words: Sequence[str], of: Configuration, *, hydra: bool = False) -> "DictConfig":
    from hydra import compose

    return compose(of.name, list(words), return_hydra_config=hydra)


def _parsed(words: Sequence[str], of: Configuration) -> "list[Override]":
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parsed = []
    for word in words:
        try:
            override = OverridesParser.create().parse_override(word)
        except HydraException as error:
            raise InputError(f"{word!r} is no override: write NAME=VALUE {of.see}") from error
        if not isinstance(override.key_or_group, str) or not override.key_or_group:
            raise InputError(f"{word!r} names nothing: write NAME=VALUE {of.see}")
        parsed.append(override)
    return parsed


def _check(overrides: "list[Override]", of: Configuration) -> None:
    """Check choices of groups first: what names there are follows from them."""
    groups = [(one, options) for one in overrides if (options := _options(one))]
    for one, options in groups:
        name = one.key_or_group
        for choice in [] if one.is_delete() else _choices(one):
            if choice is None:
                raise InputError(f"{name} cannot be null: write ~{name} to leave it out")
            if choice not in options:
                raise InputError(
                    f"{name} has no choice {choice!r}: {near_miss(choice, options)}"
                )
    config = _compose([_first(one) for one, _ in groups], of, hydra=True)
    chosen = [id(one) for one, _ in groups]
    for one in overrides:
        if id(one) not in chosen:
            check_name(config, one, of.see)


def _options(override: "Override") -> list[str]:
    """Return the choices of the group that an override names; none if it is no group."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.object_type import ObjectType

    loader = GlobalHydra.instance().config_loader()
    return loader.get_group_options(override.key_or_group, ObjectType.CONFIG)


def _choices(override: "Override") -> list[Any]:
    """List the values of an override: several if it is swept over, or a list."""
    if override.is_sweep_override():
        return [value.strip("'\"") for value in override.sweep_string_iterator()]
    value = override.value()
    return list(value) if isinstance(value, list) else [value]


def _first(override: "Override") -> str:
    """Return the override as Hydra takes it for a single run."""
    if not override.is_sweep_override():
        return override.input_line or ""
    key = (override.input_line or "").partition("=")[0]
    return f"{key}={next(iter(override.sweep_string_iterator()))}"
