"""netCDF files: what is written can be trusted, what is read is checked."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import cftime
import numpy as np
import pytest
import xarray as xr
from helpers.cf_check import cf_problems

from aeroforcing.core import netcdf
from aeroforcing.core.calendar import climatological_time
from aeroforcing.core.constants import DAYS_PER_MONTH
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import check_target, open_input, write_netcdf
from aeroforcing.core.variables import VARIABLES

FLUXES = ("rsdt", "rsut", "rsutcs", "rsutaf", "rsutcsaf", "rsds", "rsus", "rsdscs", "rsuscs")
FORCINGS = tuple(
    f"forcing_{level}{sky}" for level in ("toa", "atmosphere", "surface") for sky in ("", "_cs")
)
OPTICS = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom", "surface_albedo")


def t42_axes() -> dict:
    """The T42 Gaussian grid from the roots of the Legendre polynomial."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    edges = np.degrees(np.arcsin(np.clip(np.append(-1.0, np.cumsum(weights) - 1.0), -1, 1)))
    lon = np.arange(128) * 360 / 128
    half = 180 / 128
    return {
        "lat": np.degrees(np.arcsin(nodes)),
        "lon": lon,
        "lat_bnds": (("lat", "bnds"), np.stack([edges[:-1], edges[1:]], axis=1)),
        "lon_bnds": (("lon", "bnds"), np.stack([lon - half, lon + half], axis=1)),
    }


@pytest.fixture
def climatology() -> xr.Dataset:
    """A T42 x 12-month result with every variable that the package writes."""
    rng = np.random.default_rng(1)
    estimates = (*FORCINGS, *FLUXES)
    names = (*estimates, *(f"{name}_stderr" for name in estimates), *OPTICS)
    shape = (12, 64, 128)
    fields = {name: (("time", "lat", "lon"), rng.random(shape)) for name in names}
    time = climatological_time(range(1, 13))
    return xr.Dataset(fields, t42_axes()).assign_coords(time.coords).merge(time)


@pytest.fixture
def small() -> xr.Dataset:
    aod = np.array([[0.1, np.nan], [0.3, 1 / 3]])
    return xr.Dataset(
        {"aod": (("lat", "lon"), aod)}, {"lat": [-10.123456789, 10.0], "lon": [0.0, 90.0]}
    )


# ---- time ---------------------------------------------------------------------------------------


def test_months_are_bounded_by_their_days_and_centred():
    time = climatological_time(range(1, 13))
    days = cftime.date2num(time["climatology_bnds"].values, "days since 2001-01-01", "noleap")
    np.testing.assert_array_equal(days[:, 1] - days[:, 0], DAYS_PER_MONTH)
    np.testing.assert_array_equal(days[1:, 0], days[:-1, 1])
    middles = cftime.date2num(time["time"].values, "days since 2001-01-01", "noleap")
    np.testing.assert_allclose(middles, days.mean(axis=1), rtol=1e-15)
    assert days[0, 0] == 0.0
    assert time["month"].values.tolist() == list(range(1, 13))


def test_some_months_keep_their_place_in_the_year():
    time = climatological_time([2, 7])
    assert time["time"].dt.month.values.tolist() == [2, 7]
    assert time["month"].values.tolist() == [2, 7]
    assert str(time["climatology_bnds"].values[0, 1]).startswith("2001-03-01")


@pytest.mark.parametrize("months", [[], [0, 1], [12, 13], [7, 1], [3, 3]])
def test_what_is_no_ascending_list_of_months_is_refused(months):
    with pytest.raises(InputError, match="from 1 to 12"):
        climatological_time(months)


# ---- writing ------------------------------------------------------------------------------------


def test_a_full_climatology_passes_every_cf_check(climatology, tmp_path):
    path = tmp_path / "forcing.nc"
    climatology.attrs = {
        "title": "t", "history": "h", "source": "s", "references": "r",
        "institution": "i", "comment": "c",
    }  # fmt: skip
    write_netcdf(climatology, path)
    assert cf_problems(path, tmp_path) == []


