from .grid import gaussian_grid, grid_of
from .means import annual_mean, global_mean
from .regridding import monthly_climatology, regrid

__all__ = [
    "annual_mean",
    "gaussian_grid",
    "global_mean",
    "grid_of",
    "monthly_climatology",
    "regrid",
]
