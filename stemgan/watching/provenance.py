"""What a run was made of: versions, revision, data, machine, in ``run.json``."""

import json
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

import stemgan
from stemgan.data.shards import ShardedImages
from stemgan.files import whole_file
from stemgan.provenance import machine, revision, versions


class Provenance(Callback):
    """Write ``run.json``: one entry each time the run starts, resumed ones too.

    Each has the time, the step it starts at, versions, the git revision of the code and whether
    it had been changed, the digest and the number of images of each dataset, and the machine.

    Parameters
    ----------
    folder : the run's.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / "run.json"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add this start."""
        if not trainer.is_global_zero:
            return
        starts = (
            json.loads(self.path.read_text("utf-8"))["starts"] if self.path.is_file() else []
        )
        datasets = _described(getattr(trainer, "datamodule", None))
        starts.append({"step": trainer.global_step, **_start(trainer, pl_module, datasets)})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(self.path) as temporary:
            temporary.write_text(json.dumps({"starts": starts}, indent=1), encoding="utf-8")


def _described(data: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (any data module, or none)
    """Describe what is trained on, as data that is no sharded dataset does itself."""
    if hasattr(data, "described"):
        return data.described()
    return [data_digest(path) for path in getattr(data, "datasets", [])]


def _start(
    trainer: Trainer, module: LightningModule, datasets: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": versions(),
        "code": revision(Path(stemgan.__file__).parent),
        "datasets": datasets,
        "parameters": sum(p.numel() for p in module.parameters() if p.requires_grad),
        "machine": machine(module.device),
        "processes": trainer.world_size,
        "precision": str(trainer.precision),
    }


def data_digest(path: str | Path) -> dict[str, Any]:
    """Return a dataset's name, its number of images, and a digest of everything in it.

    The digest is of what the dataset's own metadata says, which holds digests of all its files.
    """
    images = ShardedImages(path)
    labels = json.dumps(
        [images.columns, images.files, images.size], sort_keys=True, default=str
    )
    name = str(path).replace("\\", "/").rstrip("/").split("/")[-1]
    return {"name": name, "images": len(images), "sha256": sha256(labels.encode()).hexdigest()}