def test_the_cf_check_sees_a_fault(climatology, tmp_path):
    path = tmp_path / "faulty.nc"
    faulty = climatology.drop_vars("climatology_bnds")
    faulty["time"].attrs["climatology"] = "climatology_bnds"
    faulty.to_netcdf(path)
    assert cf_problems(path, tmp_path)


def test_a_climatology_names_its_statistics_and_errors(climatology, tmp_path):
    write_netcdf(climatology, tmp_path / "x.nc")
    with xr.open_dataset(tmp_path / "x.nc", decode_times=False) as stored:
        forcing, time = stored["forcing_toa"], stored["time"]
        assert forcing.attrs["cell_methods"] == "time: mean within years time: mean over years"
        assert forcing.attrs["ancillary_variables"] == "forcing_toa_stderr"
        assert time.attrs["climatology"] == "climatology_bnds"
        assert "bounds" not in time.attrs
        assert time.attrs["calendar"] == "noleap"
        assert stored["lat"].attrs["bounds"] == "lat_bnds"
        assert stored.attrs["Conventions"] == "CF-1.11"


def test_standard_errors_are_not_called_means(climatology, tmp_path):
    write_netcdf(climatology, tmp_path / "x.nc")
    with xr.open_dataset(tmp_path / "x.nc") as stored:
        assert "cell_methods" not in stored["forcing_toa_stderr"].attrs


def test_further_dimensions_come_first(tmp_path):
    shape = (2, 2, 2, 3)
    amount = xr.DataArray(np.zeros(shape), dims=("month", "lat", "lon", "sigma_layer"))
    axes = {"month": [1, 7], "lat": [-10.0, 10.0], "lon": [0.0, 90.0]}
    write_netcdf(xr.Dataset({"aerosol_profile": amount}, axes), tmp_path / "x.nc")
    stored = open_input(tmp_path / "x.nc")
    assert stored["aerosol_profile"].dims == ("sigma_layer", "time", "lat", "lon")
    assert stored["climatology_bnds"].dims == ("time", "bnds")


def test_double_precision_is_exact(small, tmp_path):
    write_netcdf(small, tmp_path / "x.nc", precision="double")
    np.testing.assert_array_equal(open_input(tmp_path / "x.nc")["aod"], small["aod"])
    with pytest.raises(InputError, match="single, double"):
        write_netcdf(small, tmp_path / "y.nc", precision="half")


def test_the_origin_of_a_variable_is_written(small, tmp_path):
    small["aod"].attrs["origin"] = "a satellite"
    write_netcdf(small, tmp_path / "x.nc")
    assert open_input(tmp_path / "x.nc")["aod"].attrs["origin"] == "a satellite"


def test_only_data_have_fill_values(climatology, tmp_path):
    write_netcdf(climatology, tmp_path / "x.nc")
    with xr.open_dataset(tmp_path / "x.nc", decode_cf=False) as stored:
        filled = {name for name in stored.variables if "_FillValue" in stored[name].attrs}
        assert filled == {name for name in climatology.data_vars if "time" in climatology[name].dims
                          and name != "climatology_bnds"}  # fmt: skip
        assert stored["forcing_toa"].dtype == np.float32
        assert {stored[name].dtype for name in ("time", "lat", "lon", "lat_bnds")} == {
            np.dtype("float64")
        }


def test_what_is_written_is_read_again(small, tmp_path):
    write_netcdf(small, tmp_path / "x.nc")
    again = open_input(tmp_path / "x.nc")
    np.testing.assert_array_equal(again["aod"], small["aod"].astype(np.float32))
    np.testing.assert_array_equal(again["lat"], small["lat"])
    assert again["aod"].attrs["standard_name"] == VARIABLES["aod"].standard_name


def test_a_dimension_of_months_becomes_a_climatological_time(small, tmp_path):
    by_month = small.expand_dims(month=[1, 7])
    write_netcdf(by_month, tmp_path / "x.nc")
    again = open_input(tmp_path / "x.nc")
    assert again["aod"].dims == ("time", "lat", "lon")
    assert again["time"].dt.month.values.tolist() == [1, 7]
    assert "climatology_bnds" in again


