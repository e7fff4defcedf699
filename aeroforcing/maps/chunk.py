"""The forcing of one chunk of a run: its cells, solved in blocks, and its results as maps.

A result is a function of the seed, the cell's number, the settings and the cell's inputs alone:
neither the chunk nor the block, nor what solves it, changes a bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.arrays import Counts, Floats
from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.checks import check_between, checked_months
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.grids.domain import Chunk, Layout
from aeroforcing.inputs.builtin.observed import DEFAULT_AEROSOL, check_aerosol
from aeroforcing.maps.cells import Cells, ColumnMaker, cells_of
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
from aeroforcing.optics.gas_table import GasTable, load_gas_table
from aeroforcing.optics.mixtures import DEFAULT_OPTICS, check_optics
from aeroforcing.optics.sun import Sun, insolation
from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN, OCEAN_LAWS, ocean_law
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

_DEFAULT_STDERR = 0.6  # of the all-sky forcing_toa by default, rms over the map [W m-2]

SKY_SUFFIXES = {"both": ("", "_cs"), "all": ("",), "clear": ("_cs",)}

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


class Part(NamedTuple):
    """The cells of a chunk, with all that they are solved with."""

    fields: xr.Dataset  # the inputs
    layout: Layout  # the steps and places of the chunk
    cells: Cells
    maker: ColumnMaker
    table: GasTable
    settings: Settings

    def by_cell(self, field: xr.DataArray) -> Floats:
        """A field over (..., month, lat, lon) by cells, (..., cell)."""
        ordered = field.transpose(..., "month", *self.layout.dims).values.astype(float)
        leading = ordered.shape[: ordered.ndim - 1 - len(self.layout.dims)]
        return ordered.reshape(*leading, self.cells.size)


class Estimator(Protocol):
    """Estimates something in the cells of one chunk."""

    aod: Floats  # (cell,) that samples are in proportion to; cells where it is missing are left out
    known: Results  # what needs no sampling, name -> (..., cell)

    def solve(self, chosen: NDArray[np.int64], samples: Counts) -> tuple[Results, Counts]:
        """Means and standard errors in chosen cells, name -> (..., cell), and their samples.

        `samples` are those by AOD, per replicate; a standard error to be reached takes others.
        """


class Estimate(Protocol):
    """What a run estimates."""

    default_photons: ClassVar[int]

    def labels(self, settings: Settings) -> dict[str, list[str]]:
        """Dimensions of the results before those of the cells, with their labels."""

    def dims(self, name: str) -> tuple[str, ...]:
        """Those that a result has of them."""

    def names(self, settings: Settings) -> tuple[str, ...]:
        """The variables of the result."""

    def effects(self, settings: Settings) -> int:
        """How many times the samples of a cell are drawn."""

    def estimator(self, part: Part) -> Estimator:
        """The estimator of a chunk."""

    def attributes(self, settings: Settings) -> dict[str, str]:
        """Global attributes that tell it."""


@dataclass(frozen=True)
class AllAerosol:
    """The forcing by all aerosol, the fluxes, and perhaps the kernels."""

    default_photons: ClassVar[int] = 128

    def labels(self, settings: Settings) -> dict[str, list[str]]:
        """Dimensions of the results before those of the cells: none."""
        return {}

    def dims(self, name: str) -> tuple[str, ...]:
        """Those that a result has of them."""
        return ()

    def names(self, settings: Settings) -> tuple[str, ...]:
        """The variables of the result."""
        return (*_names(settings.sky, settings.kernels), *OPTICAL)

    def effects(self, settings: Settings) -> int:
        """How many times the samples of a cell are drawn."""
        return 1

    def estimator(self, part: Part) -> Estimator:
        """The estimator of a chunk."""
        return _ForcingEstimator(part)

    def attributes(self, settings: Settings) -> dict[str, str]:
        """Global attributes that tell it."""
        return {}


@suggest_keywords
@dataclass(frozen=True)
class Settings:
    """All that the numbers depend on besides the inputs; see `grid.grid_forcing`.

    Raises
    ------
    InputError
        A setting cannot be used.
    """

    photons: float | None = None
    seed: int = 0
    sky: str = "both"
    solar_constant: float = SOLAR_CONSTANT
    gas_table: str | Path = "g112"
    delta_scale_clouds: bool = False
    clean: bool = True  # whether the aerosol-free fluxes are computed
    kernels: bool = False  # whether the derivatives are computed
    stderr_target: float | None = None  # in each cell [W m-2]
    ocean: str = DEFAULT_OCEAN  # law of the albedo of open water
    wind_speed: float | None = None
    grid: str | None = "T42"
    times: str = "months"
    months: int | Iterable[int] = range(1, 13)
    fill_missing: bool = False
    optics: str = DEFAULT_OPTICS
    aerosol: str = DEFAULT_AEROSOL
    estimate: Estimate = AllAerosol()

    def __post_init__(self) -> None:
        if self.stderr_target is not None and self.photons is not None:
            raise InputError("photons and stderr_target both set the precision; give one of them.")
        if self.stderr_target is not None:
            check_between("stderr_target", self.stderr_target, 1e-4, 1e4)
        if self.photons is not None:
            samples_per_replicate(self.photons, REPLICATES)
        if self.sky not in SKY_SUFFIXES:
            raise InputError(f"sky={self.sky!r} is not allowed; give 'both', 'all' or 'clear'.")
        if self.kernels and not isinstance(self.estimate, AllAerosol):
            raise InputError(
                "kernels are the derivatives of the forcing by all aerosol; the maps of its parts "
                "have none. Leave kernels out, or make a map of all aerosol."
            )
        check_optics(self.optics)
        check_aerosol(self.aerosol)
        seed_key(self.seed)
        check_between("solar_constant", self.solar_constant, 0.0, 1e5)
        load_gas_table(self.gas_table)
        for name in ("photons", "stderr_target", "solar_constant"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))
        object.__setattr__(self, "seed", int(self.seed))
        object.__setattr__(self, "ocean", OCEAN_LAWS[ocean_law(self.ocean)])
        object.__setattr__(self, "months", tuple(sorted(checked_months(self.months))))

    @property
    def names(self) -> tuple[str, ...]:
        """The variables of the result."""
        return self.estimate.names(self)

    def leading(self, name: str) -> tuple[int, ...]:
        """Lengths of the dimensions of a variable before those of the cells."""
        labels = self.estimate.labels(self)
        return tuple(len(labels[dim]) for dim in self.estimate.dims(name))

    def planes(self) -> dict[str, slice]:
        """Where each variable is along the first dimension of `ChunkResult.values`."""
        counts = [math.prod(self.leading(name)) for name in self.names]
        ends = np.cumsum(counts).tolist()
        places = (slice(end - own, end) for end, own in zip(ends, counts, strict=True))
        return dict(zip(self.names, places, strict=True))

    @property
    def scores(self) -> int:
        """Number of the solver's scores."""
        return scores_with_kernels(len(CLOUD_TYPES)) if self.kernels else SCORES

    @property
    def expected_photons(self) -> float:
        """Samples in a cell of AOD 0.1: as given, or about what the standard error takes."""
        default = float(self.estimate.default_photons)
        if self.stderr_target is not None:
            return default * max((_DEFAULT_STDERR / self.stderr_target) ** 2, 2.0**-6)
        return default if self.photons is None else float(self.photons)

    def cells_per(self, samples: int, most: int) -> int:
        """Number of cells that take about as long as so many samples."""
        own = self.estimate.effects(self) * self.expected_photons
        return int(np.clip(samples / (_SAMPLES_OF_SET_UP + own), 1, most))

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
        table = load_gas_table(settings.gas_table)
        cells = cells_of(fields, layout=layout, chunk=chunk)
        maker = ColumnMaker(
            cells,
            table=table,
            solar_constant=settings.solar_constant,
            delta_scale_clouds=settings.delta_scale_clouds,
            ocean=settings.ocean,
        )
        part = Part(fields, layout.of(chunk), cells, maker, table, settings)
        self._estimator = settings.estimate.estimator(part)
        complete = np.flatnonzero(cells.complete & np.isfinite(self._estimator.aod))
        self._chosen = complete if chosen is None else complete[chosen]
        aod = self._estimator.aod[self._chosen]
        self._samples = samples_by_aod(aod, settings.expected_photons)

    def blocks(self) -> list[slice]:
        """Ranges of the complete cells, each some tenths of a second long."""
        size = self._chosen.size
        each = self._settings.cells_per(_SAMPLES_PER_BLOCK, _CELLS_PER_BLOCK)
        return [slice(start, min(start + each, size)) for start in range(0, size, each)]

    def solve(self, block: slice) -> Results:
        """Means and standard errors of a block, name -> (..., cell)."""
        results, samples = self._estimator.solve(self._chosen[block], self._samples[block])
        self._samples[block] = samples
        return results

    def result(self, solved: Mapping[int, Results]) -> ChunkResult:
        """The maps, from the results of all blocks by their first cells."""
        planes = self._settings.planes()
        size = self._estimator.aod.size
        values = np.full((sum(p.stop - p.start for p in planes.values()), size), np.nan)
        blocks = [solved[start] for start in sorted(solved)]
        for name, place in planes.items():
            if name in self._estimator.known:
                values[place] = self._estimator.known[name].reshape(-1, size)
            elif blocks:
                joined = np.concatenate([block[name] for block in blocks], axis=-1)
                values[place][:, self._chosen] = joined.reshape(-1, self._chosen.size)
        shaped = values.reshape(-1, *self.chunk.shape)
        return ChunkResult(shaped, self._chosen.size, int(REPLICATES * self._samples.sum()))


