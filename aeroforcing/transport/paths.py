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
from numpy.typing import NDArray

from aeroforcing.core.compiled import inlined, uncounted
from aeroforcing.transport import derivatives, events, medium
from aeroforcing.transport.adjoint import step
from aeroforcing.transport.events import CLEAN, FULL, SHADED, Halves, Hit, Leg, Surface, Turn
from aeroforcing.transport.medium import at, depth_at, depth_to_boundary, find_depth
from aeroforcing.transport.random_numbers import (
    PAIR,
    ROULETTE,
    SLOTS,
    TURN,
    LegNumbers,
    event_numbers,
    first_event_numbers,
    first_leg_numbers,
    leg_numbers,
    uniform,
)

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


class Tally(NamedTuple):
    """Where a path writes what it scores, and what its derivatives need (derivatives.py)."""

    scores: NDArray[np.float64]
    history: derivatives.History | None
    gradient: NDArray[np.float64] | None


@inlined
def event(scene, side, end, mu, expected, old, threshold, numbers):
    """What happens at the end of a leg: roulette, then a new direction, each with its control.

    `expected` are the `Halves` of the place, `old` is the weight that gets there. Returns the new
    weight (0 if the photon ends), what the controls score for the top and for the surface, and the
    `Turn`.
    """
    partner, asymmetry, step_mean, u_angle = events.SURFACE_PARTNER, 0.0, 1.0, numbers.angle
    if end.collides:
        partner, u_angle = events.pick_partner(scene, side, end.layer, u_angle)
        asymmetry = events.asymmetry_of(scene, partner, end.layer)
        step_mean = events.mean_step_after(partner, asymmetry, scene.phase, end.layer, mu)
    u_roulette = uniform(numbers.key, numbers.counter + ROULETTE)
    weight = events.after_roulette(old, threshold, u_roulette)
    toa, surface = events.expected_scores(expected, step_mean)
    toa, surface = (old - weight) * toa, (old - weight) * surface
    new_mu, factor = math.sqrt(u_angle), 1.0  # Lambert's cosine law
    if end.collides and weight != 0.0:
        u_azimuth = uniform(numbers.key, numbers.counter + TURN)
        new_mu, factor = events.new_direction(
            partner, asymmetry, scene.phase, end.layer, mu, u_angle, u_azimuth
        )
        lean = step_mean - factor * step(new_mu, partner == events.CLOUD_PARTNER)
        toa += weight * ((1.0 - factor) * expected.toa + lean * expected.toa_half)
        surface += weight * ((1.0 - factor) * expected.surface + lean * expected.surface_half)
    return weight * factor, toa, surface, Turn(partner, asymmetry, mu, new_mu, u_angle)


@uncounted
def follow(scene, with_aerosol, leg, weight, surface, threshold, numbers, own, tally):
    """Follow a photon to its end by forced collisions; add all that it scored, with `own` before.

    The caller has scored what escapes along the first leg, whose event the `numbers` decide.
    """
    side = FULL if with_aerosol else CLEAN
    scores, history, slopes = tally
    leg_albedo, albedo = surface
    while True:
        end = events.next_event(scene, side, leg, leg_albedo, numbers.choice)
        if with_aerosol:
            history = derivatives.after_leg(slopes, history, scene, end, leg.mu, own)
        if not end.collides:
            threshold *= events.reflected_share(leg_albedo)
        expected = events.halves(scene, side, end.layer, end.fraction)
        old = weight * end.factor
        weight, toa, arrived, turn = event(
            scene, side, end, leg.mu, expected, old, threshold, numbers
        )
        history = derivatives.after_meeting(slopes, history, turn.partner, leg_albedo, own)
        own = events.with_score(own, toa, arrived, albedo)
        history = derivatives.after_draw(slopes, history, turn, expected, old, weight, albedo, own)
        if weight == 0.0:
            derivatives.record(slopes, history, own)
            add_tail(scores, albedo, own.toa, own.arrived)
            return
        leg = events.leg_from(scene, side, end.layer, end.fraction, turn.new_mu)
        own = events.with_end_of_leg(own, leg.mu, weight * leg.escape, albedo)
        if with_aerosol:
            derivatives.record_escape(slopes, history, scene, leg.mu, weight * leg.escape, albedo)
        leg_albedo = albedo
        numbers = event_numbers(numbers.key, numbers.counter + SLOTS)


@uncounted
def add_score(scores, mu, albedo, direct, score):
    """Add the escape of one leg: upward to the top, or downward to the surface and partly back.

    `direct` is the part of it that is the sun's beam.
    """
    if mu > 0.0:
        scores[events.TOA_UP] += score
        return
    scores[events.SURFACE_DOWN] += score
    scores[events.SURFACE_UP] += albedo * score
    scores[events.SURFACE_DIRECT] += direct * score


