"""Photon paths: phase functions, single events, and the estimators as a whole."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from helpers.disort_solution import TRUTH_ERROR, disort_fluxes
from helpers.montecarlo_checks import assert_unbiased, t_values
from helpers.path_driver import CHANGE, CLEAN, REPLICATES, WITH_AEROSOL, adjoint_of, path_scores
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.transport import events
from aeroforcing.transport.adjoint import ADJOINT_COLUMNS
from aeroforcing.transport.events import (
    AEROSOL_PARTNER,
    AIR_PARTNER,
    CLOUD_PARTNER,
    FULL,
    SURFACE_DOWN,
    SURFACE_UP,
    TOA_UP,
    Leg,
    Scene,
    after_roulette,
    cosine_of_half_turn,
    henyey_greenstein,
    new_direction,
    next_event,
    pick_partner,
    rayleigh_weight,
    turn,
)
from aeroforcing.transport.medium import (
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    MEDIUM_COLUMNS,
    add_cloud,
    depth_at,
    depth_to_boundary,
    fill_medium,
)
from aeroforcing.transport.paths import Roulette

QUICK = settings(deadline=None, max_examples=40)  # the first example may compile

COSINES = st.floats(-1.0, 1.0)


def midpoints(n):
    """Of n equal parts of the unit interval."""
    return (np.arange(n) + 0.5) / n


POINTS = midpoints(2000)


@cache
def gauss():
    """Nodes and weights of 64 points on the unit interval."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    return 0.5 * (nodes + 1.0), 0.5 * weights


def legendre(degree, x):
    return np.polynomial.legendre.Legendre.basis(degree)(x)


# ---- directions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("g", [-0.9, -0.2, 0.0, 5e-5, 2e-4, 0.3, 0.7, 0.9])
def test_legendre_moments_of_henyey_greenstein_are_powers_of_g(g):
    u, weights = gauss()
    cosines = np.array([henyey_greenstein(g, x) for x in u])
    for degree in (1, 2, 3):
        moment = (weights * legendre(degree, cosines)).sum()
        assert moment == pytest.approx(g**degree, abs=1e-7)


@QUICK
@given(st.floats(-0.99, 0.99), st.floats(1e-9, 1.0 - 1e-9))
def test_scattering_angles_are_angles(g, u):
    assert -1.0 - 1e-9 <= henyey_greenstein(g, u) <= 1.0 + 1e-9


def test_the_cosine_of_an_azimuth_has_all_its_digits():
    u = np.concatenate([[0.0, 0.5, 1.0], np.random.default_rng(2).uniform(size=1000)])
    found = [cosine_of_half_turn(x) for x in u]
    np.testing.assert_allclose(found, np.cos(np.pi * u), rtol=0.0, atol=5e-16)


@QUICK
@given(COSINES, COSINES)
def test_turning_keeps_the_moments_of_the_angle(mu, cosine):
    """Over azimuth the mean of P_l of the new direction is P_l(mu) P_l(cosine)."""
    new = np.array([turn(mu, cosine, u) for u in midpoints(100)])
    for degree in (1, 2):
        expected = legendre(degree, mu) * legendre(degree, cosine)
        assert legendre(degree, new).mean() == pytest.approx(expected, abs=1e-7)


@QUICK
@given(COSINES, COSINES, st.floats(0.0, 1.0))
def test_no_direction_is_horizontal(mu, cosine, u):
    new = turn(mu, cosine, u)
    assert 1e-9 <= abs(new) <= 1.0


@QUICK
@given(COSINES)
def test_rayleigh_has_a_second_moment_of_a_tenth_and_no_other(mu):
    u, weights = gauss()
    new = 2.0 * u - 1.0
    phase = weights * rayleigh_weight(mu, new)
    for degree, moment in ((0, 1.0), (1, 0.0), (2, 0.1), (3, 0.0), (4, 0.0)):
        expected = moment * legendre(degree, mu)
        assert (phase * legendre(degree, new)).sum() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("mu", [-0.8, 0.3])
def test_new_directions_have_the_moments_of_their_partner(mu):
    """Factor of the weight included; the first and second moments."""
    u, weights = gauss()
    for partner, g, moments in (
        (AIR_PARTNER, 0.0, (1.0, 0.0, 0.1)),
        (CLOUD_PARTNER, 0.86, (1.0, 0.86, 0.86**2)),
        (AEROSOL_PARTNER, 0.6, (1.0, 0.6, 0.36)),
    ):
        drawn = np.array(
            [[new_direction(partner, g, None, 0, mu, x, y) for y in midpoints(100)] for x in u]
        )
        for degree, moment in enumerate(moments):
            values = (drawn[..., 1] * legendre(degree, drawn[..., 0])).mean(axis=1)
            expected = moment * legendre(degree, mu)
            assert (weights * values).sum() == pytest.approx(expected, abs=1e-4)


# ---- single events ------------------------------------------------------------------------------

