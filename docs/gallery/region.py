"""
A region in its own axes
========================

Two fields of one region side by side, in axes that you make yourself.
"""

import cartopy.crs as ccrs
import matplotlib.pyplot as plt

import aeroforcing as af

inputs = af.builtin_inputs("T42", months=[1, 7])
africa = (-25, 60, -35, 40)

fig, axes = plt.subplots(
    1, 2, figsize=(10, 5), layout="constrained", subplot_kw={"projection": ccrs.PlateCarree()}
)
af.plot_map(inputs.aod, month=7, extent=africa, ax=axes[0])
af.plot_map(inputs.ssa, month=7, extent=africa, ax=axes[1], weights=inputs.aod)
