"""Single events of a photon: where a leg ends, with what it collides, where it goes from there.

The derivation of the paths that are made of them is that of paths.py.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core.compiled import compiled, uncounted
from aeroforcing.optics.phase_functions import BandPhase, draw_cosine, mean_step_of
from aeroforcing.transport import adjoint, medium
from aeroforcing.transport.medium import at, depth_at, depth_of, depth_to_boundary, find_depth

# What a photon scores, as parts of the flux that it stands for.
TOA_UP, SURFACE_DOWN, SURFACE_DIRECT, SURFACE_UP = range(4)
SCORES = 4

AIR_PARTNER, CLOUD_PARTNER, AEROSOL_PARTNER, SURFACE_PARTNER = range(4)


class Scene(NamedTuple):
    """What a photon travels through, at one wavelength and under one sky."""

    medium: NDArray[np.float64]  # (level, 10) of medium.py
    phase: BandPhase | None  # of the aerosol; None: Henyey and Greenstein's throughout
    adjoint: NDArray[np.float64] | None  # (level, 8) of adjoint.py, where there are controls


class Side(NamedTuple):
    """Which columns of the medium and of the adjoint table hold for a photon."""

    scattering: int
    absorption: int
    adjoint: int


CLEAN = Side(medium.CLEAN_SCATTERING, medium.CLEAN_ABSORPTION, adjoint.CLEAN_SIDE)
FULL = Side(medium.FULL_SCATTERING, medium.FULL_ABSORPTION, adjoint.FULL_SIDE)
SHADED = Side(medium.CLEAN_SCATTERING, medium.SHADED_ABSORPTION, adjoint.CLEAN_SIDE)


class Leg(NamedTuple):
    """A straight way from a place to the boundary of the medium."""

    layer: int
    fraction: float
    mu: float
    scattering: float  # depth to the boundary
    escape: float  # part of the photon's weight that gets there


class End(NamedTuple):
    """Where a leg ends: with a collision, or at the surface."""

    factor: float  # of the weight; 0 if neither is possible
    collides: bool
    layer: int
    fraction: float


class Turn(NamedTuple):
    """A new direction, and what made it."""

    partner: int
    asymmetry: float  # of the partner
    mu: float  # before
    new_mu: float
    u: float  # the number that drew it


class Halves(NamedTuple):
    """(U + D) / 2 and (U - D) / 2 of adjoint.py, for the top and for the surface."""

    toa: float
    toa_half: float
    surface: float
    surface_half: float


class Hit(NamedTuple):
    """The aerosol where it intercepts a photon, and what it is expected to make of it."""

    ssa: float
    asymmetry: float
    expected: Halves  # with aerosol
    step_mean: float  # after the scattering


class Surface(NamedTuple):
    """Albedos of the surface, for the leg that sets out and for all later ones.

    The sun's beam may see another one than scattered light.
    """

    beam: float
    diffuse: float


class Scored(NamedTuple):
    """What a path has scored so far."""

    toa: float  # up at the top
    arrived: float  # at the surface
    net: float  # of that, what is not reflected


NOTHING_SCORED = Scored(0.0, 0.0, 0.0)

# Reflections are drawn with at least this albedo, and weigh as much less: what a surface does is
# then known, and how it changes with the albedo, where the surface is black too.
LEAST_ALBEDO = 0.05

# A direction this close to the horizon is as good as horizontal, and can be divided by.
_SMALLEST_COSINE = 1e-9

# Of sin(pi x) / x by powers of x^2: up to x = 1/2 the first that is left out is below 1e-17.
_SINE_SERIES = tuple(
    (-1) ** k * math.pi ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(11)
)


@uncounted
def with_score(own, toa, arrived, albedo):
    """More scores, at the top and at the surface."""
    return Scored(own.toa + toa, own.arrived + arrived, own.net + (1.0 - albedo) * arrived)


@uncounted
def with_end_of_leg(own, mu, score, albedo):
    """A score more at the end of a leg: at the top, or at the surface."""
    if mu > 0.0:
        return Scored(own.toa + score, own.arrived, own.net)
    return Scored(own.toa, own.arrived + score, own.net + (1.0 - albedo) * score)


@compiled
def henyey_greenstein(asymmetry, u):
    """Cosine of the scattering angle (Henyey and Greenstein 1941, doi:10.1086/144246)."""
    if abs(asymmetry) < 1e-4:
        # first order in g: the closed form below loses its digits here
        cosine = 2.0 * u - 1.0
        return cosine + 1.5 * asymmetry * (1.0 - cosine * cosine)
    g2 = asymmetry * asymmetry
    ratio = (1.0 - g2) / (1.0 - asymmetry + 2.0 * asymmetry * u)
    return (1.0 + g2 - ratio * ratio) / (2.0 * asymmetry)


@compiled
def away_from_horizon(mu):
    """The direction, moved off the horizontal by a hair if it is on it."""
    if abs(mu) < _SMALLEST_COSINE:
        return math.copysign(_SMALLEST_COSINE, mu)
    return mu


@compiled
def cosine_of_half_turn(u):
    """cos(pi u) for u from 0 to 1: the sine of pi x, x = 1/2 - u, by its Taylor series."""
    x = 0.5 - u
    x2 = x * x
    total = _SINE_SERIES[-1]
    for coefficient in _SINE_SERIES[-2::-1]:
        total = total * x2 + coefficient
    return x * total


@compiled
def turn(mu, cosine, u_azimuth):
    """New mu after scattering by an angle of given cosine, at a uniform azimuth."""
    sine_product = math.sqrt(max(0.0, (1.0 - mu * mu) * (1.0 - cosine * cosine)))
    new = mu * cosine + sine_product * cosine_of_half_turn(u_azimuth)
    return away_from_horizon(min(max(new, -1.0), 1.0))


@compiled
def rayleigh_weight(mu, new_mu):
    """Azimuth mean of the Rayleigh phase function, chi_2 = 1/10 and no other moment."""
    return 0.375 * ((3.0 - mu * mu) + (3.0 * mu * mu - 1.0) * new_mu * new_mu)


@compiled
def pick_partner(scene, side, layer, u):
    """What the photon collides with, by the shares of air, cloud and aerosol.

    Returns the partner and u, stretched to the partner's share: still uniform.
    """
    air = depth_of(scene.medium, medium.RAYLEIGH, layer)
    clean = depth_of(scene.medium, medium.CLEAN_SCATTERING, layer)
    total = depth_of(scene.medium, side.scattering, layer)
    x = u * total
    if x < air:
        return AIR_PARTNER, x / air
    if x < clean:
        return CLOUD_PARTNER, (x - air) / (clean - air)
    return AEROSOL_PARTNER, medium.fraction_within(x - clean, total - clean)


@compiled
def asymmetry_of(scene, partner, layer):
    """Asymmetry parameter of the partner of a collision; air has none."""
    if partner == CLOUD_PARTNER:
        return at(scene.medium, layer, medium.CLOUD_ASYMMETRY)
    if partner == AEROSOL_PARTNER:
        return at(scene.medium, layer, medium.AEROSOL_ASYMMETRY)
    return 0.0


@compiled
def scattering_cosine(partner, asymmetry, phase, layer, u):
    """Cosine of the scattering angle: by the aerosol's phase function, or Henyey-Greenstein's.

    `phase` is the `BandPhase` of the aerosol, or None.
    """
    if phase is None:
        return henyey_greenstein(asymmetry, u)
    row = phase.row[layer]
    if partner != AEROSOL_PARTNER or row < 0:
        return henyey_greenstein(asymmetry, u)
    return draw_cosine(phase.rows, row, u)


@compiled
def mean_step_after(partner, asymmetry, phase, layer, mu):
    """Mean of `adjoint.step` over the directions after a collision; `phase` as above."""
    linear = partner == CLOUD_PARTNER
    if phase is None:
        return adjoint.mean_step(mu, asymmetry, linear)
    row = phase.row[layer]
    if partner != AEROSOL_PARTNER or row < 0:
        return adjoint.mean_step(mu, asymmetry, linear)
    return mean_step_of(phase.rows, row, mu)


@compiled
def new_direction(partner, asymmetry, phase, layer, mu, u, u_azimuth):
    """Direction after a collision, and the factor of the weight."""
    if partner == AIR_PARTNER:
        new_mu = away_from_horizon(2.0 * u - 1.0)
        return new_mu, rayleigh_weight(mu, new_mu)
    return turn(mu, scattering_cosine(partner, asymmetry, phase, layer, u), u_azimuth), 1.0


@compiled
def after_roulette(weight, threshold, u):
    """Weight after roulette; 0 if the photon ends."""
    if abs(weight) >= threshold:
        return weight
    if u * threshold < abs(weight):
        return math.copysign(threshold, weight)
    return 0.0


@compiled
def reflected_share(albedo):
    """Albedo over that with which reflections are drawn: below 1 at dark surfaces alone."""
    return albedo / max(albedo, LEAST_ALBEDO)


@compiled
def leg_from(scene, side, layer, fraction, mu):
    """The leg from a place into a direction."""
    s = depth_to_boundary(scene.medium, side.scattering, layer, fraction, mu)
    q = depth_to_boundary(scene.medium, side.absorption, layer, fraction, mu)
    return Leg(layer, fraction, mu, s, math.exp(-(s + q)))


@compiled
def next_event(scene, side, leg, albedo, u):
    """The `End` of a leg: the forced choice between a collision and a reflection at the surface."""
    # Not expm1 and log1p, which take twice as long: the digits lost are those of legs so thin that
    # next to nothing collides there.
    collision = 1.0 - math.exp(-leg.scattering)
    z = collision
    if leg.mu < 0.0:
        z += max(albedo, LEAST_ALBEDO) * leg.escape
    if u * z >= collision:
        return End(z * reflected_share(albedo), False, scene.medium.shape[0] - 2, 1.0)
    travelled = -math.log(1.0 - u * z)
    depth = depth_at(scene.medium, side.scattering, leg.layer, leg.fraction) - travelled * leg.mu
    absorbed = depth_at(scene.medium, side.absorption, leg.layer, leg.fraction)
    layer, fraction = find_depth(scene.medium, side.scattering, depth)
    absorbed = (depth_at(scene.medium, side.absorption, layer, fraction) - absorbed) / leg.mu
    return End(z * math.exp(-abs(absorbed)), True, layer, fraction)


@compiled
def halves(scene, side, layer, fraction):
    """The `Halves` at a place."""
    up = depth_at(scene.adjoint, side.adjoint + adjoint.UP_TOA, layer, fraction)
    down = depth_at(scene.adjoint, side.adjoint + adjoint.DOWN_TOA, layer, fraction)
    up_surface = depth_at(scene.adjoint, side.adjoint + adjoint.UP_SURFACE, layer, fraction)
    down_surface = depth_at(scene.adjoint, side.adjoint + adjoint.DOWN_SURFACE, layer, fraction)
    return Halves(
        0.5 * (up + down),
        0.5 * (up - down),
        0.5 * (up_surface + down_surface),
        0.5 * (up_surface - down_surface),
    )


@compiled
def expected_scores(expected, step):
    """What a photon of weight 1 with a direction of this (mean) step will score at both ends."""
    return (
        expected.toa + step * expected.toa_half,
        expected.surface + step * expected.surface_half,
    )


@compiled
def aerosol_ssa(scene, layer):
    """Single scattering albedo of the aerosol in a layer."""
    absorption = depth_of(scene.medium, medium.FULL_ABSORPTION, layer)
    absorption -= depth_of(scene.medium, medium.CLEAN_ABSORPTION, layer)
    return 1.0 - medium.fraction_within(absorption, depth_of(scene.medium, medium.AEROSOL, layer))


@compiled
def clean_depth_at(scene, layer, fraction):
    """Scattering and absorption depth above a place, without aerosol."""
    scattering = depth_at(scene.medium, medium.CLEAN_SCATTERING, layer, fraction)
    return scattering + depth_at(scene.medium, medium.CLEAN_ABSORPTION, layer, fraction)
