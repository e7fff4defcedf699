"""Regridding by overlap and by pooled medians, and monthly climatologies."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import global_mean
from aeroforcing.grids.regridding import monthly_climatology, regrid

QUICK = settings(deadline=None, max_examples=40)

NAMES = ["T21", "T42", "10x15", "2x2.5", "30x40"]


def axes(draw) -> dict[str, np.ndarray]:
    """Latitudes and longitudes of a global grid as files have them."""
    lat = draw(
        st.one_of(
            st.sampled_from(["T21", "F7", "F8"]).map(lambda name: gaussian_grid(name).lat.values),
            st.integers(3, 40).map(lambda n: -90 + (np.arange(n) + 0.5) * 180 / n),
            st.integers(3, 40).map(lambda n: np.linspace(-90, 90, n)),
        )
    )
    count, west = draw(st.integers(3, 50)), draw(st.floats(-180, 360))
    lon = (west + np.arange(count) * 360 / count + 180) % 360 - 180
    lon = np.sort(lon % 360 if draw(st.booleans()) else lon)
    return {"lat": lat[::-1] if draw(st.booleans()) else lat, "lon": lon}


def random_field(name: str, seed: int = 0, **extra: int) -> xr.DataArray:
    grid = gaussian_grid(name)
    shape = (*extra.values(), grid.sizes["lat"], grid.sizes["lon"])
    values = np.random.default_rng(seed).random(shape)
    return xr.DataArray(
        values, {"lat": grid.lat, "lon": grid.lon}, [*extra, "lat", "lon"], name="aod"
    )


def overlap_by_hand(field: xr.DataArray, target: xr.Dataset) -> np.ndarray:
    """Conservative mean, cell by cell and from first principles."""
    source = gaussian_grid(field.attrs["grid"])
    result = np.full((target.sizes["lat"], target.sizes["lon"]), np.nan)
    for i, (south, north) in enumerate(target.lat_bnds.values):
        for j, (west, east) in enumerate(target.lon_bnds.values):
            total = area = 0.0
            for k, (s, n) in enumerate(source.lat_bnds.values):
                height = np.sin(np.radians(min(n, north))) - np.sin(np.radians(max(s, south)))
                for m, (w, e) in enumerate(source.lon_bnds.values):
                    for turn in (-360, 0, 360):
                        width = min(e + turn, east) - max(w + turn, west)
                        if height > 1e-12 and width > 1e-12 and np.isfinite(field.values[k, m]):
                            total += height * width * field.values[k, m]
                            area += height * width
            if area:
                result[i, j] = total / area
    return result


class TestConservative:
    @pytest.mark.parametrize("source", NAMES)
    @pytest.mark.parametrize("target", NAMES)
    def test_total_is_preserved(self, source, target):
        field = random_field(source)
        self.check_total(field, target)

    @QUICK
    @given(st.integers(0, 2**32 - 1), st.data())
    def test_total_is_preserved_on_any_grids(self, seed, data):
        """Gaussian, regular and pole-to-pole rows, longitudes from anywhere, either order."""
        source, target = (axes(data.draw) for _ in range(2))
        values = np.random.default_rng(seed).random([axis.size for axis in source.values()])
        self.check_total(xr.DataArray(values, source, ["lat", "lon"]), xr.Dataset(coords=target))

    def check_total(self, field, target):
        assert float(global_mean(regrid(field, target))) == pytest.approx(
            float(global_mean(field)), rel=1e-12
        )

    @pytest.mark.parametrize("name", NAMES)
    def test_same_grid_gives_the_same_field(self, name):
        field = random_field(name)
        np.testing.assert_allclose(regrid(field, name), field, rtol=1e-12)

    @pytest.mark.parametrize("missing", [False, True])
    def test_agrees_with_overlaps_by_hand(self, missing):
        field = random_field("30x40", seed=5)
        if missing:
            field = field.where(field > 0.6)
        field.attrs["grid"] = "30x40"
        target = gaussian_grid("F4")
        np.testing.assert_allclose(
            regrid(field, target), overlap_by_hand(field, target), rtol=1e-12
        )

    @QUICK
    @given(arrays(float, (6, 9), elements=st.floats(-5, 5) | st.just(np.nan)))
    def test_result_is_within_the_range_of_the_source_and_keeps_constants(self, values):
        field = random_field("30x40").copy(data=values)
        result = regrid(field, "T21")
        if np.isfinite(values).any():
            assert np.nanmin(values) - 1e-12 <= result.min()
            assert result.max() <= np.nanmax(values) + 1e-12
        constant = regrid(field * 0 + 7.0, "T21")
        np.testing.assert_allclose(constant.values[constant.notnull()], 7.0, rtol=1e-13)

    def test_missing_exactly_where_no_valid_cell_overlaps(self):
        field = random_field("10x15").where(lambda f: (f.lat > 0) & (f.lon > 90) & (f.lon < 180))
        result = regrid(field, "5x5")
        inside = (result.lat > 0) & (result.lon > 90) & (result.lon < 180)
        np.testing.assert_array_equal(result.notnull(), inside)

    def test_axes_in_any_order(self):
        field = random_field("10x15")
        expected = regrid(field, "T21")
        turned = field.assign_coords(lon=(field.lon + 180) % 360 - 180).sortby("lon")
        np.testing.assert_allclose(regrid(turned, "T21"), expected, rtol=1e-12)
        np.testing.assert_allclose(regrid(field[::-1, ::-1].T, "T21"), expected, rtol=1e-12)
        renamed = field.rename(lat="latitude", lon="longitude")
        np.testing.assert_allclose(regrid(renamed, "T21"), expected, rtol=1e-12)

    def test_target_axes_in_any_order(self):
        field = random_field("10x15")
        expected = regrid(field, "T21")
        west = gaussian_grid("T21")[["lat", "lon"]].isel(lat=slice(None, None, -1))
        west = west.assign_coords(lon=(west.lon + 180) % 360 - 180).sortby("lon")
        result = regrid(field, west)
        np.testing.assert_array_equal(result.lat, west.lat)
        back = result.assign_coords(lon=result.lon % 360).sortby(["lat", "lon"])
        np.testing.assert_allclose(back, expected, rtol=1e-12)

    def test_polar_rows_of_a_pole_to_pole_grid(self):
        lat, lon = np.linspace(-90, 90, 19), np.arange(0, 360, 10.0)
        field = xr.DataArray(
            np.abs(lat)[:, None] + 0 * lon, {"lat": lat, "lon": lon}, ["lat", "lon"]
        )
        assert float(global_mean(regrid(field, "T42"))) == pytest.approx(
            float(global_mean(field)), rel=1e-12
        )

    def test_region_onto_the_globe_and_back(self):
        region = random_field("10x15").sel(lat=slice(0, 40), lon=slice(0, 60))
        globe = regrid(region, "10x15")
        assert int(globe.count()) == region.size
        np.testing.assert_allclose(regrid(globe, region.to_dataset()), region, rtol=1e-12)

    def test_further_dimensions_attributes_and_types(self):
        field = random_field("10x15", month=2, level=3).assign_coords(month=[1, 7])
        field.attrs = {"units": "1"}
        result = regrid(field, "T21")
        assert result.dims == ("month", "level", "lat", "lon")
        assert result.attrs == {"units": "1"} and result.name == "aod"
        np.testing.assert_array_equal(result.month, [1, 7])
        np.testing.assert_allclose(result[1, 2], regrid(field[1, 2], "T21"), rtol=1e-14)
        dataset = xr.Dataset({"aod": field.astype("f4"), "x": ("level", np.zeros(3))})
        moved = regrid(dataset.assign(lat_bnds=gaussian_grid("10x15").lat_bnds), "T21")
        assert set(moved.data_vars) == {"aod", "x"}
        assert moved.aod.dtype == np.float64

    def test_no_target_only_orders_the_axes(self):
        field = random_field("10x15")
        xr.testing.assert_identical(regrid(field[::-1], None), field)


class TestMedian:
    def test_agrees_with_a_median_by_hand(self):
        terra = random_field("2x2.5", seed=1)
        aqua = random_field("2x2.5", seed=2).where(lambda a: a > 0.5)
        target = gaussian_grid("10x15")
        result = regrid([terra, aqua], target, method="median", min_count=40)
        pooled = xr.concat([terra, aqua], "satellite")
        for i, (south, north) in enumerate(target.lat_bnds.values):
            for j, (west, east) in enumerate(target.lon_bnds.values):
                box = pooled.sel(
                    lat=(pooled.lat > south) & (pooled.lat < north),
                    lon=(pooled.lon > west) & (pooled.lon < east),
                ).values
                values = box[np.isfinite(box)]
                expected = np.median(values) if values.size >= 40 else np.nan
                np.testing.assert_array_equal(result[i, j], expected)
        assert result.isnull().any() and result.notnull().any()

    @pytest.mark.parametrize("count", [0, 4, 5, 6])
    def test_least_number_of_values(self, count):
        field = random_field("2x2.5")
        values = np.full(field.shape, np.nan)
        values[0, :count] = np.arange(count) + 1.0  # the first five columns are in the first box
        result = regrid(field.copy(data=values), "10x12", method="median")
        expected = np.nan if count < 5 else 3.0
        np.testing.assert_array_equal(result[0, 0], expected)

    def test_centres_on_an_edge_belong_to_the_cell_north_and_east(self):
        lat, lon = np.arange(-90, 91, 30.0), np.arange(0, 360, 30.0)
        values = np.add.outer(lat, lon / 1000)
        field = xr.DataArray(values, {"lat": lat, "lon": lon}, ["lat", "lon"])
        result = regrid(field, "30x30", method="median", min_count=1)
        np.testing.assert_array_equal(result[:-1], values[:-2])
        # the pole itself is in the last row, together with 60 degrees
        np.testing.assert_array_equal(result[-1], (values[-2] + values[-1]) / 2)

    def test_seam_of_the_longitudes(self):
        lat, lon = gaussian_grid("T21").lat, np.arange(-179.5, 180)
        field = xr.DataArray(
            np.broadcast_to(lon % 360, (32, 360)), {"lat": lat, "lon": lon}, ["lat", "lon"]
        )
        result = regrid(field, "T21", method="median", min_count=1)
        assert (np.abs(result - result.lon)[:, 1:] < 2).all()
        # cell 0 reaches over the seam: 357.5 to 359.5 and 0.5 to 2.5
        np.testing.assert_array_equal(result[:, 0], (2.5 + 357.5) / 2)

    def test_outliers_do_not_count(self):
        field = random_field("2x2.5")
        spoilt = field.copy()
        spoilt[::5, ::6] = 1e6
        assert regrid(spoilt, "10x15", method="median").max() < 1

    def test_points_outside_a_regional_target_are_left_out(self):
        target = gaussian_grid("10x15").isel(lat=slice(9, 12), lon=slice(2, 5))
        result = regrid(random_field("2x2.5"), target, method="median")
        whole = regrid(random_field("2x2.5"), "10x15", method="median")
        np.testing.assert_array_equal(result, whole[9:12, 2:5])

    def test_months_that_one_source_lacks(self):
        field = random_field("2x2.5", month=3).assign_coords(month=[1, 2, 3])
        result = regrid([field, field[1:]], "10x15", method="median")
        np.testing.assert_array_equal(result.month, [1, 2, 3])
        np.testing.assert_array_equal(result[0], regrid(field[0], "10x15", method="median"))

    @QUICK
    @given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.booleans(), st.booleans())
    def test_any_order_of_the_axes_gives_the_same(self, seed, min_count, descending, westward):
        rng = np.random.default_rng(seed)
        field = random_field("10x15", seed=seed)
        field = field.where(rng.random(field.shape) < 0.7)
        expected = regrid(field, "30x60", method="median", min_count=min_count)
        turned = field[::-1] if descending else field
        if westward:
            turned = turned.assign_coords(lon=(turned.lon + 180) % 360 - 180).sortby("lon")
        result = regrid(turned, "30x60", method="median", min_count=min_count)
        np.testing.assert_array_equal(result, expected)

    @QUICK
    @given(arrays(float, (6, 9), elements=st.floats(0, 5) | st.just(np.nan)), st.integers(1, 4))
    def test_order_of_the_sources_does_not_matter(self, values, min_count):
        first = random_field("30x40").copy(data=values)
        second = random_field("30x40", seed=9)
        a = regrid([first, second], "90x120", method="median", min_count=min_count)
        b = regrid([second, first], "90x120", method="median", min_count=min_count)
        np.testing.assert_array_equal(a, b)


class TestRefusals:
    def test_unknown_method(self):
        with pytest.raises(InputError, match="conservative or median"):
            regrid(random_field("10x15"), "T21", method="nearest")

    def test_several_fields_have_no_mean(self):
        with pytest.raises(InputError, match="median"):
            regrid([random_field("10x15")] * 2, "T21")

    def test_zonal_variable(self):
        data = random_field("10x15").to_dataset().assign(ozone=("lat", np.zeros(18)))
        with pytest.raises(InputError, match="ozone has the axis lat only"):
            regrid(data, "T21")

    def test_text(self):
        with pytest.raises(InputError, match="numbers"):
            regrid(random_field("10x15").astype(str), "T21")


def monthly_series(years: int, calendar: str = "standard") -> xr.DataArray:
    time = xr.date_range("2001-01-01", periods=12 * years, freq="MS", calendar=calendar)
    values = np.add.outer(np.arange(12.0 * years), np.zeros(2))
    return xr.DataArray(values, {"time": time}, ["time", "x"], name="aod", attrs={"units": "1"})


class TestClimatology:
    @pytest.mark.parametrize("calendar", ["standard", "noleap"])
    def test_mean_over_the_years(self, calendar):
        result = monthly_climatology(monthly_series(3, calendar))
        assert result.dims == ("month", "x")
        np.testing.assert_array_equal(result.month, np.arange(1, 13))
        np.testing.assert_allclose(result[:, 0], np.arange(12) + 12.0)
        assert result.attrs == {"units": "1"}

    def test_missing_values_and_least_number(self):
        series = monthly_series(3)
        series[0, 0] = series[12, 0] = series[1, 1] = np.nan
        result = monthly_climatology(series, min_count=2)
        np.testing.assert_array_equal(result[0], [np.nan, 12.0])
        np.testing.assert_array_equal(result[1], [13.0, 19.0])
        np.testing.assert_array_equal(monthly_climatology(series)[0], [24.0, 12.0])

    def test_months_without_any_time_are_missing(self):
        result = monthly_climatology(monthly_series(1)[:3])
        assert result.sizes["month"] == 12
        assert int(result[:, 0].count()) == 3

    def test_dataset(self):
        data = (
            monthly_series(2)
            .to_dataset()
            .assign(flag=("x", [1, 2]), time_bnds=(("time", "bnds"), np.zeros((24, 2))))
        )
        result = monthly_climatology(data)
        assert set(result.data_vars) == {"aod", "flag"}
        np.testing.assert_array_equal(result.flag, [1, 2])

    def test_time_is_needed(self):
        with pytest.raises(InputError, match="time with dates"):
            monthly_climatology(xr.DataArray([1.0], {"time": [0]}, ["time"]))


def test_real_modis_month_to_t42(shared):
    path = shared("data/aerosol/modis_terra_neo_aod_201912_202012_1deg.nc")
    with xr.open_dataset(path) as data:
        aod = data["AOD"].sel(time="2020-07").squeeze().load()
    result = regrid(aod, "T42", method="median")
    assert 0.5 < float(result.count()) / float(result.size) < 1
    grid = gaussian_grid("T42")
    for i, j in [(36, 10), (32, 70), (20, 100)]:
        (south, north), (west, east) = grid.lat_bnds.values[i], grid.lon_bnds.values[j]
        in_row, in_column = (
            (aod.lat > south) & (aod.lat < north),
            (aod.lon - west) % 360 < east - west,
        )
        values = aod.values[np.ix_(in_row, in_column)]
        values = values[np.isfinite(values)]
        expected = np.median(values) if values.size >= 5 else np.nan
        assert float(result[i, j]) == pytest.approx(float(expected), nan_ok=True)
