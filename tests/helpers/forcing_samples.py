"""A forcing map that looks like one and is known in closed form, for tests of figures and pages."""

from __future__ import annotations

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import climatological_time
from aeroforcing.grids.grid import gaussian_grid

LEVELS = {"toa": -4.0, "atmosphere": 5.0, "surface": -9.0}
SKIES = {"": 0.5, "_cs": 1.0}
ERROR = 0.3


def sample_forcing(
    grid: str = "T21", *, months: tuple[int, ...] = tuple(range(1, 13))
) -> xr.Dataset:
    """Forcing of both skies with errors, AOD, SSA and asymmetry over (time, lat, lon).

    The pattern is broad at the equator, follows the sun through the year, and crosses zero
    over a "desert" near the prime meridian.
    """
    cells = gaussian_grid(grid)
    time = climatological_time(list(months))
    month = xr.DataArray(np.array(months), dims="time")
    pattern = _pattern(month, cells["lat"], cells["lon"])
    fields = {}
    for level, size in LEVELS.items():
        for sky, share in SKIES.items():
            field = size * share * pattern
            if level == "toa":
                field = field + 6.0 * _desert(cells["lat"], cells["lon"])
            fields[f"forcing_{level}{sky}"] = field
            fields[f"forcing_{level}{sky}_stderr"] = xr.full_like(field, ERROR)
    fields["aod"] = 0.02 + 0.2 * pattern
    fields["ssa"] = 0.95 - 0.1 * _desert(cells["lat"], cells["lon"]) + 0.0 * pattern
    fields["asymmetry"] = 0.7 + 0.0 * pattern
    ordered = {name: field.transpose("time", "lat", "lon") for name, field in fields.items()}
    attrs = {
        "inputs": "aod: of a test\nssa: of a test",
        "seed": 0,
        "photons": 64,
        "title": "A test",
    }
    return xr.merge(
        [xr.Dataset(ordered, attrs=attrs), time, cells.drop_vars("area")], combine_attrs="override"
    )


def _pattern(month: xr.DataArray, lat: xr.DataArray, lon: xr.DataArray) -> xr.DataArray:
    """Between 0 and 1; continuous across the date line."""
    sun = 15.0 * np.cos(2.0 * np.pi * (month - 7) / 12.0)
    waves = 1.0 + 0.5 * np.cos(np.radians(2.0 * lon))
    return waves / 1.5 * np.exp(-(((lat - sun) / 40.0) ** 2))


def _desert(lat: xr.DataArray, lon: xr.DataArray) -> xr.DataArray:
    east = (lon + 180.0) % 360.0 - 180.0
    return np.exp(-(((lat - 20.0) / 12.0) ** 2) - ((east - 10.0) / 20.0) ** 2)
