"""MODIS Level 3: packing, collections, months, and what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from helpers import reader_samples as samples

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers.modis import read_modis

pytest.importorskip("pyhdf.SD")
JULY = "MOD08_M3.A2005182.061.2017296023540.hdf"


def unpacked(stored: np.ndarray, *, offset: float = 0.0) -> np.ndarray:
    """Physical values from the south to the north and from 0 to 360 E."""
    values = np.where(stored == samples.MODIS_FILL, np.nan, 0.001 * (stored - offset))
    return np.roll(values[::-1], 18, axis=1)


def test_scale_offset_and_fill(tmp_path):
    stored = samples.modis_stored()
    for offset in (0.0, 5.0):
        result = read_modis(samples.modis(tmp_path / JULY, stored, offset=offset))
        np.testing.assert_allclose(result["aod"][0], unpacked(stored, offset=offset), atol=1e-12)
    assert result["aod"].dims == ("time", "lat", "lon")
    assert result["time"].values[0] == np.datetime64("2005-07-01")
    assert result["lat"].values[[0, -1]].tolist() == [-85.0, 85.0]
    assert result["lon"].values[[0, -1]].tolist() == [5.0, 355.0]
    assert result["aod"].attrs["units"] == "1"
    assert result.attrs["data_set"] == samples.COMBINED


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("Aerosol_Optical_Depth_Land_Ocean_Mean_Mean", "dark_target"),
        ("Aerosol_Optical_Depth_Land_Ocean_Mean_Mean", "combined"),
        ("Optical_Depth_Land_And_Ocean_Mean_Mean", "dark_target"),
        ("Optical_Depth_Land_And_Ocean_Mean_Mean", "combined"),
        ("Deep_Blue_Aerosol_Optical_Depth_550_Land_Mean_Mean", "deep_blue"),
    ],
)
def test_names_of_collections(tmp_path, name, product):
    stored = samples.modis_stored()
    result = read_modis(samples.modis(tmp_path / JULY, stored, name=name), product=product)
    np.testing.assert_allclose(result["aod"][0], unpacked(stored), atol=1e-12)
    assert result.attrs["data_set"] == name


def test_green_band_of_the_corrected_optical_depth(tmp_path):
    stored = np.stack([samples.modis_stored(seed) for seed in (1, 2, 3)])
    path = samples.modis(tmp_path / JULY, stored, name="Corrected_Optical_Depth_Land_Mean_Mean")
    result = read_modis(path, product="dark_target")
    np.testing.assert_allclose(result["aod"][0], unpacked(stored[1]), atol=1e-12)


def test_several_months_come_in_order(tmp_path):
    august = samples.modis(
        tmp_path / "MOD08_M3.A2005213.061.hdf", samples.modis_stored(2), first_day="2005-08-01"
    )
    july = samples.modis(tmp_path / JULY, samples.modis_stored(1))
    result = read_modis([august, july])
    assert result["time"].values.astype("datetime64[M]").astype(str).tolist() == [
        "2005-07", "2005-08",
    ]  # fmt: skip
    np.testing.assert_allclose(result["aod"][1], unpacked(samples.modis_stored(2)), atol=1e-12)


def test_month_by_metadata_where_the_name_is_silent(tmp_path):
    path = samples.modis(tmp_path / "july.hdf", samples.modis_stored())
    assert read_modis(path)["time"].values[0] == np.datetime64("2005-07-01")
    silent = samples.modis(tmp_path / "silent.hdf", samples.modis_stored(), first_day="unknown")
    with pytest.raises(InputError, match="tells its month"):
        read_modis(silent)
    renamed = samples.modis(tmp_path / "MOD08_M3.A2005213.061.hdf", samples.modis_stored())
    with pytest.raises(
        InputError, match="by its name it is of 2005-08, by its metadata of 2005-07"
    ):
        read_modis(renamed)


def test_negative_noise_is_zero_and_counted_and_more_is_refused(tmp_path):
    stored = samples.modis_stored()
    stored[5, :3] = (-50, -1, 0)
    result = read_modis(samples.modis(tmp_path / JULY, stored))
    assert result.attrs["negative_aod_set_to_zero"] == "2 cells"
    assert float(result["aod"].min()) == 0.0
    stored[5, 3] = -51
    with pytest.raises(InputError, match="aod is out of range in 1 of 648 cells"):
        read_modis(samples.modis(tmp_path / JULY, stored))


def test_what_is_refused(tmp_path):
    good = samples.modis(tmp_path / JULY, samples.modis_stored())
    content = good.read_bytes()
    with pytest.raises(InputError, match="none of the variables Deep_Blue"):
        read_modis(good, product="deep_blue")
    with pytest.raises(InputError, match="choose one of combined, dark_target, deep_blue"):
        read_modis(good, product="best")
    for name, bad, message in (
        ("truncated.hdf", content[: len(content) // 2], "truncated or damaged"),
        ("rubbish.hdf", bytes(range(256)) * 20, "not a netCDF file"),
        ("empty.hdf", b"", "empty"),
    ):
        path = tmp_path / name
        path.write_bytes(bad)
        with pytest.raises(InputError, match=message) as caught:
            read_modis(path)
        assert name in str(caught.value)


def test_two_collections_or_the_same_month_twice(tmp_path):
    terra = samples.modis(tmp_path / JULY, samples.modis_stored())
    aqua = samples.modis(tmp_path / JULY.replace("MOD", "MYD"), samples.modis_stored())
    with pytest.raises(InputError, match="the month 2005-07 is there more than once"):
        read_modis([terra, aqua])
    name = "Optical_Depth_Land_And_Ocean_Mean_Mean"
    old = samples.modis(
        tmp_path / "MOD08_M3.A2005213.051.hdf", samples.modis_stored(), name=name,
        first_day="2005-08-01",
    )  # fmt: skip
    with pytest.raises(InputError, match="different data sets"):
        read_modis([terra, old])


def test_without_pyhdf_it_says_what_to_install(tmp_path, monkeypatch):
    path = samples.modis(tmp_path / JULY, samples.modis_stored())
    monkeypatch.setitem(sys.modules, "pyhdf", None)
    with pytest.raises(InputError, match=r"pip install 'aeroforcing\[hdf4\]'"):
        read_modis(path)


def test_a_library_that_stops_or_hangs_is_reported(tmp_path, monkeypatch):
    path = samples.modis(tmp_path / JULY, samples.modis_stored())
    child = tmp_path / "child.py"
    monkeypatch.setattr("aeroforcing.observations.readers._hdf4._CHILD", child)
    child.write_text("import os; os.abort()")
    with pytest.raises(InputError, match="it stops the library"):
        read_modis(path)
    child.write_text("import time; time.sleep(60)")
    monkeypatch.setattr("aeroforcing.observations.readers._hdf4._PATIENCE", 0.5)
    with pytest.raises(InputError, match=r"no answer within 0\.5 s"):
        read_modis(path)


def test_netcdf_of_the_same_data_set(tmp_path):
    lat, lon = np.arange(85.0, -90.0, -10.0), np.arange(-175.0, 180.0, 10.0)
    values = unpacked(samples.modis_stored())
    field = np.roll(values[::-1], 18, axis=1)[None]
    path = tmp_path / "giovanni.nc"
    xr.Dataset(
        {f"MOD08_M3_6_1_{samples.COMBINED}": (("time", "lat", "lon"), field)},
        {"time": pd.DatetimeIndex(["2005-07-01"]), "lat": lat, "lon": lon},
    ).to_netcdf(path)
    np.testing.assert_allclose(read_modis(path)["aod"][0], values, atol=1e-12)


def test_real_map_of_nasa_earth_observations(shared):
    path = shared("data/aerosol/modis_terra_neo_aod_201912_202012_1deg.nc")
    result = read_modis(path)
    with xr.open_dataset(path) as raw:
        expected = raw["AOD"].sel(lat=10.5, lon=-20.5, time="2020-07").values.ravel()
    found = result["aod"].sel(lat=10.5, lon=339.5, time="2020-07").values.ravel()
    np.testing.assert_array_equal(found, expected)
    assert result.sizes == {"time": 13, "lat": 180, "lon": 360}
