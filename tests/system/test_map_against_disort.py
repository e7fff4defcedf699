"""Columns of the built-in map against discrete ordinates, in clear sky and in every cloud state.

Rationale. Tables and random stacks need not look like the columns that maps are made of: thirty
layers, strong gas lines, aerosol above, in and below cloud, water and snow. Here the columns are
drawn from the built-in map itself, with a month, a cell, a cloud state (or none), a g-point as the
solver draws it, and a sun. The estimator under test is that of the maps, with the roulette of their
clear sky and their shared adjoint tables; its pair of fluxes is compared with that of a solution by
discrete ordinates with 64 streams.

Expected. t-values within the limits for their number, squares that sum up to those of noise, and a
mean deviation, over all cases, that is no more than noise.

    python -m pytest -m slow tests/system/test_map_against_disort.py        40 cases
    PYTHONPATH=tests python tests/system/test_map_against_disort.py 504 11
                                      any number of cases and of samples (log2), with a table
"""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from helpers.disort_solution import TRUTH_ERROR, disort_fluxes
from helpers.montecarlo_checks import assert_scatter_as_reported, assert_unbiased, t_values
from helpers.path_driver import CHANGE, REPLICATES, trace
from numba import njit

from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.maps.cells import ColumnMaker, cells_of
from aeroforcing.optics.clouds import CLOUD_TYPES
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.transport.column_optics import (
    adjoint_table,
    clouds_of,
    draw,
    fill_albedos,
    fill_optics,
    make_optics,
    make_room,
)
from aeroforcing.transport.events import SCORES, SURFACE_DOWN, TOA_UP
from aeroforcing.transport.medium import (
    AEROSOL,
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    CLOUD_ASYMMETRY,
    FULL_ABSORPTION,
    FULL_SCATTERING,
    MEDIUM_COLUMNS,
    RAYLEIGH,
    add_cloud,
    medium_at,
)
from aeroforcing.transport.paths import Roulette
from aeroforcing.transport.random_numbers import sobol_net

pytestmark = pytest.mark.slow


@njit(error_model="numpy")
def solve_case(table, columns, cell, state, u_g, mu, net, seed, scores, medium):
    """Estimates for one column, cloud state (-1: none) and g-point; the medium goes to `medium`.

    Returns the albedo, the same for the sun's beam and for scattered light.
    """
    n_layers = columns.temperature_layers.shape[1]
    n_states, n_bands = columns.cloud_fraction.shape[1], columns.albedo_diffuse.shape[1]
    optics, room = make_optics(n_layers, table.g_band.size, n_states, n_bands), make_room(n_layers)
    fill_optics(table, columns, cell, mu, optics)
    fill_albedos(columns, cell, optics.albedo_diffuse, optics.albedo_direct)
    g, _ = draw(optics.cumulative_change, u_g)
    band, clear = table.g_band[g], medium_at(optics.media, g)
    medium[:] = clear
    if state < 0:
        adjoint = adjoint_table(table.g_band, g, 0, None, optics, room)
    else:
        clouds = clouds_of(columns, cell)
        adjoint = adjoint_table(table.g_band, g, state + 1, clouds, optics, room)
        extinction, ssa = clouds.extinction[state, band], clouds.ssa[state, band]
        asymmetry = clouds.asymmetry[state, band]
        add_cloud(clear, clouds.depth[state], extinction, ssa, asymmetry, medium)
    albedo = optics.albedo_diffuse[band]
    power = -math.expm1(-medium[n_layers, AEROSOL] / mu)
    roulette = Roulette(0.3 * power, 0.3 * power, power)
    trace(medium, None, adjoint, CHANGE, mu, albedo, roulette, seed, net, scores)
    return albedo


def columns_of_the_map(count, seed):
    """The gas table and the columns of as many random cells."""
    table = load_gas_table("g112")
    cells = cells_of(builtin_inputs("T42", months=range(1, 13)))
    area = np.cos(np.radians(cells.lat[cells.lat_index]))
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(cells.size, count, replace=False, p=area / area.sum()))
    maker = ColumnMaker(cells, table=table, solar_constant=1361.0, delta_scale_clouds=False)
    return table, maker.columns(chosen)[0]


