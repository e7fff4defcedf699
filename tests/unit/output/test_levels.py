"""Levels of figures: round, fine where the values lie, as far as these on either side of zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeroforcing.output.levels import round_levels, signed_levels, tick_levels

LEVELS = {"signed": signed_levels, "round": round_levels}
SHAPES = {  # of fields: where their values lie
    "even": lambda draw: draw.uniform(-1.0, 1.0, 900),
    "normal": lambda draw: draw.normal(-0.4, 0.3, 900),
    "long tail": lambda draw: -draw.lognormal(-2.0, 1.2, 900),
    "one sign": lambda draw: draw.gamma(2.0, 0.5, 900) + 1e-3,
    "two signs": lambda draw: np.append(-draw.exponential(1.0, 700), draw.exponential(0.1, 200)),
    "hardly two": lambda draw: draw.gamma(0.6, 1.0, 900) - 0.01,
    "few changed": lambda draw: np.append(np.zeros(800), draw.normal(0.2, 0.5, 100)),
}
FIELDS = st.builds(
    lambda shape, size, sign, seed: sign * size * SHAPES[shape](np.random.default_rng(seed)),
    st.sampled_from(sorted(SHAPES)),
    st.floats(1e-6, 1e6),
    st.sampled_from([-1.0, 1.0]),
    st.integers(0, 999),
)
BOTH = pytest.mark.parametrize("kind", LEVELS)


def significant(numbers):
    """Numbers with their power of ten left out, of three digits."""
    return np.array([float(f"{abs(number):.2e}".split("e")[0]) for number in numbers])


@BOTH
@given(values=FIELDS)
def test_levels_are_few_and_hold_nearly_all_values(kind, values):
    levels = LEVELS[kind](values)
    assert (np.diff(levels) > 0).all()
    assert 3 <= levels.size <= 18
    inside = (values >= levels[0]) & (values <= levels[-1])
    assert inside.mean() >= 0.97 if kind == "round" else inside[values != 0.0].mean() >= 0.97


@BOTH
@given(values=FIELDS)
def test_steps_are_round_and_no_wider_than_a_tenth_of_the_range(kind, values):
    widths = np.diff(LEVELS[kind](values))
    assert widths.max() <= np.ptp(values) / 10.0 * (1.0 + 1e-9)
    assert set(significant(widths)) <= {1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0}


@BOTH
@given(values=FIELDS)
def test_levels_end_where_the_values_do(kind, values):
    levels = LEVELS[kind](values)
    assert (levels <= values.min()).sum() <= 1
    assert (levels >= values.max()).sum() <= 1


@given(values=FIELDS)
def test_signed_levels_mirror_each_other_and_are_finer_near_zero(values):
    levels = signed_levels(values)
    if (values < 0.0).any() and (values > 0.0).any():
        assert 0.0 not in levels
        assert levels[0] < 0.0 < levels[-1]
        reach = min(-levels[0], levels[-1])
        near = levels[np.abs(levels) <= reach]
        np.testing.assert_array_equal(near, -near[::-1])
    for side in (levels[levels >= 0.0], -levels[levels <= 0.0][::-1]):
        widest = np.diff(levels).max()
        if side.size > 2 and side[0] <= 0.5 * widest:  # they begin at zero
            assert side[1] - side[0] <= 0.5 * widest * (1.0 + 1e-6)


@given(values=FIELDS)
def test_levels_scale_and_turn_with_the_values(values):
    levels = signed_levels(values)
    np.testing.assert_allclose(signed_levels(-values), -levels[::-1], rtol=1e-9, atol=0.0)
    np.testing.assert_allclose(signed_levels(1000.0 * values), 1000.0 * levels, rtol=1e-9)


@pytest.mark.parametrize("spread", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("mean", [-2.0, -1.0, 0.0, 1.0])
def test_the_class_of_most_of_the_globe_is_parted(mean, spread):
    draw = np.random.default_rng(3)
    values = np.append(draw.normal(mean, 0.5 * spread, 950), draw.uniform(-10.0, 2.0, 50))
    for kind in LEVELS.values():
        held, _ = np.histogram(values, kind(values))
        assert held.max() / values.size <= 0.42


def test_areas_decide_which_class_is_parted():
    values = np.concatenate(
        [np.linspace(0.0, 1.0, 100), np.full(50, 0.31) + 0.01 * np.arange(50) / 50]
    )
    equal = round_levels(values)
    weights = np.where(np.arange(150) < 100, 1.0, 0.0)
    np.testing.assert_allclose(round_levels(values, weights), np.arange(11) / 10.0)
    assert equal.size > 11


def test_levels_of_a_known_field():
    values = np.concatenate([np.linspace(-10.0, 0.5, 100), np.linspace(-3.0, -1.0, 200)])
    expected = [-10, -9, -8, -7, -6, -5, -4, -3, -2.5, -2, -1.5, -1, -0.5, 0.5]
    np.testing.assert_allclose(signed_levels(values), expected)


def test_a_change_of_few_cells_is_not_hidden_by_the_others():
    values = np.zeros(5000)
    values[:10] = np.linspace(-0.3, 0.1, 10)
    levels = signed_levels(values)
    assert levels[0] <= -0.29
    assert 0.09 <= levels[-1] <= 0.15


def test_a_narrow_colour_bar_labels_fewer_levels():
    assert tick_levels(np.arange(9.0)) == list(range(9))
    assert tick_levels(np.arange(9.0), most=5) == [0, 2, 4, 6, 8]
    symmetric = np.array([-6.0, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6])
    assert tick_levels(symmetric, most=9) == [-6, -4, -2, 2, 4, 6]
    assert tick_levels(symmetric[1:-1], most=4) == [-5, -2, 2, 5]
