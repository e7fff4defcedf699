"""Gaussian and regular latitude-longitude grids: axes, cell bounds and areas, means, distances.

A grid is a Dataset with the axes `lat` [degrees_north] and `lon` [degrees_east], the bounds
`lat_bnds` and `lon_bnds` of the cells and their `area` [m2]. Areas are exact on the sphere: the
difference of the sines of the latitude bounds, times the width in longitude. The rows of a Gaussian
grid are bounded so that this difference is the Gaussian weight of the row.
"""

from __future__ import annotations

import re
import textwrap

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from aeroforcing.axes import (
    bounds_in_order,
    enclosing_bounds,
    gaussian_latitudes,
    latitude_bounds,
    longitude_bounds,
    middles,
    pairs,
)
from aeroforcing.core.calendar import holds_dates, months_of
from aeroforcing.core.constants import DAYS_PER_MONTH, EARTH_RADIUS
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import STDERR_SUFFIX, VARIABLES, XarrayObject, stamp

# Latitudes of the quadratic Gaussian grid of each triangular truncation N: the smallest even number
# above (3 N + 1) / 2 that suits a fast Fourier transform.
_TRUNCATION_LATITUDES = {
    21: 32, 31: 48, 42: 64, 63: 96, 85: 128, 106: 160, 127: 192, 159: 240, 170: 256, 213: 320,
    255: 384, 319: 480, 341: 512, 511: 768,
}  # fmt: skip
_MOST_LATITUDES = 2560  # of a Gaussian grid that is asked for by its name
_LEAST_STEP = 0.05  # degrees, of a regular grid that is asked for by its name


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


def _unknown_grid(name: str) -> InputError:
    known = ", ".join(f"T{truncation}" for truncation in _TRUNCATION_LATITUDES)
    return InputError(
        f"There is no grid {name!r}; known are {known}, Gaussian grids by the number of latitudes "
        "in a hemisphere (F32), and regular grids by their degrees (1x1, 2x2.5)."
    )


def _number_of_latitudes(kind: str, number: int) -> int:
    """Rows of the Gaussian grid of a truncation ("T") or of a number to the hemisphere ("F")."""
    if kind == "F" and 0 < number <= _MOST_LATITUDES // 2:
        return 2 * number
    if kind == "T" and number in _TRUNCATION_LATITUDES:
        return _TRUNCATION_LATITUDES[number]
    raise _unknown_grid(f"{kind}{number}")


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


def standard_axes(dataset: XarrayObject, *, source: str = "the field") -> XarrayObject:
    """Bring the horizontal axes to `lat` ascending and `lon` ascending within 0 to 360.

    The axes are recognised by name (lat, latitude, ... in any case) or standard_name. They become
    the last two dimensions. Bounds of the axes move along.

    Parameters
    ----------
    dataset
        On any latitude-longitude grid with one-dimensional axes.
    source
        File or other origin, for the messages.

    Returns
    -------
    The same type; values are only re-ordered.

    Raises
    ------
    InputError
        An axis is absent, two-dimensional, out of range, or holds NaN or duplicates.
    """
    renamed = _rename_axis(_rename_axis(dataset, "lat", source), "lon", source)
    for name in ("lat", "lon"):
        _check_axis(renamed, name, source)
    eastward = _longitudes_eastward(renamed)
    sorted_ = eastward.sortby(["lat", "lon"])
    _check_duplicates(sorted_, source)
    return _axes_last(sorted_)


def _axes_last(dataset: XarrayObject) -> XarrayObject:
    if isinstance(dataset, xr.DataArray):
        return dataset.transpose(..., "lat", "lon")
    fields = {name: array for name, array in dataset.data_vars.items() if _is_field(array)}
    return dataset.assign({name: _axes_last(array) for name, array in fields.items()})


def _is_field(array: xr.DataArray) -> bool:
    return {"lat", "lon"} <= set(array.dims)


