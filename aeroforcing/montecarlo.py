r"""Photon paths: what one photon contributes to the fluxes and to their change by the aerosol.

The atmosphere is plane-parallel; only the cosine :math:`\mu` of a photon's direction (positive
upward) and its place in the medium (medium.py) matter.

**Forced collisions.** A photon of weight w sets out along a leg that has the scattering depth s
and the absorption depth q to the boundary (both divided by :math:`|\mu|`). Instead of letting
it escape by chance, its expected escape :math:`w e^{-(s+q)}` is scored, and what remains goes on
to *one* of two events: a collision on the leg, of probability :math:`P = 1 - e^{-s}`, or (going
down) a reflection at the surface of albedo A, of weight :math:`Q = A e^{-(s+q)}`. One random
number u decides: with z = P + Q, a collision if uz < P, at the scattering depth
:math:`t = -\ln(1 - uz)`, which has the density :math:`e^{-t}/z` on (0, s); the surface
otherwise. The weight becomes :math:`w z e^{-q'}` after a collision, q' being the absorption
depth up to it, and w z after a reflection. Both expectations are right:
:math:`z \cdot P/z = P` and :math:`z \cdot Q/z = Q`.

**The difference estimator.** The forcing is a small difference of two large fluxes, so the
difference itself is sampled. Let a *clean* photon travel, and let the aerosol be virtual to it:
a leg with the aerosol depth a intercepts the part :math:`1 - e^{-a}` of its weight.

- The *common chain* carries the weight w that was not intercepted so far; it is common to the
  atmospheres with and without aerosol. The difference of its direct escape along a leg is
  exactly :math:`w e^{-(s+q)} (e^{-a} - 1)`, which is scored.
- The intercepted part has its first aerosol event at a depth drawn from the truncated
  exponential in the aerosol's depth, and weighs :math:`w (1-e^{-a}) e^{-(s'+q')}` there. With
  aerosol it is scattered (weight times the single scattering albedo, new directions by
  Henyey-Greenstein) and goes on through the atmosphere *with* aerosol: the **plus** tails, two of
  half the weight each, opposite in azimuth and half a period apart in polar angle. Without
  aerosol it goes straight on through the *clean* atmosphere and counts with the opposite sign: the
  **minus** tail. The escape of the minus tail along its first leg is part of the chain's score
  above, so it is not scored again. All tails use the same random numbers.
- The chain then goes on to a clean collision or to the surface as above, attenuated by the
  aerosol too (its event weights are :math:`e^{-a'}` smaller), and all begins anew.

Sum over all legs of the chain: everything that a photon with aerosol does and a clean one does
not, and nothing else. Without aerosol the result is exactly zero, and for a thin aerosol its
scatter shrinks in proportion to the aerosol.

**Roulette.** A weight below a threshold t survives with probability |w|/t and then weighs t,
which changes no expectation.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from aeroforcing.adjoint import (
    CLEAN_SIDE,
    DOWN_SURFACE,
    DOWN_TOA,
    FULL_SIDE,
    UP_SURFACE,
    UP_TOA,
    mean_step,
    step,
)
from aeroforcing.jit import inner, kernel
from aeroforcing.medium import (
    AEROSOL,
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    CLOUD_ASYMMETRY,
    FULL_ABSORPTION,
    FULL_SCATTERING,
    RAYLEIGH,
    SHADED_ABSORPTION,
    depth_at,
    depth_to_boundary,
    find_depth,
    fraction_within,
)
from aeroforcing.sampling import (
    AEROSOL_POSITION,
    ANGLE,
    AZIMUTH,
    CHAIN_ANGLE,
    CHAIN_CHOICE,
    CHOICE,
    PAIR,
    POLAR,
    POLAR_ANGLE,
    POSITION,
    ROULETTE,
    SLOTS,
    SPIN,
    TAIL_ANGLE,
    TAIL_CHOICE,
    TURN,
    child_key,
    uniform,
)

AIR_PARTNER, CLOUD_PARTNER, AEROSOL_PARTNER, SURFACE_PARTNER = range(4)

# What a photon scores, as parts of the flux that it stands for.
TOA_UP, SURFACE_DOWN, SURFACE_DIRECT, SURFACE_UP = range(4)
SCORES = 4

# Typed, so that numba does not compile the kernels once more for a layer that is always 0.
TOP_LAYER = np.int64(0)

# A direction this close to the horizon is as good as horizontal, and can be divided by.
_SMALLEST_COSINE = 1e-9


class Roulette(NamedTuple):
    """Weights below which photons play roulette."""

    tail: float
    pair: float
    chain: float


@kernel
def henyey_greenstein(asymmetry, u):
    """Cosine of the scattering angle (Henyey and Greenstein 1941, doi:10.1086/144246)."""
    if abs(asymmetry) < 1e-4:
        # first order in g: the closed form below loses its digits here
        cosine = 2.0 * u - 1.0
        return cosine + 1.5 * asymmetry * (1.0 - cosine * cosine)
    g2 = asymmetry * asymmetry
    ratio = (1.0 - g2) / (1.0 - asymmetry + 2.0 * asymmetry * u)
    return (1.0 + g2 - ratio * ratio) / (2.0 * asymmetry)


@kernel
def away_from_horizon(mu):
    """The direction, moved off the horizontal by a hair if it is on it."""
    if abs(mu) < _SMALLEST_COSINE:
        return math.copysign(_SMALLEST_COSINE, mu)
    return mu


@kernel
def turn(mu, cosine, u_azimuth):
    """New mu after scattering by an angle of given cosine, at a uniform azimuth."""
    sine_product = math.sqrt(max(0.0, (1.0 - mu * mu) * (1.0 - cosine * cosine)))
    new = mu * cosine + sine_product * math.cos(math.pi * u_azimuth)
    return away_from_horizon(min(max(new, -1.0), 1.0))


@kernel
def rayleigh_weight(mu, new_mu):
    """Azimuth mean of the Rayleigh phase function, chi_2 = 1/10 and no other moment."""
    return 0.375 * ((3.0 - mu * mu) + (3.0 * mu * mu - 1.0) * new_mu * new_mu)


@kernel
def pick_partner(medium, scattering, layer, u):
    """What the photon collides with, by the shares of air, cloud and aerosol.

    Returns the partner and u, stretched to the partner's share: still uniform.
    """
    air = medium[layer + 1, RAYLEIGH] - medium[layer, RAYLEIGH]
    clean = medium[layer + 1, CLEAN_SCATTERING] - medium[layer, CLEAN_SCATTERING]
    total = medium[layer + 1, scattering] - medium[layer, scattering]
    x = u * total
    if x < air:
        return AIR_PARTNER, x / air
    if x < clean:
        return CLOUD_PARTNER, (x - air) / (clean - air)
    return AEROSOL_PARTNER, fraction_within(x - clean, total - clean)


@kernel
def asymmetry_of(medium, partner, layer):
    """Asymmetry parameter of the partner of a collision; air has none."""
    if partner == CLOUD_PARTNER:
        return medium[layer, CLOUD_ASYMMETRY]
    if partner == AEROSOL_PARTNER:
        return medium[layer, AEROSOL_ASYMMETRY]
    return 0.0


@kernel
def new_direction(partner, asymmetry, mu, u, u_azimuth):
    """Direction after a collision, and the factor of the weight."""
    if partner == AIR_PARTNER:
        new_mu = away_from_horizon(2.0 * u - 1.0)
        return new_mu, rayleigh_weight(mu, new_mu)
    return turn(mu, henyey_greenstein(asymmetry, u), u_azimuth), 1.0


@kernel
def after_roulette(weight, threshold, u):
    """Weight after roulette; 0 if the photon ends."""
    if abs(weight) >= threshold:
        return weight
    if u * threshold < abs(weight):
        return math.copysign(threshold, weight)
    return 0.0


@kernel
def next_event(medium, scattering, absorption, layer, fraction, mu, s, escape, albedo, u):
    """The forced choice between a collision on the leg and a reflection at the surface.

    `escape` is the part of the weight that reaches the end of the leg. Returns the weight factor
    (0: neither is possible), whether it is a collision, and its place.
    """
    collision = -math.expm1(-s)
    z = collision
    if mu < 0.0:
        z += albedo * escape
    if u * z >= collision:
        return z, False, medium.shape[0] - 2, 1.0
    travelled = -math.log1p(-u * z)
    depth = depth_at(medium, scattering, layer, fraction) - travelled * mu
    absorbed = depth_at(medium, absorption, layer, fraction)
    layer, fraction = find_depth(medium, scattering, depth)
    absorbed = abs((depth_at(medium, absorption, layer, fraction) - absorbed) / mu)
    return z * math.exp(-absorbed), True, layer, fraction


@kernel
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


@inner
def follow(
    medium, adjoint, with_aerosol, layer, fraction, mu, weight, s, escape, first_albedo, albedo,
    threshold, key, u_choice, u_angle,
):  # fmt: skip
    """Follow a photon to its end by forced collisions; returns (TOA up, diffuse surface down).

    The first leg has the scattering depth s to the boundary, and the caller has scored the part
    `escape` that gets there; `first_albedo` is the albedo where that leg meets the surface (the
    sun's beam may see another one than scattered light). `u_choice` and `u_angle` are the random
    numbers of the first event; the others come from `key`.
    """
    scattering, absorption, side = CLEAN_SCATTERING, CLEAN_ABSORPTION, CLEAN_SIDE
    if with_aerosol:
        scattering, absorption, side = FULL_SCATTERING, FULL_ABSORPTION, FULL_SIDE
    leg_albedo = first_albedo
    toa_up = 0.0
    surface_down = 0.0
    counter = 0
    while True:
        factor, collides, layer, fraction = next_event(
            medium, scattering, absorption, layer, fraction, mu, s, escape, leg_albedo, u_choice
        )
        weight *= factor
        partner, asymmetry, step_mean = SURFACE_PARTNER, 0.0, 1.0
        if collides:
            partner, u_angle = pick_partner(medium, scattering, layer, u_angle)
            asymmetry = asymmetry_of(medium, partner, layer)
            step_mean = mean_step(mu, asymmetry, partner == CLOUD_PARTNER)
        mean, half, mean_surface, half_surface = halves(adjoint, side, layer, fraction)
        old = weight
        weight = after_roulette(old, threshold, uniform(key, counter + ROULETTE))
        if weight != old:
            toa_up += (old - weight) * (mean + step_mean * half)
            surface_down += (old - weight) * (mean_surface + step_mean * half_surface)
        if weight == 0.0:
            return toa_up, surface_down
        if collides:
            u_azimuth = uniform(key, counter + TURN)
            mu, factor = new_direction(partner, asymmetry, mu, u_angle, u_azimuth)
            lean = step_mean - factor * step(mu, partner == CLOUD_PARTNER)
            toa_up += weight * ((1.0 - factor) * mean + lean * half)
            surface_down += weight * ((1.0 - factor) * mean_surface + lean * half_surface)
            weight *= factor
        else:
            mu = math.sqrt(u_angle)  # Lambert's cosine law
        s = depth_to_boundary(medium, scattering, layer, fraction, mu)
        escape = math.exp(-(s + depth_to_boundary(medium, absorption, layer, fraction, mu)))
        if mu > 0.0:
            toa_up += weight * escape
        else:
            surface_down += weight * escape
        leg_albedo = albedo
        counter += SLOTS
        u_choice = uniform(key, counter + CHOICE)
        u_angle = uniform(key, counter + ANGLE)


@inner
def add_score(scores, mu, albedo, beam, score):
    """Add the escape of one leg: upward to the top, or downward to the surface and partly back."""
    if mu > 0.0:
        scores[TOA_UP] += score
        return
    scores[SURFACE_DOWN] += score
    scores[SURFACE_UP] += albedo * score
    if beam:
        scores[SURFACE_DIRECT] += score


@inner
def add_tail(scores, albedo, toa_up, surface_down):
    """Add what a tail scored: it meets the surface as scattered light."""
    scores[TOA_UP] += toa_up
    scores[SURFACE_DOWN] += surface_down
    scores[SURFACE_UP] += albedo * surface_down


@kernel
def whole_path(
    medium, adjoint, with_aerosol, cos_zenith, weight, beam_albedo, albedo, threshold, key, net,
    scores,
):  # fmt: skip
    """Add the fluxes of one photon from the sun to `scores`; `net` holds its net coordinates."""
    top, mu = TOP_LAYER, -cos_zenith
    scattering, absorption = CLEAN_SCATTERING, CLEAN_ABSORPTION
    if with_aerosol:
        scattering, absorption = FULL_SCATTERING, FULL_ABSORPTION
    s = depth_to_boundary(medium, scattering, top, 0.0, mu)
    escape = math.exp(-(s + depth_to_boundary(medium, absorption, top, 0.0, mu)))
    add_score(scores, mu, beam_albedo, True, weight * escape)
    toa_up, surface_down = follow(
        medium, adjoint, with_aerosol, top, 0.0, mu, weight, s, escape, beam_albedo, albedo,
        threshold, key, net[TAIL_CHOICE], net[TAIL_ANGLE],
    )  # fmt: skip
    add_tail(scores, albedo, toa_up, surface_down)


@inner
def plus_tail(
    medium, adjoint, layer, fraction, mu, weight, albedo, threshold, key, u_polar, u_azimuth, u,
    scores,
):  # fmt: skip
    """A photon of `weight` that the aerosol scatters, with all that follows."""
    asymmetry = medium[layer, AEROSOL_ASYMMETRY]
    new_mu = turn(mu, henyey_greenstein(asymmetry, u_polar), u_azimuth)
    lean = weight * (mean_step(mu, asymmetry, False) - step(new_mu, False))
    _, half, _, half_surface = halves(adjoint, FULL_SIDE, layer, fraction)
    add_tail(scores, albedo, lean * half, lean * half_surface)
    s = depth_to_boundary(medium, FULL_SCATTERING, layer, fraction, new_mu)
    escape = math.exp(-(s + depth_to_boundary(medium, FULL_ABSORPTION, layer, fraction, new_mu)))
    add_score(scores, new_mu, albedo, False, weight * escape)
    toa_up, surface_down = follow(
        medium, adjoint, True, layer, fraction, new_mu, weight, s, escape, albedo, albedo,
        threshold, key, u[2], u[3],
    )  # fmt: skip
    add_tail(scores, albedo, toa_up, surface_down)


@inner
def aerosol_event(
    medium, adjoint, layer, fraction, mu, weight, scattered, s, escape, leg_albedo, albedo,
    threshold, key, u, scores,
):  # fmt: skip
    """The minus tail and the two plus tails that start where the aerosol intercepts `weight`.

    The straight way on has the clean scattering depth s, and `escape` is what gets to its end. u
    holds polar angle and azimuth of the scattering, and choice and angle of the tails' first
    event.
    """
    toa_up, surface_down = follow(
        medium, adjoint, False, layer, fraction, mu, -weight, s, escape, leg_albedo, albedo,
        threshold, key, u[2], u[3],
    )  # fmt: skip
    add_tail(scores, albedo, toa_up, surface_down)
    if scattered == 0.0:
        return
    u_polar, u_azimuth = u[0], u[1]
    for _ in range(2):
        plus_tail(
            medium, adjoint, layer, fraction, mu, 0.5 * scattered, albedo, threshold, key,
            u_polar, u_azimuth, u, scores,
        )  # fmt: skip
        u_polar = u_polar + 0.5 if u_polar < 0.5 else u_polar - 0.5
        u_azimuth = 1.0 - u_azimuth


@inner
def pair_control(adjoint, asymmetry, layer, fraction, mu, ssa, escape):
    """What a pair of tails of weight 1 is expected to score, for the top and for the surface.

    The plus tail has been scattered; the minus tail goes straight on, and its `escape` along the
    first leg was scored before.
    """
    lean = mean_step(mu, asymmetry, False)
    plus, plus_half, plus_surface, plus_half_surface = halves(adjoint, FULL_SIDE, layer, fraction)
    minus, minus_half, minus_surface, minus_half_surface = halves(
        adjoint, CLEAN_SIDE, layer, fraction
    )
    straight = 1.0 if mu > 0.0 else -1.0
    toa = ssa * (plus + lean * plus_half) - (minus + straight * minus_half)
    surface = ssa * (plus_surface + lean * plus_half_surface)
    surface -= minus_surface + straight * minus_half_surface
    if mu > 0.0:
        return toa + escape, surface
    return toa, surface + escape


@kernel
def aerosol_ssa(medium, layer):
    """Single scattering albedo of the aerosol in a layer."""
    extinction = medium[layer + 1, AEROSOL] - medium[layer, AEROSOL]
    absorption = medium[layer + 1, FULL_ABSORPTION] - medium[layer, FULL_ABSORPTION]
    absorption -= medium[layer + 1, CLEAN_ABSORPTION] - medium[layer, CLEAN_ABSORPTION]
    return 1.0 - fraction_within(absorption, extinction)


@inner
def intercept(
    medium, adjoint, layer, fraction, mu, weight, s, q, intercepted, leg_albedo, albedo, roulette,
    key, u_position, u, scores,
):  # fmt: skip
    """The aerosol's first event on a leg of depths s and q: forced, then tails from there.

    `intercepted` is the part of the weight that the aerosol of the leg intercepts.
    """
    travelled = -math.log1p(-u_position * intercepted)
    depth = depth_at(medium, AEROSOL, layer, fraction) - travelled * mu
    clean = depth_at(medium, CLEAN_SCATTERING, layer, fraction)
    clean += depth_at(medium, CLEAN_ABSORPTION, layer, fraction)
    layer, fraction = find_depth(medium, AEROSOL, depth)
    there = depth_at(medium, CLEAN_SCATTERING, layer, fraction)
    there += depth_at(medium, CLEAN_ABSORPTION, layer, fraction)
    passed = abs((there - clean) / mu)
    old = weight * intercepted * math.exp(-passed)
    weight = after_roulette(old, roulette.pair, uniform(key, PAIR))
    ssa = aerosol_ssa(medium, layer)
    escape = math.exp(min(0.0, passed - s - q))
    if weight != old:
        toa, surface = pair_control(
            adjoint, medium[layer, AEROSOL_ASYMMETRY], layer, fraction, mu, ssa, escape
        )
        add_tail(scores, albedo, (old - weight) * toa, (old - weight) * surface)
    if weight != 0.0:
        s = depth_to_boundary(medium, CLEAN_SCATTERING, layer, fraction, mu)
        aerosol_event(
            medium, adjoint, layer, fraction, mu, weight, ssa * weight, s, escape, leg_albedo,
            albedo, roulette.tail, key, u, scores,
        )  # fmt: skip


@inner
def event_numbers(key, counter, u):
    """The four numbers that an aerosol event and its tails' first event need."""
    u[0] = uniform(key, counter + POLAR)
    u[1] = uniform(key, counter + SPIN)
    u[2] = uniform(key, counter + CHOICE)
    u[3] = uniform(key, counter + ANGLE)


@inner
def chain_event(
    medium, adjoint, layer, fraction, mu, old, collides, albedo, threshold, key, counter, u_angle,
    scores,
):  # fmt: skip
    """Roulette and new direction of the chain; its expected score is the change of U and D.

    Returns the new weight, 0 if the chain ends, and the new direction.
    """
    partner, asymmetry, step_mean = SURFACE_PARTNER, 0.0, 1.0
    if collides:
        partner, u_angle = pick_partner(medium, CLEAN_SCATTERING, layer, u_angle)
        asymmetry = asymmetry_of(medium, partner, layer)
        step_mean = mean_step(mu, asymmetry, partner == CLOUD_PARTNER)
    full = halves(adjoint, FULL_SIDE, layer, fraction)
    clean = halves(adjoint, CLEAN_SIDE, layer, fraction)
    mean, half = full[0] - clean[0], full[1] - clean[1]
    mean_surface, half_surface = full[2] - clean[2], full[3] - clean[3]
    weight = after_roulette(old, threshold, uniform(key, counter + ROULETTE))
    if weight != old:
        toa = (old - weight) * (mean + step_mean * half)
        surface = (old - weight) * (mean_surface + step_mean * half_surface)
        add_tail(scores, albedo, toa, surface)
    if weight == 0.0:
        return 0.0, mu
    if not collides:
        return weight, math.sqrt(u_angle)  # Lambert's cosine law
    mu, factor = new_direction(partner, asymmetry, mu, u_angle, uniform(key, counter + TURN))
    lean = step_mean - factor * step(mu, partner == CLOUD_PARTNER)
    toa = weight * ((1.0 - factor) * mean + lean * half)
    surface = weight * ((1.0 - factor) * mean_surface + lean * half_surface)
    add_tail(scores, albedo, toa, surface)
    return weight * factor, mu


@kernel
def difference_path(
    medium, adjoint, cos_zenith, weight, beam_albedo, albedo, roulette, key, net, u, scores
):
    """Add to `scores` by how much the aerosol changes the fluxes, for one photon from the sun.

    `net` holds the photon's net coordinates; u is room for four numbers.
    """
    layer, fraction, mu, leg, leg_albedo = TOP_LAYER, 0.0, -cos_zenith, 0, beam_albedo
    u_position, u_choice, u_angle = net[AEROSOL_POSITION], net[CHAIN_CHOICE], net[CHAIN_ANGLE]
    u[0], u[1], u[2], u[3] = net[POLAR_ANGLE], net[AZIMUTH], net[TAIL_CHOICE], net[TAIL_ANGLE]
    while True:
        s = depth_to_boundary(medium, CLEAN_SCATTERING, layer, fraction, mu)
        q = depth_to_boundary(medium, CLEAN_ABSORPTION, layer, fraction, mu)
        a = depth_to_boundary(medium, AEROSOL, layer, fraction, mu)
        escape = math.exp(-(s + q))
        if a > 0.0:
            intercepted = -math.expm1(-a)
            add_score(scores, mu, leg_albedo, leg == 0, -weight * escape * intercepted)
            intercept(
                medium, adjoint, layer, fraction, mu, weight, s, q, intercepted, leg_albedo,
                albedo, roulette, child_key(key, leg), u_position, u, scores,
            )  # fmt: skip
            escape *= 1.0 - intercepted
        factor, collides, layer, fraction = next_event(
            medium, CLEAN_SCATTERING, SHADED_ABSORPTION, layer, fraction, mu, s, escape,
            leg_albedo, u_choice,
        )  # fmt: skip
        weight, mu = chain_event(
            medium, adjoint, layer, fraction, mu, weight * factor, collides, albedo,
            roulette.chain, key, SLOTS * leg, u_angle, scores,
        )  # fmt: skip
        if weight == 0.0:
            return
        leg_albedo = albedo
        leg += 1
        u_position = uniform(key, SLOTS * leg + POSITION)
        u_choice = uniform(key, SLOTS * leg + CHOICE)
        u_angle = uniform(key, SLOTS * leg + ANGLE)
        event_numbers(child_key(key, leg), 0, u)
