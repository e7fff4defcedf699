"""From replicates to fluxes, forcings and standard errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.core.errors import InputError
from aeroforcing.transport.estimates import (
    change_and_clean,
    flux_replicates,
    forcing_replicates,
    means_and_errors,
    samples_per_replicate,
    seed_key,
)
from aeroforcing.transport.events import SCORES, SURFACE_DIRECT, SURFACE_DOWN, SURFACE_UP, TOA_UP
from aeroforcing.transport.integrals import (
    CHANGE_CLEAR,
    CHANGE_CLOUDY,
    CLEAN_CLEAR,
    CLEAN_CLOUDY,
    INTEGRALS,
)

QUICK = settings(deadline=None, max_examples=40)
COVER = np.array([0.0, 0.25, 1.0])


@pytest.fixture
def estimates():
    """(cell, integral, replicate, score)"""
    return np.random.default_rng(1).normal(size=(3, INTEGRALS, 8, SCORES))


def test_all_sky_is_the_clear_part_and_the_cloudy_states(estimates):
    skies = change_and_clean(estimates, COVER)
    assert np.array_equal(skies["_cs"][0], estimates[:, CHANGE_CLEAR])
    assert np.array_equal(skies["_cs"][1], estimates[:, CLEAN_CLEAR])
    for cell, cover in enumerate(COVER):
        for which, (clear, cloudy) in enumerate(
            [(CHANGE_CLEAR, CHANGE_CLOUDY), (CLEAN_CLEAR, CLEAN_CLOUDY)]
        ):
            expected = (1.0 - cover) * estimates[cell, clear] + estimates[cell, cloudy]
            assert skies[""][which][cell] == pytest.approx(expected)


def test_forcing_is_the_change_of_the_net_downward_flux(estimates):
    change = estimates[:, CHANGE_CLEAR]
    forcing = forcing_replicates(change, "_cs")
    assert np.array_equal(forcing["forcing_toa_cs"], -change[..., TOA_UP])
    net = change[..., SURFACE_DOWN] - change[..., SURFACE_UP]
    assert np.array_equal(forcing["forcing_surface_cs"], net)
    absorbed = forcing["forcing_toa_cs"] - forcing["forcing_surface_cs"]
    assert np.array_equal(forcing["forcing_atmosphere_cs"], absorbed)


def test_fluxes_with_aerosol_are_clean_fluxes_and_change(estimates):
    change, clean = estimates[:, CHANGE_CLEAR], estimates[:, CLEAN_CLEAR]
    fluxes = flux_replicates(change, clean, "_cs")
    scores = {
        "toa_up": TOA_UP,
        "surface_down": SURFACE_DOWN,
        "surface_down_direct": SURFACE_DIRECT,
        "surface_up": SURFACE_UP,
    }
    assert set(fluxes) == {f"{n}{s}_cs" for n in scores for s in ("", "_clean")}
    for name, score in scores.items():
        assert np.array_equal(fluxes[f"{name}_clean_cs"], clean[..., score])
        assert np.array_equal(fluxes[f"{name}_cs"], clean[..., score] + change[..., score])


def test_standard_error_is_that_of_the_mean_of_the_replicates():
    found = means_and_errors({"x": np.array([[1.0, 2.0, 3.0, 6.0], [4.0, 4.0, 4.0, 4.0]])})
    assert found["x"] == pytest.approx([3.0, 4.0])
    assert found["x_stderr"] == pytest.approx([np.sqrt(14.0 / 3.0 / 4.0), 0.0])


@QUICK
@given(st.integers(1, 2**29), st.sampled_from([8, 64]))
def test_samples_are_the_least_power_of_two_that_suffices(photons, replicates):
    samples = samples_per_replicate(photons, replicates)
    assert samples & (samples - 1) == 0
    assert samples * replicates >= photons
    assert samples == 1 or samples // 2 * replicates < photons


@pytest.mark.parametrize("photons", [0, -5, 1.5, np.nan, np.inf, 2**40])
def test_impossible_numbers_of_photons_are_errors(photons):
    with pytest.raises(InputError, match=r"photons=.* is not allowed"):
        samples_per_replicate(photons, 64)


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1, np.int64(7)])
def test_seeds(seed):
    assert seed_key(seed) == np.uint64(seed)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, "1", True, None])
def test_impossible_seeds_are_errors(seed):
    with pytest.raises(InputError, match="whole number from 0"):
        seed_key(seed)
