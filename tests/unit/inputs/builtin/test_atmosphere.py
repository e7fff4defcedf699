"""The built-in atmosphere: smooth, hydrostatic, as wet as observed, and well resolved."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.columns.atmosphere import (
    PRESSURE_RANGE,
    STANDARD_ATMOSPHERES,
    TEMPERATURE_RANGE,
    WELL_MIXED,
    precipitable_water,
    standard_atmosphere,
)
from aeroforcing.core import resources
from aeroforcing.core.constants import AVOGADRO, GAS_CONSTANT, GRAVITY, MOLAR_MASS_DRY_AIR
from aeroforcing.inputs.builtin import atmosphere as builtin
from aeroforcing.optics.gas_table import GASES, load_gas_table
from aeroforcing.optics.gases import gas_optics, layer_pressure

LAT = np.linspace(-90.0, 90.0, 73)
AREA = np.cos(np.radians(LAT))
MONTHS = np.arange(1, 13)


@pytest.fixture(scope="module")
def climate():
    return builtin.climatology(LAT)


def columns(climate, altitude=0.0):
    """Columns of all months and latitudes over one altitude, and the shape (month, lat)."""
    month, lat = np.indices((12, climate.sizes["lat"]))
    return builtin.columns_over_terrain(
        builtin.profile_arrays(climate),
        month=month.ravel(),
        lat=lat.ravel(),
        surface_altitude=np.full(month.size, altitude),
    ), month.shape


def water(climate, altitude=0.0):
    """Precipitable water [mm], (month, lat)."""
    made, shape = columns(climate, altitude)
    return precipitable_water(
        made.pressure_levels, h2o=made.mole_fractions[:, GASES.index("h2o")]
    ).reshape(shape)


# ---- the blend ----


def test_weights_sum_to_one_and_are_not_negative():
    weights = builtin.blend_weights(LAT, month=MONTHS)
    np.testing.assert_allclose(weights.sum("atmosphere"), 1.0, rtol=1e-12)
    assert (weights >= 0).all()


@pytest.mark.parametrize(
    ("lat", "month", "name"),
    [
        (0.0, 4, "tropical"),
        (-15.0, 9, "tropical"),
        (45.0, 7, "midlatitude_summer"),
        (45.0, 1, "midlatitude_winter"),
        (60.0, 7, "subarctic_summer"),
        (85.0, 1, "subarctic_winter"),
    ],
)
def test_an_afgl_atmosphere_stands_unmixed_where_it_belongs(lat, month, name):
    weights = builtin.blend_weights([lat], month=[month])
    assert float(weights.sel(atmosphere=name).squeeze()) == pytest.approx(1.0)


def test_seasons_are_opposite_in_the_two_hemispheres():
    north = builtin.summer_share([50.0], month=MONTHS) - 0.5
    south = builtin.summer_share([-50.0], month=MONTHS) - 0.5
    np.testing.assert_allclose(south, 0.25 * np.roll(north, 6), atol=1e-12)
    assert MONTHS[north[:, 0].argmax()] == 7 and MONTHS[south[:, 0].argmax()] == 1


def test_pressure_and_temperature_mirror_with_half_a_year_where_the_tropics_rule(climate):
    north, south = (climate.sel(lat=lat) for lat in (12.5, -12.5))
    np.testing.assert_allclose(north.temperature, south.temperature, rtol=1e-12)
    np.testing.assert_allclose(north.pressure, south.pressure, rtol=1e-12)


@pytest.mark.parametrize("name", ["pressure", "temperature", "h2o", "o3"])
def test_no_step_in_latitude(name):
    """The largest difference between neighbours halves with their distance."""
    largest = []
    for step in (0.5, 0.25):
        field = np.log(builtin.climatology(np.arange(-89.0, 89.1, step))[name])
        largest.append(float(abs(field.diff("lat")).max()))
    assert largest[1] < 0.6 * largest[0]


@pytest.mark.parametrize("name", ["temperature", "h2o"])
def test_the_year_is_a_cosine(climate, name):
    """No month differs from the next by more than sin 15 degrees of the annual range."""
    field = climate[name]
    around = xr.concat([field, field.isel(month=0)], "month")
    steps = abs(around.diff("month")).max("month")
    span = field.max("month") - field.min("month")
    assert (steps <= np.sin(np.radians(15.0)) * span + 1e-9 * field.mean("month")).all()
    assert (span.sel(lat=50) > 0).any()


def test_no_kink_in_latitude():
    """The second difference shrinks with the square of the step, as in a smooth function."""
    rough = []
    for step in (1.0, 0.5):
        fine = builtin.climatology(np.arange(-89.0, 89.1, step))
        temperature = fine.temperature.isel(altitude=-1).values
        rough.append(abs(np.diff(temperature, 2, axis=1)).max())
    assert rough[1] < 0.3 * rough[0]


def test_values_are_within_the_range_of_the_gas_tables(climate):
    made, _ = columns(climate)
    assert (made.pressure_layers > PRESSURE_RANGE[0]).all()
    assert (made.pressure_layers < PRESSURE_RANGE[1]).all()
    assert (made.temperature_layers > TEMPERATURE_RANGE[0]).all()
    assert (made.temperature_layers < TEMPERATURE_RANGE[1]).all()


def test_pressure_rises_downward(climate):
    assert (climate.pressure.diff("altitude") > 0).all()
    assert (climate.altitude.diff("altitude") < 0).all()


def test_hydrostatic(climate):
    """From the surface to 20 km the barometric formula holds, as in the report itself, to 1 %."""
    low = climate.sel(altitude=slice(20e3, 0.0))
    moist = low.temperature * (1 + 0.378 * low.h2o)
    scale = GRAVITY * MOLAR_MASS_DRY_AIR / GAS_CONSTANT
    gravity = (1 + low.altitude / 6.371e6) ** -2
    fall = -(gravity / moist * scale).integrate("altitude")  # altitudes run downward
    found = np.log(low.pressure.isel(altitude=-1) / low.pressure.isel(altitude=0))
    np.testing.assert_allclose(found, fall, rtol=0.01)


# ---- water vapour ----


def test_annual_water_over_the_sea_is_as_prescribed(climate):
    annual = water(climate).mean(axis=0)
    for lat, millimetres in builtin.PRECIPITABLE_WATER.items():
        assert np.interp(lat, LAT, annual) == pytest.approx(millimetres, rel=0.01)


def zonal_terrain():
    """Altitude of the built-in surface on (lat, lon) of this test."""
    with xr.open_dataset(resources.path("surface.nc")) as file:
        return file.altitude.interp(lat=LAT.clip(-88.5, 88.5)).values


@pytest.fixture(scope="module")
def zonal_water(climate):
    """Precipitable water [mm] over the terrain, (month, lat)."""
    heights = np.array([0.0, 250.0, 500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0, 4000.0, 5000.0])
    by_height = np.stack([np.log(water(climate, height)) for height in heights], axis=-1)
    terrain = zonal_terrain()
    return np.stack(
        [
            [np.exp(np.interp(terrain[j], heights, month[j])).mean() for j in range(len(LAT))]
            for month in by_height
        ]
    )


def test_global_mean_water_is_as_observed(zonal_water):
    mean = (zonal_water.mean(axis=0) * AREA).sum() / AREA.sum()
    assert mean == pytest.approx(24.4, abs=0.2)
    monthly = (zonal_water * AREA).sum(axis=1) / AREA.sum()
    assert 22.0 < monthly.min() < monthly.max() < 27.0
    assert MONTHS[monthly.argmax()] in (7, 8)  # the northern summer, as observed


def test_the_poles_are_dry(zonal_water):
    annual = zonal_water.mean(axis=0)
    assert (annual[LAT <= -80] < 2.0).all()
    assert (annual[LAT >= 80] < 6.0).all()
    assert zonal_water[6, LAT <= -80].max() < 1.0  # July


def test_zonal_water_follows_the_observed_map(shared, zonal_water):
    with xr.open_dataset(shared("data/atmosphere/itu_r_pwat_annual_t2m_monthly.nc")) as file:
        observed = file.pwat_annual_mean.isel(lon=slice(-1)).mean("lon").interp(lat=LAT).values
    difference = zonal_water.mean(axis=0) - observed
    assert np.sqrt((difference**2 * AREA).sum() / AREA.sum()) < 0.8
    assert abs(difference).max() < 2.5


def test_surface_temperature_follows_the_observed_one_outside_the_polar_caps(shared, climate):
    with xr.open_dataset(shared("data/atmosphere/itu_r_pwat_annual_t2m_monthly.nc")) as file:
        observed = file.t2m.isel(lon_t=slice(-1)).mean("lon_t").interp(lat_t=LAT).values
    difference = (climate.temperature.isel(altitude=-1).values - observed)[:, abs(LAT) <= 60]
    assert np.sqrt((difference**2).mean()) < 2.5


def test_the_stratosphere_keeps_its_water(climate):
    high = climate.h2o.sel(altitude=slice(70e3, 16e3))
    assert 1e-6 < float(high.min()) < float(high.max()) < 8e-6


# ---- ozone ----


def dobson(made):
    """Column ozone [DU]."""
    ozone = made.mole_fractions[:, GASES.index("o3")]
    moles = (ozone * np.diff(made.pressure_levels)).sum(axis=1) / GRAVITY / MOLAR_MASS_DRY_AIR
    return moles * AVOGADRO / 2.687e20


def test_ozone_column_of_the_year_and_of_the_ozone_hole(climate):
    made, shape = columns(climate)
    column = dobson(made).reshape(shape)
    mean = (column.mean(axis=0) * AREA).sum() / AREA.sum()
    assert 265.0 < mean < 300.0
    assert column[9, LAT <= -80].max() < 200.0  # October, Antarctica
    assert column[2, LAT >= 70].min() > 350.0  # March, Arctic
    assert 220.0 < column[:, abs(LAT) < 10].min() < column[:, abs(LAT) < 10].max() < 300.0


def test_ozone_is_the_source_at_its_own_pressures():
    with xr.open_dataset(resources.path("ozone.nc")) as file:
        source = file.o3.astype(float).load()
    lat = source.lat.values[[5, 48, 90]]
    climate = builtin.climatology(lat)
    for month, j in ((0, 0), (5, 1), (9, 2)):
        here = climate.isel(month=month, lat=j)
        there = source.isel(month=month).sel(lat=lat[j])
        found = np.interp(np.log(there.pressure[5:40]), np.log(here.pressure), np.log(here.o3))
        np.testing.assert_allclose(found, np.log(there[5:40]), atol=0.12)


# ---- columns over terrain ----


def test_layers_are_thin_near_the_ground():
    bounds = builtin.LAYER_BOUNDS
    thickness = -np.diff(bounds)
    assert len(thickness) == 30
    assert (thickness > 0).all()
    assert thickness[bounds[:-1] <= 1500.0].max() <= 250.0
    assert thickness[bounds[:-1] <= 5000.0].max() <= 500.0
    assert thickness[bounds[:-1] <= 10e3].max() <= 1000.0


@pytest.mark.parametrize("name", STANDARD_ATMOSPHERES)
def test_30_layers_are_as_good_as_61(name):
    table = load_gas_table()
    direct, millimetres = [], []
    for levels in (None, builtin.LAYER_BOUNDS):
        a = standard_atmosphere(name, levels=levels)
        n = len(a.temperature_layers)
        tau = np.empty((2, n, len(table.g_band)))
        gas_optics(
            table, a.pressure_levels, layer_pressure(a.pressure_levels), a.temperature_layers,
            a.mole_fraction_array(), tau[0], tau[1],
        )  # fmt: skip
        depth = tau.sum(axis=(0, 1))
        direct.append([(table.solar_fraction * np.exp(-depth / mu)).sum() for mu in (1, 0.5, 0.2)])
        millimetres.append(precipitable_water(a.pressure_levels, h2o=a.mole_fractions["h2o"]))
    np.testing.assert_allclose(direct[1], direct[0], rtol=3e-4)
    assert millimetres[1] == pytest.approx(millimetres[0], rel=3e-4)


def test_the_column_at_sea_level_is_the_profile(climate):
    made, _ = columns(climate)
    surface = climate.isel(altitude=-1)
    np.testing.assert_allclose(
        made.pressure_levels[:, -1], surface.pressure.values.ravel(), rtol=1e-12
    )
    np.testing.assert_allclose(made.altitude_levels[0], builtin.LAYER_BOUNDS, atol=1e-6)
    lowest = made.temperature_layers[:, -1] - surface.temperature.values.ravel()
    assert abs(lowest).max() < 1.5


@settings(max_examples=25, deadline=None)
@given(altitude=st.floats(-400.0, 5500.0), lat=st.integers(0, 72), month=st.integers(0, 11))
def test_terrain_cuts_off_the_air_below_it(climate, altitude, lat, month):
    """The column over high ground is the part of the sea-level column above that altitude."""
    made = builtin.columns_over_terrain(
        builtin.profile_arrays(climate),
        month=np.array([month, month]),
        lat=np.array([lat, lat]),
        surface_altitude=np.array([0.0, altitude]),
    )
    sea, high = made.pressure_levels
    assert made.altitude_levels[1, -1] == altitude
    assert made.altitude_levels[1, 0] == builtin.TOP
    assert (np.diff(high) > 0).all()
    if altitude < 0:
        assert high[-1] >= sea[-1]
        return
    up = made.altitude_levels[0][::-1]
    expected = np.exp(np.interp(altitude, up, np.log(sea[::-1])))
    assert high[-1] == pytest.approx(expected, rel=2e-3)
    h2o = made.mole_fractions[:, GASES.index("h2o")]
    above = [precipitable_water(sea[: i + 1], h2o=h2o[0, :i]) for i in range(1, 31)]
    expected = np.exp(np.interp(altitude, up[:-1], np.log(above[::-1])))
    assert precipitable_water(high, h2o=h2o[1]) == pytest.approx(expected, rel=0.02)


def test_other_gases_are_well_mixed(climate):
    made, _ = columns(climate)
    for gas, value in WELL_MIXED.items():
        assert (made.mole_fractions[:, GASES.index(gas)] == value).all()


def test_no_attributes_leak_from_the_tables(climate):
    """Water vapour is tabulated in moist air; here it is per dry air."""
    assert all(variable.attrs == {} for variable in climate.data_vars.values())


def test_latitudes_do_not_depend_on_their_neighbours():
    one = builtin.climatology([-37.3])
    many = builtin.climatology([-80.0, -37.3, 10.0])
    xr.testing.assert_allclose(one.squeeze("lat"), many.isel(lat=1), rtol=1e-12)
