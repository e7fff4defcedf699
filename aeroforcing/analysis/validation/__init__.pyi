from .aerocom import aerocom_experiment
from .aeronet import compare_with_aeronet
from .exact_solutions import run_benchmarks
from .two_stream import two_stream_fluxes

__all__ = [
    "aerocom_experiment",
    "compare_with_aeronet",
    "run_benchmarks",
    "two_stream_fluxes",
]
