"""Libraries that only the catalogue needs: imported when first used, refused in a sentence."""

from importlib import import_module
from types import ModuleType

from stemgan.errors import InputError

EXTRA = "pip install 'stemgan[catalogue]'"


def needed(module: str) -> ModuleType:
    """Import a module of the extra `catalogue`.

    Parameters
    ----------
    module : its name as Python imports it, for example "sklearn.manifold".

    Raises
    ------
    InputError : it is not installed, or does not import; the message says how to install it.

    Examples
    --------
    >>> needed("json").dumps([1])
    '[1]'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        raise InputError(f"{missing} is missing, which needs the extra: {EXTRA}") from error
    except (ImportError, OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{module} does not import ({reason}): it needs the extra: {EXTRA}"
        ) from error
