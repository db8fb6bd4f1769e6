"""Scan paths: ordered probe positions, (n, 2) float64, (y, x) [px].

A joined path may leave the frame (a spiral that covers the corners, the turns of lines): the
beam is blanked there, so that only time passes. Paths of separate dots stay inside. Every path
visits its positions at equal time steps.
"""

from stemgan_kernels.paths.curves import hilbert, lissajous
from stemgan_kernels.paths.dots import dot_grid, poisson_disk, random_dots
from stemgan_kernels.paths.lines import interleaved, line_hop, raster, serpentine
from stemgan_kernels.paths.spirals import archimedean_spiral, fermat_spiral
from stemgan_kernels.paths.walks import jittered_grid

__all__ = [
    "archimedean_spiral",
    "dot_grid",
    "fermat_spiral",
    "hilbert",
    "interleaved",
    "jittered_grid",
    "line_hop",
    "lissajous",
    "poisson_disk",
    "random_dots",
    "raster",
    "serpentine",
]
