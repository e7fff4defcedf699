"""Fluxes and forcings of many columns: one integral per column over all that varies.

The monthly mean, the spectrum, the cloud states and the photon paths are dimensions of one
integral. Each sample draws a day, an hour angle, a g-point, a cloud state and a path, and weighs

    flux(day, hour) x source(g) / p(g) x fraction(state) / q(state),

p and q being the probabilities with which g-point and state are drawn. There is no loop over
bands, hours or cloud states, and the cost does not grow with their number: the adjoint table of a
state and a group of g-points is made when the first sample draws them.

- p favours the g-points at which the aerosol intercepts power: 92 % in proportion to
  S_g exp(-(gas + half of Rayleigh above the aerosol) / mu) (1 - exp(-aerosol / mu)), 8 % to S_g.
- q favours thin cloud: fraction / (1 + tau / 6), the scatter over the square root of the cost as
  measured; under thick cloud the aerosol's effect is smaller and the paths are longer.
- Where overlapping clouds allow too many skies to be states, one state stands for all of them, and
  each sample draws its own (overlap.py); adjoint tables and probabilities are for the mean sky.

Roulette thresholds are parts of the power that the aerosol intercepts, or that comes in. In a
cloudy state they are in proportion to the weight that its samples have, and to
sqrt(1 + tau / 6): where paths are long, fewer of them are followed.

Four integrals are estimated for every column, each from independent replicates: the change by the
aerosol and the aerosol-free flux, for the cloud-free sky and for the sum of the cloudy states
(each weighing its fraction). All-sky is (1 - cover) x cloud-free + cloudy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aeroforcing.adjoint import (
    ADJOINT_COLUMNS,
    ADJOINT_SCRATCH,
    fill_adjoint,
    fill_cloudy_adjoint,
)
from aeroforcing.events import SCORES
from aeroforcing.gases import gas_optics
from aeroforcing.gradient import (
    add_gradient,
    add_state,
    begin_gradient,
    positive,
    slopes_of,
)
from aeroforcing.jit import borrowed, inner, kernel
from aeroforcing.medium import (
    AEROSOL,
    CLEAN_ABSORPTION,
    MEDIUM_COLUMNS,
    RAYLEIGH,
    add_cloud,
    fill_medium,
)
from aeroforcing.montecarlo import (
    Roulette,
    difference_path,
    scaled_thresholds,
    whole_path,
)
from aeroforcing.overlap import DrawnSkies, most_clouds, sky_depth
from aeroforcing.phase_function import AerosolPhase, phase_in_band
from aeroforcing.sampling import (
    DAY,
    G_POINT,
    HOUR,
    NET_DIMENSIONS,
    STATE,
    child_key,
    fill_shifts,
    shifted,
)
from aeroforcing.solar import LONGEST_PERIOD, draw_sun, fill_days, mean_sun
from aeroforcing.surface import ocean_albedo_diffuse, ocean_albedo_direct

# The four integrals of a column.
CHANGE_CLEAR, CHANGE_CLOUDY, CLEAN_CLEAR, CLEAN_CLOUDY = range(4)
INTEGRALS = 4

_SHARE_OF_INTERCEPTED_POWER = 0.92
# Roulette thresholds in units of the power that the aerosol intercepts; the optimum is flat.
_CLEAR_SKY_THRESHOLDS = Roulette(tail=0.3, pair=0.3, chain=1.0)
_CLOUDY_SKY_THRESHOLDS = Roulette(tail=0.3, pair=0.6, chain=3.0)
_CLEAN_THRESHOLD = 0.5  # in units of the incoming flux
# Child of a sample's key whose numbers draw its sky; the first children are those of legs.
SKY = 2**32
# Neighbouring g-points of a band that share one adjoint table.
G_PER_TABLE = 4
_DEPTH_OF_LONG_PATHS = 6.0  # optical depth at which a cloud's samples cost twice a thin one's


class Columns(NamedTuple):
    """The atmospheres, aerosols, clouds and surfaces of many cells, as plain arrays.

    Layers run from the top down; bands are those of the gas table; states are the cloudy ones,
    which exclude each other. Cloud optics may be shared by all cells (first length 1).
    """

    pressure_levels: NDArray[np.float64]  # (cell, level) [Pa]
    pressure_layers: NDArray[np.float64]  # (cell, layer) [Pa]
    temperature_layers: NDArray[np.float64]  # (cell, layer) [K]
    mole_fractions: NDArray[np.float64]  # (cell, gas, layer), per dry air
    aerosol_extinction: NDArray[np.float64]  # (cell, band, layer), optical depth
    aerosol_ssa: NDArray[np.float64]  # (cell, band, layer)
    aerosol_asymmetry: NDArray[np.float64]  # (cell, band, layer)
    cloud_fraction: NDArray[np.float64]  # (cell, state)
    cloud_depth: NDArray[np.float64]  # (cell, state, layer), optical depth in the visible
    cloud_extinction: NDArray[np.float64]  # (cell or 1, state, band, layer), relative to that
    cloud_ssa: NDArray[np.float64]  # (cell or 1, state, band, layer)
    cloud_asymmetry: NDArray[np.float64]  # (cell or 1, state, band, layer)
    albedo_direct: NDArray[np.float64]  # (cell, band), of what is not open water
    albedo_diffuse: NDArray[np.float64]  # (cell, band), of what is not open water
    open_water: NDArray[np.float64]  # (cell,), share of the surface
    ocean_law: NDArray[np.int64]  # (cell,), of its albedo, by its place in `surface.OCEAN_LAWS`
    wind_speed: NDArray[np.float64]  # (cell,) [m s-1], where the law needs it
    cell_id: NDArray[np.uint64]  # (cell,), keys of the random numbers
    aerosol_phase: AerosolPhase | None = None  # where it is not Henyey-Greenstein throughout
    drawn_skies: DrawnSkies | None = None  # where there are any `cloud_depth` is their mean


class Water(NamedTuple):
    """The open water of one cell."""

    share: float  # of the surface
    law: int  # of its albedo
    wind_speed: float  # [m s-1]


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


class Optics(NamedTuple):
    """The optical properties of one column at all g-points, and where to draw them from."""

    tau_gas: NDArray[np.float64]  # (layer, g)
    tau_rayleigh: NDArray[np.float64]  # (layer, g)
    medium: NDArray[np.float64]  # (g, level, 9), without cloud
    cumulative_change: NDArray[np.float64]  # (g,) probabilities for the change by the aerosol
    cumulative_clean: NDArray[np.float64]  # (g,) probabilities for the aerosol-free fluxes
    cumulative_state: NDArray[np.float64]  # (state,)
    state_factor: NDArray[np.float64]  # (state,) sqrt(1 + tau / 6), of the roulette thresholds
    albedo_diffuse: NDArray[np.float64]  # (band,)
    albedo_direct: NDArray[np.float64]  # (band,) without that of open water
    adjoint: NDArray[np.float64]  # (clear and states, group of g-points, level, 8)
    adjoint_layers: NDArray[np.float64]  # (group, level, 6) scratch of the tables of clear sky
    representative: NDArray[np.int64]  # (group,) the g-point that the table is made for
    made: NDArray[np.bool_]  # (clear and states, group) whether the table is there
    days: NDArray[np.float64]  # (day, 4) of solar.fill_days


class Room(NamedTuple):
    """Scratch arrays of one sample."""

    medium: NDArray[np.float64]  # (level, 9)
    cloudy: NDArray[np.float64]  # (cloud,) of a drawn sky
    cloud_depth: NDArray[np.float64]  # (layer,) of a drawn sky
    adjoint_scratch: NDArray[np.float64]  # (level, 6)
    net: NDArray[np.float64]  # (dimension,)
    numbers: NDArray[np.float64]  # (4,)
    shifts: NDArray[np.uint32]  # (dimension,)
    scores: NDArray[np.float64]  # (score,) of one path


@kernel
def make_optics(n_layers, n_g, n_states, n_bands):
    """Room for the optics of one column."""
    n_groups = (n_g + G_PER_TABLE - 1) // G_PER_TABLE
    return Optics(
        np.zeros((n_layers, n_g)),
        np.zeros((n_layers, n_g)),
        np.zeros((n_g, n_layers + 1, MEDIUM_COLUMNS)),
        np.zeros(n_g),
        np.zeros(n_g),
        np.zeros(n_states),
        np.zeros(n_states),
        np.zeros(n_bands),
        np.zeros(n_bands),
        np.zeros((n_states + 1, n_groups, n_layers + 1, ADJOINT_COLUMNS)),
        np.zeros((n_groups, n_layers + 1, ADJOINT_SCRATCH)),
        np.zeros(n_groups, np.int64),
        np.zeros((n_states + 1, n_groups), np.bool_),
        np.zeros((LONGEST_PERIOD, 4)),
    )


@kernel
def make_room(n_layers, n_clouds=0):
    """Room for one sample; `n_clouds` are those of drawn skies."""
    return Room(
        np.zeros((n_layers + 1, MEDIUM_COLUMNS)),
        np.zeros(n_clouds),
        np.zeros(n_layers),
        np.zeros((n_layers + 1, ADJOINT_SCRATCH)),
        np.zeros(NET_DIMENSIONS),
        np.zeros(4),
        np.zeros(NET_DIMENSIONS, np.uint32),
        np.zeros(SCORES),
    )


@inner
def aerosol_centre(extinction):
    """The level above which half of the aerosol lies, or the next below."""
    total = extinction.sum()
    above = 0.0
    for layer in range(extinction.size):
        above += extinction[layer]
        if above >= 0.5 * total:
            return layer
    return extinction.size


@inner
def intercepted_share(medium, centre, mu):
    """Share of the direct beam at one g-point that the aerosol intercepts, to first order."""
    overhead = medium[centre, CLEAN_ABSORPTION] + 0.5 * medium[centre, RAYLEIGH]
    aerosol = medium[medium.shape[0] - 1, AEROSOL]
    return math.exp(-overhead / mu) * -math.expm1(-aerosol / mu)


@kernel
def fill_optics(table, columns, cell, mu, optics):
    """Gas optics, media and g-point probabilities of one column; returns the intercepted share.

    `mu` is the cosine at which the g-points' importance is judged.
    """
    gas_optics(
        table,
        columns.pressure_levels[cell],
        columns.pressure_layers[cell],
        columns.temperature_layers[cell],
        columns.mole_fractions[cell],
        optics.tau_gas,
        optics.tau_rayleigh,
    )
    intercepted = 0.0
    for g in range(optics.medium.shape[0]):
        band = table.g_band[g]
        extinction = columns.aerosol_extinction[cell, band]
        fill_medium(
            optics.medium[g],
            optics.tau_gas[:, g],
            optics.tau_rayleigh[:, g],
            extinction,
            columns.aerosol_ssa[cell, band],
            columns.aerosol_asymmetry[cell, band],
        )
        share = intercepted_share(optics.medium[g], aerosol_centre(extinction), mu)
        optics.cumulative_change[g] = share * table.solar_fraction[g]
        intercepted += optics.cumulative_change[g]
    choose_representatives(optics)
    accumulate_probabilities(table.solar_fraction, intercepted, optics)
    return intercepted


@inner
def choose_representatives(optics):
    """In each group of g-points take the one at which the aerosol intercepts most."""
    for group in range(optics.representative.size):
        best = group * G_PER_TABLE
        for g in range(best, min(best + G_PER_TABLE, optics.cumulative_change.size)):
            if optics.cumulative_change[g] > optics.cumulative_change[best]:
                best = g
        optics.representative[group] = best


@inner
def accumulate_probabilities(solar_fraction, intercepted, optics):
    """Turn the intercepted power per g-point into cumulative probabilities."""
    change = 0.0
    clean = 0.0
    for g in range(solar_fraction.size):
        clean += solar_fraction[g]
        if intercepted > 0.0:
            change += _SHARE_OF_INTERCEPTED_POWER * optics.cumulative_change[g] / intercepted
            change += (1.0 - _SHARE_OF_INTERCEPTED_POWER) * solar_fraction[g]
        else:
            change += solar_fraction[g]
        optics.cumulative_change[g] = change
        optics.cumulative_clean[g] = clean


@kernel
def fill_states(columns, cell, least_fraction, optics):
    """Cumulative probabilities and roulette factors of the cloudy states; returns their cover.

    States are drawn as if each had `least_fraction` more of the sky than it has.
    """
    cover = 0.0
    total = 0.0
    cumulative_state, factor = optics.cumulative_state, optics.state_factor
    for state in range(cumulative_state.size):
        lengthening = 1.0 + columns.cloud_depth[cell, state].sum() / _DEPTH_OF_LONG_PATHS
        fraction = columns.cloud_fraction[cell, state]
        cover += fraction
        total += (fraction + least_fraction) / lengthening
        cumulative_state[state] = total
        factor[state] = math.sqrt(lengthening)
    for state in range(cumulative_state.size):
        cumulative_state[state] /= total if total > 0.0 else 1.0
    return cover


@kernel
def draw(cumulative, u):
    """The index that a uniform number picks, and its probability."""
    target = u * cumulative[cumulative.size - 1]
    low, high = 0, cumulative.size - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] <= target:
            low = middle + 1
        else:
            high = middle
    below = cumulative[low - 1] if low > 0 else 0.0
    return low, (cumulative[low] - below) / cumulative[cumulative.size - 1]


@kernel
def fill_albedos(columns, cell, diffuse, direct):
    """Albedo by band: for scattered light, and for the sun's beam without that of open water."""
    water = water_of(columns, cell)
    water_diffuse = ocean_albedo_diffuse(water.law, water.wind_speed)
    for band in range(diffuse.size):
        diffuse[band] = (1.0 - water.share) * columns.albedo_diffuse[cell, band]
        diffuse[band] += water.share * water_diffuse
        direct[band] = (1.0 - water.share) * columns.albedo_direct[cell, band]


