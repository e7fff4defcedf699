from . import readers
from .assimilation import assimilate
from .cross_validation import evaluate
from .gap_filling import fill_gaps
from .seams import find_seams
from .species_fit import fit_species
from .station_files import read_stations, write_stations
from .statistical_interpolation import optimal_interpolation

__all__ = [
    "assimilate",
    "evaluate",
    "fill_gaps",
    "find_seams",
    "fit_species",
    "optimal_interpolation",
    "read_stations",
    "readers",
    "write_stations",
]