def test_writing_leaves_the_dataset_as_it_was(climatology, tmp_path):
    before = climatology.copy(deep=True)
    write_netcdf(climatology, tmp_path / "x.nc")
    xr.testing.assert_identical(climatology, before)
    assert all(not climatology[name].encoding for name in climatology.variables)


def test_compression_settings_of_another_file_do_not_spread(small, tmp_path):
    small["aod"].encoding = {"dtype": "int8", "scale_factor": 0.1, "chunksizes": (1, 1)}
    write_netcdf(small, tmp_path / "x.nc")
    np.testing.assert_array_equal(
        open_input(tmp_path / "x.nc")["aod"], small["aod"].astype(np.float32)
    )


def test_an_existing_file_is_kept_unless_asked(small, tmp_path):
    path = tmp_path / "x.nc"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists"):
        write_netcdf(small, path)
    assert path.read_text() == "precious"
    write_netcdf(small, path, overwrite=True)
    assert "aod" in open_input(path)


def test_a_link_is_followed_not_replaced(small, tmp_path):
    (tmp_path / "link.nc").symlink_to(tmp_path / "real.nc")
    write_netcdf(small, tmp_path / "link.nc")
    assert (tmp_path / "link.nc").is_symlink()
    assert "aod" in open_input(tmp_path / "real.nc")


@pytest.mark.parametrize(
    ("name", "message"), [("no/x.nc", "does not exist"), (".", "ordinary"), ("file/x.nc", "exist")]
)
def test_a_place_that_cannot_hold_a_file_is_refused(tmp_path, name, message):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=message):
        check_target(tmp_path / name, overwrite=True)


def test_a_device_is_not_replaced():
    with pytest.raises(InputError, match="ordinary"):
        check_target(os.devnull, overwrite=True)


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space")])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(small, tmp_path, monkeypatch, failure):
    path = tmp_path / "x.nc"
    path.write_text("precious")

    def fail(_):
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(failure)) as caught:
        write_netcdf(small, path, overwrite=True)
    assert os.listdir(tmp_path) == ["x.nc"]
    assert path.read_text() == "precious"
    if isinstance(failure, OSError):
        assert "disk is full" in str(caught.value)


def test_a_limit_on_the_size_of_files_is_reported(tmp_path):
    """The kernel refuses the write itself, as a full disk does."""
    code = (
        "import xarray as xr, numpy as np; from aeroforcing.core.netcdf import write_netcdf\n"
        "data = xr.Dataset({'aod': ('lat', np.random.default_rng(1).random(100_000))})\n"
        "write_netcdf(data, 'x.nc')"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=tmp_path, preexec_fn=limit, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert "File too large; no file was left behind" in ended.stderr
    assert os.listdir(tmp_path) == []


# ---- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT", "NETCDF3_64BIT_DATA"]
)
def test_every_version_of_netcdf_is_read(small, tmp_path, form):
    small.to_netcdf(tmp_path / "x.nc", format=form, engine="netcdf4")
    again = open_input(tmp_path / "x.nc")
    np.testing.assert_array_equal(again["aod"], small["aod"])
    assert again["aod"].dtype.isnative


@pytest.mark.parametrize("form", ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
def test_a_truncated_file_is_refused(climatology, tmp_path, form, kept):
    climatology[["aod", "ssa"]].to_netcdf(tmp_path / "x.nc", format=form, engine="netcdf4")
    content = (tmp_path / "x.nc").read_bytes()
    (tmp_path / "cut.nc").write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match=r"cut\.nc.*truncated"):
        open_input(tmp_path / "cut.nc")


def test_a_file_damaged_inside_is_refused(climatology, tmp_path):
    path = tmp_path / "x.nc"
    climatology[["aod"]].to_netcdf(path, encoding={"aod": {"zlib": True}})
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = bytes(20_000)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.nc.*damaged"):
        open_input(path)


