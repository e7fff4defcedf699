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
- The intercepted part has its first aerosol event at a depth drawn from the truncated exponential
  in the aerosol's depth, and weighs :math:`w (1-e^{-a}) e^{-(s'+q')}` there. With aerosol it is
  scattered (weight times the single scattering albedo, new directions by Henyey-Greenstein or by
  its own phase function) and goes on through the atmosphere *with* aerosol: the **plus** tails, two
  of half the weight each, opposite in azimuth and half a period apart in polar angle. Without
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

from aeroforcing.core.compiled import inlined, uncounted
from aeroforcing.transport.adjoint import CLEAN_SIDE, FULL_SIDE, step
from aeroforcing.transport.derivatives import (
    after_draw,
    after_leg,
    after_meeting,
    begin_history,
    intercepted_history,
    positive,
    record,
    record_escape,
    record_lost_pair,
    record_passage,
    scattered_history,
)
from aeroforcing.transport.events import (
    AEROSOL_PARTNER,
    CLOUD_PARTNER,
    NOTHING_SCORED,
    SURFACE_DIRECT,
    SURFACE_DOWN,
    SURFACE_PARTNER,
    SURFACE_UP,
    TOA_UP,
    aerosol_ssa,
    after_roulette,
    asymmetry_of,
    halves,
    mean_step_after,
    new_direction,
    next_event,
    pick_partner,
    reflected_share,
    scattering_cosine,
    turn,
    with_end_of_leg,
    with_score,
)
from aeroforcing.transport.medium import (
    AEROSOL,
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    FULL_ABSORPTION,
    FULL_SCATTERING,
    SHADED_ABSORPTION,
    at,
    depth_at,
    depth_to_boundary,
    find_depth,
)
from aeroforcing.transport.random_numbers import (
    AEROSOL_POSITION,
    ANGLE,
    AZIMUTH,
    CHAIN_ANGLE,
    CHAIN_CHOICE,
    CHOICE,
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
from aeroforcing.transport.random_numbers import PAIR as PAIR_SLOT

# Scattered photons are followed as if the SSA were at least this.
_LEAST_SSA = 0.05

# Typed, so that numba does not compile the paths once more for a layer that is always 0.
TOP_LAYER = np.int64(0)


class Roulette(NamedTuple):
    """Weights below which photons play roulette."""

    tail: float
    pair: float
    chain: float


@uncounted
def scaled_thresholds(thresholds, power):
    """Roulette thresholds for the power that the aerosol intercepts or that comes in."""
    return Roulette(thresholds.tail * power, thresholds.pair * power, thresholds.chain * power)


@inlined
def event(
    medium, phase, expected, scattering, layer, collides, mu, old, threshold, key, counter, u_angle
):
    """What happens at the end of a leg: roulette, then a new direction, each with its control.

    `expected` are the `halves` of the place. Returns the new weight (0 if the photon ends), the new
    direction, what the controls score for the top and for the surface, what the photon met there
    and the number that drew its direction.
    """
    partner, asymmetry, step_mean = SURFACE_PARTNER, 0.0, 1.0
    if collides:
        partner, u_angle = pick_partner(medium, scattering, layer, u_angle)
        asymmetry = asymmetry_of(medium, partner, layer)
        step_mean = mean_step_after(partner, asymmetry, phase, layer, mu)
    mean, half, mean_surface, half_surface = expected
    weight = after_roulette(old, threshold, uniform(key, counter + ROULETTE))
    toa = (old - weight) * (mean + step_mean * half)
    surface = (old - weight) * (mean_surface + step_mean * half_surface)
    new_mu, factor = math.sqrt(u_angle), 1.0  # Lambert's cosine law
    if collides and weight != 0.0:
        u_azimuth = uniform(key, counter + TURN)
        new_mu, factor = new_direction(partner, asymmetry, phase, layer, mu, u_angle, u_azimuth)
        lean = step_mean - factor * step(new_mu, partner == CLOUD_PARTNER)
        toa += weight * ((1.0 - factor) * mean + lean * half)
        surface += weight * ((1.0 - factor) * mean_surface + lean * half_surface)
    return weight * factor, new_mu, toa, surface, partner, u_angle


@uncounted
def follow(
    medium, phase, adjoint, with_aerosol, layer, fraction, mu, weight, s, escape, first_albedo,
    albedo, threshold, key, u_choice, u_angle, own, history, gradient,
):  # fmt: skip
    """Follow a photon to its end by forced collisions; returns `own` with all that it scored.

    The first leg has the scattering depth s to the boundary, and the caller has scored the part
    `escape` that gets there; `first_albedo` is the albedo where that leg meets the surface (the
    sun's beam may see another one than scattered light). `u_choice` and `u_angle` are the random
    numbers of the first event; the others come from `key`.
    """
    scattering, absorption, side = CLEAN_SCATTERING, CLEAN_ABSORPTION, CLEAN_SIDE
    if with_aerosol:
        scattering, absorption, side = FULL_SCATTERING, FULL_ABSORPTION, FULL_SIDE
    leg_albedo = first_albedo
    counter = 0
    while True:
        factor, collides, layer, fraction = next_event(
            medium, scattering, absorption, layer, fraction, mu, s, escape, leg_albedo, u_choice
        )
        if with_aerosol:
            history = after_leg(gradient, history, medium, layer, fraction, mu, own)
        if not collides:
            threshold *= reflected_share(leg_albedo)
        expected, old = halves(adjoint, side, layer, fraction), weight * factor
        weight, new_mu, toa, surface, partner, u_angle = event(
            medium, phase, expected, scattering, layer, collides, mu, old, threshold, key, counter,
            u_angle,
        )  # fmt: skip
        history = after_meeting(gradient, history, partner, leg_albedo, own)
        own = with_score(own, toa, surface, albedo)
        history = after_draw(
            gradient, history, partner, expected, mu, new_mu, at(medium, layer, AEROSOL_ASYMMETRY),
            u_angle, old, weight, albedo, own,
        )  # fmt: skip
        if weight == 0.0:
            record(gradient, history, own)
            return own
        mu = new_mu
        s = depth_to_boundary(medium, scattering, layer, fraction, mu)
        escape = math.exp(-(s + depth_to_boundary(medium, absorption, layer, fraction, mu)))
        own = with_end_of_leg(own, mu, weight * escape, albedo)
        if with_aerosol:
            record_escape(gradient, history, medium, mu, weight * escape, albedo)
        leg_albedo = albedo
        counter += SLOTS
        u_choice = uniform(key, counter + CHOICE)
        u_angle = uniform(key, counter + ANGLE)


@uncounted
def add_score(scores, mu, albedo, beam, score):
    """Add the escape of one leg: upward to the top, or downward to the surface and partly back."""
    if mu > 0.0:
        scores[TOA_UP] += score
        return
    scores[SURFACE_DOWN] += score
    scores[SURFACE_UP] += albedo * score
    if beam:
        scores[SURFACE_DIRECT] += score


@uncounted
def add_tail(scores, albedo, toa_up, surface_down):
    """Add what a tail scored: it meets the surface as scattered light."""
    scores[TOA_UP] += toa_up
    scores[SURFACE_DOWN] += surface_down
    scores[SURFACE_UP] += albedo * surface_down


@uncounted
def whole_path(
    medium, phase, adjoint, with_aerosol, cos_zenith, weight, beam_albedo, albedo, threshold, key,
    net, scores,
):  # fmt: skip
    """Add the fluxes of one photon from the sun to `scores`; `net` holds its net coordinates."""
    top, mu = TOP_LAYER, -cos_zenith
    scattering, absorption = CLEAN_SCATTERING, CLEAN_ABSORPTION
    if with_aerosol:
        scattering, absorption = FULL_SCATTERING, FULL_ABSORPTION
    s = depth_to_boundary(medium, scattering, top, 0.0, mu)
    escape = math.exp(-(s + depth_to_boundary(medium, absorption, top, 0.0, mu)))
    add_score(scores, mu, beam_albedo, True, weight * escape)
    own = follow(
        medium, phase, adjoint, with_aerosol, top, 0.0, mu, weight, s, escape, beam_albedo, albedo,
        threshold, key, net[TAIL_CHOICE], net[TAIL_ANGLE], NOTHING_SCORED, None, None,
    )  # fmt: skip
    add_tail(scores, albedo, own.toa, own.arrived)


@inlined
def plus_tail(
    medium, phase, adjoint, expected, step_mean, layer, fraction, mu, weight, albedo, threshold,
    key, u_polar, u_azimuth, u, scores, history, gradient,
):  # fmt: skip
    """A photon of `weight` that the aerosol scatters, with all that follows.

    `expected` are the `halves` of the place with aerosol, `step_mean` is the mean step after the
    scattering.
    """
    asymmetry = at(medium, layer, AEROSOL_ASYMMETRY)
    cosine = scattering_cosine(AEROSOL_PARTNER, asymmetry, phase, layer, u_polar)
    new_mu = turn(mu, cosine, u_azimuth)
    lean = weight * (step_mean - step(new_mu, False))
    own = with_score(NOTHING_SCORED, lean * expected[1], lean * expected[3], albedo)
    history = after_draw(
        gradient, history, AEROSOL_PARTNER, expected, mu, new_mu, asymmetry, u_polar, weight,
        weight, albedo, own,
    )  # fmt: skip
    s = depth_to_boundary(medium, FULL_SCATTERING, layer, fraction, new_mu)
    escape = math.exp(-(s + depth_to_boundary(medium, FULL_ABSORPTION, layer, fraction, new_mu)))
    own = with_end_of_leg(own, new_mu, weight * escape, albedo)
    record_escape(gradient, history, medium, new_mu, weight * escape, albedo)
    own = follow(
        medium, phase, adjoint, True, layer, fraction, new_mu, weight, s, escape, albedo, albedo,
        threshold, key, u[2], u[3], own, history, gradient,
    )  # fmt: skip
    add_tail(scores, albedo, own.toa, own.arrived)


@inlined
def aerosol_event(
    medium, phase, adjoint, expected, step_mean, layer, fraction, mu, weight, ssa, s, escape,
    leg_albedo, albedo, threshold, key, u, scores, history, gradient,
):  # fmt: skip
    """The minus tail and the two plus tails that start where the aerosol intercepts `weight`.

    `expected` and `step_mean` are as in `plus_tail`. The straight way on has the clean scattering
    depth s, and `escape` is what gets to its end. u holds polar angle and azimuth of the
    scattering, and choice and angle of the tails' first event.
    """
    own = follow(
        medium, phase, adjoint, False, layer, fraction, mu, -weight, s, escape, leg_albedo, albedo,
        threshold, key, u[2], u[3], NOTHING_SCORED, history, gradient,
    )  # fmt: skip
    add_tail(scores, albedo, own.toa, own.arrived)
    if ssa == 0.0:
        return
    u_polar, u_azimuth = u[0], u[1]
    threshold *= ssa / max(ssa, _LEAST_SSA)
    history = scattered_history(history, ssa)
    for _ in range(2):
        plus_tail(
            medium, phase, adjoint, expected, step_mean, layer, fraction, mu, 0.5 * ssa * weight,
            albedo, threshold, key, u_polar, u_azimuth, u, scores, history, gradient,
        )  # fmt: skip
        u_polar = u_polar + 0.5 if u_polar < 0.5 else u_polar - 0.5
        u_azimuth = 1.0 - u_azimuth


@uncounted
def pair_control(adjoint, expected, step_mean, layer, fraction, mu, ssa, escape):
    """What a pair of tails of weight 1 is expected to score, for the top and for the surface.

    The plus tail has been scattered; the minus tail goes straight on, and its `escape` along the
    first leg was scored before.
    """
    plus, plus_half, plus_surface, plus_half_surface = expected
    minus, minus_half, minus_surface, minus_half_surface = halves(
        adjoint, CLEAN_SIDE, layer, fraction
    )
    straight = 1.0 if mu > 0.0 else -1.0
    toa = ssa * (plus + step_mean * plus_half) - (minus + straight * minus_half)
    surface = ssa * (plus_surface + step_mean * plus_half_surface)
    surface -= minus_surface + straight * minus_half_surface
    if mu > 0.0:
        return toa + escape, surface
    return toa, surface + escape


@inlined
def intercept(
    medium, phase, adjoint, layer, fraction, mu, weight, s, q, intercepted, leg_albedo, albedo,
    roulette, key, u_position, u, scores, history, gradient,
):  # fmt: skip
    """The aerosol's first event on a leg of depths s and q: forced, then tails from there.

    `intercepted` is the part of the weight that the aerosol of the leg intercepts.
    """
    travelled = -math.log1p(-u_position * intercepted)
    depth = depth_at(medium, AEROSOL, layer, fraction) - travelled * mu
    history = intercepted_history(history, depth, travelled)
    clean = depth_at(medium, CLEAN_SCATTERING, layer, fraction)
    clean += depth_at(medium, CLEAN_ABSORPTION, layer, fraction)
    layer, fraction = find_depth(medium, AEROSOL, depth)
    there = depth_at(medium, CLEAN_SCATTERING, layer, fraction)
    there += depth_at(medium, CLEAN_ABSORPTION, layer, fraction)
    passed = abs((there - clean) / mu)
    old = weight * intercepted * math.exp(-passed)
    weight = after_roulette(old, roulette.pair, uniform(key, PAIR_SLOT))
    ssa = positive(history, aerosol_ssa(medium, layer))
    escape = math.exp(min(0.0, passed - s - q))
    asymmetry = at(medium, layer, AEROSOL_ASYMMETRY)
    expected = halves(adjoint, FULL_SIDE, layer, fraction)
    step_mean = mean_step_after(AEROSOL_PARTNER, asymmetry, phase, layer, mu)
    if weight != old:
        lost = old - weight
        toa, surface = pair_control(adjoint, expected, step_mean, layer, fraction, mu, ssa, escape)
        add_tail(scores, albedo, lost * toa, lost * surface)
        own = with_score(NOTHING_SCORED, lost * toa, lost * surface, albedo)
        record(gradient, history, own)
        record_lost_pair(gradient, expected, step_mean, mu, asymmetry, ssa, lost, albedo)
    if weight != 0.0:
        s = depth_to_boundary(medium, CLEAN_SCATTERING, layer, fraction, mu)
        aerosol_event(
            medium, phase, adjoint, expected, step_mean, layer, fraction, mu, weight, ssa, s,
            escape, leg_albedo, albedo, roulette.tail, key, u, scores, history, gradient,
        )  # fmt: skip


@uncounted
def event_numbers(key, counter, u):
    """The four numbers that an aerosol event and its tails' first event need."""
    u[0] = uniform(key, counter + POLAR)
    u[1] = uniform(key, counter + SPIN)
    u[2] = uniform(key, counter + CHOICE)
    u[3] = uniform(key, counter + ANGLE)


@uncounted
def change_of_halves(adjoint, layer, fraction):
    """What the chain is expected to score at a place: the change of U and D by the aerosol."""
    full = halves(adjoint, FULL_SIDE, layer, fraction)
    clean = halves(adjoint, CLEAN_SIDE, layer, fraction)
    return full[0] - clean[0], full[1] - clean[1], full[2] - clean[2], full[3] - clean[3]


@inlined
def difference_path(
    medium, phase, adjoint, cos_zenith, weight, beam_albedo, albedo, roulette, key, net, u, scores,
    gradient,
):  # fmt: skip
    """Add to `scores` by how much the aerosol changes the fluxes, for one photon from the sun.

    `net` holds the photon's net coordinates; u is room for four numbers. The derivatives of the
    scores are added to `gradient`, if that is not None. `phase` is the `BandPhase` of the
    aerosol, None for Henyey-Greenstein alone, which the derivatives are for.
    """
    history, own = begin_history(gradient), NOTHING_SCORED
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
            change = -weight * escape * intercepted
            add_score(scores, mu, leg_albedo, leg == 0, change)
            own = with_end_of_leg(own, mu, change, leg_albedo)
            record_passage(gradient, history, a, mu, weight * escape + change, leg_albedo)
            intercept(
                medium, phase, adjoint, layer, fraction, mu, weight, s, q, intercepted, leg_albedo,
                albedo, roulette, child_key(key, leg), u_position, u, scores, history, gradient,
            )  # fmt: skip
            escape *= 1.0 - intercepted
        factor, collides, layer, fraction = next_event(
            medium, CLEAN_SCATTERING, SHADED_ABSORPTION, layer, fraction, mu, s, escape,
            leg_albedo, u_choice,
        )  # fmt: skip
        history = after_leg(gradient, history, medium, layer, fraction, mu, own)
        if not collides:
            roulette = scaled_thresholds(roulette, reflected_share(leg_albedo))
        weight, mu, toa, surface, partner, _ = event(
            medium, phase, change_of_halves(adjoint, layer, fraction), CLEAN_SCATTERING, layer,
            collides, mu, weight * factor, roulette.chain, key, SLOTS * leg, u_angle,
        )  # fmt: skip
        history = after_meeting(gradient, history, partner, leg_albedo, own)
        own = with_score(own, toa, surface, albedo)
        add_tail(scores, albedo, toa, surface)
        if weight == 0.0:
            record(gradient, history, own)
            return
        leg_albedo = albedo
        leg += 1
        u_position = uniform(key, SLOTS * leg + POSITION)
        u_choice = uniform(key, SLOTS * leg + CHOICE)
        u_angle = uniform(key, SLOTS * leg + ANGLE)
        event_numbers(child_key(key, leg), 0, u)
