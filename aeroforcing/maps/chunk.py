"""The forcing of one chunk of a run: its cells, solved in blocks, and its results as maps.

A result is a function of the seed, the cell's number, the settings and the cell's inputs alone:
neither the chunk nor the block, nor what solves it, changes a bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.arrays import Counts, Floats
from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.errors import InputError
from aeroforcing.grids.domain import Chunk, Layout
from aeroforcing.maps.cells import ColumnMaker, cells_of
from aeroforcing.maps.sample_sizes import (
    PILOT_PHOTONS,
    PILOT_REPLICATES,
    REPLICATES,
    _cloudy_samples,
    needed_samples,
    rounded_up,
    samples_by_aod,
)
from aeroforcing.optics.clouds import CLOUD_TYPES
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.sun import Sun, insolation
from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN
from aeroforcing.runs.chunks import ChunkResult, Results
from aeroforcing.transport.column_optics import Columns
from aeroforcing.transport.estimates import (
    LEAST_FRACTION,
    Replicates,
    change_and_clean,
    flux_replicates,
    forcing_replicates,
    kernel_replicates,
    means_and_errors,
    samples_per_replicate,
    scores_with_kernels,
    seed_key,
)
from aeroforcing.transport.events import SCORES
from aeroforcing.transport.integrals import INTEGRALS, Effort, solve
from aeroforcing.transport.random_numbers import sobol_net

SKIES = {"both": ("", "_cs"), "all": ("",), "clear": ("_cs",)}

_CLEAN_SHARE = 0.125

_CELLS_PER_BLOCK = 128

# A cell costs about as much as so many samples before its first one is drawn.
_SAMPLES_OF_SET_UP = 80
_SAMPLES_PER_BLOCK = 40_000  # some tenths of a second, after which an interruption is heeded
_SAMPLES_PER_CHUNK = 2_200_000  # half a minute of one processor, which is what a crash may cost
_MOST_CELLS = 2**15  # of a chunk: some 30 MB

_CMIP_NAMES = {
    "toa_down": "rsdt",
    "toa_up": "rsut",
    "toa_up_cs": "rsutcs",
    "toa_up_clean": "rsutaf",
    "toa_up_clean_cs": "rsutcsaf",
    "surface_down": "rsds",
    "surface_down_cs": "rsdscs",
    "surface_down_clean": "rsdsaf",
    "surface_down_clean_cs": "rsdscsaf",
    "surface_up": "rsus",
    "surface_up_cs": "rsuscs",
    "surface_up_clean": "rsusaf",
    "surface_up_clean_cs": "rsuscsaf",
}


@dataclass(frozen=True)
class Settings:
    """What the numbers depend on besides the inputs; see `grid.grid_forcing`."""

    photons: float
    seed: int
    sky: str
    solar_constant: float
    gas_table: str | Path
    delta_scale_clouds: bool
    clean: bool = True  # whether the aerosol-free fluxes are computed
    kernels: bool = False  # whether the derivatives are computed
    stderr_target: float | None = None  # in each cell [W m-2]; `photons` are then expected ones
    ocean: str = DEFAULT_OCEAN  # law of the albedo of open water

    @property
    def names(self) -> tuple[str, ...]:
        """The variables of the result."""
        return (*_names(self.sky, self.kernels), *OPTICAL)

    @property
    def scores(self) -> int:
        """Number of the solver's scores."""
        return scores_with_kernels(len(CLOUD_TYPES)) if self.kernels else SCORES

    def cells_per(self, samples: int, most: int) -> int:
        """Number of cells that take about as long as so many samples."""
        return int(np.clip(samples / (_SAMPLES_OF_SET_UP + self.photons), 1, most))

    @property
    def cells_per_chunk(self) -> int:
        """Number of cells that are solved and saved together by default."""
        return self.cells_per(_SAMPLES_PER_CHUNK, _MOST_CELLS)


