"""
One column through the year
===========================

What an aerosol does to the sunlight of one place, month by month, and how well a short run knows
it.
"""

import matplotlib.pyplot as plt

import aeroforcing as af

smoke = af.Aerosol(aod=0.3, ssa=0.88, asymmetry=0.65, angstrom=1.6)
column = af.Column(
    atmosphere=af.standard_atmosphere("tropical"), aerosol=smoke, surface_albedo=0.15
)
year = af.column_forcing(column, latitude=21.0, photons=512)

fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for level, color in (("toa", "#0072B2"), ("atmosphere", "#D55E00"), ("surface", "black")):
    name = f"forcing_{level}"
    error = 2 * year[f"{name}_stderr"]
    ax.errorbar(year.month, year[name], error, fmt="o-", capsize=4, color=color, label=level)
ax.axhline(0, color="0.5")
ax.set(xlabel="month", ylabel="aerosol forcing [W m$^{-2}$]", xticks=range(1, 13))
ax.set_title("Smoke at 21°N; bars: ± 2 standard errors")
fig.legend(loc="outside lower center", ncols=3)
