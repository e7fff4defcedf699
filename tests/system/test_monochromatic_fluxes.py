"""Monochromatic fluxes of homogeneous and layered media against exact solutions.

Rationale. At one wavelength the equation of radiative transfer can be solved to eight digits by
discrete ordinates (64 streams). Fluxes by Monte Carlo must agree with such solutions within their
own standard errors, however small these are made: a bias that hides in the noise of one case shows
in the sum over all. The cases span thin and thick layers, absorbing and conservative, forward and
Rayleigh scattering, dark and bright surfaces, high and low sun, and a layered mixture with gas.

Expected. Standard errors below 2e-4 of the incident flux; t-values within the limits for their
number; the sum of their squares that of noise. The direct beam is exact, and so is the
absorption where nothing absorbs.

Nine cases are in this file; all 72 are in the optional table mono_fluxes.csv.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from helpers.montecarlo_checks import (
    assert_scatter_as_reported,
    assert_unbiased,
    t_values,
    to_precision,
)

import aeroforcing as af

LARGEST_STDERR = 2e-4
LAST_DIGIT = 1e-8
FLUXES = ("flux_up_toa", "flux_down_surface_direct", "flux_down_surface", "absorbed_atmosphere")


def one_layer(*, tau, ssa):
    """A layer of Henyey-Greenstein scatterers with g = 0.7."""
    return {
        "tau_gas": [0.0],
        "tau_rayleigh": [0.0],
        "tau_aerosol": [tau],
        "ssa_aerosol": [ssa],
        "asymmetry_aerosol": [0.7],
    }


RAYLEIGH = one_layer(tau=0.0, ssa=1.0) | {"tau_rayleigh": [0.25]}
MIXTURE = {
    "tau_gas": [0.0, 0.05],
    "tau_rayleigh": [0.15, 0.10],
    "tau_aerosol": [0.0, 0.3],
    "ssa_aerosol": [0.9, 0.9],
    "asymmetry_aerosol": [0.7, 0.7],
}

# Layers, surface albedo, cosine of the zenith angle; exact FLUXES.
CASES = [
    (one_layer(tau=0.2, ssa=0.8), 0.0, 0.2, (0.16435746, 0.36787944, 0.66089407, 0.17474846)),
    (one_layer(tau=0.2, ssa=1.0), 0.0, 1.0, (0.01786695, 0.81873075, 0.98213305, 0.0)),
    (one_layer(tau=1.0, ssa=0.8), 0.2, 0.2, (0.32255321, 0.00673795, 0.27615688, 0.45652128)),
    (one_layer(tau=1.0, ssa=0.95), 0.0, 0.866, (0.1069526, 0.31514122, 0.82015296, 0.07289444)),
    (one_layer(tau=1.0, ssa=1.0), 0.2, 0.866, (0.26966674, 0.31514122, 0.91291657, 0.0)),
    (RAYLEIGH, 0.2, 0.2, (0.48136388, 0.2865048, 0.64829515, 0.0)),
    (RAYLEIGH, 0.8, 0.866, (0.79600129, 0.74924923, 1.01999353, 0.0)),
    (MIXTURE, 0.0, 0.2, (0.42136103, 0.04978707, 0.40283863, 0.17580035)),
    (MIXTURE, 0.2, 0.866, (0.24804617, 0.50015329, 0.78357217, 0.12509609)),
]

# Plane albedo of Rayleigh tau 0.1 with aerosol (g 0.7) in one layer, mu0 0.6, surface albedo 0.15:
# AOD, SSA, albedo.
PLANE_ALBEDOS = [
    (0.0, 1.0, 0.205441),
    (0.01, 0.9, 0.206165),
    (0.1, 0.9, 0.212725),
    (0.1, 1.0, 0.221345),
    (0.5, 0.9, 0.238548),
]


def precise_fluxes(layers, *, albedo, cos_zenith, seed):
    """The four fluxes and their standard errors, (flux,) each."""

    def run(**effort):
        return af.layer_fluxes(**layers, surface_albedo=albedo, cos_zenith=cos_zenith, **effort)

    result = to_precision(run, stderr=LARGEST_STDERR, names=FLUXES, seed=seed)
    return tuple(
        np.array([float(result[name + suffix]) for name in FLUXES]) for suffix in ("", "_stderr")
    )


def deviations(cases):
    """t-values, (case, flux); every case has random numbers of its own."""
    return np.array(
        [
            t_values(
                *precise_fluxes(layers, albedo=albedo, cos_zenith=cos_zenith, seed=seed),
                truth,
                truth_error=LAST_DIGIT,
            )
            for seed, (layers, albedo, cos_zenith, truth) in enumerate(cases)
        ]
    )


def test_a_few_exact_cases():
    assert_unbiased(deviations(CASES))


def test_plane_albedo_of_air_with_aerosol():
    t = []
    for seed, (aod, ssa, truth) in enumerate(PLANE_ALBEDOS):
        layers = one_layer(tau=aod, ssa=ssa) | {"tau_rayleigh": [0.1]}
        found, stderr = precise_fluxes(layers, albedo=0.15, cos_zenith=0.6, seed=100 + seed)
        t.append(t_values(found[0], stderr[0], truth, truth_error=5e-7))
    assert_unbiased(t)


def table_cases(path):
    """The cases of the table in the form of CASES."""
    cases = []
    for row in pd.read_csv(path, comment="#").itertuples():
        if row.case == "mix2":
            layers = MIXTURE
        elif row.case == "ray1":
            layers = RAYLEIGH
        else:
            layers = one_layer(tau=float(row.dtau), ssa=float(row.ssa))
        truth = (row.flux_up_toa, row.flux_down_sfc_direct, row.flux_down_sfc_total)
        cases.append((layers, row.albedo, row.mu0, (*truth, row.absorbed_atm)))
    return cases


@pytest.mark.slow
def test_all_exact_cases(shared):
    cases = table_cases(shared("reference/mono_fluxes.csv"))
    assert len(cases) == 72
    t = deviations(cases)
    assert_unbiased(t)
    assert_scatter_as_reported(t[:, FLUXES.index("flux_up_toa")])
    assert_scatter_as_reported(t[:, FLUXES.index("flux_down_surface")])
