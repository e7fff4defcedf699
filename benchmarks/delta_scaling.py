"""What cutting off the forward peak of clouds does to the effect of an aerosol, without noise.

    PYTHONPATH=tests python -m benchmarks.delta_scaling

Discrete ordinates solve one column at one wavelength, with the clouds as they are and scaled, so
that the difference is that of the scaling alone. Aerosol of depth 0.1 fills the lowest layer; the
cloud, liquid (g = 0.86), lies over it.
"""

from __future__ import annotations

import argparse

import numpy as np
from helpers.disort_solution import disort_fluxes
from numpy.typing import NDArray

from aeroforcing.optics.clouds import BandOptics, delta_scaled

DEPTHS = (1.0, 2.0, 5.0, 10.0, 40.0)
COSINES = (0.1, 0.3, 0.6, 0.9)
ALBEDO, AOD, SSA, ASYMMETRY = 0.15, 0.1, 0.9, 0.65
CLOUD = BandOptics(extinction=np.ones(1), ssa=np.ones(1), asymmetry=np.full(1, 0.86))


def effects(cloud: BandOptics, *, depth: float, cos_zenith: float) -> NDArray[np.float64]:
    """Change of the net flux down by the aerosol, at the top and at the surface, per incident."""
    layer = np.array([0.0, 1.0, 0.0])
    aerosol = np.array([0.0, 0.0, AOD])
    above = layer * depth * cloud.extinction, np.full(3, cloud.asymmetry[0])
    net = []
    for part in (1.0, 0.0):
        up, down, _ = disort_fluxes(
            absorption=np.full(3, 0.01) + part * (1.0 - SSA) * aerosol,
            rayleigh=[0.07, 0.015, 0.015],
            scattering=[above, (part * SSA * aerosol, np.full(3, ASYMMETRY))],
            surface_albedo=ALBEDO,
            cos_zenith=cos_zenith,
        )
        net.append([1.0 - up, (1.0 - ALBEDO) * down])
    return np.subtract(*net)


def main() -> None:
    """Print the bias in percent by optical depth and sun, for the top and for the surface."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    for place, name in enumerate(("top", "surface")):
        print(f"| {name}: optical depth | " + " | ".join(f"mu0 {mu}" for mu in COSINES) + " |")
        print("|---" * (1 + len(COSINES)) + "|")
        for depth in DEPTHS:
            row = []
            for mu in COSINES:
                whole, scaled = (
                    effects(cloud, depth=depth, cos_zenith=mu)[place]
                    for cloud in (CLOUD, delta_scaled(CLOUD))
                )
                row.append(f"{100.0 * (scaled - whole) / abs(whole):+.1f}")
            print(f"| {depth:g} | " + " | ".join(row) + " |")
        print()


if __name__ == "__main__":
    main()
