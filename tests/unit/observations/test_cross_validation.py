"""Scores at stations: leave-one-out against running the assimilations without each station."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.observations.assimilation import assimilate
from aeroforcing.observations.cross_validation import ESTIMATES, evaluate, summary
from aeroforcing.observations.statistical_interpolation import optimal_interpolation

LAT = np.arange(-87.5, 90.0, 5.0)
LON = np.arange(2.5, 360.0, 5.0)
ERRORS = {"correlation_length": 2.0e6, "background_error": 0.1, "observation_error": 0.02}


def case(seed, quantity="aod", count=20, smooth=False):
    """A background and stations that see it times a factor, smooth in space or independent."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.3, 0.5, (LAT.size, LON.size))
    background = xr.DataArray(values, {"lat": LAT, "lon": LON}, ("lat", "lon"), name=quantity)
    place = rng.choice(LAT.size * LON.size, count, replace=False)
    row, column = np.unravel_index(place, background.shape)
    lat, lon = LAT[row] + rng.uniform(-2, 2, count), LON[column] + rng.uniform(-2, 2, count)
    factor = 1.4 + 0.2 * np.sin(np.radians(lat)) if smooth else rng.uniform(0.5, 1.5, count)
    stations = xr.Dataset(
        {quantity: ("station", values[row, column] * factor)},
        {"lat": ("station", lat), "lon": ("station", lon)},
    )
    return background, stations, (row, column)


def left_out(scheme, background, stations, cells, quantity):
    """Value at each station's cell of an assimilation without the station."""
    estimates = []
    for station, (row, column) in enumerate(zip(*cells, strict=True)):
        others = stations.drop_isel(station=station)
        estimates.append(float(scheme(background, others)[quantity][row, column]))
    return np.array(estimates)


@pytest.mark.parametrize("quantity", ["aod", "ssa", "asymmetry"])
def test_leave_one_out_equals_assimilating_without_each_station(quantity):
    background, stations, cells = case(1, quantity)
    settings = {"radius": 6.0e6, "taper": 0.3}
    scores = evaluate(background, stations, quantity=quantity, **settings, **ERRORS)
    schemes = {
        "inverse_distance": lambda b, s: assimilate(b, s, quantity=quantity, **settings),
        "optimal_interpolation": lambda b, s: optimal_interpolation(
            b, s, quantity=quantity, **ERRORS
        ),
    }
    observed = stations[quantity].values
    for name, scheme in schemes.items():
        after = scheme(background, stations)[quantity].values[cells]
        without = left_out(scheme, background, stations, cells, quantity)
        for estimate, values in ((name, after), (f"{name}_left_out", without)):
            error, score = values - observed, scores.sel(estimate=estimate)
            np.testing.assert_allclose(score["bias"], error.mean(), atol=1e-11)
            np.testing.assert_allclose(score["rmse"], np.sqrt((error**2).mean()), rtol=1e-8)
            expected = np.corrcoef(values, observed)[0, 1]
            np.testing.assert_allclose(score["correlation"], expected, rtol=1e-8)


def test_scores_of_the_background_and_the_error_envelope():
    background, stations, cells = case(2, count=4)
    at_cells = background.values[cells]
    stations["aod"][:] = (at_cells + np.array([0.0, 0.09, 0.2, -0.3])).clip(0.0)
    scores = evaluate(background, stations)
    row = scores.sel(estimate="background")
    error = at_cells - stations["aod"].values
    np.testing.assert_allclose(row["bias"], error.mean())
    np.testing.assert_allclose(row["rmse"], np.sqrt((error**2).mean()))
    assert float(row["within_envelope"]) == 0.5  # 0.05 + 0.15 AOD, more than 0.09
    assert int(scores["n_samples"]) == 4 and scores["estimate"].values.tolist() == list(ESTIMATES)
    wide = evaluate(background, stations, envelope=(1.0, 0.0))
    assert (wide.sel(estimate="background")["within_envelope"] == 1.0).all()


def test_stations_side_by_side_are_left_out_together():
    """A second instrument in the cell would foretell the first one, whatever the field does."""
    background, stations, _ = case(3)
    twice = xr.concat([stations, stations], dim="station")
    one, two = evaluate(background, stations), evaluate(background, twice)
    for name in ("bias", "rmse"):
        scores = [s[name].sel(estimate="inverse_distance_left_out") for s in (one, two)]
        np.testing.assert_allclose(*scores, rtol=1e-12)
    assert int(one["n_samples"]) == int(two["n_samples"])


def test_months_are_pooled_and_missing_ones_dropped():
    background, stations, _ = case(4, count=10)
    values = np.stack([stations["aod"], stations["aod"], np.full(10, np.nan)])
    values[1, 5:] = np.nan
    monthly = stations.assign(aod=(("month", "station"), values)).assign_coords(month=[1, 2, 3])
    assert int(evaluate(background, monthly)["n_samples"]) == 15


def test_summary_says_when_an_assimilation_is_worth_its_while():
    smooth = evaluate(*case(5, count=60, smooth=True)[:2], **ERRORS)
    assert float(smooth["rmse"].sel(estimate="inverse_distance_left_out")) < float(
        smooth["rmse"].sel(estimate="background")
    )
    text = summary(smooth)
    assert "inverse_distance beats the background" in text and "DOES NOT" not in text
    noise = evaluate(*case(6, count=60)[:2], radius=None, **ERRORS)
    text = summary(noise)
    assert "inverse_distance does not beat the background" in text
    assert all(estimate in text for estimate in ESTIMATES)


def test_a_lonely_station_left_out_is_the_background():
    background, stations, _ = case(7, count=1)
    scores = evaluate(background, stations)
    rmse = scores["rmse"]
    for scheme in ("inverse_distance", "optimal_interpolation"):
        np.testing.assert_allclose(
            rmse.sel(estimate=f"{scheme}_left_out"), rmse.sel(estimate="background"), rtol=1e-12
        )
    assert np.isnan(scores["correlation"]).all()


def test_no_station_on_the_field_is_an_error():
    background, stations, _ = case(8)
    with pytest.raises(InputError, match="no station has aod"):
        evaluate(background, stations.where(False))
    with pytest.raises(InputError, match="none of aod"):
        evaluate(background.rename("x"), stations)


def test_the_error_of_comparing_points_with_cells_is_the_spread_of_stations_in_a_cell():
    background, stations, _ = case(8, count=40)
    alone = evaluate(background, stations)
    assert alone.attrs["representativeness_samples"] == 0
    assert "unknown, no cell holds two" in summary(alone)
    rng = np.random.default_rng(9)
    several = xr.concat(
        [stations.assign(aod=stations.aod + rng.normal(0, 0.05, 40)) for _ in range(5)], "station"
    )
    scores = evaluate(background, several)
    assert scores.attrs["representativeness_samples"] == 160
    # 160 degrees of freedom tell a standard deviation to 6 %
    assert scores.attrs["representativeness_error"] == pytest.approx(0.05, rel=4 * 0.056)
    assert "from stations in one cell: 0.0" in summary(scores)
