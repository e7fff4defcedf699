"""Averages of optical properties over cells or years: what is weighted with what.

SSA is weighted with AOD, the asymmetry parameter with scattering AOD, the Angstrom exponent and
the vertical profile with AOD and the co-albedo exponent with absorption AOD, as far as the same
dataset holds the weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from aeroforcing.regridding import regrid

_SAME_AXIS = 1e-3  # degrees; axes are often stored in single precision

# What the mean of an intensive property is weighted with.
_WEIGHTS: dict[str, Callable[[xr.Dataset], xr.DataArray]] = {
    "ssa": lambda x: x["aod"],
    "asymmetry": lambda x: x["aod"] * x.get("ssa", 1.0),
    "angstrom": lambda x: x["aod"],
    "coalbedo_angstrom": lambda x: x["aod"] * (1 - x.get("ssa", 0.0)),
    "aerosol_profile": lambda x: x["aod"],
}


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
