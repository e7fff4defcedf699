"""Maps of direct aerosol shortwave radiative forcing by Monte Carlo.

    import aeroforcing as af
    forcing = af.grid_forcing(months=[1, 7])
    af.write_netcdf(forcing, "forcing.nc")

The public names are loaded at their first use, so that the command line answers at once.
"""

from __future__ import annotations

from importlib import import_module

# True to type checkers alone; typing, which has it too, takes longer to import than all the rest
# that comes before the command can answer an interruption.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from aeroforcing.analysis.error_ensemble import propagate_ensemble
    from aeroforcing.analysis.error_propagation import propagate
    from aeroforcing.analysis.kernel_response import apply_kernels
    from aeroforcing.analysis.sweep_columns import base_column, water_cloud
    from aeroforcing.analysis.sweeps import sweep
    from aeroforcing.analysis.validation.aerocom import aerocom_experiment
    from aeroforcing.analysis.validation.aeronet import compare_with_aeronet
    from aeroforcing.analysis.validation.exact_solutions import run_benchmarks
    from aeroforcing.analysis.validation.two_stream import two_stream_fluxes
    from aeroforcing.columns.aerosols import Aerosol, BandAerosol, SpectralAerosol
    from aeroforcing.columns.atmosphere import Atmosphere, standard_atmosphere
    from aeroforcing.columns.column import Column
    from aeroforcing.columns.sky import Cloud, CloudLayers
    from aeroforcing.columns.species_aerosol import SpeciesAerosol
    from aeroforcing.columns.surface import (
        Ocean,
        SurfaceAlbedo,
        ice_albedo,
        snow_albedo,
        two_band_albedo,
    )
    from aeroforcing.columns.vertical_profiles import (
        ElevatedLayer,
        ExponentialProfile,
        ExtinctionProfile,
        MixingRatioProfile,
        SigmaProfile,
        UniformProfile,
    )
    from aeroforcing.core.errors import InputError
    from aeroforcing.core.netcdf import write_netcdf
    from aeroforcing.forcing.by_band import column_band_fluxes, surface_light
    from aeroforcing.forcing.column import column_fluxes, column_forcing
    from aeroforcing.forcing.layers import layer_fluxes, layer_profiles
    from aeroforcing.forcing.profiles import column_profiles, monthly_profiles
    from aeroforcing.forcing.species import species_forcing
    from aeroforcing.grids.grid import gaussian_grid, grid_of
    from aeroforcing.grids.means import annual_mean, global_mean
    from aeroforcing.grids.regridding import monthly_climatology, regrid
    from aeroforcing.inputs.builtin.aerosol import tegen_profile
    from aeroforcing.inputs.builtin.fields import builtin_inputs
    from aeroforcing.inputs.builtin.plumes import anthropogenic_aerosol
    from aeroforcing.inputs.model_columns import columns_from
    from aeroforcing.inputs.products import prepare
    from aeroforcing.inputs.resolve import resolve_inputs
    from aeroforcing.inputs.stations import with_stations
    from aeroforcing.inputs.user import read_field
    from aeroforcing.maps.anthropogenic import anthropogenic_forcing
    from aeroforcing.maps.grid import grid_forcing
    from aeroforcing.maps.saved import save_grid_forcing
    from aeroforcing.maps.species import grid_species_forcing
    from aeroforcing.observations import readers
    from aeroforcing.observations.assimilation import assimilate
    from aeroforcing.observations.cross_validation import evaluate
    from aeroforcing.observations.gap_filling import fill_gaps
    from aeroforcing.observations.optimal_interpolation import optimal_interpolation
    from aeroforcing.observations.species_fit import fit_species
    from aeroforcing.observations.station_files import read_stations, write_stations
    from aeroforcing.optics.clouds import cloud_optical_depth
    from aeroforcing.optics.extinction import aod_from_extinction
    from aeroforcing.optics.mixtures import mix_species
    from aeroforcing.optics.phase_functions import (
        DoubleHenyeyGreenstein,
        LegendrePhaseFunction,
        TabulatedPhaseFunction,
    )
    from aeroforcing.optics.spectral_laws import aod_at, with_absorption
    from aeroforcing.optics.spectrum import shortwave_bands
    from aeroforcing.output.maps import plot_map, plot_maps
    from aeroforcing.output.sweeps import plot_sweep
    from aeroforcing.output.zonal_means import plot_zonal_means

