"""How networks are trained: one engine, and what each architecture does with it."""

from stemgan.training.divergence import Diverged
from stemgan.training.ede2020 import Ede2020Training
from stemgan.training.engine import Engine
from stemgan.training.stemgan import ReconstructionTraining

__all__ = ["Diverged", "Ede2020Training", "Engine", "ReconstructionTraining"]
