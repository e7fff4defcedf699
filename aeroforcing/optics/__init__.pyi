from .clouds import cloud_optical_depth
from .extinction import aod_from_extinction
from .mixtures import mix_species
from .phase_functions import DoubleHenyeyGreenstein, LegendrePhaseFunction, TabulatedPhaseFunction
from .spectral_laws import aod_at, with_absorption
from .spectrum import band_average, shortwave_bands

__all__ = [
    "DoubleHenyeyGreenstein",
    "LegendrePhaseFunction",
    "TabulatedPhaseFunction",
    "aod_at",
    "aod_from_extinction",
    "band_average",
    "cloud_optical_depth",
    "mix_species",
    "shortwave_bands",
    "with_absorption",
]
