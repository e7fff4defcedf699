"""Fluxes and forcing of one column.

Read `column` first; `profiles`, `by_band`, `species` and `over_background` are variations on it,
and `layers` solves a stack of layers at one wavelength.
"""
