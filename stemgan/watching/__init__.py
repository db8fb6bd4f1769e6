"""Callbacks that watch a training: checkpoints, pictures, curves, speed, provenance."""

from stemgan.errors import Stopped
from stemgan.watching.best import best_checkpoint
from stemgan.watching.checkpoints import LastCheckpoint
from stemgan.watching.curves import ErrorCurves
from stemgan.watching.panels import Panels
from stemgan.watching.progress import Progress
from stemgan.watching.provenance import Provenance
from stemgan.watching.stopping import UntilLossesPart
from stemgan.watching.throughput import Throughput

__all__ = [
    "ErrorCurves",
    "LastCheckpoint",
    "Panels",
    "Progress",
    "Provenance",
    "Stopped",
    "Throughput",
    "UntilLossesPart",
    "best_checkpoint",
]
