"""Checks of values that users and files give, and how messages name the wrong ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from aeroforcing.core.arrays import Floats
from aeroforcing.core.calendar import holds_dates
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES

_KINDS = {"U": "text", "S": "text", "O": "text", "m": "periods", "c": "complex numbers"}


def check_number(owner: str, name: str, value: float) -> None:
    """Raise InputError unless `value` is a finite number in the range of the variable `name`."""
    variable = VARIABLES[name]
    number = _number(value)
    if not math.isfinite(number) or variable.out_of_range(np.array([number])).any():
        raise InputError(f"{owner}: {name}={value!r} is not allowed; give {variable.allowed}.")


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Raise InputError unless `value` is a number from `low` to `high`."""
    if not low <= _number(value) <= high:
        raise InputError(
            f"{name}={value!r} is not allowed; give a number from {low:g} to {high:g}."
        )


def check_positive(owner: str, name: str, value: float) -> None:
    """Raise InputError unless `value` is a finite length above 0."""
    if not 0.0 < _number(value) < math.inf:
        raise InputError(f"{owner}: {name}={value!r} m is not allowed; give a height above 0.")


def check_latitude(value: float) -> None:
    """Raise InputError unless `value` is a latitude [degrees north]."""
    check_between("latitude", value, -90.0, 90.0)


def check_cos_zenith(value: float) -> None:
    """Raise InputError unless `value` is the cosine of a zenith angle of the risen sun."""
    if not 0.0 < _number(value) <= 1.0:
        raise InputError(
            f"cos_zenith={value!r} is not allowed; give a number above 0 and at most 1 (below the "
            "horizon the forcing is 0)."
        )


def number_or_several(name: str, value: ArrayLike, check: Callable[[float], None]) -> Floats:
    """A number, or several along one axis, each of them checked, as an array.

    Raises
    ------
    InputError
        One is not allowed, or they have more than one dimension, or there is none.
    """
    array = np.asarray(value)
    if array.ndim > 1 or array.size == 0:
        raise InputError(
            f"{name} has the shape {array.shape}; give a number, or several along one axis."
        )
    if array.ndim == 0:
        check(value)  # type: ignore[arg-type]
    for member in array if array.ndim else ():
        check(member)
    return array.astype(float)


def check_count(name: str, value: float) -> None:
    """Raise InputError unless `value` is a whole number of at least 1."""
    if value < 1 or int(value) != value:
        raise InputError(f"{name}={value!r} is not allowed; give a whole number of at least 1.")


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


def _listed(months: object) -> list[int]:
    """The members of what should be several months; what has none is told as it is."""
    try:
        return list(months)  # type: ignore[call-overload]
    except TypeError:
        raise InputError(
            f"months={months!r} is not allowed; give a number from 1 to 12, or several."
        ) from None


def check_is(owner: str, name: str, value: object, kind: type | tuple[type, ...]) -> None:
    """Raise InputError unless `value` is of one of some classes."""
    if isinstance(value, kind):
        return
    kinds = kind if isinstance(kind, tuple) else (kind,)
    words = " or ".join(f"{'an' if k.__name__[0] in 'AEIOU' else 'a'} {k.__name__}" for k in kinds)
    raise InputError(f"{owner}: {name}={value!r} is a {type(value).__name__}; give {words}.")


def _number(value: object) -> float:
    """The value as a number; NaN, which no range holds, if it is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def check_numbers(array: xr.DataArray, name: str, *, source: str) -> None:
    """Raise InputError if a variable, by its name in the registry, holds texts, dates or the like.

    `source` is the file or other origin, for the message.
    """
    if array.dtype.kind not in "biuf":
        usual = _KINDS.get(array.dtype.kind, f"values of type {array.dtype}")
        found = "dates" if holds_dates(array) else usual
        raise InputError(
            f"{source}: variable {name} holds {found}; numbers are expected. Store them as numbers."
        )


def first_place(wrong: xr.DataArray) -> str:
    """The first true cell of a mask in words.

    By its coordinates, or by its position on an axis that has none.
    """
    if not wrong.dims:
        return "its only cell"
    index = np.unravel_index(np.argmax(wrong.values), wrong.shape)
    return ", ".join(
        f"{dim}={_label(wrong[dim].values[i])}" if dim in wrong.coords else f"{dim}[{i}]"
        for dim, i in zip(wrong.dims, index, strict=True)
    )


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, np.floating) else str(value)
