"""Levels of maps: round, discrete, symmetric where signs matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeroforcing.core.errors import InputError
from aeroforcing.output.colors import (
    DIVERGING,
    colors_of,
    flag_colors,
    round_levels,
    symmetric_levels,
    tick_levels,
)

SIZES = st.floats(1e-6, 1e6)


@given(reach=SIZES, seed=st.integers(0, 99))
def test_symmetric_levels_hold_nearly_all_values(reach, seed):
    values = reach * np.random.default_rng(seed).uniform(-1.0, 1.0, 500)
    levels = symmetric_levels(values)
    assert (np.diff(levels) > 0).all()
    np.testing.assert_array_equal(levels, -levels[::-1])
    assert 0.0 not in levels
    assert (np.abs(values) > levels[-1]).mean() <= 0.02
    assert 4 <= len(levels) <= 12


@given(low=st.floats(-1e3, 1e3), width=SIZES, seed=st.integers(0, 99))
def test_round_levels_hold_nearly_all_values(low, width, seed):
    values = low + width * np.random.default_rng(seed).uniform(0.0, 1.0, 500)
    levels = round_levels(values)
    assert (np.diff(levels) > 0).all()
    assert ((values < levels[0]) | (values > levels[-1])).mean() <= 0.04
    assert 3 <= len(levels) <= 12


@pytest.mark.parametrize("values", [[], [np.nan], [0.0, 0.0], [0.3]])
@pytest.mark.parametrize("name", ["forcing_toa", "aod"])
def test_any_values_have_colours(values, name):
    colors = colors_of(np.array(values), name=name)
    assert len(colors.levels) >= 2


def test_forcings_and_differences_have_colours_symmetric_around_zero():
    forcing = colors_of([-3.0, 0.0, 1.0], name="forcing_toa")
    difference = colors_of([-0.3, 0.0, 0.1], name="aod", difference=True)
    for colors in (forcing, difference):
        assert colors.colormap.name == DIVERGING
        np.testing.assert_array_equal(colors.levels, -colors.levels[::-1])
        white = colors.colormap(colors.norm(0.0))
        assert min(white[:3]) > 0.9
    assert colors_of([0.0, 1.0], name="aod").colormap.name == "YlOrBr"


def test_what_passes_symmetric_levels_leaves_zero_white():
    colors = colors_of([-9.0, 0.0, 1.0], name="forcing_toa", levels=[-2.0, -1.0, 1.0, 2.0])
    assert colors.extend == "both"
    assert min(colors.colormap(colors.norm(0.0))[:3]) > 0.9


@pytest.mark.parametrize(
    ("values", "extend"),
    [([0.2], "neither"), ([-1.0, 0.2], "min"), ([0.2, 2.0], "max"), ([-1.0, 2.0], "both")],
)
def test_arrows_tell_what_lies_beyond_the_levels(values, extend):
    assert colors_of(values, name="aod", levels=[0.0, 0.5, 1.0]).extend == extend


@pytest.mark.parametrize("levels", [[1.0], [2.0, 1.0], [[0.0, 1.0]], [0.0, np.nan]])
def test_wrong_levels_are_refused(levels):
    with pytest.raises(InputError, match="at least two, increasing"):
        colors_of([0.0], name="aod", levels=levels)


def test_a_change_of_few_cells_is_not_hidden_by_the_others():
    values = np.zeros(5000)
    values[:10] = np.linspace(-0.3, 0.1, 10)
    assert symmetric_levels(values)[-1] >= 0.29


def test_a_narrow_colour_bar_labels_fewer_levels():
    assert tick_levels(np.arange(9.0)) == list(range(9))
    assert tick_levels(np.arange(9.0), most=5) == [0, 2, 4, 6, 8]
    symmetric = np.array([-6.0, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6])
    assert tick_levels(symmetric, most=9) == [-6, -4, -2, 2, 4, 6]
    assert tick_levels(symmetric[1:-1], most=4) == [-5, -2, 2, 5]


@pytest.mark.parametrize("count", [255, 256, 257, 20_000])
@pytest.mark.parametrize("name", ["aod", "forcing_toa"])
def test_any_number_of_levels_has_colours(count, name):
    colors = colors_of([-1.0, 2.0 * count], name=name, levels=np.arange(count))
    shades = colors.colormap(colors.norm([0.5, count - 1.5]))
    assert len(np.unique(shades, axis=0)) == 2


@pytest.mark.parametrize("values", [[1e300, 1e300], [1.0, 1.0 + 1e-16], [-1e-310, 1e-310]])
def test_values_that_hardly_differ_have_levels(values):
    levels = colors_of(values, name="aod").levels
    assert levels.size > 1
    assert (np.diff(levels) > 0.0).all()


@pytest.mark.parametrize(
    "attributes",
    [
        {"flag_values": [0, 1], "flag_meanings": "one"},
        {"flag_values": "text", "flag_meanings": "one"},
        {"flag_values": [0, 1]},
    ],
)
def test_flags_that_do_not_fit_their_meanings_are_refused(attributes):
    with pytest.raises(InputError, match="flag_values"):
        flag_colors(attributes)
