"""The lattice that the measured pixels of any scan show, found as a crystallographer would.

Kriging learns wave by wave, and wave by wave a lattice under a wide gap drowns. Its waves
together do not: all of them lie on the lattice that any two of them span.
"""

from stemgan.baselines.lattices.evidence import WaveEvidence, strongest, wave_evidence
from stemgan.baselines.lattices.search import Found, Lattice, find_lattice
from stemgan.baselines.lattices.seeding import is_sought, seeded

__all__ = [
    "Found",
    "Lattice",
    "WaveEvidence",
    "find_lattice",
    "is_sought",
    "seeded",
    "strongest",
    "wave_evidence",
]