def test_a_classic_file_with_a_damaged_header_is_refused(small, tmp_path):
    """Each byte of the header is changed in turn: the file is read or refused, nothing else."""
    small.to_netcdf(tmp_path / "x.nc", format="NETCDF3_CLASSIC", engine="scipy")
    content = (tmp_path / "x.nc").read_bytes()
    refused = 0
    for position in range(4, 200):
        damaged = bytearray(content)
        damaged[position] ^= 0x55
        (tmp_path / "damaged.nc").write_bytes(damaged)
        try:
            open_input(tmp_path / "damaged.nc")
        except InputError as error:
            refused += 1
            assert "damaged.nc" in str(error)
    assert refused > 50


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"lat,lon,aod\n0,0,0.1\n", "not a netCDF file"),
        (b"\x0e\x03\x13\x01rest", "HDF4"),
        (b"GRIB....", "GRIB"),
        (b"\x89HDF\r\n\x1a\n but not really", "truncated"),
    ],
)
def test_what_is_not_netcdf_is_refused(tmp_path, content, message):
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(InputError, match=rf"x\.nc.*{message}"):
        open_input(tmp_path / "x.nc")


@pytest.mark.parametrize(("name", "message"), [("x\0y", "no such|cannot"), ("x" * 300, "cannot")])
def test_names_that_no_file_can_have_are_refused(tmp_path, name, message):
    with pytest.raises(InputError, match=message):
        open_input(tmp_path / name)
    with pytest.raises(InputError, match=r"cannot be written"):
        check_target(tmp_path / name)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.nc")
    with pytest.raises(InputError, match=r"pipe\.nc: not a file"):
        open_input(tmp_path / "pipe.nc")


def test_packing_that_makes_no_sense_is_refused_in_one_line(small, tmp_path):
    packed = xr.zeros_like(small["aod"]).astype("i2")
    broken = small.assign(aod=packed.assign_attrs(scale_factor="a\nlot"))
    broken.to_netcdf(tmp_path / "x.nc")
    with pytest.raises(InputError, match=r"x\.nc: variable aod has scale_factor = a lot") as caught:
        open_input(tmp_path / "x.nc")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        open_input(tmp_path / "x.nc")
    with pytest.raises(InputError, match="not a file"):
        open_input(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(small, tmp_path):
    small.to_netcdf(tmp_path / "x.nc")
    (tmp_path / "x.nc").chmod(0)
    with pytest.raises(InputError, match="permission"):
        open_input(tmp_path / "x.nc")


def test_times_without_a_meaning_are_refused(small, tmp_path):
    small["time"] = ("time", [1.0], {"units": "fortnights since 2000-01-01"})
    small.to_netcdf(tmp_path / "x.nc")
    with pytest.raises(InputError, match="fortnights"):
        open_input(tmp_path / "x.nc")


def test_a_selection_is_read_alone(climatology, tmp_path):
    climatology.to_netcdf(tmp_path / "x.nc")
    chosen = open_input(tmp_path / "x.nc", select=lambda dataset: dataset[["aod"]])
    assert set(chosen.data_vars) == {"aod"}
    np.testing.assert_array_equal(chosen["aod"], climatology["aod"])


def test_a_fault_of_the_selection_is_not_blamed_on_the_file(small, tmp_path):
    small.to_netcdf(tmp_path / "x.nc")
    with pytest.raises(KeyError):
        open_input(tmp_path / "x.nc", select=lambda dataset: dataset[["nothing"]])


def test_a_file_that_is_replaced_keeps_its_mode(small, tmp_path, monkeypatch):
    path, seen = tmp_path / "a.nc", []
    write_netcdf(small, path)
    path.chmod(0o600)
    sync = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda it: seen.append(os.fstat(it).st_mode & 0o777) or sync(it)
    )
    write_netcdf(small, path, overwrite=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert seen[0] == 0o600  # also while it is written


def test_what_a_killed_run_left_beside_its_file_goes_with_the_next(small, tmp_path, monkeypatch):
    path, other = tmp_path / "a.nc", tmp_path / "b.nc"
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda *_, **__: None)
        patched.setattr(netcdf, "move_into_place", lambda *_: None)
        for target in (path, other):
            write_netcdf(small, target)
    assert len(os.listdir(tmp_path)) == 2
    write_netcdf(small, path)
    assert len(list(tmp_path.glob(".aeroforcing-*"))) == 1  # that of the other file
    write_netcdf(small, other)
    assert sorted(os.listdir(tmp_path)) == ["a.nc", "b.nc"]
