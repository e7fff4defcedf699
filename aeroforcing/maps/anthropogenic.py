"""Maps of the anthropogenic direct radiative forcing.

It is the change of the net flux when man's aerosol is added to the natural one. Either man's
aerosol is that of the plumes of MACv2-SP in a year, with their own optical properties and heights
(`plumes`); the natural aerosol is then that of the inputs less the plumes' AOD in the year of the
inputs, of the same composition, and none where the plumes have more. Or it is a given fraction of
the AOD of the inputs, with the properties of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.columns.aerosols import LayerOptics
from aeroforcing.core.arrays import Floats, ratio
from aeroforcing.core.canonical import canonicalise, check_ranges
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import open_input
from aeroforcing.forcing.species import Effort, effect_over
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.means import on_grid
from aeroforcing.inputs.builtin.plumes import anthropogenic_aerosol, plume_bands, plume_shares
from aeroforcing.inputs.resolve import Source
from aeroforcing.inputs.user import in_months
from aeroforcing.maps.effects import EffectMap, EffectRun
from aeroforcing.maps.sample_sizes import REPLICATES
from aeroforcing.runs.chunks import Progress
from aeroforcing.transport.estimates import Replicates

INPUTS_YEAR = 2020  # of the amount of the built-in aerosol
_FRACTION = "anthropogenic_fraction"


def anthropogenic_forcing(
    inputs: Source | None = None,
    *,
    year: int | None = None,
    fraction: Source | None = None,
    inputs_year: int = INPUTS_YEAR,
    grid: str | None = "T42",
    months: Iterable[int] = range(1, 13),
    photons: int = 128,
    seed: int = 0,
    sky: str = "both",
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    delta_scale_clouds: bool = False,
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
    grid, months, seed, sky, solar_constant, gas_table, delta_scale_clouds, jobs, progress
        As of `grid_species_forcing`.
    photons
        Samples in a cell of anthropogenic AOD 0.1; the others get theirs in proportion to it, in
        powers of two.

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
    if fraction is not None and year is not None:
        raise InputError(
            "anthropogenic_forcing: year and fraction both say what is man's; give one of them."
        )
    run = EffectRun(photons, seed, sky, solar_constant, gas_table, delta_scale_clouds, jobs)
    cells = EffectMap(inputs, grid=grid, months=months, run=run)
    mans: _Part = (
        _Plumes(cells, year=inputs_year if year is None else year, inputs_year=inputs_year)
        if fraction is None
        else _Fraction(cells, fraction)
    )

    def block(chosen: NDArray[np.int64]) -> Replicates:
        columns, _ = cells.maker.columns(chosen)
        sun = cells.maker.sun(chosen)
        total = LayerOptics(
            columns.aerosol_extinction, columns.aerosol_ssa, columns.aerosol_asymmetry
        )
        aerosol, natural = mans.split(chosen, total)
        effort = Effort(run.samples(mans.aod[chosen]), REPLICATES, seed)
        effects: Replicates = {}
        for sky_suffix in run.skies:
            effects |= effect_over(
                cells.table, columns, sun, aerosol=aerosol, background=natural, sky=sky_suffix,
                effort=effort,
            )  # fmt: skip
        return {f"anthropogenic_{name}": values for name, values in effects.items()}

    complete = cells.cells.complete & np.isfinite(mans.aod)
    results = cells.solved(block, complete=complete, progress=progress)
    depths = {"anthropogenic_aod": mans.aod, "natural_aod": mans.natural_aod}
    return cells.dataset(results | depths, coords={}, attrs={"anthropogenic": mans.origin})


class _Part(Protocol):
    """What of the aerosol is man's."""

    aod: Floats  # (cell,) at 550 nm
    natural_aod: Floats  # (cell,)
    origin: str

    def split(
        self, chosen: NDArray[np.int64], total: LayerOptics
    ) -> tuple[LayerOptics, LayerOptics]:
        """Man's and the natural aerosol of chosen cells, from all of it, (cell, band, layer)."""


class _Plumes:
    """Man's aerosol by the plumes, beside the natural rest of the inputs."""

    def __init__(self, cells: EffectMap, *, year: int, inputs_year: int) -> None:
        then, now = (
            anthropogenic_aerosol(y, grid=cells.grid, months=cells.months)
            for y in (year, inputs_year)
        )
        total = cells.cells.fields["aod"]
        self._cells = cells
        self._bands = plume_bands(cells.nodes)
        self._depth = cells.flat(then["plume_aod"])
        self.aod = cells.flat(then["anthropogenic_aod"])
        self.natural_aod = np.maximum(total - cells.flat(now["anthropogenic_aod"]), 0.0)
        self._kept = ratio(self.natural_aod, total)
        self.origin = f"MACv2-SP plumes of {year}; natural: inputs less the plumes of {inputs_year}"

    def split(
        self, chosen: NDArray[np.int64], total: LayerOptics
    ) -> tuple[LayerOptics, LayerOptics]:
        """Man's and the natural aerosol of chosen cells, from all of it, (cell, band, layer)."""
        shares = plume_shares(self._cells.air(chosen).altitude_levels)
        extinction, ssa, asymmetry = self._bands
        depth = self._depth[:, chosen]

        def summed(by_band: Floats) -> Floats:
            return np.einsum("pc,pb,cpl->cbl", depth, by_band, shares, optimize=True)

        tau, scattered = summed(extinction), summed(extinction * ssa)
        forward = summed(extinction * ssa * asymmetry)
        plumes = LayerOptics(tau, ratio(scattered, tau), ratio(forward, scattered))
        return plumes, _share_of(total, self._kept[chosen])


class _Fraction:
    """Man's aerosol as a share of all, with the properties of the whole."""

    origin = "anthropogenic_fraction of the AOD of the inputs"

    def __init__(self, cells: EffectMap, fraction: Source) -> None:
        self._share = cells.flat(_fraction_field(fraction, cells))
        total = cells.cells.fields["aod"]
        self.aod, self.natural_aod = self._share * total, (1.0 - self._share) * total

    def split(
        self, chosen: NDArray[np.int64], total: LayerOptics
    ) -> tuple[LayerOptics, LayerOptics]:
        """Man's and the natural aerosol of chosen cells, from all of it, (cell, band, layer)."""
        share = self._share[chosen]
        return _share_of(total, share), _share_of(total, 1.0 - share)


def _fraction_field(source: Source, cells: EffectMap) -> xr.DataArray:
    """The anthropogenic fraction on the grid and in the months of a run."""
    name = "the given dataset" if isinstance(source, xr.Dataset) else Path(source).name
    opened = source if isinstance(source, xr.Dataset) else open_input(source)
    canonical = canonicalise(opened, source=name)
    if _FRACTION not in canonical:
        found = ", ".join(map(str, opened.data_vars))
        raise InputError(f"{name}: holds no {_FRACTION}, but {found}.")
    bounds = [axis for axis in ("lat_bnds", "lon_bnds") if axis in canonical]
    chosen = in_months(canonical[[_FRACTION, *bounds]], cells.months, source=name)
    check_ranges(chosen[[_FRACTION]], source=name)
    placed = on_grid(standard_axes(chosen, source=name), cells.grid)[_FRACTION]
    bare = placed.drop_vars([axis for axis in placed.coords if axis not in placed.dims])
    return bare.broadcast_like(cells.fields["aod"])


def _share_of(total: LayerOptics, share: Floats) -> LayerOptics:
    """A share (cell,) of an aerosol."""
    return total._replace(extinction=total.extinction * share[:, None, None])
