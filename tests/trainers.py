"""Trainers for tests: on the CPU, without a word, leaving nothing behind."""

from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer


def quiet(folder: Path, **options: Any) -> Trainer:
    """Make a trainer that works in a folder."""
    usual = {"accelerator": "cpu", "logger": False, "enable_checkpointing": False}
    silent = {"enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(**{**usual, **silent, "default_root_dir": str(folder), **options})
