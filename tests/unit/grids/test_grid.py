"""Grids, cell bounds and areas, axes, means and distances."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.core.constants import DAYS_PER_MONTH, EARTH_RADIUS
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.grid import gaussian_grid, grid_of
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.grids.sphere import great_circle_distance, unit_vectors

QUICK = settings(deadline=None, max_examples=40)

SPHERE = 4 * np.pi * EARTH_RADIUS**2
NAMES = ["T21", "T31", "T42", "T63", "T85", "T106", "T159", "F32", "F7", "1x1", "2x2.5", "10x15"]


def field(lat, lon, values=None, **coords) -> xr.DataArray:
    lat, lon = np.asarray(lat, float), np.asarray(lon, float)
    data = np.zeros((len(lat), len(lon))) if values is None else values
    return xr.DataArray(data, {"lat": lat, "lon": lon, **coords}, ["lat", "lon"], name="aod")


def total(grid: xr.Dataset) -> float:
    return float(grid.area.sum())


class TestNamedGrids:
    @pytest.mark.parametrize("name", NAMES)
    def test_area_is_that_of_the_sphere(self, name):
        assert total(gaussian_grid(name)) == pytest.approx(SPHERE, rel=1e-12)

    @pytest.mark.parametrize("name", NAMES)
    def test_axes_and_bounds(self, name):
        grid = gaussian_grid(name)
        for axis, start, circle in (("lat", -90, 180), ("lon", None, 360)):
            bounds = grid[f"{axis}_bnds"].values
            np.testing.assert_array_equal(bounds[1:, 0], bounds[:-1, 1])
            assert bounds[-1, 1] - bounds[0, 0] == pytest.approx(circle, abs=1e-12)
            assert np.all((bounds[:, 0] < grid[axis]) & (grid[axis] < bounds[:, 1]))
            assert start is None or bounds[0, 0] == start
        assert 0 <= grid.lon[0] < grid.lon[-1] < 360

    def test_t42_is_128_by_64_with_gaussian_latitudes_and_areas(self):
        grid = gaussian_grid("T42")
        sines, weights = np.polynomial.legendre.leggauss(64)
        assert dict(grid.sizes) == {"lat": 64, "lon": 128, "bnds": 2}
        np.testing.assert_allclose(np.sin(np.radians(grid.lat)), sines, atol=1e-15)
        np.testing.assert_allclose(grid.area.sum("lon"), weights / 2 * SPHERE, rtol=1e-12)
        np.testing.assert_allclose(grid.lat[-1], 87.8638, atol=5e-5)  # as T42 models print it

    def test_pole_rows_of_odd_and_even_numbers_mirror_each_other(self):
        for name in ("T42", "F7"):
            bounds = gaussian_grid(name).lat_bnds.values
            np.testing.assert_array_equal(bounds, -bounds[::-1, ::-1])

    def test_regular_grid(self):
        grid = gaussian_grid("2x2.5")
        np.testing.assert_allclose(grid.lat, np.arange(-89, 90, 2))
        np.testing.assert_allclose(grid.lon, np.arange(1.25, 360, 2.5))

    def test_metadata(self):
        grid = gaussian_grid()
        assert grid.lat.attrs == {**VARIABLES["lat"].attributes, "bounds": "lat_bnds"}
        assert grid.area.attrs["units"] == "m2"

    @pytest.mark.parametrize("name", ["T43", "R21", "", "F0", "0x1", "7x7", "1x", "-1x1"])
    def test_unknown_names_are_refused(self, name):
        with pytest.raises(InputError):
            gaussian_grid(name)


class TestGridOf:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("digits", [2, 4, 12])
    def test_named_grids_are_recognised_from_rounded_axes(self, name, digits):
        grid = gaussian_grid(name)
        found = grid_of(field(grid.lat.round(digits), grid.lon.round(digits)))
        np.testing.assert_allclose(found.lat_bnds, grid.lat_bnds, atol=1e-9)
        np.testing.assert_allclose(found.lon_bnds, grid.lon_bnds, atol=0.6 * 10.0**-digits)
        assert total(found) == pytest.approx(SPHERE, rel=1e-12)

    @pytest.mark.parametrize("name", ["T42", "2x2.5"])
    def test_descending_axes_keep_their_order(self, name):
        grid = gaussian_grid(name)
        found = grid_of(field(grid.lat[::-1], grid.lon[::-1]))
        np.testing.assert_allclose(found.lat_bnds, grid.lat_bnds[::-1, ::-1], atol=1e-12)
        np.testing.assert_allclose(found.area, grid.area[::-1, ::-1], rtol=1e-12)

    def test_rows_at_the_poles_are_half_cells(self):
        grid = grid_of(field(np.linspace(-90, 90, 181), np.arange(-180, 180, 1.0)))
        np.testing.assert_allclose(
            grid.lat_bnds[[0, 1, -1]], [[-90, -89.5], [-89.5, -88.5], [89.5, 90]]
        )
        assert total(grid) == pytest.approx(SPHERE, rel=1e-12)

    def test_polar_caps_given_by_their_middle(self):
        lat = np.concatenate([[-89], np.arange(-86, 87, 4), [89]])
        grid = grid_of(field(lat, np.arange(-180, 180, 5)))
        np.testing.assert_allclose(grid.lat_bnds[:2], [[-90, -88], [-88, -84]])
        np.testing.assert_allclose(grid.lat_bnds[-1], [88, 90])

    def test_regional_grid_ends_half_a_cell_beyond_its_axes(self):
        grid = grid_of(field(np.arange(10.5, 20), np.arange(30.5, 40)))
        assert (grid.lat_bnds[0, 0], grid.lat_bnds[-1, 1]) == (10, 20)
        assert (grid.lon_bnds[0, 0], grid.lon_bnds[-1, 1]) == (30, 40)
        assert total(grid) < 0.01 * SPHERE

    def test_region_near_a_pole_does_not_reach_over_it(self):
        grid = grid_of(field([70.0, 80.0, 88.0], [0.0, 90.0, 180.0, 270.0]))
        assert grid.lat_bnds.max() <= 90

    def test_irregular_longitudes_close_around_the_globe(self):
        grid = grid_of(field([-45.0, 45.0], [0.0, 80.0, 200.0, 290.0]))
        np.testing.assert_allclose(grid.lon_bnds[[0, -1]], [[-35, 40], [245, 325]])
        assert total(grid) == pytest.approx(SPHERE, rel=1e-12)

    def test_given_bounds_are_used(self):
        grid = gaussian_grid("10x15")
        halved = (grid.lat_bnds + grid.lat) / 2
        found = grid_of(grid.assign(lat_bnds=halved)).lat_bnds
        np.testing.assert_array_equal(found, halved)

    def test_bounds_that_do_not_enclose_their_values_are_refused(self):
        grid = gaussian_grid("10x15")
        shifted = grid.assign(lat_bnds=grid.lat_bnds / 2)
        message = r"f\.nc: lat_bnds do not enclose their lat in 16 of 18 places.*-45 to -40"
        with pytest.raises(InputError, match=message):
            grid_of(shifted, source="f.nc")

    @pytest.mark.parametrize("name", ["F1281", "F99999999999", "0.01x1", "1x0.04"])
    def test_grids_too_fine_to_be_meant_are_refused(self, name):
        with pytest.raises(InputError, match=r"no grid|too small"):
            gaussian_grid(name)

    def test_single_cell_needs_bounds(self):
        with pytest.raises(InputError, match="bounds"):
            grid_of(field([0.0], [0.0]))

    @pytest.mark.parametrize("lat", [[0.0, 0.0], [0.0, 2.0, 1.0], [0.0, np.nan, 2.0]])
    def test_axes_must_be_strictly_monotonic(self, lat):
        with pytest.raises(InputError, match="lat is not strictly monotonic"):
            grid_of(field(lat, [0.0, 180.0]))

    def test_axes_must_be_one_dimensional(self):
        curvilinear = xr.DataArray(
            np.zeros((2, 2)),
            {"lat": (("y", "x"), np.zeros((2, 2))), "lon": (("y", "x"), np.zeros((2, 2)))},
            ["y", "x"],
        )
        with pytest.raises(InputError, match="one-dimensional"):
            grid_of(curvilinear)

    @QUICK
    @given(st.integers(4, 60), st.integers(4, 60))
    def test_any_regular_global_grid_covers_the_sphere(self, nlat, nlon):
        lat = (np.arange(nlat) + 0.5) * 180 / nlat - 90
        lon = np.arange(nlon) * 360 / nlon - 180
        assert total(grid_of(field(lat, lon))) == pytest.approx(SPHERE, rel=1e-12)


class TestStandardAxes:
    def test_order_names_and_range(self):
        values = np.arange(6.0).reshape(2, 3)
        data = xr.DataArray(
            values, {"Longitude": [10.0, -10.0], "latitude": [50.0, 0.0, -50.0]},
            ["Longitude", "latitude"], name="aod",
        )  # fmt: skip
        result = standard_axes(data)
        assert result.dims == ("lat", "lon")
        np.testing.assert_array_equal(result.lat, [-50, 0, 50])
        np.testing.assert_array_equal(result.lon, [10, 350])
        np.testing.assert_array_equal(result, values[:, ::-1].T)

    def test_axis_is_known_by_its_standard_name(self):
        data = xr.DataArray(
            np.zeros((2, 2)),
            {"y": ("y", [0, 1], {"standard_name": "latitude"}), "longitude": [0, 1]},
            ["y", "longitude"],
        )
        assert standard_axes(data).dims == ("lat", "lon")

    @QUICK
    @given(st.randoms(use_true_random=False))
    def test_each_value_stays_at_its_place_on_earth(self, random):
        lat, lon = [-60.0, -10.0, 30.0, 80.0], [-179.0, -60.0, 5.0, 100.0, 180.0]
        random.shuffle(lat)
        random.shuffle(lon)
        values = np.add.outer(np.array(lat), 1e-3 * (np.array(lon) % 360))
        result = standard_axes(field(lat, lon, values))
        assert np.all(np.diff(result.lat) > 0) and np.all(np.diff(result.lon) > 0)
        np.testing.assert_allclose(result, result.lat + 1e-3 * result.lon)

    def test_bounds_move_along(self):
        grid = gaussian_grid("10x15")
        west = grid.assign_coords(lon=grid.lon - 180)
        west["lon_bnds"] = west.lon_bnds - 180
        result = standard_axes(west.isel(lat=slice(None, None, -1)))
        np.testing.assert_allclose(result.lat_bnds, grid.lat_bnds)
        np.testing.assert_allclose(result.lon_bnds, grid.lon_bnds)
        np.testing.assert_allclose(result.area, grid.area)
        assert result.lat_bnds.dims == ("lat", "bnds")

    def test_bounds_are_renamed_with_their_axis(self):
        data = xr.Dataset(
            {"latitude_bounds": (("latitude", "nv"), [[-90.0, 0.0], [0.0, 90.0]])},
            {"latitude": ("latitude", [-45.0, 45.0], {"bounds": "latitude_bounds"}),
             "longitude": [0.0, 180.0]},
        )  # fmt: skip
        assert standard_axes(data).lat_bnds.dims == ("lat", "nv")

    def test_further_dimensions_come_first_and_types_stay(self):
        data = xr.Dataset(
            {"aod": (("lat", "lon", "month"), np.zeros((2, 3, 4))), "x": ("month", np.zeros(4))},
            {"lat": [0.0, 1.0], "lon": [0.0, 1.0, 2.0]},
        )
        result = standard_axes(data)
        assert isinstance(result, xr.Dataset)
        assert result.aod.dims == ("month", "lat", "lon")
        assert result.x.dims == ("month",)

    @pytest.mark.parametrize(
        ("lat", "lon", "match"),
        [
            ([0.0, 0.0], [0.0, 1.0], "f.nc: the coordinate lat holds 0 more than once"),
            ([0.0, 1.0], [-180.0, 180.0], "f.nc: the coordinate lon holds 180 more than once"),
            ([0.0, np.nan], [0.0, 1.0], "f.nc: the coordinate lat is out of range or missing in 1"),
            ([0.0, 91.0], [0.0, 1.0], "index 1 with the value 91; allowed is -90 to 90"),
            ([0.0, 1.0], [0.0, 361.0], "value 361"),
        ],
    )
    def test_unusable_axes_are_refused(self, lat, lon, match):
        with pytest.raises(InputError, match=match):
            standard_axes(field(lat, lon), source="f.nc")

    def test_missing_axis_and_missing_values_are_told_apart(self):
        with pytest.raises(InputError, match="no latitude axis"):
            standard_axes(xr.DataArray(np.zeros((2, 2)), dims=("x", "lon")))
        with pytest.raises(InputError, match="lat has no coordinate values"):
            standard_axes(xr.DataArray(np.zeros((2, 2)), dims=("lat", "lon")))


class TestGlobalMean:
    def test_agrees_with_an_analytic_mean(self):
        grid = gaussian_grid("T42")
        p2 = field(
            grid.lat, grid.lon, (3 + np.sin(np.radians(grid.lat)) ** 2 + 0 * grid.lon).values
        )
        assert float(global_mean(p2)) == pytest.approx(3 + 1 / 3, rel=1e-13)

    def test_missing_cells_are_left_out(self):
        grid = gaussian_grid("T21")
        north = field(
            grid.lat, grid.lon, np.where(grid.lat > 0, 2.0, np.nan)[:, None] + 0 * grid.lon.values
        )
        assert float(global_mean(north)) == pytest.approx(2.0, rel=1e-13)
        assert np.isnan(global_mean(north * np.nan))

    def test_order_of_the_axes_does_not_matter(self):
        grid = gaussian_grid("T21")
        data = field(grid.lat, grid.lon, np.random.default_rng(1).random((32, 64)))
        np.testing.assert_allclose(global_mean(data[::-1].T), global_mean(data), rtol=1e-13)

    def test_standard_errors_add_in_quadrature(self):
        grid = gaussian_grid("10x15")
        rng = np.random.default_rng(2)
        se = rng.random((18, 24))
        data = xr.Dataset(
            {"forcing_toa": (("lat", "lon"), rng.random((18, 24))),
             "forcing_toa_stderr": (("lat", "lon"), se)},
            {"lat": grid.lat, "lon": grid.lon},
        )  # fmt: skip
        w = grid.area.values
        expected = np.sqrt(np.sum(w**2 * se**2)) / w.sum()
        result = global_mean(data)
        assert float(result.forcing_toa_stderr) == pytest.approx(expected, rel=1e-13)
        assert float(global_mean(data.forcing_toa_stderr)) == pytest.approx(expected, rel=1e-13)

    def test_standard_error_is_the_scatter_of_the_mean(self):
        grid = gaussian_grid("10x15")
        se = np.random.default_rng(3).random((18, 24))
        noise = se * np.random.default_rng(4).standard_normal((4000, 18, 24))
        coords = {"lat": grid.lat, "lon": grid.lon}
        means = global_mean(xr.DataArray(noise, coords, ["sample", "lat", "lon"]))
        reported = global_mean(xr.DataArray(se, coords, ["lat", "lon"], name="x_stderr"))
        # 4000 samples know their own scatter to 1.1 percent (one sigma)
        assert float(means.std()) == pytest.approx(float(reported), rel=0.045)

    def test_types_attributes_and_other_dimensions_stay(self):
        grid = gaussian_grid("10x15")
        data = xr.Dataset(
            {"aod": (("month", "lat", "lon"), np.ones((2, 18, 24)), {"units": "1"}),
             "scale": ("month", [1.0, 2.0]), "lat_bnds": grid.lat_bnds},
            {"lat": grid.lat, "lon": grid.lon, "month": [1, 2]}, {"title": "t"},
        )  # fmt: skip
        result = global_mean(data)
        assert set(result.data_vars) == {"aod", "scale"}
        assert result.aod.dims == ("month",)
        assert result.aod.attrs == {"units": "1"} and result.attrs == {"title": "t"}
        assert "lat" not in result.coords and "lon" not in result.coords
        assert isinstance(global_mean(data["aod"]), xr.DataArray)

    def test_dask_arrays_stay_lazy(self):
        pytest.importorskip("dask")
        grid = gaussian_grid("10x15")
        data = field(grid.lat, grid.lon).chunk({"lat": 6})
        assert global_mean(data).chunks is not None


class TestAnnualMean:
    def test_months_count_by_their_days(self):
        x = xr.DataArray(np.arange(12.0), {"month": np.arange(1, 13)}, ["month"], name="aod")
        expected = np.dot(np.arange(12.0), DAYS_PER_MONTH) / 365
        assert float(annual_mean(x)) == pytest.approx(expected, rel=1e-14)
        assert float(annual_mean(x[::-1])) == pytest.approx(expected, rel=1e-14)

    def test_months_may_be_along_time(self):
        time = xr.date_range(
            "2001-01-01", periods=12, freq="MS", calendar="noleap", use_cftime=True
        )
        x = xr.Dataset(
            {
                "rsut": ("time", np.arange(12.0)),
                "climatology_bnds": (("time", "bnds"), np.zeros((12, 2))),
            },
            {"time": ("time", time, {"climatology": "climatology_bnds"})},
        )
        expected = np.dot(np.arange(12.0), DAYS_PER_MONTH) / 365
        assert float(annual_mean(x).rsut) == pytest.approx(expected, rel=1e-14)
        assert list(annual_mean(x)) == ["rsut"]
        numbered = x.assign_coords(time=np.arange(12), month=("time", np.arange(1, 13)))
        assert float(annual_mean(numbered).rsut) == pytest.approx(expected, rel=1e-14)

    def test_standard_errors_and_missing_months(self):
        x = xr.Dataset(
            {"y": ("month", [1.0, np.nan, 3.0]), "y_stderr": ("month", [0.3, np.nan, 0.4])},
            {"month": [1, 2, 4]},
        )
        result = annual_mean(x)
        assert float(result.y) == pytest.approx((31 * 1 + 30 * 3) / 61)
        assert float(result.y_stderr) == pytest.approx(np.hypot(31 * 0.3, 30 * 0.4) / 61)

    @pytest.mark.parametrize("months", [[0, 1], [1, 1], [12, 13]])
    def test_other_months_are_refused(self, months):
        with pytest.raises(InputError, match="months of 1 to 12"):
            annual_mean(xr.DataArray([1.0, 2.0], {"month": months}, ["month"]))

    def test_no_months(self):
        with pytest.raises(InputError, match="coordinate month"):
            annual_mean(xr.DataArray([1.0], dims="x"))


latitudes, longitudes = st.floats(-90, 90), st.floats(-360, 360)


class TestDistance:
    def test_known_arcs(self):
        quarter = np.pi / 2 * EARTH_RADIUS
        np.testing.assert_allclose(
            great_circle_distance(
                [0, 0, 0, 60], [0, 0, 350, 0], [0, 90, 0, -60], [180, 77, 10, 180]
            ),
            [2 * quarter, quarter, quarter * 20 / 90, 2 * quarter], rtol=1e-12,
        )  # fmt: skip

    def test_small_distances_are_exact(self):
        assert great_circle_distance(0, 0, 0, 1e-7) == pytest.approx(
            np.radians(1e-7) * EARTH_RADIUS, rel=1e-9
        )
        assert great_circle_distance(12.3, 45.6, 12.3, 45.6) == 0

    @QUICK
    @given(latitudes, longitudes, latitudes, longitudes)
    def test_agrees_with_the_angle_between_unit_vectors(self, lat1, lon1, lat2, lon2):
        a, b = unit_vectors(lat1, lon1), unit_vectors(lat2, lon2)
        angle = np.arctan2(np.linalg.norm(np.cross(a, b)), np.dot(a, b))
        distance = great_circle_distance(lat1, lon1, lat2, lon2)
        assert distance == pytest.approx(angle * EARTH_RADIUS, abs=1.0)
        assert distance == great_circle_distance(lat2, lon2, lat1, lon1)

    def test_unit_vectors_broadcast(self):
        vectors = unit_vectors(np.zeros((3, 1)), np.array([0.0, 90.0]))
        assert vectors.shape == (3, 2, 3)
        np.testing.assert_allclose(vectors[1], [[1, 0, 0], [0, 1, 0]], atol=1e-15)
        np.testing.assert_allclose(unit_vectors(90, 123), [0, 0, 1], atol=1e-15)


@pytest.mark.parametrize("west", [-20.0, -1.25, 0.0, 40.0])
@pytest.mark.parametrize("turn", [0.0, 360.0])
def test_a_region_has_cells_of_its_own_size_wherever_it_lies(west, turn):
    lon = (west + 2.5 * np.arange(22) + turn) % 360.0 if turn else west + 2.5 * np.arange(22)
    field = xr.Dataset(coords={"lat": np.arange(-28.75, 5.0, 2.5), "lon": np.sort(lon)})
    bounds = grid_of(field)["lon_bnds"]
    np.testing.assert_allclose(np.diff(bounds, axis=1), 2.5)
    np.testing.assert_allclose(bounds.mean("bnds"), np.sort(lon))


def test_the_mean_over_a_region_on_the_prime_meridian_is_that_of_its_cells():
    lat, lon = np.array([0.0, 2.5]), np.array([1.25, 3.75, 356.25, 358.75])
    field = xr.DataArray([[1.0, 5.0, 2.0, 0.0]] * 2, {"lat": lat, "lon": lon}, ("lat", "lon"))
    assert float(global_mean(field)) == pytest.approx(2.0)
