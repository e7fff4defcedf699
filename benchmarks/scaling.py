"""How the cost grows with layers, bands, cloud states, cells and threads; start-up and memory.

    python -m benchmarks.scaling             everything, some fifteen minutes
    python -m benchmarks.scaling --quick     small numbers, no cold start, about two minutes

Costs of columns are processor times, those of maps and of the start wall-clock times: these need
an otherwise idle machine. With RRTMGP_SW_G224 in the environment, the path of the table of 224
g-points (rrtmgp-gas-sw-g224.nc), the cost against g-points has that row too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable

import numpy as np

import aeroforcing as af
from aeroforcing.columns.column import Column, column_arrays
from aeroforcing.forcing.column import solve_columns
from aeroforcing.inputs.builtin.atmosphere import LAYER_BOUNDS
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.sun import sun_over_months
from benchmarks.cases import ALL_SKY, CLEAR, Case, cpu_seconds, machine, make_case, markdown

SAMPLES = 4  # per replicate of a column, of which there are 64
_AOD = 0.3
_FIRST_FLUXES = "import aeroforcing as af; af.grid_forcing(grid='T21', months=[7], photons=8)"
_PEAK = """
import resource, sys
import aeroforcing as af
af.grid_forcing(grid=sys.argv[1], months=[7], photons=float(sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def column_of(*, layers: int = 30, states: int = 0) -> Column:
    """A tropical column with as many layers, and cloud states from 1 to 5 km."""
    bounds = np.interp(
        np.linspace(0.0, 1.0, layers + 1), np.linspace(0.0, 1.0, len(LAYER_BOUNDS)), LAYER_BOUNDS
    )
    clouds = [
        af.Cloud(base=1000.0, top=5000.0, optical_depth=5.0 + i, fraction=0.6 / states)
        for i in range(states)
    ]
    return Column(
        atmosphere=af.standard_atmosphere("tropical", levels=bounds),
        aerosol=af.Aerosol(aod=_AOD, ssa=0.9, asymmetry=0.7, angstrom=1.4),
        surface_albedo=0.15,
        clouds=clouds,
    )


def column_milliseconds(
    column: Column, *, gas_table: str = "g112", samples: int = SAMPLES, repeats: int = 5
) -> float:
    """Median processor time of the monthly forcing of a column, set-up included [ms]."""
    table = load_gas_table(gas_table)
    columns = column_arrays([column], table=table, cell_id=[0])
    sun = sun_over_months(latitude=np.zeros(1), month=[7], solar_constant=1361.0)

    def solve() -> object:
        return solve_columns(table, columns, sun, samples=samples, clean=False, seed=0)

    solve()
    return 1e3 * cpu_seconds(solve, repeats=repeats)[0]


def layer_rows(numbers: Iterable[int]) -> list[list[object]]:
    """Cost of columns of so many layers [ms]: one sample per replicate, and `SAMPLES`."""
    columns = {n: column_of(layers=n) for n in numbers}
    return [[n, *_few_and_many(column)] for n, column in columns.items()]


def state_rows(numbers: Iterable[int]) -> list[list[object]]:
    """Cost of columns with so many cloud states [ms]."""
    return [[n, *_few_and_many(column_of(states=n))] for n in numbers]


def table_rows() -> list[list[object]]:
    """Cost of a column with each table of g-points that is here [ms]."""
    larger = os.environ.get("RRTMGP_SW_G224")
    tables = ["g112", larger] if larger else ["g112"]
    column = column_of()
    return [
        [load_gas_table(table).g_band.size, *_few_and_many(column, gas_table=table)]
        for table in tables
    ]


def _few_and_many(column: Column, *, gas_table: str = "g112") -> list[float]:
    return [
        column_milliseconds(column, gas_table=gas_table, samples=samples)
        for samples in (1, SAMPLES)
    ]


def cell_rows(numbers: Iterable[int], *, photons: int = 64) -> list[list[object]]:
    """Processor time per cell of so many cells of the built-in map [ms], clear and all-sky."""
    cases = {number: make_case(aod=_AOD, count=number) for number in numbers}
    return [
        [number, *(_cell_milliseconds(case, sky, photons) for sky in (CLEAR, ALL_SKY))]
        for number, case in cases.items()
    ]


def _cell_milliseconds(case: Case, sky: str, photons: int) -> float:
    solver = case.solver(photons=photons, sky=sky)
    return 1e3 / case.size * cpu_seconds(lambda: solver.solve(slice(0, case.size)), repeats=3)[0]


def worker_rows(*, grid: str, photons: int, repeats: int = 3) -> list[list[object]]:
    """Wall-clock time of a month's map on one and on two threads [s], and the efficiency.

    The cost per cell varies with the AOD, the clouds and the length of the day.
    """
    seconds = {jobs: _map_seconds(grid, photons, jobs, repeats) for jobs in (1, 2)}
    return [[jobs, taken, seconds[1] / (jobs * taken)] for jobs, taken in seconds.items()]


def _map_seconds(grid: str, photons: int, jobs: int, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        af.grid_forcing(grid=grid, months=[7], photons=photons, jobs=jobs)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def start_rows(*, cold: bool) -> list[list[object]]:
    """Time from the start of Python to the first map [s]: compiled code kept, and first run."""
    rows: list[list[object]] = [["cached", _start_seconds(os.environ.get("NUMBA_CACHE_DIR"))]]
    if cold:
        with tempfile.TemporaryDirectory() as cache:
            rows.insert(0, ["first run", _start_seconds(cache)])
    return rows


def _start_seconds(cache: str | None) -> float:
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", _FIRST_FLUXES], check=True, env=environment)
    return time.perf_counter() - start


def memory_rows(grids: Iterable[str], *, photons: int = 8) -> list[list[object]]:
    """Peak memory of the process that makes one month's map [MB]."""
    return [[f"{grid} x 1", peak_megabytes(grid, photons=photons)] for grid in grids]


def peak_megabytes(grid: str, *, photons: int) -> float:
    """Peak resident memory of a map, in a process of its own [MB]."""
    command = [sys.executable, "-c", _PEAK, grid, str(photons)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small numbers, no cold start")
    quick = parser.parse_args().quick
    costs = [f"ms, {64 * n} samples" for n in (1, SAMPLES)]
    print(machine(), "\n")
    print(markdown(["layers", *costs], layer_rows((15, 30, 60) if not quick else (15, 30))), "\n")
    print(markdown(["g-points", *costs], table_rows()), "\n")
    print(markdown(["cloud states", *costs], state_rows((0, 1, 2, 4, 7))), "\n")
    header = ["cells", "ms per cell, clear", "ms per cell, all-sky"]
    print(markdown(header, cell_rows((1, 16, 256) if not quick else (1, 16))), "\n")
    grid, photons = ("T21", 64) if quick else ("T42", 128)
    header = ["threads", f"s, {grid} x 1, {photons} photons", "efficiency"]
    print(markdown(header, worker_rows(grid=grid, photons=photons)), "\n")
    print(markdown(["start to first map", "s"], start_rows(cold=not quick)), "\n")
    print(markdown(["map", "peak MB"], memory_rows(("T21",) if quick else ("T21", "T42"))))


if __name__ == "__main__":
    main()
