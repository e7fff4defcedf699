"""
A map of the forcing
====================

From the built-in inputs, for one month on a coarse grid. Hatched: so few photons cannot tell the
sign.
"""

import aeroforcing as af

july = af.grid_forcing(grid="T21", months=[7], photons=32)
ax = af.plot_map(july.forcing_toa, stderr=july.forcing_toa_stderr)
