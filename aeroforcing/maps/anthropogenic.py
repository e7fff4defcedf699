"""Maps of the anthropogenic direct radiative forcing.

It is the change of the net flux when anthropogenic aerosol is added to the natural one. Either
the anthropogenic aerosol is that of the plumes of MACv2-SP in a year, with their own optical
properties and heights (`plumes`); the natural aerosol is then that of the inputs less the plumes'
AOD in the year of the inputs, of the same composition, and none where the plumes have more. Or it
is a given fraction of the AOD of the inputs, with the properties of the whole.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.columns.aerosols import LayerOptics
from aeroforcing.core.arrays import Floats, ratio
from aeroforcing.core.canonical import canonicalise, check_ranges
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.netcdf import open_input
from aeroforcing.forcing.species import Effort, effect_over
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.domain import Layout
from aeroforcing.inputs.builtin.plumes import (
    anthropogenic_aerosol,
    check_year,
    plume_bands,
    plume_shares,
)
from aeroforcing.inputs.by_chunk import at_steps
from aeroforcing.inputs.months import in_months
from aeroforcing.inputs.resolve import Source
from aeroforcing.maps.chunk import SKY_SUFFIXES, Part, Settings
from aeroforcing.maps.effect_estimates import EffectEstimator, forcing_names, with_errors
from aeroforcing.maps.grid import solved
from aeroforcing.maps.run import ForcingRun, placed, prepared_run
from aeroforcing.optics.band_means import planck_band_nodes
from aeroforcing.optics.mixtures import DEFAULT_OPTICS
from aeroforcing.optics.sun import Sun
from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN
from aeroforcing.runs.chunks import Progress
from aeroforcing.transport.column_optics import Columns
from aeroforcing.transport.estimates import Replicates

# A fixed order of the sums: the best one by size would depend on the number of cells.
_ORDER = ["einsum_path", (0, 2), (0, 1)]
INPUTS_YEAR = 2020  # of the amount of the built-in aerosol
_FRACTION = "anthropogenic_fraction"


@suggest_keywords
def anthropogenic_forcing(
    inputs: Source | None = None,
    *,
    year: int | None = None,
    fraction: Source | None = None,
    inputs_year: int = INPUTS_YEAR,
    optics: str = DEFAULT_OPTICS,
    grid: str | None = "T42",
    times: str = "months",
    months: int | Iterable[int] = range(1, 13),
    stderr_target: float | None = None,
    photons: int | None = None,
    seed: int = 0,
    sky: str = "both",
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    fill_missing: bool = False,
    delta_scale_clouds: bool = False,
    ocean: str = DEFAULT_OCEAN,
    wind_speed: float | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Monthly maps of the anthropogenic direct radiative forcing; see the module.

    Parameters
    ----------
    inputs
        As of `grid_forcing`; None for the built-in ones.
    year
        Of the plumes, 1850 to 2023; by default `inputs_year`. Not together with `fraction`.
    fraction
        Dataset or netCDF file with `anthropogenic_fraction`, 0 to 1, of the AOD at 550 nm.
    inputs_year
        The year that the AOD of the inputs is of.
    optics, grid, times, months, fill_missing, ocean, wind_speed
        As of `grid_forcing`.
    seed, sky, solar_constant, gas_table, delta_scale_clouds, jobs, progress
        As of `grid_forcing`.
    stderr_target
        Standard error to reach in each cell at the top of the atmosphere, in every sky [W m-2];
        excludes `photons`.
    photons
        128 by default: samples in a cell of anthropogenic AOD 0.1; the others get theirs in
        proportion to it, in powers of two.

    Returns
    -------
    xarray.Dataset
        Over (time, lat, lon): `anthropogenic_forcing_toa`, `anthropogenic_forcing_atmosphere` and
        `anthropogenic_forcing_surface`, both skies (`_cs`), each with `<name>_stderr` [W m-2];
        `anthropogenic_aod` and `natural_aod` at 550 nm [1].

    Raises
    ------
    InputError
        The inputs or a setting cannot be used, or there are both a year and a fraction.
    """
    run = anthropogenic_run(
        inputs, year=year, fraction=fraction, inputs_year=inputs_year, optics=optics, grid=grid,
        times=times, months=months, stderr_target=stderr_target, photons=photons, seed=seed,
        sky=sky, solar_constant=solar_constant, gas_table=gas_table, fill_missing=fill_missing,
        delta_scale_clouds=delta_scale_clouds, ocean=ocean, wind_speed=wind_speed, jobs=jobs,
    )  # fmt: skip
    return solved(run, jobs=jobs, progress=progress)


