"""What measuring means: y = A x + n with A = diag(mask), along the order of the scan path."""

from stemgan.measurement.measure import forward, measure, measure_at
from stemgan.measurement.noise import Noise, shot_noise
from stemgan.measurement.partial import FEWEST_PIXELS, SMALLEST_SIDE, Image, PartialScan
from stemgan.measurement.positions import Points, bin_points, scan_of_points
from stemgan.measurement.scale import Scale, intensity_scale

__all__ = [
    "FEWEST_PIXELS",
    "SMALLEST_SIDE",
    "Image",
    "Noise",
    "PartialScan",
    "Points",
    "Scale",
    "bin_points",
    "forward",
    "intensity_scale",
    "measure",
    "measure_at",
    "scan_of_points",
    "shot_noise",
]
