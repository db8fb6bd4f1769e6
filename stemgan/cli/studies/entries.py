"""From entries of a configuration to what optimising and adaptive scans are given."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.errors import InputError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from stemgan.cli.overrides import Configuration
    from stemgan.scan.physics import Timing
    from stemgan.study.sources import Source


def main_of(
    argv: list[str],
    usage: str,
    run: "Callable[[DictConfig, bool], None]",
    command: "Configuration",
) -> None:
    """Run a command of Hydra overrides, without its many jobs.

    Parameters
    ----------
    argv : the words after the command's name.
    usage : what --help prints.
    run : called with the configuration, and whether figures are to be printed as JSON.
    command : the `Configuration`.
    """
    from stemgan.cli.overrides import composed

    if any(flag in argv for flag in ("-h", "--help")):
        print(usage)
        return
    words = [word for word in argv if word != "--json"]
    if any(word.startswith("-") for word in words):
        from stemgan.cli.hydra_jobs import leave_to_hydra

        if words != argv or any(word in ("-m", "--multirun") for word in words):
            raise InputError(f"one {command.command} runs at a time: leave out -m")
        leave_to_hydra(words, lambda config: run(config, False), command)
        return
    run(composed(words, command), words != argv)


def given(config: "DictConfig", name: str, what: str) -> Any:  # noqa: ANN401 (whatever it holds)
    """Return an entry that has no default.

    Raises
    ------
    InputError : it is missing.
    """
    from omegaconf import OmegaConf

    if OmegaConf.is_missing(config, name):
        raise InputError(f"{name}= is missing: give {what}")
    return config[name]


def images_of(config: "DictConfig") -> "tuple[Source, ...]":
    """Find the images of `images` and `crop`, or simulate those of `synthetic`.

    Raises
    ------
    InputError : an image that cannot be used.
    """
    from omegaconf import OmegaConf

    from stemgan.cli.studies.asking import entries_of, files_of
    from stemgan.study.sources import SYNTHETIC, sources_of

    given(config, "images", "a folder of images, or synthetic")
    entries: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore
    files = files_of(entries["images"])
    # The crop of the configuration is for files: simulated images have a size.
    crop = None if files == [SYNTHETIC] else config.crop
    sources = sources_of(files, entries_of(entries, "synthetic"), crop=crop)
    if not sources:
        raise InputError("images names no image: give one or more")
    return sources


def timing_of(config: "DictConfig", dwell: float) -> "Timing":
    """Return the times of a microscope."""
    from stemgan.scan.physics import Timing

    times = {name: number(f"timing.{name}", config.timing[name]) for name in config.timing}
    return Timing(**{"dwell": dwell, **times})


def number(name: str, value: object) -> float:
    """Read a number, which may be written as a fraction such as 1/20.

    Raises
    ------
    InputError : it is none.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    try:
        top, _, bottom = str(value).partition("/")
        return float(top) / float(bottom or 1)
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{name}={value}: give a number, such as 0.05 or 1/20") from None


def pair(config: "DictConfig", name: str) -> tuple[float, float]:
    """Read a range, written [least, most].

    Raises
    ------
    InputError : it is none.
    """
    from omegaconf import ListConfig

    value = config[name]
    if not isinstance(value, ListConfig) or len(value) != 2:
        raise InputError(f"{name}={value}: give a range as [least, most]")
    return number(name, value[0]), number(name, value[1])


def output_folder(config: "DictConfig", images: "tuple[Source, ...]", kind: str) -> Path:
    """Make the folder that results go into, with those above it.

    Parameters
    ----------
    config : with output_dir.
    images : must not lie in it.
    kind : of work, see `stemgan.study.folders.make`.

    Raises
    ------
    InputError : it cannot be made, or holds the images or another kind of work.
    """
    from stemgan.study.folders import make
    from stemgan.study.sources import Simulated

    name = str(given(config, "output_dir", "a folder for the results") or "")
    if not name:
        raise InputError("output_dir is empty: name a folder")
    folder = Path(name)
    files = [one.path for one in images if not isinstance(one, Simulated)]
    if folder.resolve() in {file.resolve().parent for file in files}:
        raise InputError(f"{folder} holds the images: choose another output_dir")
    make(folder, kind)
    return folder
