"""Rules of cloud overlap, against enumeration of all skies and against drawn ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy import stats

from aeroforcing.core.errors import InputError
from aeroforcing.transport.overlap import (
    RULES,
    chain_of,
    check_overlap,
    cloud_cover,
    draw_sky,
    enumerate_skies,
    mean_presence,
    overlap_correlation,
)
from aeroforcing.transport.random_numbers import child_key, uniform

QUICK = settings(max_examples=40)
FRACTIONS = st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]), min_size=1, max_size=6)
TOP = np.array([12e3, 8e3, 6e3, 3e3, 2e3, 1e3])  # gaps below the first and the third
BASE = np.array([9e3, 6e3, 4e3, 2e3, 1e3, 0.5e3])
LENGTH = 2000.0


def correlation(rule, n):
    return overlap_correlation(rule, base=BASE[:n], top=TOP[:n], decorrelation_length=LENGTH)


def by_enumeration(fraction, alpha):
    """Probability of every sky, from the definition of the rules alone."""
    table = {}
    for sky in itertools.product([False, True], repeat=len(fraction)):
        p = fraction[0] if sky[0] else 1.0 - fraction[0]
        for e in range(1, len(fraction)):
            above, here = fraction[e - 1], fraction[e]
            both = alpha[e - 1] * min(above, here) + (1.0 - alpha[e - 1]) * above * here
            joint = {(1, 1): both, (1, 0): above - both, (0, 1): here - both}
            joint[0, 0] = 1.0 - above - here + both
            share = above if sky[e - 1] else 1.0 - above
            p *= joint[int(sky[e - 1]), int(sky[e])] / share if share > 0.0 else 0.0
        table[sky] = p
    return table


@QUICK
@given(FRACTIONS, st.sampled_from(RULES))
def test_skies_are_those_of_the_enumeration(fractions, rule):
    fraction = np.array(fractions)
    alpha = correlation(rule, fraction.size)
    chain = chain_of(fraction, correlation=alpha)
    skies = enumerate_skies(chain, most=64)
    expected = {sky: p for sky, p in by_enumeration(fraction, alpha).items() if any(sky)}
    found = {tuple(map(bool, s)): p for s, p in zip(skies.cloudy, skies.probability, strict=True)}
    for sky, p in expected.items():
        assert found.get(sky, 0.0) == pytest.approx(p, abs=1e-12)
    assert cloud_cover(chain) == pytest.approx(sum(expected.values()))
    assert skies.cloudy.T @ skies.probability == pytest.approx(fraction)  # layers keep their share


@QUICK
@given(FRACTIONS)
def test_random_layers_know_nothing_of_each_other(fractions):
    fraction = np.array(fractions)
    chain = chain_of(fraction, correlation=correlation("random", fraction.size))
    assert cloud_cover(chain) == pytest.approx(1.0 - np.prod(1.0 - fraction))


@QUICK
@given(st.lists(st.floats(0.0, 0.99), min_size=2, max_size=6))
def test_maximum_random_cover_is_that_of_geleyn_and_hollingsworth(fractions):
    """C = 1 - prod (1 - max(f_k, f_k-1)) / (1 - f_k-1) over layers that touch."""
    fraction = np.array(fractions)
    above = np.concatenate([[0.0], fraction[:-1]])
    clear = np.prod((1.0 - np.maximum(fraction, above)) / (1.0 - above))
    chain = chain_of(fraction, correlation=np.ones(fraction.size - 1))
    assert cloud_cover(chain) == pytest.approx(1.0 - clear)


def test_layers_overlap_by_the_maximum_only_where_they_touch():
    assert correlation("maximum_random", 6) == pytest.approx([0.0, 1.0, 0.0, 1.0, 1.0])
    assert not correlation("random", 6).any()


def test_exponential_correlation_falls_with_the_distance_of_the_middles():
    middle = 0.5 * (BASE + TOP)
    expected = np.exp(-(middle[:-1] - middle[1:]) / LENGTH)
    assert correlation("exponential", 6) == pytest.approx(expected)


@pytest.mark.parametrize(("length", "rule"), [(1e-3, "random"), (1e9, "maximum_random")])
def test_exponential_lies_between_random_and_maximum(length, rule):
    touching = np.arange(4e3, 0.0, -500.0)
    place = {"base": touching - 500.0, "top": touching}
    limit = overlap_correlation(rule, **place, decorrelation_length=1.0)
    found = overlap_correlation("exponential", **place, decorrelation_length=length)
    assert found == pytest.approx(limit, abs=1e-4)


def test_correlation_of_any_two_layers_of_equal_fraction_is_exponential():
    fraction, alpha = np.full(5, 0.3), correlation("exponential", 5)
    skies = enumerate_skies(chain_of(fraction, correlation=alpha), most=64)
    middle = 0.5 * (BASE + TOP)
    for i, j in itertools.combinations(range(5), 2):
        both = skies.probability[skies.cloudy[:, i] & skies.cloudy[:, j]].sum()
        found = (both - 0.09) / (0.3 - 0.09)
        assert found == pytest.approx(np.exp(-(middle[i] - middle[j]) / LENGTH))


def test_layers_that_share_altitudes_are_an_error():
    with pytest.raises(InputError, match=r"share\s+altitudes"):
        overlap_correlation(
            "random",
            base=np.array([2e3, 1e3]),
            top=np.array([4e3, 2.5e3]),
            decorrelation_length=1.0,
        )


def test_unknown_rule_is_an_error():
    with pytest.raises(InputError, match=r"'maximum' is unknown.*'maximum_random'"):
        check_overlap("maximum")


def test_too_many_skies_are_not_listed():
    chain = chain_of(np.full(10, 0.5), correlation=np.zeros(9))
    assert enumerate_skies(chain, most=64) is None
    assert len(enumerate_skies(chain, most=1023).probability) == 1023


@njit
def count_skies(chain, seed, draws, counts):
    cloudy = np.zeros(chain.shape[0])
    for i in range(draws):
        key = child_key(np.uint64(seed), i)
        draw_sky(chain, uniform(key, 10_000), key, cloudy)
        place = 0
        for layer in range(chain.shape[0]):
            place = 2 * place + int(cloudy[layer])
        counts[place] += 1


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "fractions", [[0.3, 0.5, 0.2, 0.0, 0.6, 0.1], [0.05, 1.0, 0.4, 0.4], [0.2], [0.0, 0.01, 0.5]]
)
def test_drawn_skies_come_in_their_shares(rule, fractions):
    """Of 400,000 drawn skies: a chi-squared test against the enumeration; none is clear."""
    fraction = np.array(fractions)
    chain = chain_of(fraction, correlation=correlation(rule, fraction.size))
    skies = enumerate_skies(chain, most=64)
    draws = 400_000
    counts = np.zeros(2**fraction.size)
    count_skies(chain, 7, draws, counts)
    place = (skies.cloudy * 2 ** np.arange(fraction.size)[::-1]).sum(axis=1)
    assert counts[0] == 0
    assert counts[place].sum() == draws
    expected = draws * skies.probability / skies.probability.sum()
    if expected.size > 1:
        assert stats.chisquare(counts[place], expected).pvalue > 1e-4
    presence = counts[place] @ skies.cloudy / draws
    assert mean_presence(chain) == pytest.approx(presence, abs=4e-3)


@QUICK
@given(FRACTIONS.filter(any), st.sampled_from(RULES))
def test_mean_presence_is_the_share_of_each_layer_in_the_cover(fractions, rule):
    fraction = np.array(fractions)
    chain = chain_of(fraction, correlation=correlation(rule, fraction.size))
    assert mean_presence(chain) * cloud_cover(chain) == pytest.approx(fraction)
