"""Dates as netCDF files give them: those of numpy, or cftime objects of any calendar."""

from __future__ import annotations

import cftime
import numpy as np
import xarray as xr
from numpy.typing import NDArray


def holds_dates(array: xr.DataArray) -> bool:
    """Whether the values are dates; texts and gaps among cftime objects are none."""
    if array.dtype.kind != "O":
        return array.dtype.kind == "M"
    return all(isinstance(value, cftime.datetime) for value in array.values.ravel())


def months_of(dates: xr.DataArray) -> NDArray[np.float64]:
    """Calendar month of each date, NaN where it is missing; in the shape of the dates."""
    if dates.dtype.kind == "M":
        return dates.dt.month.values.astype(float)
    months = [date.month for date in dates.values.ravel()]
    return np.array(months, dtype=float).reshape(dates.shape)
