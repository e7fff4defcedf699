"""Gap filling against brute force over all pairs, and the invariants of the scheme."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.core.errors import InputError
from aeroforcing.grids.sphere import great_circle_distance
from aeroforcing.observations.cressman import cressman_weight, ring_positions, weighted_means
from aeroforcing.observations.gap_filling import fill_gaps

LAT = np.arange(-82.5, 90.0, 15.0)
LON = np.arange(0.0, 360.0, 15.0)
RADII = (3.0e6, 2.0e6)
few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def field(values, lat=LAT, lon=LON, name="aod"):
    return xr.DataArray(values, {"lat": lat, "lon": lon}, ("lat", "lon"), name=name)


def random_pair(seed, lat=LAT, lon=LON):
    """A primary with gaps (one of them a polar cap) and a complete background."""
    rng = np.random.default_rng(seed)
    background = rng.uniform(0.2, 1.0, (lat.size, lon.size))
    primary = rng.uniform(0.2, 1.0, background.shape)
    primary[rng.random(primary.shape) < rng.uniform(0.1, 0.95)] = np.nan
    primary[: rng.integers(0, 3)] = np.nan
    return primary, background


def distances(lat, lon):
    lat, lon = (axis.ravel() for axis in np.meshgrid(lat, lon, indexing="ij"))
    return great_circle_distance(lat[:, None], lon[:, None], lat, lon)


def brute_force(primary, background, radii, lat=LAT, lon=LON):
    """Successive correction by a dense matrix of all pairs."""
    distance = distances(lat, lon)
    difference = (primary - background).ravel()
    known, delta = np.isfinite(difference), np.zeros(difference.size)
    for radius in radii:
        square = distance[:, known] ** 2
        weight = np.where(square < radius**2, (radius**2 - square) / (radius**2 + square), 0.0)
        total, residual = weight.sum(axis=1), (difference - delta)[known]
        delta += np.divide(weight @ residual, total, out=np.zeros_like(total), where=total > 0)
    filled = np.clip(background + delta.reshape(primary.shape), 0.0, 10.0)
    return np.where(np.isfinite(primary), primary, filled)


@few
@given(seeds, st.floats(1.8e6, 2.1e7))
def test_regular_grid_equals_brute_force(seed, radius):
    primary, background = random_pair(seed)
    radii = (radius, 0.6 * radius)
    filled = fill_gaps(field(primary), field(background), radii=radii)["aod"]
    expected = brute_force(primary, background, radii)
    np.testing.assert_allclose(filled, expected, rtol=0, atol=1e-12)


@few
@given(seeds)
def test_irregular_longitudes_equal_brute_force(seed):
    lon = np.sort(np.random.default_rng(seed).uniform(0.0, 360.0, 17))
    primary, background = random_pair(seed, lon=lon)
    assert ring_positions(lon) is None
    filled = fill_gaps(field(primary, lon=lon), field(background, lon=lon), radii=RADII)["aod"]
    expected = brute_force(primary, background, RADII, lon=lon)
    np.testing.assert_allclose(filled, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("lon", [np.arange(340.0, 380.0, 5.0) % 360, np.arange(20.0, 80.0, 7.5)])
def test_region_equals_brute_force(lon):
    lon = np.sort(lon)
    primary, background = random_pair(3, lon=lon)
    filled = fill_gaps(field(primary, lon=lon), field(background, lon=lon), radii=RADII)["aod"]
    expected = brute_force(primary, background, RADII, lon=lon)
    np.testing.assert_allclose(filled, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("count", [8, 9])
def test_ring_positions_of_even_and_odd_rings(count):
    lon = (np.arange(count) * 360.0 / count).astype(np.float32)
    places, ring = ring_positions(lon)
    assert ring == count and places.tolist() == list(range(count))


def test_odd_ring_equals_brute_force():
    lon = np.arange(9) * 40.0
    primary, background = random_pair(5, lon=lon)
    filled = fill_gaps(field(primary, lon=lon), field(background, lon=lon), radii=RADII)["aod"]
    expected = brute_force(primary, background, RADII, lon=lon)
    np.testing.assert_allclose(filled, expected, rtol=0, atol=1e-12)


@few
@given(seeds, st.sampled_from(["cressman", "poisson"]))
def test_primary_is_untouched_and_source_tells_where_values_come_from(seed, method):
    primary, background = random_pair(seed)
    background[:, 3] = np.nan
    result = fill_gaps(field(primary), field(background), method=method)
    valid, other = np.isfinite(primary), np.isfinite(background)
    np.testing.assert_array_equal(result["aod"].values[valid], primary[valid])
    np.testing.assert_array_equal(result["source"], np.where(valid, 0, np.where(other, 1, -1)))
    np.testing.assert_array_equal(np.isnan(result["aod"]), ~valid & ~other)


@few
@given(seeds, st.floats(-0.2, 0.5), st.sampled_from(["cressman", "poisson"]))
def test_a_constant_offset_is_carried_into_the_gap(seed, offset, method):
    primary, background = random_pair(seed)
    primary = np.where(np.isfinite(primary), background + offset, np.nan)
    primary[6, 11] = background[6, 11] + offset
    whole_globe = (2.1e7, 1.0e7)
    filled = fill_gaps(field(primary), field(background), method=method, radii=whole_globe)["aod"]
    np.testing.assert_allclose(filled, background + offset, rtol=0, atol=1e-12)


@few
@given(seeds, st.sampled_from(["cressman", "poisson"]))
def test_equal_fields_give_the_background(seed, method):
    primary, background = random_pair(seed)
    primary = np.where(np.isfinite(primary), background, np.nan)
    filled = fill_gaps(field(primary), field(background), method=method)["aod"]
    np.testing.assert_array_equal(filled, background)


@few
@given(seeds, st.floats(-0.2, 0.5), st.floats(1.6e6, 1.5e7))
def test_an_offset_reaches_as_far_as_the_largest_radius_and_no_farther(seed, offset, radius):
    primary, background = random_pair(seed)
    primary = np.where(np.isfinite(primary), background + offset, np.nan)
    filled = fill_gaps(field(primary), field(background), radii=(radius, 0.3 * radius))["aod"]
    nearest = np.full(primary.size, np.inf)
    if np.isfinite(primary).any():
        nearest = distances(LAT, LON)[:, np.isfinite(primary).ravel()].min(axis=1)
    near, far = nearest < radius - 1.0, nearest > radius + 1.0
    np.testing.assert_allclose(filled.values.flat[near], (background + offset).flat[near])
    np.testing.assert_array_equal(filled.values.flat[far], background.flat[far])


@few
@given(st.integers(0, 11), st.integers(0, 23), seeds)
def test_one_known_cell_anywhere_reaches_all_around(row, column, seed):
    """Over the pole and the date line alike: all in reach take its difference, no other cell."""
    _, background = random_pair(seed)
    primary = np.full(background.shape, np.nan)
    primary[row, column] = 0.9
    filled = fill_gaps(field(primary), field(background), radii=(2.3e6,))["aod"].values
    distance = great_circle_distance(LAT[row], LON[column], LAT[:, None], LON)
    near = distance < 2.3e6
    np.testing.assert_array_equal(filled[~near], background[~near])
    expected = (background + 0.9 - background[row, column])[near]
    np.testing.assert_allclose(filled[near], expected.clip(0.0))


@few
@given(seeds, st.floats(1.0e6, 8.0e6))
def test_an_increment_is_a_mean_of_residuals(seed, radius):
    primary, background = random_pair(seed)
    known = np.isfinite(primary)[None]
    residual = np.where(known, (primary - background)[None], 0.0)
    everywhere = np.ones_like(known)
    means = weighted_means(residual, known, everywhere, lat=LAT, lon=LON, radius=radius)
    assert np.abs(means).max() <= np.abs(residual).max()


@few
@given(seeds, st.integers(1, 23), st.sampled_from(["cressman", "poisson"]))
def test_date_line_is_seamless(seed, shift, method):
    primary, background = random_pair(seed)
    here = fill_gaps(field(primary), field(background), method=method)["aod"].values
    rolled = [field(np.roll(values, shift, axis=1)) for values in (primary, background)]
    there = fill_gaps(*rolled, method=method)["aod"].values
    np.testing.assert_allclose(np.roll(here, shift, axis=1), there, rtol=0, atol=1e-10)


@few
@given(seeds, st.sampled_from(["cressman", "poisson"]))
def test_axes_in_any_order_and_range_give_the_same(seed, method):
    primary, background = random_pair(seed)
    plain = fill_gaps(field(primary), field(background), method=method)["aod"]
    turned = field(primary).assign_coords(lon=(LON + 180.0) % 360.0 - 180.0).sortby("lon")[::-1]
    result = fill_gaps(turned, field(background), method=method)["aod"]
    xr.testing.assert_equal(result["lat"], turned["lat"])
    xr.testing.assert_equal(result["lon"], turned["lon"])
    back = result.assign_coords(lon=result["lon"] % 360.0).sortby(["lat", "lon"])
    np.testing.assert_allclose(back, plain, rtol=0, atol=1e-12)


def test_pole_is_seamless():
    """The difference known on one side of the pole reaches the other side across it."""
    lat = np.arange(-88.0, 90.0, 4.0)
    background, primary = np.full((lat.size, LON.size), 0.3), np.full((lat.size, LON.size), np.nan)
    primary[-3, 0] = 0.5
    pair = field(primary, lat=lat), field(background, lat=lat)
    filled = fill_gaps(*pair, radii=(2.0e6,))["aod"]
    across = filled.sel(lat=80.0, lon=180.0)  # 20 degrees away over the pole, 2220 km
    np.testing.assert_array_equal(across, 0.3)
    np.testing.assert_allclose(filled.sel(lat=84.0, lon=180.0), 0.5)  # 16 degrees, 1780 km
    spread = fill_gaps(*pair, method="poisson")["aod"]
    np.testing.assert_allclose(spread, 0.5)


def test_grid_with_rows_at_the_poles():
    lat = np.arange(-90.0, 91.0, 15.0)
    primary, background = random_pair(9, lat=lat)
    primary[0], background[0] = np.nan, 0.4
    pair = field(primary, lat=lat), field(background, lat=lat)
    filled = fill_gaps(*pair, radii=RADII)["aod"]
    expected = brute_force(primary, background, RADII, lat=lat)
    np.testing.assert_allclose(filled, expected, rtol=0, atol=1e-12)
    assert np.ptp(filled.sel(lat=-90.0).values) < 1e-12  # one point, one value
    assert np.isfinite(fill_gaps(*pair, method="poisson")["aod"]).all()


@few
@given(seeds)
def test_backgrounds_are_used_in_turn_and_months_stand_alone(seed):
    """One of the months is missing altogether."""
    primary, first = random_pair(seed)
    _, second = random_pair(seed + 1)
    primary[4, 4], primary[3, :] = 0.4, np.nan
    first[:, :8] = np.nan
    second[2] = np.nan
    months = xr.concat([field(primary), field(np.full_like(primary, np.nan))], dim="month")
    months = months.assign_coords(month=[1, 2])
    result = fill_gaps(months, field(first), field(second))
    step = fill_gaps(field(primary), field(first))["aod"]
    both = fill_gaps(step, field(second))["aod"]
    np.testing.assert_allclose(result["aod"].sel(month=1), both, rtol=0, atol=1e-12)
    # A month without any value is the backgrounds alone, the second one bent to the first.
    bent = fill_gaps(field(first), field(second))["aod"]
    np.testing.assert_allclose(result["aod"].sel(month=2), bent, rtol=0, atol=1e-12)
    assert {-1, 1, 2} <= set(np.unique(result["source"])) <= {-1, 0, 1, 2}
    assert (result["source"].sel(month=2) != 0).all()
    assert result["aod"].dims == ("month", "lat", "lon")


def test_without_background_missing_stays_missing():
    primary, _ = random_pair(2)
    result = fill_gaps(field(primary))
    np.testing.assert_array_equal(result["aod"], primary)
    np.testing.assert_array_equal(result["source"], np.where(np.isfinite(primary), 0, -1))
    assert result.attrs["fill_missing_cells"] == np.isnan(primary).sum()


def test_aod_is_clipped_at_zero_and_counted():
    primary, background = np.full((12, 24), np.nan), np.full((12, 24), 0.1)
    background[:, 12:] = 0.8
    primary[:, 12:] = 0.5  # 0.3 less than the background; in the gap 0.1 - 0.3
    result = fill_gaps(field(primary), field(background), radii=(2.1e7,))
    np.testing.assert_array_equal(result["aod"][:, :12], 0.0)
    assert result.attrs["fill_clipped_cells"] == 12 * 12
    np.testing.assert_array_equal(result.attrs["fill_radii"], [2.1e7])


@few
@given(seeds)
def test_a_background_of_zero_leaves_the_spread_of_the_primary_alone(seed):
    primary, _ = random_pair(seed)
    zero = np.zeros_like(primary)
    filled = fill_gaps(field(primary), field(zero), radii=RADII)["aod"]
    expected = brute_force(primary, zero, RADII)
    np.testing.assert_allclose(filled, expected, rtol=0, atol=1e-12)
    known = primary[np.isfinite(primary)]
    inside = filled.values[filled.values > 0]
    assert inside.size == 0 or (inside.max() <= 2 * known.max() and inside.min() >= 0)


def test_name_is_that_of_the_primary_and_attributes_those_of_the_registry():
    primary, background = random_pair(4)
    result = fill_gaps(field(primary, name="TOTEXTTAU"), field(background, name="od550aer"))
    assert result["TOTEXTTAU"].attrs["standard_name"].startswith("atmosphere_optical_thickness")
    assert result["source"].attrs["flag_meanings"] == "missing primary background_1"
    np.testing.assert_array_equal(result["source"].attrs["flag_values"], [-1, 0, 1])


def test_dask_arrays_are_accepted():
    pytest.importorskip("dask")
    primary, background = random_pair(6)
    eager = fill_gaps(field(primary), field(background))
    lazy = fill_gaps(field(primary).chunk(lat=5), field(background).chunk(lon=7))
    xr.testing.assert_equal(eager, lazy)


@pytest.mark.parametrize("wave", [0, 1, 2])
def test_poisson_is_harmonic(wave):
    """Between two parallels: a + b artanh(sin), and the waves tan(colatitude / 2)^m cos(m lon)."""
    lat, lon = np.arange(-89.0, 90.0, 2.0), np.arange(0.0, 360.0, 4.0)
    if wave:
        tangent = np.tan(np.radians(90.0 - lat) / 2.0)[:, None]
        exact = 1.0 + 0.1 * tangent**wave * np.cos(wave * np.radians(lon))
    else:
        exact = 1.0 + 0.3 * np.arctanh(np.sin(np.radians(lat)))[:, None] * np.ones(lon.size)
    background = np.ones_like(exact)
    primary = np.where(np.abs(lat[:, None]) < 60.0, np.nan, exact)
    pair = field(primary, lat=lat, lon=lon, name="x"), field(background, lat=lat, lon=lon, name="x")
    filled = fill_gaps(*pair, method="poisson")["x"]
    np.testing.assert_allclose(filled, exact, atol=1.5e-3)


@few
@given(seeds)
def test_poisson_stays_within_the_edge_and_leaves_gaps_without_edge(seed):
    primary, background = random_pair(seed)
    primary[5, 5] = 0.5
    spread = fill_gaps(field(primary, name="x"), field(background, name="x"), method="poisson")
    delta = spread["x"].values - background
    known = (primary - background)[np.isfinite(primary)]
    assert known.min() - 1e-12 <= delta.min() and delta.max() <= known.max() + 1e-12
    island = np.full((12, 24), np.nan)  # a background that does not touch the primary's cells
    island[8:10, 15:17] = 0.4
    lonely = np.full((12, 24), np.nan)
    lonely[2, 2] = 0.9
    result = fill_gaps(field(lonely), field(island), method="poisson")["aod"].values
    np.testing.assert_array_equal(result[8:10, 15:17], 0.4)


def test_weight_is_cressmans():
    np.testing.assert_allclose(cressman_weight(np.array([0.0, 1.0, 2.0, 3.0]), 2.0), [1, 0.6, 0, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, b: fill_gaps(p, b[:, ::2]), "regrid it"),
        (lambda p, b: fill_gaps(p, b.assign_coords(lat=b["lat"] + 0.5)), "regrid it"),
        (lambda p, b: fill_gaps(p, b.expand_dims(level=[1, 2])), "level"),
        (lambda p, b: fill_gaps(p, b.rename("ssa")), "same quantity"),
        (lambda p, b: fill_gaps(p, b * 100.0), "out of range"),
        (lambda p, b: fill_gaps(p.rename(None), b), "no name"),
        (lambda p, b: fill_gaps(p.rename(lat="y"), b), "'lat'"),
        (lambda p, b: fill_gaps(p, b, method="kriging"), "kriging"),
        (lambda p, b: fill_gaps(p, b, radii=(1e6, 2e6)), "smaller"),
        (lambda p, b: fill_gaps(p, b, radii=()), "radii"),
        (
            lambda p, b: fill_gaps(p.expand_dims(month=[1, 2]), b.expand_dims(month=[2])),
            "lacks 1 .* first of them 1",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(change, message):
    primary, background = random_pair(0)
    with pytest.raises(InputError, match=message):
        change(field(primary), field(background))
