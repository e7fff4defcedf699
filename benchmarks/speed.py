"""What the parts of a map cost, printed as one table.

    python -m benchmarks.speed     some four minutes; whole maps are in benchmarks.maps

Times are wall-clock times on an otherwise idle machine, those of kernels of the processor.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np


def seconds(action: Callable[[], object], *, repeats: int = 1) -> float:
    """Median wall-clock time of an action [s]."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def help_seconds() -> float:
    """Time of `aeroforcing --help` [s]."""
    command = [sys.executable, "-m", "aeroforcing", "--help"]
    return seconds(lambda: subprocess.run(command, check=True, capture_output=True), repeats=5)


def cold_compile_seconds() -> float:
    """Time from the import to the first fluxes with an empty cache of compiled code [s]."""
    code = "import aeroforcing as af; af.grid_forcing(grid='T21', months=[3], photons=1)"
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-c", code]
        return seconds(lambda: subprocess.run(command, check=True, env=environment))


def gas_optics_milliseconds() -> float:
    """Gas optics of one 30-layer column with the 112 g-points [ms]."""
    import aeroforcing as af
    from aeroforcing.inputs.builtin.atmosphere import LAYER_BOUNDS
    from aeroforcing.optics.gas_table import load_gas_table
    from aeroforcing.optics.gases import gas_optics, layer_pressure

    column = af.standard_atmosphere("tropical", levels=LAYER_BOUNDS)
    table = load_gas_table()
    taus = np.zeros((2, len(LAYER_BOUNDS) - 1, table.g_band.size))
    arguments = (
        table,
        column.pressure_levels,
        layer_pressure(column.pressure_levels),
        column.temperature_layers,
        column.mole_fraction_array(),
        *taus,
    )
    gas_optics(*arguments)
    return 1e3 * seconds(lambda: gas_optics(*arguments), repeats=501)


def set_up_milliseconds(columns: int) -> float:
    """Arrays for the solver of 60-layer columns with aerosol, and gas optics, per column [ms]."""
    import aeroforcing as af
    from aeroforcing.columns.atmosphere import STANDARD_LEVELS
    from aeroforcing.columns.column import column_arrays
    from aeroforcing.optics.gas_table import load_gas_table
    from aeroforcing.optics.gases import gas_optics

    column = af.Column(
        atmosphere=af.standard_atmosphere("tropical", levels=STANDARD_LEVELS[1:]),
        aerosol=af.Aerosol(aod=0.2, ssa=0.92, asymmetry=0.68, angstrom=1.3),
        surface_albedo=0.15,
    )
    table = load_gas_table()
    taus = np.zeros((2, len(column.atmosphere.temperature_layers), table.g_band.size))

    def set_up() -> None:
        made = column_arrays([column] * columns, table=table, cell_id=range(columns))
        air = made.pressure_levels, made.pressure_layers, made.temperature_layers
        for values in zip(*air, made.mole_fractions, strict=True):
            gas_optics(table, *values, *taus)

    set_up()
    return 1e3 * seconds(set_up, repeats=501) / columns


def kernels_cost(*, grid: str, months: list[int], photons: int, pairs: int = 12) -> float:
    """Processor time of a map with kernels over that without, the median of pairs of runs.

    The two of a pair follow each other at once, so that the machine is the same for both.
    """
    import aeroforcing as af

    def cost(kernels: bool) -> float:
        start = time.process_time()
        af.grid_forcing(grid=grid, months=months, photons=photons, kernels=kernels)
        return time.process_time() - start

    cost(True), cost(False)  # compiles
    return float(np.median([cost(True) / cost(False) for _ in range(pairs)]))


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors")
    print(f"aeroforcing --help                     {help_seconds():8.2f} s")
    print(f"cold start to first map                {cold_compile_seconds():8.1f} s")
    print(f"gas optics, 30 layers, 112 g-points    {gas_optics_milliseconds():8.3f} ms")
    alone, of_months = set_up_milliseconds(1), set_up_milliseconds(12)
    print(f"set-up and gas optics, 60 layers       {alone:8.3f} ms, {of_months:.3f} ms of twelve")
    ratio = kernels_cost(grid="T42", months=[7], photons=128)
    print(f"kernels, T42 x 1, both skies             {ratio:6.2f} x the time without")


if __name__ == "__main__":
    main()