@inner
def water_of(columns, cell):
    """The open water of a cell."""
    return Water(columns.open_water[cell], columns.ocean_law[cell], columns.wind_speed[cell])


@inner
def albedo_of_water(water, mu):
    """What open water adds to the albedo of its cell for the sun's beam."""
    return water.share * ocean_albedo_direct(water.law, water.wind_speed, mu)


@inner
def make_clear_table(g_band, group, optics):
    """The adjoint table of the cloud-free sky for a group of g-points."""
    g = optics.representative[group]
    albedo = optics.albedo_diffuse[g_band[g]]
    fill_adjoint(optics.medium[g], albedo, optics.adjoint[0, group], optics.adjoint_layers[group])
    optics.made[0, group] = True


@inner
def make_cloudy_table(g_band, group, state, depth, extinction, ssa, asymmetry, optics, room):
    """The adjoint table of one cloudy state for a group; its optics are by (band, layer)."""
    if not optics.made[0, group]:
        make_clear_table(g_band, group, optics)
    g = optics.representative[group]
    band = g_band[g]
    add_cloud(optics.medium[g], depth, extinction[band], ssa[band], asymmetry[band], room.medium)
    fill_cloudy_adjoint(
        room.medium, depth, optics.adjoint_layers[group], optics.albedo_diffuse[band],
        optics.adjoint[state + 1, group], room.adjoint_scratch,
    )  # fmt: skip
    optics.made[state + 1, group] = True


