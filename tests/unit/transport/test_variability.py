"""How the optical depth varies within clouds: its distribution, its ranks, and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.montecarlo_checks import assert_unbiased
from numba import njit
from scipy.stats import gamma

import aeroforcing as af
from aeroforcing.columns.column import column_arrays
from aeroforcing.core.errors import InputError
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.transport.random_numbers import child_key
from aeroforcing.transport.variability import (
    HOMOGENEOUS,
    gamma_means,
    variability_of,
    varied_depth,
)

MEAN = np.array([0.0, 2.0, 0.0, 5.0, 1.0])
STD = np.array([0.7, 1.0, 0.0, 0.5, 0.0])
CORRELATION = np.array([1.0, 0.9, 0.8, 0.7, 0.6])
LAYERS = {"fraction": [0.0, 0.5, 0.4], "liquid": [0.0, 2.0, 4.0]}


@njit
def draws(variability, depth, samples):
    found = np.zeros((samples, depth.size))
    for i in range(samples):
        varied_depth(variability, 0, 0, depth, child_key(np.uint64(3), i), found[i])
    return found


@pytest.mark.parametrize("std", [0.01, 0.3, 1.0, 2.5, 5.0])
def test_the_parts_of_the_distribution_are_those_of_a_gamma_variate(std):
    means = gamma_means(std)
    assert means.mean() == pytest.approx(1.0, abs=1e-12)
    exact = gamma(std**-2.0, scale=std**2)
    limits = exact.ppf(np.linspace(0.0, 1.0, means.size + 1))
    assert ((means >= limits[:-1] * (1.0 - 1e-6)) & (means <= limits[1:] * (1.0 + 1e-6))).all()
    assert means.std() == pytest.approx(std, rel=0.05)


def test_drawn_depths_have_their_mean_spread_and_rank_correlation():
    n = 40_000
    variability = variability_of(STD[None, None], correlation=CORRELATION[None])
    found = draws(variability, MEAN, n)
    factor = found[:, 1] / 2.0, found[:, 3] / 5.0
    assert (found[:, [0, 2]] == 0.0).all()
    assert (found[:, 4] == 1.0).all()
    rank = [np.argsort(np.argsort(f)) / n for f in factor]
    same = np.corrcoef(*rank)[0, 1]
    z = [
        (factor[0].mean() - 1.0) * np.sqrt(n),
        (factor[1].mean() - 1.0) / 0.5 * np.sqrt(n),
        (same - 0.8 * 0.7) / (1.0 - 0.56**2) * np.sqrt(n),
    ]
    assert_unbiased(z, names=["upper mean", "lower mean", "rank correlation"])
    assert factor[0].std() == pytest.approx(1.0, rel=0.03)
    assert factor[1].std() == pytest.approx(0.5, rel=0.03)


def test_homogeneous_clouds_are_left_as_they_are():
    none = variability_of(np.zeros((2, 3, 4)), correlation=np.ones((2, 4)))
    assert none is HOMOGENEOUS
    assert varied_depth(none, 0, 0, MEAN, np.uint64(1), np.zeros(5)) is not None


def column(cloud_layers, **settings):
    return af.Column(
        atmosphere=af.standard_atmosphere("tropical", levels=[60e3, 5e3, 2e3, 0.0]),
        aerosol=af.Aerosol(aod=0.5, ssa=0.9, asymmetry=0.65, angstrom=1.3),
        surface_albedo=0.2,
        clouds=cloud_layers,
        overlap="maximum_random",
        **settings,
    )


def test_fluxes_are_the_mean_over_drawn_sub_columns():
    """Sub-columns with depths from a gamma distribution whose ranks the layers share or do not."""
    random, n = np.random.default_rng(4), 160
    length = 3000.0
    std = np.array([0.0, 1.0, 1.5])
    kept = random.random(n) < np.exp(-(3500.0 - 1000.0) / length)
    upper = random.random(n)
    lower = np.where(kept, upper, random.random(n))
    exact = [gamma(s**-2.0, scale=s**2) for s in std[1:]]
    depth = np.array([np.zeros(n), 2.0 * exact[0].ppf(upper), 4.0 * exact[1].ppf(lower)])
    names = ("toa_up", "toa_up_clean", "surface_down", "surface_down_direct", "forcing_toa")
    names += ("forcing_surface",)
    setting = {"cos_zenith": 0.6}
    brute = [
        [float(af.column_fluxes(c, photons=2**7, key=i, **setting)[name]) for name in names]
        for i in range(n)
        for c in [column(af.CloudLayers(fraction=LAYERS["fraction"], liquid=depth[:, i]))]
    ]
    layers = af.CloudLayers(**LAYERS, fractional_std=std)
    found = af.column_fluxes(
        column(layers, inhomogeneity_decorrelation_length=length), photons=2**14, **setting
    )
    error = np.std(brute, axis=0, ddof=1) / np.sqrt(n)
    own = np.array([float(found[f"{name}_stderr"]) for name in names])
    value = np.array([float(found[name]) for name in names])
    assert_unbiased((value - np.mean(brute, axis=0)) / np.hypot(error, own), names=names)
    plain = af.column_fluxes(column(af.CloudLayers(**LAYERS)), photons=2**12, **setting)
    assert float(plain.toa_up) > value[0] + 10.0 * own[0]  # homogeneous clouds reflect more


def test_inhomogeneity_of_a_slab_is_that_of_its_layers():
    slab = af.Cloud(base=0.0, top=5e3, optical_depth=6.0, inhomogeneity=0.8)
    layers = af.CloudLayers(fraction=[0.0, 1.0, 1.0], liquid=[0.0, 1.0, 1.0], fractional_std=0.8)
    for clouds in ([slab], layers):
        arrays = column_arrays([column(clouds)], table=load_gas_table("g112"), cell_id=[0])
        assert (arrays.variability.row[0, -1] > 0).tolist() == [False, True, True]
        assert arrays.variability.factors[1] == pytest.approx(gamma_means(0.8))
        expected = [1.0, *np.exp(-np.array([29000.0, 2500.0]) / 1000.0)]
        assert arrays.variability.correlation[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: af.Cloud(base=0.0, top=1.0, optical_depth=1.0, inhomogeneity=-0.1), "0 to 5"),
        (lambda: af.CloudLayers(**LAYERS, fractional_std=[0.5, 1.0]), "one value per layer"),
        (lambda: af.CloudLayers(**LAYERS, fractional_std=[0.5, 9.0, np.nan]), "has 2 of 3"),
    ],
)
def test_impossible_variability_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
