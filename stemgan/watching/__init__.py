"""Callbacks that watch a training: checkpoints, pictures, curves, speed, provenance."""

from stemgan.watching.checkpoints import LastCheckpoint, Stopped, best_checkpoint

__all__ = ["LastCheckpoint", "Stopped", "best_checkpoint"]
