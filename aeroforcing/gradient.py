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

Histories and sums of derivatives are passed by value, so that the compiler keeps them in registers;
where no derivatives are wanted they are None, and numba leaves out all that is done with them.
"""

from __future__ import annotations

from typing import NamedTuple

from aeroforcing.adjoint import FULL_SIDE, mean_step, step
from aeroforcing.events import (
    AEROSOL_PARTNER,
    SCORES,
    SURFACE_DOWN,
    SURFACE_PARTNER,
    SURFACE_UP,
    TOA_UP,
    halves,
)
from aeroforcing.jit import inner
from aeroforcing.medium import AEROSOL, depth_at, slant_to_boundary

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
FIRST_STATE = SCORES + 2 * len(INPUTS)
# Columns of the slopes of a band: d ln tau / d alpha, and d SSA / d (alpha, SSA at 550 nm, kappa).
DEPTH_BY_ANGSTROM, SSA_BY_ANGSTROM, SSA_BY_SSA, SSA_BY_COALBEDO = range(4)
BAND_SLOPES = 4

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


class Derivatives(NamedTuple):
    """Sums of the derivatives of scores."""

    log_aod: float
    ssa: float
    asymmetry: float
    albedo: float
    log_aod_squared: float
    ssa_squared: float


class Gradient(NamedTuple):
    """Derivatives of what goes up at the top and of the net flux down at the surface."""

    toa: Derivatives
    surface: Derivatives


@inner
def begin_history(wanted):
    """The history of a photon from the sun; `wanted` is None where derivatives are not."""
    if wanted is None:
        return None
    return History(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@inner
def begin_gradient(wanted):
    """Derivatives before anything was scored."""
    if wanted is None:
        return None
    zero = Derivatives(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Gradient(zero, zero)


@inner
def slopes_of(slopes, cell):
    """The slopes of one cell, (band, 4), if there are any."""
    if slopes is None:
        return None
    return slopes[cell]


@inner
def positive(wanted, value):
    """The value, kept off 0 where a derivative with respect to it is wanted."""
    if wanted is None:
        return value
    return max(value, _LEAST)


@inner
def log_phase_slope(asymmetry, u):
    """D ln f / d g of the Henyey-Greenstein phase function f, at the angle drawn with u.

    With w = 2 u - 1 the cosine drawn is c = (1 + g^2 - r^2) / (2 g), r = (1 - g^2) / (1 + g w), and
    the slope at given c, 3 (c - g) / (1 + g^2 - 2 g c) - 2 g / (1 - g^2), has r^2 as its first
    denominator. What is left when r is put in has no small difference where g is small.
    """
    w = 2.0 * u - 1.0
    return (3.0 * w + 0.5 * asymmetry * (3.0 * w * w - 1.0)) / (1.0 - asymmetry * asymmetry)


@inner
def mean_step_slope(mu, asymmetry):
    """d/dg of `adjoint.mean_step` of the aerosol."""
    m2 = mu * mu
    g2 = asymmetry * asymmetry
    p3 = 0.5 * mu * (5.0 * m2 - 3.0)
    p5 = 0.125 * mu * (63.0 * m2 * m2 - 70.0 * m2 + 15.0)
    return 1.5 * mu + g2 * (-2.625 * p3 + 3.4375 * g2 * p5)


# ---- histories ----------------------------------------------------------------------------------


@inner
def intercepted_history(history, above, passed):
    """After an event at the aerosol with the depth `above` over it, `passed` since the last."""
    if history is None:
        return None
    return History(1.0, above, history.depth + passed, 0.0, 0.0, history.bounces)


@inner
def scattered_history(history, ssa):
    """After the first scattering by the aerosol, before its direction is drawn."""
    if history is None:
        return None
    return History(history.events, history.above, history.depth, 1.0 / ssa, 0.0, history.bounces)


@inner
def passed_history(history, medium, layer, fraction, mu):
    """After a leg through the aerosol to another place."""
    if history is None:
        return None
    above = depth_at(medium, AEROSOL, layer, fraction)
    depth = history.depth + abs((above - history.above) / mu)
    return History(history.events, above, depth, history.inverse_ssa, history.lean, history.bounces)


@inner
def met_history(history, partner, albedo):
    """After a collision or a reflection."""
    if history is None:
        return None
    events, bounces = history.events, history.bounces
    if partner == AEROSOL_PARTNER:
        events += 1.0
    elif partner == SURFACE_PARTNER:
        bounces += 1.0 / albedo
    return History(events, history.above, history.depth, history.inverse_ssa, history.lean, bounces)


@inner
def slope_of_draw(history, asymmetry, u_polar):
    """D ln f / dg at the angle that the aerosol draws."""
    if history is None:
        return None
    return log_phase_slope(asymmetry, u_polar)


@inner
def leant_history(history, slope):
    """After a draw of that slope."""
    if history is None:
        return None
    lean = history.lean + slope
    return History(
        history.events, history.above, history.depth, history.inverse_ssa, lean, history.bounces
    )


# ---- scores -------------------------------------------------------------------------------------


@inner
def with_score(sums, history, depth, score):
    """The sums with the derivatives of a score that is made after `depth` more of the aerosol."""
    passed = history.depth + depth
    first = history.events - passed
    by_ssa = history.inverse_ssa * history.events * score
    return Derivatives(
        sums.log_aod + first * score,
        sums.ssa + by_ssa,
        sums.asymmetry + history.lean * score,
        sums.albedo + history.bounces * score,
        sums.log_aod_squared + (first * first - passed) * score,
        sums.ssa_squared + history.inverse_ssa * (history.events - 1.0) * by_ssa,
    )


@inner
def with_arrival(sums, history, depth, score, albedo):
    """The same for a score of what arrives at the surface, whose net flux is 1 - albedo of it."""
    sums = with_score(sums, history, depth, (1.0 - albedo) * score)
    return Derivatives(
        sums.log_aod, sums.ssa, sums.asymmetry, sums.albedo - score, sums.log_aod_squared,
        sums.ssa_squared,
    )  # fmt: skip


@inner
def record(gradient, history, toa, surface, albedo):
    """Derivatives of scores at a place: what goes up at the top, what arrives at the surface."""
    if gradient is None:
        return None
    return Gradient(
        with_score(gradient.toa, history, 0.0, toa),
        with_arrival(gradient.surface, history, 0.0, surface, albedo),
    )


@inner
def record_escape(gradient, history, depth, mu, score, albedo):
    """Derivatives of what gets to the end of a leg, through the aerosol depth `depth`."""
    if gradient is None:
        return None
    if mu > 0.0:
        return Gradient(with_score(gradient.toa, history, depth, score), gradient.surface)
    return Gradient(gradient.toa, with_arrival(gradient.surface, history, depth, score, albedo))


@inner
def record_tail_escape(gradient, history, medium, with_aerosol, mu, score, albedo):
    """The same for a tail, in the medium with or without aerosol."""
    if gradient is None:
        return None
    depth = 0.0
    if with_aerosol:
        depth = slant_to_boundary(medium, AEROSOL, history.above, mu)
    return record_escape(gradient, history, depth, mu, score, albedo)


@inner
def record_change(gradient, history, depth, mu, score, intercepted, albedo):
    """The chain's direct escape, with the aerosol (after `depth` of it) less without."""
    if gradient is None:
        return None
    gradient = record_escape(gradient, history, depth, mu, (1.0 - intercepted) * score, albedo)
    return record_escape(gradient, history, 0.0, mu, -score, albedo)


