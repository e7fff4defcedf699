"""Profiles of a given state of the atmosphere, joined to a climatology above it, as layers."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aeroforcing.columns.layer_means import fill_means, fill_pressure
from aeroforcing.core.arrays import Floats
from aeroforcing.core.compiled import compiled
from aeroforcing.core.constants import GAS_CONSTANT, GRAVITY, MOLAR_MASS_DRY_AIR, MOLAR_MASS_WATER
from aeroforcing.inputs.builtin.atmosphere import TOP, Profiles

Ints = NDArray[np.integer]

_SCALE = GAS_CONSTANT / (GRAVITY * MOLAR_MASS_DRY_AIR)  # m K-1
_NEAREST = 1e-4  # difference of log pressure within which two levels are one


class State(NamedTuple):
    """A state on levels: of all cells with their axis first, or of one profile."""

    log_pressure: Floats  # (..., level) [log Pa]
    temperature: Floats  # (..., level) [K]
    log_fractions: Floats  # (..., gas, level), water vapour and ozone first


class Filled(NamedTuple):
    """The columns of all cells, written to."""

    altitude_levels: Floats  # (cell, n + 1) [m]
    pressure_levels: Floats  # (cell, n + 1) [Pa]
    temperature_layers: Floats  # (cell, n) [K]
    fractions: Floats  # (cell, gas, n)


class Joined(NamedTuple):
    """Room for one profile from the surface to the climatology's top, which ends at the surface."""

    altitude: Floats
    log_pressure: Floats
    temperature: Floats
    log_fractions: Floats  # (gas, level)


@compiled
def fill_cells(
    given: State,
    log_surface_pressure: Floats,
    surface_altitude: Floats,
    climatology: Profiles,
    month: Ints,
    lat_index: Ints,
    has_ozone: bool,
    level_fractions: Floats,
    filled: Filled,
) -> None:
    """Write the columns of all cells, each array with the axis of cells first.

    Parameters
    ----------
    given, log_surface_pressure, surface_altitude
        The given state, and (cell,) [log Pa] and (cell,) [m] of the ground.
    climatology, month, lat_index
        What goes on above it, and where each cell is in it.
    has_ozone
        Whether the state has ozone; else the climatology's is taken throughout.
    level_fractions
        (n + 1,) heights of the layers' bounds above the surface in parts of the top's, from 1 to 0.
    filled
        What is written to.
    """
    room = given.log_pressure.shape[1] + climatology.altitude.size + 1
    altitude, log_p, kelvin = np.empty(room), np.empty(room), np.empty(room)
    logs = np.empty((given.log_fractions.shape[1], room))
    joined = Joined(altitude, log_p, kelvin, logs)
    for cell in range(surface_altitude.size):
        step, place = month[cell], lat_index[cell]
        own = State(given.log_pressure[cell], given.temperature[cell], given.log_fractions[cell])
        upper = State(
            climatology.log_pressure[step, place],
            climatology.temperature[step, place],
            climatology.log_fractions[step, place],
        )
        log_surface = log_surface_pressure[cell]
        n = compose(own, log_surface, surface_altitude[cell], upper, has_ozone, joined)
        first = room - n
        for level in range(level_fractions.size):
            height = (TOP - surface_altitude[cell]) * level_fractions[level]
            filled.altitude_levels[cell, level] = surface_altitude[cell] + height
        levels = filled.altitude_levels[cell]
        fill_pressure(altitude[first:], log_p[first:], levels, filled.pressure_levels[cell])
        fill_means(
            altitude[first:], log_p[first:], kelvin[first:], logs[:, first:],
            levels, filled.temperature_layers[cell], filled.fractions[cell],
        )  # fmt: skip


@compiled
def compose(
    given: State,
    log_surface: float,
    surface_altitude: float,
    upper: State,
    has_ozone: bool,
    joined: Joined,
) -> int:
    """Write one profile from the surface up to the climatology's top, from the end of the arrays.

    Returns how many levels were written. The surface has the temperature and the mole fractions
    between the levels around it, or those of the lowest level. Gases that the climatology does not
    have go on upward as at the highest level.
    """
    log_pressure, temperature, log_fractions = given
    altitude, log_p, kelvin, logs = joined
    last = altitude.size - 1
    lowest = log_pressure.size - 1
    while lowest > 0 and log_pressure[lowest] > log_surface - _NEAREST:
        lowest -= 1
    below = min(lowest + 1, log_pressure.size - 1)
    thickness = log_pressure[below] - log_pressure[lowest]
    share = (log_surface - log_pressure[lowest]) / thickness if below > lowest else 0.0
    altitude[last], log_p[last] = surface_altitude, log_surface
    kelvin[last] = temperature[lowest] + share * (temperature[below] - temperature[lowest])
    logs[:, last] = log_fractions[:, lowest] + share * (
        log_fractions[:, below] - log_fractions[:, lowest]
    )
    place = last
    for level in range(lowest, -1, -1):
        place -= 1
        log_p[place], kelvin[place] = log_pressure[level], temperature[level]
        logs[:, place] = log_fractions[:, level]
    for level in range(upper.log_pressure.size - 1, -1, -1):
        if upper.log_pressure[level] < log_pressure[0] - _NEAREST:
            place -= 1
            log_p[place] = upper.log_pressure[level]
            kelvin[place] = upper.temperature[level]
            logs[:2, place] = upper.log_fractions[:, level]
            logs[2:, place] = log_fractions[2:, 0]
    if not has_ozone:
        for level in range(place, last + 1):
            logs[1, level] = ozone_at(log_p[level], upper.log_pressure, upper.log_fractions[1])
    for level in range(last - 1, place - 1, -1):
        warmth = 0.5 * (virtual(kelvin[level], logs[0, level])
                        + virtual(kelvin[level + 1], logs[0, level + 1]))  # fmt: skip
        altitude[level] = altitude[level + 1] + _SCALE * warmth * (log_p[level + 1] - log_p[level])
    return last + 1 - place


@compiled
def virtual(temperature: float, log_h2o: float) -> float:
    """Virtual temperature from the logarithm of the mole fraction of water vapour."""
    h2o = math.exp(log_h2o)
    return temperature * (1.0 + h2o) / (1.0 + h2o * MOLAR_MASS_WATER / MOLAR_MASS_DRY_AIR)


@compiled
def ozone_at(log_pressure: float, known_log_pressure: Floats, log_ozone: Floats) -> float:
    """Logarithm of the climatology's ozone at a pressure, constant beyond its ends."""
    i = 0
    while i < known_log_pressure.size - 2 and known_log_pressure[i + 1] < log_pressure:
        i += 1
    low, high = known_log_pressure[i], known_log_pressure[i + 1]
    share = min(max((log_pressure - low) / (high - low), 0.0), 1.0)
    return log_ozone[i] + share * (log_ozone[i + 1] - log_ozone[i])
