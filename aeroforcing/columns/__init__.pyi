from .aerosols import Aerosol, BandAerosol, SpectralAerosol
from .atmosphere import Atmosphere, standard_atmosphere
from .clouds import Cloud, CloudLayers
from .column import Column
from .species_aerosol import SpeciesAerosol
from .surface import Ocean, SurfaceAlbedo, ice_albedo, snow_albedo, two_band_albedo
from .vertical_profiles import (
    ElevatedLayer,
    ExponentialProfile,
    ExtinctionProfile,
    MixingRatioProfile,
    SigmaProfile,
    UniformProfile,
)

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
    "MixingRatioProfile",
    "Ocean",
    "SigmaProfile",
    "SpeciesAerosol",
    "SpectralAerosol",
    "SurfaceAlbedo",
    "UniformProfile",
    "ice_albedo",
    "snow_albedo",
    "standard_atmosphere",
    "two_band_albedo",
]
