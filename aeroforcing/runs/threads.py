"""Chunks solved on the threads of one process, a chunk being read while another is solved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from aeroforcing.grids.domain import Chunk
from aeroforcing.runs.chunks import ChunkResult, Results, Solver


def solve_in_threads(
    chunks: Iterable[Chunk],
    *,
    solver: Callable[[Chunk], Solver],
    jobs: int,
    done: Callable[[int], None] = lambda cells: None,
) -> Iterator[tuple[Chunk, ChunkResult]]:
    """Solve chunks, at most two of them at once, and give each as it is done.

    An interruption ends with the blocks under way.

    Parameters
    ----------
    chunks
        In the order in which they are begun.
    solver
        Reads the inputs of a chunk.
    jobs
        Number of threads.
    done
        Called with the number of cells that have been done since its last call.
    """
    pool = ThreadPoolExecutor(jobs)
    try:
        pending: dict[Future[Results], tuple[_Chunk, slice]] = {}
        for chunk in chunks:
            under_way = _Chunk(solver(chunk))
            done(under_way.cells_left_out)
            if under_way.is_done:
                yield chunk, under_way.result
            for block in under_way.blocks:
                pending[pool.submit(under_way.solver.solve, block)] = under_way, block
                if len(pending) > 2 * jobs:
                    yield from _finished(pending, done)
        while pending:
            yield from _finished(pending, done)
    finally:
        pool.shutdown(cancel_futures=True)


class _Chunk:
    """A chunk under way."""

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self.blocks = solver.blocks()
        self.solved: dict[int, Results] = {}

    @property
    def is_done(self) -> bool:
        return len(self.solved) == len(self.blocks)

    @property
    def cells_left_out(self) -> int:
        return self.solver.chunk.size - (self.blocks[-1].stop if self.blocks else 0)

    @property
    def result(self) -> ChunkResult:
        return self.solver.result(self.solved)


def _finished(
    pending: dict[Future[Results], tuple[_Chunk, slice]], done: Callable[[int], None]
) -> Iterator[tuple[Chunk, ChunkResult]]:
    """Wait for a block or more, and give the chunks that are complete with them."""
    for future in wait(pending, return_when=FIRST_COMPLETED).done:
        under_way, block = pending.pop(future)
        under_way.solved[block.start] = future.result()
        done(block.stop - block.start)
        if under_way.is_done:
            yield under_way.solver.chunk, under_way.result
