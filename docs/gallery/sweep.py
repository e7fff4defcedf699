"""
Sensitivity to one property
===========================

All points of a sweep share their random numbers: the curves are smooth, and where they cross zero
is known better than the points themselves.
"""

import numpy as np

import aeroforcing as af

ssa = af.sweep("ssa", np.linspace(0.6, 1, 9), photons=256)
ax = af.plot_sweep(ssa)
