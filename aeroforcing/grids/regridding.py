"""From one latitude-longitude grid to another, and from months of years to a climatology.

Two rules, for two purposes. `conservative` gives the mean over each target cell, by the exact area
in which source and target cells overlap; it is for albedo, clouds and model fields, and preserves
totals. `median` pools the values whose cell centres fall into a target cell, from one or several
instruments, and takes their median if there are enough (Chung 2012, section 4.1,
doi:10.5772/50248); it is for observations with outliers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
import scipy.sparse
import xarray as xr

from aeroforcing.core.calendar import holds_dates
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import VARIABLES, XarrayObject
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.grid import gaussian_grid, grid_of

# A target cell of which less than this share overlaps valid source cells is missing: such overlaps
# are the rounding of axes to a few digits.
_LEAST_SHARE = 1e-6

# From the stacks [k, lat, lon] of values of each source to a stack on the target.
Transform = Callable[[list[np.ndarray]], np.ndarray]


@overload
def regrid(
    field: XarrayObject,
    grid: str | xr.Dataset | None,
    *,
    method: str = ...,
    min_count: int = ...,
) -> XarrayObject: ...


@overload
def regrid(
    field: Sequence[xr.DataArray],
    grid: str | xr.Dataset | None,
    *,
    method: str = ...,
    min_count: int = ...,
) -> xr.DataArray: ...


@suggest_keywords
def regrid(
    field: Any,
    grid: str | xr.Dataset | None,
    *,
    method: str = "conservative",
    min_count: int = 5,
) -> Any:
    """Bring a field to another grid.

    Parameters
    ----------
    field
        DataArray or Dataset on any grid that `grid_of` knows, in any order of the axes, with any
        further dimensions. For the median also several DataArrays whose values are pooled (Terra
        and Aqua); where one lacks a month that another has, the others count.
    grid
        Target: a name for `gaussian_grid`, a Dataset with `lat` and `lon`, or None to keep the
        grid and only bring the axes to the standard order.
    method
        "conservative": mean by overlapping area. Missing source cells are left out of the mean; the
        result is missing where no valid source cell overlaps. Totals of complete fields over the
        sphere are preserved to rounding.
        "median": median of the values whose cell centres fall into the target cell (its western
        and southern edge included), missing where fewer than `min_count` values are not missing.
    min_count
        Least number of values for a median [1].

    Returns
    -------
    The type of `field` (a DataArray for several), in double precision on the axes of the target,
    with the attributes of the variables. Variables without horizontal axes are kept, bounds of the
    axes dropped. Standard errors are averaged like any other field, which does not understate them.

    Raises
    ------
    InputError
        The axes cannot be used, the method is unknown, several fields are given for the mean, or a
        variable is not numeric or has one horizontal axis only.
    """
    if method not in ("conservative", "median"):
        raise InputError(f"There is no regridding method {method!r}: use conservative or median.")
    target = gaussian_grid(grid) if isinstance(grid, str) else grid
    if isinstance(field, xr.Dataset):
        return _regrid_dataset(standard_axes(field), target, method, min_count)
    arrays = [standard_axes(a) for a in ([field] if isinstance(field, xr.DataArray) else field)]
    if len(arrays) != 1 and (not arrays or target is None or method != "median"):
        raise InputError("Several fields are pooled by method='median' onto a given grid only.")
    if target is None:
        return arrays[0]
    transform = _transform([grid_of(array) for array in arrays], target, method, min_count)
    aligned = xr.align(*arrays, join="outer", exclude=("lat", "lon"))
    return _apply(transform, list(aligned), target)


def _regrid_dataset(
    dataset: xr.Dataset, target: xr.Dataset | None, method: str, min_count: int
) -> xr.Dataset:
    if target is None:
        return dataset
    transform = _transform([grid_of(dataset)], target, method, min_count)
    variables = dataset.drop_vars(["lat_bnds", "lon_bnds", "area"], errors="ignore").data_vars
    moved = {name: _apply_if_field(transform, v, target) for name, v in variables.items()}
    return xr.Dataset(moved, attrs=dataset.attrs)


def _transform(
    sources: list[xr.Dataset], target: xr.Dataset, method: str, min_count: int
) -> Transform:
    if method == "median":
        return _median(sources, grid_of(target), min_count)
    return _conservative(sources[0], grid_of(target))


def _apply_if_field(transform: Transform, array: xr.DataArray, target: xr.Dataset) -> xr.DataArray:
    axes = {"lat", "lon"} & set(array.dims)
    if len(axes) == 1:
        raise InputError(f"Variable {array.name} has the axis {axes.pop()} only; drop it first.")
    return _apply(transform, [array], target) if axes else array


def _apply(transform: Transform, arrays: list[xr.DataArray], target: xr.Dataset) -> xr.DataArray:
    """Transform fields whose last dimensions are lat and lon, and keep all else of the first."""
    first = arrays[0]
    for array in arrays:
        if array.dtype.kind not in "biuf" or array.dims != first.dims:
            raise InputError(
                f"Variable {array.name} ({array.dtype}, {array.dims}) cannot be regridded: numbers "
                "over the same dimensions are needed."
            )
    values = transform([np.asarray(a.values, float).reshape(-1, *a.shape[-2:]) for a in arrays])
    kept = {
        name: coordinate
        for name, coordinate in first.coords.items()
        if not {"lat", "lon"} & set(coordinate.dims)
    }
    return xr.DataArray(
        values.reshape(*first.shape[:-2], *values.shape[-2:]),
        coords={**kept, "lat": target["lat"].variable, "lon": target["lon"].variable},
        dims=first.dims,
        name=first.name,
        attrs=first.attrs,
    )


def _conservative(source: xr.Dataset, target: xr.Dataset) -> Transform:
    """Mean over the target cells; area is separable into sine of latitude times longitude."""
    rows = _overlaps(_sines(target), _sines(source))
    columns = sum(_overlaps(_turns(target), _turns(source) + turn) for turn in (-360, 0, 360))
    sizes = np.outer(np.diff(_sines(target)), np.diff(_turns(target)))

    def transform(stacks: list[np.ndarray]) -> np.ndarray:
        means = np.empty((len(stacks[0]), *sizes.shape))
        for i, values in enumerate(stacks[0]):
            valid = ~np.isnan(values)
            covered = rows @ valid.astype(float) @ columns.T
            total = rows @ np.where(valid, values, 0.0) @ columns.T
            enough = covered > _LEAST_SHARE * sizes
            means[i] = np.divide(total, covered, out=np.full(sizes.shape, np.nan), where=enough)
        return means

    return transform


def _overlaps(target: np.ndarray, source: np.ndarray) -> scipy.sparse.csr_array:
    """Length of the overlap of each target interval [m, 2] with each source interval [n, 2]."""
    upper = np.minimum(target[:, np.newaxis, 1], source[:, 1])
    lower = np.maximum(target[:, np.newaxis, 0], source[:, 0])
    return scipy.sparse.csr_array(np.maximum(upper - lower, 0.0))


def _sines(grid: xr.Dataset) -> np.ndarray:
    """Sines of the latitude bounds [lat, 2], southern bound first."""
    return np.sort(np.sin(np.radians(grid["lat_bnds"].values)), axis=1)


def _turns(grid: xr.Dataset) -> np.ndarray:
    """Longitude bounds [lon, 2], western bound first and within 0 to 360."""
    bounds = np.sort(grid["lon_bnds"].values, axis=1)
    return bounds - 360 * np.floor(bounds[:, :1] / 360)


def _median(sources: list[xr.Dataset], target: xr.Dataset, min_count: int) -> Transform:
    """Median of the values whose centres fall into each target cell."""
    shape = (target.sizes["lat"], target.sizes["lon"])
    cells = np.concatenate([_target_cells(source, target) for source in sources])
    members = _members(cells, shape[0] * shape[1])

    def transform(stacks: list[np.ndarray]) -> np.ndarray:
        points = np.concatenate([stack.reshape(len(stack), -1) for stack in stacks], axis=1)
        medians = np.empty((len(points), len(members)))
        for i, values in enumerate(points):
            medians[i] = _row_medians(np.append(values, np.nan)[members], min_count)
        return medians.reshape(-1, *shape)

    return transform


def _target_cells(source: xr.Dataset, target: xr.Dataset) -> np.ndarray:
    """Flat index of the target cell that holds each source centre; -1 outside the target."""
    south, north = np.sort(target["lat_bnds"].values, axis=1).T
    lat = source["lat"].values[:, np.newaxis]
    in_row = (lat >= south) & ((lat < north) | (north == 90))  # the pole belongs to the last row
    west, east = _turns(target).T
    in_column = (source["lon"].values[:, np.newaxis] - west) % 360 < east - west
    cell = in_row.argmax(1)[:, np.newaxis] * len(west) + in_column.argmax(1)
    return np.where(in_row.any(1)[:, np.newaxis] & in_column.any(1), cell, -1).ravel()


def _members(cells: np.ndarray, n_cells: int) -> np.ndarray:
    """Points of each cell [n_cells, most points], filled up with the index one past the last."""
    order = np.argsort(cells, kind="stable")
    order = order[cells[order] >= 0]
    counts = np.bincount(cells[order], minlength=n_cells)
    first = np.cumsum(counts) - counts
    members = np.full((n_cells, max(counts.max(), 1)), len(cells))
    members[cells[order], np.arange(len(order)) - first[cells[order]]] = order
    return members


def _row_medians(values: np.ndarray, min_count: int) -> np.ndarray:
    """Median of each row without its NaN; NaN where fewer than `min_count` values remain."""
    ordered = np.sort(values, axis=1)  # NaN last
    count = np.sum(~np.isnan(values), axis=1)
    rows = np.arange(len(values))
    median = (ordered[rows, (count - 1) // 2] + ordered[rows, count // 2]) / 2
    return np.where(count >= min_count, median, np.nan)


@suggest_keywords
def monthly_climatology(field: XarrayObject, *, min_count: int = 1) -> XarrayObject:
    """Mean of each calendar month over the years.

    Parameters
    ----------
    field
        Monthly values over `time` with dates of any calendar; NaN is missing.
    min_count
        Least number of values that make a mean [1]; with fewer it is missing.

    Returns
    -------
    The same type over `month` 1 to 12 in place of `time`, with the attributes of the variables.
    Months without any time are missing. Variables without `time` are kept, bounds of it dropped.

    Raises
    ------
    InputError
        There is no `time` axis with dates.
    """
    if "time" not in field.dims or not holds_dates(field["time"]):
        raise InputError("A monthly climatology needs a dimension time with dates.")
    if isinstance(field, xr.DataArray):
        return _climatology(field, min_count)
    bounds = {field["time"].attrs.get(kind, "time_bnds") for kind in ("bounds", "climatology")}
    variables = field.drop_vars(bounds, errors="ignore").data_vars
    means = {
        name: _climatology(array, min_count) if "time" in array.dims else array
        for name, array in variables.items()
    }
    return xr.Dataset(means, attrs=field.attrs)


def _climatology(array: xr.DataArray, min_count: int) -> xr.DataArray:
    years = array.groupby("time.month")
    mean = years.mean("time", keep_attrs=True).where(years.count("time") >= min_count)
    climatology = mean.reindex(month=np.arange(1, 13))
    climatology["month"].attrs = VARIABLES["month"].attributes
    return climatology
