"""The frame: what importing costs, one version everywhere, configurations, the README."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

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
EXPERIMENTS = sorted((ROOT / "conf" / "experiment").glob("*.yaml"))


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
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0] for line in lines if not line.startswith("#")}
    assert {re.match(r"[\w-]+", name)[0] for name in wanted} <= pinned
    assert not [line for line in lines if "+" in line.partition("==")[2]]


def test_there_are_experiments() -> None:
    assert "demo_cpu" in [path.stem for path in EXPERIMENTS]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda path: path.stem)
def test_an_experiment_composes(experiment: Path) -> None:
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(config_dir=str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", overrides=[f"experiment={experiment.stem}"])
    assert config


def test_every_configuration_is_yaml() -> None:
    from omegaconf import OmegaConf

    paths = sorted((ROOT / "conf").rglob("*.yaml"))
    assert paths
    for path in paths:
        assert OmegaConf.load(path) is not None, path


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
