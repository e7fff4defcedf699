from . import validation
from .error_ensemble import propagate_ensemble
from .error_propagation import propagate
from .kernel_response import apply_kernels
from .sweep_columns import base_column, water_cloud
from .sweeps import sweep

__all__ = [
    "apply_kernels",
    "base_column",
    "propagate",
    "propagate_ensemble",
    "sweep",
    "validation",
    "water_cloud",
]
