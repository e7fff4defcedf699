"""Accumulated optical depths, and places in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.transport.medium import (
    AEROSOL,
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    CLOUD_ASYMMETRY,
    FULL_ABSORPTION,
    FULL_SCATTERING,
    MEDIUM_COLUMNS,
    RAYLEIGH,
    SHADED_ABSORPTION,
    add_cloud,
    depth_at,
    depth_to_boundary,
    fill_medium,
    find_depth,
    fraction_within,
    make_medium,
)

QUICK = settings(deadline=None, max_examples=40)  # the first example may compile

GAS = np.array([0.3, 0.0, 0.1])
AIR = np.array([0.05, 0.1, 0.2])
EXTINCTION = np.array([0.0, 0.4, 1.0])
SSA = np.array([0.5, 0.9, 0.8])
ASYMMETRY = np.array([0.1, 0.6, 0.7])


def medium_of(gas=GAS, air=AIR, extinction=EXTINCTION):
    medium = make_medium(len(gas) + 1)
    fill_medium(medium, np.asarray(gas), np.asarray(air), np.asarray(extinction), SSA, ASYMMETRY)
    return medium


def accumulated(layers):
    return np.concatenate([[0.0], np.cumsum(layers)])


def test_columns_are_the_sums_of_the_layers_above():
    medium = medium_of()
    expected = {
        CLEAN_SCATTERING: AIR,
        CLEAN_ABSORPTION: GAS,
        FULL_SCATTERING: AIR + EXTINCTION * SSA,
        FULL_ABSORPTION: GAS + EXTINCTION * (1.0 - SSA),
        SHADED_ABSORPTION: GAS + EXTINCTION,
        AEROSOL: EXTINCTION,
        RAYLEIGH: AIR,
    }
    for column, layers in expected.items():
        assert medium[:, column] == pytest.approx(accumulated(layers))
    assert np.array_equal(medium[:3, AEROSOL_ASYMMETRY], ASYMMETRY)
    assert not medium[:, CLOUD_ASYMMETRY].any()


def test_full_is_clean_and_aerosol():
    medium = medium_of()
    full = medium[:, FULL_SCATTERING] + medium[:, FULL_ABSORPTION]
    clean = medium[:, CLEAN_SCATTERING] + medium[:, CLEAN_ABSORPTION]
    assert full == pytest.approx(clean + medium[:, AEROSOL])


def test_filling_again_leaves_nothing_of_the_first():
    medium = medium_of()
    fill_medium(medium, 2.0 * GAS, AIR, EXTINCTION, SSA, ASYMMETRY)
    assert medium[:, CLEAN_ABSORPTION] == pytest.approx(accumulated(2.0 * GAS))


def test_cloud_adds_scattering_and_absorption_to_both_media():
    medium, cloudy = medium_of(), np.full((4, MEDIUM_COLUMNS), np.nan)
    depth, extinction = np.array([0.0, 5.0, 1.0]), np.array([1.0, 1.1, 1.0])
    ssa, asymmetry = np.array([1.0, 0.99, 0.9]), np.array([0.0, 0.86, 0.8])
    cloudy[:, CLOUD_ASYMMETRY] = 0.0
    add_cloud(medium, depth, extinction, ssa, asymmetry, cloudy)
    tau = depth * extinction
    for column in (CLEAN_SCATTERING, FULL_SCATTERING):
        added = cloudy[:, column] - medium[:, column]
        assert added == pytest.approx(accumulated(tau * ssa))
    for column in (CLEAN_ABSORPTION, FULL_ABSORPTION, SHADED_ABSORPTION):
        added = cloudy[:, column] - medium[:, column]
        assert added == pytest.approx(accumulated(tau * (1.0 - ssa)))
    for column in (AEROSOL, RAYLEIGH):
        assert np.array_equal(cloudy[:, column], medium[:, column])
    assert np.array_equal(cloudy[:3, AEROSOL_ASYMMETRY], ASYMMETRY)
    assert np.array_equal(cloudy[:3, CLOUD_ASYMMETRY], asymmetry)


def test_depth_is_linear_within_a_layer():
    medium = medium_of()
    assert depth_at(medium, AEROSOL, 1, 0.25) == pytest.approx(0.1)
    assert depth_at(medium, AEROSOL, 2, 1.0) == pytest.approx(1.4)


def test_slant_depth_up_and_down():
    medium = medium_of()
    assert depth_to_boundary(medium, RAYLEIGH, 1, 0.5, 0.5) == pytest.approx((0.05 + 0.05) / 0.5)
    assert depth_to_boundary(medium, RAYLEIGH, 1, 0.5, -0.2) == pytest.approx((0.05 + 0.2) / 0.2)


@QUICK
@given(st.floats(0.0, 1.4))
def test_the_place_of_a_depth_has_that_depth(depth):
    medium = medium_of()
    layer, fraction = find_depth(medium, AEROSOL, depth)
    assert 0 <= layer <= 2
    assert 0.0 <= fraction <= 1.0
    assert depth_at(medium, AEROSOL, layer, fraction) == pytest.approx(depth, abs=1e-14)


def test_places_in_many_layers_are_those_of_a_sorted_search():
    rng = np.random.default_rng(4)
    for n_layers in (1, 2, 7, 8, 9, 30, 64, 65):
        medium = make_medium(n_layers + 1)
        medium[1:, AEROSOL] = rng.exponential(size=n_layers).cumsum()
        edges, inside = medium[1:-1, AEROSOL], rng.uniform(0.0, medium[-1, AEROSOL], 50)
        for depth in np.concatenate([edges, inside]):
            layer, _ = find_depth(medium, AEROSOL, depth)
            assert layer == np.searchsorted(edges, depth, side="right")


@pytest.mark.parametrize("depth", [-1e-12, 1.4 + 1e-12, 2.0])
def test_depths_beyond_the_column_are_at_its_ends(depth):
    """Rounding may carry a photon past the end of the column by a hair."""
    medium = medium_of()
    layer, fraction = find_depth(medium, AEROSOL, depth)
    found = depth_at(medium, AEROSOL, layer, fraction)
    assert found == pytest.approx(0.0 if depth < 0.0 else 1.4, abs=1e-14)


@QUICK
@given(st.floats(1e-6, 0.999999))
def test_empty_layers_are_never_found(share):
    """Aerosol in the first and fourth of five layers."""
    medium = np.zeros((6, MEDIUM_COLUMNS))
    zeros = np.zeros(5)
    extinction = np.array([0.2, 0.0, 0.0, 0.3, 0.0])
    fill_medium(medium, zeros, zeros, extinction, zeros, zeros)
    layer, _ = find_depth(medium, AEROSOL, 0.5 * share)
    assert layer == (0 if share < 0.4 else 3)


def test_share_of_a_part():
    assert fraction_within(0.25, 0.5) == 0.5
    assert fraction_within(-1e-18, 0.5) == 0.0
    assert fraction_within(0.5 + 1e-12, 0.5) == 1.0
    assert fraction_within(0.0, 0.0) == 0.0