__version__ = "0.1.0"

_MODULES = {
    "Aerosol": "columns.aerosols",
    "Atmosphere": "columns.atmosphere",
    "BandAerosol": "columns.aerosols",
    "Cloud": "columns.sky",
    "CloudLayers": "columns.sky",
    "Column": "columns.column",
    "DoubleHenyeyGreenstein": "optics.phase_functions",
    "ElevatedLayer": "columns.vertical_profiles",
    "ExponentialProfile": "columns.vertical_profiles",
    "ExtinctionProfile": "columns.vertical_profiles",
    "InputError": "core.errors",
    "LegendrePhaseFunction": "optics.phase_functions",
    "MixingRatioProfile": "columns.vertical_profiles",
    "Ocean": "columns.surface",
    "SigmaProfile": "columns.vertical_profiles",
    "SpeciesAerosol": "columns.species_aerosol",
    "SpectralAerosol": "columns.aerosols",
    "SurfaceAlbedo": "columns.surface",
    "TabulatedPhaseFunction": "optics.phase_functions",
    "UniformProfile": "columns.vertical_profiles",
    "aerocom_experiment": "analysis.validation.aerocom",
    "annual_mean": "grids.means",
    "anthropogenic_aerosol": "inputs.builtin.plumes",
    "anthropogenic_forcing": "maps.anthropogenic",
    "aod_at": "optics.spectral_laws",
    "aod_from_extinction": "optics.extinction",
    "apply_kernels": "analysis.kernel_response",
    "assimilate": "observations.assimilation",
    "base_column": "analysis.sweep_columns",
    "builtin_inputs": "inputs.builtin.fields",
    "cloud_optical_depth": "optics.clouds",
    "column_band_fluxes": "forcing.by_band",
    "column_fluxes": "forcing.column",
    "column_forcing": "forcing.column",
    "column_profiles": "forcing.profiles",
    "compare_with_aeronet": "analysis.validation.aeronet",
    "columns_from": "inputs.model_columns",
    "evaluate": "observations.cross_validation",
    "fill_gaps": "observations.gap_filling",
    "fit_species": "observations.species_fit",
    "gaussian_grid": "grids.grid",
    "global_mean": "grids.means",
    "grid_forcing": "maps.grid",
    "grid_of": "grids.grid",
    "grid_species_forcing": "maps.species",
    "ice_albedo": "columns.surface",
    "layer_fluxes": "forcing.layers",
    "layer_profiles": "forcing.layers",
    "mix_species": "optics.mixtures",
    "monthly_climatology": "grids.regridding",
    "monthly_profiles": "forcing.profiles",
    "optimal_interpolation": "observations.optimal_interpolation",
    "plot_map": "output.maps",
    "plot_maps": "output.maps",
    "plot_sweep": "output.sweeps",
    "plot_zonal_means": "output.zonal_means",
    "prepare": "inputs.products",
    "propagate": "analysis.error_propagation",
    "propagate_ensemble": "analysis.error_ensemble",
    "read_field": "inputs.user",
    "read_stations": "observations.station_files",
    "regrid": "grids.regridding",
    "resolve_inputs": "inputs.resolve",
    "run_benchmarks": "analysis.validation.exact_solutions",
    "save_grid_forcing": "maps.saved",
    "standard_atmosphere": "columns.atmosphere",
    "species_forcing": "forcing.species",
    "shortwave_bands": "optics.spectrum",
    "snow_albedo": "columns.surface",
    "surface_light": "forcing.by_band",
    "sweep": "analysis.sweeps",
    "tegen_profile": "inputs.builtin.aerosol",
    "two_band_albedo": "columns.surface",
    "two_stream_fluxes": "analysis.validation.two_stream",
    "water_cloud": "analysis.sweep_columns",
    "with_absorption": "optics.spectral_laws",
    "with_stations": "inputs.stations",
    "write_netcdf": "core.netcdf",
    "write_stations": "observations.station_files",
}

_PACKAGES = ("readers",)

__all__ = sorted([*_MODULES, *_PACKAGES])


def __getattr__(name: str) -> object:
    if name in _PACKAGES:
        return import_module(f"{__name__}.observations.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES, *_PACKAGES])
