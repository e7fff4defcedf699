r"""Derivatives of the scores of a photon path with respect to what it travelled through.

A score is a weight times a product of transition densities. Each factor of the product depends
on a property x of the aerosol or the surface in a known way, so that its derivative is the score
times the derivative of the product's logarithm, the *history* of the path (likelihood ratio, or
score function: Lux and Koblinger 1991, Monte Carlo Particle Transport Methods, chapter 6). Forced
collisions and roulette change how often a path is drawn, not what its product is: their factors do
not enter. With n the number of events at the aerosol up to a score, t the aerosol depth that was
passed, and f the phase function at each of the scatterings:

============================  ============================================================
``log`` of the optical depth  :math:`n - t`, from :math:`k^n e^{-kt}` at k = 1
its second derivative         :math:`(n - t)^2 - t`
single scattering albedo w    :math:`m / w`, for m scatterings by the aerosol
its second derivative         :math:`m (m - 1) / w^2`
asymmetry parameter g         :math:`\sum d \ln f / d g`
surface albedo A              :math:`\sum 1 / A`, over the reflections
============================  ============================================================

The first event at the aerosol is one for both kinds of tails, as n goes; only the plus tail has
been scattered there. What arrives at the surface is absorbed with 1 - A, whose derivative -1 is
added.

**Controls.** The corrections of adjoint.py have the expectation zero for given history, so that
they may be multiplied with the history as it was *before* the draw that they correct, and the
derivative keeps its expectation. The draw of a direction by the aerosol depends on g itself: the
control w (J - v(mu')) becomes

.. math:: w (h (J - v) + dJ / dg - v \, d \ln f / d g),

h being the history before; its mean is zero, because :math:`dJ/dg` is that of the last term.

**By parts.** A path scores at every event, but most parts of its history change seldom. With S the
sum of the scores so far, summation by parts gives

.. math:: \sum_i h_i s_i = h_{end} S_{end} - \sum_j (h_j - h_{j-1}) S_{j-1},

so that only the changes of the history cost anything. What escapes at the end of a leg has passed
more of the aerosol than the event before and adds the difference that this makes.

Derivatives are summed in an array (flux, derivative), `gradient`; where none are wanted it is None,
as is the history, and numba leaves out all that is done with them.
"""

from __future__ import annotations

from typing import NamedTuple

from aeroforcing.core.compiled import inner, uncounted
from aeroforcing.transport.adjoint import step
from aeroforcing.transport.events import (
    AEROSOL_PARTNER,
    SCORES,
    SURFACE_DOWN,
    SURFACE_PARTNER,
    SURFACE_UP,
    TOA_UP,
    expected_scores,
)
from aeroforcing.transport.medium import AEROSOL, depth_at, slant_to_boundary

# What the solver gives besides the fluxes, each for the flux up at the top and the net flux down at
# the surface: derivatives by the properties at 550 nm, and behind them the change of the two fluxes
# by the aerosol in each cloudy state alone.
INPUTS = (
    "log_aod",
    "ssa",
    "asymmetry",
    "angstrom",
    "coalbedo_angstrom",
    "surface_albedo",
    "log_aod_squared",
    "ssa_squared",
)
_FIRST_INPUT = SCORES

# Rows and columns of `gradient`: what goes up at the top, the net flux down at the surface; the
# derivatives by the properties of the band.
TOA, SURFACE = range(2)
BY_LOG_AOD, BY_SSA, BY_ASYMMETRY, BY_ALBEDO, BY_LOG_AOD_SQUARED, BY_SSA_SQUARED = range(6)
GRADIENT_SHAPE = (2, 6)
FIRST_STATE = SCORES + 2 * len(INPUTS)

# Columns of the slopes of a band: d ln tau / d alpha, and d SSA / d (alpha, SSA at 550 nm, kappa).
DEPTH_BY_ANGSTROM, SSA_BY_ANGSTROM, SSA_BY_SSA, SSA_BY_COALBEDO = range(4)

# In place of 0 for an albedo or SSA whose derivative is wanted.
_LEAST = 1e-9


class History(NamedTuple):
    """What a photon went through, as far as it tells of derivatives."""

    events: float  # at the aerosol
    above: float  # optical depth of the aerosol above the place
    depth: float  # of the aerosol that was passed
    inverse_ssa: float  # 1 / SSA, or 0 before a scattering by the aerosol
    lean: float  # sum of d ln f / dg over these scatterings
    bounces: float  # sum of 1 / albedo over the reflections


