"""How long whole maps take at a given standard error, and whether that error is honest.

    python -m benchmarks.maps             a year on T42 at 0.3 and 0.1 W m-2: some twenty minutes
    python -m benchmarks.maps --quick     July on T21 at 0.3 W m-2

Wall-clock times of `grid_forcing` on all processors of an otherwise idle machine, compiled code
kept. The standard error is that of the worst of the three levels, the area-weighted rms over cells
and months. The second table runs July with many seeds and divides the scatter of the results by the
errors that they report, pooled over the cells of the map.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import xarray as xr

import aeroforcing as af
from aeroforcing.grids.means import annual_mean, global_mean
from benchmarks.cases import machine, markdown

LEVELS = ("toa", "atmosphere", "surface")
SUFFIXES = {"clear": "_cs", "both": ""}  # of the forcing whose error counts


class Target(NamedTuple):
    """A standard error, and the samples that reach it."""

    sky: str
    stderr: float  # [W m-2]
    photons: int


TARGETS = (
    Target("clear", 0.3, 205),
    Target("clear", 0.1, 1400),
    Target("both", 0.3, 500),
    Target("both", 0.1, 4150),
)
_TIMES = ["sky", "wanted [W m-2]", "photons", "standard error [W m-2]", "s", "cells", "ms per cell"]
_SCATTER = ["sky", "level", "rms standard error [W m-2]", "scatter of seeds / that"]


def rms(variances: xr.DataArray) -> float:
    """Area-weighted rms over cells and months of what has these variances."""
    return float(annual_mean(global_mean(variances.rename("variance")))) ** 0.5


def time_row(target: Target, *, grid: str, months: Sequence[int]) -> list[object]:
    """Time and error of one map with the samples of a target."""
    start = time.perf_counter()
    forcing = af.grid_forcing(grid=grid, months=months, photons=target.photons, sky=target.sky)
    seconds = time.perf_counter() - start
    names = [f"forcing_{level}{SUFFIXES[target.sky]}" for level in LEVELS]
    error = max(rms(forcing[f"{name}_stderr"] ** 2) for name in names)
    cells = forcing[names[0]].size
    return [*target, round(error, 3), round(seconds, 1), cells, round(1e3 * seconds / cells, 2)]


def scatter_rows(*, grid: str, photons: int, seeds: Iterable[int]) -> list[list[object]]:
    """The scatter over seeds of a map of July over its rms standard error; 1 if that is honest."""
    maps = [af.grid_forcing(grid=grid, months=[7], photons=photons, seed=seed) for seed in seeds]
    together = xr.concat(maps, dim="seed")
    rows: list[list[object]] = []
    for sky, suffix in (("all", ""), ("clear", "_cs")):
        for level in LEVELS:
            name = f"forcing_{level}{suffix}"
            reported = rms((together[f"{name}_stderr"] ** 2).mean("seed"))
            scatter = rms(together[name].var("seed", ddof=1))
            rows.append([sky, level, round(reported, 3), round(scatter / reported, 4)])
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="July on T21 at 0.3 W m-2")
    quick = parser.parse_args().quick
    grid, months = ("T21", [7]) if quick else ("T42", list(range(1, 13)))
    targets = [target for target in TARGETS if target.stderr == 0.3 or not quick]
    print(machine())
    af.grid_forcing(grid="T21", months=[7], photons=8)  # compiles
    print(f"\n{grid}, months: {len(months)}\n")
    print(markdown(_TIMES, [time_row(target, grid=grid, months=months) for target in targets]))
    rows = scatter_rows(grid="T21", photons=128, seeds=range(8 if quick else 32))
    print()
    print(markdown(_SCATTER, rows))


if __name__ == "__main__":
    main()
