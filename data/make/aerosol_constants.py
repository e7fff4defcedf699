"""Fit what stations decide of the built-in aerosol: `python data/make/aerosol_constants.py`.

The co-albedo of organic carbon outside of Africa, and the share of the organic carbon of African
savanna smoke that is black, by least squares at the stations of `station_optics.csv`; black carbon
(MERRA-2) and dust (E7) are given. Prints the constants of `observed` and what is left over.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from aeroforcing.inputs.builtin import observed
from aeroforcing.inputs.builtin.aerosol import with_sea_salt_modes
from aeroforcing.inputs.builtin.stations import station_climatologies


def differences(parameters: np.ndarray) -> np.ndarray:
    """SSA of the first guess minus that of each station, weighted by AOD over its months."""
    coalbedo, share = parameters
    observed.COALBEDO["organic_carbon"] = coalbedo
    observed.SAVANNA_SHARE = share
    observed.observed_depths.cache_clear()
    depths = observed.observed_depths()
    guess = observed.mixed(with_sea_salt_modes(depths.to_dataset("species")))
    stations = station_climatologies()
    there = guess.interp(lat=stations.lat, lon=stations.lon % 360.0)
    weight = there.aod.where(stations.ssa.notnull())
    difference = ((there.ssa - stations.ssa) * weight).sum("month") / weight.sum("month")
    return np.asarray(difference.values)


def main() -> None:
    found = least_squares(differences, [0.03, 0.2], diff_step=0.02, xtol=1e-4, ftol=1e-6)
    left = differences(found.x)
    print(f"co-albedo of organic carbon {found.x[0]:.3f}, share in savanna smoke {found.x[1]:.3f}")
    print(f"mean difference {left.mean():+.4f}, rms {np.sqrt((left**2).mean()):.4f}")
    for name, value in zip(station_climatologies().station.values, left, strict=True):
        print(f"  {name:20s} {value:+.3f}")


if __name__ == "__main__":
    main()
