"""Phase functions, their rows for the paths, and drawing from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import legendre

from aeroforcing.core.errors import InputError
from aeroforcing.optics.phase_functions import (
    FIFTH_MOMENT,
    FIRST_COSINE,
    FIRST_MOMENT,
    QUANTILES,
    THIRD_MOMENT,
    DoubleHenyeyGreenstein,
    HenyeyGreenstein,
    LegendrePhaseFunction,
    TabulatedPhaseFunction,
    draw_cosine,
    mean_step_of,
    phase_rows,
)
from aeroforcing.transport.adjoint import mean_step

QUICK = settings(max_examples=30)
X, W = legendre.leggauss(400)
DEGREES = np.concatenate([np.linspace(0.0, 10.0, 41), np.linspace(11.0, 180.0, 170)])


def row_of(function):
    return phase_rows([function], np.ones(1))


def table_of(function):
    return TabulatedPhaseFunction(
        angle=DEGREES, values=7.0 * function.at(np.cos(np.radians(DEGREES)))
    )


TABLE = table_of(DoubleHenyeyGreenstein(forward=0.75, backward=-0.3, share=0.85))
FUNCTIONS = {
    "one term": HenyeyGreenstein(0.7),
    "backward": HenyeyGreenstein(-0.5),
    "two terms": DoubleHenyeyGreenstein(forward=0.8, backward=-0.4, share=0.9),
    "moments": LegendrePhaseFunction(0.6 ** np.arange(40)),
    "Rayleigh": LegendrePhaseFunction([1.0, 0.0, 0.1]),
    "table": TABLE,
}
ALL = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


@ALL
def test_normalised_with_the_asymmetry_that_it_says(function):
    values = function.at(X)
    assert (values >= -1e-6).all()
    assert 0.5 * (W * values).sum() == pytest.approx(1.0, abs=2e-4)
    assert 0.5 * (W * values * X).sum() == pytest.approx(function.asymmetry, abs=2e-4)


@ALL
def test_row_has_the_moments_of_the_function(function):
    row = row_of(function)
    cosines = row[FIRST_COSINE:]
    assert cosines[[0, -1]] == pytest.approx([-1.0, 1.0])
    assert (np.diff(cosines) > 0.0).all()
    for place, order in ((FIRST_MOMENT, 1), (THIRD_MOMENT, 3), (FIFTH_MOMENT, 5)):
        polynomial = legendre.legval(X, np.eye(order + 1)[order])
        exact = 0.5 * (W * function.at(X) * polynomial).sum()
        assert row[place] == pytest.approx(exact, abs=2e-5 if function is not TABLE else 2e-4)


@ALL
def test_drawn_cosines_are_those_of_the_row(function):
    """Over evenly spaced numbers: the row's moments exactly, and the function's histogram."""
    row = row_of(function)
    n = 100 * QUANTILES
    drawn = np.array([draw_cosine(row[None], 0, u) for u in (np.arange(n) + 0.5) / n])
    for place, order in ((FIRST_MOMENT, 1), (THIRD_MOMENT, 3), (FIFTH_MOMENT, 5)):
        polynomial = legendre.legval(drawn, np.eye(order + 1)[order])
        assert polynomial.mean() == pytest.approx(row[place], abs=1e-6)
    edges = np.linspace(-1.0, 1.0, 21)
    counts, _ = np.histogram(drawn, bins=edges)
    fine = np.linspace(-1.0, 1.0, 200_001)
    middle = 0.5 * (fine[1:] + fine[:-1])
    expected, _ = np.histogram(middle, bins=edges, weights=function.at(middle))
    assert counts / n == pytest.approx(expected / expected.sum(), abs=2e-3)


@pytest.mark.parametrize("g", [-0.5, 0.0, 0.3, 0.7, 0.9])
@pytest.mark.parametrize("mu", [-1.0, -0.6, 0.1, 0.8])
def test_mean_step_of_one_term_is_that_of_henyey_greenstein(g, mu):
    found = mean_step_of(row_of(HenyeyGreenstein(g))[None], 0, mu)
    assert found == pytest.approx(mean_step(mu, g, False), abs=1e-4)


@QUICK
@given(st.floats(0.0, 1.0), st.floats(-0.8, 0.9), st.floats(-0.8, 0.9))
def test_mixture_of_two_functions_is_the_two_term_function(share, one, other):
    parts = [HenyeyGreenstein(one), HenyeyGreenstein(other)]
    mixed = phase_rows(parts, np.array([share, 1.0 - share]))
    direct = row_of(DoubleHenyeyGreenstein(forward=one, backward=other, share=share))
    assert mixed == pytest.approx(direct, abs=1e-4)


def test_rows_of_many_layers_at_once():
    weights = np.random.default_rng(2).random((3, 4, 2))
    parts = [HenyeyGreenstein(0.8), HenyeyGreenstein(0.1)]
    rows = phase_rows(parts, weights)
    assert rows.shape[:2] == (3, 4)
    assert rows[1, 2] == pytest.approx(phase_rows(parts, 5.0 * weights[1, 2]))


def test_a_table_of_the_function_is_the_function():
    exact = DoubleHenyeyGreenstein(forward=0.75, backward=-0.3, share=0.85)
    assert FUNCTIONS["table"].asymmetry == pytest.approx(exact.asymmetry, abs=1e-3)
    assert row_of(FUNCTIONS["table"]) == pytest.approx(row_of(exact), abs=2e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HenyeyGreenstein(1.0), "both excluded"),
        (lambda: DoubleHenyeyGreenstein(forward=0.8, backward=-1.0, share=0.9), "backward"),
        (lambda: DoubleHenyeyGreenstein(forward=0.8, backward=0.0, share=1.2), "share=1.2"),
        (lambda: TabulatedPhaseFunction(angle=[0, 90], values=[1, 1]), "0 to 180"),
        (lambda: TabulatedPhaseFunction(angle=[0, 90, 180], values=[1, 1]), "one value per angle"),
        (lambda: TabulatedPhaseFunction(angle=[0, 180], values=[1, -1]), "not negative"),
        (lambda: TabulatedPhaseFunction(angle=[0, 180], values=[0, 0]), "all zero"),
        (lambda: LegendrePhaseFunction([0.9, 0.5]), "order 0"),
        (lambda: LegendrePhaseFunction([1.0, 0.9]), "goes down to"),
    ],
)
def test_unusable_functions(make, message):
    with pytest.raises(InputError, match=message):
        make()