class _ForcingEstimator:
    """Estimates the forcing by all aerosol, the fluxes and the kernels."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._settings = part.settings
        self.aod = part.cells.fields["aod"]
        self.known = {name: part.cells.fields[name] for name in OPTICAL}

    def solve(self, chosen: NDArray[np.int64], samples: Counts) -> tuple[Results, Counts]:
        """Means and standard errors in chosen cells, name -> (cell,), and their samples."""
        maker, kernels = self._part.maker, self._settings.kernels
        columns, water = maker.columns(chosen)
        sun = maker.sun(chosen)
        clear, effort = self._effort(self.aod[chosen], samples, columns, sun)
        slopes = maker.slopes(chosen) if kernels else None
        estimates = np.zeros((chosen.size, INTEGRALS, REPLICATES, self._settings.scores))
        solve(self._part.table, columns, sun, effort, 0, chosen.size, slopes, estimates)
        constants = {"rsdt": insolation(sun), "precipitable_water": water}
        cover = columns.cloud_fraction.sum(axis=1)
        replicates = _replicates(estimates, cover, self._settings.sky, kernels)
        return means_and_errors(replicates) | constants, clear

    def _effort(
        self, aod: Floats, samples: Counts, columns: Columns, sun: Sun
    ) -> tuple[Counts, Effort]:
        """The samples of some cells in clear sky: by AOD, or as a pilot run finds them needed."""
        target = self._settings.stderr_target
        if target is None:
            return samples, _effort(samples, _cloudy_samples(samples), self._settings)
        pilot = pilot_samples(aod)
        needed = needed_samples(
            self._pilot(pilot, columns, sun), samples=(pilot, pilot),
            cover=columns.cloud_fraction.sum(axis=1), target=target, sky=self._settings.sky,
        )  # fmt: skip
        least = PILOT_REPLICATES * pilot // 4
        clear, cloudy = (
            rounded_up(np.maximum(own, least), replicates=REPLICATES) for own in needed
        )
        return clear, _effort(clear, cloudy, self._settings)

    def _pilot(self, samples: Counts, columns: Columns, sun: Sun) -> Floats:
        """Estimates of a pilot run with so many samples in clear sky and in cloud."""
        pilot = replace(self._settings, seed=pilot_seed(self._settings.seed), clean=False)
        effort = _effort(samples, samples, pilot)._replace(replicates=PILOT_REPLICATES)
        estimates = np.zeros((samples.size, INTEGRALS, PILOT_REPLICATES, SCORES))
        solve(self._part.table, columns, sun, effort, 0, samples.size, None, estimates)
        return estimates


def solve_chunk(solver: ChunkSolver) -> ChunkResult:
    """The result of a chunk, on one thread."""
    return solver.result({block.start: solver.solve(block) for block in solver.blocks()})


def pilot_samples(aod: Floats) -> Counts:
    """Samples of each of the replicates of a pilot run, (cell,)."""
    return np.maximum(samples_by_aod(aod, PILOT_PHOTONS) * REPLICATES // PILOT_REPLICATES, 1)


def pilot_seed(seed: int) -> int:
    """The root of the random numbers of a pilot run."""
    return seed ^ 0x5EED


def _effort(samples: Counts, cloudy: Counts, settings: Settings) -> Effort:
    """What the cells of a block get, all from the first points of one net."""
    clean = samples_per_replicate(_CLEAN_SHARE * settings.expected_photons // 1 + 1, REPLICATES)
    return Effort(
        net=sobol_net(int(max(samples.max(), cloudy.max(), clean)).bit_length() - 1),
        change_samples=samples,
        cloudy_samples=cloudy,
        clean_samples=np.full(samples.size, clean if settings.clean else 0),
        replicates=REPLICATES,
        cloudy="" in SKY_SUFFIXES[settings.sky],
        seed=seed_key(settings.seed),
        least_fraction=LEAST_FRACTION if settings.kernels else 0.0,
    )


def _replicates(estimates: Floats, cover: Floats, sky: str, kernels: bool) -> Replicates:
    """Forcings, fluxes and kernels by their names in the result, each (cell, replicate)."""
    replicates: Replicates = {}
    skies = change_and_clean(estimates, cover)
    for suffix in SKY_SUFFIXES[sky]:
        change, clean = skies[suffix]
        replicates |= forcing_replicates(change, suffix)
        fluxes = flux_replicates(change, clean, suffix)
        replicates |= {_CMIP_NAMES[k]: v for k, v in fluxes.items() if k in _CMIP_NAMES}
    if kernels:
        clouds = [cloud.name for cloud in CLOUD_TYPES]
        replicates |= kernel_replicates(
            estimates, cover=cover, skies=SKY_SUFFIXES[sky], clouds=clouds
        )
    return replicates


@lru_cache(maxsize=2 * len(SKY_SUFFIXES))
def _names(sky: str, kernels: bool) -> tuple[str, ...]:
    """Names of what is computed, in order."""
    scores = scores_with_kernels(len(CLOUD_TYPES))
    no_cells = np.zeros((0, INTEGRALS, REPLICATES, scores))
    nothing = _replicates(no_cells, np.zeros(0), sky, kernels)
    return (*means_and_errors(nothing), "rsdt", "precipitable_water")
