from .anthropogenic import anthropogenic_forcing
from .grid import grid_forcing
from .saved import save_grid_forcing
from .species import grid_species_forcing

__all__ = [
    "anthropogenic_forcing",
    "grid_forcing",
    "grid_species_forcing",
    "save_grid_forcing",
]
