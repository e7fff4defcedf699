"""Optimal interpolation against the textbook equations with dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.core.errors import InputError
from aeroforcing.grids.sphere import great_circle_distance
from aeroforcing.observations.statistical_interpolation import correlations, optimal_interpolation

LAT = np.arange(-85.0, 90.0, 10.0)
LON = np.arange(0.0, 360.0, 15.0)
few = settings(max_examples=10, deadline=None)
seeds = st.integers(0, 2**32 - 1)
ERRORS = {"correlation_length": 1.5e6, "background_error": 0.2, "observation_error": 0.05}


def random_case(seed, count=15):
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.4, 0.6, (LAT.size, LON.size))
    background = xr.DataArray(values, {"lat": LAT, "lon": LON}, ("lat", "lon"), name="aod")
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    lon = rng.uniform(-180, 180, count)
    lat[:4], lon[:4] = [41.0, 44.0, 90.0, -88.0], [-1.0, 358.0, 17.0, 17.0]
    stations = xr.Dataset(
        {"aod": ("station", rng.uniform(0.4, 0.6, count))},
        {"lat": ("station", lat), "lon": ("station", lon)},
    )
    return background, stations


def brute_force(background, stations, *, correlation_length, background_error, observation_error):
    """Analysis and error over dense covariance matrices."""
    lat, lon = stations["lat"].values, stations["lon"].values
    row = np.abs(LAT[:, None] - lat).argmin(axis=0)
    cell = row * LON.size + np.rint(lon / 15.0).astype(int) % LON.size
    cell, group, members = np.unique(cell, return_inverse=True, return_counts=True)
    observed = np.bincount(group, stations["aod"].values) / members
    grid = [axis.ravel() for axis in np.meshgrid(LAT, LON, indexing="ij")]
    distance = great_circle_distance(grid[0][:, None], grid[1][:, None], *grid)
    covariance = background_error**2 * np.exp(-distance / correlation_length)
    total = covariance[np.ix_(cell, cell)] + np.diag(observation_error**2 / members)
    gain = covariance[:, cell] @ np.linalg.inv(total)
    analysis = background.values.ravel() + gain @ (observed - background.values.ravel()[cell])
    variance = np.diag(covariance) - np.einsum("cs,cs->c", gain, covariance[:, cell])
    return analysis.reshape(background.shape), np.sqrt(variance).reshape(background.shape)


@few
@given(seeds)
def test_equals_brute_force(seed):
    background, stations = random_case(seed)
    result = optimal_interpolation(background, stations, quantity="aod", **ERRORS)
    analysis, error = brute_force(background, stations, **ERRORS)
    np.testing.assert_allclose(result["aod"], analysis, rtol=0, atol=1e-12)
    np.testing.assert_allclose(result["aod_stderr"], error, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result["increment"], analysis - background, rtol=0, atol=1e-12)


@few
@given(seeds)
def test_error_is_below_those_of_background_and_stations(seed):
    background, stations = random_case(seed)
    error = optimal_interpolation(background, stations, quantity="aod", **ERRORS)["aod_stderr"]
    assert (error > 0).all() and (error <= 0.2).all()
    one = stations.isel(station=[5])
    at_station = optimal_interpolation(background, one, quantity="aod", **ERRORS)["aod_stderr"]
    combined = 1.0 / np.sqrt(1 / 0.2**2 + 1 / 0.05**2)
    np.testing.assert_allclose(at_station.min(), combined, rtol=1e-12)


@few
@given(seeds)
def test_order_and_doubled_stations(seed):
    background, stations = random_case(seed)
    order = np.random.default_rng(seed).permutation(15)
    one = optimal_interpolation(background, stations, quantity="aod", **ERRORS)
    shuffled = stations.isel(station=order)
    other = optimal_interpolation(background, shuffled, quantity="aod", **ERRORS)
    np.testing.assert_allclose(one["aod"], other["aod"], rtol=1e-12)
    twice = xr.concat([stations, stations], dim="station")
    errors = ERRORS | {"observation_error": ERRORS["observation_error"] * np.sqrt(2.0)}
    doubled = optimal_interpolation(background, twice, quantity="aod", **errors)
    np.testing.assert_allclose(one["aod"], doubled["aod"], rtol=1e-12)


def test_agreeing_stations_change_nothing_and_no_station_gives_the_background():
    background, stations = random_case(1)
    constant = xr.full_like(background, 0.3)
    same = optimal_interpolation(constant, xr.full_like(stations, 0.3), quantity="aod")
    np.testing.assert_allclose(same["aod"], 0.3, rtol=1e-14)
    for empty in (stations.isel(station=slice(0)), stations.where(False)):
        result = optimal_interpolation(background, empty, quantity="aod", **ERRORS)
        np.testing.assert_array_equal(result["aod"], background)
        np.testing.assert_array_equal(result["aod_stderr"], 0.2)
        assert not result["n_stations"].any()


def test_synthetic_truth_is_found_with_the_error_that_is_claimed():
    """Backgrounds and stations drawn with the assumed errors; pooled over many draws."""
    rng = np.random.default_rng(5)
    background, stations = random_case(2, count=40)
    grid = [axis.ravel() for axis in np.meshgrid(LAT, LON, indexing="ij")]
    distance = great_circle_distance(grid[0][:, None], grid[1][:, None], *grid)
    root = np.linalg.cholesky(np.exp(-distance / 1.5e6) + 1e-9 * np.eye(distance.shape[0]))
    row = np.abs(LAT[:, None] - stations["lat"].values).argmin(axis=0)
    column = np.rint(stations["lon"].values / 15.0).astype(int) % LON.size
    scores = []
    for _ in range(60):
        truth = 3.0 + 0.2 * (root @ rng.standard_normal(len(root))).reshape(background.shape)
        stations["aod"][:] = truth[row, column] + 0.05 * rng.standard_normal(40)
        result = optimal_interpolation(background * 0 + 3.0, stations, quantity="aod", **ERRORS)
        scores.append((((result["aod"] - truth) / result["aod_stderr"]) ** 2).mean().item())
    assert abs(np.mean(scores) - 1.0) < 4 * np.std(scores) / np.sqrt(60)


def test_months_and_missing_values():
    background, stations = random_case(3)
    values = np.stack([stations["aod"], np.full(15, np.nan)])
    values[0, 7:] = np.nan
    monthly = stations.assign(aod=(("month", "station"), values)).assign_coords(month=[1, 2])
    background[0, 0] = np.nan
    result = optimal_interpolation(background, monthly, quantity="aod", **ERRORS)
    seven = stations.isel(station=slice(7))
    first = optimal_interpolation(background, seven, quantity="aod", **ERRORS)
    np.testing.assert_allclose(result["aod"].sel(month=1), first["aod"], rtol=1e-13)
    np.testing.assert_allclose(result["aod_stderr"].sel(month=1), first["aod_stderr"], rtol=1e-12)
    np.testing.assert_array_equal(result["aod"].sel(month=2), background)
    assert np.isnan(result["aod_stderr"][0, 0, 0])


def test_negative_aod_is_clipped_and_counted():
    background, stations = random_case(4)
    low = background * 0.1
    row = np.abs(LAT[:, None] - stations["lat"].values).argmin(axis=0)
    low[:] = 0.05
    low[row[5]] = 0.9  # only around this station the background is high, and the station is not
    stations = stations.isel(station=[5]) * 0.0
    result = optimal_interpolation(low, stations, quantity="aod", **ERRORS)
    assert result["aod"].min() == 0.0
    assert result.attrs["clipped_cells"] == (result["aod"] == 0.0).sum() > 0


def test_correlation_of_equal_near_and_opposite_places():
    one = np.array([[0.0, 0.6, 0.8], [0.0, -0.6, -0.8]])
    expected = np.exp(-np.array([0.0, np.pi * 6.371e6]) / 1.0e6)
    np.testing.assert_allclose(correlations(one[:1], one, 1.0e6)[0], expected, rtol=1e-6)
    assert correlations(one[:1], one, 1.0e6)[0, 0] == 1.0


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_errors_must_be_positive(name):
    background, stations = random_case(0)
    with pytest.raises(InputError, match=name):
        optimal_interpolation(background, stations, quantity="aod", **(ERRORS | {name: 0.0}))
