"""Maps of effects of parts of the aerosol: what the attributions of a grid share.

The cells are those of `grid.grid_forcing`, solved in blocks on several threads; the result does
not depend on the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.arrays import Floats
from aeroforcing.core.calendar import checked_months, climatological_time
from aeroforcing.core.checks import check_between, check_count
from aeroforcing.core.variables import stamp
from aeroforcing.forcing.species import dims_of
from aeroforcing.grids.grid import grid_of
from aeroforcing.inputs.builtin.atmosphere import TerrainColumns
from aeroforcing.inputs.resolve import Source, provenance, resolve_inputs
from aeroforcing.maps.cells import Cells, ColumnMaker, cells_of
from aeroforcing.maps.chunk import SKIES, check_sky
from aeroforcing.maps.sample_sizes import REPLICATES, samples_by_aod
from aeroforcing.optics.band_means import BandNodes, planck_band_nodes
from aeroforcing.optics.gas_table import GasTable, load_gas_table
from aeroforcing.runs.chunks import Progress, processors
from aeroforcing.runs.progress import shown
from aeroforcing.transport.estimates import (
    Replicates,
    means_and_errors,
    samples_per_replicate,
    seed_key,
)

Results = dict[str, Floats]  # name -> (..., cell)

_CELLS_PER_BLOCK = 64


@dataclass(frozen=True)
class EffectRun:
    """The settings of a run of effects, checked."""

    photons: int
    seed: int
    sky: str
    solar_constant: float
    gas_table: str | Path
    delta_scale_clouds: bool
    jobs: int | None

    def __post_init__(self) -> None:
        samples_per_replicate(self.photons, REPLICATES)
        seed_key(self.seed)
        check_between("solar_constant", self.solar_constant, 0.0, 1e5)
        check_sky(self.sky)
        if self.jobs is not None:
            check_count("jobs", self.jobs)

    @property
    def skies(self) -> tuple[str, ...]:
        """Suffixes of the skies."""
        return SKIES[self.sky]

    @property
    def table(self) -> GasTable:
        """The gas table."""
        return load_gas_table(self.gas_table)

    def samples(self, aod: Floats) -> NDArray[np.int64]:
        """Samples per replicate, (cell,)."""
        return samples_by_aod(aod, self.photons)

    @property
    def attributes(self) -> dict[str, Any]:
        """Global attributes that tell the settings."""
        return {
            "photons": int(self.photons),
            "replicates": REPLICATES,
            "seed": int(self.seed),
            "solar_constant": float(self.solar_constant),
            "gas_table": str(self.gas_table),
            "cloud_forward_peak": "cut off" if self.delta_scale_clouds else "kept",
        }


class EffectMap:
    """The cells of a grid and all but their aerosol."""

    def __init__(
        self, inputs: Source | None, *, grid: str | None, months: Iterable[int], run: EffectRun
    ) -> None:
        self.run = run
        self.table = run.table
        self.nodes: BandNodes = planck_band_nodes(self.table.band_limits_wavenumber)
        self.fields = resolve_inputs(inputs, grid=grid, months=sorted(checked_months(months)))
        self.cells: Cells = cells_of(self.fields)
        self.maker = ColumnMaker(
            self.cells,
            table=self.table,
            solar_constant=run.solar_constant,
            delta_scale_clouds=run.delta_scale_clouds,
        )

    @property
    def months(self) -> list[int]:
        """Calendar months of the run."""
        return [int(month) for month in self.fields["month"].values]

    @property
    def grid(self) -> xr.Dataset:
        """The axes of the run with their bounds."""
        return grid_of(self.fields)

    def flat(self, field: xr.DataArray) -> Floats:
        """A field over (..., month, lat, lon) by cells, (..., cell)."""
        ordered = field.transpose(..., "month", "lat", "lon").values.astype(float)
        return ordered.reshape(*ordered.shape[:-3], self.cells.size)

    def air(self, chosen: NDArray[np.int64]) -> TerrainColumns:
        """The atmospheres of chosen cells, for the heights of their layers."""
        return self.cells.atmospheres(chosen)

    def solved(
        self,
        block: Callable[[NDArray[np.int64]], Replicates],
        *,
        complete: NDArray[np.bool_],
        progress: Progress | None,
    ) -> Results:
        """Means and errors of all cells, missing where they are not complete.

        Parameters
        ----------
        block
            Gives the replicates of some cells, name -> (..., cell, replicate).
        complete
            (cell,) mask of the cells to solve.
        progress
            Called with (cells done, cells in all); True shows a bar, or lines in a log.
        """
        chosen = np.flatnonzero(complete)
        parts = [chosen[i : i + _CELLS_PER_BLOCK] for i in range(0, chosen.size, _CELLS_PER_BLOCK)]

        def one_part(part: NDArray[np.int64]) -> Results:
            return means_and_errors(block(part))

        results: Results = {}
        done = 0
        report = shown(progress, "forcing")
        pool = ThreadPoolExecutor(self.run.jobs or processors())
        try:
            tasks = {pool.submit(one_part, part): part for part in parts}
            for task in as_completed(tasks):
                for name, values in task.result().items():
                    room = (*values.shape[:-1], self.cells.size)
                    results.setdefault(name, np.full(room, np.nan))[..., tasks[task]] = values
                done += tasks[task].size
                if report is not None:
                    report(done, chosen.size)
        finally:
            pool.shutdown(cancel_futures=True)
        return results

    def dataset(
        self, results: Mapping[str, Floats], *, coords: Mapping[str, Any], attrs: Mapping[str, Any]
    ) -> xr.Dataset:
        """Results by cell as maps over (time, lat, lon) with what leads them."""
        shape = (len(self.months), self.fields.sizes["lat"], self.fields.sizes["lon"])
        maps = {
            name: (
                dims_of(name, ("time", "lat", "lon")),
                values.reshape(*values.shape[:-1], *shape),
            )
            for name, values in results.items()
        }
        grid = self.grid
        inputs = {"inputs": "\n".join(provenance(self.fields))}
        attributes = self.run.attributes | dict(attrs) | inputs
        axes = {"lat": grid["lat"], "lon": grid["lon"], **coords}
        dataset = xr.Dataset(maps, coords=axes, attrs=attributes)
        time = climatological_time(self.months)
        bounds = {name: grid[name] for name in ("lat_bnds", "lon_bnds")}
        return stamp(dataset.assign_coords(time.coords).merge(time).assign(bounds))
