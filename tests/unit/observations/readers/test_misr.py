"""MISR Level 3: editions, the way to 550 nm, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from helpers import reader_samples as samples

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers.misr import read_misr

MARCH = "MISR_AM1_CGAS_MAR_2005_F15_0032.nc"
LAT, LON = samples.MISR_LAT, samples.MISR_LON


def test_green_band_of_all_ranges_comes_to_550_nm(tmp_path):
    result = read_misr(samples.misr_grouped(tmp_path / MARCH))
    aod, exponent = samples.misr_fields()
    used = np.where(np.isnan(exponent[..., 0]), 1.2, exponent[..., 0])
    expected = np.roll(aod[..., 1, 0] * (550 / 558) ** -used, 6, axis=1)
    np.testing.assert_allclose(result["aod"][0], expected, rtol=1e-6)
    assert np.isnan(result["aod"].sel(lat=-45.0, lon=225.0)).all()
    np.testing.assert_allclose(
        result["angstrom"][0], np.roll(exponent[..., 0], 6, axis=1), rtol=1e-6
    )
    assert result["time"].values[0] == np.datetime64("2005-03-01")
    assert result["lon"].values[0] == 15.0
    assert float(result["wavelength"]) == 550.0


def old_array(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.01, 0.9, (6, 12, 9, 4, 6)).astype("f4")


def test_hdf4_edition(tmp_path):
    values = old_array()
    values[2, 3] = -9999.0
    path = tmp_path / "MISR_AM1_CGAS_DEC_2016_F15_0031.hdf"
    samples.hdf4(path, {"Optical depth average": (values, {"_FillValue": -9999.0})})
    result = read_misr(path)
    green = np.where(values[:, :, 0, 1, 0] == -9999, np.nan, values[:, :, 0, 1, 0])
    expected = np.roll(green[::-1] * (550 / 558) ** -1.2, 6, axis=1)
    np.testing.assert_allclose(result["aod"][0], expected, rtol=1e-6)
    assert result["lat"].values[[0, -1]].tolist() == [-75.0, 75.0]
    assert "angstrom" not in result


def test_early_netcdf_edition(tmp_path):
    values = old_array()
    dims = ("range", "band", "type", "time", "lat", "lon")
    path = tmp_path / "MISR_AM1_CGAS_0_5_DEG_FEB_2000_F08_0031.nc"
    xr.Dataset(
        {"Optical_depth_average": (dims, np.moveaxis(values, (0, 1), (-2, -1))[:, :, :, None])},
        {"lat": LAT, "lon": LON},
    ).to_netcdf(path)
    expected = np.roll(values[:, :, 0, 1, 0] * (550 / 558) ** -1.2, 6, axis=1)
    np.testing.assert_allclose(read_misr(path)["aod"][0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    "name",
    ["MISR_AM1_CGAS_2016_F15_0032.nc", "MISR_AM1_CGAS_SPR_2005_F15_0032.nc",
     "MISR_AM1_CGAS_FIRSTLOOK_AUG_30_2007_F11_0027.hdf", "misr.nc"],
)  # fmt: skip
def test_only_monthly_files_under_their_names(tmp_path, name):
    with pytest.raises(InputError, match="does not tell a month"):
        read_misr(samples.misr_grouped(tmp_path / name))


def test_what_is_refused(tmp_path):
    good = samples.misr_grouped(tmp_path / MARCH)
    content = good.read_bytes()
    for bad, message in (
        (content[: len(content) // 2], "truncated|damaged"),
        (b"rubbish" * 100, "not a netCDF file"),
        (b"", "empty"),
    ):
        good.write_bytes(bad)
        with pytest.raises(InputError, match=message) as caught:
            read_misr(good)
        assert MARCH in str(caught.value)
    with pytest.raises(InputError, match="begins with 'green'"):
        read_misr(samples.misr_grouped(good, bands=["446", "558", "672", "867"]))
    with pytest.raises(InputError, match="none of the variables Aerosol_Optical_Depth"):
        read_misr(samples.misr_grouped(good, aod_name="Something_Else"))
    samples.model_grid({"TOTEXTTAU": 0.1}).to_netcdf(good)
    with pytest.raises(InputError, match="the file holds TOTEXTTAU"):
        read_misr(good)
