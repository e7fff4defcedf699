"""Memory and time against the number of cells, and what keeping the parts of a run costs.

    python -m benchmarks.memory                          up to a million cells, some thirty minutes
    python -m benchmarks.memory --most 100000            up to so many
    python -m benchmarks.memory --figure long_runs.png   draws them too
    python -m benchmarks.memory --overhead               only what parts and provenance cost (T42)

Every run is a process of its own: `aeroforcing grid` for points all over the globe, in chunks of
fixed size, with the fewest samples there are. Times of the table are processor times; elapsed times
of the overhead need an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import xarray as xr

from aeroforcing import saved_forcing
from aeroforcing.chunk_forcing import ChunkResult
from aeroforcing.forcing_run import prepared_run
from aeroforcing.layout import Chunk
from aeroforcing.progress import Progress
from aeroforcing.threads import processors, solve_in_threads
from benchmarks.cases import machine, markdown

CELLS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
CHUNK = 4096  # cells
HEADER = ["cells", "processor time [s]", "ms per cell", "peak memory [MB]"]
_ROOT = Path(__file__).resolve().parents[1]


class Cost(NamedTuple):
    """What a run took."""

    cells: int
    seconds: float  # of the processors
    megabytes: float  # at most, resident

    def row(self) -> list[object]:
        """The row of the table."""
        each = 1e3 * self.seconds / self.cells
        return [self.cells, round(self.seconds, 1), round(each, 2), round(self.megabytes)]


def points(number: int) -> xr.Dataset:
    """Points spread evenly over the globe, with an AOD each."""
    rng = np.random.default_rng(7)
    coords = {
        "lat": ("cell", np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, number)))),
        "lon": ("cell", rng.uniform(0.0, 360.0, number)),
    }
    return xr.Dataset({"aod": ("cell", rng.uniform(0.02, 0.4, number))}, coords)


def cost_of(cells: int, *, sky: str = "clear", photons: int = 1, chunk: int = CHUNK) -> Cost:
    """Cost of July at so many points, start of the process included."""
    with tempfile.TemporaryDirectory() as folder:
        points(cells).to_netcdf(Path(folder) / "in.nc")
        options = ["--grid", "native", "--months", "7", "--sky", sky, "--photons", str(photons)]
        return run_cost(["in.nc", *options, "--chunk", str(chunk)], folder=folder, cells=cells)


def run_cost(arguments: Iterable[str], *, folder: str, cells: int) -> Cost:
    """Cost of `aeroforcing grid` with some arguments, in a folder.

    Raises
    ------
    RuntimeError
        The command fails.
    """
    command = [sys.executable, "-m", "aeroforcing", "grid", *arguments, "-q", "-o", "out.nc"]
    places = os.pathsep.join(str(Path(place).resolve()) for place in (_ROOT, *sys.path))
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": places}
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(cells, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


class Times(NamedTuple):
    """How long something took."""

    elapsed: float  # s
    processors: float  # s, of all threads

    def without(self, other: Times) -> Times:
        """What remains when a part of it is taken away."""
        return Times(self.elapsed - other.elapsed, self.processors - other.processors)


def times(action: Callable[[], object]) -> Times:
    """How long an action takes."""
    start = time.perf_counter(), time.process_time()
    action()
    return Times(time.perf_counter() - start[0], time.process_time() - start[1])


def overhead(
    *, grid: str = "T42", months: Iterable[int] = range(1, 13), photons: int | None = None
) -> tuple[Times, Times]:
    """What a map takes, and what saving it takes beside: parts, progress, provenance, the file.

    The second is that of the same run with its results given.
    """
    settings = {"grid": grid, "months": list(months), "photons": photons}
    run = prepared_run(**settings)
    solved: list[tuple[Chunk, ChunkResult]] = []

    def solve() -> None:
        solved.extend(solve_in_threads(run.chunks(), solver=run.solver, jobs=processors()))

    def given(*_, done, **__):  # type: ignore[no-untyped-def]
        for chunk, result in solved:
            done(chunk.size)
            yield chunk, result

    solving, preparing = times(solve), times(lambda: prepared_run(**settings))
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(saved_forcing, "solve_in_threads", given),
        Progress("saving") as progress,
    ):
        target = Path(folder) / "out.nc"
        saving = times(
            lambda: saved_forcing.save_grid_forcing(target, **settings, progress=progress)
        )
    return solving, saving.without(preparing)


def draw(costs: list[Cost], path: str) -> None:
    """Memory and time against the number of cells."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    cells = np.array([cost.cells for cost in costs], dtype=float)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.0, 3.2), layout="constrained")
    left.semilogx(cells, [cost.megabytes for cost in costs], "o-")
    highest = 1.2 * max(cost.megabytes for cost in costs)
    left.set(xlabel="cells", ylabel="peak memory [MB]", ylim=(0.0, highest))
    seconds = np.array([cost.seconds for cost in costs])
    each = (seconds[-1] - seconds[0]) / (cells[-1] - cells[0])
    right.loglog(cells, seconds, "o-", label="measured")
    right.loglog(cells, seconds[0] + (cells - cells[0]) * each, "k:", label="a line: start + cells")
    right.set(xlabel="cells", ylabel="processor time [s]")
    right.legend(frameon=False)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=CELLS[-1], help="cells of the largest run")
    parser.add_argument("--figure", help="file to draw into")
    parser.add_argument("--overhead", action="store_true", help="only the cost of keeping parts")
    wanted = parser.parse_args()
    print(machine(), "\n")
    if wanted.overhead:
        pairs = zip(("elapsed", "processors"), *overhead(), strict=True)
        rows = [[what, f"{a:.2f}", f"{b:.2f}", f"{b / a:.2%}"] for what, a, b in pairs]
        print(markdown(["T42 x 12", "solving [s]", "saving [s]", "share"], rows))
        return
    costs = [cost_of(cells) for cells in CELLS if cells <= wanted.most]
    print(markdown(HEADER, [cost.row() for cost in costs]))
    if wanted.figure:
        draw(costs, wanted.figure)


if __name__ == "__main__":
    main()
