"""What the parts of a map cost, printed as one table.

    python -m benchmarks.speed             everything, about ten minutes on two processors
    python -m benchmarks.speed --quick     the same on T21 and one month

Times are wall-clock times on an otherwise idle machine; the first map of a fresh cache
(`NUMBA_CACHE_DIR`) includes the compilation.
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
import xarray as xr

STDERR = 0.3  # W m-2, the worst of the three levels, area-weighted rms over the cells


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
    from aeroforcing.builtin_atmosphere import LAYER_BOUNDS
    from aeroforcing.gases import gas_optics, layer_pressure, load_gas_table

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
    from aeroforcing.atmosphere import STANDARD_LEVELS
    from aeroforcing.column import column_arrays
    from aeroforcing.gases import gas_optics, load_gas_table

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


def rms_stderr(forcing: xr.Dataset, sky: str) -> float:
    """Area-weighted rms over cells and months of the standard error, the worst level [W m-2]."""
    from aeroforcing.grids import annual_mean, global_mean

    levels = ("toa", "atmosphere", "surface")
    squares = [(forcing[f"forcing_{level}{sky}_stderr"] ** 2).rename("v") for level in levels]
    return max(float(annual_mean(global_mean(square))) ** 0.5 for square in squares)


def map_row(*, grid: str, months: list[int], photons: int, sky: str) -> dict[str, float | str]:
    """Time and error of one map, and the time that an error of `STDERR` takes at that rate."""
    import aeroforcing as af

    start = time.perf_counter()
    forcing = af.grid_forcing(grid=grid, months=months, photons=photons, sky=sky)
    duration = time.perf_counter() - start
    error = rms_stderr(forcing, "_cs" if sky == "clear" else "")
    return {
        "map": f"{grid} x {len(months)}, {sky}, {photons} photons",
        "seconds": duration,
        "stderr": error,
        "seconds_at_target": duration * (error / STDERR) ** 2,
    }


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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="T21 and one month")
    quick = parser.parse_args().quick
    grid, months = ("T21", [7]) if quick else ("T42", list(range(1, 13)))
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors")
    print(f"aeroforcing --help                     {help_seconds():8.2f} s")
    print(f"cold start to first map                {cold_compile_seconds():8.1f} s")
    print(f"gas optics, 30 layers, 112 g-points    {gas_optics_milliseconds():8.3f} ms")
    alone, of_months = set_up_milliseconds(1), set_up_milliseconds(12)
    print(f"set-up and gas optics, 60 layers       {alone:8.3f} ms, {of_months:.3f} ms of twelve")
    for sky, photons in (("clear", 400), ("clear", 800), ("both", 400)):
        row = map_row(grid=grid, months=months, photons=photons, sky=sky)
        print(
            f"{row['map']:<38} {row['seconds']:8.1f} s, SE {row['stderr']:.3f} W m-2, "
            f"{row['seconds_at_target']:.0f} s at {STDERR} W m-2 if it falls as 1/sqrt(N)"
        )
    ratio = kernels_cost(grid="T21", months=[7], photons=128)
    print(f"kernels, T21 x 1, both skies             {ratio:6.2f} x the time without")


if __name__ == "__main__":
    main()