def _rename_axis(dataset: XarrayObject, name: str, source: str) -> XarrayObject:
    """Rename the axis and its bounds to the canonical name."""
    found = [str(dim) for dim in dataset.dims if _is_axis(dataset, str(dim), name)]
    if len(found) != 1:
        raise InputError(
            f"{source}: {'no' if not found else 'more than one'} {VARIABLES[name].long_name} axis "
            f"among the dimensions ({', '.join(map(str, dataset.dims))}); expected one dimension "
            f"{name!r} with a coordinate of the same name [{VARIABLES[name].units}]."
        )
    names = {found[0]: name}
    bounds = str(dataset[found[0]].attrs.get("bounds", ""))
    if isinstance(dataset, xr.Dataset) and bounds in dataset.variables:
        names[bounds] = f"{name}_bnds"
    changed = {old: new for old, new in names.items() if old != new}
    there = dataset.variables if isinstance(dataset, xr.Dataset) else dataset.coords
    for old, new in changed.items():
        if new in there or new in dataset.dims:
            raise InputError(f"{source}: both {old} and {new} are there. Drop or rename one.")
    return dataset.rename(changed)


def _is_axis(dataset: xr.DataArray | xr.Dataset, dim: str, name: str) -> bool:
    variable = VARIABLES[name]
    attributes = dataset[dim].attrs if dim in dataset.coords else {}
    by_name = dim.lower() in (name, *variable.aliases)
    return by_name or attributes.get("standard_name") == variable.standard_name


def _check_axis(dataset: xr.DataArray | xr.Dataset, name: str, source: str) -> None:
    if name not in dataset.coords:
        raise InputError(f"{source}: the dimension {name} has no coordinate values.")
    if dataset[name].size == 0:
        raise InputError(f"{source}: the axis {name} is empty. Give at least one {name}.")
    if dataset[name].dtype.kind not in "iuf":
        raise InputError(f"{source}: the coordinate {name} does not hold numbers.")
    values = dataset[name].values
    bad = ~np.isfinite(values) | VARIABLES[name].out_of_range(values)
    if bad.any():
        raise InputError(
            f"{source}: the coordinate {name} is out of range or missing in {bad.sum()} of "
            f"{bad.size} places, first at index {np.argmax(bad)} with the value "
            f"{values[bad][0]:g}; allowed is {VARIABLES[name].allowed} [{VARIABLES[name].units}]."
        )


