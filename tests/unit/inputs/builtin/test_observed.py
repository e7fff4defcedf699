"""The aerosol that observation supports: dust, absorption, stations, and the choice of it."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from aeroforcing.core import resources
from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.grids.regridding import regrid
from aeroforcing.inputs.builtin.aerosol import builtin_aerosol, builtin_species, with_sea_salt_modes
from aeroforcing.inputs.builtin.observed import (
    DUST_MEANS,
    REACH,
    chosen_aerosol,
    dust_means,
    first_guess,
    mixed,
    observed_depths,
    observed_species,
    station_ratio,
    stations_for,
)
from aeroforcing.inputs.builtin.stations import station_climatologies
from aeroforcing.observations.cross_validation import evaluate
from aeroforcing.optics.species import SPECIES

GRID = gaussian_grid("T42")
YEAR = range(1, 13)


@pytest.fixture(scope="module")
def aerosol():
    return chosen_aerosol(grid=GRID)


@pytest.fixture(scope="module")
def guess():
    return first_guess(grid=GRID, months=YEAR)


def at_stations(field):
    """Means of model and station SSA over the months of each site, weighted by AOD."""
    stations = station_climatologies()
    there = field.interp(lat=stations.lat, lon=stations.lon % 360.0)
    weight = there.aod.where(stations.ssa.notnull())
    total = weight.sum("month")
    model, site = ((x * weight).sum("month") / total for x in (there.ssa, stations.ssa))
    return (model - site).values, dict(zip(stations.station.values, model.values, strict=True))


def test_the_table_of_stations_names_a_source_for_every_figure():
    stations = station_climatologies()
    assert stations.ssa.dims == stations.asymmetry.dims == ("station", "month")
    assert stations.ssa.notnull().any("month").all()
    assert 0.8 < float(stations.ssa.min()) < float(stations.ssa.max()) < 1.0
    assert all(stations.source.values)
    taihu = stations.ssa.sel(station="Taihu")
    assert taihu.month[taihu.notnull()].values.tolist() == [9, 10, 11]
    # between 0.956 at 440 nm and 0.953 at 675 nm
    assert float(taihu.sel(month=9)) == pytest.approx(0.956 - 0.003 * 110 / 235)


def test_the_first_guess_agrees_with_the_stations(guess):
    difference, _ = at_stations(guess)
    assert abs(difference.mean()) < 0.01
    assert np.sqrt((difference**2).mean()) < 0.035


@pytest.mark.parametrize(
    ("site", "low", "high"),
    [("Alta_Floresta", 0.89, 0.95), ("Mongu", 0.83, 0.89), ("Taihu", 0.90, 0.96)],
)
def test_absorption_at_known_sites(aerosol, site, low, high):
    assert low < at_stations(aerosol)[1][site] < high


def test_stations_that_are_left_out_are_foretold_no_worse_than_by_the_first_guess():
    guess = mixed(with_sea_salt_modes(observed_depths().to_dataset("species")))
    scores = evaluate(guess.ssa, station_climatologies(), quantity="ssa", radius=REACH)
    before, after = (
        float(scores.rmse.sel(estimate=name))
        for name in ("background", "inverse_distance_left_out")
    )
    assert after <= before + 1e-12


def test_absorption_of_the_globe_land_and_ocean(aerosol):
    with xr.open_dataset(resources.path("surface.nc")) as stored:
        land = regrid(stored["land_fraction"].load(), GRID)

    def mean(field, weight):
        return float(global_mean(annual_mean(field * weight)) / global_mean(weight))

    everywhere = xr.ones_like(land)
    assert 0.0058 < mean((1 - aerosol.ssa) * aerosol.aod, everywhere) < 0.0080
    for weight, expected in ((land, 0.93), (1 - land, 0.97)):  # Devi and Satheesh (2022)
        ssa = mean(aerosol.ssa * aerosol.aod, weight) / mean(aerosol.aod, weight)
        assert ssa == pytest.approx(expected, abs=0.025)


def test_dust_is_that_of_midas_and_the_total_that_of_modis():
    depths = observed_depths()
    assert dust_means(depths) == pytest.approx(DUST_MEANS, rel=1e-3)
    with xr.open_dataset(resources.path("observed_10x15.nc")) as stored:
        observed = stored["aod"].load()
    boxes = regrid(depths.sum("species"), "10x15").where(observed.notnull())
    assert float(global_mean(boxes - observed).mean()) == pytest.approx(0, abs=0.006)
    assert float(xr.corr(boxes, observed)) > 0.95


def test_smoke_of_african_savannas_has_more_black_carbon_and_absorbs_more():
    old, new = (
        make(grid=GRID, months=[9]).isel(month=0) for make in (builtin_species, observed_species)
    )

    def share(species, lat, lon):
        here = species.sel(lat=lat, lon=lon, method="nearest")
        return float(here.black_carbon / (here.black_carbon + here.organic_carbon))

    assert share(new, -12, 20) > share(old, -12, 20) + 0.1
    for place in ((-10, 305), (35, 10), (30, 115)):
        assert share(new, *place) == pytest.approx(share(old, *place), rel=1e-3)


def test_absorption_exponents_are_those_of_smoke_and_dust(aerosol):
    exponent = aerosol.angstrom + aerosol.coalbedo_angstrom

    def of(month, lat, lon):
        return float(exponent.sel(month=month).sel(lat=lat, lon=lon, method="nearest"))

    assert 1.0 < of(9, -12, 20) < 1.5
    assert 1.0 < of(9, -10, 305) < 1.5
    assert 1.8 < of(7, 22, 0) < 2.4


def test_the_ratio_of_a_station_does_not_step_between_months():
    ratio = station_ratio()
    assert float(abs(np.log(ratio)).max()) < 1.0
    far = ratio.sel(lat=-60, lon=0, method="nearest")
    assert far.values == pytest.approx(np.ones(12))
    guess = mixed(with_sea_salt_modes(observed_depths().to_dataset("species")))
    stations = stations_for(guess)
    months = stations.month[stations.ssa.sel(station="Mongu").notnull()].values.tolist()
    assert months == [7, 8, 9, 10, 11]


def test_some_months_and_some_rows_are_those_of_the_whole(aerosol):
    rows = GRID.isel(lat=slice(10, 14))
    some = chosen_aerosol(grid=rows, months=[2, 9])
    whole = aerosol.sel(month=[2, 9]).isel(lat=slice(10, 14))
    for name in ("aod", "ssa", "aerosol_profile"):
        np.testing.assert_array_equal(some[name].values, whole[name].values)


def test_a_profile_is_a_share_and_species_sum_to_the_aod(aerosol):
    assert aerosol.aerosol_profile.sum("sigma_layer").values == pytest.approx(
        np.ones((12, 64, 128))
    )
    species = observed_species(grid=GRID, months=YEAR)
    assert set(species.data_vars) == set(SPECIES)
    assert sum(species.data_vars.values()).values == pytest.approx(aerosol.aod.values, rel=1e-12)


def test_the_aerosol_of_the_paper_is_kept_bit_for_bit():
    for optics in ("chung2012", "merra2"):
        chosen = chosen_aerosol(grid=GRID, months=[4], optics=optics, aerosol="chung2012")
        xr.testing.assert_identical(chosen, builtin_aerosol(grid=GRID, months=[4], optics=optics))
    with pytest.raises(InputError, match="'mine' is unknown; use 'observed' or 'chung2012'"):
        chosen_aerosol(grid=GRID, months=[4], aerosol="mine")


def test_black_carbon_of_the_north_is_less():
    old, new = (
        make(grid=GRID, months=[1]).isel(month=0) for make in (builtin_species, observed_species)
    )

    def share(species, lat):
        here = species.sel(lat=lat, lon=10, method="nearest")
        return float(here.black_carbon / sum(here.data_vars.values()))

    assert 0.5 < share(new, 53) / share(old, 53) < 0.6
    assert share(new, 35) == pytest.approx(share(old, 35), rel=0.03)
