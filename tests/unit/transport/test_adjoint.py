"""The two-stream adjoint: layers, the table of a column, and the polynomial of a direction."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.transport.adjoint import (
    ADJOINT_COLUMNS,
    ADJOINT_SCRATCH,
    CLEAN_SIDE,
    DOWN_SURFACE,
    DOWN_TOA,
    FULL_SIDE,
    UP_SURFACE,
    UP_TOA,
    fill_adjoint,
    fill_cloudy_adjoint,
    layer_two_stream,
    mean_step,
    step,
)
from aeroforcing.transport.medium import MEDIUM_COLUMNS, add_cloud, fill_medium

QUICK = settings(deadline=None, max_examples=40)  # the first example may compile

DEPTHS = st.floats(1e-3, 20.0)
SSAS = st.floats(0.0, 1.0)
ASYMMETRIES = st.floats(0.0, 0.95)


def layer(tau, ssa, g):
    return layer_two_stream(tau, tau * ssa, g * tau * ssa)


# ---- one layer ----------------------------------------------------------------------------------


def test_an_empty_layer_lets_all_light_through():
    assert layer(0.0, 1.0, 0.5) == pytest.approx((0.0, 1.0), abs=2e-6)


@QUICK
@given(DEPTHS)
def test_without_scattering_the_diffusivity_is_two(tau):
    assert layer(tau, 0.0, 0.0) == pytest.approx((0.0, np.exp(-2.0 * tau)), abs=1e-12)


@QUICK
@given(DEPTHS, ASYMMETRIES)
def test_a_conservative_layer_loses_nothing(tau, g):
    """Its reflectance is b / (1 + b) with b = 3/4 (1 - g) tau."""
    b = 0.75 * (1.0 - g) * tau
    r, t = layer(tau, 1.0, g)
    assert r + t == pytest.approx(1.0, abs=1e-5)
    assert r == pytest.approx(b / (1.0 + b), abs=1e-5)


@QUICK
@given(DEPTHS, SSAS, ASYMMETRIES)
def test_reflectance_and_transmittance_are_shares(tau, ssa, g):
    r, t = layer(tau, ssa, g)
    assert r >= 0.0
    assert t >= 0.0
    assert r + t <= 1.0 + 1e-9


@QUICK
@given(DEPTHS, SSAS, ASYMMETRIES)
def test_two_halves_add_up_to_the_whole(tau, ssa, g):
    r, t = layer(0.5 * tau, ssa, g)
    bounces = 1.0 / (1.0 - r * r)
    whole = (r + t * t * r * bounces, t * t * bounces)
    assert layer(tau, ssa, g) == pytest.approx(whole, rel=1e-5, abs=2e-6)


# ---- the table of a column ----------------------------------------------------------------------


def medium_of(*, gas, air, extinction, ssa, asymmetry, cloud):
    levels = len(gas) + 1
    clear = np.zeros((levels, MEDIUM_COLUMNS))
    fill_medium(clear, gas, air, extinction, ssa, asymmetry)
    cloudy = np.zeros((levels, MEDIUM_COLUMNS))
    ones = np.ones(len(gas))
    add_cloud(clear, cloud, ones, 0.999 * ones, 0.86 * ones, cloudy)
    return cloudy


def random_layers(seed, *, absorbing=True):
    rng = np.random.default_rng(seed)
    n = 6
    return {
        "gas": rng.random(n) * 0.2 * absorbing,
        "air": rng.random(n) * 0.1,
        "extinction": rng.random(n) * 0.5,
        "ssa": rng.uniform(0.5, 1.0, n) if absorbing else np.ones(n),
        "asymmetry": rng.uniform(0.0, 0.8, n),
        "cloud": np.where(np.arange(n) == 3, 5.0, 0.0) * absorbing,
    }


def table_of(medium, albedo):
    table = np.zeros((len(medium), ADJOINT_COLUMNS))
    fill_adjoint(medium, albedo, table, np.zeros((len(medium), ADJOINT_SCRATCH)))
    return table


def layer_properties(layers, *, with_aerosol):
    """Reflectance and transmittance of every layer, from the optical depths themselves."""
    aerosol = layers["extinction"] * with_aerosol
    cloud = 0.999 * layers["cloud"]
    scattering = layers["air"] + aerosol * layers["ssa"] + cloud
    extinction = layers["gas"] + layers["air"] + aerosol + layers["cloud"]
    forward = layers["asymmetry"] * aerosol * layers["ssa"] + 0.86 * cloud
    pairs = [layer_two_stream(*x) for x in zip(extinction, scattering, forward, strict=True)]
    return np.array(pairs).T


def brute_force(reflectance, transmittance, albedo):
    """U and D for both scores, from the linear equations of a photon that hops between levels.

    Light going up at a level meets the layer above, light going down the layer below: it turns
    with the reflectance and goes on with the transmittance. What is unknown is what it will score.
    """
    last = len(reflectance)
    up, down = np.arange(last + 1), np.arange(last + 1, 2 * last + 2)
    matrix, scores = np.eye(2 * last + 2), np.zeros((2 * last + 2, 2))
    scores[up[0], 0] = 1.0  # leaves at the top
    scores[down[last], 1] = 1.0  # arrives at the surface
    matrix[down[last], up[last]] -= albedo
    for i, (r, t) in enumerate(zip(reflectance, transmittance, strict=True)):
        matrix[down[i], up[i]] -= r
        matrix[down[i], down[i + 1]] -= t
        matrix[up[i + 1], down[i + 1]] -= r
        matrix[up[i + 1], up[i]] -= t
    solution = np.linalg.solve(matrix, scores)
    return {
        UP_TOA: solution[up, 0],
        DOWN_TOA: solution[down, 0],
        UP_SURFACE: solution[up, 1],
        DOWN_SURFACE: solution[down, 1],
    }


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("albedo", [0.0, 0.3, 1.0])
def test_table_solves_the_two_stream_equations(seed, albedo):
    layers = random_layers(seed)
    table = table_of(medium_of(**layers), albedo)
    for side, with_aerosol in ((CLEAN_SIDE, 0.0), (FULL_SIDE, 1.0)):
        expected = brute_force(*layer_properties(layers, with_aerosol=with_aerosol), albedo)
        for column, values in expected.items():
            assert table[:, side + column] == pytest.approx(values, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("albedo", [0.0, 0.3, 0.9])
def test_where_nothing_absorbs_all_light_ends_at_the_top_or_in_the_surface(albedo):
    table = table_of(medium_of(**random_layers(1, absorbing=False)), albedo)
    for side in (CLEAN_SIDE, FULL_SIDE):
        for toa, surface in ((UP_TOA, UP_SURFACE), (DOWN_TOA, DOWN_SURFACE)):
            kept = table[:, side + toa] + (1.0 - albedo) * table[:, side + surface]
            assert kept == pytest.approx(np.ones(len(kept)), abs=1e-4)


def test_layers_without_cloud_may_come_from_the_clear_sky():
    layers = random_layers(7)
    clear = medium_of(**layers | {"cloud": np.zeros(6)})
    kept = np.zeros((len(clear), ADJOINT_SCRATCH))
    fill_adjoint(clear, 0.3, np.zeros((len(clear), ADJOINT_COLUMNS)), kept)
    cloudy = medium_of(**layers)
    table, scratch = np.zeros((len(clear), ADJOINT_COLUMNS)), np.zeros_like(kept)
    fill_cloudy_adjoint(cloudy, layers["cloud"], kept, 0.3, table, scratch)
    assert table == pytest.approx(table_of(cloudy, 0.3), rel=1e-12)
    assert abs(table - table_of(clear, 0.3)).max() > 0.01


def test_without_aerosol_both_sides_are_equal():
    layers = random_layers(2) | {"extinction": np.zeros(6)}
    table = table_of(medium_of(**layers), 0.2)
    assert np.array_equal(table[:, :4], table[:, 4:])


# ---- the value of a direction -------------------------------------------------------------------


@cache
def quadrature():
    nodes, weights = np.polynomial.legendre.leggauss(100)
    return nodes, 0.5 * weights


def hg_mean_of_step(mu, g, linear):
    """Mean of step over Henyey-Greenstein scattering: phase function x step, over the sphere."""
    cosines, weights = quadrature()
    phase = (1.0 - g * g) / (1.0 + g * g - 2.0 * g * cosines) ** 1.5
    azimuths = np.pi * (np.arange(64) + 0.5) / 64.0
    sines = np.sqrt((1.0 - mu * mu) * (1.0 - cosines * cosines))
    total = 0.0
    for azimuth in azimuths:
        directions = mu * cosines + sines * np.cos(azimuth)
        values = np.array([step(m, linear) for m in directions])
        total += (weights * phase * values).sum()
    return total / len(azimuths)


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("g", [-0.3, 0.5, 0.86])
@pytest.mark.parametrize("mu", [-1.0, -0.35, 0.02, 0.7])
def test_mean_step_is_the_mean_over_scattering(mu, g, linear):
    assert mean_step(mu, g, linear) == pytest.approx(hg_mean_of_step(mu, g, linear), abs=1e-9)


@QUICK
@given(st.floats(-1.0, 1.0))
def test_after_scattering_by_air_no_direction_is_preferred(mu):
    """Rayleigh's phase function is even, step is odd: its mean is zero."""
    assert mean_step(mu, 0.0, False) == 0.0


@QUICK
@given(st.floats(-1.0, 1.0), st.booleans())
def test_step_is_odd(mu, linear):
    assert step(-mu, linear) == -step(mu, linear)


def test_step_is_the_expansion_of_the_sign():
    """Its Legendre coefficients up to the fifth are those of the sign of mu."""
    nodes, weights = np.polynomial.legendre.leggauss(200)  # an even number: none at 0
    values = np.array([step(mu, False) for mu in nodes])
    for degree in range(6):
        polynomial = np.polynomial.legendre.Legendre.basis(degree)(nodes)
        found, sign = ((weights * x * polynomial).sum() for x in (values, np.sign(nodes)))
        assert found == pytest.approx(sign, abs=1e-4)
