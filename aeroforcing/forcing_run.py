"""A run of the forcing as a whole: its settings, checked, its inputs, and how it is cut."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.checks import check_between, check_count, checked_months
from aeroforcing.chunk_forcing import (
    REPLICATES,
    SKIES,
    ChunkResult,
    ChunkSolver,
    Settings,
    check_sky,
    complete_cells,
    solve_chunk,
)
from aeroforcing.constants import SOLAR_CONSTANT
from aeroforcing.errors import InputError
from aeroforcing.estimates import samples_per_replicate, seed_key
from aeroforcing.gases import load_gas_table
from aeroforcing.layout import Chunk, Layout
from aeroforcing.run_inputs import WHOLE_CELLS, RunInputs, open_run_inputs
from aeroforcing.threads import processors, solve_in_threads

DEFAULT_PHOTONS = 192
_PILOT_CELLS = 1024


@dataclass(frozen=True)
class ForcingRun:
    """All that decides the result of a run."""

    inputs: RunInputs
    settings: Settings
    cells_per_chunk: int

    @property
    def layout(self) -> Layout:
        """The steps and places of the run."""
        return self.inputs.layout

    @property
    def bytes_per_cell(self) -> int:
        """Size of the result of a cell."""
        return 8 * len(self.settings.names)

    def chunks(self) -> list[Chunk]:
        """The chunks that the run is cut into."""
        return self.layout.chunks(self.cells_per_chunk)

    def solver(self, chunk: Chunk) -> ChunkSolver:
        """The cells of a chunk, ready to be solved; reads its inputs."""
        fields = self.inputs.fields(chunk)
        return ChunkSolver(fields, layout=self.layout, chunk=chunk, settings=self.settings)

    def solve(self, chunk: Chunk) -> ChunkResult:
        """The result of a chunk, on one thread."""
        return solve_chunk(self.solver(chunk))

    def attributes(
        self, *, complete: int, samples: int, inputs: Iterable[str]
    ) -> dict[str, int | float | str]:
        """The global attributes of the result.

        Parameters
        ----------
        complete
            Number of cells in which nothing is missing.
        samples
            Of the clear-sky forcing, over all cells.
        inputs
            A line for each origin.
        """
        settings = self.settings
        cut_off = settings.delta_scale_clouds
        return {
            "seed": int(settings.seed),
            "photons": samples / complete if complete else 0.0,
            "replicates": REPLICATES,
            "solar_constant": float(settings.solar_constant),
            "gas_table": str(settings.gas_table),
            "cloud_forward_peak": "cut off (delta scaling, f = g^2)" if cut_off else "kept",
            "inputs": "\n".join(inputs),
            "missing_cells": self.layout.size - complete,
        }


def prepared_run(
    inputs: xr.Dataset | str | os.PathLike[str] | None = None,
    *,
    grid: str | None = "T42",
    times: str = "months",
    months: Iterable[int] = range(1, 13),
    stderr_target: float | None = None,
    photons: int | None = None,
    seed: int = 0,
    sky: str = "both",
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    fill_missing: bool = False,
    delta_scale_clouds: bool = False,
    jobs: int | None = None,
    cells_per_chunk: int | None = None,
) -> ForcingRun:
    """Check the settings of a run, open its inputs and decide its effort.

    Parameters are those of `gridded.grid_forcing` and `saved_forcing.save_grid_forcing`.

    Raises
    ------
    InputError
        The inputs or a setting cannot be used.
    """
    _check_effort(stderr_target, photons)
    check_sky(sky)
    for name, value in (("jobs", jobs), ("cells_per_chunk", cells_per_chunk)):
        if value is not None:
            check_count(name, value)
    seed_key(seed)
    check_between("solar_constant", solar_constant, 0.0, 1e5)
    load_gas_table(gas_table)
    settings = Settings(
        photons=float(DEFAULT_PHOTONS if photons is None else photons),
        seed=int(seed),
        sky=sky,
        solar_constant=float(solar_constant),
        gas_table=gas_table,
        delta_scale_clouds=delta_scale_clouds,
    )
    opened = open_run_inputs(
        inputs, grid=grid, times=times, months=sorted(checked_months(months)),
        fill_missing=fill_missing,
    )  # fmt: skip
    if stderr_target is not None:
        wanted = _photons_for(stderr_target, opened, settings, jobs=jobs or processors())
        settings = replace(settings, photons=wanted)
    return ForcingRun(opened, settings, cells_per_chunk or settings.cells_per_chunk)


def _check_effort(stderr_target: float | None, photons: int | None) -> None:
    if stderr_target is not None and photons is not None:
        raise InputError("photons and stderr_target both set the precision; give one of them.")
    if stderr_target is not None:
        check_between("stderr_target", stderr_target, 1e-4, 1e4)
    if photons is not None:
        samples_per_replicate(photons, REPLICATES)


def _photons_for(
    stderr_target: float, inputs: RunInputs, settings: Settings, *, jobs: int
) -> float:
    """Photons that reach a rms standard error of forcing_toa, from a pilot run.

    The pilot has random numbers of its own, so that the run's estimate does not depend on
    which of them suggested its length. The error falls at least as 1 / sqrt(photons).
    """
    if inputs.is_chunked:
        raise InputError("stderr_target needs all values at once; give photons for chunked inputs.")
    pilot = replace(settings, photons=DEFAULT_PHOTONS, seed=settings.seed ^ 0x5EED, clean=False)
    errors = _pilot_errors(inputs, pilot, jobs=jobs)
    rms = np.sqrt((errors**2).mean()) if errors.size else 0.0
    return DEFAULT_PHOTONS * max((rms / stderr_target) ** 2, 2.0**-6)


def _pilot_errors(inputs: RunInputs, pilot: Settings, *, jobs: int) -> np.ndarray:
    """Standard errors of forcing_toa in about 1000 complete cells, evenly spread."""
    layout = inputs.layout
    chunks = layout.chunks(WHOLE_CELLS)
    complete = [complete_cells(inputs.fields(c), layout=layout, chunk=c) for c in chunks]
    step = max(1, sum(complete) // _PILOT_CELLS)

    def solver(chunk: Chunk) -> ChunkSolver:
        before = sum(complete[: chunk.number])
        chosen = np.arange(-before % step, complete[chunk.number], step)
        fields = inputs.fields(chunk)
        return ChunkSolver(fields, layout=layout, chunk=chunk, settings=pilot, chosen=chosen)

    solved = {c.number: r for c, r in solve_in_threads(chunks, solver=solver, jobs=jobs)}
    place = pilot.names.index(f"forcing_toa{SKIES[pilot.sky][0]}_stderr")
    errors = np.concatenate([solved[c.number].values[place].ravel() for c in chunks])
    return errors[np.isfinite(errors)]
