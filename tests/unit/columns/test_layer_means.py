"""Layer means out of profiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.columns.layer_means import average_layers

ALTITUDE = np.array([40e3, 20e3, 12e3, 10e3, 5e3, 2e3, 1e3, 0.0])
TEMPERATURE = np.array([250.0, 215.0, 212.0, 220.0, 255.0, 275.0, 283.0, 288.0])
_FINE = np.linspace(0.0, 40e3, 4001)
_FALL = 9.80665 / 287.06 / np.interp(_FINE, ALTITUDE[::-1], TEMPERATURE[::-1])
LOG_PRESSURE = np.log(101300.0) - np.interp(
    ALTITUDE, _FINE, np.concatenate([[0.0], np.cumsum(0.5 * (_FALL[1:] + _FALL[:-1]) * 10.0)])
)  # hydrostatic
LOG_FRACTIONS = np.log([2e-6 + 0.02 * np.exp(-ALTITUDE / 2000.0)])


def averages(levels):
    return average_layers(ALTITUDE, LOG_PRESSURE, TEMPERATURE, LOG_FRACTIONS, np.array(levels))


def brute_force(top, bottom, points=20000):
    """Density-weighted means between two altitudes by a fine midpoint sum."""
    z = bottom + (np.arange(points) + 0.5) / points * (top - bottom)
    up = slice(None, None, -1)
    temperature = np.interp(z, ALTITUDE[up], TEMPERATURE[up])
    density = np.exp(np.interp(z, ALTITUDE[up], LOG_PRESSURE[up])) / temperature
    fraction = np.exp(np.interp(z, ALTITUDE[up], LOG_FRACTIONS[0, up]))
    return tuple((density * x).sum() / density.sum() for x in (temperature, fraction))


@pytest.mark.parametrize(("top", "bottom"), [(500.0, 0.0), (2500.0, 1700.0), (40e3, 20e3)])
def test_equal_to_a_fine_sum(top, bottom):
    _, temperature, fractions = averages([top, bottom])
    expected = brute_force(top, bottom)
    assert temperature[0] == pytest.approx(expected[0], abs=0.03)
    assert fractions[0, 0] == pytest.approx(expected[1], rel=2e-3)


def test_pressure_at_the_altitudes_of_the_profile_is_the_profile():
    pressure, _, _ = averages(ALTITUDE)
    np.testing.assert_allclose(pressure, np.exp(LOG_PRESSURE), rtol=1e-12)


def test_below_its_lowest_altitude_the_profile_goes_on():
    pressure, temperature, _ = averages([200.0, 0.0, -200.0])
    np.testing.assert_allclose(pressure[2] / pressure[1], pressure[1] / pressure[0], rtol=1e-12)
    assert temperature[1] == pytest.approx(288.5, abs=0.01)


def test_thick_layers_hold_the_mass_of_their_parts():
    thick = averages([12e3, 4e3, 0.0])
    thin = averages(np.linspace(12e3, 0.0, 61))
    masses = [np.diff(pressure) * fractions[0] for pressure, _, fractions in (thick, thin)]
    assert masses[0].sum() == pytest.approx(masses[1].sum(), rel=3e-3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-400.0, 40e3), min_size=2, max_size=12, unique=True))
def test_means_lie_between_the_extremes_and_pressure_rises(levels):
    levels = np.sort(levels)[::-1]
    if np.diff(levels).max() > -1e-3:
        return
    pressure, temperature, fractions = averages(levels)
    assert (np.diff(pressure) > 0).all()
    assert ((temperature >= 212.0) & (temperature <= 290.1)).all()
    assert (np.diff(fractions[0]) >= 0).all()  # this profile's water vapour falls with altitude
