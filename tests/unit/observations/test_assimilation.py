"""Inverse-distance assimilation against brute force, and the invariants of E6, E8 and E11."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid, grid_of
from aeroforcing.grids.sphere import great_circle_distance
from aeroforcing.observations.assimilation import assimilate

LAT = np.arange(-85.0, 90.0, 10.0)
LON = np.arange(0.0, 360.0, 15.0)
few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)
RANGES = {
    "aod": (0.05, 1.5),
    "ssa": (0.6, 0.99),
    "asymmetry": (0.55, 0.8),
    "angstrom": (0.0, 2.5),
    "coalbedo_angstrom": (-1.0, 1.5),
}
ADDITIVE = ("asymmetry", "angstrom", "coalbedo_angstrom")
quantities = st.sampled_from(sorted(RANGES))
radii = st.sampled_from([None, 3.0e6])


def field(values, name, **axes):
    axes = {"lat": LAT, "lon": LON} | axes
    return xr.DataArray(values, axes, ("lat", "lon"), name=name)


def network(values, lat, lon, name, elevation=0.0):
    """Stations with values over station, or over (month, station)."""
    values = np.asarray(values, dtype=float)
    dims = ("month", "station")[-values.ndim :]
    coords = {
        "station": [f"s{i}" for i in range(values.shape[-1])],
        "lat": ("station", np.asarray(lat, dtype=float)),
        "lon": ("station", np.asarray(lon, dtype=float)),
        "elevation": ("station", np.broadcast_to(np.asarray(elevation, float), values.shape[-1])),
    }
    if values.ndim == 2:
        coords["month"] = np.arange(1, len(values) + 1)
    return xr.Dataset({name: (dims, values)}, coords)


def random_case(seed, quantity, count=12):
    """A background and stations: two in a cell on the meridian, one at a pole, two at the date
    line."""
    rng = np.random.default_rng(seed)
    background = field(rng.uniform(*RANGES[quantity], (LAT.size, LON.size)), quantity)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    lon = rng.uniform(-180, 360, count)
    lat[:5] = [41.0, 44.0, 90.0, -12.0, -14.0]
    lon[:5] = [-1.0, 2.0, 17.0, 179.9, -179.9]
    return background, network(rng.uniform(*RANGES[quantity], count), lat, lon, quantity)


def own_cells(lat, lon):
    """Row and column of the cell of every station, by the nearest axis value."""
    row = np.abs(LAT[:, None] - lat).argmin(axis=0)
    return row, np.rint(np.asarray(lon) / 15.0).astype(int) % LON.size


def brute_force(background, stations, quantity, radius=None, taper=0.5):
    """E6, E8 and E11 over a dense matrix of cells and stations."""
    lat, lon, seen = (stations[name].values for name in ("lat", "lon", quantity))
    cell = np.ravel_multi_index(own_cells(lat, lon), background.shape)
    near = LON[cell % LON.size] + (lon - LON[cell % LON.size] + 180.0) % 360.0 - 180.0
    cell, group = np.unique(cell, return_inverse=True)
    lat, near, a = (np.bincount(group, x) / np.bincount(group) for x in (lat, near, seen))
    b, field_b = background.values.ravel()[cell], background.values.ravel()
    grid = [axis.ravel()[:, None] for axis in np.meshgrid(LAT, LON, indexing="ij")]
    distance = great_circle_distance(*grid, lat, near)
    distance[cell, np.arange(cell.size)] = 1e3
    fall = np.ones_like(distance)
    if radius is not None:
        part = np.clip((distance - (1 - taper) * radius) / (taper * radius), 0.0, 1.0)
        fall = 0.5 * (1.0 + np.cos(np.pi * part))
        fall[cell, np.arange(cell.size)] = 1.0
    w = fall * (distance / 1e3) ** -4.0
    with np.errstate(invalid="ignore"):
        full = {
            "aod": field_b * (w @ a) / (w @ b),
            "ssa": 1 - (1 - field_b) * (w @ (1 - a)) / (w @ (1 - b)),
        }.get(quantity, field_b + (w @ (a - b)) / w.sum(axis=1))
    strength = fall.max(axis=1)
    result = np.where(strength > 0, field_b + strength * (full - field_b), field_b)
    if quantity in ("ssa", "asymmetry"):
        result = np.clip(result, 0.0 if quantity == "ssa" else -1.0, 1.0)
    return result.reshape(background.shape)


@few
@given(seeds, quantities)
def test_unlimited_form_equals_brute_force(seed, quantity):
    background, stations = random_case(seed, quantity)
    result = assimilate(background, stations, quantity=quantity, radius=None)
    expected = brute_force(background, stations, quantity)
    np.testing.assert_allclose(result[quantity], expected, rtol=1e-12, atol=1e-12)
    assert (result["n_stations"] == stations.sizes["station"]).all()


@few
@given(seeds, quantities, st.floats(1.0e6, 8.0e6), st.floats(0.1, 1.0))
def test_search_radius_and_taper_equal_brute_force(seed, quantity, radius, taper):
    background, stations = random_case(seed, quantity)
    result = assimilate(background, stations, quantity=quantity, radius=radius, taper=taper)
    expected = brute_force(background, stations, quantity, radius, taper)
    np.testing.assert_allclose(result[quantity], expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(result["increment"], result[quantity] - background, atol=1e-15)
    np.testing.assert_array_equal(result["n_stations"], stations_in_reach(stations, radius))


def stations_in_reach(stations, radius):
    """How many stations are in the cells whose mean position is within the radius, or the own."""
    lat, lon = stations["lat"].values, stations["lon"].values
    cell = np.ravel_multi_index(own_cells(lat, lon), (LAT.size, LON.size))
    counts = np.zeros((LAT.size, LON.size), dtype=int)
    for number in np.unique(cell):
        here = cell == number
        near = LON[number % LON.size] + (lon[here] - LON[number % LON.size] + 180.0) % 360.0 - 180.0
        distance = great_circle_distance(lat[here].mean(), near.mean(), LAT[:, None], LON)
        reached = distance < radius
        reached.flat[number] = True
        counts += here.sum() * reached
    return counts


@few
@given(seeds, quantities, radii)
def test_stations_that_agree_change_nothing(seed, quantity, radius):
    background, stations = random_case(seed, quantity)
    row, column = own_cells(stations["lat"].values, stations["lon"].values)
    stations[quantity][:] = background.values[row, column]
    result = assimilate(background, stations, quantity=quantity, radius=radius)
    np.testing.assert_allclose(result[quantity], background, rtol=1e-13)


@few
@given(seeds, st.floats(0.2, 2.0))
def test_scaling_the_stations_scales_aod(seed, factor):
    background, stations = random_case(seed, "aod")
    plain = assimilate(background, stations, quantity="aod", radius=None)["aod"]
    scaled = assimilate(background, stations * factor, quantity="aod", radius=None)["aod"]
    np.testing.assert_allclose(scaled, factor * plain, rtol=1e-12)


@few
@given(seeds, st.floats(-0.05, 0.05), st.sampled_from(ADDITIVE))
def test_shifting_the_stations_shifts_what_is_additive(seed, shift, quantity):
    background, stations = (0.5 * x for x in random_case(seed, quantity))  # far from any limit
    plain = assimilate(background, stations, quantity=quantity, radius=None)
    moved = assimilate(background, stations + shift, quantity=quantity, radius=None)
    difference = moved[quantity] - plain[quantity]
    np.testing.assert_allclose(difference, shift, atol=1e-12)


@few
@given(seeds, quantities, radii)
def test_order_of_stations_is_irrelevant(seed, quantity, radius):
    background, stations = random_case(seed, quantity)
    order = np.random.default_rng(seed).permutation(stations.sizes["station"])
    one = assimilate(background, stations, quantity=quantity, radius=radius)
    other = assimilate(background, stations.isel(station=order), quantity=quantity, radius=radius)
    np.testing.assert_allclose(one[quantity], other[quantity], rtol=1e-12)


@few
@given(seeds, radii)
def test_aod_stays_between_the_ratios(seed, radius):
    background, stations = random_case(seed, "aod")
    stations = stations.isel(station=slice(1, None))  # one station a cell, so A_i / B_i is plain
    row, column = own_cells(stations["lat"].values, stations["lon"].values)
    cells, first = np.unique(row * LON.size + column, return_index=True)
    stations = stations.isel(station=first)
    ratio = stations["aod"].values / background.values.ravel()[cells]
    if radius is not None:
        ratio = np.append(ratio, 1.0)  # the taper blends with the background
    low, high = ratio.min(), ratio.max()
    analysis = assimilate(background, stations, quantity="aod", radius=radius)["aod"]
    assert (analysis >= background * low * (1 - 1e-12)).all()
    assert (analysis <= background * high * (1 + 1e-12)).all()


@few
@given(seeds, quantities, radii, st.booleans())
def test_the_cell_of_a_station_takes_its_value(seed, quantity, radius, at_centre):
    """Whether it is at the centre of its cell (d = 0) or anywhere in it, at a pole, at the date
    line; of two in one cell the mean."""
    background, stations = random_case(seed, quantity)
    row, column = own_cells(stations["lat"].values, stations["lon"].values)
    if at_centre:
        places = {"lat": ("station", LAT[row]), "lon": ("station", LON[column])}
        stations = stations.assign_coords(places)
    middle = sum(RANGES[quantity]) / 2
    background, stations = (middle + 0.4 * (x - middle) for x in (background, stations))
    analysis = assimilate(background, stations, quantity=quantity, radius=radius)[quantity]
    cell, group = np.unique(row * LON.size + column, return_inverse=True)
    expected = np.bincount(group, stations[quantity]) / np.bincount(group)
    np.testing.assert_allclose(analysis.values.flat[cell], expected, atol=1e-6)


@few
@given(seeds, quantities)
def test_a_station_given_twice_counts_once(seed, quantity):
    background, stations = random_case(seed, quantity)
    twice = xr.concat([stations, stations], dim="station")
    one = assimilate(background, stations, quantity=quantity)
    two = assimilate(background, twice, quantity=quantity)
    np.testing.assert_allclose(one[quantity], two[quantity], rtol=1e-12)
    np.testing.assert_array_equal(2 * one["n_stations"], two["n_stations"])


@few
@given(seeds, quantities, radii)
def test_no_station_gives_the_background(seed, quantity, radius):
    background, stations = random_case(seed, quantity)
    for empty in (stations.isel(station=slice(0)), stations.where(False)):
        result = assimilate(background, empty, quantity=quantity, radius=radius)
        np.testing.assert_array_equal(result[quantity], background)
        assert not result["n_stations"].any() and result.attrs["zero_denominator_cells"] == 0


@few
@given(seeds, quantities, st.floats(1.6e6, 1.0e7))
def test_out_of_reach_is_exactly_the_background(seed, quantity, radius):
    background, stations = random_case(seed, quantity)
    result = assimilate(background, stations, quantity=quantity, radius=radius)
    away = stations_in_reach(stations, radius) == 0
    np.testing.assert_array_equal(result[quantity].values[away], background.values[away])
    np.testing.assert_array_equal(result["increment"].values[away], 0.0)


@few
@given(seeds, radii, st.sampled_from([("aod", 0.0), ("ssa", 1.0)]))
def test_a_station_where_the_background_is_zero_has_no_ratio(seed, radius, case):
    """It counts, but does nothing; in the sums it would multiply without bound."""
    quantity, zero = case
    background, stations = random_case(seed, quantity)
    row, column = own_cells(stations["lat"].values, stations["lon"].values)
    background.values[row[5:9], column[5:9]] = zero
    has_ratio = background.values[row, column] != zero
    result = assimilate(background, stations, quantity=quantity, radius=radius)
    without = assimilate(
        background, stations.isel(station=has_ratio), quantity=quantity, radius=radius
    )
    np.testing.assert_allclose(result[quantity], without[quantity], rtol=1e-13)
    assert (result["n_stations"] >= without["n_stations"]).all()
    assert result.attrs["station_months_without_ratio"] >= 1


def test_the_factors_of_aod_are_recorded():
    background, _ = random_case(1, "aod")
    row, column = 5, 7
    stations = network([3.0 * background.values[row, column]], [LAT[row]], [LON[column]], "aod")
    result = assimilate(background, stations, quantity="aod", radius=3e6)
    assert result.attrs["largest_factor"] == pytest.approx(3.0)
    assert result.attrs["smallest_factor"] == 1.0
    assert (
        "largest_factor"
        not in assimilate(
            background.rename("angstrom"), stations.rename(aod="angstrom"), quantity="angstrom"
        ).attrs
    )


@few
@given(seeds, radii, st.sampled_from([("aod", 0.0), ("ssa", 1.0)]))
def test_zero_denominator_keeps_the_background_and_is_flagged(seed, radius, case):
    """The background is zero (AOD, co-albedo) wherever a station is, though not elsewhere."""
    quantity, zero = case
    background, stations = random_case(seed, quantity)
    row, column = own_cells(stations["lat"].values, stations["lon"].values)
    background.values[row, column] = zero
    result = assimilate(background, stations, quantity=quantity, radius=radius)
    np.testing.assert_array_equal(result[quantity], background)
    assert result.attrs["zero_denominator_cells"] == (result["n_stations"] > 0).sum()


def test_coalbedo_is_clipped_and_counted():
    background = field(np.full((LAT.size, LON.size), 0.5), "ssa")
    background[9, 13] = 0.99  # where the station is: a ratio of 40
    result = assimilate(background, network([0.6], [5.0], [195.0], "ssa"), quantity="ssa")
    assert result["ssa"].min() == 0.0 and result.attrs["clipped_cells"] > 0
    assert result.attrs["clipped_cells"] == (result["ssa"] == 0.0).sum()


def test_aod_beyond_the_allowed_range_is_left_and_counted():
    background = field(np.full((LAT.size, LON.size), 0.9), "aod")
    background[9, 13] = 0.05  # where the station is: a ratio of 20
    result = assimilate(background, network([1.0], [5.0], [195.0], "aod"), quantity="aod")
    assert result.attrs["out_of_range_cells"] == (result["aod"] > 10.0).sum() > 0


@few
@given(seeds, quantities)
def test_missing_values_are_dropped_month_by_month(seed, quantity):
    background, stations = random_case(seed, quantity)
    seen = stations[quantity].values
    values = np.stack([seen, seen, np.full(12, np.nan)])
    values[1, ::2] = np.nan
    monthly = network(values, stations["lat"], stations["lon"], quantity)
    result = assimilate(background, monthly, quantity=quantity)[quantity]
    assert result.dims == ("month", "lat", "lon")  # a background for all months alike
    all_stations = assimilate(background, stations, quantity=quantity)[quantity]
    half = assimilate(background, stations.isel(station=slice(1, None, 2)), quantity=quantity)
    np.testing.assert_allclose(result.sel(month=1), all_stations, rtol=1e-13)
    np.testing.assert_allclose(result.sel(month=2), half[quantity], rtol=1e-13)
    np.testing.assert_array_equal(result.sel(month=3), background)


def test_months_of_the_background_are_kept():
    background, stations = random_case(4, "aod")
    monthly = background.expand_dims(month=[7, 8]) * xr.DataArray([1.0, 2.0], dims="month")
    seen = stations.expand_dims(month=[8, 9])
    result = assimilate(monthly, seen, quantity="aod")
    np.testing.assert_array_equal(result["month"], [7, 8])
    np.testing.assert_array_equal(result["aod"].sel(month=7), monthly.sel(month=7))
    assert float(abs(result["increment"].sel(month=8)).max()) > 0.1
    constant = assimilate(monthly, stations, quantity="aod")["increment"].sel(month=7)
    assert float(abs(constant).max()) > 0.1


def test_missing_background_stays_missing_and_its_stations_are_counted():
    background, _ = random_case(5, "aod")
    background[9, 4] = np.nan
    stations = network([0.4, 0.6], [5.0, 25.0], [60.0, 75.0], "aod")
    result = assimilate(background, stations, quantity="aod")
    assert np.isnan(result["aod"][9, 4]) and result["aod"].isnull().sum() == 1
    assert result.attrs["station_months_without_background"] == 1
    alone = assimilate(background, stations.isel(station=[1]), quantity="aod")
    xr.testing.assert_allclose(result["aod"], alone["aod"])


@few
@given(seeds, radii)
def test_date_line_is_seamless(seed, radius):
    background, stations = random_case(seed, "aod")
    here = assimilate(background, stations, quantity="aod", radius=radius)["aod"]
    turned = background.assign_coords(lon=(LON + 180.0) % 360.0 - 180.0).sortby("lon")[::-1]
    moved = stations.assign_coords(lon=(stations["lon"] + 180.0) % 360.0 - 180.0)
    there = assimilate(turned, moved, quantity="aod", radius=radius)["aod"]
    xr.testing.assert_equal(there["lon"], turned["lon"])
    back = there.assign_coords(lon=there["lon"] % 360.0).sortby(["lat", "lon"])
    np.testing.assert_allclose(back, here, rtol=1e-12)
    rolled = background.copy(data=np.roll(background.values, 5, axis=1))
    east = stations.assign_coords(lon=stations["lon"] + 75.0 - 360.0 * (stations["lon"] > 280))
    spun = assimilate(rolled, east, quantity="aod", radius=radius)["aod"]
    np.testing.assert_allclose(np.roll(here, 5, axis=1), spun, rtol=1e-9)


@pytest.mark.parametrize("power", [1.0, 2.0, 4.0, 4.0 + 1e-13])
def test_other_powers_of_the_distance(power):
    background, _ = random_case(12, "angstrom")
    background[:] = 1.0
    stations = network([1.5, 0.5], [5.0, 5.0], [30.0, 60.0], "angstrom")
    settings = {"quantity": "angstrom", "radius": None, "power": power}
    increment = assimilate(background, stations, **settings)["increment"].sel(lat=25.0, lon=30.0)
    near, far = great_circle_distance(25.0, 30.0, 5.0, [30.0, 60.0])
    expected = 0.5 * (near**-power - far**-power) / (near**-power + far**-power)
    np.testing.assert_allclose(increment, expected, rtol=1e-11)


@few
@given(seeds, st.sampled_from([-1.0, 1.0]), st.floats(-180.0, 360.0))
def test_a_station_at_a_pole_reaches_all_around(seed, pole, longitude):
    background, _ = random_case(seed, "angstrom")
    station = network([2.0], [90.0 * pole], [longitude], "angstrom")
    result = assimilate(background, station, quantity="angstrom")
    around = {"lat": 75.0 * pole}  # 15 degrees from the pole on all sides
    assert np.ptp(result["increment"].sel(around).values) < 1e-12
    assert abs(result["increment"].sel(around)).min() > 0 or result["angstrom"].max() == 2.0
    assert (result["n_stations"].sel(around) == 1).all()


def test_stations_far_above_the_surface_are_left_out():
    background, _ = random_case(8, "aod")
    stations = network([0.02, 0.3], [19.5, 20.0], [-155.6, -100.0], "aod", [3402.0, 2268.0])
    stations = stations.assign_coords(station=["Mauna_Loa", "Mexico_City"])
    both_high = assimilate(background, stations, quantity="aod")
    assert both_high.attrs["stations_too_high"] == "Mauna_Loa, Mexico_City"
    np.testing.assert_array_equal(both_high["aod"], background)
    surface = xr.zeros_like(background)
    surface.loc[{"lat": 25.0, "lon": 255.0}] = 0.0
    surface.loc[{"lat": 15.0, "lon": 255.0}] = 1900.0
    surface.loc[{"lat": 25.0, "lon": 255.0}] = 1900.0
    seen = assimilate(background, stations, quantity="aod", surface_altitude=surface)
    assert seen.attrs["stations_too_high"] == "Mauna_Loa"
    everything = assimilate(background, stations, quantity="aod", max_elevation_difference=None)
    assert everything.attrs["stations_used"] == 2


def test_ssa_in_one_cell_is_weighted_by_aod():
    background = field(np.full((LAT.size, LON.size), 0.95), "ssa")
    stations = network([0.8, 0.9], [4.0, 6.0], [60.0, 61.0], "ssa")
    plain = assimilate(background, stations, quantity="ssa")["ssa"][9, 4]
    weighted = stations.assign(aod=("station", [3.0, 1.0]))
    heavy = assimilate(background, weighted, quantity="ssa")["ssa"][9, 4]
    unknown = stations.assign(aod=("station", [3.0, np.nan]))
    np.testing.assert_allclose([plain, heavy], [0.85, 0.825], atol=1e-9)
    np.testing.assert_allclose(assimilate(background, unknown, quantity="ssa")["ssa"][9, 4], 0.85)


def test_absorption_optical_depth_is_accepted_in_place_of_ssa():
    background, stations = random_case(10, "ssa")
    depths = stations.assign(aod=xr.full_like(stations["ssa"], 0.5))
    absorption = depths.assign(aaod=(1.0 - depths["ssa"]) * depths["aod"]).drop_vars("ssa")
    one = assimilate(background, depths, quantity="ssa")
    other = assimilate(background, absorption, quantity="ssa")
    np.testing.assert_allclose(one["ssa"], other["ssa"], rtol=1e-12, atol=1e-12)


def test_dask_arrays_are_accepted():
    pytest.importorskip("dask")
    background, stations = random_case(11, "aod")
    eager = assimilate(background, stations, quantity="aod")
    lazy = assimilate(background.chunk(lat=5), stations.chunk(), quantity="aod")
    xr.testing.assert_equal(eager, lazy)


def test_gaussian_grid_and_station_cells():
    """Every station on T42 changes the cell that holds it by the bounds of the cells."""
    grid, rng = gaussian_grid("T42"), np.random.default_rng(0)
    background = xr.full_like(grid["area"], 0.2).rename("aod").drop_attrs()
    bounds = grid_of(background)
    row, column = rng.integers(0, 64, 20), rng.integers(0, 128, 20)
    lat = bounds["lat_bnds"].values[row] @ [0.9, 0.1]
    lon = bounds["lon_bnds"].values[column] @ [0.1, 0.9]
    stations = network(rng.uniform(0.5, 0.9, 20), lat, lon, "aod")
    result = assimilate(background, stations, quantity="aod", radius=3.0e5, taper=0.0)
    np.testing.assert_allclose(result["aod"].values[row, column], stations["aod"], atol=1e-4)


def test_stations_outside_a_region_are_counted():
    region = field(np.full((LAT.size, 4), 0.2), "aod", lon=LON[:4])
    stations = network([0.4, 0.5], [5.0, 5.0], [100.0, 15.0], "aod")
    result = assimilate(region, stations, quantity="aod")
    assert result.attrs["stations_outside_grid"] == 1 and result.attrs["stations_used"] == 1


def test_settings_are_recorded():
    background, stations = random_case(9, "aod")
    attributes = assimilate(background, stations, quantity="aod", radius=1.5e6, taper=0.2).attrs
    assert attributes["assimilation_radius"] == 1.5e6 and attributes["assimilation_taper"] == 0.2
    unlimited = assimilate(background, stations, quantity="aod", radius=None)
    assert unlimited.attrs["assimilation_radius"] == "unlimited"
    assert unlimited["aod"].attrs["units"] == "1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b, s: assimilate(b, s, quantity="dust"), "none of aod"),
        (lambda b, s: assimilate(0.1 * b.rename("ssa"), s, quantity="aod"), "holds ssa"),
        (lambda b, s: assimilate(b, s, quantity="ssa"), "holds aod"),
        (lambda b, s: assimilate(b, s.rename(aod="x"), quantity="aod"), "no 'aod'"),
        (lambda b, s: assimilate(b, s.drop_vars("lat"), quantity="aod"), "no 'lat'"),
        (lambda b, s: assimilate(b, s - 2.0, quantity="aod"), "out of range"),
        (lambda b, s: assimilate(b * 100, s, quantity="aod"), "out of range"),
        (lambda b, s: assimilate(b.expand_dims(level=[1]), s, quantity="aod"), "level"),
        (lambda b, s: assimilate(b, s.expand_dims(day=[1]), quantity="aod"), "station is needed"),
        (lambda b, s: assimilate(b, s, quantity="aod", power=0.0), "power"),
        (lambda b, s: assimilate(b, s, quantity="aod", radius=-1.0), "radius"),
        (lambda b, s: assimilate(b, s, quantity="aod", taper=1.5), "taper"),
        (
            lambda b, s: assimilate(b, s.assign_coords(lat=s["lat"] + 90), quantity="aod"),
            "no position on the globe",
        ),
        (
            lambda b, s: assimilate(b, s, quantity="aod", surface_altitude=b[::2] * 0.0),
            "surface altitude",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(change, message):
    background, stations = random_case(0, "aod")
    with pytest.raises(InputError, match=message):
        change(background, stations)
