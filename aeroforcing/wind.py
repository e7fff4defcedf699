"""The wind speed over open water among the inputs of a map, where the law of its albedo needs it.

It is known by its CF standard name, or by the names of CMIP and ERA5. A wind on levels is another
one, and of several that have the standard name none is preferred.
"""

from __future__ import annotations

import xarray as xr

from aeroforcing.core.canonical import converted
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES
from aeroforcing.model_state import vertical_of

WIND = "wind_speed"
_NAMES = (WIND, "sfcwind", "si10")


def wind_names(dataset: xr.Dataset, *, source: str) -> list[str]:
    """The name of the variable that is the wind speed, if there is one: one name or none.

    Raises
    ------
    InputError
        Several variables may be it.
    """
    found = wind_candidates(dataset)
    if len(found) > 1:
        raise InputError(
            f"{source}: variables {' and '.join(found)} both are {WIND} "
            f"({VARIABLES[WIND].long_name}). Keep one of them, or rename the other."
        )
    return found


def wind_candidates(dataset: xr.Dataset) -> list[str]:
    """The names of the variables that may be the wind speed; known names beat standard names."""
    flat = {str(n): array for n, array in dataset.data_vars.items() if vertical_of(array) is None}
    by_name = [name for name in flat if name.lower() in _NAMES]
    return by_name or [n for n, array in flat.items() if array.attrs.get("standard_name") == WIND]


def wind_field(array: xr.DataArray, *, source: str) -> xr.DataArray:
    """A variable of `wind_names` by its canonical name and in its units.

    Raises
    ------
    InputError
        Its units are unknown, or it does not hold numbers.
    """
    return converted(array, VARIABLES[WIND], source).rename(WIND).drop_attrs()


def with_wind(inputs: xr.Dataset, wind: xr.DataArray | float, *, origin: str) -> xr.Dataset:
    """The inputs with a wind speed.

    Parameters
    ----------
    inputs
        As `inputs.builtin_inputs`.
    wind
        On the grid, or at the points, of the inputs, or one for all [m s-1]. Missing values count
        where there is open water.
    origin
        Of it.
    """
    template = inputs["aod"].reset_coords(drop=True)
    field = xr.DataArray(wind).reset_coords(drop=True).broadcast_like(template)
    missing = int((field.isnull() & (inputs["open_water_fraction"] > 0.0)).sum())
    attrs = {"origin": origin, **({"missing_cells": missing} if missing else {})}
    ordered = field.transpose(*template.dims).astype(float).drop_attrs()
    return inputs.assign({WIND: ordered.assign_attrs(attrs)})
