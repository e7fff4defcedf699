"""Climatologies of any known variables, and the months of files without time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers import reader_samples as samples

from aeroforcing.core.errors import InputError
from aeroforcing.inputs.products import prepare
from aeroforcing.inputs.resolve import resolve_inputs
from aeroforcing.observations.readers._months import month_of_file


@pytest.mark.parametrize(
    ("name", "attributes", "month"),
    [
        ("MOD08_M3.A2001182.061.nc", {}, "2001-07"),
        ("AERDB_M3_VIIRS_SNPP.A2012061.002.nc", {}, "2012-03"),
        ("MISR_AM1_CGAS_MAR_2005_F15_0032.nc", {}, "2005-03"),
        ("g4.timeAvgMap.MOD08_M3_6_1_AOD.20050101-20050131.180W_90S.nc", {}, "2005-01"),
        ("MERRA2_400.tavgM_2d_aer_Nx.202006.nc4", {}, "2020-06"),
        ("aod_2007-02.nc", {"time_coverage_start": "2007-02-01T00:00:00Z"}, "2007-02"),
        ("aod.nc", {"RangeBeginningDate": "2003-09-01"}, "2003-09"),
    ],
)
def test_the_month_is_in_the_name_or_the_attributes(name, attributes, month):
    assert month_of_file(Path(name), attributes).astype("M8[M]") == np.datetime64(month)


@pytest.mark.parametrize(
    ("name", "attributes", "message"),
    [
        ("aod.nc", {}, "Rename the file"),
        ("g4.timeAvgMap.20050101-20051231.nc", {}, "2005-01 to 2005-12, not of one month"),
        ("aod_200702.nc", {"start_time": "2007-03-01"}, "2007-02, by its attributes of 2007-03"),
    ],
)
def test_what_does_not_tell_one_month_is_refused(name, attributes, message):
    with pytest.raises(InputError, match=message):
        month_of_file(Path(name), attributes)


def years(tmp_path, values, more=None, name="od550aer"):
    """A file of twelve months for each year, and the pattern of their names."""
    for year, value in values.items():
        months = [f"{year}-{month:02d}" for month in range(1, 13)]
        data = samples.model_grid({name: value, **(more or {}).get(year, {})}, months=months)
        data.to_netcdf(tmp_path / f"{year}.nc")
    return tmp_path / "*.nc"


def test_years_in_several_files_make_a_climatology_that_a_run_takes(tmp_path):
    part = {"od550gt1aer": 0.02}
    pattern = years(tmp_path, {2005: 0.1, 2006: 0.3}, {2005: part, 2006: part})
    made = prepare("fields", pattern, grid=None)
    np.testing.assert_allclose(made["aod"], 0.2, rtol=1e-6)
    assert "2 years from 2005 to 2006" in made["aod"].attrs["origin"]
    assert made.attrs["years_by_month"] == [2] * 12
    assert "od550gt1aer" in made.attrs["not_used"]
    np.testing.assert_allclose(resolve_inputs(made, grid=None)["aod"], 0.2, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "count"),
    [("AOD550_mean", "AOD550_count"), ("AOD_550", "AOD_550_Pixel_Counts"),
     ("aod", "number_of_observations")],
)  # fmt: skip
def test_values_count_as_often_as_they_have_samples(tmp_path, name, count):
    pattern = years(
        tmp_path, {2005: 0.1, 2006: 0.3}, {2005: {count: 30.0}, 2006: {count: 10.0}}, name=name
    )
    for grid in (None, "T21"):
        made = prepare("fields", pattern, grid=grid)
        np.testing.assert_allclose(made["aod"], 0.15, rtol=1e-6)
        assert made.attrs["weighted_by_counts"] == "aod"
        assert list(made.data_vars) == ["aod"]


def test_steps_within_a_month_are_averaged(tmp_path):
    days = np.arange("2005-01-01", "2005-02-01", dtype="M8[D]").astype("M8[ns]")
    data = samples.model_grid({"od550aer": 0.0}, months=["2005-01"] * days.size)
    data = data.assign_coords(time=days)
    data["od550aer"] = data["od550aer"] + xr.DataArray(0.01 * np.arange(days.size), dims="time")
    data["od550aer"].attrs["units"] = "1"
    data.to_netcdf(tmp_path / "days.nc")
    made = prepare("fields", tmp_path / "days.nc", grid=None)
    np.testing.assert_allclose(made["aod"].sel(month=1), 0.15, rtol=1e-6)
    assert made["aod"].sel(month=2).isnull().all()
    assert made.attrs["steps_in_a_month"] == days.size


def test_the_month_of_a_file_that_does_not_tell_it(tmp_path):
    one = samples.model_grid({"od550aer": 0.1}, months=["2005-01"]).isel(time=0, drop=True)
    one.to_netcdf(tmp_path / "a.nc")
    made = prepare("fields", tmp_path / "a.nc", grid=None, month="2007-07")
    there = made["aod"].notnull().all(("lat", "lon")).values
    assert there.tolist() == [month == 7 for month in range(1, 13)]
    with pytest.raises(InputError, match="such as 2005-07"):
        prepare("fields", tmp_path / "a.nc", month="July")


def test_a_pattern_that_fits_nothing_is_named(tmp_path):
    with pytest.raises(InputError, match="no file fits"):
        prepare("fields", tmp_path / "*.nc")
