"""Memory and time against the number of cells, and what keeping the parts of a run costs.

    python -m benchmarks.memory                          up to a million cells, some forty minutes
    python -m benchmarks.memory --most 100000            up to so many
    python -m benchmarks.memory --figure long_runs.png   draws them too
    python -m benchmarks.memory --overhead               only what parts and provenance cost (T42)

Every run is a process of its own: `aeroforcing grid` for points all over the globe, and for a
series of daily maps, in chunks of fixed size, with the fewest samples there are. Times of the table
are processor times; elapsed times of the overhead need an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import xarray as xr

from aeroforcing.grids.domain import Chunk
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.maps import saved
from aeroforcing.maps.chunk import Settings
from aeroforcing.maps.run import prepared_run
from aeroforcing.runs.chunks import ChunkResult, processors
from aeroforcing.runs.progress import Progress
from aeroforcing.runs.threads import solve_in_threads
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


def days(number: int) -> xr.Dataset:
    """Daily maps of 216 cells with an AOD each, of about so many cells in all."""
    grid = gaussian_grid("15x20")
    steps = max(2, -(-number // (grid.sizes["lat"] * grid.sizes["lon"])))
    dates = xr.date_range("2001-01-01", periods=steps, freq="D", calendar="noleap")
    shape = (steps, grid.sizes["lat"], grid.sizes["lon"])
    aod = np.random.default_rng(7).uniform(0.02, 0.4, shape)
    coords = {"time": dates, "lat": grid.lat, "lon": grid.lon}
    return xr.Dataset({"aod": (("time", "lat", "lon"), aod)}, coords)


# What is run: its input, and its times.
KINDS: dict[str, tuple[Callable[[int], xr.Dataset], tuple[str, ...]]] = {
    "points": (points, ("--months", "7")),
    "days": (days, ("--times", "input")),
}


def cost_of(
    cells: int, *, kind: str = "points", sky: str = "clear", photons: int = 1, chunk: int = CHUNK
) -> Cost:
    """Cost of a run of so many cells, start of the process included."""
    make, when = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        inputs = make(cells)
        inputs.to_netcdf(Path(folder) / "in.nc")
        options = ["--grid", "native", *when, "--sky", sky, "--photons", str(photons)]
        return run_cost(
            ["in.nc", *options, "--chunk", str(chunk)], folder=folder, cells=inputs["aod"].size
        )


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
    run = prepared_run(None, Settings(**settings))
    solved: list[tuple[Chunk, ChunkResult]] = []

    def solve() -> None:
        solved.extend(solve_in_threads(run.chunks(), solver=run.solver, jobs=processors()))

    def given(*_, done, **__):  # type: ignore[no-untyped-def]
        for chunk, result in solved:
            done(chunk.size)
            yield chunk, result

    solving, preparing = times(solve), times(lambda: prepared_run(None, Settings(**settings)))
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(saved, "solve_in_threads", given),
        Progress("saving") as progress,
    ):
        target = Path(folder) / "out.nc"
        saving = times(lambda: saved.save_grid_forcing(target, **settings, progress=progress))
    return solving, saving.without(preparing)


def draw(costs: Mapping[str, list[Cost]], path: str) -> None:
    """Memory and time against the number of cells."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.0, 3.2), layout="constrained")
    for (kind, own), marker in zip(costs.items(), "os", strict=True):
        cells = [cost.cells for cost in own]
        left.semilogx(cells, [cost.megabytes for cost in own], f"{marker}-", label=kind)
        right.loglog(cells, [cost.seconds for cost in own], f"{marker}-", label=kind)
    ends = own[0], own[-1]
    each = (ends[1].seconds - ends[0].seconds) / (ends[1].cells - ends[0].cells)
    line = [ends[0].seconds + (x - ends[0].cells) * each for x in cells]
    right.loglog(cells, line, "k:", label="a line: start + cells")
    left.set(xlabel="cells", ylabel="peak memory [MB]")
    left.set_ylim(0.0, 1.2 * max(cost.megabytes for own in costs.values() for cost in own))
    right.set(xlabel="cells", ylabel="processor time [s]")
    for axes in (left, right):
        axes.legend(frameon=False, loc="lower right" if axes is left else "upper left")
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
    cost_of(CELLS[0])  # compiles the kernels, if need be
    costs = {
        kind: [cost_of(cells, kind=kind) for cells in CELLS if cells <= wanted.most]
        for kind in KINDS
    }
    for kind, own in costs.items():
        print(f"{kind}\n\n{markdown(HEADER, [cost.row() for cost in own])}\n", flush=True)
    if wanted.figure:
        draw(costs, wanted.figure)


if __name__ == "__main__":
    main()
