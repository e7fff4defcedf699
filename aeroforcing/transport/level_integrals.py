"""Fluxes through all levels of columns: the integrals of integrals.py along the paths of
level_paths.py.

Day, hour, g-point, cloud state and path are drawn as there, with the same probabilities.
"""

from __future__ import annotations

from aeroforcing.core.compiled import compiled, inner
from aeroforcing.optics.phase_functions import phase_in_band
from aeroforcing.optics.sun import draw_sun, fill_days, mean_sun
from aeroforcing.transport.column_optics import (
    albedo_of_water,
    draw,
    fill_albedos,
    fill_optics,
    fill_states,
    make_optics,
    make_room,
    water_of,
)
from aeroforcing.transport.events import Scene, Surface
from aeroforcing.transport.integrals import (
    CHANGE_CLEAR,
    CHANGE_CLOUDY,
    CLEAN_CLEAR,
    CLEAN_CLOUDY,
    SKY,
    shift_point,
)
from aeroforcing.transport.level_paths import level_difference_path, whole_level_path
from aeroforcing.transport.medium import add_cloud, medium_at
from aeroforcing.transport.overlap import most_clouds, sky_depth
from aeroforcing.transport.paths import Roulette, scaled_thresholds
from aeroforcing.transport.random_numbers import DAY, G_POINT, HOUR, STATE, child_key, fill_shifts

# Roulette thresholds in units of the power that the aerosol intercepts; the optimum is flat.
_CHANGE_THRESHOLDS = Roulette(tail=0.2, pair=0.2, chain=0.6)

# And in units of the flux that comes in, for the aerosol-free fluxes.
_CLEAN_THRESHOLDS = Roulette(tail=0.1, pair=0.1, chain=0.1)


@inner
def integrate_levels(
    table, columns, cell, n_days, net, samples, replicates, change, cloudy, power, stream, optics,
    room, estimates,
):  # fmt: skip
    """Estimates of an integral from each replicate, (replicate, level, score).

    Over the cloud-free sky, or over the cloudy states together.
    """
    cumulative = optics.cumulative_change if change else optics.cumulative_clean
    shared = min(cell, columns.cloud_ssa.shape[0] - 1)
    water = water_of(columns, cell)
    thresholds = _CHANGE_THRESHOLDS if change else _CLEAN_THRESHOLDS
    for replicate in range(replicates):
        replicate_key = child_key(stream, replicate)
        fill_shifts(replicate_key, room.shifts)
        for sample in range(samples):
            shift_point(net, sample, room.shifts, room.net)
            mu, flux = draw_sun(optics.days, n_days, room.net[DAY], room.net[HOUR])
            if flux <= 0.0:
                continue
            g, probability = draw(cumulative, room.net[G_POINT])
            weight = flux * table.solar_fraction[g] / probability
            key = child_key(replicate_key, sample)
            roulette = scaled_thresholds(thresholds, power)
            band = table.g_band[g]
            medium = medium_at(optics.media, g)
            if cloudy:
                state, probability = draw(optics.cumulative_state, room.net[STATE])
                typical = columns.cloud_fraction[cell, state] / probability
                weight *= typical
                typical *= power * optics.state_factor[state]
                roulette = scaled_thresholds(thresholds, typical)
                depth = sky_depth(
                    columns.drawn_skies, cell, columns.cloud_depth[cell, state], room.net[STATE],
                    child_key(key, SKY), room.cloudy, room.cloud_depth,
                )  # fmt: skip
                add_cloud(
                    medium, depth,
                    columns.cloud_extinction[shared, state, band],
                    columns.cloud_ssa[shared, state, band],
                    columns.cloud_asymmetry[shared, state, band], room.medium,
                )  # fmt: skip
                medium = room.medium
            beam_albedo = optics.albedo_direct[band] + albedo_of_water(water, mu)
            surface = Surface(beam_albedo, optics.albedo_diffuse[band])
            scene = Scene(medium, phase_in_band(columns.aerosol_phase, cell, band), None)
            net_point, scores = room.net, estimates[replicate]
            if change:
                level_difference_path(scene, mu, weight, surface, roulette, key, net_point, scores)
            else:
                whole_level_path(
                    scene, False, mu, weight, surface, roulette.tail, key, net_point, scores
                )
        estimates[replicate] /= samples


@inner
def solve_cell_levels(table, columns, sun, net, replicates, seed, cell, optics, room, estimates):
    """The four integrals of one cell into `estimates`, (integral, replicate, level, score)."""
    n_days = fill_days(sun, cell, optics.days)
    flux, mu = mean_sun(optics.days, n_days)
    if flux <= 0.0:
        return
    share = fill_optics(table, columns, cell, mu, optics)
    fill_albedos(columns, cell, optics.albedo_diffuse, optics.albedo_direct)
    stream = child_key(seed, columns.cell_id[cell])
    cover = fill_states(columns, cell, 0.0, optics)
    for integral in (CHANGE_CLEAR, CHANGE_CLOUDY, CLEAN_CLEAR, CLEAN_CLOUDY):
        change = integral in (CHANGE_CLEAR, CHANGE_CLOUDY)
        cloudy = integral in (CHANGE_CLOUDY, CLEAN_CLOUDY)
        power = flux * (share if change else 1.0)
        if power > 0.0 and (cover > 0.0 or not cloudy):
            integrate_levels(
                table, columns, cell, n_days, net, net.shape[0], replicates, change, cloudy, power,
                child_key(stream, integral), optics, room, estimates[integral],
            )  # fmt: skip


@compiled
def solve_levels(table, columns, sun, net, replicates, seed, estimates):
    """The integrals of all cells, (cell, integral, replicate, level, score) [W m-2].

    Each replicate of each integral has as many samples as the net.
    """
    n_layers = columns.temperature_layers.shape[1]
    n_states, n_bands = columns.cloud_fraction.shape[1], columns.albedo_diffuse.shape[1]
    optics = make_optics(n_layers, table.g_band.size, n_states, n_bands)
    room = make_room(n_layers, most_clouds(columns.drawn_skies))
    for cell in range(estimates.shape[0]):
        solve_cell_levels(
            table, columns, sun, net, replicates, seed, cell, optics, room, estimates[cell]
        )


@compiled
def solve_layer_levels(medium, cos_zenith, albedo, net, replicates, seed, estimates):
    """Level fluxes of one stack of layers with aerosol, (replicate, level, score).

    At one wavelength; they are parts of the flux that enters at the top.
    """
    room, surface = make_room(medium.shape[0] - 1), Surface(albedo, albedo)
    scene, threshold = Scene(medium, None, None), _CLEAN_THRESHOLDS.tail
    for replicate in range(replicates):
        replicate_key = child_key(seed, replicate)
        fill_shifts(replicate_key, room.shifts)
        for sample in range(net.shape[0]):
            shift_point(net, sample, room.shifts, room.net)
            key, scores = child_key(replicate_key, sample), estimates[replicate]
            whole_level_path(
                scene, True, cos_zenith, 1.0, surface, threshold, key, room.net, scores
            )
        estimates[replicate] /= net.shape[0]
