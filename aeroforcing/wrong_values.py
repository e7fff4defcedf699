"""How messages name wrong values, and the check that values are numbers at all."""

from __future__ import annotations

import numpy as np
import xarray as xr

from aeroforcing.dates import holds_dates
from aeroforcing.errors import InputError

_KINDS = {"U": "text", "S": "text", "O": "text", "m": "periods", "c": "complex numbers"}


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