def layers_of(medium, column):
    return np.diff(medium[:, column])


def exact_change(medium, *, mu, albedo):
    """Change by the aerosol of the flux up at the top and down at the surface."""
    with_aerosol, without = (
        exact_fluxes(medium, mu=mu, albedo=albedo, with_aerosol=w) for w in (True, False)
    )
    return with_aerosol - without


def exact_fluxes(medium, *, mu, albedo, with_aerosol):
    air = layers_of(medium, RAYLEIGH)
    clean = layers_of(medium, CLEAN_SCATTERING)
    aerosol = layers_of(medium, FULL_SCATTERING) - clean
    return disort_fluxes(
        absorption=layers_of(medium, FULL_ABSORPTION if with_aerosol else CLEAN_ABSORPTION),
        rayleigh=air,
        scattering=[
            (np.maximum(aerosol, 0.0) * with_aerosol, medium[:-1, AEROSOL_ASYMMETRY]),
            (np.maximum(clean - air, 0.0), medium[:-1, CLOUD_ASYMMETRY]),
        ],
        surface_albedo=albedo,
        cos_zenith=mu,
    )[:2]


def compare(count, seed, *, log2_samples):
    """Found change, its error and the truth, (case, flux), and the cloud state of each case."""
    table, columns = columns_of_the_map(count, seed)
    rng = np.random.default_rng(seed + 1)
    net = sobol_net(log2_samples)
    found, error, truth = (np.zeros((count, 2)) for _ in range(3))
    states = np.arange(count) % (len(CLOUD_TYPES) + 1) - 1
    for case, state in enumerate(states):
        mu, u_g = rng.uniform(0.05, 1.0), rng.random()
        scores = np.zeros((REPLICATES, SCORES))
        medium = np.zeros((columns.temperature_layers.shape[1] + 1, MEDIUM_COLUMNS))
        albedo = solve_case(
            table, columns, case, state, u_g, mu, net, np.uint64(seed + case), scores, medium
        )
        estimates = scores[:, [TOA_UP, SURFACE_DOWN]]
        found[case] = estimates.mean(axis=0)
        error[case] = estimates.std(axis=0, ddof=1) / np.sqrt(REPLICATES)
        truth[case] = exact_change(medium, mu=mu, albedo=albedo)
    return found, error, truth, states


def check(found, error, truth):
    t = t_values(found, error, truth, truth_error=TRUTH_ERROR).reshape(found.shape)
    assert_unbiased(t)
    for flux in range(2):
        assert_scatter_as_reported(t[:, flux])
    mean_error = np.sqrt((error**2 + TRUTH_ERROR**2).sum(axis=0)) / len(found)
    assert_unbiased((found - truth).mean(axis=0) / mean_error)


def test_columns_of_the_map():
    found, error, truth, _ = compare(40, seed=5, log2_samples=10)
    check(found, error, truth)


def main():
    """Compare as many cases as are asked for, and tell the mean deviations."""
    found, error, truth, states = compare(int(sys.argv[1]), seed=77, log2_samples=int(sys.argv[2]))
    size = np.abs(truth).mean(axis=0)
    for state in range(-1, len(CLOUD_TYPES)):
        own = states == state
        name = "clear" if state < 0 else CLOUD_TYPES[state].name
        bias = (found - truth)[own].mean(axis=0) / size
        stderr = np.sqrt((error[own] ** 2).sum(axis=0)) / own.sum() / size
        print(f"{name:18} {own.sum():4} cases, deviation over the mean size of all:", end="")
        print("".join(f" {b:+.4%} +- {s:.4%}" for b, s in zip(bias, stderr, strict=True)))
    t = t_values(found, error, truth, truth_error=TRUTH_ERROR)
    print(f"rms of {t.size} t-values {np.sqrt((t**2).mean()):.3f}, largest {np.abs(t).max():.2f}")
    check(found, error, truth)


if __name__ == "__main__":
    main()
