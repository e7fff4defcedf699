"""The time steps of a run: the periods that it averages over, and the time axis that they make.

A climatology has calendar months of no special year. A series has the steps of its own time axis:
months, days or parts of days, by the bounds of the axis or, without these, by its spacing. Its
dates are UTC, and in the calendar of the axis.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import cftime
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.calendar import CALENDAR, climatological_time, holds_dates
from aeroforcing.core.constants import LONGEST_PERIOD, SECONDS_PER_DAY
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import CLIMATOLOGY_BOUNDS, TIME_BOUNDS, stamp

_MONTH = (27.5 * SECONDS_PER_DAY, 31.5 * SECONDS_PER_DAY)  # spacing of monthly values [s]
_EVEN = 1.0  # s, by which steps may deviate from an even spacing


@dataclass(frozen=True)
class Steps:
    """Periods, one for each step of a time axis."""

    month: NDArray[np.int64]  # (step,) 1..12, for what is known by month
    key: NDArray[np.uint64]  # (step,) from the date alone, for random numbers of its own
    start: NDArray[np.float64]  # (step,) days after 1 January 2000, 0 h UTC, in the calendar
    hours: NDArray[np.float64]  # (step,) length [h]
    calendar: str  # by its name in CF
    axis: xr.Dataset  # the coordinate time, its bounds and, of a climatology, the month

    @property
    def size(self) -> int:
        """Number of steps."""
        return self.month.size

    @property
    def are_months(self) -> bool:
        """Whether these are calendar months of a climatology."""
        return "month" in self.axis.coords

    def __getitem__(self, part: slice | NDArray[np.int64]) -> Steps:
        """Some of the steps."""
        return Steps(
            self.month[part], self.key[part], self.start[part], self.hours[part],
            self.calendar, self.axis.isel(time=part),
        )  # fmt: skip


def calendar_months(months: Iterable[int]) -> Steps:
    """Steps of a climatology of calendar months, 1 to 12 in ascending order, of no special year."""
    axis = climatological_time(months)
    bounds = axis[CLIMATOLOGY_BOUNDS].values
    month = axis["month"].values.astype(np.int64)
    return Steps(
        month=month,
        key=month.astype(np.uint64),
        start=_days_since_2000(bounds[:, 0]),
        hours=_seconds(bounds[:, 1] - bounds[:, 0]) / 3600.0,
        calendar=CALENDAR,
        axis=axis,
    )


def steps_of_series(dataset: xr.Dataset, *, source: str) -> Steps:
    """Steps of the time axis of a dataset.

    Parameters
    ----------
    dataset
        With dates in its coordinate `time`. The bounds that it names say what the steps are;
        without them dates a month apart stand for their calendar months, dates a day apart for
        their days, and dates less than a day apart for the middles of equal parts of a day.
    source
        File or other origin, for the messages.

    Raises
    ------
    InputError
        There are no dates, they are not ascending, or what period they stand for is unknown,
        longer than 31 days, or more than a day but not whole days.
    """
    if "time" not in dataset.dims or "time" not in dataset.coords:
        raise InputError(
            f"{source}: has no dimension time with dates, so no time steps of its own."
        )
    if dataset["time"].isnull().any():
        raise InputError(f"{source}: its coordinate time has gaps; give every step its date.")
    if not holds_dates(dataset["time"]):
        raise InputError(
            f"{source}: its coordinate time holds no dates; give it units and calendar."
        )
    time = _as_cftime(dataset["time"])
    _check_order(time, source)
    bounds = _given_bounds(dataset, source)
    if bounds is None:
        bounds = _inferred_bounds(time, source)
    axis = xr.Dataset(
        {TIME_BOUNDS: (("time", "bnds"), _in_kind_of(bounds, dataset["time"]))},
        {"time": dataset["time"].variable},
    )
    return _steps(time, bounds, stamp(axis), source)


def _as_cftime(dates: xr.DataArray) -> NDArray[Any]:
    """Dates as cftime objects; numpy's are of the standard calendar."""
    if dates.dtype.kind == "O":
        return dates.values
    texts = np.datetime_as_string(dates.values.ravel(), unit="s")
    made = [cftime.DatetimeGregorian.strptime(t, "%Y-%m-%dT%H:%M:%S") for t in texts]
    return np.array(made, dtype=object).reshape(dates.shape)


def _in_kind_of(dates: NDArray[Any], like: xr.DataArray) -> NDArray[Any]:
    if like.dtype.kind == "O":
        return dates
    return np.array([d.isoformat() for d in dates.ravel()], like.dtype).reshape(dates.shape)


def _seconds(differences: NDArray[Any]) -> NDArray[np.float64]:
    flat = [difference.total_seconds() for difference in differences.ravel()]
    return np.array(flat, dtype=float).reshape(differences.shape)


