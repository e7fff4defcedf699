"""MISR Level 3 monthly AOD (component global aerosol product, CGAS, MIL3MAE and MIL3MAEN)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import MONTH_ABBREVIATIONS
from aeroforcing.core.errors import InputError
from aeroforcing.grids.axes import standard_axes
from aeroforcing.observations.readers import _hdf4
from aeroforcing.observations.readers._files import (
    Paths,
    as_paths,
    finished,
    first_of_month,
    joined_in_time,
    not_this_product,
    opened_grid,
)
from aeroforcing.optics.spectral_laws import aod_at

GREEN = 558.0  # centre of the green band [nm]; earlier editions round it to 555

# Exponent where the file gives none. An error of 0.6 changes the AOD at 550 nm by 0.9 %.
DEFAULT_ANGSTROM = 1.2

_GROUP = "Aerosol_Parameter_Average"
_NEW = {"aod": "Aerosol_Optical_Depth", "angstrom": "Angstrom_Exponent_550_860"}

# Editions up to F15_0031 have one array over optical depth ranges, bands and particle types.
_OLD = {"hdf4": "Optical depth average", "netcdf": "Optical_depth_average"}

# Its further dimensions by their length: what they are and which entry is wanted.
_OLD_DIMENSIONS = {9: ("range", 0), 4: ("band", 1), 3: ("band", 1), 6: ("type", 0), 1: ("time", 0)}


def read_misr(paths: Paths) -> xr.Dataset:
    """Monthly AOD of MISR on its half-degree grid, brought from 558 to 550 nm.

    Reads the netCDF edition with groups (F15_0032) and the earlier HDF4 and netCDF editions; all
    optical depth ranges and all particle types together. The Angstrom exponent of the file (550 to
    860 nm) brings AOD from the green band to 550 nm; where it is missing, 1.2.

    Parameters
    ----------
    paths
        Monthly files under their own names, e.g. MISR_AM1_CGAS_MAR_2005_F15_0032.nc, which tell
        the month. HDF4 needs pyhdf: pip install 'aeroforcing[hdf4]'.

    Returns
    -------
    Dataset over (time, lat, lon), `time` at the first days of the months, with aod [1] and, if the
    files have it, angstrom [1].

    Raises
    ------
    InputError
        Names the file and what is wrong: missing, empty, truncated, of another product or period,
        pyhdf not installed, a month given twice, values out of range.

    References
    ----------
    Garay et al. (2020), doi:10.5194/amt-13-593-2020.
    """
    listed = as_paths(paths)
    files = [(str(path), _one_file(path)) for path in listed]
    return finished(joined_in_time(files), product="MISR", paths=listed)


def _one_file(path: Path) -> xr.Dataset:
    month = _month(path)
    raw = _from_hdf4(path) if _hdf4.is_hdf4(path) else _from_netcdf(path)
    content = standard_axes(raw, source=str(path)).astype(float)
    exponent = (
        content["angstrom"] if "angstrom" in content else xr.full_like(content["aod"], np.nan)
    )
    used = exponent.fillna(DEFAULT_ANGSTROM)
    aod = aod_at(content["aod"], angstrom=used, wavelength=550.0, reference=GREEN)
    fields = {"aod": aod, "angstrom": exponent} if "angstrom" in content else {"aod": aod}
    kept = xr.Dataset(fields).drop_vars("wavelength", errors="ignore")
    return kept.expand_dims(time=[month]).transpose("time", "lat", "lon")


def _month(path: Path) -> np.datetime64:
    match = re.search(rf"_({'|'.join(MONTH_ABBREVIATIONS)})_(\d{{4}})_", path.name.upper())
    if match is None:
        raise InputError(
            f"{path}: the name of the file does not tell a month, as in "
            "MISR_AM1_CGAS_MAR_2005_F15_0032.nc. Monthly files under their own names are expected."
        )
    return first_of_month(int(match[2]), MONTH_ABBREVIATIONS.index(match[1]) + 1, source=str(path))


def _from_netcdf(path: Path) -> xr.Dataset:
    try:
        grouped = xr.open_dataset(path, group=_GROUP, engine="netcdf4")
    except (OSError, RuntimeError, ValueError, KeyError):
        return _from_old_netcdf(path)
    try:
        with grouped:
            return _green_of_all(grouped, path).load()
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"{path}: cannot be read; the file is truncated or damaged ({error})."
        ) from error


def _green_of_all(opened: xr.Dataset, path: Path) -> xr.Dataset:
    """The green band of all optical depth ranges."""
    if _NEW["aod"] not in opened:
        raise not_this_product(path, [_NEW["aod"]], opened.data_vars)
    present = {old: new for new, old in _NEW.items() if old in opened}
    chosen = opened[list(present)].rename(present)
    for dimension, wanted in (("Band", "green"), ("Optical_Depth_Range", "all")):
        if dimension in chosen.dims:
            chosen = chosen.isel({dimension: _labelled(chosen, dimension, wanted, path)})
    return chosen.reset_coords(drop=True)


def _labelled(dataset: xr.Dataset, dimension: str, wanted: str, path: Path) -> int:
    """Position of the one entry whose label begins with a word."""
    labels = dataset[dimension].values.tolist() if dimension in dataset.coords else []
    texts = [v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in labels]
    found = [i for i, text in enumerate(texts) if text.lower().startswith(wanted)]
    if len(found) != 1:
        raise InputError(
            f"{path}: the axis {dimension} has the labels {', '.join(texts) or '(none)'}; one that "
            f"begins with {wanted!r} is expected. Its layout has changed."
        )
    return found[0]


def _from_old_netcdf(path: Path) -> xr.Dataset:
    def select(opened: xr.Dataset) -> xr.Dataset:
        if _OLD["netcdf"] not in opened:
            raise not_this_product(path, [_GROUP, _OLD["netcdf"]], opened.data_vars)
        return opened[[_OLD["netcdf"]]].rename({_OLD["netcdf"]: "aod"})

    content = opened_grid(path, select)
    aod = content["aod"]
    entries = {d: _old_entry(aod.sizes[d], path) for d in aod.dims if d not in ("lat", "lon")}
    return content.isel(entries).reset_coords(drop=True)


def _old_entry(length: int, path: Path) -> int:
    if length not in _OLD_DIMENSIONS:
        raise InputError(
            f"{path}: an axis of length {length} is not known; its layout has changed."
        )
    return _OLD_DIMENSIONS[length][1]


def _from_hdf4(path: Path) -> xr.Dataset:
    """The HDF-EOS grid, from the north to the south and from 180 W to 180 E."""
    values = _hdf4.read(path, one_of=[_OLD["hdf4"]]).values[_OLD["hdf4"]]
    if values.ndim < 3 or values.shape[1] != 2 * values.shape[0]:
        raise InputError(f"{path}: {_OLD['hdf4']} has the shape {values.shape}, not a global grid.")
    for length in values.shape[:1:-1]:
        values = values[..., _old_entry(length, path)]
    step = 180.0 / values.shape[0]
    latitude = 90.0 - step * (np.arange(values.shape[0]) + 0.5)
    longitude = -180.0 + step * (np.arange(values.shape[1]) + 0.5)
    return xr.DataArray(
        values, {"lat": latitude, "lon": longitude}, ["lat", "lon"], name="aod"
    ).to_dataset()
