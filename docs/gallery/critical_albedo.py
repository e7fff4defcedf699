"""
When does aerosol warm?
=======================

A sweep over two properties. Left of the black line the aerosol absorbs so much, or the ground is so
bright, that the planet gains energy.
"""

import numpy as np

import aeroforcing as af

plane = af.sweep(
    ("surface_albedo", "ssa"), (np.linspace(0, 0.8, 9), np.linspace(0.7, 1, 7)), photons=64
)
ax = af.plot_sweep(plane)

# %%
# The critical single scattering albedo along the line, with its standard error:
print(plane[["critical_ssa", "critical_ssa_stderr"]].to_dataframe().round(3))
