"""Which coordinates are latitude, longitude and time: by CF attributes first, then by name."""

from __future__ import annotations

import xarray as xr

from aeroforcing.core.calendar import (
    bounds_name,
    counts_time,
    holds_dates,
    with_dates,
    written_dates,
)
from aeroforcing.core.variables import CLIMATOLOGY_BOUNDS, TIME_BOUNDS, VARIABLES

_UNITS = {  # CF 1.11, sections 4.1 and 4.2, compared in lower case
    "lat": {"degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"},
    "lon": {"degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"},
}
_OTHER_STANDARD_NAMES = ("grid_latitude", "grid_longitude", "projection_x_coordinate",
                         "projection_y_coordinate")  # fmt: skip
_TIMES = ("time", "valid_time", "times", "t", "date", "datetime")
_MONTHS = ("month", "months", "mon", "month_of_year")


def is_horizontal(name: str, array: xr.DataArray | None, which: str) -> bool:
    """Whether a coordinate is latitude ("lat") or longitude ("lon").

    Parameters
    ----------
    name
        Of the coordinate or, where it has no values, of the dimension.
    array
        Its values, if any.
    """
    attrs = {} if array is None else array.attrs
    units = _text(attrs, "units").lower()
    if units in _UNITS["lat"] | _UNITS["lon"]:
        return units in _UNITS[which] and _text(attrs, "standard_name") not in _OTHER_STANDARD_NAMES
    known = VARIABLES[which]
    if _text(attrs, "standard_name"):
        return _text(attrs, "standard_name") == known.standard_name
    by_axis = _text(attrs, "axis").upper() == known.axis
    return name.lower() in (which, *known.aliases) or (by_axis and units.startswith("deg"))


def _text(attrs: dict, key: str) -> str:
    value = attrs.get(key, "")
    return value.strip() if isinstance(value, str) else ""


def coordinate_of(dataset: xr.Dataset, name: str) -> xr.DataArray | None:
    """The coordinate that is latitude ("lat") or longitude ("lon"), if there is one."""
    found = [c for own, c in dataset.coords.items() if is_horizontal(str(own), c, name)]
    return next((c for c in found if str(c.name) == name), found[0] if found else None)


def with_time_named(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with its time axis called `time` or, if it holds months alone, `month`.

    The axis is known by what it holds: dates, or numbers with units "... since ..."; by its
    standard name; or by its name in any case. The only date of a dataset without such an axis, kept
    as a scalar coordinate, becomes an axis of one step.
    """
    dated = _with_written_dates(with_dates(dataset))
    if "time" not in dated.dims:
        dim = _time_dimension(dated)
        if dim is not None and "time" not in dated.variables:
            dated = dated.rename({dim: "time"})
        elif dim is not None and dated["time"].dims == (dim,):
            dated = dated.drop_vars(dim, errors="ignore").swap_dims({dim: "time"})
    if "month" not in dated.dims:
        months = [str(d) for d in dated.dims if str(d).lower() in _MONTHS]
        if len(months) == 1 and "month" not in dated.variables:
            dated = dated.rename({months[0]: "month"})
    if not {"time", "month"} & set(dated.dims):
        return _with_scalar_date(dated)
    return _with_bounds_named(_with_months_counted(dated))


def _with_written_dates(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with dates along a time axis that writes them out as numbers or texts."""
    found = {
        str(name): written_dates(c)
        for name, c in dataset.coords.items()
        if c.dims == (name,) and (str(name).lower() in _TIMES or counts_months(str(name), c))
    }
    dated = {name: dates for name, dates in found.items() if dates is not None}
    return dataset.assign_coords(dated) if dated else dataset


def _with_months_counted(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset over `month`, 1 to 12, if its axis says that it counts months, from 0 or 1."""
    axis = next(name for name in ("month", "time") if name in dataset.dims)
    if axis not in dataset.coords or not counts_months(axis, dataset[axis]):
        return dataset
    numbers = dataset[axis].values
    if numbers.dtype.kind not in "iuf":
        return dataset
    if axis == "time" and "month" not in dataset.variables and "month" not in dataset.dims:
        dataset = dataset.rename({"time": "month"})
    elif axis == "time":
        return dataset
    from_zero = numbers.size > 0 and 0 in numbers and numbers.max() < 12
    return dataset.assign_coords(month=numbers + 1) if from_zero else dataset


def _with_bounds_named(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with the bounds of its time axis by the names that the package gives them."""
    bounds = bounds_name(dataset) if "time" in dataset.coords else None
    if bounds is None or bounds not in dataset.variables:
        return dataset
    own = dataset["time"]
    key = "climatology" if _text(own.attrs, "climatology") == bounds else "bounds"
    name = CLIMATOLOGY_BOUNDS if key == "climatology" else TIME_BOUNDS
    if bounds != name and name in dataset.variables:
        return dataset
    named = dataset.rename({bounds: name}) if bounds != name else dataset
    return named.assign_coords(time=named["time"].assign_attrs({key: name}))


def _time_dimension(dataset: xr.Dataset) -> str | None:
    """The dimension that is the time under another name."""
    ranked: list[tuple[int, str]] = []
    for key in dataset.dims:
        dim = str(key)
        array = dataset.coords.get(dim)
        if array is None:
            along = [c for c in dataset.coords.values() if c.dims == (dim,)]
            if any(_text(c.attrs, "standard_name") == "time" or c.name == "time" for c in along):
                ranked.append((0, dim))
            elif dim.lower() in ("time", "times", "valid_time"):
                ranked.append((3, dim))
        elif _text(array.attrs, "standard_name") == "time":
            ranked.append((0, dim))
        elif dim.lower() in _TIMES and (holds_dates(array) or dim.lower() not in ("t", "date")):
            ranked.append((1, dim))
        elif array.size > 0 and holds_dates(array):
            ranked.append((2, dim))
    return min(ranked)[1] if ranked else None


def _with_scalar_date(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset over the one date that it keeps as a scalar coordinate, if it has one."""
    months = [
        str(name)
        for name, c in dataset.coords.items()
        if c.ndim == 0 and str(name).lower() in _MONTHS and c.dtype.kind in "iuf"
    ]
    dates = [
        str(name)
        for name, c in dataset.coords.items()
        if c.ndim == 0
        and c.dtype.kind in "OM"
        and holds_dates(c)
        and (str(name).lower() in _TIMES or _text(c.attrs, "standard_name") == "time")
    ]
    axis, scalar = ("time", dates) if dates else ("month", months)
    if len(scalar) != 1 or (scalar[0] != axis and axis in dataset.variables):
        return dataset
    named = dataset.rename({scalar[0]: axis}) if scalar[0] != axis else dataset
    spread = {
        name: array.expand_dims(axis)
        for name, array in named.data_vars.items()
        if any(
            is_horizontal(str(d), named.coords.get(d), w)
            for d in array.dims
            for w in ("lat", "lon")
        )
        and not str(name).lower().startswith(("lat", "lon"))
    }
    return (
        named.drop_vars([axis, *set(dates) & set(named.coords)]).assign(spread)
        if spread
        else dataset
    )


def counts_months(name: str, array: xr.DataArray) -> bool:
    """Whether a coordinate says that its numbers are months."""
    words = f"{name} {_text(array.attrs, 'units')} {_text(array.attrs, 'long_name')}".lower()
    return "month" in words and not counts_time(array)
