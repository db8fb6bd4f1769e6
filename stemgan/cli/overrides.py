"""From words such as data.batch_size=4 to a configuration, or to what was nearly meant."""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
                raise InputError(f"{name} has no choice {choice!r}: {_near(choice, options)}")
    config = _compose([_first(one) for one, _ in groups], of, hydra=True)
    chosen = [id(one) for one, _ in groups]
    for one in overrides:
        if id(one) not in chosen:
            _check_name(config, one, of)


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


def _check_name(config: "DictConfig", override: "Override", of: Configuration) -> None:
    """Walk down a dotted name, and say where it leaves the configuration."""
    from omegaconf import DictConfig

    node: Any = config
    parts = override.key_or_group.split("@")[0].replace("/", ".").split(".")
    for depth, part in enumerate(parts):
        if not isinstance(node, DictConfig):
            return  # an entry of a list or of a reference: Hydra's to judge
        known = [str(key) for key in node]
        if part not in known:
            if (override.is_add() or override.is_force_add()) and depth > 0:
                _check_added(node, parts, depth)
                return
            raise InputError(_unknown(config, node, parts, depth, override, of))
        node = _child(node, part)


def _check_added(node: "DictConfig", parts: list[str], depth: int) -> None:
    """Refuse an added entry that its class does not take."""
    taken = _taken(node)
    if taken and parts[depth] not in taken:
        where = ".".join(parts[:depth])
        raise InputError(f"{where} takes no {parts[depth]!r}: {_near(parts[depth], taken)}")


def _unknown(
    config: "DictConfig",
    node: "DictConfig",
    parts: list[str],
    depth: int,
    one: "Override",
    of: Configuration,
) -> str:
    name, part = ".".join(parts), parts[depth]
    before = "".join(f"{parent}." for parent in parts[:depth])
    if part in _taken(node):
        return f"{name} is not in the configuration yet: write +{one.input_line} to add it"
    siblings = dict.fromkeys([*map(str, node), *_taken(node)])
    siblings = [key for key in siblings if key not in ("_target_", "hydra")]
    paths = list(_paths(config))
    near = [before + key for key in get_close_matches(part, siblings, n=1)]
    whole = [".".join([key, *parts[depth + 1 :]]) for key in near]
    near = [path for path in whole if path in paths] or near
    near = near or [path for path in paths if path.split(".")[-1] == parts[-1]][:1]
    near = near or get_close_matches(parts[-1], paths, n=1)
    hint = f"choose from {', '.join(before + key for key in siblings)}" if siblings else of.see
    hint = f"did you mean {near[0]!r}?" if near else hint
    return f"there is no {name!r} in the configuration: {hint}"


def _near(name: Any, known: Sequence[str]) -> str:  # noqa: ANN401 (a user's value)
    near = get_close_matches(str(name), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known)}"


def _taken(node: "DictConfig") -> list[str]:
    """List what the class that a node names takes."""
    from hydra.utils import get_object

    target = node.get("_target_") if "_target_" in node else None
    if not isinstance(target, str):
        return []
    parameters = inspect.signature(get_object(target)).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return []
    return [parameter.name for parameter in parameters if parameter.kind in kinds]


def _paths(node: "DictConfig", before: str = "") -> Iterator[str]:
    """Yield every dotted name of the configuration, Hydra's own left out."""
    from omegaconf import DictConfig

    for key in map(str, node):
        if key == "_target_" or (not before and key == "hydra"):
            continue
        yield before + key
        child = _child(node, key)
        if isinstance(child, DictConfig):
            yield from _paths(child, f"{before}{key}.")


def _child(node: "DictConfig", key: str) -> Any:  # noqa: ANN401 (whatever it holds)
    """Return an entry without following references; None where there is nothing yet."""
    from omegaconf import OmegaConf

    if OmegaConf.is_missing(node, key) or OmegaConf.is_interpolation(node, key):
        return None
    return node[key]
