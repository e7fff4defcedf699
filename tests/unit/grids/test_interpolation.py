"""Interpolation and gap filling of coarse global fields."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.grids.interpolation import interpolate, relaxed

LAT = np.arange(-85.0, 90.0, 10.0)
LON = np.arange(7.5, 360.0, 15.0)
TO_LAT = np.linspace(-89.0, 89.0, 60)
TO_LON = np.arange(0.0, 360.0, 2.5)


def to_fine(values):
    return interpolate(values, lat=LAT, lon=LON, to_lat=TO_LAT, to_lon=TO_LON)


def waves(lat, lon):
    phi, lam = np.radians(lat)[:, None], np.radians(lon)
    return 2 + np.sin(phi) + np.cos(phi) * np.cos(lam + 0.7)


def test_smooth_field_is_reproduced_to_second_order():
    assert to_fine(waves(LAT, LON)) == pytest.approx(waves(TO_LAT, TO_LON), abs=0.02)


def test_interpolation_returns_the_values_at_the_cell_centres():
    values = np.random.default_rng(1).random((3, LAT.size, LON.size))
    same = interpolate(values, lat=LAT, lon=LON, to_lat=LAT, to_lon=LON)
    assert same == pytest.approx(values, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), turn=st.integers(1, 23))
def test_turning_the_globe_turns_the_map_without_a_seam(seed, turn):
    values = np.random.default_rng(seed).random((LAT.size, LON.size))
    turned = to_fine(np.roll(values, turn, axis=1))
    assert turned == pytest.approx(np.roll(to_fine(values), turn * 6, axis=1), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_interpolation_stays_within_the_range_of_the_field(seed):
    values = np.random.default_rng(seed).random((LAT.size, LON.size))
    fine = to_fine(values)
    assert fine.min() >= values.min() - 1e-12
    assert fine.max() <= values.max() + 1e-12


def test_filling_keeps_what_is_there_and_returns_a_constant_field():
    values = np.full((LAT.size, LON.size), 1.5)
    values[10:14, 3:9] = np.nan
    filled = relaxed(values, lat=LAT, lon=LON, towards=1.5)
    assert filled == pytest.approx(np.full_like(values, 1.5), abs=1e-12)


def test_filling_lies_between_the_edge_and_the_far_value_and_reaches_the_latter():
    values = np.full((LAT.size, LON.size), np.nan)
    values[3:15] = 2.0
    filled = relaxed(values, lat=LAT, lon=LON, towards=1.0, length=2.0)
    assert np.all(filled[3:15] == 2.0)
    southward = filled[2::-1, 0]
    assert np.all(np.diff(southward) < 0)
    assert southward[0] < 2.0
    assert southward[-1] == pytest.approx(1.0, abs=1e-3)


def test_filling_solves_the_membrane_equation_in_one_dimension():
    """Zonally constant near the equator, x'' = (x - t) / L^2 has the solution t + c exp(-d / L)."""
    lat, lon = np.arange(-89.5, 90.0, 1.0), np.array([0.0, 180.0])
    values = np.full((lat.size, lon.size), np.nan)
    values[:80] = 1.0
    filled = relaxed(values, lat=lat, lon=lon, towards=0.0, length=4.0)
    distance = lat[80:92] - lat[79]
    assert filled[80:92, 0] == pytest.approx(np.exp(-distance / 4.0), rel=0.03)


def test_filling_has_no_seam_at_the_dateline():
    values = waves(LAT, LON)
    values[5:9, [22, 23, 0, 1]] = np.nan
    turned = relaxed(np.roll(values, 7, axis=1), lat=LAT, lon=LON, towards=2.0)
    still = relaxed(values, lat=LAT, lon=LON, towards=2.0)
    assert np.roll(turned, -7, axis=1) == pytest.approx(still, abs=1e-10)