@inner
def with_asymmetry(sums, ssa, asymmetry):
    """The sums with more of the derivatives by SSA and g alone."""
    return Derivatives(
        sums.log_aod, sums.ssa + ssa, sums.asymmetry + asymmetry, sums.albedo,
        sums.log_aod_squared, sums.ssa_squared,
    )  # fmt: skip


@inner
def record_draw(gradient, expected, mu, new_mu, asymmetry, old, weight, slope, albedo):
    """The control of a direction that the aerosol draws, in the derivative by g.

    `expected` are the `halves` at the place, `slope` is that of the draw. `old` is the weight
    before the roulette, which scores dJ / dg of what it takes.
    """
    if gradient is None:
        return None
    mean, half, mean_surface, half_surface = expected
    gain, loss = old * mean_step_slope(mu, asymmetry), weight * slope
    value = step(new_mu, False)
    toa = gain * half - loss * (mean + value * half)
    surface = gain * half_surface - loss * (mean_surface + value * half_surface)
    return Gradient(
        with_asymmetry(gradient.toa, 0.0, toa),
        with_asymmetry(gradient.surface, 0.0, (1.0 - albedo) * surface),
    )


@inner
def record_lost_pair(gradient, adjoint, asymmetry, layer, fraction, mu, ssa, lost, albedo):
    """Derivatives, by SSA and g of its first scattering, of what a pair would have scored."""
    if gradient is None:
        return None
    mean, half, mean_surface, half_surface = halves(adjoint, FULL_SIDE, layer, fraction)
    lean = mean_step(mu, asymmetry, False)
    rise = lost * ssa * mean_step_slope(mu, asymmetry)
    net = 1.0 - albedo
    return Gradient(
        with_asymmetry(gradient.toa, lost * (mean + lean * half), rise * half),
        with_asymmetry(
            gradient.surface,
            net * lost * (mean_surface + lean * half_surface),
            net * rise * half_surface,
        ),
    )


@inner
def add_gradient(scores, gradient, slopes, band, fraction):
    """Add the derivatives of one path by the properties at 550 nm, from those of its band."""
    if gradient is None:
        return
    add_side(scores, _FIRST_INPUT, gradient.toa, slopes, band, fraction)
    add_side(scores, _FIRST_INPUT + 1, gradient.surface, slopes, band, fraction)


@inner
def add_side(scores, first, sums, slopes, band, fraction):
    """The same for one of the two fluxes, in the order of `INPUTS`."""
    depth, ssa = fraction * sums.log_aod, fraction * sums.ssa
    by_ssa = slopes[band, SSA_BY_SSA]
    scores[first] += depth
    scores[first + 2] += ssa * by_ssa
    scores[first + 4] += fraction * sums.asymmetry
    scores[first + 6] += depth * slopes[band, DEPTH_BY_ANGSTROM]
    scores[first + 6] += ssa * slopes[band, SSA_BY_ANGSTROM]
    scores[first + 8] += ssa * slopes[band, SSA_BY_COALBEDO]
    scores[first + 10] += fraction * sums.albedo
    scores[first + 12] += fraction * sums.log_aod_squared
    scores[first + 14] += fraction * sums.ssa_squared * by_ssa * by_ssa


@inner
def add_state(scores, own, wanted, state):
    """Add to a cloudy state what one path in it scored."""
    if wanted is None:
        return
    scores[FIRST_STATE + 2 * state] += own[TOA_UP]
    scores[FIRST_STATE + 2 * state + 1] += own[SURFACE_DOWN] - own[SURFACE_UP]