@inner
def integrate_clear(
    g_band, solar_fraction, water, phase, cell, n_days, net, samples, replicates, change,
    power, stream, optics, room, slopes, estimates,
):  # fmt: skip
    """Estimates of an integral over the cloud-free sky from each replicate, (replicate, score)."""
    media, adjoints, days = optics.medium, optics.adjoint[0], optics.days
    cumulative = optics.cumulative_change if change else optics.cumulative_clean
    albedo_diffuse, albedo_direct = optics.albedo_diffuse, optics.albedo_direct
    shifts, point, numbers, own = room.shifts, room.net, room.numbers, room.scores
    made = optics.made
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
            beam_albedo = albedo_direct[band] + albedo_of_water(water, mu)
            gradient = one_path(
                media[g], phase_in_band(phase, cell, band), adjoints[group], change, mu, weight,
                beam_albedo, albedo_diffuse[band], roulette, child_key(replicate_key, sample),
                point, numbers, own, slopes,
            )  # fmt: skip
            add_path(scores, own, 1.0)
            add_gradient(scores, gradient, slopes, band, 1.0)
        scores /= samples


@inner
def integrate_cloudy(
    g_band, solar_fraction, water, phase, cell, n_days, net, samples, replicates, change,
    power, stream, skies, fractions, depths, extinctions, ssas, asymmetries, optics, room, slopes,
    estimates,
):  # fmt: skip
    """The same over the cloudy states; their arrays are those of the cell."""
    media, adjoints, days, medium = optics.medium, optics.adjoint, optics.days, room.medium
    cumulative = optics.cumulative_change if change else optics.cumulative_clean
    cumulative_state, state_factor = optics.cumulative_state, optics.state_factor
    albedo_diffuse, albedo_direct = optics.albedo_diffuse, optics.albedo_direct
    shifts, point, numbers, own = room.shifts, room.net, room.numbers, room.scores
    cloudy, drawn, made = room.cloudy, room.cloud_depth, optics.made
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
                media[g], depth, extinctions[state, band], ssas[state, band],
                asymmetries[state, band], medium,
            )  # fmt: skip
            beam_albedo = albedo_direct[band] + albedo_of_water(water, mu)
            typical = power * state_factor[state] / state_probability
            gradient = one_path(
                medium, phase_in_band(phase, cell, band), adjoints[state + 1, group], change, mu,
                weight, beam_albedo, albedo_diffuse[band],
                scaled_thresholds(_CLOUDY_SKY_THRESHOLDS, typical), key, point, numbers, own,
                slopes,
            )  # fmt: skip
            add_path(scores, own, fractions[state])
            add_gradient(scores, gradient, slopes, band, fractions[state])
            add_state(scores, own, slopes, state)
        scores /= samples


