"""What `aeroforcing grid` does with input that is wrong, and with trouble during a run.

Rationale: a user who gives a wrong file must learn at once what is wrong with it, where, and what
to do, and must never find a half-written or silently wrong map.

Expected: every fault gives its own message on standard error, the exit code 2 (1 for a failure of
the machine, 130 for an interruption) and no file; what can be understood without doubt (percent,
descending latitudes, longitudes from -180) is accepted and gives the same map.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers.grid_process import grid_command, obey_permissions
from helpers.small_disk import mounted_disk

from aeroforcing.cli.main import main
from aeroforcing.core.netcdf import open_input

QUICK = ["--grid", "T21", "--months", "1", "--photons", "16", "--sky", "clear"]
LAT = np.arange(-85.0, 90.0, 10.0)
LON = np.arange(0.0, 360.0, 10.0)


def good_input() -> xr.Dataset:
    """Smooth AOD and SSA for every month on a 10 degree grid."""
    aod = 0.2 + 0.1 * np.cos(np.radians(LAT))[:, None] * np.cos(np.radians(LON))
    fields = {"aod": aod, "ssa": np.full_like(aod, 0.93)}
    months = xr.DataArray(np.arange(1, 13), dims="month", name="month")
    maps = xr.Dataset(
        {name: (("lat", "lon"), field) for name, field in fields.items()},
        {"lat": ("lat", LAT), "lon": ("lon", LON)},
    )
    return maps.expand_dims(month=months).copy(deep=True)


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(dataset: xr.Dataset, *options: str, output: str = "out.nc") -> int:
    """The exit code of a run with the dataset as its input file."""
    dataset.to_netcdf("in.nc")
    return main(["grid", "in.nc", "-o", output, "-q", *QUICK, *options])


def result_of(dataset: xr.Dataset, *options: str) -> xr.Dataset:
    assert run(dataset, *options, "--overwrite") == 0
    return open_input("out.nc")


def with_value(name: str, value: float) -> Callable[[xr.Dataset], xr.Dataset]:
    """Put the value into the cell of January, 55 S, 100 E."""

    def change(dataset: xr.Dataset) -> xr.Dataset:
        dataset[name][0, 3, 10] = value
        return dataset

    return change


# Each fault: what is done to the good input, and what the message must say.
FAULTS: dict[str, tuple[Callable[[xr.Dataset], xr.Dataset], list[str]]] = {
    "no recognisable variable": (
        lambda dataset: dataset.rename(aod="x", ssa="y"),
        ["in.nc", "aod"],
    ),
    "an AOD of 15, which has no units that could explain it": (
        with_value("aod", 15.0),
        ["in.nc", "aod", "1 of 648", "lat=-55", "lon=100", "15", "0 to 10"],
    ),
    "a negative AOD": (with_value("aod", -0.5), ["in.nc", "aod", "-0.5", "0 to 10"]),
    "a fill value that is not declared": (
        with_value("aod", -9999.0),
        ["in.nc", "aod", "-9999", "_FillValue"],
    ),
    "an infinite AOD": (with_value("aod", np.inf), ["in.nc", "aod", "inf"]),
    "an SSA above 1": (with_value("ssa", 1.5), ["in.nc", "ssa", "1.5", "0 to 1"]),
    "units of another quantity": (
        lambda dataset: dataset.assign(aod=dataset["aod"].assign_attrs(units="kg m-2")),
        ["in.nc", "aod", "kg m-2"],
    ),
    "no latitudes": (lambda dataset: dataset.drop_vars("lat"), ["in.nc", "lat"]),
    "no longitudes": (lambda dataset: dataset.drop_vars("lon"), ["in.nc", "lon"]),
    "no dimension of latitude": (lambda dataset: dataset.isel(lat=0, drop=True), ["in.nc", "lat"]),
    "latitudes beyond the pole": (
        lambda dataset: dataset.assign_coords(lat=LAT * 1.2),
        ["in.nc", "lat", "90"],
    ),
    "a latitude that is missing": (
        lambda dataset: dataset.assign_coords(lat=np.where(LAT == 5, np.nan, LAT)),
        ["in.nc", "lat"],
    ),
    "a thirteenth month": (
        lambda dataset: dataset.assign_coords(month=np.arange(2, 14)),
        ["in.nc", "month", "13"],
    ),
    "no data for a month that is asked for": (
        lambda dataset: dataset.isel(month=slice(5, None)),
        ["in.nc", "month"],
    ),
    "two variables for the same quantity": (
        lambda dataset: dataset.assign(od550aer=dataset["aod"]),
        ["in.nc", "aod", "od550aer"],
    ),
    "text in the place of numbers": (
        lambda dataset: dataset.assign(aod=dataset["aod"].astype(str)),
        ["in.nc", "aod"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_refused_with_its_own_message(fault, capsys):
    change, parts = FAULTS[fault]
    assert run(change(good_input())) == 2
    message = capsys.readouterr().err
    for part in parts:
        assert part in message
    assert "Traceback" not in message
    assert os.listdir() == ["in.nc"]


@pytest.mark.parametrize(
    ("content", "part"),
    [(b"", "empty"), (b"lat,lon,aod\n0,0,0.1\n", "not a netCDF file"), (b"\x89HDF", "truncated")],
)
def test_a_file_of_another_kind_is_refused(content, part, capsys):
    Path("in.nc").write_bytes(content)
    assert main(["grid", "in.nc", "-o", "out.nc", *QUICK]) == 2
    message = capsys.readouterr().err
    assert "in.nc" in message
    assert part in message
    assert os.listdir() == ["in.nc"]


def test_a_missing_file_is_refused(capsys):
    assert main(["grid", "nowhere.nc", "-o", "out.nc", *QUICK]) == 2
    assert "nowhere.nc: there is no such file" in capsys.readouterr().err
    assert os.listdir() == []


def test_an_existing_output_is_kept(capsys):
    Path("out.nc").write_text("precious")
    assert run(good_input()) == 2
    assert "out.nc: the file exists" in capsys.readouterr().err
    assert Path("out.nc").read_text() == "precious"


def test_a_grid_that_is_none_is_refused(capsys):
    assert run(good_input(), "--grid", "T43.5") == 2
    assert "T43.5" in capsys.readouterr().err


def test_a_gas_table_that_is_not_there_is_refused(capsys):
    assert run(good_input(), "--gas-table", "g999") == 2
    assert "g999" in capsys.readouterr().err
    assert os.listdir() == ["in.nc"]


# ---- accepted without doubt ---------------------------------------------------------------------


@pytest.fixture
def expected() -> xr.Dataset:
    return result_of(good_input())


VARIANTS: dict[str, Callable[[xr.Dataset], xr.Dataset]] = {
    "descending latitudes": lambda dataset: dataset.isel(lat=slice(None, None, -1)),
    "longitudes from -180": lambda dataset: dataset.roll(lon=18, roll_coords=False).assign_coords(
        lon=LON - 180
    ),
    "dimensions in another order": lambda dataset: dataset.transpose("lon", "lat", "month"),
    "aliases for the names": lambda dataset: dataset.rename(
        aod="TOTEXTTAU", lat="latitude", lon="longitude"
    ),
    "months as times": lambda dataset: dataset.rename(month="time").assign_coords(
        time=xr.date_range("2010-01-15", periods=12, freq="MS")
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_other_ways_to_write_the_same_field_give_the_same_map(variant, expected):
    result = result_of(VARIANTS[variant](good_input()))
    np.testing.assert_array_equal(result["forcing_toa_cs"], expected["forcing_toa_cs"])


def test_percent_is_converted_where_the_units_say_so(expected):
    percent = good_input()
    percent["aod"] = (percent["aod"] * 100).assign_attrs(units="%")
    result = result_of(percent)
    # Rounding in the conversion may move a photon; the maps agree far within their errors.
    error = expected["forcing_toa_cs_stderr"].mean().item()
    difference = abs(result["forcing_toa_cs"] - expected["forcing_toa_cs"]).mean().item()
    assert difference < 0.01 * error


# ---- missing cells ------------------------------------------------------------------------------


def test_a_missing_cell_is_missing_in_the_map_and_counted(capsys):
    faulty = with_value("aod", np.nan)(good_input())
    result = result_of(faulty, "--grid", "native", "--json")
    missing = result["forcing_toa_cs"].isnull()
    assert missing.sum() == 1
    assert missing.sel(lat=-55, lon=100).all()
    assert json.loads(capsys.readouterr().out)["missing_cells"] == 1


def test_a_missing_cell_is_filled_when_asked(capsys):
    faulty = with_value("aod", np.nan)(good_input())
    result = result_of(faulty, "--grid", "native", "--fill-missing", "--json")
    assert result["forcing_toa_cs"].notnull().all()
    assert json.loads(capsys.readouterr().out)["missing_cells"] == 0


# ---- trouble of the machine ---------------------------------------------------------------------


def test_an_input_without_permission_is_refused():
    good_input().to_netcdf("in.nc")
    Path("in.nc").chmod(0)
    process = grid_command("in.nc", "-o", "out.nc", *QUICK, preexec_fn=obey_permissions)
    _, message = process.communicate()
    assert process.returncode == 2
    assert "in.nc: no permission to read" in message
    assert os.listdir() == ["in.nc"]


def test_an_output_folder_without_permission_is_refused():
    Path("locked").mkdir()
    Path("locked").chmod(0o555)
    process = grid_command("-o", "locked/out.nc", *QUICK, preexec_fn=obey_permissions)
    _, message = process.communicate()
    assert process.returncode == 2
    assert "locked/out.nc: no permission to write" in message
    assert os.listdir("locked") == []


@pytest.fixture
def full_disk(tmp_path) -> Iterator[Path]:
    """A folder on a disk of 16 kB; skips where none can be mounted."""
    with mounted_disk(tmp_path / "disk", size="16k") as folder:
        yield folder


def test_a_full_disk_is_reported_and_left_empty(full_disk, capsys):
    assert run(good_input(), output=str(full_disk / "out.nc")) == 1
    assert "out.nc: the disk is full" in capsys.readouterr().err
    assert os.listdir(full_disk) == []


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_no_file_but_its_parts(how, code):
    Path("results").mkdir()
    long_run = ["--grid", "T21", "--sky", "clear", "--photons", "1000"]
    process = grid_command("-o", "results/out.nc", *long_run)
    assert "forcing:" in process.stderr.readline()
    process.send_signal(how)
    _, message = process.communicate(timeout=120)
    assert process.returncode == code
    assert "interrupted; no file was written; " in message
    assert "Traceback" not in message
    kept = len(list(Path("results").glob(".out.nc.parts/*.values")))
    assert os.listdir("results") == ([".out.nc.parts"] if kept else [])
    assert ("no part was finished" if kept == 0 else f"{kept} finished parts are kept") in message
