"""Gaussian and regular latitude-longitude grids: axes, cell bounds and areas, means, distances.

A grid is a Dataset with the axes `lat` [degrees_north] and `lon` [degrees_east], the bounds
`lat_bnds` and `lon_bnds` of the cells and their `area` [m2]. Areas are exact on the sphere: the
difference of the sines of the latitude bounds, times the width in longitude. The rows of a Gaussian
grid are bounded so that this difference is the Gaussian weight of the row.
"""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from aeroforcing.core.constants import EARTH_RADIUS
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.grids.axes import (
    bounds_in_order,
    enclosing_bounds,
    gaussian_latitudes,
    latitude_bounds,
    longitude_bounds,
    middles,
    pairs,
)

# Latitudes of the quadratic Gaussian grid of each triangular truncation N: the smallest even number
# above (3 N + 1) / 2 that suits a fast Fourier transform.
_TRUNCATION_LATITUDES = {
    21: 32, 31: 48, 42: 64, 63: 96, 85: 128, 106: 160, 127: 192, 159: 240, 170: 256, 213: 320,
    255: 384, 319: 480, 341: 512, 511: 768,
}  # fmt: skip
_MOST_LATITUDES = 2560  # of a Gaussian grid that is asked for by its name
_LEAST_STEP = 0.05  # degrees, of a regular grid that is asked for by its name


@suggest_keywords
def gaussian_grid(name: str = "T42") -> xr.Dataset:
    """Grid of a name.

    Parameters
    ----------
    name
        "T42" and the like: quadratic Gaussian grid of the triangular truncation, 128 x 64 for T42;
        "F32": Gaussian grid with 32 latitudes between pole and equator;
        "2x2.5": regular grid of cells of 2 degrees latitude by 2.5 degrees longitude.

    Returns
    -------
    Dataset over `lat` (ascending) and `lon` (from 0; from half a cell on regular grids) with
    `lat_bnds`, `lon_bnds` and `area` [m2], which sums to that of the sphere.

    Raises
    ------
    InputError
        The name is none of these, or the cells do not divide the sphere.
    """
    gaussian = re.fullmatch(r"([TF])(\d{1,9})", name.strip().upper())
    if gaussian:
        return _gaussian(_number_of_latitudes(gaussian[1], int(gaussian[2])))
    regular = re.fullmatch(r"(\d*\.?\d+)[xX](\d*\.?\d+)", name.strip())
    if regular:
        return _regular(float(regular[1]), float(regular[2]))
    raise _unknown_grid(name)


def _unknown_grid(name: str, *, nearest: str = "") -> InputError:
    meant = f"did you mean {nearest!r}? Known" if nearest else "known"
    known = ", ".join(f"T{truncation}" for truncation in _TRUNCATION_LATITUDES)
    return InputError(
        f"There is no grid {name!r}; {meant} are {known}, Gaussian grids by the number of "
        "latitudes in a hemisphere (F32), and regular grids by their degrees (1x1, 2x2.5)."
    )


def _number_of_latitudes(kind: str, number: int) -> int:
    """Rows of the Gaussian grid of a truncation ("T") or of a number to the hemisphere ("F")."""
    if kind == "F" and 0 < number <= _MOST_LATITUDES // 2:
        return 2 * number
    if kind == "T" and number in _TRUNCATION_LATITUDES:
        return _TRUNCATION_LATITUDES[number]
    nearest = min(_TRUNCATION_LATITUDES, key=lambda truncation: abs(truncation - number))
    raise _unknown_grid(f"{kind}{number}", nearest=f"T{nearest}" if kind == "T" else "")


def _gaussian(nlat: int) -> xr.Dataset:
    lat, lat_edges = gaussian_latitudes(nlat)
    nlon = 2 * nlat
    lon = np.arange(nlon) * (360 / nlon)
    lon_edges = (np.arange(nlon + 1) - 0.5) * (360 / nlon)
    return _grid(lat, lon, pairs(lat_edges), pairs(lon_edges))


def _regular(lat_step: float, lon_step: float) -> xr.Dataset:
    if min(lat_step, lon_step) < _LEAST_STEP:
        raise InputError(
            f"Cells of {min(lat_step, lon_step):g} degrees are too small; give {_LEAST_STEP:g} "
            "degrees at least."
        )
    nlat, nlon = (_divide(180, lat_step), _divide(360, lon_step))
    lat_edges = np.linspace(-90, 90, nlat + 1)
    lon_edges = np.linspace(0, 360, nlon + 1)
    lat, lon = middles(lat_edges), middles(lon_edges)
    return _grid(lat, lon, pairs(lat_edges), pairs(lon_edges))


