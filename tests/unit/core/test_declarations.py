"""Odd contents of netCDF files: what variables declare is looked at before they are read."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import netCDF4
import numpy as np
import pytest
import xarray as xr

from aeroforcing.core.canonical import canonicalise
from aeroforcing.core.errors import InputError
from aeroforcing.core.library_lock import LIBRARY_LOCK
from aeroforcing.core.netcdf import open_input, open_lazily


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.nc"


def map_in(path, *, stored="f8", values=(0.0, 0.1, 0.2, 0.3), form="NETCDF4", **attributes):
    """A file of one map of 2 x 2 cells, with the values as they are stored."""
    with netCDF4.Dataset(path, "w", format=form) as file:
        for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
            file.createDimension(name, 2)
            axis = file.createVariable(name, "f8", (name,))
            axis.units, axis[:] = units, [0.0, 10.0]
        aod = file.createVariable(
            "aod", stored, ("lat", "lon"), fill_value=attributes.pop("fill", None)
        )
        aod.set_auto_maskandscale(False)
        aod.setncatts({"units": "1"} | attributes)
        aod[:] = np.reshape(values, (2, 2))


def valid(path):
    return np.isfinite(open_input(path)["aod"].values.ravel()).tolist()


# ---- valid ranges -------------------------------------------------------------------------------

PACKED = {"scale_factor": 0.01, "add_offset": 0.0}
SHORT = np.int16


@pytest.mark.parametrize("form", ["NETCDF4", "NETCDF3_CLASSIC"])
@pytest.mark.parametrize(
    ("stored", "values", "attributes", "expected"),
    [
        ("f8", (0.0, 0.1, 0.2, 0.3), {"valid_max": 0.2}, [1, 1, 1, 0]),
        ("f8", (0.0, 0.1, 0.2, 0.3), {"valid_min": 0.1}, [0, 1, 1, 1]),
        ("f8", (0.0, 0.1, 0.2, 0.3), {"valid_range": [0.1, 0.2]}, [0, 1, 1, 0]),
        ("f4", (0.0, 0.1, 0.2, 0.3), {"valid_max": 0.3}, [1, 1, 1, 1]),  # of double precision
        ("i2", (0, 1, 2, 3), {"valid_max": SHORT(2)}, [1, 1, 1, 0]),
        ("i2", (0, 10, 20, 30), PACKED | {"valid_max": SHORT(20)}, [1, 1, 1, 0]),
        ("i2", (0, 10, 20, 30), PACKED | {"valid_max": 0.2}, [1, 1, 1, 0]),  # of the wider type
        ("i2", (0, 10, 20, 30), PACKED | {"valid_range": SHORT([10, 20])}, [0, 1, 1, 0]),
        ("i2", (0, 10, 20, 30), {"scale_factor": -0.01, "valid_min": SHORT(10)}, [0, 1, 1, 1]),
        ("i2", (0, -9, 20, 30), PACKED | {"fill": -9, "valid_min": SHORT(5)}, [0, 0, 1, 1]),
        ("i1", (0, 100, -56, -1), {"_Unsigned": "true", "valid_max": np.int8(-56)}, [1, 1, 1, 0]),
        ("f8", (0.0, 0.1, 0.2, 0.3), {"valid_max": "0.1", "valid_min": np.nan}, [1, 1, 1, 1]),
        ("i2", (0, 1, 2, 3), {"valid_max": SHORT(1), "flag_values": SHORT([0, 1])}, [1, 1, 1, 1]),
    ],
)  # fmt: skip
def test_values_outside_of_the_valid_range_are_missing(
    path, form, stored, values, attributes, expected
):
    map_in(path, stored=stored, values=values, form=form, **attributes)
    assert valid(path) == [bool(one) for one in expected]


def test_a_valid_range_is_lazy_and_reads_parts(path):
    map_in(path, valid_max=0.2)
    with open_lazily(path) as opened:
        part = opened["aod"].isel(lat=[1], lon=slice(0, 2))
        assert np.isnan(part.values).tolist() == [[False, True]]
        assert "valid_max" not in opened["aod"].attrs


# ---- packing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scale_factor", "add_offset"])
@pytest.mark.parametrize("value", [np.nan, np.inf, "many", 0.0])
def test_a_packing_that_makes_no_sense_is_refused_where_it_is_read(path, name, value):
    map_in(path, stored="i2", values=(0, 1, 2, 3), **{name: value})
    if name == "add_offset" and value == 0.0:
        assert valid(path) == [True] * 4
        return
    with pytest.raises(InputError, match=rf"x\.nc: variable aod has {name} = "):
        open_input(path)
    assert open_input(path, select=lambda opened: opened[["lat"]])["lat"].size == 2


# ---- what no map can have -----------------------------------------------------------------------


def test_variables_of_other_shapes_and_types_are_left_out(path, caplog):
    map_in(path)
    with netCDF4.Dataset(path, "a") as file:
        file.createVariable("twice", "f4", ("lat", "lat"))[:] = 1.0
        file.createVariable("ragged", file.createVLType(np.float32, "ragged_type"), ("lat",))
        file.createVariable("one_ragged", file.cmptypes.get("x") or file.vltypes["ragged_type"], ())
        pair = file.createCompoundType(np.dtype([("a", "f4"), ("b", "f4")]), "pair")
        file.createVariable("pairs", pair, ("lat",))
        file.createVariable("text", str, ("lat",))[:] = np.array(["a", "b"], dtype=object)
    found = open_input(path)
    assert set(found.data_vars) == {"aod", "text"}
    for name in ("twice", "ragged", "one_ragged", "pairs"):
        assert f"x.nc: variable {name} is left out" in caplog.text


@pytest.mark.parametrize("value", [np.array([1.0, 2.0]), np.int32(7), ["a", "b"]])
def test_texts_of_other_types_are_texts(path, value):
    map_in(path, standard_name=value, long_name=value, cell_methods=value)
    found = open_input(path)["aod"].attrs
    assert all(isinstance(found[name], str) for name in ("standard_name", "long_name"))
    assert "aod" in canonicalise(open_input(path), source="x.nc")


# ---- sizes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("giant", ["lat", "aod", "area"])
def test_what_a_file_cannot_hold_is_not_read(path, giant):
    """Declared, compressed and never written: 12 GB in some kilobytes."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("lat", 1_500_000_000 if giant == "lat" else 40_000)
        file.createDimension("lon", 40_000)
        dimensions = ("lat",) if giant == "lat" else ("lat", "lon")
        chunks = [10**6] if giant == "lat" else [1000, 1000]
        file.createVariable(giant, "f8", dimensions, zlib=True, chunksizes=chunks)
        if giant == "area":
            file.createVariable("aod", "f4", ("lon",)).coordinates = "area"
    with pytest.raises(InputError, match=rf"x\.nc: variable {giant} has 12(\.\d)? GB"):
        open_input(path)


