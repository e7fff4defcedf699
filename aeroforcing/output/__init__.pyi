from .maps import plot_map, plot_maps
from .sweeps import plot_sweep
from .zonal_means import plot_zonal_means

__all__ = [
    "plot_map",
    "plot_maps",
    "plot_sweep",
    "plot_zonal_means",
]
