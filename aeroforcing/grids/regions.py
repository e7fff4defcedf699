"""Means over the globe, land, ocean and hemispheres, with their standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import xarray as xr

from aeroforcing.core import resources
from aeroforcing.core.variables import STDERR_SUFFIX
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.means import annual_mean, averaged
from aeroforcing.grids.regridding import regrid

REGIONS = ("global", "land", "ocean", "northern hemisphere", "southern hemisphere")
Estimates = dict[str, dict[str, float]]  # name -> mean and, where it is known, stderr

Extent = Sequence[float]  # west, east, south, north [degrees]


def region_means(dataset: xr.Dataset) -> dict[str, Estimates]:
    """Means of the fields of a dataset over each region and all months.

    Parameters
    ----------
    dataset
        Fields over (lat, lon) or (time or month, lat, lon), perhaps with `<name>_stderr`, by their
        canonical names. Missing cells are left out, and intensive properties weighted as `averaged`
        tells.

    Returns
    -------
    dict
        Region -> variable -> `mean` and `stderr`. Cells and months are taken as independent, which
        those of `grid_forcing` are.

    Raises
    ------
    InputError
        The axes are no latitudes and longitudes, or the times not the months of one year.
    """
    bounds = [name for name in ("lat_bnds", "lon_bnds") if name in dataset.variables]
    fields = standard_axes(dataset[[*_field_names(dataset), *bounds]])
    means = _means(fields.drop_vars(bounds), region_shares(fields))
    return {region: _estimates(means.sel(region=region)) for region in REGIONS}


def _field_names(dataset: xr.Dataset) -> list[str]:
    """The fields over cells and months alone; bounds and the like are none."""
    allowed = [{"lat", "lon"}, {"time", "lat", "lon"}, {"month", "lat", "lon"}]
    names = (str(name) for name, array in dataset.data_vars.items() if set(array.dims) in allowed)
    return [name for name in names if dataset[name].dtype.kind == "f" and name != "area"]


def _means(fields: xr.Dataset, shares: xr.DataArray) -> xr.Dataset:
    """Means and standard errors of all fields over the regions."""

    def average(x: xr.Dataset) -> xr.Dataset:
        yearly = annual_mean(x) if {"time", "month"} & set(x.dims) else x
        return xr.Dataset({name: _mean(array, shares) for name, array in yearly.items()})

    return averaged(fields, average, over=("time", "month", "lat", "lon"))


def _mean(field: xr.DataArray, shares: xr.DataArray) -> xr.DataArray:
    """Mean of a field, or of a standard error as that of independent cells."""
    cells = ["lat", "lon"]
    total = shares.where(field.notnull()).sum(cells)
    if str(field.name).endswith(STDERR_SUFFIX):
        return ((field * shares) ** 2).sum(cells) ** 0.5 / total
    return (field * shares).sum(cells) / total


def _estimates(means: xr.Dataset) -> Estimates:
    """Means and errors of one region by variable."""
    value = {str(name): float(array) for name, array in means.data_vars.items() if not array.ndim}
    estimates: Estimates = {}
    for name in (name for name in value if not name.endswith(STDERR_SUFFIX)):
        estimates[name] = {"mean": value[name]}
        if name + STDERR_SUFFIX in value:
            estimates[name]["stderr"] = value[name + STDERR_SUFFIX]
    return estimates


def region_shares(field: xr.Dataset) -> xr.DataArray:
    """Area of each cell that belongs to each region, (region, lat, lon) [m2]."""
    grid = grid_of(field)
    area = grid["area"]
    land = land_fraction(grid)
    north = _northern_share(grid["lat_bnds"])
    shares = [xr.ones_like(area), land, 1.0 - land, north, 1.0 - north]
    stacked = xr.concat([area * share for share in shares], dim="region", coords="minimal")
    return stacked.assign_coords(region=list(REGIONS))


def land_fraction(grid: xr.Dataset) -> xr.DataArray:
    """Share of land in each cell of a grid, (lat, lon) [1]."""
    return regrid(_land(), grid).clip(0.0, 1.0)


@cache
def _land() -> xr.DataArray:
    with xr.open_dataset(resources.path("surface.nc")) as stored:
        return stored["land_fraction"].load()


def _northern_share(lat_bnds: xr.DataArray) -> xr.DataArray:
    """Share of each row that lies north of the equator (lat)."""
    sines = xr.apply_ufunc(np.sin, np.radians(lat_bnds))
    low, high = sines.min("bnds"), sines.max("bnds")
    return (high.clip(0.0) - low.clip(0.0)) / (high - low)
