"""Files of the products to monthly fields: what is pooled, averaged and told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.core.canonical import canonicalise
from aeroforcing.core.errors import InputError
from aeroforcing.inputs.products import PRODUCTS, prepare
from aeroforcing.inputs.resolve import resolve_inputs
from aeroforcing.optics.clouds import CLOUD_TYPES, mean_cloud_depth
from aeroforcing.optics.spectral_laws import with_absorption

TYPES = [cloud.name for cloud in CLOUD_TYPES]
LAT, LON = np.arange(-75.0, 90.0, 30.0), np.arange(15.0, 360.0, 30.0)


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def monthly(value, times):
    shape = (len(times), LAT.size, LON.size)
    coords = {"time": np.array(times, "datetime64[ns]"), "lat": LAT, "lon": LON}
    return xr.DataArray(np.full(shape, value), coords, ("time", "lat", "lon"))


def test_the_command_knows_the_same_products():
    from aeroforcing.cli.commands.prepare import PRODUCT

    assert all(PRODUCT.kind.allows(product) for product in PRODUCTS)


def test_an_unknown_product_is_refused():
    with pytest.raises(InputError, match="'viirs' is none of aeronet, modis"):
        prepare("viirs", "x.nc")


@pytest.mark.parametrize(
    ("terra", "aqua"),
    [
        ("MOD08_M3.nc", "MYD08_M3.nc"),
        ("MODAL2_M_AER_OD.nc", "MYDAL2_M_AER_OD.nc"),
        ("terra_2001.nc", "aqua_2001.nc"),
        ("giovanni.MOD.nc", "giovanni.MYD.nc"),
    ],
)
def test_satellites_are_told_apart_by_the_names_of_their_files(terra, aqua):
    for name, value in ((terra, 0.1), (aqua, 0.4)):
        monthly(value, ["2001-03-01"]).to_dataset(name="AOD").to_netcdf(name)
    pooled = prepare("modis", [terra, aqua], grid="30x30", min_count=2)
    np.testing.assert_allclose(pooled["aod"].sel(month=3), 0.25)
    assert pooled.attrs["input_files"] == f"{terra}, {aqua}"


def test_the_same_month_of_one_satellite_twice_is_refused():
    for name in ("MOD08_a.nc", "MOD08_b.nc"):
        monthly(0.1, ["2001-03-01"]).to_dataset(name="AOD").to_netcdf(name)
    with pytest.raises(InputError, match="2001-03 is there more than once"):
        prepare("modis", ["MOD08_a.nc", "MOD08_b.nc"], grid="30x30")


def test_the_climatology_of_ssa_is_weighted_by_the_aod_of_the_years():
    aod = monthly(0.2, ["2001-01-01", "2002-01-01"])
    aod[1] = 0.6
    scattering = aod * xr.DataArray([0.8, 0.9], dims="time")
    xr.Dataset({"TOTEXTTAU": aod, "TOTSCATAU": scattering}).to_netcdf("model.nc")
    january = prepare("merra2", "model.nc", grid=None).sel(month=1)
    np.testing.assert_allclose(january["aod"], 0.4)
    np.testing.assert_allclose(january["ssa"], (0.2 * 0.8 + 0.6 * 0.9) / 0.8)
    np.testing.assert_allclose(january["aaod"], 0.4 - (0.2 * 0.8 + 0.6 * 0.9) / 2)


def test_clouds_become_what_the_inputs_take():
    amount = monthly(0.1, ["2001-01-01"]).expand_dims(cloud_type=TYPES).copy()
    depth = xr.full_like(amount, 4.0)
    depth[:, :, :3] = 16.0
    clouds = xr.Dataset({"cloud_fraction": amount, "cloud_optical_depth": depth})
    clouds["cloud_fraction"].attrs["units"] = "1"
    clouds.to_netcdf("clouds.nc")
    prepared = prepare("isccp", "clouds.nc", grid="30x30")
    assert prepared["cloud_optical_depth"].dims == ("cloud_type",)
    x = 0.07 * np.array([4.0, 16.0])
    albedo = (x / (1 + x)).mean()
    np.testing.assert_allclose(prepared["cloud_optical_depth"], albedo / (1 - albedo) / 0.07)
    inputs = resolve_inputs(prepared, grid="30x30", months=[1])
    np.testing.assert_allclose(inputs["cloud_fraction"], 0.1)
    assert inputs["cloud_optical_depth"].attrs["origin"].startswith("the given dataset")


def test_only_real_files_are_read():
    Path("empty.nc").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.nc: the file is empty"):
        prepare("gocart", "empty.nc")


class TestMeanCloudDepth:
    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.floats(0.1, 200.0), min_size=1, max_size=6))
    def test_lies_between_the_depths_and_below_their_mean(self, depths):
        depth = xr.DataArray(depths, dims="x")
        mean = float(mean_cloud_depth(depth, weight=xr.ones_like(depth), dim="x"))
        assert min(depths) * (1 - 1e-9) <= mean <= np.mean(depths) * (1 + 1e-9)

    def test_unknown_depths_and_absent_clouds_do_not_count(self):
        depth = xr.DataArray([5.0, np.nan, 50.0], dims="x")
        weight = xr.DataArray([0.3, 0.3, 0.0], dims="x")
        assert float(mean_cloud_depth(depth, weight=weight, dim="x")) == pytest.approx(5.0)
        assert np.isnan(mean_cloud_depth(depth, weight=0 * weight, dim="x"))


class TestAbsorption:
    def test_what_the_dataset_allows_is_added(self):
        optics = xr.Dataset({"aod": 0.5, "ssa": 0.9, "angstrom": 1.4, "coalbedo_angstrom": -0.3})
        result = with_absorption(optics)
        assert float(result["aaod"]) == pytest.approx(0.05)
        assert float(result["absorption_angstrom"]) == pytest.approx(1.1)
        assert result["aaod"].attrs["long_name"].startswith("absorption")
        xr.testing.assert_identical(result[list(optics)], optics)

    @settings(deadline=None, max_examples=40)
    @given(
        st.floats(1e-3, 5.0), st.floats(0.0, 1.0), st.floats(-1.0, 4.0), st.floats(-3.0, 4.0)
    )  # fmt: skip
    def test_absorption_alone_gives_the_same_optics_back(self, aod, ssa, alpha, kappa):
        optics = {"aod": aod, "ssa": ssa, "angstrom": alpha, "coalbedo_angstrom": kappa}
        both = with_absorption(xr.Dataset(optics))
        absorption = both.drop_vars(["ssa", "coalbedo_angstrom"])
        again = canonicalise(absorption, source="the test")
        for name, value in optics.items():
            assert float(again[name]) == pytest.approx(value, abs=1e-12)

    def test_nothing_is_added_without_both_terms(self):
        alone = xr.Dataset({"aod": 0.5, "angstrom": 1.4})
        xr.testing.assert_identical(with_absorption(alone), alone)
