"""Fluxes and forcing of one column.

Read `column` first; `profiles`, `by_band`, `species` and `over_background` are variations on it,
and `layers` solves a stack of layers at one wavelength.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