LAYERS = {
    "gas": np.array([0.3, 0.0, 0.5]),
    "air": np.array([0.05, 0.2, 0.1]),
    "extinction": np.array([0.0, 0.3, 0.6]),
    "ssa": np.array([0.9, 0.6, 0.8]),
    "asymmetry": np.array([0.7, 0.6, 0.75]),
}
CLOUD_DEPTH, CLOUD_SSA, CLOUD_ASYMMETRY = np.array([0.0, 4.0, 0.0]), 0.99, 0.85


def medium_of(layers=LAYERS, cloud=None):
    medium = np.zeros((4, MEDIUM_COLUMNS))
    fill_medium(medium, *layers.values())
    if cloud is None:
        return medium
    ones, cloudy = np.ones(3), np.zeros((4, MEDIUM_COLUMNS))
    add_cloud(medium, cloud, ones, CLOUD_SSA * ones, CLOUD_ASYMMETRY * ones, cloudy)
    return cloudy


@QUICK
@given(st.floats(-2.0, 2.0), st.floats(1e-3, 1.0))
def test_roulette_keeps_the_mean(weight, threshold):
    ends = np.array([after_roulette(weight, threshold, u) for u in POINTS])
    assert ends.mean() == pytest.approx(weight, abs=threshold / POINTS.size)
    assert set(ends) <= {0.0, weight, threshold, -threshold}


def test_partners_are_met_by_their_shares():
    medium = medium_of(cloud=CLOUD_DEPTH)
    drawn = np.array([pick_partner(Scene(medium, None, None), FULL, 1, u) for u in POINTS])
    cloud = CLOUD_DEPTH[1] * CLOUD_SSA
    aerosol = LAYERS["extinction"][1] * LAYERS["ssa"][1]
    total = LAYERS["air"][1] + cloud + aerosol
    for partner, depth in (
        (AIR_PARTNER, LAYERS["air"][1]), (CLOUD_PARTNER, cloud), (AEROSOL_PARTNER, aerosol)
    ):  # fmt: skip
        mine = drawn[drawn[:, 0] == partner, 1]
        assert mine.size / POINTS.size == pytest.approx(depth / total, abs=1e-3)
        assert mine.min() == pytest.approx(0.0, abs=0.02)  # the number is stretched again
        assert mine.max() == pytest.approx(1.0, abs=0.02)


def expected_collisions(medium, layer, fraction, mu, weigh):
    """Integral over the leg of exp(-scattering - absorption) x weigh(depth), by a fine sum."""
    leg = depth_to_boundary(medium, CLEAN_SCATTERING, layer, fraction, mu)
    start = depth_at(medium, CLEAN_SCATTERING, layer, fraction)
    t = midpoints(20000) * leg
    depth = start - t * mu
    absorbed = np.interp(depth, medium[:, CLEAN_SCATTERING], medium[:, CLEAN_ABSORPTION])
    passed = np.abs(absorbed - depth_at(medium, CLEAN_ABSORPTION, layer, fraction)) / abs(mu)
    return (np.exp(-t - passed) * weigh(depth)).mean() * leg


@pytest.mark.parametrize("albedo", [0.0, 0.6])
@pytest.mark.parametrize(
    ("layer", "fraction", "mu"), [(0, 0.0, -0.5), (2, 0.3, 0.4), (1, 0.9, -1.0), (2, 1.0, 0.8)]
)
def test_a_forced_event_has_the_right_expectations(layer, fraction, mu, albedo):
    """Weights of collisions, their mean depth, and of reflections, over the random number."""
    medium = medium_of()
    s = depth_to_boundary(medium, CLEAN_SCATTERING, layer, fraction, mu)
    q = depth_to_boundary(medium, CLEAN_ABSORPTION, layer, fraction, mu)
    escape = np.exp(-s - q)
    scene, leg = Scene(medium, None, None), Leg(layer, fraction, mu, s, escape)
    collisions, moments, reflections = 0.0, 0.0, 0.0
    for u in midpoints(20000):
        weight, collides, at, share = next_event(scene, events.CLEAN, leg, albedo, u)
        if collides:
            collisions += weight
            moments += weight * depth_at(medium, CLEAN_SCATTERING, at, share)
        else:
            assert (at, share) == (2, 1.0)
            reflections += weight
    arrives = albedo * escape if mu < 0.0 else 0.0
    assert reflections / 20000 == pytest.approx(arrives, abs=1e-4)
    start = (medium, layer, fraction, mu)
    assert collisions / 20000 == pytest.approx(expected_collisions(*start, np.ones_like), abs=1e-4)
    assert moments / 20000 == pytest.approx(expected_collisions(*start, np.asarray), abs=1e-4)


# ---- whole paths --------------------------------------------------------------------------------

ALBEDO, COS_ZENITH = 0.3, 0.6
THRESHOLDS = Roulette(0.5, 0.7, 2.0)


def estimates(medium, table, kind, *, seed):
    """Scores of each replicate, (replicate, score)."""
    return path_scores(
        medium, table=table, kind=kind, albedo=ALBEDO, cos_zenith=COS_ZENITH, roulette=THRESHOLDS,
        log2_samples=11, seed=seed,
    )  # fmt: skip


