"""Fluxes and forcings of many columns: one integral per column over all that varies.

The monthly mean, the spectrum, the cloud states and the photon paths are dimensions of one
integral. Each sample draws a day, an hour angle, a g-point, a cloud state and a path, and weighs

    flux(day, hour) x source(g) / p(g) x fraction(state) / q(state),

p and q being the probabilities with which g-point and state are drawn (column_optics.py). There is
no loop over bands, hours or cloud states, and the cost does not grow with their number: the adjoint
table of a state and a group of g-points is made when the first sample draws them.

Where overlapping clouds allow too many skies to be states, one state stands for all of them, and
each sample draws its own (overlap.py); adjoint tables and probabilities are for the mean sky. So
they are where the optical depth varies within clouds, and each sample draws its own
(variability.py).

Roulette thresholds are parts of the power that the aerosol intercepts, or that comes in. In a
cloudy state they are in proportion to the weight that its samples have, and to
sqrt(1 + tau / 6): where paths are long, fewer of them are followed.

Four integrals are estimated for every column, each from independent replicates: the change by the
aerosol and the aerosol-free flux, for the cloud-free sky and for the sum of the cloudy states
(each weighing its fraction). All-sky is (1 - cover) x cloud-free + cloudy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core.compiled import borrowed, compiled, inlined, inner, merged, uncounted
from aeroforcing.optics.phase_functions import phase_in_band
from aeroforcing.optics.sun import draw_sun, fill_days, mean_sun
from aeroforcing.transport.column_optics import (
    adjoint_table,
    albedo_of_water,
    clouds_of,
    draw,
    fill_albedos,
    fill_optics,
    fill_states,
    make_optics,
    make_room,
    water_of,
)
from aeroforcing.transport.derivatives import (
    add_gradient,
    add_state,
    begin_gradient,
    positive,
    slopes_of,
)
from aeroforcing.transport.events import SCORES, Scene, Surface
from aeroforcing.transport.level_paths import level_difference_path, whole_level_path
from aeroforcing.transport.medium import add_cloud, add_cut_off, beam_share, medium_at
from aeroforcing.transport.overlap import most_clouds, sky_depth
from aeroforcing.transport.paths import Roulette, difference_path, scaled_thresholds, whole_path
from aeroforcing.transport.random_numbers import (
    DAY,
    G_POINT,
    HOUR,
    NET_DIMENSIONS,
    STATE,
    child_key,
    fill_shifts,
    shifted,
)
from aeroforcing.transport.variability import varied_depth

# The four integrals of a column.
CHANGE_CLEAR, CHANGE_CLOUDY, CLEAN_CLEAR, CLEAN_CLOUDY = range(4)
INTEGRALS = 4

# Roulette thresholds in units of the power that the aerosol intercepts; the optimum is flat.
_CLEAR_SKY_THRESHOLDS = Roulette(tail=0.3, pair=0.3, chain=1.0)
_CLOUDY_SKY_THRESHOLDS = Roulette(tail=0.3, pair=0.6, chain=3.0)
_LAYERS_THRESHOLD = 0.5  # in units of the incoming flux

# The same for the fluxes through all levels, for the change and the aerosol-free fluxes.
_LEVEL_CHANGE_THRESHOLDS = Roulette(tail=0.2, pair=0.2, chain=0.6)
_LEVEL_CLEAN_THRESHOLDS = Roulette(tail=0.1, pair=0.1, chain=0.1)

# Child of a sample's key whose numbers draw its sky; the first children are those of legs.
SKY = 2**32
# And that whose numbers draw the place within clouds that are not homogeneous.
PLACE = 2**32 + 1


class Effort(NamedTuple):
    """How many samples each cell gets, and from which random numbers."""

    net: NDArray[np.uint32]  # (sample, dimension)
    change_samples: NDArray[np.int64]  # (cell,) per replicate, a power of two; 0: leave out
    cloudy_samples: NDArray[np.int64]  # (cell,) the same for the change in the cloudy states
    clean_samples: NDArray[np.int64]  # (cell,) per replicate, a power of two; 0: leave out
    replicates: int
    cloudy: bool
    seed: np.uint64
    least_fraction: float = 0.0  # of the sky, by which cloudy states are drawn too often


@inner
def gradient_of(slopes, room):
    """The array for the derivatives of a path, or None."""
    if slopes is None:
        return None
    return room.gradient


class Integral(NamedTuple):
    """One of the integrals of a cell, and how it is sampled."""

    change: bool  # by the aerosol; else the aerosol-free fluxes
    samples: int  # per replicate
    power: float  # that the aerosol intercepts, or that comes in [W m-2]
    stream: np.uint64  # key of its random numbers
    n_days: int  # of the period that have sun


class Photon(NamedTuple):
    """What a sample has drawn before its path."""

    key: np.uint64
    mu: float  # cosine of the solar zenith angle
    flux: float  # of the sun in the g-point [W m-2]
    probability: float  # of the g-point
    sky: int  # 0: cloud-free; else the state + 1
    state_probability: float


@inner
def integrate(table, columns, cell, effort, integral, clouds, optics, room, slopes, estimates):
    """Estimates of an integral from each replicate, (replicate, score).

    Over the cloud-free sky if `clouds` is None, else over the cloudy states together. Where
    `estimates` are (replicate, level, score), of the fluxes through all levels.
    """
    cumulative = optics.cumulative_change if integral.change else optics.cumulative_clean
    water, point, gradient = water_of(columns, cell), room.net, gradient_of(slopes, room)
    for replicate in range(effort.replicates):
        replicate_key = child_key(integral.stream, replicate)
        fill_shifts(replicate_key, room.shifts)
        scores = estimates[replicate]
        for sample in range(integral.samples):
            shift_point(effort.net, sample, room.shifts, point)
            mu, flux = draw_sun(optics.days, integral.n_days, point[DAY], point[HOUR])
            if flux <= 0.0:
                continue
            g, probability = draw(cumulative, point[G_POINT])
            band, sky, state_probability = table.g_band[g], 0, 1.0
            if clouds is not None:
                state, state_probability = draw(optics.cumulative_state, point[STATE])
                sky = state + 1
            key, flux = child_key(replicate_key, sample), flux * table.solar_fraction[g]
            photon = Photon(key, mu, flux, probability, sky, state_probability)
            beam_albedo = positive(slopes, optics.albedo_direct[band] + albedo_of_water(water, mu))
            albedo = optics.albedo_diffuse[band]
            phase = phase_in_band(columns.aerosol_phase, cell, band)
            if estimates.ndim == 3:
                medium = sample_medium(columns, cell, g, band, photon, clouds, optics, room)
                surface = surface_of(medium, mu, beam_albedo, albedo)
                scene = Scene(medium, phase, None)
                level_path(scene, photon, surface, integral, clouds, optics, point, scores)
            else:
                # First, because it takes the same room as the medium.
                adjoint = adjoint_table(table.g_band, g, sky, clouds, optics, room)
                medium = sample_medium(columns, cell, g, band, photon, clouds, optics, room)
                surface = surface_of(medium, mu, beam_albedo, albedo)
                scene = Scene(medium, phase, adjoint)
                path(
                    scene,
                    photon,
                    surface,
                    integral,
                    clouds,
                    optics,
                    room,
                    slopes,
                    gradient,
                    scores,
                )
                if integral.change and slopes is not None:
                    fraction = 1.0 if clouds is None else clouds.fraction[sky - 1]
                    add_gradient(scores, gradient, slopes, band, fraction)
        scores /= integral.samples


@merged
def sample_medium(columns, cell, g, band, photon, clouds, optics, room):
    """The medium of a sample: that of its g-point, with the clouds of its sky."""
    medium = medium_at(optics.media, g)
    if clouds is None:
        return medium
    state, key = photon.sky - 1, child_key(photon.key, SKY)
    depth = sky_depth(
        columns.drawn_skies,
        cell,
        clouds.depth[state],
        room.net[STATE],
        key,
        room.cloudy,
        room.cloud_depth,
    )
    key = child_key(photon.key, PLACE)
    depth = varied_depth(columns.variability, cell, state, depth, key, room.cloud_depth)
    extinction, ssa = clouds.extinction[state, band], clouds.ssa[state, band]
    add_cloud(medium, depth, extinction, ssa, clouds.asymmetry[state, band], room.medium)
    if clouds.peak.size > 0:
        add_cut_off(depth, clouds.peak[state, band], room.medium)
    return room.medium


@uncounted
def surface_of(medium, mu, beam_albedo, albedo):
    """The surface, for which not all may be beam that a leg from the sun brings (medium.py)."""
    direct = beam_share(medium, medium.shape[0] - 1, mu)
    return Surface(direct * beam_albedo + (1.0 - direct) * albedo, albedo)


@inlined
def path(scene, photon, surface, integral, clouds, optics, room, slopes, gradient, scores):
    """Add what one path scores at the top and at the surface."""
    fraction, factor, thresholds = 1.0, 1.0, _CLEAR_SKY_THRESHOLDS
    if clouds is not None:
        fraction, factor = clouds.fraction[photon.sky - 1], optics.state_factor[photon.sky - 1]
        thresholds = _CLOUDY_SKY_THRESHOLDS
    weight = photon.flux / (photon.probability * photon.state_probability)
    power = integral.power * factor / photon.state_probability
    roulette = scaled_thresholds(thresholds, power)
    own = room.scores
    own[:] = 0.0
    if integral.change:
        begin_gradient(gradient)
        difference_path(
            scene, photon.mu, weight, surface, roulette, photon.key, room.net, own, gradient
        )
    else:
        whole_path(
            scene, False, photon.mu, weight, surface, roulette.tail, photon.key, room.net, own
        )
    for score in range(SCORES):
        scores[score] += fraction * own[score]
    if clouds is not None:
        add_state(scores, own, slopes, photon.sky - 1)


@inlined
def level_path(scene, photon, surface, integral, clouds, optics, point, scores):
    """Add what one path scores at all levels."""
    thresholds = _LEVEL_CHANGE_THRESHOLDS if integral.change else _LEVEL_CLEAN_THRESHOLDS
    share, factor = 1.0, 1.0
    if clouds is not None:
        share = clouds.fraction[photon.sky - 1] / photon.state_probability
        factor = optics.state_factor[photon.sky - 1]
    weight = photon.flux / photon.probability * share
    roulette = scaled_thresholds(thresholds, share * (integral.power * factor))
    mu, key = photon.mu, photon.key
    if integral.change:
        level_difference_path(scene, mu, weight, surface, roulette, key, point, scores)
    else:
        whole_level_path(scene, False, mu, weight, surface, roulette.tail, key, point, scores)


@uncounted
def shift_point(net, sample, shifts, point):
    """Write the coordinates of a net point, digitally shifted."""
    for dimension in range(NET_DIMENSIONS):
        point[dimension] = shifted(net[sample, dimension], shifts[dimension])


@inner
def solve_cell(table, columns, sun, effort, cell, slopes, optics, room, estimates):
    """The four integrals of one cell into `estimates`, (integral, replicate, score)."""
    # `solve` holds them all.
    table, columns = borrowed(table), borrowed(columns)
    optics, room = borrowed(optics), borrowed(room)
    effort, estimates = borrowed(effort), borrowed(estimates)
    n_days = fill_days(sun, cell, optics.days)
    flux, mu = mean_sun(optics.days, n_days)
    if flux <= 0.0:
        return
    share = fill_optics(table, columns, cell, mu, optics)
    fill_albedos(columns, cell, optics.albedo_diffuse, optics.albedo_direct)
    for band in range(optics.albedo_diffuse.size):
        optics.albedo_diffuse[band] = positive(slopes, optics.albedo_diffuse[band])
    optics.made[:] = False
    cover = fill_states(columns, cell, effort.least_fraction, optics)
    any_cloud = effort.cloudy and columns.cloud_fraction.shape[1] > 0
    any_cloud = any_cloud and cover + effort.least_fraction != 0.0
    clouds, own_slopes = clouds_of(columns, cell), slopes_of(slopes, cell)
    stream = child_key(effort.seed, columns.cell_id[cell])
    for which in range(INTEGRALS):
        change = which in (CHANGE_CLEAR, CHANGE_CLOUDY)
        cloudy = which in (CHANGE_CLOUDY, CLEAN_CLOUDY)
        samples, power = effort.clean_samples[cell], flux
        if change:
            samples = effort.cloudy_samples[cell] if cloudy else effort.change_samples[cell]
            power = flux * share
        if samples == 0 or power == 0.0:
            continue
        integral = Integral(change, samples, power, child_key(stream, which), n_days)
        if not cloudy:
            integrate(
                table,
                columns,
                cell,
                effort,
                integral,
                None,
                optics,
                room,
                own_slopes,
                estimates[which],
            )
        elif any_cloud:
            integrate(
                table,
                columns,
                cell,
                effort,
                integral,
                clouds,
                optics,
                room,
                own_slopes,
                estimates[which],
            )


@compiled
def solve(table, columns, sun, effort, first, last, slopes, estimates):
    """The integrals of the cells first..last into `estimates`, (cell, integral, replicate, score).

    Cells do not depend on each other: any division into ranges gives the same bits. `slopes` are
    the `BandSlopes` of the cells if derivatives are wanted besides the fluxes (scores as
    derivatives.py lists them), else None. Where `estimates` are (cell, integral, replicate, level,
    score), they are those of the fluxes through all levels (level_paths.py).
    """
    n_layers = columns.temperature_layers.shape[1]
    n_states, n_bands = columns.cloud_fraction.shape[1], columns.albedo_diffuse.shape[1]
    optics = make_optics(n_layers, table.g_band.size, n_states, n_bands)
    room = make_room(n_layers, most_clouds(columns.drawn_skies))
    for cell in range(first, last):
        solve_cell(table, columns, sun, effort, cell, slopes, optics, room, estimates[cell])


@compiled
def solve_layers(medium, adjoint, cos_zenith, albedo, net, replicates, seed, estimates):
    """Fluxes of one stack of layers with aerosol at one wavelength, (replicate, score).

    They are parts of the flux that enters at the top. Where `estimates` are (replicate, level,
    score), they are those through all levels, for which `adjoint` is None.
    """
    room, surface = make_room(medium.shape[0] - 1), Surface(albedo, albedo)
    scene, point = Scene(medium, None, adjoint), room.net
    for replicate in range(replicates):
        replicate_key, scores = child_key(seed, replicate), estimates[replicate]
        fill_shifts(replicate_key, room.shifts)
        for sample in range(net.shape[0]):
            shift_point(net, sample, room.shifts, point)
            key = child_key(replicate_key, sample)
            if estimates.ndim == 3:
                threshold = _LEVEL_CLEAN_THRESHOLDS.tail
                whole_level_path(
                    scene, True, cos_zenith, 1.0, surface, threshold, key, point, scores
                )
            else:
                threshold = _LAYERS_THRESHOLD
                whole_path(scene, True, cos_zenith, 1.0, surface, threshold, key, point, scores)
        scores /= net.shape[0]
