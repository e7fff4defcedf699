"""MISR Level 3: editions, the way to 550 nm, and what is refused."""

from __future__ import annotations

import netCDF4
import numpy as np
import pytest
import reader_samples as samples
import xarray as xr

from aeroforcing.errors import InputError
from aeroforcing.readers import read_misr

MARCH = "MISR_AM1_CGAS_MAR_2005_F15_0032.nc"
LAT, LON = np.arange(-75.0, 80.0, 30.0), np.arange(-165.0, 180.0, 30.0)
BANDS = ["blue_446nm", "green_558nm", "red_672nm", "nir_867nm"]
RANGES = ["all", "0.00-0.05", "0.05-0.15"]


def fields(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    aod = rng.uniform(0.05, 0.9, (LAT.size, LON.size, len(BANDS), len(RANGES)))
    exponent = rng.uniform(0.2, 2.0, (LAT.size, LON.size, len(RANGES)))
    exponent[0, 0] = np.nan
    aod[1, 1] = np.nan
    return aod, exponent


def new_edition(path, *, bands=BANDS, aod_name="Aerosol_Optical_Depth"):
    """A file with the group, dimensions and names of the edition F15_0032."""
    aod, exponent = fields()
    with netCDF4.Dataset(path, "w") as file:
        group = file.createGroup("Aerosol_Parameter_Average")
        sizes = {"Latitude": LAT.size, "Longitude": LON.size, "Band": 4, "Optical_Depth_Range": 3}
        for name, size in sizes.items():
            group.createDimension(name, size)
        for name, values in (("Latitude", LAT), ("Longitude", LON)):
            group.createVariable(name, "f4", (name,))[:] = values
        for name, labels in (("Band", bands), ("Optical_Depth_Range", RANGES)):
            variable = group.createVariable(name, str, (name,))
            for i, label in enumerate(labels):
                variable[i] = label
        for name, dims, values in (
            (aod_name, tuple(sizes), aod),
            (
                "Angstrom_Exponent_550_860",
                ("Latitude", "Longitude", "Optical_Depth_Range"),
                exponent,
            ),
        ):
            variable = group.createVariable(name, "f4", dims, fill_value=-9999.0)
            variable[:] = np.ma.masked_invalid(values)
    return path


def test_green_band_of_all_ranges_comes_to_550_nm(tmp_path):
    result = read_misr(new_edition(tmp_path / MARCH))
    aod, exponent = fields()
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
        read_misr(new_edition(tmp_path / name))


def test_what_is_refused(tmp_path):
    good = new_edition(tmp_path / MARCH)
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
        read_misr(new_edition(good, bands=["446", "558", "672", "867"]))
    with pytest.raises(InputError, match="none of the variables Aerosol_Optical_Depth"):
        read_misr(new_edition(good, aod_name="Something_Else"))
    samples.model_grid({"TOTEXTTAU": 0.1}).to_netcdf(good)
    with pytest.raises(InputError, match="the file holds TOTEXTTAU"):
        read_misr(good)
