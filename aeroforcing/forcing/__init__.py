"""Fluxes and forcing of one column.

Read `column` first; `profiles`, `by_band`, `species` and `over_background` are variations on it,
and `layers` solves a stack of layers at one wavelength.
"""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
