"""Dates and months: the calendar of a climatology, and dates as netCDF files give them.

Dates are those of numpy, or cftime objects of any calendar.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise

import cftime
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.checks import _listed
from aeroforcing.core.constants import DAYS_PER_MONTH
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import CLIMATOLOGY_BOUNDS, stamp

TIME_UNITS = "days since 2001-01-01"
CALENDAR = "noleap"

MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


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


_TIME_BOUNDS = ("time_bnds", "time_bounds", "time_bound", "time_bnd")


def time_bounds_in(dataset: xr.Dataset) -> list[str]:
    """The variable of the bounds of the time, if any: as the time names it, or a usual name."""
    if "time" not in dataset.variables:
        return []
    named = str(dataset["time"].attrs.get("bounds", ""))
    return [name for name in (named, *_TIME_BOUNDS) if name in dataset.variables][:1]


def middles_of(dataset: xr.Dataset) -> NDArray[np.object_]:
    """The dates of the time axis; of cells that have bounds, their middles (CF 7.1).

    A monthly mean holds for its cell, whatever end of it the label is.
    """
    for name in time_bounds_in(dataset):
        bounds = dataset[name].values
        if bounds.ndim == 2 and bounds.shape[1] == 2 and holds_dates(dataset[name]):
            return bounds[:, 0] + (bounds[:, 1] - bounds[:, 0]) / 2
    return dataset["time"].values


def climatological_time(months: Iterable[int]) -> xr.Dataset:
    """Time axis of a climatology of calendar months, in the 365-day year 2001.

    Parameters
    ----------
    months
        Calendar months, 1 to 12, each once and in ascending order.

    Returns
    -------
    Dataset with the coordinates `time` (the middles of the months) and `month` (1 to 12), and
    the variable `climatology_bnds` (time, bnds), the beginning and end of each month.

    Raises
    ------
    InputError
        The months are not calendar months in ascending order.

    References
    ----------
    CF Conventions 1.11, section 7.4, climatological statistics.
    """
    numbers = _calendar_months(months)
    first_days = _first_days()
    edges = np.array([first_days[number - 1 : number + 1] for number in numbers])
    middles = edges[:, 0] + (edges[:, 1] - edges[:, 0]) / 2
    coordinates = {"time": middles, "month": ("time", np.array(numbers, dtype=np.int32))}
    return stamp(xr.Dataset({CLIMATOLOGY_BOUNDS: (("time", "bnds"), edges)}, coordinates))


def _calendar_months(months: Iterable[int]) -> list[int]:
    numbers = [int(month) for month in months]
    ascending = all(first < second for first, second in pairwise(numbers))
    if not numbers or not ascending or numbers[0] < 1 or numbers[-1] > 12:
        raise InputError(
            f"months {numbers}: give calendar months from 1 to 12, each once, in ascending order."
        )
    return numbers


def _first_days() -> list[cftime.DatetimeNoLeap]:
    """First days of the twelve months, and of the next January."""
    days = accumulate(DAYS_PER_MONTH, initial=0)
    return list(cftime.num2date(list(days), TIME_UNITS, calendar=CALENDAR))


def checked_months(months: int | Iterable[int]) -> list[int]:
    """The months as a list; a number is one month.

    Raises
    ------
    InputError
        One is not 1..12 or is given twice, or there is none.
    """
    alone = isinstance(months, int | np.integer) and not isinstance(months, bool)
    chosen = [int(months)] if alone else _listed(months)  # type: ignore[arg-type]
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(1, 13)):
        raise InputError(f"months={chosen} is not allowed; give different numbers from 1 to 12.")
    return [int(month) for month in chosen]


def _checked_months(months: Iterable[int]) -> list[int]:
    wanted = [int(month) for month in months]
    if not wanted or sorted(set(wanted)) != wanted or not 1 <= wanted[0] <= wanted[-1] <= 12:
        raise InputError(f"Months must be 1 to 12, each once and in ascending order, not {wanted}.")
    return wanted


def month_numbers(field: xr.DataArray | xr.Dataset) -> list[int]:
    """The months, 1 to 12, of a field over `month` or over `time`.

    Raises
    ------
    InputError
        Its times are no dates.
    """
    months = None
    if "month" in field.coords:
        months = field["month"].values
    elif "time" in field.coords and holds_dates(field["time"]):
        months = months_of(field["time"])
    if months is None or not np.isin(months, range(1, 13)).all():
        raise InputError("The field has neither a coordinate month (1 to 12) nor dates along time.")
    return [int(month) for month in np.atleast_1d(months)]


def _month_name(month: int) -> str:
    if month not in range(1, 13):
        raise InputError(f"month={month!r} is not allowed; give a number from 1 to 12.")
    return MONTH_NAMES[month - 1]
