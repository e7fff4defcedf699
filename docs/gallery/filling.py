"""
Filling the gaps of a satellite
===============================

A satellite sees no aerosol in the polar night. The background keeps its shape in the gap, and the
satellite its values at the edge.
"""

import cartopy.crs as ccrs
import matplotlib.pyplot as plt

import aeroforcing as af

background = af.builtin_inputs("5x7.5", months=[1]).aod
seen = (0.8 * background).where(background.lat < 60)  # a satellite that sees a fifth less
filled = af.fill_gaps(seen, background).aod

fig, axes = plt.subplots(
    1, 3, figsize=(15, 4), layout="constrained", subplot_kw={"projection": ccrs.Robinson()}
)
levels = [0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.3, 0.4]
for ax, field, title in zip(
    axes, (seen, background, filled), ("Satellite", "Background", "Filled"), strict=True
):
    af.plot_map(field, ax=ax, levels=levels, title=title)
