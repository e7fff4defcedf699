"""Climatologies of any known variables, and the months of files without time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import reader_samples as samples

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


def test_years_in_several_files_make_a_climatology_that_a_run_takes(tmp_path):
    for year, value in (("2005", 0.1), ("2006", 0.3)):
        months = [f"{year}-{month:02d}" for month in range(1, 13)]
        data = samples.model_grid({"od550aer": value, "niaod550": 0.02}, months=months)
        data.to_netcdf(tmp_path / f"{year}.nc")
    made = prepare("fields", sorted(tmp_path.glob("*.nc")), grid=None)
    np.testing.assert_allclose(made["aod"], 0.2, rtol=1e-6)
    assert "2 years from 2005 to 2006" in made["aod"].attrs["origin"]
    assert "niaod550" in made.attrs["not_used"]
    np.testing.assert_allclose(resolve_inputs(made, grid=None)["aod"], 0.2, rtol=1e-6)
