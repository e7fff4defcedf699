"""The calendar months of a dataset's steps: by bounds, dates, names or numbers."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import (
    MONTH_ABBREVIATIONS,
    bounds_name,
    holds_dates,
    longest_interval,
    months_by_bounds,
    months_of,
)
from aeroforcing.core.errors import InputError

_CALENDAR_MONTHS = np.arange(1, 13)
_LONGEST_MONTH = 32.0  # days

_LOG = logging.getLogger(__name__)


def in_months(dataset: xr.Dataset, months: Sequence[int] | None, *, source: str) -> xr.Dataset:
    """The wanted calendar months along a dimension `month`, if the dataset has any.

    Parameters
    ----------
    dataset
        Over `time` (the months of one year, or some of them), `month`, or neither.
    months
        Calendar months that are wanted; by default those that there are.
    source
        File or other origin, for the messages.

    Raises
    ------
    InputError
        The steps are not months of one year, or a wanted month is absent.
    """
    axes = [axis for axis in ("time", "month") if axis in dataset.dims]
    if not axes:
        return dataset
    if len(axes) == 2:
        raise InputError(f"{source}: has both dimensions time and month; one of them is expected.")
    numbers = _month_numbers(dataset, axes[0], source)
    wanted = sorted(numbers) if months is None else list(months)
    absent = sorted(set(wanted) - set(numbers))
    if not numbers:
        raise InputError(f"{source}: the dimension {axes[0]} is empty. Give at least one month.")
    if absent:
        raise InputError(
            f"{source}: holds the months {listed(numbers)}, not {listed(absent)}. Ask for months "
            "that it holds, or give all of them."
        )
    bounds = bounds_name(dataset)
    return (
        dataset.drop_vars(["time", "month", *([bounds] if bounds else [])], errors="ignore")
        .rename({} if axes[0] == "month" else {"time": "month"})
        .assign_coords(month=numbers)
        .sel(month=wanted)
    )


def _month_numbers(dataset: xr.Dataset, axis: str, source: str) -> list[int]:
    """Calendar month of each step of the axis, each once."""
    if "month" in dataset.coords and dataset["month"].dims == (axis,):
        numbers = _numbered(dataset["month"])
    elif axis in dataset.coords and holds_dates(dataset[axis]):
        numbers = _months_of_dates(dataset, axis, source)
    elif axis in dataset.coords:
        numbers = _numbered(dataset[axis])
    else:
        numbers = np.arange(1, dataset.sizes[axis] + 1)
        if dataset.sizes[axis] not in (0, 12):
            raise InputError(
                f"{source}: the dimension {axis} has {dataset.sizes[axis]} steps and no coordinate "
                "to say which months they are."
            )
    file = source if source.endswith(".nc") else "FILE"
    if not np.isin(numbers, _CALENDAR_MONTHS).all() or np.unique(numbers).size != numbers.size:
        raise InputError(
            f"{source}: {axis} is not the months of one year, each once: "
            f"{listed(numbers[:13].tolist())}{'...' if numbers.size > 13 else ''}. Give dates or "
            "months 1 to 12; of several years make a monthly climatology first, by aeroforcing "
            f"prepare fields {file} -o climatology.nc."
        )
    return [int(number) for number in numbers]


def _numbered(axis: xr.DataArray) -> np.ndarray:
    """Months by their numbers, or by their names."""
    if axis.dtype.kind in "SUO":
        texts = [
            v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in axis.values
        ]
        short = [text.strip().upper()[:3] for text in texts]
        known = MONTH_ABBREVIATIONS
        found = [known.index(text) + 1 if text in known else 0 for text in short]
        return np.array(found) if all(found) else axis.values
    return axis.values


def _months_of_dates(dataset: xr.Dataset, axis: str, source: str) -> np.ndarray:
    """Calendar months of the steps: of their intervals, where the axis has bounds."""
    labels = months_of(dataset[axis])
    name = bounds_name(dataset, axis)
    if name is None:
        return labels
    bounds = dataset[name]
    if bounds.dims[:1] != (axis,) or bounds.shape[1:] != (2,) or not holds_dates(bounds):
        raise InputError(f"{source}: {name} must hold two dates for each {axis}.")
    own = dataset[axis]
    climatology = own.attrs.get("climatology", own.encoding.get("climatology")) == name
    longest = 0.0 if climatology else longest_interval(bounds)
    if longest > _LONGEST_MONTH:
        raise InputError(
            f"{source}: {name} hold an interval of {longest:g} days, which is no month. Give "
            "monthly means."
        )
    months = months_by_bounds(bounds, climatology=climatology)
    told = ~np.isnan(months)
    contrary = told & (months != labels)
    if contrary.any():
        _LOG.warning(
            "%s: %d of %d dates of %s are not in the month that %s give; the months are those of "
            "the bounds.", source, int(contrary.sum()), contrary.size, axis, name,
        )  # fmt: skip
    return np.where(told, months, labels)


def listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
