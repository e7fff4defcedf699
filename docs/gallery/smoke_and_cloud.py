"""
Smoke above, in and below a cloud
=================================

Smoke below a cloud does little. Above it the same smoke sees a bright ground and warms. The smoke
thins out with a scale height of 2 km; the cloud is lifted through it.
"""

import numpy as np

import aeroforcing as af

lifted = af.sweep("cloud_base", np.linspace(0, 8000, 9), photons=64)
ax = af.plot_sweep(lifted)
