"""Borrowing arrays inside kernels."""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core.compiled import borrowed, compiled


class Things(NamedTuple):
    """Arrays of different kinds, and numbers."""

    fluxes: NDArray[np.float64]
    share: float
    bands: NDArray[np.int64]


@compiled
def scale(things, row):
    things, row = borrowed(things), borrowed(row)
    for band in things.bands:
        row[band] = things.share * things.fluxes[band].sum()


def test_borrowed_arrays_are_the_arrays_themselves():
    things = Things(np.arange(12.0).reshape(4, 3), 0.5, np.array([3, 1]))
    row = np.zeros(4)
    counts = [sys.getrefcount(array) for array in (things.fluxes, things.bands, row)]
    for _ in range(3):
        scale(things, row)
    np.testing.assert_array_equal(row, [0.0, 6.0, 0.0, 15.0])
    assert [sys.getrefcount(array) for array in (things.fluxes, things.bands, row)] == counts
