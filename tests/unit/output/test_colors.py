"""Colours of figures: discrete, pale at zero where signs matter, the same on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from aeroforcing.core.errors import InputError
from aeroforcing.output.colors import (
    DIVERGING,
    colors_of,
    flag_colors,
)


@pytest.mark.parametrize("values", [[], [np.nan], [0.0, 0.0], [0.3]])
@pytest.mark.parametrize("name", ["forcing_toa", "aod"])
def test_any_values_have_colours(values, name):
    colors = colors_of(np.array(values), name=name)
    assert len(colors.levels) >= 2


def test_forcings_and_differences_have_colours_around_zero():
    forcing = colors_of([-3.0, 0.0, 1.0], name="forcing_toa")
    difference = colors_of([-0.3, 0.0, 0.1], name="aod", difference=True)
    for colors in (forcing, difference):
        assert colors.colormap.name == DIVERGING
        white = colors.colormap(colors.norm(0.0))
        assert min(white[:3]) > 0.9
        red, _, blue, _ = colors.colormap(colors.norm(colors.levels[-1] * 0.99))
        assert red > blue
    assert colors_of([0.0, 1.0], name="aod").colormap.name == "YlOrBr"


@pytest.mark.parametrize("levels", [None, [-4.0, -2.0, -1.0, 1.0, 2.0], [-8.0, -0.5, 0.5]])
def test_a_gain_is_as_far_from_white_as_the_same_loss(levels):
    values = np.linspace(-9.0, 2.0, 500)
    colors = colors_of(values, name="forcing_toa", levels=levels)
    both = -colors.levels[:-1][np.isin(-colors.levels[:-1], colors.levels)]
    step = 1e-3
    for level in both[both > 0.0]:
        gain, loss = (colors.norm(sign * (level - step)) for sign in (1.0, -1.0))
        zero = int(colors.norm(0.0))
        assert gain - zero == zero - loss
    assert min(colors.colormap(colors.norm(0.0))[:3]) > 0.9


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_values_of_one_sign_darken_from_zero(sign):
    colors = colors_of(sign * np.linspace(0.01, 7.0, 300), name="forcing_toa")
    grey = colors.colormap(np.arange(colors.colormap.N))[:, :3] @ [0.299, 0.587, 0.114]
    assert (sign * np.diff(grey) < -0.01).all()
    assert grey.max() > 0.85
    assert grey.min() < 0.25
    farthest, _, other, _ = colors.colormap(colors.norm(sign * 6.9))
    assert sign * (farthest - other) > 0.0


@pytest.mark.parametrize(
    ("name", "cmap"), [("forcing_toa", "PuOr"), ("forcing_toa", "cividis"), ("aod", "magma")]
)
def test_another_colour_map_is_used(name, cmap):
    usual, other = (colors_of([0.1, 0.9], name=name, cmap=one) for one in (None, cmap))
    assert other.colormap.name == cmap != usual.colormap.name
    np.testing.assert_array_equal(usual.levels, other.levels)
    flags = {"flag_values": [0, 1, 2], "flag_meanings": "none one two"}
    assert len(np.unique(flag_colors(flags, cmap=cmap).colormap(range(3)), axis=0)) == 3


def test_a_colour_map_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match=r"'virdis' is not a colour map.*did you mean viridis"):
        colors_of([0.0], name="aod", cmap="virdis")


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


@pytest.mark.parametrize("count", [255, 256, 257, 20_000])
@pytest.mark.parametrize("name", ["aod", "forcing_toa"])
def test_any_number_of_levels_has_colours(count, name):
    colors = colors_of([-1.0, 2.0 * count], name=name, levels=np.arange(count))
    shades = colors.colormap(colors.norm([0.5, count - 1.5]))
    assert len(np.unique(shades, axis=0)) == 2


@pytest.mark.parametrize(
    "values", [[1e300, 1e300], [1.0, 1.0 + 1e-16], [-1e-310, 1e-310], [0.0, 5e-324]]
)
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
