"""The plumes of anthropogenic aerosol: places, years, months, heights, spectrum."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

import aeroforcing as af
from aeroforcing.core import resources
from aeroforcing.core.errors import InputError
from aeroforcing.inputs.builtin.plumes import anthropogenic_aerosol, plume_bands, plume_shares
from aeroforcing.optics.band_means import BandNodes, planck_band_nodes
from aeroforcing.optics.gas_table import load_gas_table

PARAMETERS = xr.load_dataset(resources.path("macv2sp.nc"))
EAST_ASIA = "East Asia"


def place(lat, lon):
    """A grid of one small cell."""
    return xr.Dataset(
        {
            "lat_bnds": (("lat", "bnds"), [[lat - 0.5, lat + 0.5]]),
            "lon_bnds": (("lon", "bnds"), [[lon - 0.5, lon + 0.5]]),
        },
        coords={"lat": ("lat", [lat]), "lon": ("lon", [lon])},
    )


def at(lat, lon, *, year=2005, month=7):
    found = anthropogenic_aerosol(year, grid=place(lat, lon), months=[month])
    return found.squeeze(drop=True)


def test_at_the_centre_it_is_the_plumes_depth_times_year_and_season():
    p = PARAMETERS.sel(plume=EAST_ASIA)
    found = float(at(30.0, 114.0)["plume_aod"].sel(plume=EAST_ASIA))
    day = np.arange(181, 212) + 0.5
    week = (day / 365 * 52).astype(int)
    season = p["annual_cycle"].values[week].mean(axis=0)
    expected = p["aod"] * p["year_weight"].sel(year=2005) * (p["feature_weight"] * season).sum()
    assert found == pytest.approx(float(expected), rel=1e-6)


def test_a_width_away_it_has_fallen_by_the_root_of_e():
    """East of the Maritime Continent's second feature, which is not turned."""
    p = PARAMETERS.sel(plume="Maritime Continent")
    weights = (p["feature_weight"] * p["annual_cycle"].values[28]).values
    east = 6.0
    x, y = (f(float(p["rotation"][0])) * east for f in (np.cos, np.sin))
    widths = [float(p[f"width_{axis}_east"][0]) for axis in ("lon", "lat")]
    first = np.exp(-0.5 * ((x / widths[0]) ** 2 + (y / widths[1]) ** 2))
    second = np.exp(-0.5 * (east / float(p["width_lon_east"][1])) ** 2)
    there, centre = (
        float(at(-1.0, 106.0 + d)["plume_aod"].sel(plume="Maritime Continent")) for d in (east, 0.0)
    )
    assert there / centre == pytest.approx(
        (weights[0] * first + weights[1] * second) / weights.sum(), rel=1e-3
    )


def test_the_sum_of_the_plumes_is_the_whole():
    found = anthropogenic_aerosol(2005, grid="T21")
    total = found["plume_aod"].sum("plume")
    assert total.values == pytest.approx(found["anthropogenic_aod"].values, rel=1e-12)


def test_the_global_mean_is_that_of_the_literature():
    """Stevens et al. (2017): 0.029 in 2005, the regions' emissions shifting from 1980 on."""
    means = {
        year: float(af.annual_mean(af.global_mean(anthropogenic_aerosol(year, grid="T21")))
                    ["anthropogenic_aod"])
        for year in (1850, 1950, 1980, 2005, 2023)
    }  # fmt: skip
    assert means[1850] == 0.0
    assert means[2005] == pytest.approx(0.028, abs=0.002)
    assert means[1950] < means[2023] < means[1980]


def test_the_date_line_and_greenwich_are_no_borders():
    """The field is smooth in longitude, in whatever way longitudes are counted."""
    for lat in (-20.0, 10.0, 40.0, 60.0):
        west, east = (float(at(lat, lon)["anthropogenic_aod"]) for lon in (359.9, 0.1))
        assert west == pytest.approx(east, rel=0.03)  # 0.2 degrees apart
    assert float(at(10.0, -60.0)["anthropogenic_aod"]) == pytest.approx(
        float(at(10.0, 300.0)["anthropogenic_aod"]), rel=1e-9
    )


def test_months_come_in_the_order_that_is_asked_for():
    found = anthropogenic_aerosol(2000, grid="T21", months=[7, 1])
    assert found["month"].values.tolist() == [7, 1]
    january = anthropogenic_aerosol(2000, grid="T21", months=[1])
    assert np.array_equal(found.sel(month=1)["plume_aod"], january["plume_aod"].squeeze("month"))


def test_attributes_are_those_of_the_registry():
    found = anthropogenic_aerosol(2000, grid="T21", months=[1])
    assert "anthropogenic aerosol optical depth" in found["anthropogenic_aod"].attrs["long_name"]
    assert found.attrs == {"year": 2000}


@pytest.mark.parametrize("year", [1849, 2024, 2005.5, True, "2005"])
def test_other_years_are_refused(year):
    with pytest.raises(InputError, match="from 1850 to 2023"):
        anthropogenic_aerosol(year, grid="T21")


# ---- heights ------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    heights=st.lists(st.floats(0.0, 20e3), min_size=2, max_size=12, unique=True),
    ground=st.floats(0.0, 5000.0),
)
def test_shares_sum_to_1_over_any_ground(heights, ground):
    levels = np.array(sorted({15e3 + 1.0, ground, *(h for h in heights if h > ground)}))[::-1]
    shares = plume_shares(levels)
    assert shares.shape == (9, levels.size - 1)
    assert (shares >= 0.0).all()
    assert shares.sum(axis=-1) == pytest.approx(np.ones(9), abs=1e-9)


def test_the_mean_height_is_that_of_the_beta_distribution():
    levels = np.linspace(15e3, 0.0, 3001)
    middle = 0.5 * (levels[1:] + levels[:-1])
    found = plume_shares(levels) @ middle
    expected = 15e3 * beta.mean(PARAMETERS["beta_a"].values, PARAMETERS["beta_b"].values)
    assert found == pytest.approx(expected, rel=1e-4)


# ---- spectrum -----------------------------------------------------------------------------------


def test_bands_of_one_wavelength_follow_the_laws():
    wavelength = np.array([[550.0], [1400.0]])
    extinction, ssa, asymmetry = plume_bands(BandNodes(wavelength, np.ones((2, 1))))
    at_550, beyond = 0, 1
    assert extinction[:, at_550] == pytest.approx(np.ones(9))
    assert ssa[:, at_550] == pytest.approx(PARAMETERS["ssa"].values, rel=1e-6)
    assert asymmetry[:, at_550] == pytest.approx(PARAMETERS["asymmetry"].values, rel=1e-6)
    assert extinction[0, beyond] == pytest.approx((1400.0 / 550.0) ** -2.0, rel=1e-6)
    assert ssa[0, beyond] == pytest.approx(0.93 / 16 / (0.93 / 16 + 0.07 / 2), rel=1e-5)
    assert asymmetry[0, beyond] == pytest.approx(0.63 / np.sqrt(2.0), rel=1e-5)


def test_the_bands_of_the_solver_are_physical():
    table = load_gas_table("g112")
    extinction, ssa, asymmetry = plume_bands(planck_band_nodes(table.band_limits_wavenumber))
    assert extinction.shape == (9, 14)
    assert ((ssa > 0) & (ssa < 1)).all()
    assert ((asymmetry > 0) & (asymmetry < 1)).all()
    wavelength = 1e7 / table.band_limits_wavenumber.mean(axis=1)
    assert (np.diff(extinction[:, np.argsort(wavelength)], axis=1) < 0).all()
