"""A run of the forcing as a whole: its settings, checked, its inputs, and how it is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from aeroforcing.core.checks import check_count
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import stamp
from aeroforcing.grids.domain import GRID, Chunk, Layout
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.means import on_grid
from aeroforcing.inputs.by_chunk import RunInputs, open_run_inputs, with_fields
from aeroforcing.inputs.resolve import Source
from aeroforcing.maps.chunk import ChunkSolver, Settings, solve_chunk
from aeroforcing.maps.sample_sizes import REPLICATES
from aeroforcing.optics.surface_albedo import OCEAN_IN_WORDS, ocean_law
from aeroforcing.runs.chunks import ChunkResult


@dataclass(frozen=True)
class ForcingRun:
    """All that decides the result of a run."""

    inputs: RunInputs
    settings: Settings
    cells_per_chunk: int
    beside: xr.Dataset | None = None  # further fields, over (month, lat, lon)

    @property
    def layout(self) -> Layout:
        """The steps and places of the run."""
        return self.inputs.layout

    @property
    def bytes_per_cell(self) -> int:
        """Size of the result of a cell."""
        return 8 * max(place.stop for place in self.settings.planes().values())

    def chunks(self) -> list[Chunk]:
        """The chunks that the run is cut into."""
        return self.layout.chunks(self.cells_per_chunk)

    def solver(self, chunk: Chunk, fields: xr.Dataset | None = None) -> ChunkSolver:
        """The cells of a chunk, ready to be solved; reads its inputs if they are not given."""
        own = self.inputs.fields(chunk) if fields is None else fields
        if self.beside is not None:
            part = self.beside.isel(self.layout.place_of(chunk))
            if "month" in part.dims:
                part = part.sel(month=self.layout.steps.month[chunk.steps])
            own = with_fields(own, part)
        return ChunkSolver(own, layout=self.layout, chunk=chunk, settings=self.settings)

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
        return attributes | settings.estimate.attributes(settings)


def prepared_run(
    inputs: Source | None,
    settings: Settings,
    *,
    beside: Callable[[Layout], xr.Dataset] | None = None,
    jobs: int | None = None,
    cells_per_chunk: int | None = None,
) -> ForcingRun:
    """Open the inputs of a run, and cut it into chunks.

    Parameters
    ----------
    inputs
        As of `grid.grid_forcing`.
    settings
        Checked already.
    beside
        Makes further fields at the places of the run, over the calendar months or constant.
    jobs, cells_per_chunk
        As of `saved.save_grid_forcing`.

    Raises
    ------
    InputError
        The inputs or a setting cannot be used.
    """
    for name, value in (("jobs", jobs), ("cells_per_chunk", cells_per_chunk)):
        if value is not None:
            check_count(name, value)
    opened = open_run_inputs(
        inputs, grid=settings.grid, times=settings.times, months=settings.months,
        fill_missing=settings.fill_missing, optics=settings.optics, ocean=settings.ocean,
        aerosol=settings.aerosol,
        wind_speed=settings.wind_speed, species="species" in settings.estimate.labels(settings),
    )  # fmt: skip
    fields = None if beside is None else beside(opened.layout)
    return ForcingRun(opened, settings, cells_per_chunk or settings.cells_per_chunk, fields)


def placed(dataset: xr.Dataset, layout: Layout, *, source: str) -> xr.Dataset:
    """Fields of a file besides the inputs, on the grid of a run.

    Raises
    ------
    InputError
        The run is at points, or the dataset is.
    """
    if layout.are_points or "cell" in dataset.dims:
        raise InputError(
            f"{source}: a file besides the inputs must be over a grid, and so must the run. Give "
            "its variables in the inputs themselves."
        )
    moved = on_grid(dataset, grid_of(layout.places))
    return moved.drop_vars([name for name in moved.coords if name not in ("month", *GRID)])


def empty_maps(run: ForcingRun) -> dict[str, np.ndarray]:
    """Room for the variables of a result, over the steps and places of the run."""
    shape = (run.layout.steps.size, *run.layout.map_shape)
    return {name: np.empty((*run.settings.leading(name), *shape)) for name in run.settings.names}


def as_dataset(
    maps: Mapping[str, Any], run: ForcingRun, attributes: Mapping[str, Any]
) -> xr.Dataset:
    """Maps over the steps and places of a run as a Dataset, with its axes and their bounds."""
    layout, estimate = run.layout, run.settings.estimate
    places, time = layout.places, layout.steps.axis
    fields = {
        name: ((*estimate.dims(name), "time", *layout.dims), field) for name, field in maps.items()
    }
    coords = {name: places[name] for name in ("lat", "lon")} | estimate.labels(run.settings)
    bounds = {name: places[name] for name in ("lat_bnds", "lon_bnds") if name in places}
    dataset = xr.Dataset(fields, coords=coords, attrs=dict(attributes))
    return stamp(dataset.assign_coords(time.coords).merge(time).assign(bounds))
