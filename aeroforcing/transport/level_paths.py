r"""Photon paths that score the flux through every level and the absorption in every layer.

The paths are those of paths.py: forced collisions for the fluxes, and the common chain with
its plus and minus tails for their change by the aerosol. Instead of the escape alone, each leg
scores

- at every level ahead the *expected flux* :math:`w e^{-(s+q)}`, s and q being the slant depths of
  scattering and absorption up to the level; divided by :math:`|\mu|` it is the actinic flux (of
  scattered light within 0.6 degrees of the horizon, whose :math:`1 / |\mu|` has no finite variance,
  the mean of isotropic light is taken: an error of less than 0.1 %);
- in every layer ahead the *expected absorption* :math:`w e^{-(s+q)} \Delta q\, \varphi(\Delta s +
  \Delta q)` with :math:`\varphi(x) = (1 - e^{-x}) / x` and the layer's own depths :math:`\Delta`.

A leg of the common chain scores the exact difference of both between the atmospheres with and
without aerosol: with the aerosol depth a, the flux that went on is :math:`w e^{-(s+q+a)}` against
:math:`w e^{-(s+q)}`, and the aerosol's own absorption is added. That accounts for the first leg of
the minus tail, which therefore scores from its first event on.

The score of the absorption is never the small difference of two large fluxes: it is 0 where nothing
absorbs, and its scatter is a fraction of that of the divergence of the fluxes.

The roulette is plain: a control would need the expected score at every level.
"""

from __future__ import annotations

import math

from aeroforcing.core.compiled import inner
from aeroforcing.transport import events, medium
from aeroforcing.transport.events import CLEAN, FULL, SHADED, Surface
from aeroforcing.transport.medium import depth_at, depth_to_boundary, find_depth
from aeroforcing.transport.paths import TOP_LAYER
from aeroforcing.transport.random_numbers import (
    PAIR,
    ROULETTE,
    SLOTS,
    TURN,
    event_numbers,
    first_event_numbers,
    first_leg_numbers,
    leg_numbers,
    uniform,
)

# What is scored at each level; absorption belongs to the layer below the level.
UP, DOWN, DIRECT, ACTINIC, ABSORBED = range(5)
LEVEL_SCORES = 5

_NEAR_HORIZON = 0.01  # cosine


@inner
def absorbed_share(absorption, extinction):
    """Share of a flux that is absorbed on its way through the depths of a layer."""
    if extinction < 1e-8:
        return absorption  # to first order; the quotient below would divide by zero
    return -math.expm1(-extinction) * absorption / extinction


@inner
def actinic_factor(mu, beam):
    """Actinic flux over flux; close to the horizon the mean over isotropic light, 2 / limit."""
    if beam or abs(mu) > _NEAR_HORIZON:
        return 1.0 / abs(mu)
    return 2.0 / _NEAR_HORIZON


@inner
def score_crossing(scene, scores, level, mu, albedo, beam, flux):
    """Add the flux of one leg through a level; the surface reflects a part of what arrives."""
    scores[level, ACTINIC] += flux * actinic_factor(mu, beam)
    if mu > 0.0:
        scores[level, UP] += flux
        return
    scores[level, DOWN] += flux
    if beam:
        scores[level, DIRECT] += medium.beam_share(scene.medium, level, mu) * flux
    if level == scores.shape[0] - 1:
        scores[level, UP] += albedo * flux
        scores[level, ACTINIC] += 2.0 * albedo * flux  # scattered isotropically


@inner
def score_leg(scene, side, layer, fraction, mu, weight, albedo, beam, scores):
    """Add the fluxes and the absorption of a leg, from a place to the boundary."""
    rises = mu > 0.0
    part = fraction if rises else 1.0 - fraction
    flux = weight
    while 0 <= layer < scene.medium.shape[0] - 1 and flux != 0.0:
        above, below = scene.medium[layer], scene.medium[layer + 1]
        s = part * (below[side.scattering] - above[side.scattering]) / abs(mu)
        q = part * (below[side.absorption] - above[side.absorption]) / abs(mu)
        scores[layer, ABSORBED] += flux * absorbed_share(q, s + q)
        flux *= math.exp(-(s + q))
        score_crossing(scene, scores, layer if rises else layer + 1, mu, albedo, beam, flux)
        layer += -1 if rises else 1
        part = 1.0


@inner
def score_change(scene, layer, fraction, mu, weight, albedo, beam, scores):
    """Add by how much the aerosol changes the fluxes and the absorption of a leg of the chain."""
    rises = mu > 0.0
    part = fraction if rises else 1.0 - fraction
    clean, full = weight, weight
    while 0 <= layer < scene.medium.shape[0] - 1 and clean != 0.0:
        slant = part / abs(mu)
        s = slant * medium.depth_of(scene.medium, medium.CLEAN_SCATTERING, layer)
        q = slant * medium.depth_of(scene.medium, medium.CLEAN_ABSORPTION, layer)
        shaded = slant * medium.depth_of(scene.medium, medium.SHADED_ABSORPTION, layer)
        absorbing = slant * medium.depth_of(scene.medium, medium.FULL_ABSORPTION, layer)
        scores[layer, ABSORBED] += full * absorbed_share(absorbing, s + shaded)
        scores[layer, ABSORBED] -= clean * absorbed_share(q, s + q)
        clean *= math.exp(-(s + q))
        full *= math.exp(-(s + shaded))
        score_crossing(scene, scores, layer if rises else layer + 1, mu, albedo, beam, full - clean)
        layer += -1 if rises else 1
        part = 1.0


