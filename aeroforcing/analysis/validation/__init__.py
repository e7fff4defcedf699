"""Comparisons with exact solutions, the AeroCom experiment, AERONET and a two-stream code."""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
