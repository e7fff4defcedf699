"""Single events of a photon: where a leg ends, with what it collides, where it goes from there.

The derivation of the paths that are made of them is that of paths.py.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from aeroforcing.core.compiled import compiled, uncounted
from aeroforcing.optics.phase_functions import draw_cosine, mean_step_of
from aeroforcing.transport.adjoint import DOWN_SURFACE, DOWN_TOA, UP_SURFACE, UP_TOA, mean_step
from aeroforcing.transport.medium import (
    AEROSOL,
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    CLOUD_ASYMMETRY,
    FULL_ABSORPTION,
    RAYLEIGH,
    at,
    depth_at,
    find_depth,
    fraction_within,
)

# What a photon scores, as parts of the flux that it stands for.
TOA_UP, SURFACE_DOWN, SURFACE_DIRECT, SURFACE_UP = range(4)
SCORES = 4

AIR_PARTNER, CLOUD_PARTNER, AEROSOL_PARTNER, SURFACE_PARTNER = range(4)


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
def pick_partner(medium, scattering, layer, u):
    """What the photon collides with, by the shares of air, cloud and aerosol.

    Returns the partner and u, stretched to the partner's share: still uniform.
    """
    air = at(medium, layer + 1, RAYLEIGH) - at(medium, layer, RAYLEIGH)
    clean = at(medium, layer + 1, CLEAN_SCATTERING) - at(medium, layer, CLEAN_SCATTERING)
    total = at(medium, layer + 1, scattering) - at(medium, layer, scattering)
    x = u * total
    if x < air:
        return AIR_PARTNER, x / air
    if x < clean:
        return CLOUD_PARTNER, (x - air) / (clean - air)
    return AEROSOL_PARTNER, fraction_within(x - clean, total - clean)


@compiled
def asymmetry_of(medium, partner, layer):
    """Asymmetry parameter of the partner of a collision; air has none."""
    if partner == CLOUD_PARTNER:
        return at(medium, layer, CLOUD_ASYMMETRY)
    if partner == AEROSOL_PARTNER:
        return at(medium, layer, AEROSOL_ASYMMETRY)
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
        return mean_step(mu, asymmetry, linear)
    row = phase.row[layer]
    if partner != AEROSOL_PARTNER or row < 0:
        return mean_step(mu, asymmetry, linear)
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
def next_event(medium, scattering, absorption, layer, fraction, mu, s, escape, albedo, u):
    """The forced choice between a collision on the leg and a reflection at the surface.

    `escape` is the part of the weight that reaches the end of the leg. Returns the weight factor
    (0: neither is possible), whether it is a collision, and its place.
    """
    # Not expm1 and log1p, which take twice as long: the digits lost are those of legs so thin that
    # next to nothing collides there.
    collision = 1.0 - math.exp(-s)
    z = collision
    if mu < 0.0:
        z += max(albedo, LEAST_ALBEDO) * escape
    if u * z >= collision:
        return z * reflected_share(albedo), False, medium.shape[0] - 2, 1.0
    travelled = -math.log(1.0 - u * z)
    depth = depth_at(medium, scattering, layer, fraction) - travelled * mu
    absorbed = depth_at(medium, absorption, layer, fraction)
    layer, fraction = find_depth(medium, scattering, depth)
    absorbed = abs((depth_at(medium, absorption, layer, fraction) - absorbed) / mu)
    return z * math.exp(-absorbed), True, layer, fraction


@compiled
def halves(adjoint, side, layer, fraction):
    """(U + D) / 2 and (U - D) / 2 at a place, for the top and for the surface."""
    up = depth_at(adjoint, side + UP_TOA, layer, fraction)
    down = depth_at(adjoint, side + DOWN_TOA, layer, fraction)
    up_surface = depth_at(adjoint, side + UP_SURFACE, layer, fraction)
    down_surface = depth_at(adjoint, side + DOWN_SURFACE, layer, fraction)
    return (
        0.5 * (up + down),
        0.5 * (up - down),
        0.5 * (up_surface + down_surface),
        0.5 * (up_surface - down_surface),
    )


@compiled
def aerosol_ssa(medium, layer):
    """Single scattering albedo of the aerosol in a layer."""
    extinction = at(medium, layer + 1, AEROSOL) - at(medium, layer, AEROSOL)
    absorption = at(medium, layer + 1, FULL_ABSORPTION) - at(medium, layer, FULL_ABSORPTION)
    absorption -= at(medium, layer + 1, CLEAN_ABSORPTION) - at(medium, layer, CLEAN_ABSORPTION)
    return 1.0 - fraction_within(absorption, extinction)
