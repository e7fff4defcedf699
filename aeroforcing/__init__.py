"""Maps of direct aerosol shortwave radiative forcing by Monte Carlo.

    import aeroforcing as af
    forcing = af.grid_forcing(months=[1, 7])
    af.write_netcdf(forcing, "forcing.nc")

The public names are loaded at their first use, so that the command line answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aeroforcing.atmosphere import Atmosphere, standard_atmosphere
    from aeroforcing.column import Aerosol, Cloud, Column, ExponentialProfile, UniformProfile
    from aeroforcing.errors import InputError
    from aeroforcing.forcing import column_fluxes, column_forcing, layer_fluxes
    from aeroforcing.gridded import grid_forcing
    from aeroforcing.grids import gaussian_grid, global_mean
    from aeroforcing.netcdf import write_netcdf
    from aeroforcing.properties import aod_at, mix_species

__version__ = "0.1.0"

_MODULES = {
    "Aerosol": "column",
    "Atmosphere": "atmosphere",
    "Cloud": "column",
    "Column": "column",
    "ExponentialProfile": "column",
    "InputError": "errors",
    "UniformProfile": "column",
    "aod_at": "properties",
    "column_fluxes": "forcing",
    "column_forcing": "forcing",
    "gaussian_grid": "grids",
    "global_mean": "grids",
    "grid_forcing": "gridded",
    "layer_fluxes": "forcing",
    "mix_species": "properties",
    "standard_atmosphere": "atmosphere",
    "write_netcdf": "netcdf",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
