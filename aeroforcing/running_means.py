"""Means over the map and over time of results that come in parts.

The same means as `grids.global_mean` and `grids.annual_mean` give of a whole map.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from aeroforcing.core.arrays import Floats
from aeroforcing.core.variables import STDERR_SUFFIX
from aeroforcing.grids import grid_of
from aeroforcing.layout import Chunk, Layout


class RunningMeans:
    """Adds up fields over the cells of each step, weighted by area; points weigh the same."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._area = np.ones(layout.map_shape)
        if not layout.are_points:
            self._area = grid_of(layout.places)["area"].values
        self._sums: dict[str, Floats] = {}  # (weighted sum or sum of squares, weight), (2, step)
        self.cells = 0
        self.missing_cells = 0

    def add(self, chunk: Chunk, fields: Mapping[str, Floats]) -> None:
        """Add the fields of a chunk, each (step, row, column) or (step, cell).

        Standard errors, the fields named `<name>_stderr`, are those of independent cells.
        """
        area = self._area[tuple(self._layout.place_of(chunk).values())]
        for name, field in fields.items():
            weight = np.where(np.isnan(field), 0.0, area)
            terms = np.where(np.isnan(field), 0.0, field * area)
            if name.endswith(STDERR_SUFFIX):
                terms = terms**2
            sums = self._sums.setdefault(name, np.zeros((2, self._layout.steps.size)))
            sums[0, chunk.steps] += terms.reshape(len(field), -1).sum(axis=1)
            sums[1, chunk.steps] += weight.reshape(len(field), -1).sum(axis=1)

    def count(self, field: Floats) -> None:
        """Count the cells of a field, and those that are missing."""
        self.cells += field.size
        self.missing_cells += int(np.isnan(field).sum())

    def overall(self) -> dict[str, float]:
        """Means over the map and over the steps, weighted by their lengths."""
        return {name: self._overall(name, *sums) for name, sums in self._sums.items()}

    def _overall(self, name: str, total: Floats, weight: Floats) -> float:
        there = weight > 0.0
        hours = self._layout.steps.hours[there]
        if not there.any():
            return float("nan")
        if name.endswith(STDERR_SUFFIX):
            errors = np.sqrt(total[there]) / weight[there]
            return float(np.sqrt(((hours * errors) ** 2).sum()) / hours.sum())
        return float((hours * total[there] / weight[there]).sum() / hours.sum())
