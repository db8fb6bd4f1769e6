"""What something was made of: versions, the code's revision, the machine."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import stemgan

if TYPE_CHECKING:
    import torch

_PACKAGES = (
    *("torch", "lightning", "numpy", "numba", "torchmetrics", "hydra-core", "wandb"),
    *("transformers", "scikit-learn"),
)


def versions(packages: Iterable[str] = _PACKAGES) -> dict[str, str]:
    """Return the versions of stemgan, Python and packages, by default of all that train."""
    found = {"stemgan": stemgan.__version__, "python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    torch = sys.modules.get("torch")  # slow to import, and without it no CUDA was used
    if torch is not None and torch.version.cuda:
        found["cuda"] = torch.version.cuda
    return found


def revision(folder: Path) -> dict[str, Any] | None:
    """Return a folder's git revision, and whether files differ; None where there is none."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        return done.stdout.strip()

    try:
        if not git("ls-files", "--", "."):  # installed inside somebody else's repository
            return None
        changed = bool(git("status", "--porcelain", "--untracked-files=no"))
        return {"revision": git("rev-parse", "HEAD"), "changed": changed}
    except (OSError, subprocess.SubprocessError):
        return None


def machine(device: "torch.device | None" = None) -> dict[str, Any]:
    """Describe the machine, and the device where something runs."""
    found: dict[str, Any] = {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }
    if device is not None:
        found["device"] = str(device)
    if device is not None and device.type == "cuda":
        import torch

        properties = torch.cuda.get_device_properties(device)
        found["gpu"] = properties.name
        found["gpu_mb"] = properties.total_memory // 2**20
        found["gpus"] = torch.cuda.device_count()
    return found


def _processor() -> str:
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
