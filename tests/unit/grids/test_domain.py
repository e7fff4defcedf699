"""How a run is cut into chunks: every cell once, in order, and each with its own number."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from aeroforcing.grids.domain import Layout
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.time_steps import calendar_months

GRID = Layout(calendar_months([1, 4, 7]), gaussian_grid("20x30"))
POINTS = Layout(
    calendar_months([1, 7]),
    xr.Dataset(coords={"lat": ("cell", np.linspace(-80, 80, 11)), "lon": ("cell", np.zeros(11))}),
)
LAYOUTS = st.sampled_from([GRID, POINTS])


def cells_in(chunks, layout):
    """Numbers of the cells of chunks, one chunk after the other."""
    shape = layout.whole.shape
    numbers = np.arange(layout.size).reshape(shape)
    return np.concatenate([numbers[chunk[1:]].ravel() for chunk in chunks])


def test_a_layout_knows_its_shape():
    assert (GRID.size, GRID.map_shape, GRID.dims) == (3 * 9 * 12, (9, 12), ("lat", "lon"))
    assert (POINTS.size, POINTS.map_shape, POINTS.dims) == (22, (11,), ("cell",))
    assert POINTS.whole.shape == (2, 11, 1)


@given(LAYOUTS, st.integers(1, 500))
def test_chunks_are_ranges_of_the_cells_in_order(layout, cells):
    chunks = layout.chunks(cells)
    assert np.array_equal(cells_in(chunks, layout), np.arange(layout.size))
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    a_row = layout.whole.shape[2]
    assert max(chunk.size for chunk in chunks) <= max(cells, a_row)


def test_chunks_are_about_equal():
    sizes = [chunk.size for chunk in GRID.chunks(100)]
    assert max(sizes) - min(sizes) <= 12
    assert len(sizes) == 6


@given(st.data())
def test_given_lengths_are_kept(data):
    def lengths(size):
        cuts = data.draw(st.sets(st.integers(1, size - 1), max_size=3))
        return np.diff([0, *sorted(cuts), size])

    chunks = GRID.cut([lengths(size) for size in GRID.whole.shape])
    assert sorted(cells_in(chunks, GRID)) == list(range(GRID.size))


@given(LAYOUTS, st.integers(1, 400), st.integers(1, 400))
def test_what_two_chunks_have_in_common(layout, one, other):
    for a in layout.chunks(one):
        for b in layout.chunks(other):
            shared = np.intersect1d(cells_in([a], layout), cells_in([b], layout))
            assert (min(a.common(b).shape) > 0) == (shared.size > 0)
            if shared.size:
                common = a.common(b)
                assert np.array_equal(cells_in([common], layout), shared)
                numbers = np.arange(b.size).reshape(b.shape)[common.within(b)]
                assert np.array_equal(cells_in([b], layout)[numbers.ravel()], shared)


@given(LAYOUTS, st.integers(1, 500))
def test_the_number_of_a_cell_does_not_depend_on_its_chunk(layout, cells):
    whole = layout.cell_ids(layout.whole)
    parts = [layout.cell_ids(chunk) for chunk in layout.chunks(cells)]
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.unique(whole).size == layout.size


def test_the_number_of_a_cell_is_of_its_month_and_place():
    ids = GRID.cell_ids(GRID.whole).reshape(GRID.whole.shape)
    assert ids[1, 2, 5] == 4 * 108 + 2 * 12 + 5


@pytest.mark.parametrize("layout", [GRID, POINTS])
def test_the_layout_of_a_chunk(layout):
    chunk = layout.chunks(5)[3]
    own = layout.of(chunk)
    assert own.whole.shape == chunk.shape
    assert own.steps.month.tolist() == layout.steps.month[chunk.steps].tolist()
    assert np.array_equal(own.places["lat"], layout.places["lat"][chunk.rows])
