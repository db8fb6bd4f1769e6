"""Small training runs, in this process or as a user starts them."""

import csv
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from stemgan.cli import main

GENERATORS = {
    "stemgan": "{widths:[8,8,8],depths:[1,1,1],half_width:4,outer_width:4,spectral:4}",
    "ede2020": "{inner:[4,4,8,8,8],blocks:1,outer:[4,4],outer_blocks:1}",
}
DISCRIMINATORS = "{scales:[16,32],side:16,widths:[4,8],padding:16}"
BATCHES = 7
"""In an epoch, of two samples each."""


def overrides(model: str, dataset: Path, output: Path) -> list[str]:
    """List the overrides of a tiny model on crops of 64 px."""
    chosen = {
        "stemgan": ["model=stemgan_s", "data.crops.families=[spiral,dots]"],
        "ede2020": ["model=ede2020", "data=ede2020", "data.crops.pitch=8"],
    }
    return [
        *chosen[model],
        f"++model.generator={GENERATORS[model]}",
        f"++model.discriminators={DISCRIMINATORS}",
        f"data.datasets=[{dataset.as_posix()}]",
        f"output_dir={output.as_posix()}",
        "data.crops.size=64",
        "data.num_workers=0",
        "data.batch_size=2",
        f"data.samples_per_epoch={2 * BATCHES}",
        "trainer.log_every_n_steps=1",
        "trainer.val_check_interval=6",
        "+trainer.enable_progress_bar=false",
    ]


def train(words: list[str]) -> None:
    """Train in this process, with one thread as in others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert main(["train", *words]) == 0
    finally:
        torch.set_num_threads(threads)


def start(
    words: list[str], folder: Path, *, command: str = "train", **environment: str
) -> subprocess.Popen:
    """Start `stemgan train` in a process of its own, which says what it does in a file."""
    script = shutil.which("stemgan", path=str(Path(sys.executable).parent))
    if script is None:  # not installed, as in a bare checkout
        script = str(folder / "stemgan.py")
        code = "import sys\nfrom stemgan.cli import main\nsys.exit(main())\n"
        Path(script).write_text(code, encoding="utf-8")
    path = os.pathsep.join(part for part in sys.path if part)
    where = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **environment}
    with (folder / "said.txt").open("a") as said:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", script, *command.split(), *words],
            env=where,
            stdout=said,
            stderr=said,
            cwd=folder,
        )


def await_steps(path: Path, run: subprocess.Popen, folder: Path) -> None:
    """Wait for a checkpoint with some steps in it."""
    deadline = time.monotonic() + 120
    while not (path.is_file() and checkpoint(path)["global_step"]):
        said = (folder / "said.txt").read_text(encoding="utf-8")
        assert run.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.02)


def checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint."""
    return torch.load(path, weights_only=True)


def figures(output: Path, version: int = 0) -> dict[tuple[int, str], float]:
    """Read what one start of a run has logged: (step, name) to value; speeds are left out."""
    found = {}
    path = output / "metrics" / f"version_{version}" / "metrics.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if value and "/" in name and not name.startswith(("speed/", "memory/")):
                    found[int(row["step"]), name] = float(value)
    return found
