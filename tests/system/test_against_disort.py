"""Random stacks of layers against discrete ordinates.

Rationale. Tables of exact fluxes hold the cases that somebody thought of. Here the layers are
drawn at random, with the corners that break solvers among them: no or all absorption, scattering
in all directions or sharply forward, optical depth up to 5, an albedo of 0.9, the sun overhead and
2 degrees above the horizon. The truth is a solution by discrete ordinates with 64 streams.

Expected. t-values within the limits for their number and, over all stacks, with the sum of squares
of noise; the direct beam exact; what comes in is reflected or absorbed.
"""

from __future__ import annotations

import numpy as np
import pytest
from helpers.disort_solution import TRUTH_ERROR, disort_fluxes
from helpers.montecarlo_checks import assert_scatter_as_reported, assert_unbiased, t_values
from helpers.random_stacks import random_stack

import aeroforcing as af

FLUXES = ("flux_up_toa", "flux_down_surface", "flux_down_surface_direct")


def truth(stack):
    """Exact FLUXES of a stack."""
    scattering = stack["tau_aerosol"] * stack["ssa_aerosol"]
    return disort_fluxes(
        absorption=stack["tau_gas"] + stack["tau_aerosol"] - scattering,
        rayleigh=stack["tau_rayleigh"],
        scattering=[(scattering, stack["asymmetry_aerosol"])],
        surface_albedo=stack["surface_albedo"],
        cos_zenith=stack["cos_zenith"],
    )


def deviations(seeds, *, photons):
    """t-values of FLUXES, (stack, flux)."""
    result = []
    for seed in seeds:
        stack = random_stack(seed)
        found = af.layer_fluxes(**stack, photons=photons, seed=seed)
        assert_balanced(found, stack["surface_albedo"])
        stderr = [float(found[f"{name}_stderr"]) for name in FLUXES]
        found = [float(found[name]) for name in FLUXES]
        t = t_values(found, stderr, truth(stack), truth_error=TRUTH_ERROR)
        result.append(t)
    return np.array(result)


def assert_balanced(found, albedo):
    """What comes in is reflected, absorbed by the layers or absorbed by the surface."""
    surface = (1.0 - albedo) * float(found["flux_down_surface"])
    total = float(found["flux_up_toa"]) + float(found["absorbed_atmosphere"]) + surface
    assert total == pytest.approx(1.0, abs=1e-12)


def check(seeds, *, photons):
    t = deviations(seeds, photons=photons)
    assert_unbiased(t)
    assert np.abs(t[:, 2]).max() < 1e-6  # the direct beam is exact
    assert_scatter_as_reported(t[:, 0])
    assert_scatter_as_reported(t[:, 1])


def test_random_stacks():
    check(range(25), photons=2**14)


@pytest.mark.slow
def test_many_random_stacks_precisely():
    check(range(1000, 1200), photons=2**17)


@pytest.mark.parametrize("tau", [0.1, 1.0])
@pytest.mark.parametrize("albedo", [0.0, 0.9])
def test_without_scattering_the_beam_is_exact(tau, albedo):
    """Only the light that the surface reflects is left to chance."""
    found = af.layer_fluxes(
        tau_gas=[0.7 * tau, 0.0],
        tau_rayleigh=[0.0, 0.0],
        tau_aerosol=[0.0, 0.3 * tau],
        ssa_aerosol=[0.0, 0.0],
        asymmetry_aerosol=[0.0, 0.0],
        surface_albedo=albedo,
        cos_zenith=0.5,
        photons=2**14,
    )
    beam = np.exp(-tau / 0.5)
    assert float(found["flux_down_surface"]) == pytest.approx(beam, rel=1e-12)
    mu, weight = np.polynomial.legendre.leggauss(64)
    mu, weight = 0.5 * (mu + 1.0), 0.5 * weight
    up = albedo * beam * 2.0 * (weight * mu * np.exp(-tau / mu)).sum()  # diffuse transmission
    assert_unbiased(
        t_values(found["flux_up_toa"], found["flux_up_toa_stderr"], up, truth_error=1e-9)
    )


def test_nothing_at_all():
    """Without any optical depth the surface alone reflects."""
    found = af.layer_fluxes(
        tau_gas=[0.0],
        tau_rayleigh=[0.0],
        tau_aerosol=[0.0],
        ssa_aerosol=[1.0],
        asymmetry_aerosol=[0.5],
        surface_albedo=0.3,
        cos_zenith=0.7,
        photons=64,
    )
    assert float(found["flux_up_toa"]) == pytest.approx(0.3, abs=1e-12)
    assert float(found["flux_down_surface"]) == 1.0
    assert float(found["absorbed_atmosphere"]) == pytest.approx(0.0, abs=1e-12)
