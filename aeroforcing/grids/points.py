"""Points without a grid: recognised in a dataset, and the built-in inputs where they are."""

from __future__ import annotations

import numpy as np
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES, stamp
from aeroforcing.grids.coordinates import coordinate_of


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
