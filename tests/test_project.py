"""The frame: what importing costs, one version everywhere, configurations, the README."""

import inspect
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import stemgan
from stemgan.cli import COMMANDS

ROOT = Path(__file__).parents[1]
HEAVY = (
    "torch",
    "lightning",
    "numba",
    "scipy",
    "matplotlib",
    "zarr",
    "hydra",
    "wandb",
    "numpy",
)
OPTIONS = sorted(
    f"{path.parent.name}={path.stem}"
    for path in ROOT.glob("conf/*/*.yaml")
    if path.parent.name not in ("study", "catalogue")  # of other commands, and tested there
)
"""Every choice of a configuration group of the training, as an override."""


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh interpreter that sees the source roots, installed or not."""
    roots = os.pathsep.join(str(ROOT / name) for name in (".", "kernels", "data_prep"))
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": roots},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Top-level modules that are loaded after `code` ran."""
    report = (
        "\nimport sys; print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    result = run_python(code + report, *arguments)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.rpartition("LOADED")[2].split())


def test_help_names_the_families_and_methods_that_there_are() -> None:
    from stemgan.baselines import METHODS
    from stemgan.cli.common import FAMILY_NAMES, METHOD_NAMES
    from stemgan.scan import FAMILIES

    assert tuple(FAMILY_NAMES.split(", ")) == FAMILIES
    assert tuple(METHOD_NAMES.split(", ")) == tuple(METHODS)


def test_importing_stemgan_imports_nothing_heavy() -> None:
    assert not loaded_by("import stemgan, stemgan.cli").intersection(HEAVY)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_s_help_imports_nothing_heavy(command: str) -> None:
    code = """
import sys
from stemgan.cli import main
try:
    main([sys.argv[1], "--help"])
except SystemExit as leaving:
    assert not leaving.code
"""
    assert not loaded_by(code, command).intersection(HEAVY)


def test_source_roots_are_no_packages() -> None:
    for root in ("kernels", "data_prep"):
        assert not (ROOT / root / "__init__.py").exists()


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "stemgan/__init__.py"
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d\S*)\]", changelog, re.MULTILINE)[0] == stemgan.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {stemgan.__version__}\n" in citation


def test_every_dependency_has_its_constraint() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = sum(project["optional-dependencies"].values(), project["dependencies"])
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0] for line in lines if not line.startswith("#")}
    assert {re.match(r"[\w-]+", name)[0] for name in wanted} <= pinned | {"stemgan"}
    assert not [line for line in lines if "+" in line.partition("==")[2]]


def composed(*overrides: str) -> dict[str, Any]:
    """Compose the training configuration, with every reference resolved."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", ["data.datasets=[somewhere]", *overrides])
    return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)


def targets(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each class that a configuration names, with its arguments."""
    if not isinstance(node, dict):
        return
    if "_target_" in node:
        yield node["_target_"], {key: node[key] for key in node if key != "_target_"}
    for child in node.values():
        yield from targets(child)


def test_the_experiment_of_the_shipped_weights_is_there() -> None:
    assert "experiment=demo_cpu" in OPTIONS


@pytest.mark.parametrize("option", ["", *OPTIONS])
def test_a_configuration_names_classes_and_arguments_that_exist(option: str) -> None:
    from hydra.utils import get_class

    found = list(targets(composed(option) if option else composed()))
    assert len(found) > 3
    for name, arguments in found:
        inspect.signature(get_class(name)).bind(**arguments)


class TestReadme:
    """The first page that a stranger reads stays short and true."""

    text = (ROOT / "README.md").read_text(encoding="utf-8")

    def test_starts_with_a_picture_and_stays_short(self) -> None:
        assert re.match(r"# stemgan\n+!\[[^\]]+\]\(docs/demo\.png\)", self.text)
        assert len(self.text.splitlines()) <= 150

    def test_names_every_command_and_no_other(self) -> None:
        blocks = "".join(re.findall(r"```sh\n(.*?)```", self.text, re.DOTALL))
        named = re.findall(r"`stemgan ([a-z]+)", self.text)
        named += re.findall(r"^stemgan ([a-z]+)", blocks, re.MULTILINE)
        assert set(named) == set(COMMANDS)

    def test_links_lead_somewhere(self) -> None:
        links = re.findall(r"\]\((?!https?:|#)([^)#]+)", self.text)
        assert links
        assert [link for link in links if not (ROOT / link).exists()] == []
