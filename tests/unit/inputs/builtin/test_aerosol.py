"""Amount, composition, spectral exponents and profile of the built-in aerosol."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.columns.vertical_profiles import layer_shares
from aeroforcing.core import resources
from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.grids.regridding import regrid
from aeroforcing.inputs.builtin.aerosol import (
    builtin_aerosol,
    builtin_profile,
    builtin_species,
    observed_factor,
    tegen_profile,
    with_sea_salt_modes,
)
from aeroforcing.optics.mixtures import species_exponents, spectral_exponents
from aeroforcing.optics.species import SPECIES, SPECIES_SSA

GRID = gaussian_grid("T42")


@pytest.fixture(scope="module")
def aerosol():
    return builtin_aerosol(grid=GRID)


@pytest.fixture(scope="module")
def land():
    with xr.open_dataset(resources.path("surface.nc")) as stored:
        return regrid(stored["land_fraction"].load(), GRID)


def mixture(**species):
    return xr.Dataset({name: ((), species.get(name, 0.0)) for name in SPECIES})


def test_complete_and_in_range(aerosol):
    limits = {
        "aod": (0.004, 1.2),
        "ssa": (0.74, 1.0),
        "asymmetry": (0.6, 0.85),
        "angstrom": (-0.2, 2.1),
        "coalbedo_angstrom": (-2.0, 1.4),
    }
    for name, (low, high) in limits.items():
        values = aerosol[name]
        assert values.dims == ("month", "lat", "lon")
        assert values.shape == (12, 64, 128)
        assert np.isfinite(values.values).all()
        assert float(values.min()) >= low
        assert float(values.max()) <= high


@pytest.mark.parametrize(
    ("where", "aod", "ssa", "asymmetry"),
    [
        ("globe", 0.1335, 0.922, 0.692),
        ("land", 0.149, 0.904, 0.666),
        ("ocean", 0.127, 0.931, 0.704),
    ],
)
def test_annual_means_agree_with_an_independent_calculation(
    aerosol, land, where, aod, ssa, asymmetry
):
    """The same sources worked through by separate code; area- and day-weighted."""
    weight = {"globe": xr.ones_like(land), "land": land, "ocean": 1 - land}[where]

    def mean(field):
        return float(global_mean(annual_mean(field * weight)) / global_mean(weight))

    tau, scattering = aerosol.aod, aerosol.aod * aerosol.ssa
    assert mean(tau) == pytest.approx(aod, abs=0.002)
    assert mean(scattering) / mean(tau) == pytest.approx(ssa, abs=0.002)
    g = mean(scattering * aerosol.asymmetry) / mean(scattering)
    assert g == pytest.approx(asymmetry, abs=0.002)


def test_aod_is_observed_where_there_are_observations(aerosol):
    with xr.open_dataset(resources.path("observed_10x15.nc")) as stored:
        observed = stored["aod"].load()
    boxes = regrid(aerosol.aod, "10x15").where(observed.notnull())
    assert float(global_mean(boxes - observed).mean()) == pytest.approx(0, abs=0.006)
    assert float(np.sqrt(global_mean((boxes - observed) ** 2).mean())) < 0.03
    assert float(xr.corr(boxes, observed)) > 0.95


def test_the_factor_is_smooth_and_moderate():
    factor = observed_factor()
    assert np.isfinite(factor.values).all()
    assert 0.05 < float(factor.min()) < float(factor.max()) < 12
    logarithm = np.log(factor.values)
    east = np.abs(np.diff(logarithm, axis=-1, append=logarithm[..., :1]))
    assert east.max() < 0.8
    assert np.abs(np.diff(logarithm, axis=1)).max() < 1.1


@pytest.mark.parametrize(
    ("month", "lat", "lon", "low", "high"),
    [
        (7, 18, 335, 0.25, 1.0),  # Saharan dust over the Atlantic
        (1, 8, 5, 0.4, 1.1),  # harmattan and fires of West Africa
        (9, -10, 310, 0.2, 0.9),  # fires of the Amazon
        (4, 27, 80, 0.25, 0.9),  # northern India
        (7, -25, 240, 0.03, 0.12),  # clean Pacific
        (1, -80, 90, 0.0, 0.05),  # Antarctica
    ],
)
def test_known_places(aerosol, month, lat, lon, low, high):
    place = aerosol.aod.sel(month=month).sel(lat=lat, lon=lon, method="nearest")
    assert low <= float(place) <= high


def test_composition_of_known_places(aerosol):
    july = aerosol.sel(month=7)
    sahara = july.sel(lat=20, lon=5, method="nearest")
    amazon = aerosol.sel(month=9).sel(lat=-10, lon=305, method="nearest")
    pacific = july.sel(lat=10, lon=190, method="nearest")
    assert float(sahara.angstrom) < 0.4 < 1.3 < float(amazon.angstrom)
    assert float(amazon.ssa) < 0.87 < 0.93 < float(sahara.ssa) < 0.97 < float(pacific.ssa)
    assert float(pacific.asymmetry) > 0.7 > 0.66 > float(amazon.asymmetry)


def test_profile_is_a_share_of_the_column(aerosol):
    profile = aerosol.aerosol_profile
    assert profile.dims == ("month", "lat", "lon", "sigma_layer")
    assert float(profile.min()) >= 0
    assert profile.sum("sigma_layer").values == pytest.approx(np.ones((12, 64, 128)), abs=1e-12)
    interface = aerosol.sigma_interface.values
    assert interface.size == profile.sizes["sigma_layer"] + 1
    assert interface[0] == 0
    assert interface[-1] == 1
    assert np.all(np.diff(interface) > 0)


def test_a_little_over_half_of_the_aod_lies_above_two_kilometres(aerosol):
    """58 % in the independent calculation; 2 km is about sigma 0.785."""
    layers = global_mean(annual_mean(aerosol.aerosol_profile * aerosol.aod)).values
    below = np.interp(0.785, aerosol.sigma_interface.values, np.append(0, np.cumsum(layers)))
    assert below / layers.sum() == pytest.approx(0.57, abs=0.04)


def test_some_months_are_those_of_the_whole_year(aerosol):
    some = builtin_aerosol(grid=GRID, months=[2, 11])
    xr.testing.assert_allclose(some, aerosol.sel(month=[2, 11]))


def test_species_sum_to_the_aod(aerosol):
    species = builtin_species(grid=GRID)
    assert set(species.data_vars) == set(SPECIES)
    total = sum(species.data_vars.values())
    assert total.values == pytest.approx(aerosol.aod.values, rel=1e-12)


def test_sea_salt_is_split_without_loss():
    modes = with_sea_salt_modes(xr.Dataset({"sea_salt": 0.1, "dust": 0.2}))
    assert float(modes.sea_salt_fine + modes.sea_salt_coarse) == pytest.approx(0.1)
    assert float(modes.dust) == 0.2
    assert "sea_salt" not in modes


def test_exponents_of_single_species_order_by_particle_size():
    extinction, absorption = species_exponents()
    assert set(extinction) == set(SPECIES)
    assert extinction["organic_carbon"] > extinction["sulfate"] > extinction["sea_salt_fine"]
    assert extinction["sea_salt_fine"] > extinction["dust"] > extinction["sea_salt_coarse"] > -0.3
    assert absorption["black_carbon"] == pytest.approx(1.17, abs=0.01)


@pytest.mark.parametrize("name", SPECIES)
def test_a_single_species_keeps_its_exponents(name):
    extinction, absorption = species_exponents()
    exponents = spectral_exponents(mixture(**{name: 0.2}))
    assert float(exponents.angstrom) == pytest.approx(extinction[name])
    kappa = absorption[name] - extinction[name] if SPECIES_SSA[name] < 1 else 0.0
    assert float(exponents.coalbedo_angstrom) == pytest.approx(kappa)


def test_without_aerosol_exponents_are_zero_and_missing_stays_missing():
    none = spectral_exponents(mixture())
    assert float(none.angstrom) == float(none.coalbedo_angstrom) == 0
    missing = spectral_exponents(mixture(dust=np.nan, sulfate=0.1))
    assert np.isnan(missing.angstrom)
    assert np.isnan(missing.coalbedo_angstrom)


amounts = st.lists(st.floats(0.001, 1), min_size=len(SPECIES), max_size=len(SPECIES))


@settings(max_examples=30, deadline=None)
@given(amounts, st.floats(0.1, 10))
def test_exponents_of_a_mixture(values, scale):
    """They lie between those of the species and do not depend on the amount."""
    amount = dict(zip(SPECIES, values, strict=True))
    exponents = spectral_exponents(mixture(**amount))
    scaled = spectral_exponents(mixture(**{name: scale * x for name, x in amount.items()}))
    slopes = species_exponents()[0].values()
    assert min(slopes) < float(exponents.angstrom) < max(slopes)
    for name in exponents.data_vars:
        assert float(scaled[name]) == pytest.approx(float(exponents[name]), abs=1e-9)


# ---- the profile at a place ---------------------------------------------------------------------


def test_profile_at_a_place_is_that_of_the_maps():
    grid = gaussian_grid("T42")
    maps = builtin_profile(grid=grid, months=[7])
    i, j = 40, 7
    place = {"latitude": float(grid.lat[i]), "longitude": float(grid.lon[j])}
    found = tegen_profile(**place, month=7)
    expected = maps.isel(month=0, lat=i, lon=j).values
    assert found.shares / found.shares.sum() == pytest.approx(expected)
    west = tegen_profile(latitude=place["latitude"], longitude=place["longitude"] - 360.0, month=7)
    assert west.shares == pytest.approx(found.shares)


def test_dust_lies_higher_than_sea_salt():
    place = {"latitude": 15.0, "longitude": -30.0, "month": 7}
    atmosphere = af.standard_atmosphere("tropical")
    middle = 0.5 * (atmosphere.altitude_levels[1:] + atmosphere.altitude_levels[:-1])

    def height(species):
        profile = tegen_profile(**place, species=species)
        return (layer_shares(profile, atmosphere=atmosphere) * middle).sum()

    assert height("dust") > 1.5 * height("sea_salt")
    assert height("sea_salt") < height(None) < height("dust")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"species": "ash"}, "'ash' is unknown"),
        ({"month": 13}, "months"),
        ({"latitude": 91.0}, "lat"),
    ],
)
def test_impossible_places(change, message):
    with pytest.raises(InputError, match=message):
        tegen_profile(**({"latitude": 0.0, "longitude": 0.0, "month": 1} | change))
