"""Derivatives along photon paths against finite differences of exact fluxes.

Rationale. The history of a path is easily wrong by a factor that hardly shows (an event counted
twice, an aerosol depth left out, a control multiplied by the wrong history). So each derivative of
the change of the upward flux at the top and of the net flux at the surface is compared with
differences of solutions by discrete ordinates, in clear sky and in cloud, over a black surface and
a bright one, for an aerosol that scatters all and one that scatters nothing.

Expected. t-values within the limits for their number, with standard errors of at most 1 % of the
larger of the two derivatives. The derivatives of one path are those that its history says, so that
a wrong control costs noise alone: with a table of random numbers in place of the adjoint the means
stay right.
"""

from __future__ import annotations

import numpy as np
import pytest
from helpers.disort_solution import disort_fluxes
from helpers.montecarlo_checks import assert_unbiased, t_values
from helpers.path_driver import REPLICATES, ROULETTE, adjoint_of
from numba import njit

from aeroforcing.transport.adjoint import ADJOINT_COLUMNS, mean_step
from aeroforcing.transport.derivatives import (
    BY_ALBEDO,
    BY_ASYMMETRY,
    BY_LOG_AOD,
    BY_LOG_AOD_SQUARED,
    BY_SSA,
    BY_SSA_SQUARED,
    GRADIENT_SHAPE,
    log_phase_slope,
    mean_step_slope,
)
from aeroforcing.transport.events import SCORES, Scene, Surface, henyey_greenstein
from aeroforcing.transport.integrals import shift_point
from aeroforcing.transport.medium import MEDIUM_COLUMNS, add_cloud, fill_medium
from aeroforcing.transport.paths import difference_path
from aeroforcing.transport.random_numbers import NET_DIMENSIONS, child_key, fill_shifts, sobol_net

SQUARED = {BY_LOG_AOD: BY_LOG_AOD_SQUARED, BY_SSA: BY_SSA_SQUARED}
GAS = np.array([0.05, 0.02, 0.1])
AIR = np.array([0.05, 0.03, 0.06])
SHARES = np.array([0.1, 0.3, 0.6])
CLOUD_SSA, CLOUD_ASYMMETRY = 0.999, 0.86
NO_CLOUD, CLOUD = np.zeros(3), np.array([0.0, 8.0, 0.0])
COS_ZENITH = 0.6
# aerosol depth, SSA, asymmetry parameter, albedo, cloud
THIN = (0.05, 0.9, 0.7, 0.1, NO_CLOUD)
OVERCAST = (0.5, 0.9, 0.7, 0.2, CLOUD)
BLACK_GROUND = (0.5, 0.9, 0.6, 0.0, NO_CLOUD)
OTHERS = {
    "thick": (1.0, 0.8, 0.65, 0.3, NO_CLOUD),
    "scatters all": (0.5, 1.0, 0.7, 0.2, NO_CLOUD),
    "bright ground": (0.5, 0.85, 0.7, 0.9, NO_CLOUD),
    "scatters nothing": (0.5, 0.0, 0.6, 0.2, NO_CLOUD),
    "overcast, bright, thick": (1.0, 0.9, 0.7, 0.8, CLOUD),
}
STEPS = {BY_LOG_AOD: 0.05, BY_SSA: 0.02, BY_ASYMMETRY: 0.02, BY_ALBEDO: 0.02}


@njit(error_model="numpy")  # not kept on disk: a stale one would test code of the past
def trace(medium, table, cos_zenith, albedo, roulette, seed, net, sums):
    """Derivatives of each replicate, (replicate, side, derivative)."""
    point, scores = np.zeros(NET_DIMENSIONS), np.zeros(SCORES)
    scene, surface = Scene(medium, None, table), Surface(albedo, albedo)
    shifts = np.zeros(NET_DIMENSIONS, np.uint32)
    for replicate in range(sums.shape[0]):
        replicate_key = child_key(seed, replicate)
        fill_shifts(replicate_key, shifts)
        for sample in range(net.shape[0]):
            shift_point(net, sample, shifts, point)
            key = child_key(replicate_key, sample)
            own = sums[replicate]
            difference_path(scene, cos_zenith, 1.0, surface, roulette, key, point, scores, own)
        sums[replicate] /= net.shape[0]


def medium_of(depth, ssa, asymmetry, cloud):
    clear, medium = np.zeros((2, 4, MEDIUM_COLUMNS))
    fill_medium(clear, GAS, AIR, depth * SHARES, np.full(3, ssa), np.full(3, asymmetry))
    ones = np.ones(3)
    add_cloud(clear, cloud, ones, CLOUD_SSA * ones, CLOUD_ASYMMETRY * ones, medium)
    return medium


def derivatives(case, *, log2_samples, seed=3, table=None):
    """Estimates of each replicate, (replicate, side, derivative)."""
    depth, ssa, asymmetry, albedo, cloud = case
    medium, albedo = medium_of(depth, ssa, asymmetry, cloud), max(albedo, 1e-9)
    table = adjoint_of(medium, albedo) if table is None else table
    sums = np.zeros((REPLICATES, *GRADIENT_SHAPE))
    net = sobol_net(log2_samples)
    trace(medium, table, COS_ZENITH, albedo, ROULETTE, np.uint64(seed), net, sums)
    return sums


