"""Stations in files: the same back from a table and from netCDF, and what is refused."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.inputs.stations import with_stations
from aeroforcing.observations.station_files import read_stations, write_stations

GRID = "20x30"


@pytest.fixture
def stations() -> xr.Dataset:
    """Two stations; one has no elevation, and half of the year."""
    rng = np.random.default_rng(2)
    shape = ("station", "month")
    fields = {
        "aod": rng.uniform(0.1, 0.9, (2, 12)),
        "ssa": rng.uniform(0.8, 1.0, (2, 12)),
        "asymmetry": rng.uniform(0.6, 0.8, (2, 12)),
        "angstrom": rng.uniform(0.0, 2.0, (2, 12)),
        "coalbedo_angstrom": rng.uniform(-1.0, 1.0, (2, 12)),
    }
    dataset = xr.Dataset(
        {name: (shape, values) for name, values in fields.items()},
        {
            "station": ["Here", "There"],
            "month": np.arange(1, 13),
            "lat": ("station", [-60.0, 40.0]),
            "lon": ("station", [75.0, 314.25]),
            "elevation": ("station", [12.0, np.nan]),
        },
    )
    return dataset.where((dataset["month"] <= 6) | (dataset["station"] == "Here"))


@pytest.mark.parametrize("name", ["sites.csv", "sites.CSV", "sites.nc"])
def test_what_is_written_is_read_again(stations, tmp_path, name):
    write_stations(stations.assign_attrs(history="a\nb"), tmp_path / name)
    again = read_stations(tmp_path / name)
    for variable in (*stations.data_vars, "lat", "lon", "elevation"):
        values = again[variable].transpose(*stations[variable].dims)
        np.testing.assert_allclose(values, stations[variable], rtol=1e-6)
    assert again["station"].values.tolist() == ["Here", "There"]


def test_a_table_begins_with_its_history(stations, tmp_path):
    write_stations(stations.assign_attrs(history="new\nold"), tmp_path / "sites.csv")
    lines = (tmp_path / "sites.csv").read_text().splitlines()
    assert lines[:2] == ["# new", "# old"]
    assert lines[2].startswith("station,month,lat,lon,elevation,aod")
    assert len(lines) == 3 + 12 + 6


def test_an_existing_table_is_kept_unless_asked(stations, tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists"):
        write_stations(stations, path)
    assert path.read_text() == "precious"
    write_stations(stations, path, overwrite=True)
    assert "Here" in path.read_text()


def test_a_field_is_not_taken_for_stations(tmp_path):
    builtin_inputs(GRID, months=[1])[["aod"]].to_netcdf(tmp_path / "field.nc")
    with pytest.raises(InputError, match=r"field\.nc: no dimension station among month, lat, lon"):
        read_stations(tmp_path / "field.nc")


def test_netcdf_is_not_joined_with_other_files(stations, tmp_path):
    write_stations(stations, tmp_path / "a.nc")
    write_stations(stations, tmp_path / "b.csv")
    with pytest.raises(InputError, match=r"a\.nc: stations in netCDF are read from one file alone"):
        read_stations([tmp_path / "a.nc", tmp_path / "b.csv"])


def test_values_out_of_range_are_refused(stations, tmp_path):
    stations.assign(aod=stations["aod"] + 10).to_netcdf(tmp_path / "sites.nc")
    with pytest.raises(InputError, match=r"sites\.nc: variable aod is out of range"):
        read_stations(tmp_path / "sites.nc")


def test_a_year_twice_is_refused(stations, tmp_path):
    years = np.array(["2001-01-01", "2002-01-01"], "datetime64[ns]")
    two = stations.isel(month=[0, 1]).rename(month="time").assign_coords(time=years)
    two.to_netcdf(tmp_path / "sites.nc")
    with pytest.raises(InputError, match="a month more than once"):
        read_stations(tmp_path / "sites.nc")


# ---- in the inputs of a run ---------------------------------------------------------------------


def test_every_property_that_is_measured_is_adjusted(stations):
    inputs = builtin_inputs(GRID, months=[3])
    adjusted = with_stations(inputs, stations, source="sites.csv")
    for name in stations.data_vars:
        cell = adjusted[name].sel(lat=-60, lon=75).item()
        assert cell == pytest.approx(stations[name].sel(station="Here", month=3).item(), abs=1e-6)
        assert adjusted[name].attrs["origin"].endswith("; adjusted to 2 stations of sites.csv")
    xr.testing.assert_identical(
        adjusted.drop_vars(stations.data_vars), inputs.drop_vars(stations.data_vars)
    )


def test_what_is_not_measured_stays(stations):
    inputs = builtin_inputs(GRID, months=[3])
    adjusted = with_stations(inputs, stations[["aod"]])
    xr.testing.assert_identical(adjusted.drop_vars("aod"), inputs.drop_vars("aod"))
    with pytest.raises(InputError, match=r"holds none of aod, ssa.*but n_days"):
        with_stations(inputs, stations[["aod"]].rename(aod="n_days"))


def test_a_month_without_measurements_stays_as_it_was(stations):
    inputs = builtin_inputs(GRID, months=[9])
    adjusted = with_stations(inputs, stations[["aod"]].sel(station=["There"]))
    np.testing.assert_array_equal(adjusted["aod"], inputs["aod"])


def test_an_adjustment_that_does_not_help_is_warned_of(stations, caplog):
    with caplog.at_level(logging.WARNING):
        with_stations(builtin_inputs(GRID, months=[3]), stations[["aod"]])
    assert "aod: inverse_distance does not beat the background" in caplog.text
