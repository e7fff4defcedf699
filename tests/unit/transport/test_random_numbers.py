"""The Sobol net, its digital shifts, and the counter-based generator."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.montecarlo_checks import assert_unbiased, t_values
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aeroforcing.transport.random_numbers import (
    NET_DIMENSIONS,
    SLOTS,
    child_key,
    fill_shifts,
    mix,
    shifted,
    sobol_net,
    uniform,
)

QUICK = settings(deadline=None, max_examples=40)  # the first example may compile

KEYS = st.integers(0, 2**64 - 1).map(np.uint64)


def numbers(key, n):
    return np.array([uniform(np.uint64(key), i) for i in range(n)])


def shifted_net(key, log2_samples):
    """Net after the digital shift of a key, (sample, dimension)."""
    net, shifts = sobol_net(log2_samples), np.zeros(NET_DIMENSIONS, np.uint32)
    fill_shifts(np.uint64(key), shifts)
    return np.array([[shifted(x, s) for x, s in zip(row, shifts, strict=True)] for row in net])


def test_mix_is_the_finaliser_of_splitmix64():
    """The first three outputs of SplitMix64 with the seed 0, published with the algorithm."""
    golden = 0x9E3779B97F4A7C15
    first = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    found = [int(mix(np.uint64((i + 1) * golden % 2**64))) for i in range(3)]
    assert found == first


def test_uniform_numbers_are_uniform_and_independent():
    """Over many keys the probabilities of the deviations found are uniform themselves."""
    samples = [numbers(key, 2000) for key in range(100)]
    p = [stats.kstest(u, "uniform").pvalue for u in samples]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    for lag in (1, SLOTS):
        correlations = [np.corrcoef(u[lag:], u[:-lag])[0, 1] for u in samples]
        assert np.sqrt(2000) * np.std(correlations) == pytest.approx(1.0, abs=0.25)
        assert abs(np.mean(correlations)) < 3.0 / np.sqrt(2000 * 100)


@QUICK
@given(KEYS, st.integers(0, 2**40))
def test_uniform_numbers_lie_inside_the_open_interval(key, counter):
    assert 0.0 < uniform(key, counter) < 1.0


@QUICK
@given(KEYS)
def test_children_differ_from_each_other_and_from_the_numbers_of_the_key(key):
    children = [int(child_key(key, i)) for i in range(64)]
    drawn = [int(uniform(key, i) * 2.0**52) for i in range(64)]
    assert len(set(children)) == 64
    assert not {child >> 12 for child in children} & set(drawn)


def test_numbers_of_children_are_independent():
    key = np.uint64(5)
    first, second = (numbers(child_key(key, i), 20000) for i in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4.0 / np.sqrt(first.size)


def test_net_is_a_prefix_of_the_longer_net():
    assert np.array_equal(sobol_net(3), sobol_net(6)[:8])
    assert sobol_net(3).shape == (8, NET_DIMENSIONS)
    assert sobol_net(3).dtype == np.uint32


@pytest.mark.parametrize("log2_samples", [0, 4, 7])
@pytest.mark.parametrize("key", [0, 1, 2**63 + 12345])
def test_each_dimension_has_one_point_in_every_interval(log2_samples, key):
    """What makes it a net, shifted or not: n points, one in each of the n intervals."""
    n = 2**log2_samples
    cells = np.sort((shifted_net(key, log2_samples) * n).astype(int), axis=0)
    assert np.array_equal(cells, np.repeat(np.arange(n)[:, None], NET_DIMENSIONS, axis=1))


def test_first_two_dimensions_fill_every_square():
    """The first two dimensions are a (0, m, 2)-net: one point in each of 8 x 8 squares."""
    x, y = (shifted_net(9, 6)[:, :2] * 8).astype(int).T
    assert len(set(zip(x, y, strict=True))) == 64


@QUICK
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_shifted_coordinates_lie_inside_the_open_interval(coordinate, shift):
    assert 0.0 < shifted(np.uint32(coordinate), np.uint32(shift)) < 1.0


def test_every_key_and_dimension_has_its_own_shift():
    shifts = np.zeros((50, NET_DIMENSIONS), np.uint32)
    for key in range(50):
        fill_shifts(np.uint64(key), shifts[key])
    assert np.unique(shifts).size == shifts.size


def test_replicates_are_unbiased_and_far_better_than_random_numbers():
    """Integral of the product of 2 x over four dimensions, which is 1."""
    means = np.array(
        [np.prod(2.0 * shifted_net(key, 8)[:, :4], axis=1).mean() for key in range(64)]
    )
    stderr = means.std(ddof=1) / 8.0
    assert_unbiased(t_values(means.mean(), stderr, 1.0))
    random = np.sqrt(((4.0 / 3.0) ** 4 - 1.0) / 256.0)  # standard deviation of a random mean
    assert means.std(ddof=1) < random / 5.0