def t_of(scores, truth):
    """t-values of the upward flux at the top and the downward one at the surface."""
    found = scores[:, [TOA_UP, SURFACE_DOWN]]
    stderr = found.std(axis=0, ddof=1) / np.sqrt(REPLICATES)
    return t_values(found.mean(axis=0), stderr, truth, truth_error=TRUTH_ERROR)


def exact(kind, *, layers=LAYERS, cloud=None):
    """Upward flux at the top and downward flux at the surface, or their change."""
    if kind == CHANGE:
        pair = (exact(k, layers=layers, cloud=cloud) for k in (WITH_AEROSOL, CLEAN))
        return np.subtract(*pair)
    aerosol = layers["extinction"] * (kind == WITH_AEROSOL)
    cloud = np.zeros(3) if cloud is None else cloud
    absorption = layers["gas"] + aerosol * (1.0 - layers["ssa"]) + cloud * (1.0 - CLOUD_SSA)
    return disort_fluxes(
        absorption=absorption,
        rayleigh=layers["air"],
        scattering=[
            (aerosol * layers["ssa"], layers["asymmetry"]),
            (cloud * CLOUD_SSA, np.full(3, CLOUD_ASYMMETRY)),
        ],
        surface_albedo=ALBEDO,
        cos_zenith=COS_ZENITH,
    )[:2]


THICK_AIR = LAYERS | {"air": 8.0 * LAYERS["air"], "gas": 0.2 * LAYERS["gas"]}
STACKS = {
    "clear": {},
    "in thick air": {"layers": THICK_AIR},
    "within cloud": {"cloud": CLOUD_DEPTH},
    "over thick cloud": {"cloud": np.array([0.0, 0.0, 20.0])},
    "below cloud": {"cloud": np.array([1.0, 0.0, 0.0])},
}


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_fluxes_with_and_without_aerosol_are_exact(stack):
    medium = medium_of(**stack)
    for kind in (CLEAN, WITH_AEROSOL):
        scores = estimates(medium, adjoint_of(medium, ALBEDO), kind, seed=1)
        assert_unbiased(t_of(scores, exact(kind, **stack)))


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_the_difference_is_that_of_the_exact_fluxes(stack):
    medium = medium_of(**stack)
    scores = estimates(medium, adjoint_of(medium, ALBEDO), CHANGE, seed=2)
    assert_unbiased(t_of(scores, exact(CHANGE, **stack)))
    reflected = ALBEDO * scores[:, SURFACE_DOWN]
    assert scores[:, SURFACE_UP] == pytest.approx(reflected, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_a_wrong_table_costs_noise_but_no_truth(seed):
    """Whatever the adjoint says, its corrections have zero mean."""
    medium = medium_of(cloud=CLOUD_DEPTH)
    wrong = np.random.default_rng(seed).uniform(-1.0, 1.0, (4, ADJOINT_COLUMNS))
    scores = estimates(medium, wrong, CHANGE, seed=10 + seed)
    right = estimates(medium, adjoint_of(medium, ALBEDO), CHANGE, seed=9)
    noisy, quiet = (x.std(axis=0) for x in (scores, right))
    assert (noisy[:2] > 1.5 * quiet[:2]).all()
    assert_unbiased(t_of(scores, exact(CHANGE, cloud=CLOUD_DEPTH)))
    fluxes = estimates(medium, wrong, WITH_AEROSOL, seed=20 + seed)
    assert_unbiased(t_of(fluxes, exact(WITH_AEROSOL, cloud=CLOUD_DEPTH)))


def column(aod, clouds=()):
    return af.Column(
        atmosphere=af.standard_atmosphere("us_standard"),
        aerosol=af.Aerosol(aod=aod, ssa=0.9, asymmetry=0.7, angstrom=1.0),
        surface_albedo=0.2,
        clouds=clouds,
    )


def test_no_aerosol_has_exactly_no_forcing():
    cloud = af.Cloud(base=1000.0, top=2000.0, optical_depth=8.0, fraction=0.5)
    found = af.column_fluxes(column(0.0, [cloud]), cos_zenith=0.5, photons=2**10)
    for name in ("forcing_toa", "forcing_atmosphere", "forcing_surface"):
        for suffix in ("", "_cs"):
            assert float(found[name + suffix]) == 0.0
            assert float(found[f"{name}{suffix}_stderr"]) == 0.0
    assert float(found["toa_up"]) == float(found["toa_up_clean"]) > 0.0


def test_noise_shrinks_with_the_aerosol():
    """The error of a thin aerosol's forcing is in proportion to its optical depth."""
    thick, thin = (
        float(af.column_fluxes(column(aod), cos_zenith=0.5, photons=2**12)["forcing_toa_stderr"])
        for aod in (1e-2, 1e-4)
    )
    assert thin == pytest.approx(thick / 100.0, rel=0.3)
