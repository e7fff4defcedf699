"""Random columns of 2 to 120 layers against discrete ordinates.

Rationale. test_against_disort.py draws stacks of a few layers with one aerosol. Columns of models
have many thin layers, several aerosols mixed in each, and clouds beside them. Here hypothesis draws
them: gas, Rayleigh scattering, one to three aerosols with profiles of their own (mixed externally),
and a cloud up to optical depth 100; among them the corners, single scattering albedo 0 and 1,
asymmetry 0 and 0.95, optical depth 5 of aerosol, albedo 0.9, a sun at 88 degrees. The same columns
are drawn in every run.

Expected. Fluxes with the aerosol, and their change by it from the difference estimator, within four
standard errors of discrete ordinates with 64 streams. A column in which nothing absorbs conserves
energy: what comes in goes out at the top or into the ground.
"""

from __future__ import annotations

import numpy as np
import pytest
from helpers.disort_solution import disort_fluxes
from helpers.path_driver import CHANGE, REPLICATES, WITH_AEROSOL, path_scores
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.columns.aerosol_mixture import mix_layers
from aeroforcing.columns.aerosols import LayerOptics
from aeroforcing.columns.vertical_profiles import layer_shares
from aeroforcing.transport.events import SURFACE_DOWN, SURFACE_UP, TOA_UP
from aeroforcing.transport.medium import MEDIUM_COLUMNS, add_cloud, fill_medium

TRUTH_ERROR = 5e-5  # of the solution by discrete ordinates with a conservative cloud of depth 100
WITHIN = 4.0  # standard errors


def unit(draw):
    return draw(st.floats(0.0, 1.0))


@st.composite
def aerosols(draw, atmosphere, *, conservative=False):
    """One aerosol's optical depth, single scattering albedo and asymmetry by layer, (1, layer)."""
    depth = draw(st.sampled_from([0.0, 0.01, 0.1, 0.5, 5.0])) * unit(draw)
    ssa = 1.0 if conservative else draw(st.sampled_from([0.0, 1.0, unit(draw)]))
    asymmetry = draw(st.sampled_from([0.0, 0.95, 0.7, -0.5, 0.9 * unit(draw)]))
    top = atmosphere.altitude_levels[0]
    base = 0.9 * top * unit(draw)
    profile = draw(
        st.sampled_from(
            [
                af.UniformProfile(0.05 * top),
                af.ExponentialProfile(2000.0),
                af.ElevatedLayer(base, base + 0.1 * top),
            ]
        )
    )
    tau = depth * layer_shares(profile, atmosphere=atmosphere)[None, :]
    return LayerOptics(tau, np.full_like(tau, ssa), np.full_like(tau, asymmetry))