def test_what_is_larger_than_the_memory_allows_is_not_read(path, monkeypatch):
    map_in(path)
    monkeypatch.setattr("aeroforcing.core.declarations._ALWAYS_READ", 32)
    monkeypatch.setattr("aeroforcing.core.declarations.memory", lambda: 100.0)
    with pytest.raises(InputError, match="half of the memory"):
        open_input(path)
    monkeypatch.setattr("aeroforcing.core.declarations.memory", lambda: 1000.0)
    assert open_input(path)["aod"].size == 4


# ---- threads ------------------------------------------------------------------------------------


def test_many_threads_read_one_file(path):
    map_in(path, valid_max=0.2)
    with xr.open_dataset(path, cache=False) as other, ThreadPoolExecutor(8) as pool:
        ours = [pool.submit(valid, path) for _ in range(100)]
        theirs = [pool.submit(lambda: float(other["aod"].sum())) for _ in range(100)]
        assert all(one.result() == [True, True, True, False] for one in ours)
        assert all(one.result() == pytest.approx(0.6) for one in theirs)


def test_the_lock_is_one_for_the_process():
    assert pickle.loads(pickle.dumps(LIBRARY_LOCK)) is LIBRARY_LOCK
    with LIBRARY_LOCK, LIBRARY_LOCK:
        assert LIBRARY_LOCK.locked()
    assert not LIBRARY_LOCK.locked()
