"""How networks are trained: one engine, and what each architecture does with it."""

from stemgan.training.stemgan import ReconstructionTraining

__all__ = ["ReconstructionTraining"]