@uncounted
def add_tail(scores, albedo, toa_up, surface_down):
    """Add what a tail scored: it meets the surface as scattered light."""
    scores[events.TOA_UP] += toa_up
    scores[events.SURFACE_DOWN] += surface_down
    scores[events.SURFACE_UP] += albedo * surface_down


@uncounted
def whole_path(scene, with_aerosol, cos_zenith, weight, surface, threshold, key, net, scores):
    """Add the fluxes of one photon from the sun to `scores`; `net` holds its net coordinates."""
    side = FULL if with_aerosol else CLEAN
    leg = events.leg_from(scene, side, TOP_LAYER, 0.0, -cos_zenith)
    direct = medium.beam_share(scene.medium, scene.medium.shape[0] - 1, leg.mu)
    add_score(scores, leg.mu, surface.beam, direct, weight * leg.escape)
    numbers, tally = first_event_numbers(key, net), Tally(scores, None, None)
    own = events.NOTHING_SCORED
    follow(scene, with_aerosol, leg, weight, surface, threshold, numbers, own, tally)


@inlined
def plus_tail(scene, leg, hit, weight, albedo, threshold, numbers, tally):
    """A photon of `weight` that the aerosol scatters on the leg where it `hit` it, and all after.

    The `numbers` are those of the chain's leg.
    """
    slopes = tally.gradient
    cosine = events.scattering_cosine(
        events.AEROSOL_PARTNER, hit.asymmetry, scene.phase, leg.layer, numbers.polar
    )
    new_mu = events.turn(leg.mu, cosine, numbers.azimuth)
    lean = weight * (hit.step_mean - step(new_mu, False))
    toa, arrived = lean * hit.expected.toa_half, lean * hit.expected.surface_half
    own = events.with_score(events.NOTHING_SCORED, toa, arrived, albedo)
    turn = Turn(events.AEROSOL_PARTNER, hit.asymmetry, leg.mu, new_mu, numbers.polar)
    history = derivatives.after_draw(
        slopes, tally.history, turn, hit.expected, weight, weight, albedo, own
    )
    leg = events.leg_from(scene, FULL, leg.layer, leg.fraction, new_mu)
    own = events.with_end_of_leg(own, new_mu, weight * leg.escape, albedo)
    derivatives.record_escape(slopes, history, scene, new_mu, weight * leg.escape, albedo)
    surface, tally = Surface(albedo, albedo), Tally(tally.scores, history, slopes)
    follow(scene, True, leg, weight, surface, threshold, numbers.tail, own, tally)


@inlined
def aerosol_event(scene, leg, hit, weight, surface, threshold, numbers, tally):
    """The minus tail and the two plus tails that start where the aerosol intercepts `weight`.

    `leg` is the straight way on through the clean medium.
    """
    follow(
        scene, False, leg, -weight, surface, threshold, numbers.tail, events.NOTHING_SCORED, tally
    )
    if hit.ssa == 0.0:
        return
    threshold *= hit.ssa / max(hit.ssa, _LEAST_SSA)
    history = derivatives.scattered_history(tally.history, hit.ssa)
    tally = Tally(tally.scores, history, tally.gradient)
    for _ in range(2):
        plus_tail(
            scene, leg, hit, 0.5 * hit.ssa * weight, surface.diffuse, threshold, numbers, tally
        )
        numbers = LegNumbers(
            numbers.event,
            numbers.position,
            numbers.polar + 0.5 if numbers.polar < 0.5 else numbers.polar - 0.5,
            1.0 - numbers.azimuth,
            numbers.tail,
        )


@uncounted
def pair_control(scene, leg, hit):
    """What a pair of tails of weight 1 is expected to score, for the top and for the surface.

    The plus tail has been scattered; the minus tail goes straight on, and what escapes along its
    first leg was scored before.
    """
    straight = 1.0 if leg.mu > 0.0 else -1.0
    clean = events.halves(scene, CLEAN, leg.layer, leg.fraction)
    minus_toa, minus_surface = events.expected_scores(clean, straight)
    toa, surface = events.expected_scores(hit.expected, hit.step_mean)
    toa, surface = hit.ssa * toa - minus_toa, hit.ssa * surface - minus_surface
    if leg.mu > 0.0:
        return toa + leg.escape, surface
    return toa, surface + leg.escape