def _check_order(time: NDArray[Any], source: str) -> None:
    wrong = np.flatnonzero(_seconds(np.diff(time)) <= 0.0)
    if time.size == 0:
        raise InputError(f"{source}: its coordinate time is empty.")
    if wrong.size:
        at = int(wrong[0])
        raise InputError(
            f"{source}: the coordinate time is not ascending in {wrong.size} of {time.size} steps, "
            f"first after {time[at]} with {time[at + 1]}. Sort the steps, and drop repeated ones."
        )


def _given_bounds(dataset: xr.Dataset, source: str) -> NDArray[Any] | None:
    """The bounds that the time axis names, (step, 2); None where there are none."""
    name = dataset["time"].attrs.get("bounds", dataset["time"].encoding.get("bounds", TIME_BOUNDS))
    if name not in dataset.variables:
        return None
    bounds = dataset[name]
    if bounds.shape != (dataset.sizes["time"], 2) or not holds_dates(bounds):
        raise InputError(f"{source}: {name} must hold two dates for each time.")
    return _as_cftime(bounds)


def _inferred_bounds(time: NDArray[Any], source: str) -> NDArray[Any]:
    """Bounds by the spacing of the times."""
    gaps = _seconds(np.diff(time))
    step = float(gaps.min()) if gaps.size else 0.0
    if _MONTH[0] < step < _MONTH[1]:
        starts = [_midnight(date) - timedelta(days=date.day - 1) for date in time]
        return np.array([(s, s + timedelta(days=s.daysinmonth)) for s in starts], dtype=object)
    whole = np.abs(gaps / max(step, _EVEN) - np.rint(gaps / max(step, _EVEN))) * step <= _EVEN
    if not whole.all() or not 0.0 < step <= SECONDS_PER_DAY:
        raise InputError(
            f"{source}: what periods the {time.size} times stand for cannot be told from their "
            "spacing. Give the time axis bounds (time_bnds), named in its attribute bounds."
        )
    if step == SECONDS_PER_DAY:
        return np.array([(_midnight(d), _midnight(d) + timedelta(days=1)) for d in time])
    half = timedelta(seconds=step / 2.0)
    return np.array([(date - half, date + half) for date in time], dtype=object)


def _midnight(date: Any) -> Any:
    return date.replace(hour=0, minute=0, second=0, microsecond=0)


def _steps(time: NDArray[Any], bounds: NDArray[Any], axis: xr.Dataset, source: str) -> Steps:
    hours = _seconds(bounds[:, 1] - bounds[:, 0]) / 3600.0
    _check_lengths(hours, time, source)
    starts = bounds[:, 0]
    if hours[0] >= 24.0:
        hours = 24.0 * np.rint(hours / 24.0)
        starts = np.array([_midnight(date + timedelta(hours=12)) for date in starts])
    middles = starts + np.array([timedelta(hours=h / 2.0) for h in hours])
    return Steps(
        month=np.array([date.month for date in middles], dtype=np.int64),
        key=np.array([_key(date) for date in time], dtype=np.uint64),
        start=_days_since_2000(starts),
        hours=hours,
        calendar=starts[0].calendar,
        axis=axis,
    )


def _check_lengths(hours: NDArray[np.float64], time: NDArray[Any], source: str) -> None:
    longest = 24.0 * LONGEST_PERIOD
    part = (hours > 24.0) & (np.abs(hours - 24.0 * np.rint(hours / 24.0)) > 1e-3)
    mixed = (hours < 24.0) != (hours[0] < 24.0)
    for wrong, rule in (
        ((hours <= 0.0) | (hours > longest + 1e-3), f"from above 0 to {longest:g} hours long"),
        (part, "whole days, or less than a day"),
        (mixed, "all of them whole days, or all of them less than a day"),
    ):
        if wrong.any():
            at = int(np.argmax(wrong))
            raise InputError(
                f"{source}: the time step of {time[at]} has {hours[at]:g} hours, as one of "
                f"{wrong.sum()}; time steps must be {rule}."
            )


def _key(date: Any) -> int:
    """A number of the date, to the second, the same whatever else is run."""
    days = (date.year * 12 + date.month - 1) * 31 + date.day - 1
    return (((days * 24 + date.hour) * 60 + date.minute) * 60 + date.second) % 2**64


def _days_since_2000(dates: NDArray[Any]) -> NDArray[np.float64]:
    """Days after 1 January 2000, 0 h, in the calendar of the dates."""
    return (
        _seconds(dates - _midnight(dates[0]).replace(year=2000, month=1, day=1)) / SECONDS_PER_DAY
    )
