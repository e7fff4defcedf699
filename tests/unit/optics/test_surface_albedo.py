"""Albedo of water, snow and ice, and the built-in surface."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import xarray as xr

from aeroforcing.core import resources
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.grids.regridding import regrid
from aeroforcing.inputs.builtin.surface import builtin_surface
from aeroforcing.optics.surface_albedo import (
    OCEAN_LAWS,
    OPEN_WATER_ALBEDO_DIFFUSE,
    fresnel_reflectance,
    land_albedo,
    ocean_albedo_diffuse,
    ocean_albedo_direct,
    open_water_albedo_diffuse_jin,
    open_water_albedo_direct,
    open_water_albedo_direct_briegleb,
    open_water_albedo_direct_jin,
    sea_ice_albedo,
    sea_ice_two_band,
    snow_two_band,
)


@pytest.fixture(scope="module")
def surface():
    return builtin_surface(grid=gaussian_grid("T42"))


def test_taylor_albedo_of_open_water():
    assert open_water_albedo_direct(0.5) == pytest.approx(0.06528, abs=5e-6)
    assert open_water_albedo_direct(0.0) == pytest.approx(0.037 / 0.15)
    assert open_water_albedo_direct(1.0) == pytest.approx(0.037 / 1.25)


@pytest.mark.parametrize(("mu", "albedo"), [(0.5, 0.06975), (0.2, 0.20387), (0.8, 0.02840)])
def test_briegleb_albedo_of_open_water(mu, albedo):
    assert open_water_albedo_direct_briegleb(mu) == pytest.approx(albedo, abs=5e-6)


def test_both_laws_are_albedos_and_fall_as_the_sun_rises():
    mu = np.linspace(0, 1, 101)
    for law in (open_water_albedo_direct, open_water_albedo_direct_briegleb):
        albedo = np.array([law(x) for x in mu])
        assert albedo.min() > 0
        assert albedo.max() < 0.5
        assert np.all(np.diff(albedo[mu <= 0.9]) < 0)  # Briegleb's has a shallow minimum at 0.94


# Jin et al. (2011), Figures 2 and 4, refractive index 1.34, as tabulated for the tests of
# ClimaAtmos: direct at zenith angles 0, 9, ... 81 degrees, diffuse at winds 0, 5, ... 25 m s-1.
JIN_DIRECT = {
    0.0: [0.021, 0.021, 0.021, 0.022, 0.024, 0.030, 0.044, 0.078, 0.165, 0.379],
    3.0: [0.021, 0.021, 0.021, 0.022, 0.024, 0.030, 0.045, 0.078, 0.154, 0.313],
    12.0: [0.022, 0.022, 0.022, 0.023, 0.025, 0.032, 0.046, 0.077, 0.135, 0.231],
}
JIN_DIFFUSE = [0.064824, 0.059713, 0.056866, 0.054646, 0.052761, 0.051095]


@pytest.mark.parametrize("wind", JIN_DIRECT)
def test_jin_albedo_of_open_water_for_the_beam(wind):
    mu = np.cos(np.radians(9.0 * np.arange(10)))
    found = [open_water_albedo_direct_jin(x, wind) for x in mu]
    assert found == pytest.approx(JIN_DIRECT[wind], abs=1e-3)


def test_jin_albedo_of_open_water_for_diffuse_light():
    found = [open_water_albedo_diffuse_jin(5.0 * i) for i in range(6)]
    assert found == pytest.approx(JIN_DIFFUSE, abs=1e-6)


def test_fresnel_reflectance_at_normal_and_grazing_incidence():
    assert fresnel_reflectance(1.0, 1.34) == pytest.approx((0.34 / 2.34) ** 2)
    assert fresnel_reflectance(0.0, 1.34) == pytest.approx(1.0)


@pytest.mark.parametrize("law", range(len(OCEAN_LAWS)))
@pytest.mark.parametrize("wind", [0.0, 7.0, 25.0])
def test_open_water_reflects_more_of_a_low_sun(law, wind):
    albedo = np.array([ocean_albedo_direct(law, wind, mu) for mu in np.linspace(0.0, 1.0, 101)])
    assert ((albedo > 0.0) & (albedo <= 1.0)).all()
    assert albedo[5] > 2.0 * albedo[50]
    assert 0.04 < ocean_albedo_diffuse(law, wind) < 0.07


def test_places_of_the_laws():
    assert ocean_albedo_direct(0, 5.0, 0.4) == open_water_albedo_direct(0.4)
    assert ocean_albedo_direct(1, 5.0, 0.4) == open_water_albedo_direct_briegleb(0.4)
    assert ocean_albedo_direct(2, 5.0, 0.4) == open_water_albedo_direct_jin(0.4, 5.0)


def test_snow_is_white_in_the_visible_and_darkens_as_it_melts():
    assert snow_two_band(260.0) == pytest.approx((0.98, 0.70))
    assert snow_two_band(273.15) == pytest.approx((0.88, 0.55))
    assert snow_two_band(272.65) == pytest.approx((0.93, 0.625))


def test_sea_ice_by_thickness_temperature_and_snow():
    assert sea_ice_two_band(260.0) == pytest.approx((0.78, 0.36))
    assert sea_ice_two_band(280.0) == pytest.approx((0.705, 0.285))
    assert sea_ice_two_band(260.0, thickness=0.0) == pytest.approx((0.06, 0.06))
    assert sea_ice_two_band(260.0, snow=1.0) == pytest.approx((0.98, 0.70))
    half = sea_ice_two_band(260.0, snow=0.5)
    assert half == pytest.approx((0.88, 0.53))
    thin = sea_ice_two_band(260.0, thickness=np.array([0.1, 0.3, 0.5, 1.0])).visible
    assert (np.diff(thin)[:2] > 0.0).all()
    assert thin[2] == pytest.approx(thin[3])


def test_land_is_the_mean_of_its_parts():
    bare, cold = np.array(0.2), np.array(240.0)
    snowed = land_albedo(bare, snow=np.array(1.0), glacier=np.array(0.0), temperature=cold)
    half = land_albedo(bare, snow=np.array(0.5), glacier=np.array(0.0), temperature=cold)
    ice = land_albedo(bare, snow=np.array(0.0), glacier=np.array(1.0), temperature=cold)
    assert half == pytest.approx((snowed + 0.2) / 2)
    assert 0.5 < snowed < ice < 0.85


def test_snow_and_ice_darken_towards_melting_and_no_further():
    kelvin = np.arange(230.0, 285.0)
    one, zero = np.ones_like(kelvin), np.zeros_like(kelvin)
    laws = [
        land_albedo(zero, snow=one, glacier=zero, temperature=kelvin),
        land_albedo(zero, snow=zero, glacier=one, temperature=kelvin),
        sea_ice_albedo(kelvin, lat=80 * one),
        sea_ice_albedo(kelvin, lat=-80 * one),
    ]
    for albedo in laws:
        assert np.all(np.diff(albedo) <= 0)
        assert albedo[0] > albedo[-1]
        assert np.ptp(albedo[kelvin > 273.15]) == 0


def test_built_in_surface_is_complete_and_in_range(surface):
    for name in ("surface_albedo", "open_water_fraction"):
        values = surface[name].values
        assert surface[name].dims == ("month", "lat", "lon")
        assert np.isfinite(values).all()
        assert values.min() >= 0
        assert values.max() <= 1
    assert float(surface.surface_altitude.min()) >= 0
    only_water = surface.open_water_fraction.values == 1
    assert np.all(surface.surface_albedo.values[only_water] == OPEN_WATER_ALBEDO_DIFFUSE)


@pytest.mark.parametrize(
    ("lat", "lon", "month", "albedo", "water"),
    [
        (23, 10, 7, (0.25, 0.45), 0),  # Sahara
        (-3, 295, 7, (0.10, 0.16), 0),  # Amazon
        (-80, 90, 1, (0.70, 0.82), 0),  # Antarctica
        (62, 100, 1, (0.45, 0.65), 0),  # Siberia in winter
        (62, 100, 7, (0.10, 0.22), 0),  # and in summer
        (0, 200, 1, (0.05, 0.07), 1),  # Pacific
        (40, 320, 1, (0.05, 0.07), 1),  # Atlantic
    ],
)
def test_known_places(surface, lat, lon, month, albedo, water):
    place = surface.sel(lat=lat, lon=lon, method="nearest").sel(month=month)
    assert albedo[0] <= float(place.surface_albedo) <= albedo[1]
    assert float(place.open_water_fraction) == pytest.approx(water, abs=0.1)


@pytest.mark.parametrize(
    ("lat", "lon", "low", "high"),
    [
        (33, 88, 4000, 5000),  # Tibet
        (73, 320, 2000, 3000),  # Greenland
        (-80, 80, 2800, 3800),  # East Antarctica
        (40, 249, 1500, 2300),  # Great Basin
        (9, 39, 1300, 2500),  # Ethiopia
        (55, 70, 0, 500),  # West Siberian plain
        (0, 200, 0, 0),  # Pacific
    ],
)
def test_altitude_of_known_places(surface, lat, lon, low, high):
    height = float(surface.surface_altitude.sel(lat=lat, lon=lon, method="nearest"))
    assert low <= height <= high


def test_global_figures(surface):
    """Water covers 71 % of the Earth, about 4 % of it is frozen; land is 0.8 km high."""
    water = float(global_mean(annual_mean(surface.open_water_fraction)))
    assert water == pytest.approx(0.67, abs=0.02)
    assert 180 < float(global_mean(surface.surface_altitude)) < 260


def test_the_mean_reflection_does_not_depend_on_the_grid(surface):
    def reflected(fields):
        return float(
            global_mean(annual_mean(fields.surface_albedo * (1 - fields.open_water_fraction)))
        )

    fine = builtin_surface(grid=gaussian_grid("T63"))
    assert reflected(surface) == pytest.approx(reflected(fine), rel=1e-3)


def zonal_means(land):
    """Built-in albedo by month and 10 degrees of latitude, over land or over water [1]."""
    grid = gaussian_grid("T63")
    fields = builtin_surface(grid=grid)
    with xr.open_dataset(resources.path("surface.nc")) as stored:
        share = regrid(stored["land_fraction"].load(), grid)
    mean_water = 0.065  # of the direct and diffuse light of a day
    water = fields.open_water_fraction
    albedo = (1 - water) * fields.surface_albedo + water * mean_water
    weight = grid.area.where((share > 0.5) == land, 0.0)
    band = (np.floor(grid.lat / 10) * 10).astype(int)
    joint = xr.Dataset({"sum": (albedo * weight).sum("lon"), "weight": weight.sum("lon")})
    bands = joint.groupby(band.rename("band")).sum()
    return bands["sum"] / bands["weight"]


@pytest.mark.parametrize("surface_type", ["land", "ocean"])
def test_zonal_means_agree_with_merra2(shared, surface_type):
    """MERRA-2 1980-2018; worst where the autumn snow of the sources comes late (50-80N)."""
    means = zonal_means(surface_type == "land")
    with shared("reference/merra2_albedo_zonal_land_ocean_monthly.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["surface"] == surface_type]
    differences = np.array(
        [
            float(means.sel(band=int(row["lat_s"]), month=int(row["month"]))) - float(row["albedo"])
            for row in rows
            if row["albedo"] and int(row["lat_s"]) in means.band and row["albedo"] != "nan"
        ]
    )
    differences = differences[np.isfinite(differences)]
    assert differences.size > 150
    assert np.abs(differences).max() < 0.17
    assert np.sqrt(np.mean(differences**2)) < 0.04
    assert abs(differences.mean()) < 0.015