@inlined
def intercept(scene, leg, absorption, weight, intercepted, surface, roulette, numbers, tally):
    """The aerosol's first event on a leg of the chain: forced, then tails from there.

    `absorption` is the leg's depth, `intercepted` the part of the weight that its aerosol takes.
    """
    travelled = -math.log1p(-numbers.position * intercepted)
    depth = depth_at(scene.medium, medium.AEROSOL, leg.layer, leg.fraction) - travelled * leg.mu
    history = derivatives.intercepted_history(tally.history, depth, travelled)
    tally = Tally(tally.scores, history, tally.gradient)
    clean = events.clean_depth_at(scene, leg.layer, leg.fraction)
    layer, fraction = find_depth(scene.medium, medium.AEROSOL, depth)
    passed = abs((events.clean_depth_at(scene, layer, fraction) - clean) / leg.mu)
    old = weight * intercepted * math.exp(-passed)
    weight = events.after_roulette(old, roulette.pair, uniform(numbers.tail.key, PAIR))
    escape = math.exp(min(0.0, passed - leg.scattering - absorption))
    s = depth_to_boundary(scene.medium, medium.CLEAN_SCATTERING, layer, fraction, leg.mu)
    leg = Leg(layer, fraction, leg.mu, s, escape)
    asymmetry = at(scene.medium, layer, medium.AEROSOL_ASYMMETRY)
    hit = Hit(
        derivatives.positive(history, events.aerosol_ssa(scene, layer)),
        asymmetry,
        events.halves(scene, FULL, layer, fraction),
        events.mean_step_after(events.AEROSOL_PARTNER, asymmetry, scene.phase, layer, leg.mu),
    )
    if weight != old:
        lost, albedo = old - weight, surface.diffuse
        toa, arrived = pair_control(scene, leg, hit)
        add_tail(tally.scores, albedo, lost * toa, lost * arrived)
        own = events.with_score(events.NOTHING_SCORED, lost * toa, lost * arrived, albedo)
        derivatives.record(tally.gradient, history, own)
        derivatives.record_lost_pair(tally.gradient, hit, leg.mu, lost, albedo)
    if weight != 0.0:
        aerosol_event(scene, leg, hit, weight, surface, roulette.tail, numbers, tally)


@uncounted
def change_of_halves(scene, layer, fraction):
    """What the chain is expected to score at a place: the change of U and D by the aerosol."""
    full = events.halves(scene, FULL, layer, fraction)
    clean = events.halves(scene, CLEAN, layer, fraction)
    return Halves(
        full.toa - clean.toa,
        full.toa_half - clean.toa_half,
        full.surface - clean.surface,
        full.surface_half - clean.surface_half,
    )


@inlined
def difference_path(scene, cos_zenith, weight, surface, roulette, key, net, scores, slopes):
    """Add to `scores` by how much the aerosol changes the fluxes, for one photon from the sun.

    `net` holds the photon's net coordinates. The derivatives of the scores are added to `slopes`,
    the `gradient` of derivatives.py, if that is not None; they are for Henyey-Greenstein alone.
    """
    history, own = derivatives.begin_history(slopes), events.NOTHING_SCORED
    layer, fraction, mu, count = TOP_LAYER, 0.0, -cos_zenith, 0
    numbers = first_leg_numbers(key, net)
    direct = medium.beam_share(scene.medium, scene.medium.shape[0] - 1, mu)
    while True:
        s = depth_to_boundary(scene.medium, medium.CLEAN_SCATTERING, layer, fraction, mu)
        q = depth_to_boundary(scene.medium, medium.CLEAN_ABSORPTION, layer, fraction, mu)
        a = depth_to_boundary(scene.medium, medium.AEROSOL, layer, fraction, mu)
        escape = math.exp(-(s + q))
        if a > 0.0:
            intercepted = -math.expm1(-a)
            change = -weight * escape * intercepted
            add_score(scores, mu, surface.beam, direct, change)
            own = events.with_end_of_leg(own, mu, change, surface.beam)
            derivatives.record_passage(
                slopes, history, a, mu, weight * escape + change, surface.beam
            )
            leg, tally = Leg(layer, fraction, mu, s, escape), Tally(scores, history, slopes)
            intercept(scene, leg, q, weight, intercepted, surface, roulette, numbers, tally)
            escape *= 1.0 - intercepted
        leg = Leg(layer, fraction, mu, s, escape)
        end = events.next_event(scene, SHADED, leg, surface.beam, numbers.event.choice)
        history = derivatives.after_leg(slopes, history, scene, end, mu, own)
        if not end.collides:
            roulette = scaled_thresholds(roulette, events.reflected_share(surface.beam))
        layer, fraction = end.layer, end.fraction
        expected = change_of_halves(scene, layer, fraction)
        weight, toa, arrived, turn = event(
            scene, SHADED, end, mu, expected, weight * end.factor, roulette.chain, numbers.event
        )
        history = derivatives.after_meeting(slopes, history, turn.partner, surface.beam, own)
        own = events.with_score(own, toa, arrived, surface.diffuse)
        add_tail(scores, surface.diffuse, toa, arrived)
        if weight == 0.0:
            derivatives.record(slopes, history, own)
            return
        mu, direct, surface = turn.new_mu, 0.0, Surface(surface.diffuse, surface.diffuse)
        count += 1
        numbers = leg_numbers(key, count)
