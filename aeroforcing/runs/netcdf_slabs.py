"""A netCDF file of more data than memory holds: first its head, then the data, slab by slab."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.netcdf import cf_dataset

Place = tuple[slice, ...]


def write_slabs(
    path: Path,
    head: xr.Dataset,
    *,
    names: Iterable[str],
    slabs: Iterable[tuple[Place, Callable[[str], NDArray[np.float64]]]],
) -> None:
    """Write what `netcdf.write_netcdf` would, without ever holding all of it.

    Parameters
    ----------
    path
        A new file.
    head
        The dataset to write; the values of the variables `names` are not looked at.
    names
        Variables over the same last dimensions, written in slabs, whole along the others.
    slabs
        Ranges along these last dimensions that cover them, the first the largest; and a function
        that gives the values of a variable there.

    Raises
    ------
    OSError
        The writing failed, for instance because the disk is full.
    """
    complete, wanted = cf_dataset(head), list(names)
    try:
        complete.drop_vars(wanted).to_netcdf(path, engine="netcdf4", format="NETCDF4")
        with closing(netCDF4.Dataset(path, "a")) as file:
            if "coordinates" in file.ncattrs():  # belongs to the variables, see _attributes
                file.delncattr("coordinates")
            for place, read in slabs:
                _write_slab(file, complete[wanted], place, read)
        _bring_to_disk(path)
    except RuntimeError as error:  # how the library reports a disk that is full
        raise OSError(f"{path}: writing failed ({error}).") from error


def _write_slab(
    file: netCDF4.Dataset,
    variables: xr.Dataset,
    place: Place,
    read: Callable[[str], NDArray[np.float64]],
) -> None:
    """Write one slab of all variables; the first one makes the variables, stored in such slabs."""
    for name in map(str, variables.data_vars):
        whole = variables[name].shape[: -len(place)]
        own = (*(slice(0, length) for length in whole), *place)
        if name not in file.variables:
            _create(file, variables[name], chunk=[part.stop - part.start for part in own])
        values = read(name)
        stored = file[name]
        stored[own] = np.where(np.isnan(values), stored._FillValue, values)


def _create(file: netCDF4.Dataset, array: xr.DataArray, *, chunk: list[int]) -> None:
    """Make a variable whose chunks go to the file at once: each is written once, and whole.

    The library would keep the last 16 MiB of every variable.
    """
    encoding = array.encoding
    variable = file.createVariable(
        str(array.name), encoding["dtype"], [str(dim) for dim in array.dims], compression="zlib",
        chunksizes=chunk, chunk_cache=1, fill_value=encoding["_FillValue"],
    )  # fmt: skip
    variable.setncatts(_attributes(array))


def _attributes(array: xr.DataArray) -> dict[str, Any]:
    """The attributes of a variable, with the names of its auxiliary coordinates."""
    others = [str(name) for name, c in array.coords.items() if name not in c.dims]
    return array.attrs | ({"coordinates": " ".join(sorted(others))} if others else {})


def _bring_to_disk(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
