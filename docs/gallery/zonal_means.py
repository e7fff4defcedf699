"""
Zonal means
===========

Where between the poles aerosol takes sunlight from the surface, and how much of it stays in the
air. Dashed: with the clouds taken away.
"""

import aeroforcing as af

january = af.grid_forcing(grid="T21", months=[1], photons=32)
ax = af.output.plot_zonal_means(january)
