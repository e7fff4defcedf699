"""What every step on gridded fields does first and last: order the axes, check, clip, put back."""

from __future__ import annotations

import numpy as np
import xarray as xr

from aeroforcing.core.canonical import canonicalise, check_ranges
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import XarrayObject, lookup
from aeroforcing.grids.axes import standard_axes


def prepared(field: xr.DataArray, *, source: str) -> xr.DataArray:
    """A field by its canonical name and unit, checked, as (..., lat, lon) on ascending axes.

    Longitudes run from 0 to 360 degrees. `source` says whose field it is, for the messages.

    Raises
    ------
    InputError
        The field has no name or no axes `lat` and `lon`, or values out of range.
    """
    if field.name is None:
        raise InputError(f"{source} has no name; give it one with .rename().")
    for axis in ("lat", "lon"):
        if axis not in field.dims:
            raise InputError(f"{source} ({field.name}) has dimensions {field.dims}, no {axis!r}.")
    dataset = canonicalise(field.to_dataset(), source=source)
    check_ranges(dataset, source=source)
    (name,) = dataset.data_vars
    return standard_axes(dataset[name], source=source)


def on_axes_of(result: XarrayObject, field: xr.DataArray) -> XarrayObject:
    """A result on ascending axes, put on the axes of the field that `prepared` has ordered."""
    lat, lon = field["lat"], np.asarray(field["lon"], dtype=float)
    places = {
        "lat": np.argsort(np.argsort(lat.values)),
        "lon": np.argsort(np.argsort(lon - 360.0 * np.floor(lon / 360.0))),
    }
    return result.isel(places).assign_coords(lat=lat, lon=field["lon"])


def clip_to_range(values: np.ndarray, name: str, where: np.ndarray | bool = True) -> int:
    """Clip values to the allowed range of their variable, in place.

    Parameters
    ----------
    values : numpy.ndarray
        Values of the variable; NaN stays NaN.
    name : str
        Canonical name; a name that the registry does not know has no range.
    where : numpy.ndarray of bool
        The values that may be changed.

    Returns
    -------
    int
        How many values were outside.
    """
    variable = lookup(name)
    if variable is None:
        return 0
    low, high = variable.valid_min, variable.valid_max
    outside = where & variable.out_of_range(values)
    if variable.open_range:
        low, high = np.nextafter(low, high), np.nextafter(high, low)
    values[outside] = np.clip(values[outside], low, high)
    return int(outside.sum())