class ChunkSolver:
    """Solves the cells of one chunk, block by block, in any order and on any thread."""

    def __init__(
        self,
        fields: xr.Dataset,
        *,
        layout: Layout,
        chunk: Chunk,
        settings: Settings,
        chosen: NDArray[np.int64] | None = None,
    ) -> None:
        self.chunk = chunk
        self._settings = settings
        self._table = load_gas_table(settings.gas_table)
        self._cells = cells_of(fields, layout=layout, chunk=chunk)
        self._maker = ColumnMaker(
            self._cells,
            table=self._table,
            solar_constant=settings.solar_constant,
            delta_scale_clouds=settings.delta_scale_clouds,
            ocean=settings.ocean,
        )
        complete = np.flatnonzero(self._cells.complete)
        self._chosen = complete if chosen is None else complete[chosen]
        self._samples = samples_by_aod(self._cells.fields["aod"][self._chosen], settings.photons)

    def blocks(self) -> list[slice]:
        """Ranges of the complete cells, each some tenths of a second long."""
        size = self._chosen.size
        each = self._settings.cells_per(_SAMPLES_PER_BLOCK, _CELLS_PER_BLOCK)
        return [slice(start, min(start + each, size)) for start in range(0, size, each)]

    def solve(self, block: slice) -> Results:
        """Means and standard errors of a block, name -> (cell,)."""
        chosen = self._chosen[block]
        columns, water = self._maker.columns(chosen)
        sun = self._maker.sun(chosen)
        effort = self._effort(block, columns, sun)
        slopes = self._maker.slopes(chosen) if self._settings.kernels else None
        estimates = np.zeros((chosen.size, INTEGRALS, REPLICATES, self._settings.scores))
        solve(self._table, columns, sun, effort, 0, chosen.size, slopes, estimates)
        constants = {"rsdt": insolation(sun), "precipitable_water": water}
        cover = columns.cloud_fraction.sum(axis=1)
        replicates = _replicates(estimates, cover, self._settings.sky, self._settings.kernels)
        return means_and_errors(replicates) | constants

    def _effort(self, block: slice, columns: Columns, sun: Sun) -> Effort:
        """The samples of the cells of a block: by AOD, or as a pilot run finds them needed."""
        target = self._settings.stderr_target
        if target is None:
            by_aod = self._samples[block]
            return _effort(by_aod, _cloudy_samples(by_aod), self._settings)
        pilot, estimates = self._pilot(block, columns, sun)
        needed = needed_samples(
            estimates, samples=pilot, cover=columns.cloud_fraction.sum(axis=1), target=target,
            sky=self._settings.sky,
        )  # fmt: skip
        least = PILOT_REPLICATES * pilot[0] // 4
        clear, cloudy = (
            rounded_up(np.maximum(own, least), replicates=REPLICATES) for own in needed
        )
        self._samples[block] = clear
        return _effort(clear, cloudy, self._settings)

    def _pilot(
        self, block: slice, columns: Columns, sun: Sun
    ) -> tuple[tuple[Counts, Counts], Floats]:
        """Samples per replicate in clear sky and in cloud, and what they give."""
        aod = self._cells.fields["aod"][self._chosen[block]]
        whole = samples_by_aod(aod, PILOT_PHOTONS) * REPLICATES
        samples = np.maximum(whole // PILOT_REPLICATES, 1)
        pilot = replace(self._settings, seed=self._settings.seed ^ 0x5EED, clean=False)
        effort = _effort(samples, samples, pilot)._replace(replicates=PILOT_REPLICATES)
        estimates = np.zeros((len(aod), INTEGRALS, PILOT_REPLICATES, SCORES))
        solve(self._table, columns, sun, effort, 0, len(aod), None, estimates)
        return (samples, samples), estimates

    def result(self, solved: Mapping[int, Results]) -> ChunkResult:
        """The maps, from the results of all blocks by their first cells."""
        names = self._settings.names
        values = np.full((len(names), self._cells.size), np.nan)
        blocks = [solved[start] for start in sorted(solved)]
        for row, name in zip(values, names, strict=True):
            if name in OPTICAL:
                row[:] = self._cells.fields[name]
            elif blocks:
                row[self._chosen] = np.concatenate([block[name] for block in blocks])
        shaped = values.reshape(len(names), *self.chunk.shape)
        return ChunkResult(shaped, self._chosen.size, int(REPLICATES * self._samples.sum()))


def solve_chunk(solver: ChunkSolver) -> ChunkResult:
    """The result of a chunk, on one thread."""
    return solver.result({block.start: solver.solve(block) for block in solver.blocks()})


def check_sky(sky: str) -> None:
    """Raise InputError unless `sky` is one of `SKIES`."""
    if sky not in SKIES:
        raise InputError(f"sky={sky!r} is not allowed; give 'both', 'all' or 'clear'.")


def _effort(samples: Counts, cloudy: Counts, settings: Settings) -> Effort:
    """What the cells of a block get, all from the first points of one net."""
    clean = samples_per_replicate(_CLEAN_SHARE * settings.photons // 1 + 1, REPLICATES)
    return Effort(
        net=sobol_net(int(max(samples.max(), cloudy.max(), clean)).bit_length() - 1),
        change_samples=samples,
        cloudy_samples=cloudy,
        clean_samples=np.full(samples.size, clean if settings.clean else 0),
        replicates=REPLICATES,
        cloudy="" in SKIES[settings.sky],
        seed=seed_key(settings.seed),
        least_fraction=LEAST_FRACTION if settings.kernels else 0.0,
    )


def _replicates(estimates: Floats, cover: Floats, sky: str, kernels: bool) -> Replicates:
    """Forcings, fluxes and kernels by their names in the result, each (cell, replicate)."""
    replicates: Replicates = {}
    skies = change_and_clean(estimates, cover)
    for suffix in SKIES[sky]:
        change, clean = skies[suffix]
        replicates |= forcing_replicates(change, suffix)
        fluxes = flux_replicates(change, clean, suffix)
        replicates |= {_CMIP_NAMES[k]: v for k, v in fluxes.items() if k in _CMIP_NAMES}
    if kernels:
        clouds = [cloud.name for cloud in CLOUD_TYPES]
        replicates |= kernel_replicates(estimates, cover=cover, skies=SKIES[sky], clouds=clouds)
    return replicates


@lru_cache(maxsize=2 * len(SKIES))
def _names(sky: str, kernels: bool) -> tuple[str, ...]:
    """Names of what is computed, in order."""
    scores = scores_with_kernels(len(CLOUD_TYPES))
    no_cells = np.zeros((0, INTEGRALS, REPLICATES, scores))
    nothing = _replicates(no_cells, np.zeros(0), sky, kernels)
    return (*means_and_errors(nothing), "rsdt", "precipitable_water")
