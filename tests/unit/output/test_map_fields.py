"""What maps show: periods, means with errors, cells around any meridian."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from helpers.forcing_samples import ERROR, sample_forcing
from hypothesis import given
from hypothesis import strategies as st

from aeroforcing.core.constants import DAYS_PER_MONTH
from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import global_mean
from aeroforcing.output.map_fields import area_mean, map_field, mesh_of, on_mesh

FORCING = sample_forcing()
TOA, TOA_ERROR = FORCING["forcing_toa"], FORCING["forcing_toa_stderr"]


@pytest.mark.parametrize(
    ("season", "months", "period"),
    [
        (None, range(1, 13), "annual mean"),
        ("annual", range(1, 13), "annual mean"),
        ("DJF", (12, 1, 2), "DJF"),
        ("JJA", (6, 7, 8), "JJA"),
    ],
)
def test_a_season_is_weighted_by_days(season, months, period):
    shown = map_field(TOA, season=season, stderr=TOA_ERROR)
    positions = [month - 1 for month in months]
    days = np.array(DAYS_PER_MONTH)[positions]
    expected = np.average(TOA.values[positions], axis=0, weights=days)
    np.testing.assert_allclose(shown.values, expected, rtol=1e-12)
    assert shown.period == period
    error = ERROR * np.sqrt((days**2).sum()) / days.sum()
    np.testing.assert_allclose(shown.stderr, error, rtol=1e-12)


def test_a_month_is_shown_as_it_is():
    shown = map_field(TOA, month=7)
    np.testing.assert_allclose(shown.values, TOA.values[6], rtol=1e-12)
    assert shown.period == "July"


def test_some_months_are_named():
    assert map_field(TOA.isel(time=[0, 6])).period == "mean of Jan, Jul"
    assert map_field(TOA.isel(time=[6])).period == "July"
    assert map_field(TOA.isel(time=0, drop=True)).period == ""


def test_axes_in_another_order_give_the_same_map():
    turned = TOA.isel(lat=slice(None, None, -1)).roll(lon=20, roll_coords=True)
    west = turned.assign_coords(lon=(turned["lon"] + 180.0) % 360.0 - 180.0)
    xr.testing.assert_allclose(map_field(west).values, map_field(TOA).values)


def test_weights_weigh_months_and_cells():
    ssa, aod = FORCING["ssa"], FORCING["aod"]
    shown = map_field(ssa, weights=aod)
    days = np.array(DAYS_PER_MONTH)[:, None, None]
    expected = (ssa.values * aod.values * days).sum(axis=0) / (aod.values * days).sum(axis=0)
    np.testing.assert_allclose(shown.values, expected, rtol=1e-12)
    area = gaussian_grid("T21")["area"].values
    joint = area * (aod.values * days).sum(axis=0)
    assert area_mean(shown)[0] == pytest.approx(np.average(expected, weights=joint), rel=1e-12)


def test_the_global_mean_and_its_error_are_those_of_the_field():
    mean, error = area_mean(map_field(TOA, month=3, stderr=TOA_ERROR))
    assert mean == pytest.approx(float(global_mean(TOA.isel(time=2))), rel=1e-12)
    assert error == pytest.approx(float(global_mean(TOA_ERROR.isel(time=2))), rel=1e-12)
    assert np.isnan(area_mean(map_field(TOA))[1])


def test_a_regional_mean_is_of_the_cells_inside():
    field = xr.ones_like(TOA.isel(time=0)).where(abs(TOA["lat"]) < 30, 5.0)
    assert area_mean(map_field(field), extent=(170, 190, -20, 20))[0] == 1.0
    assert area_mean(map_field(field), extent=(-20, 20, 40, 60))[0] == 5.0
    assert np.isnan(area_mean(map_field(field), extent=(0.1, 0.2, 40, 60))[0])


@pytest.mark.parametrize(
    ("field", "settings", "message"),
    [
        (TOA.expand_dims(species=2), {}, "has the dimension species"),
        (TOA, {"month": 13}, "month=13"),
        (TOA, {"month": 1, "season": "DJF"}, "give one of them"),
        (TOA, {"season": "spring"}, "known are annual, DJF"),
        (TOA.isel(time=[0, 1]), {"season": "DJF"}, "lacks the months December; it has January"),
        (TOA.isel(time=0, drop=True), {"month": 1}, "has no months"),
        (TOA, {"stderr": TOA_ERROR.isel(time=[0])}, "on the same cells and months"),
        (TOA.rename(time="step").drop_vars("month"), {}, "has the dimension step"),
    ],
)
def test_what_cannot_be_shown_is_refused(field, settings, message):
    with pytest.raises(InputError, match=message):
        map_field(field, **settings)


# ---- cells --------------------------------------------------------------------------------------


@given(centre=st.floats(-180.0, 360.0), name=st.sampled_from(["T21", "10x15", "F3"]))
def test_cells_close_around_the_globe_from_any_meridian(centre, name):
    grid = gaussian_grid(name)
    field = xr.DataArray(np.arange(grid.sizes["lon"], dtype=float), {"lon": grid["lon"]})
    field = field.expand_dims(lat=grid["lat"]).transpose("lat", "lon")
    mesh = mesh_of(field, central_longitude=centre)
    assert mesh.lon_edges[0] == pytest.approx(centre - 180.0, abs=1e-6)
    assert mesh.lon_edges[-1] == pytest.approx(centre + 180.0, abs=1e-6)
    assert (np.diff(mesh.lon_edges) > 0.0).all()
    assert (mesh.lat_edges[[0, -1]] == (-90.0, 90.0)).all()
    assert set(mesh.source) == set(range(grid.sizes["lon"]))
    middles = (mesh.lon_edges[:-1] + mesh.lon_edges[1:]) / 2.0
    offset = (middles - grid["lon"].values[mesh.source] + 180.0) % 360.0 - 180.0
    half = (grid["lon_bnds"].values[0, 1] - grid["lon_bnds"].values[0, 0]) / 2.0
    assert (np.abs(offset) < half).all()
    np.testing.assert_array_equal(on_mesh(field, mesh)[0], mesh.source)


def region(lon: list[float]) -> xr.DataArray:
    """A field of ones on rows at 0 and 10 degrees."""
    coords = {"lat": [0.0, 10.0], "lon": lon}
    return xr.DataArray(np.ones((2, len(lon))), coords, ("lat", "lon"), name="aod")


def test_a_region_on_the_prime_meridian_is_in_one_piece():
    shown = map_field(region([0.0, 10.0, 340.0, 350.0]))
    np.testing.assert_array_equal(shown.values["lon"], [340.0, 350.0, 360.0, 370.0])
    mesh = mesh_of(shown.values, central_longitude=0.0)
    np.testing.assert_allclose(mesh.lon_edges, [-25.0, -15.0, -5.0, 5.0, 15.0])


def test_a_region_on_the_date_line_is_cut_there():
    shown = map_field(region([160.0, 170.0, 180.0, 190.0]))
    mesh = mesh_of(shown.values, central_longitude=0.0)
    np.testing.assert_allclose(mesh.lon_edges, [-180, -175, -165, 155, 165, 175, 180])
    np.testing.assert_array_equal(mesh.source, [2, 3, -1, 0, 1, 2])
    assert np.isnan(on_mesh(shown.values, mesh)[:, 2]).all()


def test_a_field_over_time_and_month_is_refused():
    lat, lon = np.array([-45.0, 45.0]), np.array([0.0, 90.0, 180.0, 270.0])
    both = xr.DataArray(
        np.zeros((2, 3, 2, 4)),
        dims=("time", "month", "lat", "lon"),
        coords={"lat": lat, "lon": lon, "month": [1, 2, 3], "time": [0, 1]},
        name="x",
    )
    with pytest.raises(InputError, match="time and month both"):
        map_field(both)
