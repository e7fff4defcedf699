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
    from aeroforcing import readers
    from aeroforcing.absorption import with_absorption
    from aeroforcing.assimilation import assimilate
    from aeroforcing.atmosphere import Atmosphere, standard_atmosphere
    from aeroforcing.column import Aerosol, Cloud, Column, ExponentialProfile, UniformProfile
    from aeroforcing.errors import InputError
    from aeroforcing.evaluation import evaluate
    from aeroforcing.forcing import column_fluxes, column_forcing, layer_fluxes
    from aeroforcing.gapfill import fill_gaps
    from aeroforcing.gridded import grid_forcing
    from aeroforcing.grids import annual_mean, gaussian_grid, global_mean, grid_of
    from aeroforcing.inputs import builtin_inputs, resolve_inputs
    from aeroforcing.netcdf import write_netcdf
    from aeroforcing.optimal import optimal_interpolation
    from aeroforcing.plot import plot_map, plot_maps
    from aeroforcing.preparation import prepare
    from aeroforcing.properties import aod_at, mix_species
    from aeroforcing.regridding import monthly_climatology, regrid
    from aeroforcing.species_fit import fit_species
    from aeroforcing.station_files import read_stations, write_stations
    from aeroforcing.station_inputs import with_stations
    from aeroforcing.sweep_plot import plot_sweep
    from aeroforcing.sweep_points import base_column, water_cloud
    from aeroforcing.sweeps import sweep
    from aeroforcing.user_inputs import read_field
    from aeroforcing.zonal_plot import plot_zonal_means

__version__ = "0.1.0"

_MODULES = {
    "Aerosol": "column",
    "Atmosphere": "atmosphere",
    "Cloud": "column",
    "Column": "column",
    "ExponentialProfile": "column",
    "InputError": "errors",
    "UniformProfile": "column",
    "annual_mean": "grids",
    "aod_at": "properties",
    "assimilate": "assimilation",
    "base_column": "sweep_points",
    "builtin_inputs": "inputs",
    "column_fluxes": "forcing",
    "column_forcing": "forcing",
    "evaluate": "evaluation",
    "fill_gaps": "gapfill",
    "fit_species": "species_fit",
    "gaussian_grid": "grids",
    "global_mean": "grids",
    "grid_forcing": "gridded",
    "grid_of": "grids",
    "layer_fluxes": "forcing",
    "mix_species": "properties",
    "monthly_climatology": "regridding",
    "optimal_interpolation": "optimal",
    "plot_map": "plot",
    "plot_maps": "plot",
    "plot_sweep": "sweep_plot",
    "plot_zonal_means": "zonal_plot",
    "prepare": "preparation",
    "read_field": "user_inputs",
    "read_stations": "station_files",
    "regrid": "regridding",
    "resolve_inputs": "inputs",
    "standard_atmosphere": "atmosphere",
    "sweep": "sweeps",
    "water_cloud": "sweep_points",
    "with_absorption": "absorption",
    "with_stations": "station_inputs",
    "write_netcdf": "netcdf",
    "write_stations": "station_files",
}

_PACKAGES = ("readers",)

__all__ = sorted([*_MODULES, *_PACKAGES])


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES, *_PACKAGES])
