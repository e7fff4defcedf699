"""Edges of grid cells from the values of their axis; plain arrays in degrees.

Files seldom hold the bounds of their cells, and midway between the values is wrong where it matters
most: at the poles, and on Gaussian grids, whose rows are bounded by the sums of their weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.core.units import in_degrees
from aeroforcing.core.variables import VARIABLES, XarrayObject
from aeroforcing.grids.coordinates import is_horizontal

# Axes come rounded to a few digits; a deviation below this share of the spacing is rounding. The
# polar row of a Gaussian grid is 0.27 spacings away from that of a regular grid.
_ROUNDING = 0.02
_AWAY = 1e-3  # degrees, by which bounds may miss the value that they enclose
_GAP = 1.5  # spacings of an axis; what is wider is no cell
_BESSEL_ZERO = 2.4048  # of J0, see _is_gaussian


def gaussian_latitudes(nlat: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and their nlat + 1 edges [degrees], ascending."""
    sines, weights = np.polynomial.legendre.leggauss(nlat)
    south = np.cumsum(weights[: nlat // 2]) - 1  # edges of the southern rows; north by symmetry
    if nlat % 2 == 0:
        south[-1] = 0.0
    edges = np.concatenate([[-1], south, -south[::-1][1 - nlat % 2 :], [1]])
    return np.degrees(np.arcsin(sines)), np.degrees(np.arcsin(edges))


def pairs(edges: np.ndarray) -> np.ndarray:
    """Bounds [n, 2] of adjoining cells from their n + 1 edges."""
    return np.stack([edges[:-1], edges[1:]], axis=1)


def middles(edges: np.ndarray) -> np.ndarray:
    return (edges[:-1] + edges[1:]) / 2


def bounds_in_order(bounds_of: Callable[[np.ndarray], np.ndarray], axis: np.ndarray) -> np.ndarray:
    """Bounds [n, 2] of a monotonic axis in its own order, by a function for ascending axes."""
    if len(axis) < 2:
        raise InputError("An axis of a single value needs bounds (lat_bnds, lon_bnds).")
    if axis[0] < axis[-1]:
        return bounds_of(axis)
    return bounds_of(axis[::-1])[::-1, ::-1]


def enclosing_bounds(bounds: np.ndarray, axis: np.ndarray, *, name: str, source: str) -> np.ndarray:
    """Bounds [n, 2] as a file gives them, if each pair encloses its value of the axis [degrees].

    Cells end at the poles, and longitudes may be whole turns away from their value.

    Parameters
    ----------
    bounds, axis
        [n, 2] and [n], in any order.
    name
        "lat" or "lon".
    source
        File or other origin, for the message.

    Raises
    ------
    InputError
        A pair does not enclose its value, or encloses nothing.
    """
    values = bounds.clip(-90, 90) if name == "lat" else _turned_to(axis, bounds)
    low, high = values.min(axis=1), values.max(axis=1)
    around = _are_between(low, axis, high) & (low < high) & (high - low <= 360 + _AWAY)
    if not around.all():
        first = int(np.argmin(around))
        raise InputError(
            f"{source}: {name}_bnds do not enclose their {name} in {(~around).sum()} of "
            f"{axis.size} places, first at {name}={axis[first]:g} with "
            f"{bounds[first, 0]:g} to {bounds[first, 1]:g}. Correct them, or leave them out."
        )
    return values


def _turned_to(lon: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Longitude bounds, each of those that do not enclose their value by whole turns nearer to it.

    The cell around the prime meridian may be given as 359.5 to 0.5.
    """
    enclosing = _are_between(bounds.min(axis=1), lon, bounds.max(axis=1))
    nearer = bounds - 360 * np.rint((bounds - lon[:, np.newaxis]) / 360)
    return np.where(enclosing[:, np.newaxis], bounds, nearer)


def _are_between(low: np.ndarray, axis: np.ndarray, high: np.ndarray) -> np.ndarray:
    return (low <= axis + _AWAY) & (axis - _AWAY <= high)


def latitude_bounds(lat: np.ndarray) -> np.ndarray:
    """Bounds [n, 2] of ascending latitudes [degrees], see `latitude_edges`."""
    return pairs(latitude_edges(lat))


def longitude_bounds(lon: np.ndarray) -> np.ndarray:
    """Bounds [n, 2] of ascending longitudes [degrees], see `longitude_edges`.

    A region that holds the prime meridian has its gap between two of its values, if they run from 0
    to 360: its cells end there as they do elsewhere.
    """
    gaps = np.diff(lon)
    west = int(np.argmax(gaps)) + 1  # cells on the other side of the gap
    if gaps[west - 1] <= max(_GAP * np.median(gaps), lon[0] + 360 - lon[-1]):
        return pairs(longitude_edges(lon))
    bounds = pairs(_midway_edges(np.append(lon[west:] - 360, lon[:west])))
    return np.concatenate([bounds[-west:], bounds[:-west] + 360])


def latitude_edges(lat: np.ndarray) -> np.ndarray:
    """Edges of ascending latitudes [degrees].

    Rows of a Gaussian grid are bounded by their weights. Evenly spaced rows reach the pole where at
    most one row fits between them and the pole; the first and the last may be polar caps.
    """
    if _is_gaussian(lat):
        return gaussian_latitudes(len(lat))[1]
    edges = _midway_edges(lat)
    step = float(np.median(np.diff(lat)))
    if _is_even(lat[1:-1], step):
        edges[0], edges[1] = _end_row(lat[0], lat[1], step)
        edges[-1], edges[-2] = -np.array(_end_row(-lat[-1], -lat[-2], step))
    return np.clip(edges, -90, 90)


def _is_gaussian(lat: np.ndarray) -> bool:
    """Whether latitudes are those of a Gaussian grid, as far as their rounding lets see.

    The first row is compared before all are computed; it lies the first zero of the Bessel function
    J0 over n + 1/2 away from the pole (Abramowitz and Stegun 1964, 22.16.6).
    """
    tolerance = _ROUNDING * 180 / len(lat)
    if abs(90 + lat[0] - np.degrees(_BESSEL_ZERO / (len(lat) + 0.5))) > 2 * tolerance:
        return False
    return bool(np.abs(lat - gaussian_latitudes(len(lat))[0]).max() < tolerance)


def _end_row(lat: float, inner: float, step: float) -> tuple[float, float]:
    """Outer and inner edge of the southernmost of evenly spaced rows, `inner` being the next.

    A row nearer to the next than one step is a polar cap (at -90, or at -89 for steps of 4).
    """
    inner_edge = inner - step / 2 if inner - lat < step else (lat + inner) / 2
    reaches_pole = inner_edge + 90 <= step * (1 + _ROUNDING)
    return (-90.0 if reaches_pole else lat - step / 2), inner_edge


def longitude_edges(lon: np.ndarray) -> np.ndarray:
    """Edges of ascending longitudes [degrees]; together 360 degrees if they close."""
    step = float(np.median(np.diff(lon)))
    if _is_even(lon, step) and abs(len(lon) * step - 360) < step / 2:
        return lon.mean() + np.linspace(-180, 180, len(lon) + 1)
    edges = _midway_edges(lon)
    if 0 < lon[0] + 360 - lon[-1] <= 1.5 * np.diff(lon).max():
        edges[0] = (lon[0] + lon[-1] - 360) / 2
        edges[-1] = edges[0] + 360
    return edges


def _midway_edges(axis: np.ndarray) -> np.ndarray:
    """Edges midway between values; the outer ones as far from the value as the inner ones."""
    inner = middles(axis)
    return np.concatenate([[2 * axis[0] - inner[0]], inner, [2 * axis[-1] - inner[-1]]])


def _is_even(axis: np.ndarray, step: float) -> bool:
    return bool(np.all(np.abs(np.diff(axis) - step) <= _ROUNDING * step))


def standard_axes(dataset: XarrayObject, *, source: str = "the field") -> XarrayObject:
    """Bring the horizontal axes to `lat` ascending and `lon` ascending within 0 to 360.

    The axes are recognised as `coordinates` tells, by units, standard_name, axis or name. They
    become the last two dimensions. Bounds of the axes move along.

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
    degrees = in_degrees(dataset) if isinstance(dataset, xr.Dataset) else dataset
    renamed = _rename_axis(_rename_axis(degrees, "lat", source), "lon", source)
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
    found = [str(d) for d in dataset.dims if is_horizontal(str(d), dataset.coords.get(d), name)]
    along = {
        str(c.dims[0]): str(own)
        for own, c in dataset.coords.items()
        if c.ndim == 1 and own not in dataset.dims and is_horizontal(str(own), c, name)
    }
    if not found and len(along) == 1 and not set(along) & set(dataset.coords):
        ((dim, own),) = along.items()
        dataset, found = dataset.swap_dims({dim: own}), [own]
    if len(found) != 1:
        raise _no_axis(dataset, name, found, source)
    names = {found[0]: name}
    bounds = dataset[found[0]].attrs.get("bounds", "")
    if isinstance(dataset, xr.Dataset) and isinstance(bounds, str) and bounds in dataset.variables:
        names[bounds] = f"{name}_bnds"
    changed = {old: new for old, new in names.items() if old != new}
    there = dataset.variables if isinstance(dataset, xr.Dataset) else dataset.coords
    for old, new in changed.items():
        if new in there or new in dataset.dims:
            raise InputError(f"{source}: both {old} and {new} are there. Drop or rename one.")
    return dataset.rename(changed)


def _no_axis(
    dataset: xr.DataArray | xr.Dataset, name: str, found: Sequence[str], source: str
) -> InputError:
    """The error for a dataset that has no axis of a name, or several."""
    for own, coordinate in dataset.coords.items():
        if coordinate.ndim > 1 and is_horizontal(str(own), coordinate, name):
            return InputError(
                f"{source}: the {VARIABLES[name].long_name} {own} is over "
                f"({', '.join(map(str, coordinate.dims))}): the grid is curvilinear. Bring it to a "
                "regular grid first, for instance by cdo remapcon,r360x180 in.nc out.nc."
            )
    return InputError(
        f"{source}: {'no' if not found else 'more than one'} {VARIABLES[name].long_name} axis "
        f"among the dimensions ({', '.join(map(str, dataset.dims))}); expected one dimension "
        f"{name!r} with a coordinate of the same name [{VARIABLES[name].units}]."
    )


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
    bounds = shifted.get("lon_bnds") if isinstance(shifted, xr.Dataset) else None
    if bounds is not None and bounds.ndim == 2 and bounds.dims[0] == "lon":
        by_cell = 360 * turns.values[:, np.newaxis]
        turned = bounds.copy(data=bounds.values.astype(float) + by_cell)
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
