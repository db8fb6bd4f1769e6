"""Dotted names of a configuration: where one leaves it, and what was nearly meant."""

import inspect
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from stemgan.errors import InputError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig


def check_name(config: "DictConfig", override: "Override", see: str) -> None:
    """Walk down a dotted name, and say where it leaves the configuration.

    Parameters
    ----------
    config : the configuration without it.
    override : what names something.
    see : where the entries are listed.

    Raises
    ------
    InputError : the name leads nowhere; with what it is nearest to.
    """
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
            raise InputError(_unknown(config, node, parts, depth, override, see))
        node = _child(node, part)


def _check_added(node: "DictConfig", parts: list[str], depth: int) -> None:
    """Refuse an added entry that its class does not take."""
    taken = _taken(node)
    if taken and parts[depth] not in taken:
        where = ".".join(parts[:depth])
        raise InputError(f"{where} takes no {parts[depth]!r}: {near_miss(parts[depth], taken)}")


def _unknown(
    config: "DictConfig",
    node: "DictConfig",
    parts: list[str],
    depth: int,
    one: "Override",
    see: str,
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
    hint = f"choose from {', '.join(before + key for key in siblings)}" if siblings else see
    hint = f"did you mean {near[0]!r}?" if near else hint
    return f"there is no {name!r} in the configuration: {hint}"


def near_miss(name: Any, known: Sequence[str]) -> str:  # noqa: ANN401 (a user's value)
    """Name the nearest of what there is, or all of it."""
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