@st.composite
def columns(draw, *, conservative=False):
    """The layers of a column at one wavelength, with the corners among them."""
    n = draw(st.integers(2, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = np.concatenate([np.sort(rng.uniform(10.0, 40e3, n))[::-1], [0.0]])
    atmosphere = af.Atmosphere(
        pressure_levels=101325.0 * np.exp(-levels / 8000.0),
        temperature_layers=np.full(n, 250.0),
        mole_fractions={"h2o": 1e-3, "o3": 1e-6},
        altitude_levels=levels,
    )
    air = np.diff(atmosphere.pressure_levels) / 101325.0
    count = draw(st.integers(1, 3))
    mixed = mix_layers(
        [draw(aerosols(atmosphere, conservative=conservative)) for _ in range(count)], shape=(1, n)
    )
    cloud = np.zeros(n)
    first = draw(st.integers(0, n - 1))
    last = draw(st.integers(first + 1, n))
    cloud[first:last] = rng.dirichlet(np.ones(last - first))
    gas = 0.0 if conservative else draw(st.sampled_from([0.0, 0.1, 2.0]))
    return {
        "gas": gas * rng.dirichlet(np.ones(n)),
        "air": draw(st.sampled_from([0.0, 0.02, 0.3])) * air,
        "aerosol": tuple(values[0] for values in mixed),
        "cloud": draw(st.sampled_from([0.0, 0.0, 1.0, 15.0, 100.0])) * cloud,
        "cloud_ssa": 1.0 if conservative else draw(st.sampled_from([1.0, 0.999, 0.9])),
        "cloud_asymmetry": draw(st.sampled_from([0.86, 0.0, 0.95])),
        "albedo": draw(st.sampled_from([0.0, 0.15, 0.9, unit(draw)])),
        "cos_zenith": draw(
            st.sampled_from([np.cos(np.radians(88.0)), 0.2, 0.5, 1.0, 0.05 + 0.95 * unit(draw)])
        ),
    }


def exact(column, *, with_aerosol):
    """Upward flux at the top and downward flux at the surface, by discrete ordinates."""
    extinction, ssa, asymmetry = column["aerosol"]
    aerosol = with_aerosol * extinction
    cloud = column["cloud"]
    if not (column["gas"] + column["air"] + aerosol + cloud).any():
        return np.array([column["albedo"], 1.0])
    absorbed = aerosol * (1.0 - ssa) + cloud * (1.0 - column["cloud_ssa"])
    return disort_fluxes(
        absorption=column["gas"] + absorbed,
        rayleigh=column["air"],
        scattering=[
            (aerosol * ssa, asymmetry),
            (cloud * column["cloud_ssa"], np.full(cloud.size, column["cloud_asymmetry"])),
        ],
        surface_albedo=column["albedo"],
        cos_zenith=column["cos_zenith"],
    )[:2]


def estimates(column, *, change, log2_samples):
    """Scores of each replicate, (replicate, score), of the fluxes or of their change."""
    n = column["gas"].size
    clear, medium = np.zeros((2, n + 1, MEDIUM_COLUMNS))
    fill_medium(clear, column["gas"], column["air"], *column["aerosol"])
    ones = np.ones(n)
    ssa, asymmetry = column["cloud_ssa"] * ones, column["cloud_asymmetry"] * ones
    add_cloud(clear, column["cloud"], ones, ssa, asymmetry, medium)
    return path_scores(
        medium,
        albedo=column["albedo"],
        cos_zenith=column["cos_zenith"],
        kind=CHANGE if change else WITH_AEROSOL,
        log2_samples=log2_samples,
    )


def deviation(samples, truth):
    """How many standard errors the means of (replicate, ...) lie from the truth."""
    error = np.hypot(samples.std(axis=0, ddof=1) / np.sqrt(REPLICATES), TRUTH_ERROR)
    return np.abs(samples.mean(axis=0) - truth) / error


def check(column, *, log2_samples):
    with_aerosol = exact(column, with_aerosol=True)
    fluxes = estimates(column, change=False, log2_samples=log2_samples)[:, [TOA_UP, SURFACE_DOWN]]
    assert deviation(fluxes, with_aerosol).max() < WITHIN
    if column["aerosol"][0].any():
        change = with_aerosol - exact(column, with_aerosol=False)
        found = estimates(column, change=True, log2_samples=log2_samples)
        assert deviation(found[:, [TOA_UP, SURFACE_DOWN]], change).max() < WITHIN


@settings(max_examples=8, derandomize=True, database=None)
@given(columns())
def test_random_columns(column):
    check(column, log2_samples=8)


@pytest.mark.slow
@settings(max_examples=50, derandomize=True, database=None)
@given(columns())
def test_many_random_columns_precisely(column):
    check(column, log2_samples=9)


@settings(max_examples=5, derandomize=True, database=None)
@given(columns(conservative=True))
def test_columns_without_absorption_conserve_energy(column):
    scores = estimates(column, change=False, log2_samples=8)
    absorbed = 1.0 - scores[:, TOA_UP] - (scores[:, SURFACE_DOWN] - scores[:, SURFACE_UP])
    assert deviation(absorbed[:, None], 0.0).max() < WITHIN


CORNER = {
    "gas": np.zeros(4),
    "air": np.array([0.01, 0.02, 0.05, 0.05]),
    "cloud": np.array([0.0, 0.0, 100.0, 0.0]),
    "cloud_ssa": 1.0,
    "cloud_asymmetry": 0.86,
    "albedo": 0.9,
    "cos_zenith": np.cos(np.radians(88.0)),
}


@pytest.mark.parametrize("ssa", [0.0, 1.0])
@pytest.mark.parametrize("asymmetry", [0.0, 0.95])
@pytest.mark.parametrize("layer", [1, 2, 3], ids=["above", "within", "below"])
def test_all_corners_at_once(ssa, asymmetry, layer):
    """A cloud of depth 100, albedo 0.9, the sun at 88 degrees and aerosol of depth 5."""
    depth = np.where(np.arange(4) == layer, 5.0, 0.0)
    aerosol = (depth, np.full(4, ssa), np.full(4, asymmetry))
    check(CORNER | {"aerosol": aerosol}, log2_samples=6)