def anthropogenic_run(
    inputs: Source | None = None,
    *,
    year: int | None = None,
    fraction: Source | None = None,
    inputs_year: int = INPUTS_YEAR,
    jobs: int | None = None,
    cells_per_chunk: int | None = None,
    **settings: Any,
) -> ForcingRun:
    """The run of a map of the anthropogenic forcing.

    Parameters are those of `anthropogenic_forcing` and `saved.save_grid_forcing`.

    Raises
    ------
    InputError
        The inputs or a setting cannot be used, or there are both a year and a fraction.
    """
    if fraction is not None and year is not None:
        raise InputError(
            "anthropogenic_forcing: year and fraction both set the anthropogenic part; give one."
        )
    of_year = None if fraction is not None else inputs_year if year is None else year
    if of_year is not None:
        for wanted in (of_year, inputs_year):
            check_year(wanted)
    checked = Settings(**settings, estimate=Anthropogenic(of_year, inputs_year))

    def share(layout: Layout) -> xr.Dataset:
        assert fraction is not None
        return _fraction_field(fraction, layout)

    return prepared_run(
        inputs, checked, beside=None if fraction is None else share, jobs=jobs,
        cells_per_chunk=cells_per_chunk,
    )  # fmt: skip


@dataclass(frozen=True)
class Anthropogenic:
    """The effect of anthropogenic aerosol over the natural one."""

    year: int | None = INPUTS_YEAR  # of the plumes; none for the fraction among the inputs
    inputs_year: int = INPUTS_YEAR
    default_photons: ClassVar[int] = 128

    def labels(self, settings: Settings) -> dict[str, list[str]]:
        """Dimensions of the results before those of the cells: none."""
        return {}

    def dims(self, name: str) -> tuple[str, ...]:
        """Those that a result has of them."""
        return ()

    def names(self, settings: Settings) -> tuple[str, ...]:
        """The variables of the result."""
        effects = [f"anthropogenic_{name}" for name in forcing_names(settings)]
        return (*with_errors(effects), "anthropogenic_aod", "natural_aod")

    def effects(self, settings: Settings) -> int:
        """How many times the samples of a cell are drawn."""
        return len(SKY_SUFFIXES[settings.sky])

    def estimator(self, part: Part) -> EffectEstimator:
        """The estimator of a chunk."""
        if self.year is None:
            return _FractionEstimator(part)
        return _PlumeEstimator(part, year=self.year, inputs_year=self.inputs_year)

    def attributes(self, settings: Settings) -> dict[str, str]:
        """Global attributes that tell it."""
        if self.year is None:
            return {"anthropogenic": f"{_FRACTION} of the AOD of the inputs"}
        natural = f"inputs less the plumes of {self.inputs_year}"
        return {"anthropogenic": f"MACv2-SP plumes of {self.year}; natural: {natural}"}


class _AnthropogenicEstimator(EffectEstimator):
    """Estimates the effect of what `_split` says is anthropogenic."""

    def _take(self, anthropogenic: Floats, natural: Floats) -> None:
        """Keep the AOD of both, (cell,)."""
        self.aod = anthropogenic
        self.known = {"anthropogenic_aod": anthropogenic, "natural_aod": natural}

    @abstractmethod
    def _split(
        self, chosen: NDArray[np.int64], total: LayerOptics
    ) -> tuple[LayerOptics, LayerOptics]:
        """Man's and the natural aerosol of chosen cells, from all of it, (cell, band, layer)."""

    def _replicates(
        self, chosen: NDArray[np.int64], columns: Columns, sun: Sun, effort: Effort
    ) -> Replicates:
        total = LayerOptics(
            columns.aerosol_extinction, columns.aerosol_ssa, columns.aerosol_asymmetry
        )
        aerosol, natural = self._split(chosen, total)
        effects: Replicates = {}
        for sky in self._skies:
            effects |= effect_over(
                self._part.table, columns, sun, aerosol=aerosol, background=natural, sky=sky,
                effort=effort,
            )  # fmt: skip
        return {f"anthropogenic_{name}": values for name, values in effects.items()}