@inner
def follow_levels(scene, side, leg, weight, surface, threshold, numbers, scores):
    """Follow a photon to its end by forced collisions; its first leg was scored by the caller.

    The `numbers` are those of the first event.
    """
    leg_albedo = surface.beam
    while True:
        end = events.next_event(scene, side, leg, leg_albedo, numbers.choice)
        u_roulette = uniform(numbers.key, numbers.counter + ROULETTE)
        weight = events.after_roulette(weight * end.factor, threshold, u_roulette)
        if weight == 0.0:
            return
        mu, factor = direction_after(scene, side, end, leg.mu, numbers)
        weight *= factor
        score_leg(scene, side, end.layer, end.fraction, mu, weight, surface.diffuse, False, scores)
        leg = events.leg_from(scene, side, end.layer, end.fraction, mu)
        leg_albedo = surface.diffuse
        numbers = event_numbers(numbers.key, numbers.counter + SLOTS)


@inner
def direction_after(scene, side, end, mu, numbers):
    """New direction after a collision or a reflection, and the factor of the weight."""
    if not end.collides:
        return math.sqrt(numbers.angle), 1.0  # Lambert's cosine law
    partner, u = events.pick_partner(scene, side, end.layer, numbers.angle)
    asymmetry = events.asymmetry_of(scene, partner, end.layer)
    u_azimuth = uniform(numbers.key, numbers.counter + TURN)
    return events.new_direction(partner, asymmetry, scene.phase, end.layer, mu, u, u_azimuth)


@inner
def whole_level_path(scene, with_aerosol, cos_zenith, weight, surface, threshold, key, net, scores):
    """Add the level fluxes of one photon from the sun; `net` holds its net coordinates."""
    side = FULL if with_aerosol else CLEAN
    leg, albedo = events.leg_from(scene, side, TOP_LAYER, 0.0, -cos_zenith), surface.beam
    score_crossing(scene, scores, TOP_LAYER, leg.mu, albedo, True, weight)
    score_leg(scene, side, TOP_LAYER, 0.0, leg.mu, weight, albedo, True, scores)
    numbers = first_event_numbers(key, net)
    follow_levels(scene, side, leg, weight, surface, threshold, numbers, scores)


@inner
def aerosol_tails(scene, layer, fraction, mu, weight, surface, threshold, numbers, scores):
    """The minus and plus tails that start where the aerosol intercepts `weight`."""
    leg = events.leg_from(scene, CLEAN, layer, fraction, mu)
    follow_levels(scene, CLEAN, leg, -weight, surface, threshold, numbers.tail, scores)
    scattered = weight * events.aerosol_ssa(scene, layer)
    if scattered == 0.0:
        return
    partner, albedo = events.AEROSOL_PARTNER, surface.diffuse
    new_mu, _ = events.new_direction(
        partner,
        events.asymmetry_of(scene, partner, layer),
        scene.phase,
        layer,
        mu,
        numbers.polar,
        numbers.azimuth,
    )
    score_leg(scene, FULL, layer, fraction, new_mu, scattered, albedo, False, scores)
    leg, surface = events.leg_from(scene, FULL, layer, fraction, new_mu), Surface(albedo, albedo)
    follow_levels(scene, FULL, leg, scattered, surface, threshold, numbers.tail, scores)


@inner
def intercept_levels(scene, leg, weight, intercepted, surface, roulette, numbers, scores):
    """The first event at the aerosol, which takes a part of the weight of a leg, and its tails."""
    depth = depth_at(scene.medium, medium.AEROSOL, leg.layer, leg.fraction)
    depth += math.log1p(-numbers.position * intercepted) * leg.mu
    clean = events.clean_depth_at(scene, leg.layer, leg.fraction)
    layer, fraction = find_depth(scene.medium, medium.AEROSOL, depth)
    clean -= depth_at(scene.medium, medium.CLEAN_SCATTERING, layer, fraction)
    clean -= depth_at(scene.medium, medium.CLEAN_ABSORPTION, layer, fraction)
    weight *= intercepted * math.exp(-abs(clean / leg.mu))
    weight = events.after_roulette(weight, roulette.pair, uniform(numbers.tail.key, PAIR))
    if weight != 0.0:
        aerosol_tails(
            scene, layer, fraction, leg.mu, weight, surface, roulette.tail, numbers, scores
        )


@inner
def level_difference_path(scene, cos_zenith, weight, surface, roulette, key, net, scores):
    """Add by how much the aerosol changes the level fluxes, for one photon from the sun.

    `net` holds the photon's net coordinates.
    """
    leg, count = events.leg_from(scene, SHADED, TOP_LAYER, 0.0, -cos_zenith), 0
    numbers = first_leg_numbers(key, net)
    while True:
        a = depth_to_boundary(scene.medium, medium.AEROSOL, leg.layer, leg.fraction, leg.mu)
        if a > 0.0:
            score_change(
                scene, leg.layer, leg.fraction, leg.mu, weight, surface.beam, count == 0, scores
            )
            intercept_levels(
                scene, leg, weight, -math.expm1(-a), surface, roulette, numbers, scores
            )
        end = events.next_event(scene, SHADED, leg, surface.beam, numbers.event.choice)
        u_roulette = uniform(key, numbers.event.counter + ROULETTE)
        weight = events.after_roulette(weight * end.factor, roulette.chain, u_roulette)
        if weight == 0.0:
            return
        mu, factor = direction_after(scene, SHADED, end, leg.mu, numbers.event)
        weight *= factor
        leg = events.leg_from(scene, SHADED, end.layer, end.fraction, mu)
        surface = Surface(surface.diffuse, surface.diffuse)
        count += 1
        numbers = leg_numbers(key, count)
