from . import analysis, columns, forcing, grids, inputs, maps, observations, optics, output
from .analysis import validation
from .analysis.error_propagation import propagate
from .analysis.kernel_response import apply_kernels
from .analysis.sweeps import sweep
from .analysis.validation.exact_solutions import run_benchmarks
from .columns.aerosols import Aerosol, BandAerosol, SpectralAerosol
from .columns.atmosphere import Atmosphere, standard_atmosphere
from .columns.clouds import Cloud, CloudLayers
from .columns.column import Column
from .columns.species_aerosol import SpeciesAerosol
from .columns.surface import Ocean, SurfaceAlbedo
from .columns.vertical_profiles import (
    ElevatedLayer,
    ExponentialProfile,
    ExtinctionProfile,
    MixingRatioProfile,
    SigmaProfile,
    UniformProfile,
)
from .core.errors import InputError
from .core.netcdf import write_netcdf
from .forcing.column import column_fluxes, column_forcing
from .forcing.layers import layer_fluxes
from .forcing.profiles import column_profiles
from .forcing.species import species_forcing
from .grids.grid import gaussian_grid
from .grids.means import annual_mean, global_mean
from .grids.regridding import regrid
from .inputs.builtin.fields import builtin_inputs
from .inputs.model_columns import columns_from
from .inputs.resolve import resolve_inputs
from .inputs.user import read_field
from .maps.grid import grid_forcing
from .maps.saved import save_grid_forcing
from .observations import readers
from .observations.assimilation import assimilate
from .observations.gap_filling import fill_gaps
from .optics.mixtures import mix_species
from .optics.spectral_laws import aod_at
from .output.maps import plot_map
from .output.sweeps import plot_sweep

__version__: str

__all__ = [
    "Aerosol",
    "Atmosphere",
    "BandAerosol",
    "Cloud",
    "CloudLayers",
    "Column",
    "ElevatedLayer",
    "ExponentialProfile",
    "ExtinctionProfile",
    "InputError",
    "MixingRatioProfile",
    "Ocean",
    "SigmaProfile",
    "SpeciesAerosol",
    "SpectralAerosol",
    "SurfaceAlbedo",
    "UniformProfile",
    "analysis",
    "annual_mean",
    "aod_at",
    "apply_kernels",
    "assimilate",
    "builtin_inputs",
    "column_fluxes",
    "column_forcing",
    "column_profiles",
    "columns",
    "columns_from",
    "fill_gaps",
    "forcing",
    "gaussian_grid",
    "global_mean",
    "grid_forcing",
    "grids",
    "inputs",
    "layer_fluxes",
    "maps",
    "mix_species",
    "observations",
    "optics",
    "output",
    "plot_map",
    "plot_sweep",
    "propagate",
    "read_field",
    "readers",
    "regrid",
    "resolve_inputs",
    "run_benchmarks",
    "save_grid_forcing",
    "species_forcing",
    "standard_atmosphere",
    "sweep",
    "validation",
    "write_netcdf",
]
