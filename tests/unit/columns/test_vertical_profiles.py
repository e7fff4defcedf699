"""Vertical distributions: shares of the optical depth in the layers of an atmosphere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.columns.vertical_profiles import layer_shares
from aeroforcing.core.errors import InputError

QUICK = settings(max_examples=40)
LEVELS = np.array([20e3, 10e3, 5e3, 3e3, 2e3, 1e3, 500.0])  # the ground is at 500 m
HEIGHT = LEVELS - LEVELS[-1]
PRESSURE = 101325.0 * np.exp(-LEVELS / 8000.0)
ATMOSPHERE = af.Atmosphere(
    pressure_levels=PRESSURE,
    temperature_layers=np.full(6, 250.0),
    mole_fractions={"h2o": 1e-3, "o3": 1e-6},
    altitude_levels=LEVELS,
)


def shares_of(profile):
    return layer_shares(profile, atmosphere=ATMOSPHERE)


def by_brute_force(extinction, top=HEIGHT[0], steps=400_000):
    """Shares by summing a function of height over thin slices."""
    bounds = np.linspace(0.0, top, steps + 1)
    middle = 0.5 * (bounds[1:] + bounds[:-1])
    mass, _ = np.histogram(middle, bins=HEIGHT[::-1], weights=extinction(middle))
    return mass[::-1] / mass.sum()


def test_elevated_layer_fills_what_lies_between():
    shares = shares_of(af.ElevatedLayer(1500.0, 3500.0))  # altitudes 2000 to 4000 m
    assert shares == pytest.approx([0.0, 0.0, 0.5, 0.5, 0.0, 0.0])


@QUICK
@given(st.floats(0.0, 5000.0), st.floats(10.0, 10000.0))
def test_elevated_layer_is_the_overlap(base, thickness):
    shares = shares_of(af.ElevatedLayer(base, base + thickness))
    inside = by_brute_force(
        lambda z: ((z > base) & (z < base + thickness)).astype(float), steps=200_000
    )
    assert shares == pytest.approx(inside, abs=0.1 / thickness + 1e-9 if thickness > 200 else 0.02)
    assert shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("base", "top"), [(-1.0, 2e3), (2e3, 2e3), (3e3, 2e3), (0.0, np.inf), (np.nan, 1.0)]
)
def test_elevated_layer_must_be_a_layer(base, top):
    with pytest.raises(InputError, match="ElevatedLayer"):
        af.ElevatedLayer(base, top)


def test_elevated_layer_above_the_atmosphere_is_an_error():
    with pytest.raises(InputError, match="outside of the atmosphere"):
        shares_of(af.ElevatedLayer(30e3, 31e3))


LIDAR = {"height": [200.0, 900.0, 2600.0, 4000.0], "extinction": [0.2, 0.3, 0.05, 0.1]}


def test_extinction_profile_is_its_integral_over_the_layers():
    shares = shares_of(af.ExtinctionProfile(LIDAR["extinction"], height=LIDAR["height"]))

    def extinction(z):
        return np.where(z > 4000.0, 0.0, np.interp(z, LIDAR["height"], LIDAR["extinction"]))

    assert shares == pytest.approx(by_brute_force(extinction), abs=2e-5)


def test_extinction_profile_may_run_down():
    up = shares_of(af.ExtinctionProfile(LIDAR["extinction"], height=LIDAR["height"]))
    down = af.ExtinctionProfile(LIDAR["extinction"][::-1], height=LIDAR["height"][::-1])
    assert np.array_equal(shares_of(down), up)


@QUICK
@given(st.floats(1e-6, 1e3))
def test_only_the_shape_of_the_extinction_counts(factor):
    scaled = np.multiply(LIDAR["extinction"], factor)
    assert shares_of(af.ExtinctionProfile(scaled, height=LIDAR["height"])) == pytest.approx(
        shares_of(af.ExtinctionProfile(LIDAR["extinction"], height=LIDAR["height"]))
    )


def test_a_finely_sampled_exponential_is_the_exponential_profile():
    height = np.linspace(0.0, 20e3, 4001)
    sampled = af.ExtinctionProfile(np.exp(-height / 2000.0), height=height)
    assert shares_of(sampled) == pytest.approx(shares_of(af.ExponentialProfile()), abs=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": [200.0, 900.0]}, "shape"),
        ({"height": [200.0, 900.0, 900.0, 4000.0]}, "rise or fall"),
        ({"height": [200.0, np.nan, 2600.0, 4000.0]}, "finite"),
        ({"extinction": [0.2, -0.3, 0.05, 0.1]}, "not negative"),
        ({"extinction": [0.2, np.nan, 0.05, 0.1]}, "finite"),
        ({"extinction": [0.0, 0.0, 0.0, 0.0]}, "all zero"),
        ({"extinction": ["much"] * 4}, "numbers"),
    ],
)
def test_unusable_extinction_profiles(change, message):
    profile = LIDAR | change
    with pytest.raises(InputError, match=message):
        af.ExtinctionProfile(profile["extinction"], height=profile["height"])


def test_mixing_ratio_counts_by_the_mass_of_the_layers():
    ratio = np.array([0.0, 1.0, 2.0, 3.0, 5.0, 4.0])
    mass = ratio * np.diff(PRESSURE)
    assert shares_of(af.MixingRatioProfile(ratio)) == pytest.approx(mass / mass.sum())


def test_a_constant_mixing_ratio_is_spread_as_the_air():
    shares = shares_of(af.MixingRatioProfile(np.full(6, 7.0)))
    assert shares == pytest.approx(np.diff(PRESSURE) / (PRESSURE[-1] - PRESSURE[0]))


def test_mixing_ratio_needs_one_value_per_layer():
    with pytest.raises(InputError, match="has 5 values, but the atmosphere has 6 layers"):
        shares_of(af.MixingRatioProfile(np.ones(5)))


def test_sigma_profile_is_uniform_in_pressure_within_its_layers():
    sigma = PRESSURE / PRESSURE[-1]
    profile = af.SigmaProfile([1.0, 3.0], interfaces=[0.0, 0.5, 1.0])
    middle = (np.arange(400_000) + 0.5) / 400_000
    amount = np.where(middle < 0.5, 1.0, 3.0)
    bounds = np.concatenate([[0.0], sigma[1:]])  # what is above the first level is in its layer
    expected, _ = np.histogram(middle, bins=bounds, weights=amount)
    assert shares_of(profile) == pytest.approx(expected / amount.sum(), abs=1e-5)


def test_sigma_profile_on_its_own_levels_is_itself():
    interfaces = PRESSURE / PRESSURE[-1]
    interfaces[0] = 0.0
    shares = np.array([0.1, 0.1, 0.2, 0.3, 0.1, 0.2])
    assert shares_of(af.SigmaProfile(shares, interfaces=interfaces)) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("interfaces", "message"),
    [([0.0, 1.0], "2 shares lie between 3"), ([0.1, 0.5, 1.0], "0 .top."), ([0, 0.7, 0.6], "rise"),
     ([0.0, 0.0, 1.0], "rise")],
)  # fmt: skip
def test_unusable_sigma_profiles(interfaces, message):
    with pytest.raises(InputError, match=message):
        af.SigmaProfile([1.0, 2.0], interfaces=interfaces)


@pytest.mark.parametrize(
    "profile",
    [
        af.UniformProfile(),
        af.ExponentialProfile(),
        af.ElevatedLayer(100.0, 3000.0),
        af.ExtinctionProfile(LIDAR["extinction"], height=LIDAR["height"]),
        af.MixingRatioProfile(np.arange(6.0)),
        af.SigmaProfile([1.0, 2.0], interfaces=[0.0, 0.8, 1.0]),
        [1, 2, 3, 4, 5, 6],
    ],
)
def test_every_profile_shares_out_the_whole(profile):
    shares = shares_of(profile)
    assert shares.shape == (6,)
    assert (shares >= 0.0).all()
    assert shares.sum() == pytest.approx(1.0)
