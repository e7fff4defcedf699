"""Readers of the files of this field: path or paths in, a Dataset in canonical names out.

A netCDF file in canonical or CF names needs no reader: see `canonicalise` in `core.canonical`.
"""

from aeroforcing.readers.aeronet import read_aeronet
from aeroforcing.readers.gocart import read_gocart
from aeroforcing.readers.isccp import read_isccp
from aeroforcing.readers.merra2 import read_merra2
from aeroforcing.readers.misr import read_misr
from aeroforcing.readers.modis import read_modis

__all__ = [
    "read_aeronet", "read_gocart", "read_isccp", "read_merra2", "read_misr", "read_modis",
]  # fmt: skip
