"""The steps and places of a run, and the chunks that it is cut into.

The cells of a run are numbered over its steps and then over its map, row by row. A chunk is a range
of these numbers: some whole steps, or some rows of one step. What is computed for a cell does not
depend on the chunk that it is in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.grids.time_steps import Steps

GRID = ("lat", "lon")
POINTS = ("cell",)

WHOLE_CELLS = 2**17  # of a run whose inputs are made at once


class Chunk(NamedTuple):
    """A part of a run; its places are those of the first and of the second horizontal dimension."""

    number: int
    steps: slice
    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int, int]:
        """Steps, rows and columns (1 for points)."""
        steps, rows, columns = (part.stop - part.start for part in self[1:])
        return steps, rows, columns

    @property
    def size(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    def common(self, other: Chunk) -> Chunk:
        """The cells that two chunks have in common; its ranges are empty where there are none."""
        parts = [
            slice(max(a.start, b.start), min(a.stop, b.stop))
            for a, b in zip(self[1:], other[1:], strict=True)
        ]
        return Chunk(self.number, *parts)

    def within(self, other: Chunk) -> tuple[slice, slice, slice]:
        """The place of the chunk in another that holds it."""
        steps, rows, columns = (
            slice(a.start - b.start, a.stop - b.start)
            for a, b in zip(self[1:], other[1:], strict=True)
        )
        return steps, rows, columns


@dataclass(frozen=True)
class Layout:
    """The steps and places of a run.

    The places are a grid as that of `grid.gaussian_grid`, or points: a Dataset with the
    coordinates `lat` and `lon` over `cell`.
    """

    steps: Steps
    places: xr.Dataset

    @property
    def dims(self) -> tuple[str, ...]:
        """The horizontal dimensions."""
        return POINTS if self.are_points else GRID

    @property
    def are_points(self) -> bool:
        """Whether the places are points without a grid."""
        return "cell" in self.places.dims

    @property
    def map_shape(self) -> tuple[int, ...]:
        """Lengths of the horizontal dimensions."""
        return tuple(self.places.sizes[dim] for dim in self.dims)

    @property
    def size(self) -> int:
        """Number of cells of all steps."""
        return self.steps.size * math.prod(self.map_shape)

    @property
    def whole(self) -> Chunk:
        """The run as one chunk."""
        rows, columns = (*self.map_shape, 1)[:2]
        return Chunk(0, slice(0, self.steps.size), slice(0, rows), slice(0, columns))

    def chunks(self, cells: int) -> list[Chunk]:
        """Chunks of about `cells` cells, at least one row each, in the order of the cells."""
        _, steps, rows, columns = self.whole
        steps_each = max(1, cells // math.prod(self.map_shape))
        rows_each = max(1, cells // columns.stop) if steps_each == 1 else rows.stop
        parts = [
            (of_steps, of_rows, columns)
            for of_steps in _slices(steps.stop, steps_each)
            for of_rows in _slices(rows.stop, rows_each)
        ]
        return [Chunk(number, *part) for number, part in enumerate(parts)]

    def first_cell(self, chunk: Chunk) -> int:
        """Number of the first cell of a chunk from `chunks`."""
        _, _, rows, columns = self.whole
        return (chunk.steps.start * rows.stop + chunk.rows.start) * columns.stop

    def cut(self, lengths: Sequence[Sequence[int]]) -> list[Chunk]:
        """Chunks of given numbers of steps, rows and columns."""
        edges = [np.concatenate([[0], np.cumsum(given)]) for given in lengths]
        steps, rows, columns = (
            [slice(int(a), int(b)) for a, b in pairwise(edge)] for edge in edges
        )
        parts = [(s, r, c) for s in steps for r in rows for c in columns]
        return [Chunk(number, *part) for number, part in enumerate(parts)]

    def of(self, chunk: Chunk) -> Layout:
        """The steps and places of a chunk."""
        return Layout(self.steps[chunk.steps], self.places.isel(self.place_of(chunk)))

    def place_of(self, chunk: Chunk) -> dict[str, slice]:
        """The chunk along the horizontal dimensions."""
        return dict(zip(self.dims, chunk[2:], strict=False))

    def cell_ids(self, chunk: Chunk) -> NDArray[np.uint64]:
        """Keys of the random numbers of the chunk's cells, of the date and the place alone."""
        per_map, columns = math.prod(self.map_shape), self.whole.columns.stop
        row = np.arange(chunk.rows.start, chunk.rows.stop, dtype=np.uint64)
        column = np.arange(chunk.columns.start, chunk.columns.stop, dtype=np.uint64)
        place = row[:, None] * np.uint64(columns) + column
        key = self.steps.key[chunk.steps] * np.uint64(per_map)
        return (key[:, None] + place.ravel()).ravel()


def _slices(size: int, most: int) -> list[slice]:
    """Ranges of at most so many, as equal as can be."""
    edges = np.linspace(0, size, -(-size // most) + 1).round().astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]