def _divide(degrees: int, step: float) -> int:
    cells = round(degrees / step)
    if cells < 1 or abs(cells * step - degrees) > 1e-3 * step:
        raise InputError(f"Cells of {step:g} degrees do not divide {degrees} degrees.")
    return cells


def _grid(
    lat: np.ndarray, lon: np.ndarray, lat_bnds: np.ndarray, lon_bnds: np.ndarray
) -> xr.Dataset:
    area = _cell_areas(lat_bnds, lon_bnds)
    return stamp(
        xr.Dataset(
            {
                "lat_bnds": (("lat", "bnds"), lat_bnds),
                "lon_bnds": (("lon", "bnds"), lon_bnds),
                "area": (("lat", "lon"), area),
            },
            {"lat": lat, "lon": lon},
        )
    )


def _cell_areas(lat_bnds: np.ndarray, lon_bnds: np.ndarray) -> np.ndarray:
    """Areas [lat, lon] of the cells on the sphere [m2]."""
    heights = np.abs(np.diff(np.sin(np.radians(lat_bnds)), axis=1))
    widths = np.abs(np.diff(np.radians(lon_bnds), axis=1))
    return EARTH_RADIUS**2 * heights * widths[:, 0]


@suggest_keywords
def grid_of(field: xr.DataArray | xr.Dataset, *, source: str = "the field") -> xr.Dataset:
    """Grid of the axes `lat` and `lon` of a field, in their own order.

    Bounds that the field brings along are used. Otherwise Gaussian latitudes get the bounds of
    their weights, and other axes get bounds midway between the values; evenly spaced rows reach the
    poles where at most one row fits between them and the pole, which covers regular grids with and
    without rows at the poles, and evenly spaced meridians close around the globe.

    Parameters
    ----------
    field
        With one-dimensional coordinates `lat` and `lon`, strictly monotonic, at least two values
        each unless bounds are given.
    source
        File or other origin, for the messages.

    Returns
    -------
    Dataset as that of `gaussian_grid`.

    Raises
    ------
    InputError
        The axes are absent, not one-dimensional, not strictly monotonic, or too short; or bounds
        are missing, do not enclose their values, or enclose nothing.
    """
    lat, lon = _axis(field, "lat", source), _axis(field, "lon", source)
    lat_bnds = _given_bounds(field, "lat", lat, source)
    lon_bnds = _given_bounds(field, "lon", lon, source)
    for name, axis, bounds in (("lat", lat, lat_bnds), ("lon", lon, lon_bnds)):
        if bounds is None and axis.size < 2:
            raise InputError(
                f"{source}: the axis {name} has a single value, whose cell is not known. Give it "
                f"bounds, as {name}_bnds."
            )
    if lat_bnds is None:
        lat_bnds = bounds_in_order(latitude_bounds, lat)
    if lon_bnds is None:
        lon_bnds = bounds_in_order(longitude_bounds, lon)
    return _grid(lat, lon, lat_bnds, lon_bnds)


def _axis(field: xr.DataArray | xr.Dataset, name: str, source: str) -> np.ndarray:
    """Values of an axis [degrees], checked."""
    if name not in field.coords or field[name].dims != (name,):
        raise InputError(f"{source}: no one-dimensional coordinate {name} along its own axis.")
    values = np.asarray(field[name].values, dtype=float)
    steps = np.diff(values)
    if not (np.isfinite(values).all() and (np.all(steps > 0) or np.all(steps < 0))):
        raise InputError(f"{source}: the coordinate {name} is not strictly monotonic.")
    return values


def _given_bounds(
    field: xr.DataArray | xr.Dataset, name: str, axis: np.ndarray, source: str
) -> np.ndarray | None:
    """The bounds that a field brings along, each pair around its value; None where it has none."""
    bounds = f"{name}_bnds"
    if bounds not in (field.variables if isinstance(field, xr.Dataset) else field.coords):
        return None
    if field[bounds].shape != (axis.size, 2) or field[bounds].dtype.kind not in "iuf":
        raise InputError(f"{source}: {bounds} must hold two numbers for each {name}.")
    return enclosing_bounds(field[bounds].values.astype(float), axis, name=name, source=source)
