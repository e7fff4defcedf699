"""Checks of single numbers that the user gives."""

from __future__ import annotations

import math

import numpy as np

from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES


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


def check_cos_zenith(value: float) -> None:
    """Raise InputError unless `value` is the cosine of a zenith angle of the risen sun."""
    if not 0.0 < _number(value) <= 1.0:
        raise InputError(
            f"cos_zenith={value!r} is not allowed; give a number above 0 and at most 1 (below the "
            "horizon the forcing is 0)."
        )


def check_count(name: str, value: float) -> None:
    """Raise InputError unless `value` is a whole number of at least 1."""
    if value < 1 or int(value) != value:
        raise InputError(f"{name}={value!r} is not allowed; give a whole number of at least 1.")


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
