"""The built-in inputs, made once for each grid and months: most tests of inputs need the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, lru_cache, partial

import pytest
import xarray as xr

from aeroforcing.grids.grid import grid_of
from aeroforcing.inputs import by_chunk, resolve
from aeroforcing.inputs.builtin.fields import builtin_inputs, builtin_with
from aeroforcing.inputs.builtin.observed import DEFAULT_AEROSOL
from aeroforcing.optics.mixtures import DEFAULT_OPTICS

Numbers = tuple[float, ...]


def remember_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all that makes built-in inputs take them from here."""
    monkeypatch.setattr(resolve, "builtin_inputs", remembered_inputs)
    monkeypatch.setattr(by_chunk, "builtin_with", _remembered_with)


@cache
def _remembered_with(*choices: str) -> Callable[..., xr.Dataset]:
    """In place of `builtin_with`: the same function each time."""
    return partial(remembered_inputs, **builtin_with(*choices).keywords)


def remembered_inputs(
    grid: str | xr.Dataset = "T42",
    *,
    months: Iterable[int] = range(1, 13),
    optics: str = DEFAULT_OPTICS,
    aerosol: str = DEFAULT_AEROSOL,
) -> xr.Dataset:
    """What `builtin_inputs` gives, in place of it."""
    if isinstance(grid, str):
        return _of_name(grid, tuple(months), optics, aerosol).copy()
    axes = grid_of(grid)
    names = ("lat", "lon", "lat_bnds", "lon_bnds")
    lat, lon, *bounds = (tuple(axes[name].values.ravel().tolist()) for name in names)
    return _of_axes(lat, lon, *bounds, tuple(months), optics, aerosol).copy()


@lru_cache(maxsize=64)
def _of_name(grid: str, months: tuple[int, ...], optics: str, aerosol: str) -> xr.Dataset:
    return builtin_inputs(grid, months=months, optics=optics, aerosol=aerosol)


@lru_cache(maxsize=64)
def _of_axes(
    lat: Numbers,
    lon: Numbers,
    south_north: Numbers,
    west_east: Numbers,
    months: tuple[int, ...],
    optics: str,
    aerosol: str,
) -> xr.Dataset:
    bounds = {"lat_bnds": (("lat", "bnds"), _pairs(south_north))}
    bounds |= {"lon_bnds": (("lon", "bnds"), _pairs(west_east))}
    axes = xr.Dataset(bounds, {"lat": list(lat), "lon": list(lon)})
    return builtin_inputs(axes, months=months, optics=optics, aerosol=aerosol)


def _pairs(values: Numbers) -> list[Numbers]:
    return list(zip(values[::2], values[1::2], strict=True))
