"""Weighted means: over the globe, the year and regions, of optical properties, and in parts.

SSA is weighted with AOD, the asymmetry parameter with scattering AOD, the Angstrom exponent and
the vertical profile with AOD and the co-albedo exponent with absorption AOD, as far as the same
dataset holds the weights.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from aeroforcing.core.arrays import Floats
from aeroforcing.core.calendar import holds_dates, months_of
from aeroforcing.core.constants import DAYS_PER_MONTH
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import STDERR_SUFFIX, XarrayObject
from aeroforcing.grids.domain import Chunk, Layout
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.regridding import regrid

_SAME_AXIS = 1e-3  # degrees; axes are often stored in single precision

# What the mean of an intensive property is weighted with.
_WEIGHTS: dict[str, Callable[[xr.Dataset], xr.DataArray]] = {
    "ssa": lambda x: x["aod"],
    "asymmetry": lambda x: x["aod"] * x.get("ssa", 1.0),
    "angstrom": lambda x: x["aod"],
    "coalbedo_angstrom": lambda x: x["aod"] * (1 - x.get("ssa", 0.0)),
    "aerosol_profile": lambda x: x["aod"],
}


@suggest_keywords
def global_mean(x: XarrayObject) -> XarrayObject:
    """Area-weighted mean over `lat` and `lon`, of the cells that are not missing.

    Standard errors, the variables named `<name>_stderr`, are combined as those of independent
    cells: sqrt(sum w^2 se^2) / sum w. Bounds of the axes are dropped.

    Parameters
    ----------
    x
        On any grid that `grid_of` knows. Variables without `lat` and `lon` are kept as they are.

    Returns
    -------
    The same type without `lat` and `lon`, with the attributes of the variables.
    """
    return _weighted_mean(x, xr.DataArray(grid_of(x)["area"].variable))


@suggest_keywords
def annual_mean(x: XarrayObject) -> XarrayObject:
    """Mean over the months, weighted by their days in a 365-day year.

    Where some months only are present, it is the mean of these. Missing values are excluded and
    standard errors combined as in `global_mean`.

    Parameters
    ----------
    x
        Over a dimension `month` (1 to 12), or over `time` with a coordinate `month` or dates.

    Returns
    -------
    The same type without that dimension, with the attributes of the variables.

    Raises
    ------
    InputError
        There are no months, or not those of one year.
    """
    month = _months(x)
    days = np.array(DAYS_PER_MONTH, dtype=float)[month.values - 1]
    return _weighted_mean(x, xr.DataArray(days, dims=month.dims))


def _months(x: xr.DataArray | xr.Dataset) -> xr.DataArray:
    """Month numbers along the dimension that holds them."""
    if "month" in x.coords and x["month"].ndim == 1:
        month = x["month"]
    elif "time" in x.coords and x["time"].ndim == 1 and holds_dates(x["time"]):
        month = xr.DataArray(months_of(x["time"]), dims=x["time"].dims)
    else:
        raise InputError("An annual mean needs a coordinate month (1 to 12), or time with dates.")
    numbers = month.values
    if not np.isin(numbers, range(1, 13)).all() or np.unique(numbers).size < numbers.size:
        listed = textwrap.shorten(", ".join(map(str, numbers.tolist())), 100)
        raise InputError(f"An annual mean needs months of 1 to 12, each once, not {listed}.")
    return month.astype(int)


def _weighted_mean(x: XarrayObject, weights: xr.DataArray) -> XarrayObject:
    """Mean over those dimensions of the weights that each variable has."""
    if isinstance(x, xr.DataArray):
        return _mean_of(x, weights)
    kept = x.drop_vars(_bounds_of(x, weights.dims), errors="ignore").data_vars
    means = {name: _mean_of(array, weights) for name, array in kept.items()}
    return xr.Dataset(means, attrs=x.attrs)


def _bounds_of(x: xr.Dataset, dims: tuple) -> set[str]:
    """Names of the variables that bound the cells along some dimensions."""
    attributes = [x[dim].attrs for dim in dims if dim in x.coords]
    linked = {a[key] for a in attributes for key in ("bounds", "climatology") if key in a}
    return linked | {f"{dim}_bnds" for dim in dims}


def _mean_of(array: xr.DataArray, weights: xr.DataArray) -> xr.DataArray:
    """Weighted mean of a variable, or standard error of that mean."""
    own = [dim for dim in weights.dims if dim in array.dims]
    if not own:
        return array
    weight = weights.sum([dim for dim in weights.dims if dim not in own])
    total = weight.where(array.notnull()).sum(own)
    if str(array.name).endswith(STDERR_SUFFIX):
        mean = ((array * weight) ** 2).sum(own) ** 0.5 / total
    else:
        mean = (array * weight).sum(own) / total
    result = mean.where(total > 0).rename(array.name)
    result.attrs = dict(array.attrs)
    return result


def averaged(
    dataset: xr.Dataset, average: Callable[[xr.Dataset], xr.Dataset], *, over: tuple[str, ...]
) -> xr.Dataset:
    """Average a dataset, intensive properties weighted with what they belong to.

    Parameters
    ----------
    dataset
        Variables by their canonical names, NaN where missing.
    average
        A mean of each variable of a dataset that leaves missing values out: over cells or times.
    over
        The dimensions that the mean is over; variables with none of them are not weighted.

    Returns
    -------
    What `average` makes of the dataset, with the weighted means in their places. Where the weights
    are 0 the mean is not weighted.
    """
    plain = average(dataset)
    weighted = {
        name: _weighted(dataset[name], weight(dataset), plain[name], average, over)
        for name, weight in _WEIGHTS.items()
        if name in dataset and "aod" in dataset and set(over) & set(dataset[name].dims)
    }
    return plain.assign(weighted)


def weights_of(name: str, dataset: xr.Dataset) -> xr.DataArray | None:
    """What a mean of a variable is weighted with besides area and days; None for nothing else."""
    if name not in _WEIGHTS or "aod" not in dataset:
        return None
    return _WEIGHTS[name](dataset).rename(f"weights of {name}")


def _weighted(
    field: xr.DataArray,
    weight: xr.DataArray,
    plain: xr.DataArray,
    average: Callable[[xr.Dataset], xr.Dataset],
    over: tuple[str, ...],
) -> xr.DataArray:
    """Weighted mean of a field, within the range that it has along the dimensions of the mean."""
    products = {"product": field * weight, "weight": weight.where(field.notnull())}
    means = average(xr.Dataset(products).drop_attrs(deep=False))
    mean = means["product"] / means["weight"].where(means["weight"] > 0)
    along = [dim for dim in over if dim in field.dims]
    within = mean.fillna(plain).clip(field.min(along), field.max(along))
    return within.rename(field.name).assign_attrs(plain.attrs)


def on_grid(dataset: xr.Dataset, target: xr.Dataset) -> xr.Dataset:
    """Bring a dataset to a grid by overlapping area, unless it is on it already.

    Parameters
    ----------
    dataset
        Variables by their canonical names over ascending `lat`, `lon` and others; those over `lat`
        alone are interpolated and constant beyond its ends, those without both stay as they are.
    target
        With `lat` and `lon`.

    Returns
    -------
    The same variables on the axes of the target, without bounds.
    """
    bounds = {name: dataset[name] for name in ("lat_bnds", "lon_bnds") if name in dataset}
    variables = dataset.drop_vars([*bounds, "area"], errors="ignore")
    if "lat" not in dataset.dims:
        return variables
    if all(same_axis(dataset[axis].values, target[axis].values) for axis in ("lat", "lon")):
        return variables.assign_coords(lat=target.lat, lon=target.lon)
    tables = {str(n): a for n, a in variables.items() if "lat" in a.dims and "lon" not in a.dims}

    def cell_means(fields: xr.Dataset) -> xr.Dataset:
        return regrid(fields.assign(bounds), target)

    moved = averaged(variables.drop_vars(tables), cell_means, over=("lat", "lon"))
    return moved.assign({name: _along_latitude(array, target) for name, array in tables.items()})


def _along_latitude(table: xr.DataArray, target: xr.Dataset) -> xr.DataArray:
    """A table by latitude, interpolated; constant beyond its ends."""
    ordered = table.transpose(..., "lat")
    to, at = target["lat"].values, table["lat"].values
    values = np.apply_along_axis(lambda column: np.interp(to, at, column), -1, ordered.values)
    values = np.rint(values) if table.dtype.kind in "iu" else values  # a flag stays a flag
    others = {name: c for name, c in ordered.coords.items() if "lat" not in c.dims}
    return xr.DataArray(values, others | {"lat": target["lat"]}, ordered.dims)


def same_axis(axis: np.ndarray, other: np.ndarray) -> bool:
    """Whether two axes [degrees] are the same but for rounding."""
    return axis.shape == other.shape and bool(np.abs(axis - other).max() < _SAME_AXIS)


class RunningMeans:
    """Adds up fields over the cells of each step, weighted by area; points weigh the same."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._area = np.ones(layout.map_shape)
        if not layout.are_points:
            self._area = grid_of(layout.places)["area"].values
        self._sums: dict[str, Floats] = {}  # (weighted sum or sum of squares, weight), (2, step)
        self.cells = 0
        self.missing_cells = 0

    def add(self, chunk: Chunk, fields: Mapping[str, Floats]) -> None:
        """Add the fields of a chunk, each (step, row, column) or (step, cell).

        Standard errors, the fields named `<name>_stderr`, are those of independent cells.
        """
        area = self._area[tuple(self._layout.place_of(chunk).values())]
        for name, field in fields.items():
            weight = np.where(np.isnan(field), 0.0, area)
            terms = np.where(np.isnan(field), 0.0, field * area)
            if name.endswith(STDERR_SUFFIX):
                terms = terms**2
            sums = self._sums.setdefault(name, np.zeros((2, self._layout.steps.size)))
            sums[0, chunk.steps] += terms.reshape(len(field), -1).sum(axis=1)
            sums[1, chunk.steps] += weight.reshape(len(field), -1).sum(axis=1)

    def count(self, field: Floats) -> None:
        """Count the cells of a field, and those that are missing."""
        self.cells += field.size
        self.missing_cells += int(np.isnan(field).sum())

    def overall(self) -> dict[str, float]:
        """Means over the map and over the steps, weighted by their lengths."""
        return {name: self._overall(name, *sums) for name, sums in self._sums.items()}

    def _overall(self, name: str, total: Floats, weight: Floats) -> float:
        there = weight > 0.0
        hours = self._layout.steps.hours[there]
        if not there.any():
            return float("nan")
        if name.endswith(STDERR_SUFFIX):
            errors = np.sqrt(total[there]) / weight[there]
            return float(np.sqrt(((hours * errors) ** 2).sum()) / hours.sum())
        return float((hours * total[there] / weight[there]).sum() / hours.sum())
