"""Fluxes and forcings of many columns: one integral per column over all that varies.

The monthly mean, the spectrum, the cloud states and the photon paths are dimensions of one
integral. Each sample draws a day, an hour angle, a g-point, a cloud state and a path, and weighs

    flux(day, hour) x source(g) / p(g) x fraction(state) / q(state),

p and q being the probabilities with which g-point and state are drawn (column_optics.py). There is
no loop over bands, hours or cloud states, and the cost does not grow with their number: the adjoint
table of a state and a group of g-points is made when the first sample draws them.

Where overlapping clouds allow too many skies to be states, one state stands for all of them, and
each sample draws its own (overlap.py); adjoint tables and probabilities are for the mean sky.

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

from aeroforcing.core.compiled import borrowed, compiled, inlined, inner, uncounted
from aeroforcing.optics.phase_functions import phase_in_band
from aeroforcing.optics.sun import draw_sun, fill_days, mean_sun
from aeroforcing.transport.column_optics import (
    G_PER_TABLE,
    albedo_of_water,
    draw,
    fill_albedos,
    fill_optics,
    fill_states,
    make_clear_table,
    make_cloudy_table,
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
from aeroforcing.transport.medium import add_cloud, medium_at
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

# The four integrals of a column.
CHANGE_CLEAR, CHANGE_CLOUDY, CLEAN_CLEAR, CLEAN_CLOUDY = range(4)
INTEGRALS = 4

# Roulette thresholds in units of the power that the aerosol intercepts; the optimum is flat.
_CLEAR_SKY_THRESHOLDS = Roulette(tail=0.3, pair=0.3, chain=1.0)
_CLOUDY_SKY_THRESHOLDS = Roulette(tail=0.3, pair=0.6, chain=3.0)
_CLEAN_THRESHOLD = 0.5  # in units of the incoming flux

# Child of a sample's key whose numbers draw its sky; the first children are those of legs.
SKY = 2**32


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


@inner
def integrate_clear(
    g_band, solar_fraction, water, phase, cell, n_days, net, samples, replicates, change,
    power, stream, optics, room, slopes, estimates,
):  # fmt: skip
    """Estimates of an integral over the cloud-free sky from each replicate, (replicate, score)."""
    media, adjoints, days = optics.media, optics.adjoint[0], optics.days
    cumulative = optics.cumulative_change if change else optics.cumulative_clean
    albedo_diffuse, albedo_direct = optics.albedo_diffuse, optics.albedo_direct
    shifts, point, own = room.shifts, room.net, room.scores
    made, gradient = optics.made, gradient_of(slopes, room)
    roulette = scaled_thresholds(_CLEAR_SKY_THRESHOLDS, power)
    for replicate in range(replicates):
        replicate_key = child_key(stream, replicate)
        fill_shifts(replicate_key, shifts)
        scores = estimates[replicate]
        for sample in range(samples):
            shift_point(net, sample, shifts, point)
            mu, flux = draw_sun(days, n_days, point[DAY], point[HOUR])
            if flux <= 0.0:
                continue
            g, probability = draw(cumulative, point[G_POINT])
            weight = flux * solar_fraction[g] / probability
            band, group = g_band[g], g // G_PER_TABLE
            if not made[0, group]:
                make_clear_table(g_band, group, optics)
            beam_albedo = positive(slopes, albedo_direct[band] + albedo_of_water(water, mu))
            scene = Scene(medium_at(media, g), phase_in_band(phase, cell, band), adjoints[group])
            key, surface = (
                child_key(replicate_key, sample),
                Surface(beam_albedo, albedo_diffuse[band]),
            )
            one_path(scene, change, mu, weight, surface, roulette, key, point, own, gradient)
            add_path(scores, own, 1.0)
            if change:
                add_gradient(scores, gradient, slopes, band, 1.0)
        scores /= samples


@inner
def integrate_cloudy(
    g_band, solar_fraction, water, phase, cell, n_days, net, samples, replicates, change,
    power, stream, skies, fractions, depths, extinctions, ssas, asymmetries, optics, room, slopes,
    estimates,
):  # fmt: skip
    """The same over the cloudy states; their arrays are those of the cell."""
    media, adjoints, days, medium = optics.media, optics.adjoint, optics.days, room.medium
    cumulative = optics.cumulative_change if change else optics.cumulative_clean
    cumulative_state, state_factor = optics.cumulative_state, optics.state_factor
    albedo_diffuse, albedo_direct = optics.albedo_diffuse, optics.albedo_direct
    shifts, point, own = room.shifts, room.net, room.scores
    cloudy, drawn, made = room.cloudy, room.cloud_depth, optics.made
    gradient = gradient_of(slopes, room)
    for replicate in range(replicates):
        replicate_key = child_key(stream, replicate)
        fill_shifts(replicate_key, shifts)
        scores = estimates[replicate]
        for sample in range(samples):
            shift_point(net, sample, shifts, point)
            mu, flux = draw_sun(days, n_days, point[DAY], point[HOUR])
            if flux <= 0.0:
                continue
            g, probability = draw(cumulative, point[G_POINT])
            state, state_probability = draw(cumulative_state, point[STATE])
            weight = flux * solar_fraction[g] / (probability * state_probability)
            band, group = g_band[g], g // G_PER_TABLE
            if not made[state + 1, group]:
                make_cloudy_table(
                    g_band, group, state, depths[state], extinctions[state], ssas[state],
                    asymmetries[state], optics, room,
                )  # fmt: skip
            key = child_key(replicate_key, sample)
            depth = sky_depth(
                skies, cell, depths[state], point[STATE], child_key(key, SKY), cloudy, drawn
            )
            add_cloud(
                medium_at(media, g), depth, extinctions[state, band], ssas[state, band],
                asymmetries[state, band], medium,
            )  # fmt: skip
            beam_albedo = positive(slopes, albedo_direct[band] + albedo_of_water(water, mu))
            typical = power * state_factor[state] / state_probability
            roulette = scaled_thresholds(_CLOUDY_SKY_THRESHOLDS, typical)
            scene = Scene(medium, phase_in_band(phase, cell, band), adjoints[state + 1, group])
            surface = Surface(beam_albedo, albedo_diffuse[band])
            one_path(scene, change, mu, weight, surface, roulette, key, point, own, gradient)
            add_path(scores, own, fractions[state])
            if change:
                add_gradient(scores, gradient, slopes, band, fractions[state])
            add_state(scores, own, slopes, state)
        scores /= samples


@uncounted
def shift_point(net, sample, shifts, point):
    """Write the coordinates of a net point, digitally shifted."""
    for dimension in range(NET_DIMENSIONS):
        point[dimension] = shifted(net[sample, dimension], shifts[dimension])


@inlined
def one_path(scene, change, mu, weight, surface, roulette, key, point, scores, gradient):
    """The scores of one path: the change by the aerosol, or the aerosol-free fluxes.

    `gradient` gets the derivatives of the change, unless it is None.
    """
    scores[:] = 0.0
    if change:
        begin_gradient(gradient)
        difference_path(scene, mu, weight, surface, roulette, key, point, scores, gradient)
    else:
        whole_path(scene, False, mu, weight, surface, roulette.tail, key, point, scores)


@uncounted
def add_path(scores, own, fraction):
    """Add what one path scored, for the fraction of the sky that it stands for."""
    for score in range(SCORES):
        scores[score] += fraction * own[score]


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
    stream = child_key(effort.seed, columns.cell_id[cell])
    own_slopes, water = slopes_of(slopes, cell), water_of(columns, cell)
    change, cloudy = effort.change_samples[cell], effort.cloudy_samples[cell]
    clean = effort.clean_samples[cell]
    if share == 0.0:
        change, cloudy = 0, 0
    for integral, samples in ((CHANGE_CLEAR, change), (CLEAN_CLEAR, clean)):
        if samples > 0:
            integrate_clear(
                table.g_band, table.solar_fraction, water, columns.aerosol_phase, cell, n_days,
                effort.net, samples, effort.replicates, integral == CHANGE_CLEAR,
                flux * (share if integral == CHANGE_CLEAR else 1.0), child_key(stream, integral),
                optics, room, own_slopes, estimates[integral],
            )  # fmt: skip
    cover = fill_states(columns, cell, effort.least_fraction, optics)
    nothing_to_draw = columns.cloud_fraction.shape[1] == 0 or cover + effort.least_fraction == 0.0
    if nothing_to_draw or not effort.cloudy:
        return
    shared = min(cell, columns.cloud_ssa.shape[0] - 1)
    for integral, samples in ((CHANGE_CLOUDY, cloudy), (CLEAN_CLOUDY, clean)):
        if samples > 0:
            integrate_cloudy(
                table.g_band, table.solar_fraction, water, columns.aerosol_phase, cell, n_days,
                effort.net, samples, effort.replicates, integral == CHANGE_CLOUDY,
                flux * (share if integral == CHANGE_CLOUDY else 1.0),
                child_key(stream, integral), columns.drawn_skies, columns.cloud_fraction[cell],
                columns.cloud_depth[cell], columns.cloud_extinction[shared],
                columns.cloud_ssa[shared], columns.cloud_asymmetry[shared], optics, room,
                own_slopes, estimates[integral],
            )  # fmt: skip


@compiled
def solve(table, columns, sun, effort, first, last, slopes, estimates):
    """The integrals of the cells first..last into `estimates`, (cell, integral, replicate, score).

    Cells do not depend on each other: any division into ranges gives the same bits. `slopes` are
    the `BandSlopes` of the cells if derivatives are wanted besides the fluxes (scores as
    derivatives.py lists them), else None.
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

    They are parts of the flux that enters at the top.
    """
    room, surface = make_room(medium.shape[0] - 1), Surface(albedo, albedo)
    scene = Scene(medium, None, adjoint)
    for replicate in range(replicates):
        replicate_key = child_key(seed, replicate)
        fill_shifts(replicate_key, room.shifts)
        scores = estimates[replicate]
        for sample in range(net.shape[0]):
            shift_point(net, sample, room.shifts, room.net)
            key = child_key(replicate_key, sample)
            whole_path(
                scene, True, cos_zenith, 1.0, surface, _CLEAN_THRESHOLD, key, room.net, scores
            )
        scores /= net.shape[0]
