"""Stations in files: AERONET's own texts, tables of sites and months (CSV), and netCDF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import holds_dates, months_of
from aeroforcing.core.canonical import canonicalise, check_ranges
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.netcdf import check_target, open_input, write_netcdf, write_whole
from aeroforcing.observations.readers._files import PathLike, Paths, as_paths
from aeroforcing.observations.readers.aeronet import read_aeronet

CSV_ENDING = ".csv"
_NETCDF_SIGNATURES = (b"CDF", b"\x89HD")


@suggest_keywords
def read_stations(paths: Paths) -> xr.Dataset:
    """Monthly climatology of stations from a netCDF file of this package or AERONET files.

    Parameters
    ----------
    paths
        One netCDF file with `station` and `month` (or climatological `time`); or one file or
        several that `read_aeronet` knows: AERONET's texts, zip archives of them, and tables (CSV).

    Returns
    -------
    Dataset over (station, month) with the coordinates `lat`, `lon` [degrees] and `elevation` [m],
    as that of `read_aeronet`.

    Raises
    ------
    InputError
        Names the file and what is wrong with it.
    """
    listed = as_paths(paths)
    in_netcdf = [path for path in listed if _is_netcdf(path)]
    if not in_netcdf:
        return read_aeronet(listed)
    if len(listed) > 1:
        raise InputError(
            f"{in_netcdf[0]}: stations in netCDF are read from one file alone, not from "
            f"{len(listed)}. Give AERONET's own files together instead."
        )
    return _from_netcdf(listed[0])


def _is_netcdf(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(3) in _NETCDF_SIGNATURES


def _from_netcdf(path: Path) -> xr.Dataset:
    stored = open_input(path)
    if "station" not in stored.dims:
        raise InputError(
            f"{path}: no dimension station among {', '.join(map(str, stored.dims)) or 'none'}; "
            "stations as `aeroforcing prepare aeronet` writes them are expected."
        )
    if "time" in stored.dims:
        stored = _by_month(stored, path)
    network = canonicalise(stored.set_coords(_places(stored)), source=str(path))
    check_ranges(network, source=str(path))
    return network


def _places(stored: xr.Dataset) -> list[str]:
    return [name for name in ("lat", "lon", "elevation") if name in stored.variables]


def _by_month(stored: xr.Dataset, path: Path) -> xr.Dataset:
    """A climatological time axis as calendar months."""
    if "time" not in stored.coords or not holds_dates(stored["time"]):
        raise InputError(f"{path}: the values of time are not dates; its units are not CF.")
    months = months_of(stored["time"])
    if np.isnan(months).any() or np.unique(months).size < months.size:
        raise InputError(
            f"{path}: time is missing, or holds a month more than once; a climatology is expected."
        )
    bounds = stored["time"].attrs.get("climatology", stored["time"].attrs.get("bounds", ""))
    bare = stored.drop_vars(["time", "month", bounds], errors="ignore")
    return bare.rename_dims(time="month").assign_coords(month=months.astype(int))


@suggest_keywords
def write_stations(stations: xr.Dataset, path: PathLike, *, overwrite: bool = False) -> None:
    """Write stations as a table (CSV) or as netCDF, by the ending of the name.

    Parameters
    ----------
    stations
        Over (station, month), as `read_stations` gives them.
    path
        The file to make; a name that ends in .csv makes a table of sites and months, with the
        dataset's `history` in comment lines before it.
    overwrite
        Replace an existing file.

    Raises
    ------
    InputError
        The file exists, its folder does not, or there is no permission to write.
    OSError
        The writing failed, for instance because the disk is full.
    """
    if Path(path).suffix.lower() == CSV_ENDING:
        write_whole(check_target(path, overwrite=overwrite), _table(stations).encode())
    else:
        write_netcdf(stations, path, overwrite=overwrite)


def _table(stations: xr.Dataset) -> str:
    """One line for each site and month with any value."""
    bare = stations.reset_coords(["lat", "lon", "elevation"]).reset_coords(drop=True)
    table = bare.to_dataframe(dim_order=["station", "month"]).reset_index()
    values = [name for name, array in stations.data_vars.items() if array.dtype.kind == "f"]
    first = ["station", "month", "lat", "lon", "elevation"]
    ordered = [*first, *(name for name in table.columns if name not in first)]
    kept = table.dropna(subset=values, how="all")[ordered]
    comments = "".join(f"# {line}\n" for line in stations.attrs.get("history", "").splitlines())
    return comments + str(kept.to_csv(index=False))
