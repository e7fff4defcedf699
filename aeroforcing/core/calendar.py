"""Dates and months: the calendar of a climatology, and dates as netCDF files give them.

Dates are those of numpy, or cftime objects of any calendar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Any

import cftime
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.constants import DAYS_PER_MONTH
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import CLIMATOLOGY_BOUNDS, stamp

_MOST_STEPS = 10**6  # of an axis that is decoded at once
_SINCE = re.compile(r"^\s*(months?|mons?|years?|yrs?|common_years?)\s+since\s+(\S.*)$", re.I)
_AS_NUMBER = re.compile(r"^\s*days?\s+as\s+%Y%m%d(\.%f)?\s*$", re.I)
_YEAR_ZERO = re.compile(r"since\s+0{1,4}-")
_WRITTEN = re.compile(
    r"(1[6-9]\d\d|2[0-2]\d\d)(-?)(0[1-9]|1[0-2])(?:\2([0-2]\d|3[01]))?(?:[T ][\d:.Z]*)?"
)
_LETTERS = re.compile(r"1?|(%?[YyMmDd][-/]?)*")  # of units such as YYYYMMDD
_BOUNDS = ("time_bnds", "time_bounds", "time_bound", "time_bnd")

TIME_UNITS = "days since 2001-01-01"
CALENDAR = "noleap"

MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
MONTH_ABBREVIATIONS = tuple(name[:3].upper() for name in MONTH_NAMES)


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


class DateCoder(xr.coders.CFDatetimeCoder):
    """Decodes times as xarray does, and in the further ways that files have."""

    def decode(self, variable: xr.Variable, name: Any = None) -> xr.Variable:
        """The variable with dates, if its units say that it holds some."""
        if not counts_time(variable):
            return variable
        own = dict(variable.attrs)
        if isinstance(own.get("calendar"), str):
            own["calendar"] = calendar_named(own["calendar"])
        variable = xr.Variable(variable.dims, variable._data, own, variable.encoding, fastpath=True)
        units, calendar = str(own["units"]), str(own.get("calendar", "standard"))
        special = (
            _SINCE.match(units) or _AS_NUMBER.match(units) or _needs_year_zero(units, calendar)
        )
        if not special or variable.size > _MOST_STEPS:
            return super().decode(variable, name)
        numbers = np.asarray(variable.values, dtype=float)
        if not np.isfinite(numbers).all():
            return variable
        try:
            dates = _dates(numbers, units, calendar)
        except (ValueError, OverflowError, IndexError):
            return variable
        attrs = {key: value for key, value in own.items() if key not in ("units", "calendar")}
        stored = {**variable.encoding, "units": own["units"], "calendar": calendar}
        return xr.Variable(variable.dims, dates, attrs, stored)


def counts_time(variable: xr.Variable | xr.DataArray) -> bool:
    """Whether units say that numbers are times: "... since ..." or "day as %Y%m%d.%f"."""
    units = variable.attrs.get("units")
    if not isinstance(units, str) or variable.dtype.kind not in "iuf":
        return False
    return " since " in units.lower() or bool(_AS_NUMBER.match(units))


def calendar_named(name: str) -> str:
    """The CF name of a calendar in any spelling; what is not known stays."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    for known, parts in (
        ("noleap", ("noleap", "365")),
        ("all_leap", ("allleap", "366")),
        ("360_day", ("360",)),
        ("proleptic_gregorian", ("proleptic",)),
        ("julian", ("julian",)),
        ("standard", ("standard", "gregorian")),
    ):
        if any(part in plain for part in parts):
            return known
    return name


def _needs_year_zero(units: str, calendar: str) -> bool:
    return bool(_YEAR_ZERO.search(units)) and calendar in ("standard", "julian")


def _dates(numbers: NDArray[np.float64], units: str, calendar: str) -> NDArray[Any]:
    counted = _SINCE.match(units)
    if counted:
        per_step = 12.0 if counted[1].lower().startswith(("y", "common")) else 1.0
        start = _first_date(counted[2], calendar)
        made = [_after_months(start, per_step * n) for n in numbers.ravel()]
    elif _AS_NUMBER.match(units):
        made = [_from_number(n, calendar) for n in numbers.ravel()]
    else:
        return np.asarray(
            cftime.num2date(
                numbers, units, calendar, only_use_cftime_datetimes=True, has_year_zero=True
            )
        )
    return np.array(made, dtype=object).reshape(numbers.shape)


def _first_date(text: str, calendar: str) -> Any:
    zero = _needs_year_zero(f"since {text}", calendar)
    year_zero = {"has_year_zero": True} if zero else {}
    return cftime.num2date(
        0.0, f"days since {text}", calendar, only_use_cftime_datetimes=True, **year_zero
    )


def _after_months(start: Any, months: float) -> Any:
    """A date some months later; parts of a month are shares of its days."""
    whole = int(np.floor(months))
    year, month = divmod(start.year * 12 + start.month - 1 + whole, 12)
    first = start.replace(year=year, month=month + 1, day=1)
    day = min(start.day, first.daysinmonth)
    return first.replace(day=day) + _days((months - whole) * first.daysinmonth)


