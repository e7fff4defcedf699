"""Random jobs of random sizes with random kills, for as long as one likes: is a cell lost or wrong?

    python -m benchmarks.soak          an hour
    python -m benchmarks.soak 5        so many minutes

Every job is done twice: by the command, killed and resumed at random (`benchmarks.killed_runs`),
and by `grid_forcing` in this process, which outlives all the jobs, so that its memory shows what
is never freed. Every cell of every variable of the two must be the same.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import aeroforcing as af
from benchmarks.cases import machine, markdown
from benchmarks.interruptions import heed_interruptions
from benchmarks.killed_runs import INPUT, PLACES, Job, Pace, Record, disturbed

_SECONDS_TO_FIRST_PART = 3.0
_SECONDS_TO_END = 0.5
_ROWS = 12  # of the table of memory
_GRIDS = ("45x60", "30x30", "20x24", "10x15")


@dataclass(frozen=True)
class Plan:
    """A job by random choice: its inputs, its settings and how it is cut."""

    inputs: xr.Dataset
    settings: dict[str, Any]  # of `grid_forcing`
    cells_per_chunk: int
    place: str

    def job(self, folder: Path) -> Job:
        """The same as a run of the command in a folder, which gets the input."""
        self.inputs.to_netcdf(folder / INPUT)
        where, is_forked, _ = PLACES[self.place]
        return Job(folder, (*self._options(), *where), is_forked)

    def _options(self) -> tuple[str, ...]:
        given = self.settings | {"grid": self.settings["grid"] or "native"}
        given["months"] = ",".join(map(str, given["months"]))
        options = [part for name, value in given.items() for part in (f"--{name}", str(value))]
        return (*options, "--chunk", str(self.cells_per_chunk))


def random_plan(rng: np.random.Generator) -> Plan:
    """Maps of some months, series of some hours, or points; some of the cells without a value."""
    kind = rng.choice(["map", "series", "points"])
    inputs = _points(rng) if kind == "points" else _map(rng)
    months = sorted(rng.choice(np.arange(1, 13), rng.integers(1, 4), replace=False).tolist())
    if kind == "series":
        inputs, months = _series(inputs, rng), list(range(1, 13))
    settings = {
        "grid": None if kind != "map" or rng.integers(2) else str(rng.choice(_GRIDS)),
        "times": "input" if kind == "series" else "months",
        "months": months,
        "photons": int(2 ** rng.integers(0, 7)),
        "sky": str(rng.choice(["both", "all", "clear"])),
        "seed": int(rng.integers(1000)),
    }
    cells = inputs["aod"].size * (len(months) if kind != "series" else 1)
    place = rng.choice(list(PLACES), p=[share for _, _, share in PLACES.values()])
    return Plan(inputs, settings, int(rng.integers(max(cells // 12, 1), cells + 1)), place)


def _aod(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    values = rng.uniform(0.01, 0.8, shape)
    return np.where(rng.random(shape) < 0.02, np.nan, values)


def _map(rng: np.random.Generator) -> xr.Dataset:
    grid = af.gaussian_grid(str(rng.choice(_GRIDS)))
    fields = {"aod": (("lat", "lon"), _aod((grid.sizes["lat"], grid.sizes["lon"]), rng))}
    return xr.Dataset(fields, {"lat": grid["lat"], "lon": grid["lon"]})


def _points(rng: np.random.Generator) -> xr.Dataset:
    number = int(rng.integers(1, 300))
    coords = {
        "lat": ("cell", rng.uniform(-90.0, 90.0, number)),
        "lon": ("cell", rng.uniform(-180.0, 180.0, number)),
    }
    return xr.Dataset({"aod": ("cell", _aod((number,), rng))}, coords)


def _series(given: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    dates = xr.date_range(
        "2005-02-25", periods=int(rng.integers(2, 6)), freq=str(rng.choice(["3h", "D"])),
        use_cftime=True,
    )  # fmt: skip
    return given * xr.DataArray(rng.uniform(0.5, 1.0, dates.size), {"time": dates}, "time")


@dataclass
class Soak:
    """What the jobs went through, and the memory of this process after each."""

    jobs: int = 0
    kills: int = 0
    cells: int = 0  # compared, each of them in all variables
    lost: int = 0  # without a value that they ought to have
    wrong: int = 0
    faults: list[str] = field(default_factory=list)
    memory: list[tuple[float, int, float]] = field(default_factory=list)  # minutes, jobs, MB

    def check(self, found: xr.Dataset, *, expected: xr.Dataset) -> list[str]:
        """Count the cells of a result that are lost or wrong; the faults in words."""
        maps = [name for name in expected if expected[name].dims == expected["rsdt"].dims]
        lost = wrong = np.zeros(expected["rsdt"].shape, dtype=bool)
        for name in maps:
            one, other = found[name].values, expected[name].values
            lost = lost | ((one == found[name]._FillValue) & (one != other))
            wrong = wrong | (one != other)
        self.cells += lost.size
        self.lost += int(lost.sum())
        self.wrong += int((wrong & ~lost).sum())
        return [f"{wrong.sum()} cells are lost or wrong"] if wrong.any() else []

    def add(self, record: Record, *, minutes: float) -> None:
        """Count a job that is done."""
        self.jobs += 1
        self.kills += len(record.kills)
        self.faults += record.faults
        self.memory.append((minutes, self.jobs, resident_megabytes()))

    def rows(self) -> list[list[object]]:
        """Some of the jobs, evenly spread: minutes, their number, memory [MB]."""
        chosen = np.unique(np.linspace(0, self.jobs - 1, min(_ROWS, self.jobs)).astype(int))
        return [[f"{self.memory[i][0]:.1f}", *self.memory[i][1:]] for i in chosen]


def resident_megabytes() -> float:
    """Memory of this process that is in use now [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def left_alone(plan: Plan, folder: Path) -> tuple[xr.Dataset, Pace]:
    """The result of a plan, made in this process without a file; the pace to be expected."""
    start = time.monotonic()
    forcing = af.grid_forcing(plan.inputs, **plan.settings)
    taken = time.monotonic() - start
    af.write_netcdf(forcing, folder / "expected.nc")
    with xr.open_dataset(folder / "expected.nc", decode_cf=False) as file:
        stored = file.load()
    parts = -(-stored["rsdt"].size // plan.cells_per_chunk)
    last = _SECONDS_TO_FIRST_PART + taken
    return stored, Pace(_SECONDS_TO_FIRST_PART, last, last + _SECONDS_TO_END, parts)


def soak(minutes: float, *, seed: int) -> Iterator[Soak]:
    """Do jobs for so many minutes, at least one; the state of things after each."""
    state, rng, start = Soak(), np.random.default_rng(seed), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        while (passed := (time.monotonic() - start) / 60.0) < minutes or state.jobs == 0:
            folder = Path(name) / "job"
            folder.mkdir()
            plan = random_plan(rng)
            expected, pace = left_alone(plan, Path(name))
            check = partial(state.check, expected=expected)
            record = disturbed(plan.job(folder), check=check, pace=pace, rng=rng)
            state.add(record, minutes=passed)
            shutil.rmtree(folder)
            (Path(name) / "expected.nc").unlink()
            yield state


def main() -> None:
    """Soak, and print what was counted; exit code 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", nargs="?", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--seed", type=int, default=0, help="of the jobs and of the moments (0)")
    wanted = parser.parse_args()
    heed_interruptions()
    print(machine(), "\n")
    failed = False
    for state in soak(wanted.minutes, seed=wanted.seed):
        while state.faults:
            print("FAULT:", state.faults.pop(0), flush=True)
            failed = True
    print(f"{state.jobs} jobs, {state.kills} kills, {state.cells} cells compared", end=": ")
    print(f"{state.lost} lost, {state.wrong} wrong\n")
    print(markdown(["minutes", "jobs", "memory of the process that lives on [MB]"], state.rows()))
    sys.exit(failed)


if __name__ == "__main__":
    main()
