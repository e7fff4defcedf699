"""What the solver knows of a column before it draws: its optics, probabilities and adjoint tables.

The g-points and the cloudy states are drawn with the probabilities p and q:

- p favours the g-points at which the aerosol intercepts power: 92 % in proportion to
  S_g exp(-(gas + half of Rayleigh above the aerosol) / mu) (1 - exp(-aerosol / mu)), 8 % to S_g.
- q favours thin cloud: fraction / (1 + tau / 6), the scatter over the square root of the cost as
  measured; under thick cloud the aerosol's effect is smaller and the paths are longer.

Neighbouring g-points share an adjoint table (adjoint.py).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core.compiled import compiled, inner, merged
from aeroforcing.core.constants import LONGEST_PERIOD
from aeroforcing.optics.gases import gas_optics
from aeroforcing.optics.phase_functions import AerosolPhase
from aeroforcing.optics.surface_albedo import ocean_albedo_diffuse, ocean_albedo_direct
from aeroforcing.transport.adjoint import (
    ADJOINT_COLUMNS,
    ADJOINT_SCRATCH,
    fill_adjoint,
    fill_cloudy_adjoint,
)
from aeroforcing.transport.derivatives import GRADIENT_SHAPE
from aeroforcing.transport.events import SCORES
from aeroforcing.transport.medium import (
    AEROSOL,
    CLEAN_ABSORPTION,
    RAYLEIGH,
    add_cloud,
    fill_medium,
    make_media,
    make_medium,
    medium_at,
)
from aeroforcing.transport.overlap import DrawnSkies
from aeroforcing.transport.random_numbers import NET_DIMENSIONS
from aeroforcing.transport.variability import HOMOGENEOUS, Variability

_SHARE_OF_INTERCEPTED_POWER = 0.92

# Neighbouring g-points of a band that share one adjoint table.
G_PER_TABLE = 4
_DEPTH_OF_LONG_PATHS = 6.0  # optical depth at which a cloud's samples cost twice a thin one's

# The `cloud_peak` of columns whose clouds keep their forward peak.
NOT_CUT_OFF = np.zeros((1, 0, 0, 0))


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
    ocean_law: NDArray[
        np.int64
    ]  # (cell,), of its albedo, by its place in `surface_albedo.OCEAN_LAWS`
    wind_speed: NDArray[np.float64]  # (cell,) [m s-1], where the law needs it
    cell_id: NDArray[np.uint64]  # (cell,), keys of the random numbers
    cloud_peak: NDArray[np.float64] = (
        NOT_CUT_OFF  # as cloud_ssa: depth cut off, relative to visible
    )
    aerosol_phase: AerosolPhase | None = None  # where it is not Henyey-Greenstein throughout
    variability: Variability = HOMOGENEOUS  # of the optical depth within clouds
    drawn_skies: DrawnSkies | None = None  # where there are any `cloud_depth` is their mean


class Water(NamedTuple):
    """The open water of one cell."""

    share: float  # of the surface
    law: int  # of its albedo
    wind_speed: float  # [m s-1]


class Clouds(NamedTuple):
    """The cloudy states of one cell."""

    fraction: NDArray[np.float64]  # (state,)
    depth: NDArray[np.float64]  # (state, layer), optical depth in the visible
    extinction: NDArray[np.float64]  # (state, band, layer), relative to that
    ssa: NDArray[np.float64]  # (state, band, layer)
    asymmetry: NDArray[np.float64]  # (state, band, layer)
    peak: NDArray[np.float64]  # (state, band, layer), cut off, relative to that; or empty


class Optics(NamedTuple):
    """The optical properties of one column at all g-points, and where to draw them from."""

    tau_gas: NDArray[np.float64]  # (layer, g)
    tau_rayleigh: NDArray[np.float64]  # (layer, g)
    media: NDArray[np.float64]  # (g, 10, level), without cloud; see `medium_at`
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

    medium: NDArray[np.float64]  # (level, 10)
    cloudy: NDArray[np.float64]  # (cloud,) of a drawn sky
    cloud_depth: NDArray[np.float64]  # (layer,) of a drawn sky
    adjoint_scratch: NDArray[np.float64]  # (level, 6)
    net: NDArray[np.float64]  # (dimension,)
    shifts: NDArray[np.uint32]  # (dimension,)
    scores: NDArray[np.float64]  # (score,) of one path
    gradient: NDArray[np.float64]  # (flux, derivative) of one path


@compiled
def make_optics(n_layers, n_g, n_states, n_bands):
    """Room for the optics of one column."""
    n_groups = (n_g + G_PER_TABLE - 1) // G_PER_TABLE
    return Optics(
        np.zeros((n_layers, n_g)),
        np.zeros((n_layers, n_g)),
        make_media(n_g, n_layers + 1),
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


def media_by_level(optics: Optics) -> NDArray[np.float64]:
    """The media of all g-points without cloud, (g, level, 10): a copy."""
    return np.ascontiguousarray(optics.media.swapaxes(1, 2))


@compiled
def make_room(n_layers, n_clouds=0):
    """Room for one sample; `n_clouds` are those of drawn skies."""
    return Room(
        make_medium(n_layers + 1),
        np.zeros(n_clouds),
        np.zeros(n_layers),
        np.zeros((n_layers + 1, ADJOINT_SCRATCH)),
        np.zeros(NET_DIMENSIONS),
        np.zeros(NET_DIMENSIONS, np.uint32),
        np.zeros(SCORES),
        np.zeros(GRADIENT_SHAPE),
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


@compiled
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
    for g in range(optics.media.shape[0]):
        band, medium = table.g_band[g], medium_at(optics.media, g)
        extinction = columns.aerosol_extinction[cell, band]
        fill_medium(
            medium,
            optics.tau_gas[:, g],
            optics.tau_rayleigh[:, g],
            extinction,
            columns.aerosol_ssa[cell, band],
            columns.aerosol_asymmetry[cell, band],
        )
        share = intercepted_share(medium, aerosol_centre(extinction), mu)
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


@compiled
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


@compiled
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


@compiled
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
def clouds_of(columns, cell):
    """The cloudy states of a cell."""
    shared = min(cell, columns.cloud_ssa.shape[0] - 1)
    return Clouds(
        columns.cloud_fraction[cell],
        columns.cloud_depth[cell],
        columns.cloud_extinction[shared],
        columns.cloud_ssa[shared],
        columns.cloud_asymmetry[shared],
        columns.cloud_peak[min(cell, columns.cloud_peak.shape[0] - 1)],
    )


@merged
def adjoint_table(g_band, g, sky, clouds, optics, room):
    """The adjoint table of a sky for a g-point, which is made when it is first asked for.

    Sky 0 is the cloud-free one, the others are those of `clouds`.
    """
    group = g // G_PER_TABLE
    if not optics.made[sky, group]:
        if not optics.made[0, group]:
            make_clear_table(g_band, group, optics)
        if clouds is not None:
            make_cloudy_table(g_band, group, sky, clouds, optics, room)
    return optics.adjoint[sky, group]


@inner
def make_clear_table(g_band, group, optics):
    """The adjoint table of the cloud-free sky for a group of g-points."""
    g = optics.representative[group]
    fill_adjoint(
        medium_at(optics.media, g),
        optics.albedo_diffuse[g_band[g]],
        optics.adjoint[0, group],
        optics.adjoint_layers[group],
    )
    optics.made[0, group] = True


@inner
def make_cloudy_table(g_band, group, sky, clouds, optics, room):
    """The adjoint table of one cloudy state for a group, whose clear table is there."""
    g, state = optics.representative[group], sky - 1
    band, depth = g_band[g], clouds.depth[state]
    add_cloud(
        medium_at(optics.media, g),
        depth,
        clouds.extinction[state, band],
        clouds.ssa[state, band],
        clouds.asymmetry[state, band],
        room.medium,
    )
    fill_cloudy_adjoint(
        room.medium,
        depth,
        optics.adjoint_layers[group],
        optics.albedo_diffuse[band],
        optics.adjoint[sky, group],
        room.adjoint_scratch,
    )
    optics.made[sky, group] = True
