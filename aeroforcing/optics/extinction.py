"""Aerosol optical depth from profiles of the extinction coefficient (E2 of Chung 2012)."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from aeroforcing.core.arrays import Floats
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp

_VERTICAL_NAMES = ("lev", "level", "layer", "altitude", "height", "z")

# Factors to m-1 and m, from the spellings that files use, compared without spaces.
_PER_METRE = {"m-1": 1.0, "1/m": 1.0, "m^-1": 1.0, "m**-1": 1.0, "": 1.0} | dict.fromkeys(
    ("km-1", "1/km", "km^-1", "km**-1"), 1e-3
) | dict.fromkeys(("Mm-1", "1/Mm", "Mm^-1", "Mm**-1"), 1e-6)  # fmt: skip
_METRES = {"m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0, "": 1.0} | (
    dict.fromkeys(("km", "kilometer", "kilometers"), 1e3)
)


@suggest_keywords
def aod_from_extinction(
    extinction: xr.DataArray | ArrayLike, *, altitude: xr.DataArray | ArrayLike | str
) -> xr.DataArray | float:
    """Optical depth as the integral of the extinction coefficient over altitude.

    tau = int k dz, E2 of Chung (2012), doi:10.5772/50248. With as many altitudes as coefficients,
    extinction is linear between them and nothing is added above the highest and below the lowest;
    with one altitude more, they are the bounds of layers of constant extinction.

    Parameters
    ----------
    extinction
        Coefficients along the vertical [m-1]: a one-dimensional array, or a DataArray of any shape
        that shares one dimension with `altitude` (or all of its dimensions, for altitudes that
        differ from column to column). A DataArray may have units km-1 or Mm-1.
    altitude
        Altitudes [m], rising or falling; a DataArray may have units km. Of a DataArray of
        coefficients also the name of a coordinate.

    Returns
    -------
    The optical depth [1]: a number, or a DataArray `aod` without the vertical dimension. A missing
    coefficient makes its column missing.

    Raises
    ------
    InputError
        The arrays do not fit each other, altitudes are not in order or not finite, a coefficient
        is negative or infinite, or units are unknown.
    """
    if isinstance(extinction, xr.DataArray):
        return _of_field(extinction, altitude)
    coefficients, heights = (np.asarray(a, dtype=float) for a in (extinction, altitude))
    if coefficients.ndim != 1 or heights.ndim != 1:
        raise InputError(
            f"aod_from_extinction: the arrays have the shapes {coefficients.shape} and "
            f"{heights.shape}; give one dimension each, or DataArrays."
        )
    return float(_integral(coefficients, heights))


def _of_field(extinction: xr.DataArray, altitude: xr.DataArray | ArrayLike | str) -> xr.DataArray:
    heights = _altitude_of(extinction, altitude)
    vertical = _vertical_dimension(extinction, heights)
    own = [dim for dim in heights.dims if dim == vertical or dim not in extinction.dims]
    if len(own) != 1:
        raise InputError(
            f"aod_from_extinction: altitude over ({', '.join(map(str, heights.dims))}) does not "
            f"have the vertical dimension {vertical} of the extinction."
        )
    aod = xr.apply_ufunc(
        _integral,
        _in_units(extinction, _PER_METRE, "extinction", "m-1"),
        _in_units(heights, _METRES, "altitude", "m").rename({own[0]: "altitude of extinction"}),
        input_core_dims=[[vertical], ["altitude of extinction"]],
        dask="parallelized",
        output_dtypes=[float],
    )
    return stamp(aod.rename("aod"))


def _altitude_of(
    extinction: xr.DataArray, altitude: xr.DataArray | ArrayLike | str
) -> xr.DataArray:
    """The altitudes as a DataArray; those of a plain array have a dimension of their own."""
    if isinstance(altitude, xr.DataArray):
        return altitude.reset_coords(drop=True)
    if not isinstance(altitude, str):
        return xr.DataArray(np.asarray(altitude, dtype=float), dims=["altitudes"])
    if altitude not in extinction.coords:
        raise InputError(
            f"aod_from_extinction: there is no coordinate {altitude!r}; the extinction has "
            f"{', '.join(map(str, extinction.coords)) or 'none'}."
        )
    return extinction[altitude].reset_coords(drop=True)


def _vertical_dimension(extinction: xr.DataArray, heights: xr.DataArray) -> Hashable:
    """The dimension of one-dimensional altitudes, or the one that is named as a vertical one."""
    if heights.ndim == 1:
        if heights.dims[0] in extinction.dims:
            return heights.dims[0]
        candidates = [d for d, n in extinction.sizes.items() if heights.size in (n, n + 1)]
    else:
        candidates = [d for d in extinction.dims if str(d).lower() in _VERTICAL_NAMES]
    if len(candidates) == 1:
        return candidates[0]
    raise InputError(
        "aod_from_extinction: the vertical dimension among "
        f"({', '.join(map(str, extinction.dims))}) cannot be told; give altitude as a DataArray "
        f"over it, or name it {', '.join(_VERTICAL_NAMES)}."
    )


def _in_units(
    array: xr.DataArray, factors: dict[str, float], name: str, wanted: str
) -> xr.DataArray:
    units = str(array.attrs.get("units", "")).replace(" ", "")
    if units not in factors:
        raise InputError(
            f"aod_from_extinction: {name} has units {units!r}; expected {wanted!r}. Convert the "
            "values or correct the attribute."
        )
    return array.astype(float) * factors[units]


def _check_coefficients(values: Floats) -> None:
    bad = (values < 0.0) | np.isinf(values)
    if bad.any():
        first = np.unravel_index(int(np.argmax(bad)), bad.shape)
        raise InputError(
            f"aod_from_extinction: {int(bad.sum())} of {bad.size} extinction coefficients are "
            f"negative or infinite, the first is {values[first]:g} at "
            f"{tuple(int(i) for i in first)}; set noise to 0 and what is missing to NaN."
        )


def _integral(extinction: Floats, altitude: Floats) -> Floats:
    """Integral over the last axis, of points (trapezoids) or of layers between bounds."""
    _check_coefficients(extinction)
    n, m = extinction.shape[-1], altitude.shape[-1]
    if m not in (n, n + 1) or m < 2:
        raise InputError(
            f"aod_from_extinction: {n} extinction coefficients need {n} altitudes (points) or "
            f"{n + 1} (bounds of layers), not {m}."
        )
    steps = np.diff(altitude, axis=-1)
    if not np.isfinite(altitude).all() or not ((steps > 0).all() or (steps < 0).all()):
        raise InputError("aod_from_extinction: altitude must be finite, and rise or fall.")
    middle = extinction if m == n + 1 else 0.5 * (extinction[..., 1:] + extinction[..., :-1])
    return (middle * np.abs(steps)).sum(axis=-1)