def change(depth, ssa, asymmetry, albedo, cloud):
    """Change by the aerosol of the flux up at the top and the net flux down at the surface."""

    def fluxes(depth):
        up, down, _ = disort_fluxes(
            absorption=GAS + depth * (1.0 - ssa) * SHARES + cloud * (1.0 - CLOUD_SSA),
            rayleigh=AIR,
            scattering=[
                (depth * ssa * SHARES, np.full(3, asymmetry)),
                (cloud * CLOUD_SSA, np.full(3, CLOUD_ASYMMETRY)),
            ],
            surface_albedo=albedo,
            cos_zenith=COS_ZENITH,
            streams=32,
        )
        return np.array([up, (1.0 - albedo) * down])

    return fluxes(depth) - fluxes(0.0)


def moved(case, column, by):
    depth, ssa, asymmetry, albedo, cloud = case
    if column == BY_LOG_AOD:
        return depth * np.exp(by), ssa, asymmetry, albedo, cloud
    if column == BY_SSA:
        return depth, ssa + by, asymmetry, albedo, cloud
    if column == BY_ASYMMETRY:
        return depth, ssa, asymmetry + by, albedo, cloud
    return depth, ssa, asymmetry, albedo + by, cloud


def differences(case, column):
    """First and second derivative, by differences of fourth order, one-sided where needed."""
    step = STEPS[column]
    value = {BY_SSA: case[1], BY_ALBEDO: case[3]}.get(column, 0.5)
    if 2 * step <= value <= 1.0 - 2 * step:
        f = {k: change(*moved(case, column, k * step)) for k in (-2, -1, 0, 1, 2)}
        first = (f[-2] - 8 * f[-1] + 8 * f[1] - f[2]) / (12 * step)
        second = (-f[-2] + 16 * f[-1] - 30 * f[0] + 16 * f[1] - f[2]) / (12 * step**2)
        return first, second
    side = step if value < 2 * step else -step
    f = [change(*moved(case, column, k * side)) for k in range(5)]
    first = (-25 * f[0] + 48 * f[1] - 36 * f[2] + 16 * f[3] - 3 * f[4]) / (12 * side)
    second = (35 * f[0] - 104 * f[1] + 114 * f[2] - 56 * f[3] + 11 * f[4]) / (12 * side**2)
    return first, second


def assert_derivatives(case, *, log2_samples, table=None, part=0.01):
    """Compare all derivatives with those of exact fluxes, known to a `part` of their size."""
    found = derivatives(case, log2_samples=log2_samples, table=table)
    mean, stderr = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(REPLICATES)
    t = []
    for column in STEPS:
        first, second = differences(case, column)
        assert (stderr[:, column] <= max(part * np.abs(first).max(), 1e-5)).all(), (column, stderr)
        t.append(t_values(mean[:, column], stderr[:, column], first, truth_error=2e-5))
        # the second derivative of an aerosol that scatters nothing needs photons it scatters twice
        if column == BY_LOG_AOD or (column == BY_SSA and case[1] > 0.0):
            i = SQUARED[column]
            t.append(t_values(mean[:, i], stderr[:, i], second, truth_error=5e-4))
    assert_unbiased(np.concatenate(t))


@pytest.mark.parametrize("case", [THIN, OVERCAST, BLACK_GROUND], ids=["thin", "overcast", "black"])
def test_derivatives_are_those_of_exact_fluxes(case):
    assert_derivatives(case, log2_samples=13)


@pytest.mark.slow
@pytest.mark.parametrize("case", OTHERS.values(), ids=OTHERS)
def test_derivatives_are_those_of_exact_fluxes_in_other_cases(case):
    assert_derivatives(case, log2_samples=15)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_wrong_table_leaves_the_derivatives_right(seed):
    wrong = np.random.default_rng(seed).uniform(-1.0, 1.0, (4, ADJOINT_COLUMNS))
    assert_derivatives(OVERCAST, log2_samples=13, table=wrong, part=0.1)


def test_slopes_are_those_of_the_phase_function_and_of_the_mean_step():
    g, step = np.linspace(-0.9, 0.9, 7)[:, None], 1e-5
    drawn_with = np.linspace(0.0, 1.0, 11)
    cosine = np.array([[henyey_greenstein(x, u) for u in drawn_with] for x in g[:, 0]])

    def log_phase(g):
        return np.log(1.0 - g**2) - 1.5 * np.log(1.0 + g**2 - 2.0 * g * cosine)

    expected = (log_phase(g + step) - log_phase(g - step)) / (2.0 * step)
    found = [[slope(x, u) for u in drawn_with] for x in g[:, 0]]
    assert np.array(found) == pytest.approx(expected, rel=1e-7, abs=1e-9)
    for x in (-0.6, 0.3, 0.8):
        rise = mean_step(0.4, x + step, False) - mean_step(0.4, x - step, False)
        assert rising(0.4, x) == pytest.approx(rise / (2.0 * step), rel=1e-7)


@njit
def slope(asymmetry, u):
    return log_phase_slope(asymmetry, u)


@njit
def rising(mu, asymmetry):
    return mean_step_slope(mu, asymmetry)
