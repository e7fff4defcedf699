from .by_band import column_band_fluxes, surface_light
from .column import column_fluxes, column_forcing
from .layers import layer_fluxes, layer_profiles
from .profiles import column_profiles, monthly_profiles
from .species import species_forcing

__all__ = [
    "column_band_fluxes",
    "column_fluxes",
    "column_forcing",
    "column_profiles",
    "layer_fluxes",
    "layer_profiles",
    "monthly_profiles",
    "species_forcing",
    "surface_light",
]