def _from_number(number: float, calendar: str) -> Any:
    """The date of a number such as 20010116.5."""
    whole = int(np.floor(number))
    date = cftime.datetime(whole // 10000, whole // 100 % 100, whole % 100, calendar=calendar)
    return date + _days(number - whole)


def _days(number: float) -> Any:
    return np.timedelta64(round(number * 86400.0), "s").astype("timedelta64[us]").item()


def with_dates(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with dates in those coordinates, and their bounds, that count time."""
    changed: dict[str, xr.Variable] = {}
    for name, array in dataset.coords.items():
        if array.ndim > 1 or not counts_time(array):
            continue
        changed[str(name)] = DateCoder(use_cftime=True).decode(array.variable, name)
        bounds = array.attrs.get("bounds")
        if isinstance(bounds, str) and bounds in dataset.variables:
            kept = {key: array.attrs[key] for key in ("units", "calendar") if key in array.attrs}
            own = dataset[bounds].variable.copy(deep=False)
            own.attrs = {**kept, **own.attrs}
            changed[bounds] = DateCoder(use_cftime=True).decode(own, bounds)
    if not changed:
        return dataset
    return dataset.assign_coords(
        {name: v for name, v in changed.items() if name in dataset.coords}
    ).assign({name: v for name, v in changed.items() if name not in dataset.coords})


def written_dates(array: xr.DataArray) -> xr.DataArray | None:
    """Dates of an axis that writes them out, as 200107, 20010716, "2001-07" or "2001-07-16".

    None where these are no such numbers or texts, or where units say that they are others.
    """
    if array.ndim != 1 or array.size == 0 or not _LETTERS.fullmatch(_units_of(array)):
        return None
    if array.dtype.kind in "iuf":
        texts = [f"{value:.10g}" for value in array.values]
    elif array.dtype.kind in "SUO" and isinstance(array.values[0], str | bytes):
        texts = [v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in array.values]
    else:
        return None
    found = [_WRITTEN.fullmatch(text.strip()) for text in texts]
    days = [f"{m[1]}-{m[3]}-{m[4] or '01'}" for m in found if m is not None]
    try:
        dates = np.array(days, dtype="datetime64[s]").astype("datetime64[ns]")
    except ValueError:  # a month has no such day
        return None
    return array.copy(data=dates).drop_attrs() if len(days) == array.size else None


def _units_of(array: xr.DataArray) -> str:
    return "".join(str(array.attrs.get("units", "")).split())


def bounds_name(dataset: xr.Dataset, axis: str = "time") -> str | None:
    """The variable that holds the bounds of the time steps, if there is one.

    It is named in an attribute of the axis, or has one of the usual names.
    """
    own = dataset[axis] if axis in dataset.variables else xr.DataArray()
    for key in ("bounds", "climatology"):
        named = own.attrs.get(key, own.encoding.get(key))
        if isinstance(named, str) and named in dataset.variables:
            return named
    return next((name for name in _BOUNDS if name in dataset.variables), None)


def months_by_bounds(bounds: xr.DataArray, *, climatology: bool) -> NDArray[np.float64]:
    """Calendar month of the middle of each interval, (step,); NaN where it is no interval.

    Parameters
    ----------
    bounds
        Dates, (step, 2).
    climatology
        Whether they are the bounds of a climatology (CF 7.4): the interval in each year, from the
        first year to the last.
    """
    found = np.full(bounds.shape[0], np.nan)
    for i, (begin, end) in enumerate(_as_objects(bounds)):
        if begin is None or end is None or not begin < end:
            continue
        last = _in_year_of(begin, end) if climatology else end
        found[i] = (begin + (last - begin) / 2).month
    return found


def longest_interval(bounds: xr.DataArray) -> float:
    """The longest of the intervals between dates [days], (step, 2)."""
    pairs = [(end - begin) for begin, end in _as_objects(bounds) if begin is not None]
    return max((pair.total_seconds() / 86400.0 for pair in pairs), default=0.0)


def _as_objects(bounds: xr.DataArray) -> list[tuple[Any, Any]]:
    values = bounds.values
    if values.dtype.kind == "M":
        values = values.astype("M8[us]").astype(object)
    return [(first, second) for first, second in values]


def _in_year_of(begin: Any, end: Any) -> Any:
    """The end of an interval that recurs every year, in its first year."""
    same = end.replace(year=begin.year, day=min(end.day, 28)) + (
        end - end.replace(day=min(end.day, 28))
    )
    return same if begin < same else same.replace(year=begin.year + 1)


def time_bounds_in(dataset: xr.Dataset) -> list[str]:
    """The variable of the bounds of the time, if any: as the time names it, or a usual name."""
    name = bounds_name(dataset) if "time" in dataset.variables else None
    return [] if name is None else [name]


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
    numbers = ascending_months(months)
    first_days = _first_days()
    edges = np.array([first_days[number - 1 : number + 1] for number in numbers])
    middles = edges[:, 0] + (edges[:, 1] - edges[:, 0]) / 2
    coordinates = {"time": middles, "month": ("time", np.array(numbers, dtype=np.int32))}
    return stamp(xr.Dataset({CLIMATOLOGY_BOUNDS: (("time", "bnds"), edges)}, coordinates))


def ascending_months(months: Iterable[int]) -> list[int]:
    """Calendar months as a list.

    Raises
    ------
    InputError
        One is not 1..12, they do not ascend, or there is none.
    """
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