class _PlumeEstimator(_AnthropogenicEstimator):
    """Man's aerosol by the plumes, beside the natural rest of the inputs."""

    def __init__(self, part: Part, *, year: int, inputs_year: int) -> None:
        super().__init__(part)
        then, now = (at_steps(_plumes_of(y), part.layout) for y in (year, inputs_year))
        total = part.cells.fields["aod"]
        natural = np.maximum(total - part.by_cell(now["anthropogenic_aod"]), 0.0)
        self._take(part.by_cell(then["anthropogenic_aod"]), natural)
        self._bands = plume_bands(planck_band_nodes(part.table.band_limits_wavenumber))
        self._depth = part.by_cell(then["plume_aod"])
        self._kept = ratio(natural, total)

    def _split(
        self, chosen: NDArray[np.int64], total: LayerOptics
    ) -> tuple[LayerOptics, LayerOptics]:
        shares = plume_shares(self._part.cells.atmospheres(chosen).altitude_levels)
        extinction, ssa, asymmetry = self._bands
        depth = self._depth[:, chosen]

        def summed(by_band: Floats) -> Floats:
            return np.einsum("pc,pb,cpl->cbl", depth, by_band, shares, optimize=_ORDER)

        tau, scattered = summed(extinction), summed(extinction * ssa)
        forward = summed(extinction * ssa * asymmetry)
        plumes = LayerOptics(tau, ratio(scattered, tau), ratio(forward, scattered))
        return plumes, _share_of(total, self._kept[chosen])


@cache
def _plumes_of(year: int) -> Callable[..., xr.Dataset]:
    """`anthropogenic_aerosol` of a year; the same function each time, see `fields.at_points`."""

    def plumes(grid: xr.Dataset, *, months: Sequence[int]) -> xr.Dataset:
        return anthropogenic_aerosol(year, grid=grid, months=months)

    return plumes


class _FractionEstimator(_AnthropogenicEstimator):
    """Man's aerosol as a share of all, with the properties of the whole."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self._share = part.by_cell(part.fields[_FRACTION])
        total = part.cells.fields["aod"]
        self._take(self._share * total, (1.0 - self._share) * total)

    def _split(
        self, chosen: NDArray[np.int64], total: LayerOptics
    ) -> tuple[LayerOptics, LayerOptics]:
        share = self._share[chosen]
        return _share_of(total, share), _share_of(total, 1.0 - share)


def _fraction_field(source: Source, layout: Layout) -> xr.Dataset:
    """The anthropogenic fraction on the grid and in the months of a run."""
    name = "the given dataset" if isinstance(source, xr.Dataset) else Path(source).name
    opened = source if isinstance(source, xr.Dataset) else open_input(source)
    canonical = canonicalise(opened, source=name)
    if _FRACTION not in canonical:
        found = ", ".join(map(str, opened.data_vars))
        raise InputError(f"{name}: holds no {_FRACTION}, but {found}.")
    bounds = [axis for axis in ("lat_bnds", "lon_bnds") if axis in canonical]
    months = np.unique(layout.steps.month).tolist()
    chosen = in_months(canonical[[_FRACTION, *bounds]], months, source=name)
    check_ranges(chosen[[_FRACTION]], source=name)
    return placed(standard_axes(chosen, source=name), layout, source=name)[[_FRACTION]]


def _share_of(total: LayerOptics, share: Floats) -> LayerOptics:
    """A share (cell,) of an aerosol."""
    return total._replace(extinction=total.extinction * share[:, None, None])
