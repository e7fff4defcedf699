"""Layers out of a profile: mean temperature and mole fractions between given altitudes.

A profile holds values at altitudes from the top down. Between them the logarithm of pressure,
the logarithms of mole fractions, and temperature are linear in altitude. The means of a layer are
weighted by the density of the air, p / T, so that layers of any thickness hold the same mass of
each gas. A profile is continued downward by its lowest two altitudes.
"""

from __future__ import annotations

import math

import numpy as np

from aeroforcing.core.arrays import Floats
from aeroforcing.core.compiled import compiled

# Each layer is cut into PARTS, each with two Gauss-Legendre points at 1/2 -+ GAUSS of its depth.
PARTS = 3
GAUSS = 0.5 / math.sqrt(3.0)


@compiled
def find_below(altitude: Floats, z: float, start: int) -> tuple[int, float]:
    """Place of the profile's altitude above `z`, sought from `start` down, and the share of the
    way from it to the next.
    """
    i = start
    while i < len(altitude) - 2 and z < altitude[i + 1]:
        i += 1
    return i, (altitude[i] - z) / (altitude[i] - altitude[i + 1])


@compiled
def between(values: Floats, i: int, share: float) -> float:
    """Linear interpolation between places i and i + 1."""
    return values[i] + share * (values[i + 1] - values[i])


@compiled
def fill_pressure(altitude: Floats, log_pressure: Floats, levels: Floats, pressure: Floats) -> None:
    """Write the pressure at `levels`, altitudes from the top down."""
    i = 0
    for level in range(len(levels)):
        i, share = find_below(altitude, levels[level], i)
        pressure[level] = math.exp(between(log_pressure, i, share))


@compiled
def fill_means(
    altitude: Floats,
    log_pressure: Floats,
    temperature: Floats,
    log_fractions: Floats,
    levels: Floats,
    temperature_layers: Floats,
    fractions: Floats,
) -> None:
    """Write the mean temperature (layer,) and mole fractions (gas, layer) of each layer."""
    n_gases = log_fractions.shape[0]
    i = 0
    for layer in range(len(levels) - 1):
        thickness = (levels[layer] - levels[layer + 1]) / PARTS
        mass = 0.0
        heat = 0.0
        for gas in range(n_gases):
            fractions[gas, layer] = 0.0
        for point in range(2 * PARTS):
            depth = 0.5 + point // 2 + (GAUSS if point % 2 else -GAUSS)
            i, share = find_below(altitude, levels[layer] - depth * thickness, i)
            pressure = math.exp(between(log_pressure, i, share))
            density = pressure / between(temperature, i, share)
            mass += density
            heat += pressure
            for gas in range(n_gases):
                above, below = log_fractions[gas, i], log_fractions[gas, i + 1]
                fractions[gas, layer] += density * math.exp(above + share * (below - above))
        temperature_layers[layer] = heat / mass
        for gas in range(n_gases):
            fractions[gas, layer] /= mass


def average_layers(
    altitude: Floats,
    log_pressure: Floats,
    temperature: Floats,
    log_fractions: Floats,
    levels: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Pressure at levels, mean temperature and mole fractions of the layers between them.

    Parameters
    ----------
    altitude
        (m,) of the profile, from the top down [m].
    log_pressure, temperature
        (m,) [log Pa], [K].
    log_fractions
        (gas, m) logarithms of mole fractions.
    levels
        (n + 1,) altitudes of the layers' bounds, from the top down [m].

    Returns
    -------
    pressure (n + 1,) [Pa], temperature (n,) [K], mole fractions (gas, n).
    """
    altitude, log_pressure, temperature, log_fractions, levels = (
        np.array(array, dtype=float, order="C")  # one type of array, one compilation
        for array in (altitude, log_pressure, temperature, log_fractions, levels)
    )
    pressure = np.empty(len(levels))
    temperature_layers = np.empty(len(levels) - 1)
    fractions = np.empty((len(log_fractions), len(levels) - 1))
    fill_pressure(altitude, log_pressure, levels, pressure)
    fill_means(
        altitude, log_pressure, temperature, log_fractions, levels, temperature_layers, fractions
    )
    return pressure, temperature_layers, fractions
