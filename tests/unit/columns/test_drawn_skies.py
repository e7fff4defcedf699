"""Overlapping clouds that allow too many skies to list: each sample draws its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.montecarlo_checks import assert_unbiased
from numba import njit

import aeroforcing as af
from aeroforcing.columns import sky
from aeroforcing.columns.column import column_arrays
from aeroforcing.core.errors import InputError
from aeroforcing.forcing.column import solve_columns
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.sun import sun_at_zenith
from aeroforcing.transport.overlap import RULES, sky_depth
from aeroforcing.transport.random_numbers import child_key, uniform

TABLE = load_gas_table("g112")
LEVELS = np.concatenate([[40e3, 20e3, 12e3, 9e3, 7e3, 5e3], np.arange(4000.0, -1.0, -500.0)])
N = LEVELS.size - 1
FRACTION = np.zeros(N)
FRACTION[[3, 6, 7, 8, 10, 11]] = 0.3, 0.2, 0.5, 0.4, 0.3, 0.6
CLOUDY = FRACTION > 0.0
LAYERS = af.CloudLayers(
    fraction=FRACTION,
    liquid=np.where(CLOUDY & (np.arange(N) > 4), 3.0, 0.0),
    ice=np.where(np.arange(N) == 3, 0.8, 0.0),
)
TEN = af.CloudLayers(  # 1023 skies
    fraction=np.where(np.arange(N) > 3, np.linspace(0.1, 0.5, N), 0.0),
    liquid=np.where(np.arange(N) > 3, 2.0, 0.0),
)
SLABS = [
    af.Cloud(base=400.0, top=1700.0, optical_depth=6.0, fraction=0.3, phase="liquid"),
    af.Cloud(base=2000.0, top=3000.0, optical_depth=0.0, fraction=0.5),
    af.Cloud(base=5500.0, top=11e3, optical_depth=1.0, fraction=0.4, phase="ice"),
]
FLUXES = ("toa_up", "surface_down", "forcing_toa", "forcing_surface", "toa_up_clean")


def column(clouds=LAYERS, overlap="maximum_random"):
    return af.Column(
        atmosphere=af.standard_atmosphere("tropical", levels=LEVELS),
        aerosol=af.Aerosol(aod=0.4, ssa=0.88, asymmetry=0.65, angstrom=1.4),
        surface_albedo=0.15,
        clouds=clouds,
        overlap=overlap,
    )


def arrays(*columns, cell_id=None):
    keys = range(len(columns)) if cell_id is None else cell_id
    return column_arrays(list(columns), table=TABLE, cell_id=list(keys))


@pytest.fixture
def few(monkeypatch):
    """No skies are listed but those of a single cloud."""
    monkeypatch.setattr(sky, "MOST_STATES", 1)


# ---- against the list of all skies --------------------------------------------------------------


def compared(monkeypatch, a_column, *, photons):
    """t-values of fluxes with drawn skies against those with all skies listed."""
    found = []
    for most, seed in ((10_000, 1), (1, 2)):
        monkeypatch.setattr(sky, "MOST_STATES", most)
        found.append(af.column_fluxes(a_column, cos_zenith=0.6, photons=photons, seed=seed))
    listed, drawn = found
    t = []
    for name in FLUXES:
        errors = [float(one[f"{name}_stderr"]) for one in found]
        assert errors[1] < max(0.01 * abs(float(listed[name])), 0.4)  # W m-2
        t.append(float(drawn[name] - listed[name]) / np.hypot(*errors))
    return t


@pytest.mark.parametrize("overlap", RULES)
def test_fluxes_are_those_of_all_skies(overlap, monkeypatch):
    t = compared(monkeypatch, column(overlap=overlap), photons=2**15)
    assert_unbiased(t, names=FLUXES)


def test_slabs_of_several_layers_and_one_without_depth(monkeypatch):
    """The empty one counts too: by it the others overlap at random."""
    t = compared(monkeypatch, column(SLABS, "maximum_random"), photons=2**15)
    assert_unbiased(t, names=FLUXES)


def test_ten_layers_are_drawn_as_they_come(monkeypatch):
    """1023 skies, more than are listed by default."""
    many = column(TEN, "exponential")
    assert arrays(many).cloud_fraction.shape == (1, 1)
    assert_unbiased(compared(monkeypatch, many, photons=2**15), names=FLUXES)


@pytest.mark.slow
@pytest.mark.parametrize("overlap", RULES)
def test_fluxes_are_those_of_all_skies_precisely(overlap, monkeypatch):
    t = compared(monkeypatch, column(TEN, overlap), photons=2**19)
    assert_unbiased(t, names=FLUXES)


@pytest.mark.slow
def test_profiles_are_those_of_all_skies(monkeypatch):
    found = []
    for most, seed in ((10_000, 3), (1, 4)):
        monkeypatch.setattr(sky, "MOST_STATES", most)
        found.append(af.column_profiles(column(), cos_zenith=0.6, photons=2**13, seed=seed))
    listed, drawn = found
    for name in ("flux_down", "forcing_profile"):
        error = np.hypot(listed[f"{name}_stderr"], drawn[f"{name}_stderr"]).values
        difference = (drawn[name] - listed[name]).values
        assert_unbiased(difference[error > 0.0] / error[error > 0.0])


# ---- how they are drawn -------------------------------------------------------------------------


@njit
def depths_drawn(skies, cell, depth, draws, total):
    cloudy, drawn = np.zeros(skies.chain.shape[1]), np.zeros(depth.size)
    for i in range(draws):
        key = child_key(np.uint64(9), i)
        total += sky_depth(skies, cell, depth, uniform(key, 10_000), key, cloudy, drawn)


@pytest.mark.parametrize("clouds", [LAYERS, TEN, SLABS], ids=["layers", "ten", "slabs"])
def test_mean_of_drawn_depths_is_that_of_the_state(clouds, few):
    made = arrays(column(clouds, "exponential"))
    total = np.zeros(N)
    depths_drawn(made.drawn_skies, 0, made.cloud_depth[0, 0], 100_000, total)
    assert total / 100_000 == pytest.approx(made.cloud_depth[0, 0], abs=0.02)


def test_sixty_layers_are_one_state():
    many = replace(
        column(),
        atmosphere=af.standard_atmosphere("tropical", levels=np.linspace(30e3, 0.0, 61)),
        clouds=af.CloudLayers(fraction=np.full(60, 0.2), liquid=np.full(60, 0.2)),
        overlap="random",
    )
    made = arrays(many)
    cover = 1.0 - 0.8**60
    assert made.cloud_fraction == pytest.approx(cover)
    assert made.cloud_depth[0, 0] == pytest.approx(np.full(60, 0.2 * 0.2 / cover))
    found = af.column_fluxes(many, cos_zenith=0.6, photons=2**10)
    assert float(found.toa_up_clean) > float(found.toa_up_clean_cs)


def test_columns_beside_each_other_are_as_alone(few):
    """Drawn skies, listed ones and a clear column: the bits depend on its own clouds only."""
    exclusive = column(
        [af.Cloud(base=b, top=b + 1e3, optical_depth=5.0, fraction=0.2) for b in (1e3, 5e3)],
        "exclusive",
    )
    columns = [exclusive, column(), column((), "exclusive"), column(TEN)]

    def solved(chosen):
        made = arrays(*(columns[i] for i in chosen), cell_id=chosen)
        sun = sun_at_zenith(cos_zenith=[0.6] * len(chosen), solar_constant=1361.0)
        return solve_columns(TABLE, made, sun, samples=8, clean=True, seed=5)

    together = solved([0, 1, 2, 3])
    for i in range(len(columns)):
        assert np.array_equal(together[i], solved([i])[0])


def test_what_is_listed_stays_listed():
    made = arrays(column(SLABS, "random"))
    assert made.cloud_fraction.shape == (1, 7)
    assert made.drawn_skies is None


# ---- what cannot be drawn -----------------------------------------------------------------------


def test_clouds_that_share_a_layer(few):
    clouds = [
        af.Cloud(base=base, top=base + 200.0, optical_depth=1.0, fraction=0.5)
        for base in (100.0, 3050.0, 3300.0)
    ]
    with pytest.raises(InputError, match="levels part them"):
        arrays(column(clouds, "random"))


def test_no_kernels_of_drawn_skies():
    with pytest.raises(InputError, match=r"kernels=True: .* at most 64"):
        af.column_fluxes(column(TEN, "random"), cos_zenith=0.5, photons=64, kernels=True)
    with pytest.raises(InputError, match=r"kernels=True: .* at most 64"):
        af.column_forcing(column(TEN, "random"), latitude=0.0, months=[1], photons=64, kernels=True)


def test_no_attribution_under_drawn_skies():
    aerosol = af.Aerosol(aod=0.1, ssa=0.9, asymmetry=0.7, angstrom=1.0)
    two = replace(column(TEN, "random"), aerosol=[aerosol, aerosol])
    with pytest.raises(InputError, match=r"species_forcing: .* at most 64"):
        af.species_forcing(two, latitude=0.0, months=[1], photons=64)
