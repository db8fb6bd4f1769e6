"""Scans that choose their next positions by what is not known yet.

A first, sparse path is scanned and completed; the calibrated deviation of the completion says
what is not known; the next positions go where a unit of scan time is expected to take most of
it; and so on, until a budget of time and dose is spent. `Scanner` is what a microscope must
offer, `SimulatedScanner` one that is simulated.
"""

from stemgan.adaptive.budget import Budget, cost, fitted
from stemgan.adaptive.loop import MOTIONS, Adapted, Complete, Strategy, Sure, adaptive_scan
from stemgan.adaptive.scanner import Scanner, Spent, Stroke
from stemgan.adaptive.simulated import SimulatedScanner

__all__ = [
    "MOTIONS",
    "Adapted",
    "Budget",
    "Complete",
    "Scanner",
    "SimulatedScanner",
    "Spent",
    "Strategy",
    "Stroke",
    "Sure",
    "adaptive_scan",
    "cost",
    "fitted",
]
