"""Where the waves of a lattice are that a grid of dots cannot tell apart.

Waves of frequencies f and f + (i, j) / pitch have the same values on a regular grid of dots.
Which of them a specimen holds follows from what lattices are like, and, where dots lie on whole
pixels and their pitch is none, a little from the values themselves.
"""

from stemgan.baselines.aliases.dots import DotGrid, find_dot_grid
from stemgan.baselines.aliases.placing import place_waves

__all__ = ["DotGrid", "find_dot_grid", "place_waves"]
