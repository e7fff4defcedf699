"""Readers of the files of this field: path or paths in, a Dataset in canonical names out.

A netCDF file in canonical or CF names needs no reader: see `canonicalise` in `core.canonical`.
"""

from aeroforcing.observations.readers.aeronet import read_aeronet
from aeroforcing.observations.readers.aerosol_models import read_gocart, read_merra2
from aeroforcing.observations.readers.isccp import read_isccp
from aeroforcing.observations.readers.misr import read_misr
from aeroforcing.observations.readers.modis import read_modis

__all__ = [
    "read_aeronet", "read_gocart", "read_isccp", "read_merra2", "read_misr", "read_modis",
]  # fmt: skip
