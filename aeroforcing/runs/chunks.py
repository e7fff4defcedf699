"""Chunks of a run: what solves one, what comes out, and how progress is counted."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from aeroforcing.core.arrays import Floats
from aeroforcing.grids.domain import Chunk
from aeroforcing.runs.progress import shown

Progress: TypeAlias = Callable[[int, int], None] | bool  # True: a bar or lines on standard error

Results = dict[str, Floats]  # name -> (..., cell)


def processors() -> int:
    """Number of processors that this process may use, or that there are where none can say."""
    if hasattr(os, "sched_getaffinity"):  # on Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ChunkResult(NamedTuple):
    """The maps of a chunk, and what is counted over all chunks."""

    values: Floats  # (plane, steps, rows, columns), see `Settings.planes`
    complete: int  # cells in which nothing is missing
    samples: int  # of the clear-sky forcing, over all cells


class Solver(Protocol):
    """What solves a chunk, in blocks of its cells that do not depend on each other."""

    chunk: Chunk

    def blocks(self) -> list[slice]:
        """The blocks, in the order in which they are begun."""

    def solve(self, block: slice) -> Results:
        """The results of a block."""

    def result(self, solved: dict[int, Results]) -> ChunkResult:
        """The maps of the chunk, from the results of its blocks by their first cells."""


class Run(Protocol):
    """What solves any chunk of a run, and can be sent to another process."""

    def solve(self, chunk: Chunk) -> ChunkResult:
        """The maps of a chunk."""


class CellCounter:
    """Adds up the cells that are done, and reports their number."""

    def __init__(self, total: int, progress: Progress | None, *, left: int | None = None) -> None:
        self._total, self._progress = total, shown(progress, "forcing")
        self._done = 0 if left is None else total - left
        if self._progress is not None:
            self._progress(self._done, total)

    def __call__(self, cells: int) -> None:
        """Count some more cells."""
        self._done += cells
        if self._progress is not None and cells > 0:
            self._progress(self._done, self._total)
