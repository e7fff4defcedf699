"""A forcing with its derivatives in closed form, for tests of what uses kernels.

The forcing saturates with the AOD, is linear in the SSA and the cloud fraction, and bends with the
albedo of the surface; clear sky differs from all-sky. Derivatives are central differences of the
formula itself, exact to nine digits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import climatological_time
from aeroforcing.core.kernel_names import FORCINGS, is_unrelated, kernel_name
from aeroforcing.core.variables import stamp
from aeroforcing.grids.grid import gaussian_grid

QUANTITIES = ("log_aod", "ssa", "asymmetry", "angstrom", "surface_albedo", "cloud_stratus")
SQUARED = ("log_aod", "ssa")
STDERR = 0.01  # of forcings and kernels [W m-2]
_STEP = 1e-4


def toy_inputs(grid: str = "20x30", months: tuple[int, ...] = tuple(range(1, 13))) -> xr.Dataset:
    """Inputs over (time, lat, lon) that vary smoothly over the globe and the year."""
    cells, time = gaussian_grid(grid), climatological_time(list(months))
    lat, lon = np.radians(cells["lat"]), np.radians(cells["lon"])
    season = np.cos(2.0 * np.pi * (xr.DataArray(np.array(months), dims="time") - 7) / 12.0)
    wave = np.cos(lat) * (1.0 + 0.4 * np.cos(2.0 * lon)) + 0.0 * season
    fields = {
        "aod": 0.05 + 0.15 * wave * (1.0 + 0.3 * season * np.sin(lat)),
        "ssa": 0.93 - 0.03 * wave,
        "asymmetry": 0.68 + 0.03 * wave,
        "angstrom": 1.0 + 0.4 * wave,
        "surface_albedo": 0.1 + 0.3 * np.sin(lat) ** 2 + 0.0 * wave,
        "cloud_stratus": 0.3 + 0.1 * wave,
    }
    bare = {name: field.drop_attrs(deep=False) for name, field in fields.items()}
    ordered = {name: field.transpose("time", "lat", "lon") for name, field in bare.items()}
    parts = [xr.Dataset(ordered), time, cells.drop_vars("area")]
    return xr.merge(parts, combine_attrs="override")


def toy_forcing(inputs: xr.Dataset, name: str) -> xr.DataArray:
    """The forcing of that name [W m-2]."""
    clear = name.endswith("_cs")
    depth = inputs["aod"] * np.exp(0.1 * (inputs["angstrom"] - 1.0))
    caught = 1.0 - np.exp(-depth)
    sun = np.cos(np.radians(inputs["lat"])) + 0.1
    bright = inputs["surface_albedo"] + (0.0 if clear else 0.5 * inputs["cloud_stratus"])
    back = 0.3 * (1.0 - inputs["asymmetry"])
    absorbed = (1.0 - inputs["ssa"]) * (0.5 + 0.5 * bright)
    top = (
        340.0 * sun * caught * (absorbed * bright * 2.0 - inputs["ssa"] * back * (1 - bright) ** 2)
    )
    middle = 340.0 * sun * caught * absorbed
    level = name.removesuffix("_cs").removeprefix("forcing_")
    return {"toa": top, "atmosphere": middle, "surface": top - middle}[level]


def shifted(inputs: xr.Dataset, quantity: str, change: float | xr.DataArray) -> xr.Dataset:
    """Inputs with a quantity changed; that of log_aod is a change of the logarithm."""
    if quantity == "log_aod":
        return inputs.assign(aod=inputs["aod"] * np.exp(change))
    return inputs.assign({quantity: inputs[quantity] + change})


def toy_kernels(
    inputs: xr.Dataset | None = None, *, forcing: Callable[..., xr.DataArray] = toy_forcing
) -> xr.Dataset:
    """A map of all forcings, their kernels and errors, as `grid_forcing(kernels=True)` gives."""
    inputs = toy_inputs() if inputs is None else inputs
    fields = {}
    for name in FORCINGS:
        fields[name] = middle = forcing(inputs, name)
        for quantity in QUANTITIES:
            if is_unrelated(quantity, name):
                continue
            up, down = (forcing(shifted(inputs, quantity, s), name) for s in (_STEP, -_STEP))
            fields[kernel_name(quantity, name)] = (up - down) / (2.0 * _STEP)
            if quantity in SQUARED:
                second = (up + down - 2.0 * middle) / _STEP**2
                fields[kernel_name(quantity, name, squared=True)] = second
    errors = {f"{name}_stderr": xr.full_like(field, STDERR) for name, field in fields.items()}
    bare = {name: field.drop_attrs(deep=False) for name, field in {**fields, **errors}.items()}
    ordered = {name: field.transpose("time", "lat", "lon") for name, field in bare.items()}
    return stamp(inputs.assign(ordered))
