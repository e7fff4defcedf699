"""A run of the forcing as a whole: its settings, checked, its inputs, and how it is cut."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import checked_months
from aeroforcing.core.checks import check_between, check_count
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import stamp
from aeroforcing.grids.domain import Chunk, Layout
from aeroforcing.inputs.by_chunk import RunInputs, open_run_inputs
from aeroforcing.maps.chunk import ChunkSolver, Settings, check_sky, solve_chunk
from aeroforcing.maps.sample_sizes import REPLICATES
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.mixtures import DEFAULT_OPTICS
from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN, OCEAN_IN_WORDS, OCEAN_LAWS, ocean_law
from aeroforcing.runs.chunks import ChunkResult
from aeroforcing.transport.estimates import samples_per_replicate, seed_key

DEFAULT_PHOTONS = 128
_DEFAULT_STDERR = 0.6  # of the all-sky forcing_toa with these, rms over the map [W m-2]


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
        attributes: dict[str, int | float | str] = {
            "seed": int(settings.seed),
            "photons": samples / complete if complete else 0.0,
            "replicates": REPLICATES,
            "solar_constant": float(settings.solar_constant),
            "gas_table": str(settings.gas_table),
            "cloud_forward_peak": "cut off (delta scaling, f = g^2)" if cut_off else "kept",
            "open_water_albedo": OCEAN_IN_WORDS[ocean_law(settings.ocean)],
            "inputs": "\n".join(inputs),
            "missing_cells": self.layout.size - complete,
        }
        if settings.stderr_target is not None:
            attributes["stderr_target"] = settings.stderr_target
        return attributes


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
    optics: str = DEFAULT_OPTICS,
    delta_scale_clouds: bool = False,
    ocean: str = DEFAULT_OCEAN,
    wind_speed: float | None = None,
    kernels: bool = False,
    jobs: int | None = None,
    cells_per_chunk: int | None = None,
) -> ForcingRun:
    """Check the settings of a run, open its inputs and decide its effort.

    Parameters are those of `grid.grid_forcing` and `saved.save_grid_forcing`.

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
        photons=_expected_photons(stderr_target) if photons is None else float(photons),
        seed=int(seed),
        sky=sky,
        solar_constant=float(solar_constant),
        gas_table=gas_table,
        delta_scale_clouds=delta_scale_clouds,
        kernels=kernels,
        ocean=OCEAN_LAWS[ocean_law(ocean)],
        stderr_target=None if stderr_target is None else float(stderr_target),
    )
    opened = open_run_inputs(
        inputs, grid=grid, times=times, months=sorted(checked_months(months)),
        fill_missing=fill_missing, optics=optics, ocean=ocean, wind_speed=wind_speed,
    )  # fmt: skip
    return ForcingRun(opened, settings, cells_per_chunk or settings.cells_per_chunk)


def _expected_photons(stderr_target: float | None) -> float:
    """Samples in a cell of AOD 0.1: those of the default, or about what a standard error takes."""
    if stderr_target is None:
        return float(DEFAULT_PHOTONS)
    return DEFAULT_PHOTONS * max((_DEFAULT_STDERR / stderr_target) ** 2, 2.0**-6)


def _check_effort(stderr_target: float | None, photons: int | None) -> None:
    if stderr_target is not None and photons is not None:
        raise InputError("photons and stderr_target both set the precision; give one of them.")
    if stderr_target is not None:
        check_between("stderr_target", stderr_target, 1e-4, 1e4)
    if photons is not None:
        samples_per_replicate(photons, REPLICATES)


def empty_maps(run: ForcingRun) -> dict[str, np.ndarray]:
    """Room for the variables of a result, over the steps and places of the run."""
    shape = (run.layout.steps.size, *run.layout.map_shape)
    return {name: np.empty(shape) for name in run.settings.names}


def as_dataset(
    maps: Mapping[str, Any], *, layout: Layout, attributes: Mapping[str, Any]
) -> xr.Dataset:
    """Maps over the steps and places of a run as a Dataset, with its axes and their bounds."""
    places, time = layout.places, layout.steps.axis
    fields = {name: (("time", *layout.dims), field) for name, field in maps.items()}
    coords = {name: places[name] for name in ("lat", "lon")}
    bounds = {name: places[name] for name in ("lat_bnds", "lon_bnds") if name in places}
    dataset = xr.Dataset(fields, coords=coords, attrs=dict(attributes))
    return stamp(dataset.assign_coords(time.coords).merge(time).assign(bounds))
