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
from aeroforcing.transport.events import (
    AEROSOL_PARTNER,
    aerosol_ssa,
    after_roulette,
    asymmetry_of,
    new_direction,
    next_event,
    pick_partner,
)
from aeroforcing.transport.medium import (
    AEROSOL,
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    FULL_ABSORPTION,
    FULL_SCATTERING,
    SHADED_ABSORPTION,
    depth_at,
    depth_to_boundary,
    find_depth,
)
from aeroforcing.transport.paths import TOP_LAYER, event_numbers
from aeroforcing.transport.random_numbers import (
    AEROSOL_POSITION,
    ANGLE,
    AZIMUTH,
    CHAIN_ANGLE,
    CHAIN_CHOICE,
    CHOICE,
    PAIR,
    POLAR_ANGLE,
    POSITION,
    ROULETTE,
    SLOTS,
    TAIL_ANGLE,
    TAIL_CHOICE,
    TURN,
    child_key,
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
def score_crossing(scores, level, mu, albedo, beam, flux):
    """Add the flux of one leg through a level; the surface reflects a part of what arrives."""
    scores[level, ACTINIC] += flux * actinic_factor(mu, beam)
    if mu > 0.0:
        scores[level, UP] += flux
        return
    scores[level, DOWN] += flux
    if beam:
        scores[level, DIRECT] += flux
    if level == scores.shape[0] - 1:
        scores[level, UP] += albedo * flux
        scores[level, ACTINIC] += 2.0 * albedo * flux  # scattered isotropically


@inner
def score_leg(medium, scattering, absorption, layer, fraction, mu, weight, albedo, beam, scores):
    """Add the fluxes and the absorption of a leg, from a place to the boundary."""
    rises = mu > 0.0
    part = fraction if rises else 1.0 - fraction
    flux = weight
    while 0 <= layer < medium.shape[0] - 1 and flux != 0.0:
        above, below = medium[layer], medium[layer + 1]
        s = part * (below[scattering] - above[scattering]) / abs(mu)
        q = part * (below[absorption] - above[absorption]) / abs(mu)
        scores[layer, ABSORBED] += flux * absorbed_share(q, s + q)
        flux *= math.exp(-(s + q))
        score_crossing(scores, layer if rises else layer + 1, mu, albedo, beam, flux)
        layer += -1 if rises else 1
        part = 1.0


@inner
def score_change(medium, layer, fraction, mu, weight, albedo, beam, scores):
    """Add by how much the aerosol changes the fluxes and the absorption of a leg of the chain."""
    rises = mu > 0.0
    part = fraction if rises else 1.0 - fraction
    clean, full = weight, weight
    while 0 <= layer < medium.shape[0] - 1 and clean != 0.0:
        above, below = medium[layer], medium[layer + 1]
        slant = part / abs(mu)
        s = slant * (below[CLEAN_SCATTERING] - above[CLEAN_SCATTERING])
        q = slant * (below[CLEAN_ABSORPTION] - above[CLEAN_ABSORPTION])
        shaded = slant * (below[SHADED_ABSORPTION] - above[SHADED_ABSORPTION])
        absorbing = slant * (below[FULL_ABSORPTION] - above[FULL_ABSORPTION])
        scores[layer, ABSORBED] += full * absorbed_share(absorbing, s + shaded)
        scores[layer, ABSORBED] -= clean * absorbed_share(q, s + q)
        clean *= math.exp(-(s + q))
        full *= math.exp(-(s + shaded))
        score_crossing(scores, layer if rises else layer + 1, mu, albedo, beam, full - clean)
        layer += -1 if rises else 1
        part = 1.0


@inner
def follow_levels(
    medium, phase, with_aerosol, layer, fraction, mu, weight, first_albedo, albedo, threshold, key,
    u_choice, u_angle, scores,
):  # fmt: skip
    """Follow a photon to its end by forced collisions; its first leg was scored by the caller.

    `first_albedo` is the albedo where that leg meets the surface. `u_choice` and `u_angle` are the
    random numbers of the first event; the others come from `key`.
    """
    scattering, absorption = CLEAN_SCATTERING, CLEAN_ABSORPTION
    if with_aerosol:
        scattering, absorption = FULL_SCATTERING, FULL_ABSORPTION
    leg_albedo = first_albedo
    counter = 0
    while True:
        s = depth_to_boundary(medium, scattering, layer, fraction, mu)
        escape = math.exp(-(s + depth_to_boundary(medium, absorption, layer, fraction, mu)))
        factor, collides, layer, fraction = next_event(
            medium, scattering, absorption, layer, fraction, mu, s, escape, leg_albedo, u_choice
        )
        weight = after_roulette(weight * factor, threshold, uniform(key, counter + ROULETTE))
        if weight == 0.0:
            return
        mu, factor = direction_after(
            medium, phase, scattering, layer, mu, collides, u_angle, uniform(key, counter + TURN)
        )
        weight *= factor
        score_leg(
            medium, scattering, absorption, layer, fraction, mu, weight, albedo, False, scores
        )
        leg_albedo = albedo
        counter += SLOTS
        u_choice = uniform(key, counter + CHOICE)
        u_angle = uniform(key, counter + ANGLE)


@inner
def direction_after(medium, phase, scattering, layer, mu, collides, u_angle, u_azimuth):
    """New direction after a collision or a reflection, and the factor of the weight."""
    if not collides:
        return math.sqrt(u_angle), 1.0  # Lambert's cosine law
    partner, u_angle = pick_partner(medium, scattering, layer, u_angle)
    asymmetry = asymmetry_of(medium, partner, layer)
    return new_direction(partner, asymmetry, phase, layer, mu, u_angle, u_azimuth)


@inner
def whole_level_path(
    medium, phase, with_aerosol, cos_zenith, weight, beam_albedo, albedo, threshold, key, net,
    scores,
):  # fmt: skip
    """Add the level fluxes of one photon from the sun; `net` holds its net coordinates."""
    scattering, absorption = CLEAN_SCATTERING, CLEAN_ABSORPTION
    if with_aerosol:
        scattering, absorption = FULL_SCATTERING, FULL_ABSORPTION
    mu = -cos_zenith
    score_crossing(scores, TOP_LAYER, mu, beam_albedo, True, weight)
    score_leg(medium, scattering, absorption, TOP_LAYER, 0.0, mu, weight, beam_albedo, True, scores)
    follow_levels(
        medium, phase, with_aerosol, TOP_LAYER, 0.0, mu, weight, beam_albedo, albedo, threshold,
        key, net[TAIL_CHOICE], net[TAIL_ANGLE], scores,
    )  # fmt: skip


@inner
def aerosol_tails(
    medium, phase, layer, fraction, mu, weight, leg_albedo, albedo, threshold, key, u, scores
):
    """The minus and plus tails that start where the aerosol intercepts `weight`.

    u holds the polar angle and azimuth of the scattering, and choice and angle of the tails'
    first event.
    """
    follow_levels(
        medium, phase, False, layer, fraction, mu, -weight, leg_albedo, albedo, threshold, key,
        u[2], u[3], scores,
    )  # fmt: skip
    scattered = weight * aerosol_ssa(medium, layer)
    if scattered == 0.0:
        return
    asymmetry = medium[layer, AEROSOL_ASYMMETRY]
    new_mu, _ = new_direction(AEROSOL_PARTNER, asymmetry, phase, layer, mu, u[0], u[1])
    score_leg(
        medium, FULL_SCATTERING, FULL_ABSORPTION, layer, fraction, new_mu, scattered, albedo, False,
        scores,
    )  # fmt: skip
    follow_levels(
        medium, phase, True, layer, fraction, new_mu, scattered, albedo, albedo, threshold, key,
        u[2], u[3], scores,
    )  # fmt: skip


@inner
def intercept_levels(
    medium, phase, layer, fraction, mu, weight, a, leg_albedo, albedo, roulette, key, u_position, u,
    scores,
):  # fmt: skip
    """The aerosol's first event on a leg of aerosol depth a: forced, then tails from there."""
    intercepted = -math.expm1(-a)
    depth = depth_at(medium, AEROSOL, layer, fraction)
    depth += math.log1p(-u_position * intercepted) * mu
    clean = depth_at(medium, CLEAN_SCATTERING, layer, fraction)
    clean += depth_at(medium, CLEAN_ABSORPTION, layer, fraction)
    layer, fraction = find_depth(medium, AEROSOL, depth)
    clean -= depth_at(medium, CLEAN_SCATTERING, layer, fraction)
    clean -= depth_at(medium, CLEAN_ABSORPTION, layer, fraction)
    weight *= intercepted * math.exp(-abs(clean / mu))
    weight = after_roulette(weight, roulette.pair, uniform(key, PAIR))
    if weight != 0.0:
        aerosol_tails(
            medium, phase, layer, fraction, mu, weight, leg_albedo, albedo, roulette.tail, key, u,
            scores,
        )  # fmt: skip


@inner
def level_difference_path(
    medium, phase, cos_zenith, weight, beam_albedo, albedo, roulette, key, net, u, scores
):
    """Add by how much the aerosol changes the level fluxes, for one photon from the sun.

    `net` holds the photon's net coordinates; u is room for four numbers.
    """
    layer, fraction, mu, leg, leg_albedo = TOP_LAYER, 0.0, -cos_zenith, 0, beam_albedo
    u_position, u_choice, u_angle = net[AEROSOL_POSITION], net[CHAIN_CHOICE], net[CHAIN_ANGLE]
    u[0], u[1], u[2], u[3] = net[POLAR_ANGLE], net[AZIMUTH], net[TAIL_CHOICE], net[TAIL_ANGLE]
    while True:
        s = depth_to_boundary(medium, CLEAN_SCATTERING, layer, fraction, mu)
        a = depth_to_boundary(medium, AEROSOL, layer, fraction, mu)
        shaded = depth_to_boundary(medium, SHADED_ABSORPTION, layer, fraction, mu)
        if a > 0.0:
            score_change(medium, layer, fraction, mu, weight, leg_albedo, leg == 0, scores)
            intercept_levels(
                medium, phase, layer, fraction, mu, weight, a, leg_albedo, albedo, roulette,
                child_key(key, leg), u_position, u, scores,
            )  # fmt: skip
        factor, collides, layer, fraction = next_event(
            medium, CLEAN_SCATTERING, SHADED_ABSORPTION, layer, fraction, mu, s,
            math.exp(-(s + shaded)), leg_albedo, u_choice,
        )  # fmt: skip
        counter = SLOTS * leg
        weight = after_roulette(weight * factor, roulette.chain, uniform(key, counter + ROULETTE))
        if weight == 0.0:
            return
        mu, factor = direction_after(
            medium, phase, CLEAN_SCATTERING, layer, mu, collides, u_angle,
            uniform(key, counter + TURN),
        )  # fmt: skip
        weight *= factor
        leg_albedo = albedo
        leg += 1
        u_position = uniform(key, SLOTS * leg + POSITION)
        u_choice = uniform(key, SLOTS * leg + CHOICE)
        u_angle = uniform(key, SLOTS * leg + ANGLE)
        event_numbers(child_key(key, leg), 0, u)
