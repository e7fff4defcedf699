"""From the files of one product to monthly fields, or stations, that the other steps take."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import xarray as xr

from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.means import averaged
from aeroforcing.grids.regridding import monthly_climatology, regrid
from aeroforcing.inputs.monthly_fields import (
    read_fields,
    with_counts_as_weights,
    without_counts,
)
from aeroforcing.observations.readers._files import PathLike, Paths, as_paths
from aeroforcing.observations.readers.aeronet import read_aeronet
from aeroforcing.observations.readers.aerosol_models import read_gocart, read_merra2
from aeroforcing.observations.readers.isccp import read_isccp
from aeroforcing.observations.readers.misr import read_misr
from aeroforcing.observations.readers.modis import read_modis
from aeroforcing.optics.clouds import mean_cloud_depth
from aeroforcing.optics.spectral_laws import with_absorption

STATIONS = ("aeronet",)
RETRIEVALS: dict[str, Callable[[Sequence[PathLike]], xr.Dataset]] = {
    "modis": read_modis,
    "misr": read_misr,
}
MEANS: dict[str, Callable[[Sequence[PathLike]], xr.Dataset]] = {
    "merra2": read_merra2,
    "gocart": read_gocart,
    "isccp": read_isccp,
    "fields": read_fields,
}
PRODUCTS = (*STATIONS, *RETRIEVALS, *MEANS)

_TOLD = ("not_used", "weighted_by_counts", "steps_in_a_month")  # attributes that stay

# Names of MODIS files that tell the satellite: MYD08_M3.A2020001..., MYDAL2_M_AER_OD, aqua_2020.nc.
_AQUA = re.compile(r"(^|[^A-Z])(MYD|AQUA)", re.IGNORECASE)


@suggest_keywords
def prepare(
    product: str,
    paths: Paths,
    *,
    grid: str | None = "T42",
    min_count: int = 5,
    min_years: int = 1,
    min_days: int = 1,
    min_points: int = 1,
    month: str | None = None,
) -> xr.Dataset:
    """Monthly climatology of a product, on the grid of the model if it is gridded.

    Satellite retrievals are gridded by the median of the values in each cell, month by month, and
    then averaged over the years; MODIS files of Terra and of Aqua, told apart by their names, are
    pooled (Chung 2012, section 4.1, doi:10.5772/50248). Models and clouds are averaged by the
    area that source and target cells share, SSA and the like weighted with what they belong to.
    The optical depth of cloud types becomes one value for each type, which gives the mean albedo.

    Parameters
    ----------
    product
        "aeronet", "modis", "misr", "merra2", "gocart", "isccp", or "fields": any variables that a
        run takes, under their canonical, CF or other known names.
    paths
        One file or several, as the reader of the product takes them.
    grid
        Name of the target grid, for `gaussian_grid`; None keeps the grid of the files.
    min_count
        Least number of retrievals for a median [1].
    min_years
        Least number of years with a value for the mean of a calendar month [1].
    min_days, min_points
        Least numbers of days and measurements for a monthly mean of AERONET [1].
    month
        Of "fields": the month, such as "2005-07", of a file that does not tell it.

    Returns
    -------
    Dataset over (month, lat, lon), or over (station, month) for AERONET, in canonical names, ready
    for `fill_gaps`, `assimilate` and `grid_forcing`.

    Raises
    ------
    InputError
        The product is unknown, or the files cannot be read or used.
    """
    if product not in PRODUCTS:
        raise InputError(f"product {product!r} is none of {', '.join(PRODUCTS)}.")
    if product in STATIONS:
        return read_aeronet(paths, min_days=min_days, min_points=min_points)
    if product in RETRIEVALS:
        fields = _retrievals(product, paths, grid, min_count)
        how = f"median of at least {min_count} values"
    else:
        read = partial(read_fields, month=month) if product == "fields" else MEANS[product]
        fields = _means(read(as_paths(paths)), grid)
        how = "mean by area"
    months = _climatology(fields, min_years)
    origin = f"{fields.attrs['source']}, {how} on {grid}" if grid else fields.attrs["source"]
    kept = {name: fields.attrs[name] for name in _TOLD if name in fields.attrs}
    return _finished(months, f"{origin}{_years_of(fields)}").assign_attrs(
        kept | _years_by_month(fields)
    )


def _years_by_month(fields: xr.Dataset) -> dict[str, list[int]]:
    """How many years each calendar month is of; nothing for a climatology."""
    if "time" not in fields.dims:
        return {}
    months = fields["time"].dt.month.values
    return {"years_by_month": [int((months == month).sum()) for month in range(1, 13)]}


def _years_of(fields: xr.Dataset) -> str:
    """The years of monthly fields, as a part of their origin; nothing for a climatology."""
    if "time" not in fields.dims:
        return ""
    years = sorted(set(fields["time"].dt.year.values.tolist()))
    return (
        f", {len(years)} years from {years[0]} to {years[-1]}"
        if len(years) > 1
        else f", {years[0]}"
    )


def _retrievals(product: str, paths: Paths, grid: str | None, min_count: int) -> xr.Dataset:
    """Medians over the values of all instruments, over (time, lat, lon)."""
    parts = [RETRIEVALS[product](files) for files in _by_satellite(product, as_paths(paths))]
    names = [name for name in parts[0].data_vars if all(name in part for part in parts)]
    fields = {
        name: regrid([part[name] for part in parts], grid, method="median", min_count=min_count)
        for name in names
    }
    files = ", ".join(part.attrs["input_files"] for part in parts)
    return xr.Dataset(fields, attrs=parts[0].attrs | {"input_files": files})


def _by_satellite(product: str, paths: Sequence[Path]) -> list[list[Path]]:
    """Files of Terra and files of Aqua, by their names; those of other instruments together."""
    aqua = [path for path in paths if product == "modis" and _AQUA.search(path.name)]
    others = [path for path in paths if path not in aqua]
    return [files for files in (others, aqua) if files]


def _means(fields: xr.Dataset, grid: str | None) -> xr.Dataset:
    return averaged(fields, lambda part: regrid(part, grid), over=("lat", "lon"))


def _climatology(fields: xr.Dataset, min_years: int) -> xr.Dataset:
    """Calendar months over the years; a climatology stays as it is."""
    if "time" not in fields.dims:
        return fields

    def over_years(part: xr.Dataset) -> xr.Dataset:
        return monthly_climatology(part, min_count=min_years)

    bare, counts = without_counts(fields)
    means = averaged(bare, over_years, over=("time",))
    return with_counts_as_weights(bare, means, over_years, counts)


def _finished(months: xr.Dataset, origin: str) -> xr.Dataset:
    """With one optical depth for each cloud type, the bounds of the cells, and the origin."""
    if "cloud_optical_depth" in months:
        months = months.assign(cloud_optical_depth=_depth_by_type(months))
    cells = grid_of(months)
    complete = with_absorption(months)
    named = {n: array.assign_attrs(origin=origin) for n, array in complete.data_vars.items()}
    bounds = {name: cells[name] for name in ("lat_bnds", "lon_bnds")}
    return stamp(complete.assign(named).assign_coords(bounds))


def _depth_by_type(months: xr.Dataset) -> xr.DataArray:
    """The optical depth with the mean albedo of all clouds of a type, over cells and months."""
    weight = months["cloud_fraction"] * grid_of(months)["area"]
    depth = months["cloud_optical_depth"]
    others = tuple(str(dim) for dim in depth.dims if dim != "cloud_type")
    return mean_cloud_depth(depth, weight=weight, dim=others)
