"""Scripts of the benchmarks, imported as they import each other: by their names alone."""

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@contextmanager
def scripts(
    patch: pytest.MonkeyPatch, folder: Path, names: Iterable[str]
) -> Iterator[Callable[[str], ModuleType]]:
    """Give what imports a script, and afterwards forget all of them.

    Parameters
    ----------
    patch : takes the folder among those that Python looks in.
    folder : of the scripts.
    names : of all that are imported from it; modules of these names come back afterwards.
    """
    patch.syspath_prepend(str(folder))
    before = {name: sys.modules.pop(name, None) for name in names}
    yield importlib.import_module
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module