@kernel
def shift_point(net, sample, shifts, point):
    """Write the coordinates of a net point, digitally shifted."""
    for dimension in range(NET_DIMENSIONS):
        point[dimension] = shifted(net[sample, dimension], shifts[dimension])


@inner
def one_path(
    medium, phase, adjoint, change, mu, weight, beam_albedo, albedo, roulette, key, point, numbers,
    scores, wanted,
):  # fmt: skip
    """The scores of one path: the change by the aerosol, or the aerosol-free fluxes.

    Returns the derivatives of the change, if they are `wanted`.
    """
    scores[:] = 0.0
    if change:
        return difference_path(
            medium, phase, adjoint, mu, weight, positive(wanted, beam_albedo), albedo, roulette,
            key, point, numbers, scores, wanted,
        )  # fmt: skip
    whole_path(
        medium, phase, adjoint, False, mu, weight, beam_albedo, albedo, roulette.tail, key, point,
        scores,
    )  # fmt: skip
    return begin_gradient(wanted)


@inner
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


@kernel
def solve(table, columns, sun, effort, first, last, slopes, estimates):
    """The integrals of the cells first..last into `estimates`, (cell, integral, replicate, score).

    Cells do not depend on each other: any division into ranges gives the same bits. `slopes` are
    the `BandSlopes` of the cells if derivatives are wanted besides the fluxes (scores as
    gradient.py lists them), else None.
    """
    n_layers = columns.temperature_layers.shape[1]
    n_states, n_bands = columns.cloud_fraction.shape[1], columns.albedo_diffuse.shape[1]
    optics = make_optics(n_layers, table.g_band.size, n_states, n_bands)
    room = make_room(n_layers, most_clouds(columns.drawn_skies))
    for cell in range(first, last):
        solve_cell(table, columns, sun, effort, cell, slopes, optics, room, estimates[cell])


@kernel
def solve_layers(medium, adjoint, cos_zenith, albedo, net, replicates, seed, estimates):
    """Fluxes of one stack of layers with aerosol at one wavelength, (replicate, score).

    They are parts of the flux that enters at the top.
    """
    room = make_room(medium.shape[0] - 1)
    for replicate in range(replicates):
        replicate_key = child_key(seed, replicate)
        fill_shifts(replicate_key, room.shifts)
        scores = estimates[replicate]
        for sample in range(net.shape[0]):
            shift_point(net, sample, room.shifts, room.net)
            whole_path(
                medium, None, adjoint, True, cos_zenith, 1.0, albedo, albedo, _CLEAN_THRESHOLD,
                child_key(replicate_key, sample), room.net, scores,
            )  # fmt: skip
        scores /= net.shape[0]