def _longitudes_eastward(dataset: XarrayObject) -> XarrayObject:
    """Longitudes and their bounds shifted by whole turns into 0 to 360."""
    lon = dataset["lon"].astype(float)
    turns = -(lon // 360)
    shifted = dataset.assign_coords(lon=lon.copy(data=(lon + 360 * turns).values))
    if isinstance(shifted, xr.Dataset) and "lon_bnds" in shifted.variables:
        bounds = shifted["lon_bnds"].astype(float)
        turned = bounds.copy(data=bounds.values + 360 * turns.values[:, np.newaxis])
        return shifted.assign({"lon_bnds": turned})
    return shifted


def _check_duplicates(dataset: xr.DataArray | xr.Dataset, source: str) -> None:
    for name in ("lat", "lon"):
        values = dataset[name].values
        same = np.flatnonzero(np.diff(values) == 0)
        if same.size:
            raise InputError(
                f"{source}: the coordinate {name} holds {values[same[0]]:g} more than once "
                "(longitudes a whole turn apart are the same). Drop the repeated column or row."
            )


def global_mean(x: XarrayObject) -> XarrayObject:
    """Area-weighted mean over `lat` and `lon`, of the cells that are not missing.

    Standard errors, the variables named `<name>_stderr`, are combined as those of independent
    cells: sqrt(sum w^2 se^2) / sum w. Bounds of the axes are dropped.

    Parameters
    ----------
    x
        On any grid that `grid_of` knows. Variables without `lat` and `lon` are kept as they are.

    Returns
    -------
    The same type without `lat` and `lon`, with the attributes of the variables.
    """
    return _weighted_mean(x, xr.DataArray(grid_of(x)["area"].variable))


def annual_mean(x: XarrayObject) -> XarrayObject:
    """Mean over the months, weighted by their days in a 365-day year.

    Where some months only are present, it is the mean of these. Missing values are excluded and
    standard errors combined as in `global_mean`.

    Parameters
    ----------
    x
        Over a dimension `month` (1 to 12), or over `time` with a coordinate `month` or dates.

    Returns
    -------
    The same type without that dimension, with the attributes of the variables.

    Raises
    ------
    InputError
        There are no months, or not those of one year.
    """
    month = _months(x)
    days = np.array(DAYS_PER_MONTH, dtype=float)[month.values - 1]
    return _weighted_mean(x, xr.DataArray(days, dims=month.dims))


def _months(x: xr.DataArray | xr.Dataset) -> xr.DataArray:
    """Month numbers along the dimension that holds them."""
    if "month" in x.coords and x["month"].ndim == 1:
        month = x["month"]
    elif "time" in x.coords and x["time"].ndim == 1 and holds_dates(x["time"]):
        month = xr.DataArray(months_of(x["time"]), dims=x["time"].dims)
    else:
        raise InputError("An annual mean needs a coordinate month (1 to 12), or time with dates.")
    numbers = month.values
    if not np.isin(numbers, range(1, 13)).all() or np.unique(numbers).size < numbers.size:
        listed = textwrap.shorten(", ".join(map(str, numbers.tolist())), 100)
        raise InputError(f"An annual mean needs months of 1 to 12, each once, not {listed}.")
    return month.astype(int)


def _weighted_mean(x: XarrayObject, weights: xr.DataArray) -> XarrayObject:
    """Mean over those dimensions of the weights that each variable has."""
    if isinstance(x, xr.DataArray):
        return _mean_of(x, weights)
    kept = x.drop_vars(_bounds_of(x, weights.dims), errors="ignore").data_vars
    means = {name: _mean_of(array, weights) for name, array in kept.items()}
    return xr.Dataset(means, attrs=x.attrs)


def _bounds_of(x: xr.Dataset, dims: tuple) -> set[str]:
    """Names of the variables that bound the cells along some dimensions."""
    attributes = [x[dim].attrs for dim in dims if dim in x.coords]
    linked = {a[key] for a in attributes for key in ("bounds", "climatology") if key in a}
    return linked | {f"{dim}_bnds" for dim in dims}


def _mean_of(array: xr.DataArray, weights: xr.DataArray) -> xr.DataArray:
    """Weighted mean of a variable, or standard error of that mean."""
    own = [dim for dim in weights.dims if dim in array.dims]
    if not own:
        return array
    weight = weights.sum([dim for dim in weights.dims if dim not in own])
    total = weight.where(array.notnull()).sum(own)
    if str(array.name).endswith(STDERR_SUFFIX):
        mean = ((array * weight) ** 2).sum(own) ** 0.5 / total
    else:
        mean = (array * weight).sum(own) / total
    result = mean.where(total > 0).rename(array.name)
    result.attrs = dict(array.attrs)
    return result


def great_circle_distance(
    lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike
) -> np.ndarray:
    """Distance along the sphere between points, by the haversine formula.

    Parameters
    ----------
    lat1, lon1, lat2, lon2
        Latitudes and longitudes, broadcast against each other [degrees].

    Returns
    -------
    Distances [m], accurate for near and for antipodal points.
    """
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_dlon = np.radians(np.subtract(lon2, lon1)) / 2
    haversine = (
        np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_dlon) ** 2
    )
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(haversine, 0, 1)))


def unit_vectors(lat: ArrayLike, lon: ArrayLike) -> np.ndarray:
    """Cartesian unit vectors [..., 3] of points given by latitude and longitude [degrees]."""
    phi, lam = np.broadcast_arrays(np.radians(lat), np.radians(lon))
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)
