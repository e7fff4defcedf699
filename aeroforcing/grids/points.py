"""Points without a grid: recognised in a dataset, and the built-in inputs where they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES, stamp
from aeroforcing.grids.axes import coordinate_of
from aeroforcing.inputs import builtin_inputs
from aeroforcing.optics.mixtures import DEFAULT_OPTICS

_BUILTIN_GRID = "1x1"  # whose cells the points lie in


def points_of(dataset: xr.Dataset, *, source: str) -> xr.Dataset | None:
    """The points that a dataset is about.

    Parameters
    ----------
    dataset
        Points have latitude and longitude over one common dimension, whatever its name.
    source
        File or other origin, for the messages.

    Returns
    -------
    Dataset with the coordinates `lat` and `lon` (0 to 360) over `cell`; its attribute
    `dimensions` names that of the dataset. None if there are no points.

    Raises
    ------
    InputError
        A latitude or longitude is missing or out of range.
    """
    lat, lon = (coordinate_of(dataset, name) for name in ("lat", "lon"))
    if lat is None or lon is None or lat.dims != lon.dims or lat.ndim != 1:
        return None
    (dimension,) = lat.dims
    if lat.size == 0 or (dimension != "cell" and "cell" in dataset.dims) or dimension == "month":
        raise InputError(
            f"{source}: latitudes and longitudes are over {dimension}, of {lat.size} values, among "
            f"the dimensions {', '.join(map(str, dataset.dims))}. Give points a dimension of their "
            "own, and at least one of them."
        )
    _check(lat, "lat", source)
    _check(lon, "lon", source)
    degrees = lon.values.astype(float)
    places = {"lat": ("cell", lat.values.astype(float)), "lon": ("cell", degrees % 360.0)}
    return stamp(xr.Dataset(coords=places, attrs={"dimensions": lat.dims}))


def _check(values: xr.DataArray, name: str, source: str) -> None:
    if values.dtype.kind not in "iuf":
        raise InputError(f"{source}: the coordinate {name} does not hold numbers.")
    bad = ~np.isfinite(values.values) | VARIABLES[name].out_of_range(values.values)
    if bad.any():
        raise InputError(
            f"{source}: the coordinate {name} is out of range or missing in {bad.sum()} of "
            f"{bad.size} points, first at index {np.argmax(bad)} with the value "
            f"{values.values[bad][0]:g}; allowed is {VARIABLES[name].allowed} "
            f"[{VARIABLES[name].units}]."
        )


def builtin_at_points(
    points: xr.Dataset, *, months: Sequence[int], optics: str = DEFAULT_OPTICS
) -> xr.Dataset:
    """The built-in inputs of the cells of one degree that points lie in.

    Parameters
    ----------
    points
        From `points_of`.
    months
        Calendar months, 1 to 12, each once and in ascending order.
    optics
        Of the aerosol species.

    Returns
    -------
    As `inputs.builtin_inputs`, with `cell` in the place of (lat, lon). What is known by latitude
    stays over `lat`, the rows of one degree.
    """
    places = {
        "lat": xr.DataArray(row_of(points["lat"].values), dims="cell"),
        "lon": xr.DataArray(points["lon"].values.astype(int) % 360, dims="cell"),
    }
    monthly = [_selected(_by_degree(month, optics), places) for month in months]
    return xr.concat(
        monthly, "month", data_vars="minimal", coords="minimal", compat="override",
        join="override", combine_attrs="override",
    )  # fmt: skip


def _selected(builtin: xr.Dataset, places: dict[str, xr.DataArray]) -> xr.Dataset:
    at_points = {
        name: array.isel(places).drop_vars(["lat", "lon"]) if "lon" in array.dims else array
        for name, array in builtin.data_vars.items()
    }
    kept = builtin.drop_vars([*at_points, "lon", "lon_bnds", "lat_bnds"], errors="ignore")
    return kept.assign(at_points)


def row_of(lat: np.ndarray) -> np.ndarray:
    """The row of one degree, from the south, that each latitude lies in."""
    return np.clip(np.floor(lat + 90.0), 0, 179).astype(np.int64)


@lru_cache(maxsize=12)  # by month, 14 MB each, whatever months are asked for together
def _by_degree(month: int, optics: str) -> xr.Dataset:
    return builtin_inputs(_BUILTIN_GRID, months=[month], optics=optics)
