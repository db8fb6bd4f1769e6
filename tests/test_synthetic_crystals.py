import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemgan.synthetic import cpu, nodes
from stemgan.synthetic.columns import chemistry, fill
from stemgan.synthetic.defects import distort, edge_dislocation, separated, twinned
from stemgan.synthetic.objects import columns
from stemgan.synthetic.probe import Probe, probe, wavelength
from stemgan.synthetic.projection import (
    CUBIC_AXES,
    HEXAGONAL_AXES,
    Projection,
    imagined,
    project,
    random_projection,
)
from stemgan.synthetic.structures import ATOMIC_NUMBER, STRUCTURES

NUMBERS = {s.name: i for i, s in enumerate(STRUCTURES)}


def test_atomic_numbers_are_those_of_the_periodic_table():
    some = {"C": 6, "O": 8, "Si": 14, "Ti": 22, "Sr": 38, "La": 57, "Pt": 78, "Au": 79, "U": 92}
    assert {name: ATOMIC_NUMBER[name] for name in some} == some


@pytest.mark.parametrize("index", range(len(STRUCTURES)))
def test_atoms_of_structures_are_as_far_apart_as_bonds_are_long(index):
    structure = STRUCTURES[index]
    apart = structure.sites[:, None] - structure.sites[None]
    steps = np.stack(np.meshgrid(*[(-1, 0, 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    distance = np.linalg.norm((apart[:, :, None] + steps) @ structure.cell, axis=-1)
    assert 1.4 < distance[distance > 1e-6].min() < 3.7  # Å
    volume = abs(np.linalg.det(structure.cell)) / len(structure.sites)
    assert 5 < volume < 55  # Å³ an atom


@pytest.mark.parametrize(
    ("name", "axis", "spacing"),
    [
        ("Au (fcc)", (1, 0, 0), 4.078 / 2),  # a square lattice of a / 2
        ("Au (fcc)", (1, 1, 1), 4.078 / np.sqrt(6)),
        ("Fe (bcc)", (1, 1, 1), 2.866 * np.sqrt(2) / np.sqrt(3)),
        ("Si (diamond)", (1, 1, 0), 5.431 / 4),  # the dumbbell
        ("SrTiO (perovskite)", (1, 0, 0), 3.905 / 2),
        ("CC (honeycomb)", (0, 0, 1), 2.461 / np.sqrt(3)),
    ],
)
def test_projected_columns_have_textbook_distances(name, axis, spacing):
    assert project(NUMBERS[name], axis).nearest() == pytest.approx(spacing, rel=1e-3)


def test_projections_keep_the_density_of_atoms():
    for index, structure in enumerate(STRUCTURES):
        for axis in HEXAGONAL_AXES if structure.hexagonal else CUBIC_AXES:
            seen = project(index, axis)
            repeat = np.linalg.norm(np.array(axis) @ structure.cell)
            area = abs(np.linalg.det(seen.cell))
            volume = abs(np.linalg.det(structure.cell))
            assert area * repeat == pytest.approx(volume, rel=1e-6)
            assert len(seen.atoms) <= len(structure.sites)


def test_columns_scatter_by_their_atomic_numbers():
    seen = project(NUMBERS["SrTiO (perovskite)"], (1, 0, 0))
    strontium, titanium_oxygen = 38**1.7, 22**1.7 + 8**1.7
    assert sorted(seen.weight)[-2] == pytest.approx(titanium_oxygen / strontium)
    assert seen.weight.max() == 1


@given(st.integers(0, 2**32 - 1))
def test_drawn_projections_can_be_resolved(seed):
    rng = np.random.default_rng(seed)
    assert random_projection(rng).nearest() > 0.7
    odd = imagined(rng)
    assert len(odd.atoms) == len(odd.weight) >= 1
    assert ((odd.atoms >= 0) & (odd.atoms <= 1)).all()


def _square(spacing=2.0):
    return Projection("square", spacing * np.eye(2), np.zeros((1, 2)), np.ones(1))


@pytest.mark.parametrize("seed", range(10))
def test_columns_of_a_crystal_have_its_density(seed):
    rng = np.random.default_rng(seed)
    material = random_projection(rng)
    crystal = fill(material, (120, 150), 0.25, rng, margin=0)
    assert ((crystal.place >= 0) & (crystal.place <= (120, 150))).all()
    per_area = len(material.atoms) / abs(np.linalg.det(material.cell)) * 0.25**2
    assert len(crystal) == pytest.approx(per_area * 120 * 150, rel=0.15)


@pytest.mark.parametrize("seed", range(8))
def test_defects_keep_columns_finite_and_most_of_them(seed):
    rng = np.random.default_rng(seed)
    crystal = fill(_square(), (100, 100), 0.2, rng)
    changed = chemistry(distort(crystal, (100, 100), rng), rng)
    assert len(changed) >= len(crystal)
    assert np.isfinite(changed.place).all()
    assert (changed.height >= 0).all()


def test_a_circuit_around_a_dislocation_closes_but_for_its_burgers_vector():
    burgers = np.array([0.0, 7.0])
    turn = np.linspace(-np.pi + 1e-4, np.pi - 1e-4, 2000)
    # The displacement jumps where x < 0, y = 0: the half plane that ends at the core.
    circle = 40 * np.stack([np.sin(turn), np.cos(turn)], 1)
    field = edge_dislocation(circle, burgers, 0.1)
    steps = np.diff(np.concatenate([field, field[:1]]), axis=0)
    jump = np.abs(steps).max(0)
    assert jump[1] == pytest.approx(7.0, rel=0.01)
    assert jump[0] < 0.1


def test_twins_are_mirror_images_without_close_columns():
    from scipy.spatial import KDTree

    oblique = Projection(
        "oblique", np.array([[0, 2.0], [2.1, 0.7]]), np.zeros((1, 2)), np.ones(1)
    )
    for seed in range(6):
        rng = np.random.default_rng(seed)
        crystal = fill(oblique, (80, 80), 0.2, rng)
        twin = twinned(crystal, (80, 80), rng)
        inside = twin.place[((twin.place > 5) & (twin.place < 75)).all(1)]
        gap = KDTree(twin.place).query(inside, k=2)[0][:, 1]
        assert gap.min() > 3.5  # px; the lattice's own least distance is 10


def test_crystals_that_meet_share_no_column():
    rng = np.random.default_rng(0)
    first, second = fill(_square(), (60, 60), 0.2, rng), fill(_square(), (60, 60), 0.2, rng)
    border = np.concatenate([first.place, second.place])[:, 0] - 30
    both = separated(first, second, border, 6.0)
    from scipy.spatial import KDTree

    assert KDTree(both.place).query(both.place, k=2)[0][:, 1].min() >= 6.0
    assert 0 < len(both) < len(first) + len(second)


def test_electrons_have_relativistic_wavelengths():
    assert wavelength(100) == pytest.approx(0.03701, abs=1e-5)  # Å
    assert wavelength(200) == pytest.approx(0.02508, abs=1e-5)


def _point(by, shape=(128, 128), pixel_size=0.1):
    where = np.array([[64.0, 64.0]])
    point = columns(shape, where, np.ones(1), np.full(1, 0.3))
    return cpu.render(probe(point, by, pixel_size))


def test_a_perfect_probe_makes_an_airy_disc():
    by = Probe(300, 25.0, (0, 0, 0, 0, 0, 0), 0.0)
    disc = _point(by)[64, 64:]
    first_zero = 0.6098 / by.radius / 0.1  # px
    assert abs(int(np.argmin(disc[: int(1.4 * first_zero)])) - first_zero) < 0.6
    assert disc[1] / disc[0] > 0.8


@given(st.integers(0, 2**32 - 1))
def test_probes_keep_the_signal_and_never_make_it_negative(seed):
    by = Probe.random(np.random.default_rng(seed))
    blank = cpu.render(probe(nodes.constant((32, 40), 0.7), by, 0.1))
    np.testing.assert_allclose(blank, 0.7, rtol=1e-4)
    assert _point(by, (128, 128)).min() > -0.02


def test_aberrations_and_the_source_spread_the_probe():
    sharp = _point(Probe(300, 25.0, (0, 0, 0, 0, 0, 0), 0.0)).max()
    for by in (
        Probe(300, 25.0, (0.5, 0, 0, 0, 0, 0), 0.0),
        Probe(300, 25.0, (0, 0.5, 0, 0, 0, 0), 0.0),
        Probe(300, 25.0, (0, 0, 0, 0.5, 0, 0), 0.0),
        Probe(300, 25.0, (0, 0, 0, 0, 0, 0.5), 0.0),
        Probe(300, 25.0, (0, 0, 0, 0, 0, 0), 0.4),
    ):
        assert _point(by).max() < 0.9 * sharp