@uncounted
def begin_history(gradient):
    """The history of a photon from the sun."""
    if gradient is None:
        return None
    return History(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@uncounted
def begin_gradient(gradient):
    """Forget the derivatives of the path before."""
    if gradient is not None:
        gradient[:] = 0.0


@inner
def slopes_of(slopes, cell):
    """The slopes of one cell, (band, 4), if there are any."""
    if slopes is None:
        return None
    return slopes[cell]


@uncounted
def positive(wanted, value):
    """The value, kept off 0 where a derivative with respect to it is wanted."""
    if wanted is None:
        return value
    return max(value, _LEAST)


@uncounted
def log_phase_slope(asymmetry, u):
    """D ln f / d g of the Henyey-Greenstein phase function f, at the angle drawn with u.

    With w = 2 u - 1 the cosine drawn is c = (1 + g^2 - r^2) / (2 g), r = (1 - g^2) / (1 + g w), and
    the slope at given c, 3 (c - g) / (1 + g^2 - 2 g c) - 2 g / (1 - g^2), has r^2 as its first
    denominator. What is left when r is put in has no small difference where g is small.
    """
    w = 2.0 * u - 1.0
    return (3.0 * w + 0.5 * asymmetry * (3.0 * w * w - 1.0)) / (1.0 - asymmetry * asymmetry)


@uncounted
def mean_step_slope(mu, asymmetry):
    """d/dg of `adjoint.mean_step` of the aerosol."""
    m2 = mu * mu
    g2 = asymmetry * asymmetry
    p3 = 0.5 * mu * (5.0 * m2 - 3.0)
    p5 = 0.125 * mu * (63.0 * m2 * m2 - 70.0 * m2 + 15.0)
    return 1.5 * mu + g2 * (-2.625 * p3 + 3.4375 * g2 * p5)


# ---- histories ----------------------------------------------------------------------------------


@uncounted
def intercepted_history(history, above, passed):
    """After an event at the aerosol with the depth `above` over it, `passed` since the last."""
    if history is None:
        return None
    return History(1.0, above, history.depth + passed, 0.0, 0.0, history.bounces)


@uncounted
def scattered_history(history, ssa):
    """After the first scattering by the aerosol, before its direction is drawn."""
    if history is None:
        return None
    return History(history.events, history.above, history.depth, 1.0 / ssa, 0.0, history.bounces)


@uncounted
def depth_step(history, depth):
    """What n - t and (n - t)^2 - t grow by on a way through the aerosol depth `depth`."""
    return -depth, depth * (depth - 1.0 - 2.0 * (history.events - history.depth))


@uncounted
def after_leg(gradient, history, scene, end, mu, own):
    """The history after a leg through the aerosol to its `End`.

    Here and below `own` is the `Scored` of the path up to there.
    """
    if gradient is None:
        return None
    above = depth_at(scene.medium, AEROSOL, end.layer, end.fraction)
    depth = abs((above - history.above) / mu)
    first, second = depth_step(history, depth)
    add_by_depth(gradient, TOA, first, second, -own.toa)
    add_by_depth(gradient, SURFACE, first, second, -own.net)
    events, depth = history.events, history.depth + depth
    return History(events, above, depth, history.inverse_ssa, history.lean, history.bounces)


@uncounted
def after_meeting(gradient, history, partner, albedo, own):
    """The same after a collision with a partner, or a reflection."""
    if gradient is None:
        return None
    events, bounces = history.events, history.bounces
    if partner == AEROSOL_PARTNER:
        add_by_event(gradient, TOA, history, -own.toa)
        add_by_event(gradient, SURFACE, history, -own.net)
        events += 1.0
    elif partner == SURFACE_PARTNER:
        gradient[TOA, BY_ALBEDO] -= own.toa / albedo
        gradient[SURFACE, BY_ALBEDO] -= own.net / albedo
        bounces += 1.0 / albedo
    return History(events, history.above, history.depth, history.inverse_ssa, history.lean, bounces)


@uncounted
def after_draw(gradient, history, turn, expected, old, weight, albedo, own):
    """The same after a `Turn`, whose direction an aerosol draws by its asymmetry parameter.

    `expected` are the `Halves` at the place. `old` is the weight before the roulette, which scores
    dJ / dg of what it takes.
    """
    if gradient is None:
        return None
    if turn.partner != AEROSOL_PARTNER:
        return history
    slope = log_phase_slope(turn.asymmetry, turn.u)
    gain, loss = old * mean_step_slope(turn.mu, turn.asymmetry), weight * slope
    toa, surface = expected_scores(expected, step(turn.new_mu, False))
    toa = gain * expected.toa_half - loss * toa
    surface = gain * expected.surface_half - loss * surface
    gradient[TOA, BY_ASYMMETRY] += toa - slope * own.toa
    gradient[SURFACE, BY_ASYMMETRY] += (1.0 - albedo) * surface - slope * own.net
    events, lean = history.events, history.lean + slope
    return History(events, history.above, history.depth, history.inverse_ssa, lean, history.bounces)


# ---- scores -------------------------------------------------------------------------------------


@uncounted
def add_by_depth(gradient, flux, first, second, score):
    """Add the derivatives of a score where n - t and (n - t)^2 - t are so much more."""
    gradient[flux, BY_LOG_AOD] += first * score
    gradient[flux, BY_LOG_AOD_SQUARED] += second * score


@uncounted
def add_by_event(gradient, flux, history, score):
    """The same where the number of events at the aerosol is by one more."""
    by_ssa = history.inverse_ssa * score
    add_by_depth(gradient, flux, 1.0, 2.0 * (history.events - history.depth) + 1.0, score)
    gradient[flux, BY_SSA] += by_ssa
    gradient[flux, BY_SSA_SQUARED] += 2.0 * history.events * history.inverse_ssa * by_ssa


@uncounted
def add_with_history(gradient, flux, history, score):
    """Add the history's derivatives of a score."""
    first = history.events - history.depth
    by_ssa = history.inverse_ssa * history.events * score
    add_by_depth(gradient, flux, first, first * first - history.depth, score)
    gradient[flux, BY_SSA] += by_ssa
    gradient[flux, BY_ASYMMETRY] += history.lean * score
    gradient[flux, BY_ALBEDO] += history.bounces * score
    gradient[flux, BY_SSA_SQUARED] += history.inverse_ssa * (history.events - 1.0) * by_ssa


@uncounted
def record(gradient, history, own):
    """Add the derivatives of all that a path scored, with its history at the end."""
    if gradient is not None:
        add_with_history(gradient, TOA, history, own.toa)
        add_with_history(gradient, SURFACE, history, own.net)
        gradient[SURFACE, BY_ALBEDO] -= own.arrived


@uncounted
def record_passage(gradient, history, depth, mu, score, albedo):
    """What a score adds to that because it passed `depth` more of the aerosol."""
    if gradient is not None:
        first, second = depth_step(history, depth)
        if mu > 0.0:
            add_by_depth(gradient, TOA, first, second, score)
        else:
            add_by_depth(gradient, SURFACE, first, second, (1.0 - albedo) * score)


@uncounted
def record_escape(gradient, history, scene, mu, score, albedo):
    """The same for what gets to the end of a leg, in the medium with aerosol."""
    if gradient is not None:
        depth = slant_to_boundary(scene.medium, AEROSOL, history.above, mu)
        record_passage(gradient, history, depth, mu, score, albedo)


@uncounted
def record_lost_pair(gradient, hit, mu, lost, albedo):
    """Derivatives, by SSA and g of its first scattering, of what a pair would have scored."""
    if gradient is not None:
        toa, surface = expected_scores(hit.expected, hit.step_mean)
        rise, net = lost * hit.ssa * mean_step_slope(mu, hit.asymmetry), 1.0 - albedo
        gradient[TOA, BY_SSA] += lost * toa
        gradient[TOA, BY_ASYMMETRY] += rise * hit.expected.toa_half
        gradient[SURFACE, BY_SSA] += net * lost * surface
        gradient[SURFACE, BY_ASYMMETRY] += net * rise * hit.expected.surface_half


@uncounted
def add_gradient(scores, gradient, slopes, band, fraction):
    """Add the derivatives of one path by the properties at 550 nm, from those of its band.

    They go to the places of `INPUTS`, of both fluxes in turn.
    """
    if gradient is not None:
        add_gradient_of(TOA, scores, gradient, slopes, band, fraction)
        add_gradient_of(SURFACE, scores, gradient, slopes, band, fraction)


@uncounted
def add_gradient_of(flux, scores, gradient, slopes, band, fraction):
    """The same of one flux."""
    first, by_ssa = _FIRST_INPUT + flux, slopes[band, SSA_BY_SSA]
    depth, ssa = fraction * gradient[flux, BY_LOG_AOD], fraction * gradient[flux, BY_SSA]
    scores[first] += depth
    scores[first + 2] += ssa * by_ssa
    scores[first + 4] += fraction * gradient[flux, BY_ASYMMETRY]
    scores[first + 6] += depth * slopes[band, DEPTH_BY_ANGSTROM]
    scores[first + 6] += ssa * slopes[band, SSA_BY_ANGSTROM]
    scores[first + 8] += ssa * slopes[band, SSA_BY_COALBEDO]
    scores[first + 10] += fraction * gradient[flux, BY_ALBEDO]
    scores[first + 12] += fraction * gradient[flux, BY_LOG_AOD_SQUARED]
    scores[first + 14] += fraction * gradient[flux, BY_SSA_SQUARED] * by_ssa * by_ssa


@uncounted
def add_state(scores, own, wanted, state):
    """Add to a cloudy state what one path in it scored."""
    if wanted is None:
        return
    scores[FIRST_STATE + 2 * state] += own[TOA_UP]
    scores[FIRST_STATE + 2 * state + 1] += own[SURFACE_DOWN] - own[SURFACE_UP]
