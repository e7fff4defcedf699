"""Monthly maps of fluxes and forcing: every cell of a grid by the solver, in parallel blocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.cells import AEROSOL, Cells, ColumnMaker, cells_of
from aeroforcing.checks import check_between, checked_months
from aeroforcing.constants import SOLAR_CONSTANT
from aeroforcing.errors import InputError
from aeroforcing.estimates import (
    Replicates,
    change_and_clean,
    flux_replicates,
    forcing_replicates,
    means_and_errors,
    samples_per_replicate,
    seed_key,
)
from aeroforcing.gases import GasTable, load_gas_table
from aeroforcing.grids import grid_of
from aeroforcing.inputs import provenance, resolve_inputs
from aeroforcing.montecarlo import SCORES
from aeroforcing.netcdf import climatological_time
from aeroforcing.sampling import sobol_net
from aeroforcing.solar import insolation
from aeroforcing.transport import INTEGRALS, Effort, solve
from aeroforcing.variables import stamp

Floats = NDArray[np.float64]
Results = dict[str, Floats]  # name -> (cell,)
Progress = Callable[[int, int], None]

REPLICATES = 8  # per cell; means over many cells have many times more
DEFAULT_PHOTONS = 192
# Samples per sample of the clear-sky forcing: of the cloudy states, of the aerosol-free fluxes.
_CLOUDY_SHARE = 0.25
_CLEAN_SHARE = 0.125
_AOD_OF_PHOTONS = 0.1
_LEAST_SHARE = 0.125
_CELLS_PER_BLOCK = 128
_PILOT_CELLS = 1024
_SKIES = {"both": ("", "_cs"), "all": ("",), "clear": ("_cs",)}

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


def grid_forcing(
    inputs: xr.Dataset | str | os.PathLike[str] | None = None,
    *,
    grid: str | None = "T42",
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
    progress: Progress | None = None,
) -> xr.Dataset:
    """Monthly maps of the forcing by all aerosol and of the fluxes, with standard errors.

    Parameters
    ----------
    inputs
        Dataset or netCDF file of inputs over `time` (one year), `month` or neither; what it does
        not hold is built in. None for the built-in inputs alone.
    grid
        Grid to compute on, e.g. "T42" or "2x2.5"; None keeps that of the inputs' AOD.
    months
        Calendar months, 1 to 12; each is averaged over all its days, of a 365-day year.
    stderr_target
        Standard error of `forcing_toa` to reach, rms over the cells [W m-2]; excludes `photons`.
    photons
        Samples of the clear-sky forcing in a cell of AOD 0.1; the others get theirs in proportion
        to their AOD, in powers of two. 192 by default. The cloudy states together get a quarter as
        many, the aerosol-free fluxes of either sky an eighth of `photons` in all cells. The
        attribute `photons` holds the mean over the cells.
    seed
        Root of the random numbers.
    sky
        "both", "all" (with clouds) or "clear".
    solar_constant
        Irradiance at 1 AU [W m-2].
    gas_table
        "g112", or the path of an RRTMGP shortwave table.
    fill_missing
        Fill missing cells of the inputs from the built-in ones; otherwise they are missing in the
        result.
    delta_scale_clouds
        Cut off the forward peak of the clouds' phase function (`clouds.delta_scaled`): cloudy sky
        takes less than half the time, and the all-sky forcing of the built-in inputs at the top
        of the atmosphere comes out 0.08 W m-2 more negative.
    jobs
        Threads; all processors by default. They do not change the result.
    progress
        Called with (cells done, cells in all).

    Returns
    -------
    xarray.Dataset
        Over (time, lat, lon): `forcing_toa, forcing_atmosphere, forcing_surface`, fluxes by their
        CMIP names (`rsdt rsut rsds rsus`, with `af` for aerosol-free), both also for clear sky
        (`_cs`, `cs`), each with `<name>_stderr` [W m-2]; the inputs `aod ssa asymmetry angstrom
        coalbedo_angstrom`, and `precipitable_water` [kg m-2]. Polar night is 0.

    Raises
    ------
    InputError
        The inputs or a setting cannot be used.
    """
    _check_settings(stderr_target, photons, sky, jobs)
    seed_key(seed)
    check_between("solar_constant", solar_constant, 0.0, 1e5)
    table = load_gas_table(gas_table)
    fields = resolve_inputs(
        inputs, grid=grid, months=sorted(checked_months(months)), fill_missing=fill_missing
    )
    cells = cells_of(fields)
    maker = ColumnMaker(
        cells, table=table, solar_constant=solar_constant, delta_scale_clouds=delta_scale_clouds
    )
    run = _Run(cells, table, maker, sky=sky, jobs=jobs)
    wanted = float(DEFAULT_PHOTONS if photons is None else photons)
    if stderr_target is not None:
        wanted = run.photons_for(stderr_target, seed=seed)
    chosen = np.flatnonzero(cells.complete)
    results = run.solve(chosen, photons=wanted, seed=seed, progress=progress)
    settings: dict[str, int | float | str] = {
        "seed": int(seed),
        "photons": run.mean_photons(chosen, wanted),
        "replicates": REPLICATES,
        "solar_constant": float(solar_constant),
        "gas_table": str(gas_table),
        "cloud_forward_peak": "cut off (delta scaling, f = g^2)" if delta_scale_clouds else "kept",
        "inputs": "\n".join(provenance(fields)),
        "missing_cells": cells.size - chosen.size,
    }
    return _dataset(fields, results, chosen, cells.size, settings)


class _Run:
    """Solves selections of cells block by block, on several threads."""

    def __init__(
        self, cells: Cells, table: GasTable, maker: ColumnMaker, *, sky: str, jobs: int | None
    ) -> None:
        self._cells = cells
        self._table = table
        self._maker = maker
        self._skies = _SKIES[sky]
        self._jobs = jobs or len(os.sched_getaffinity(0))

    def solve(
        self,
        chosen: NDArray[np.int64],
        *,
        photons: float,
        seed: int,
        clean: bool = True,
        progress: Progress | None = None,
    ) -> Results:
        """Means and standard errors of the chosen cells, name -> (chosen cell,)."""
        samples = self._samples(chosen, photons)
        clean_samples = samples_per_replicate(_CLEAN_SHARE * photons // 1 + 1, REPLICATES)
        effort = Effort(
            net=sobol_net(int(max(samples.max(initial=1), clean_samples)).bit_length() - 1),
            change_samples=samples,
            cloudy_samples=np.maximum((samples * _CLOUDY_SHARE).astype(np.int64), 1),
            clean_samples=np.full(chosen.size, clean_samples if clean else 0),
            replicates=REPLICATES,
            cloudy="" in self._skies,
            seed=seed_key(seed),
        )
        results: Results = {}

        def one_block(block: slice) -> tuple[slice, Results]:
            return block, self._block(chosen[block], effort, block)

        for done, (block, part) in enumerate(_in_parallel(one_block, chosen.size, self._jobs), 1):
            for name, values in part.items():
                results.setdefault(name, np.empty(chosen.size))[block] = values
            if progress is not None:
                progress(min(done * _CELLS_PER_BLOCK, chosen.size), chosen.size)
        return results

    def _block(self, chosen: NDArray[np.int64], effort: Effort, block: slice) -> Results:
        """Means and standard errors of one block of cells."""
        columns, water = self._maker.columns(chosen)
        sun = self._maker.sun(chosen)
        own_effort = effort._replace(
            change_samples=effort.change_samples[block],
            cloudy_samples=effort.cloudy_samples[block],
            clean_samples=effort.clean_samples[block],
        )
        estimates = np.zeros((chosen.size, INTEGRALS, REPLICATES, SCORES))
        solve(self._table, columns, sun, own_effort, 0, chosen.size, estimates)
        replicates: Replicates = {}
        skies = change_and_clean(estimates, columns.cloud_fraction.sum(axis=1))
        for sky in self._skies:
            change, clean = skies[sky]
            replicates |= forcing_replicates(change, sky)
            fluxes = flux_replicates(change, clean, sky)
            replicates |= {_CMIP_NAMES[k]: v for k, v in fluxes.items() if k in _CMIP_NAMES}
        constants = {"rsdt": insolation(sun), "precipitable_water": water}
        return means_and_errors(replicates) | constants

    def _samples(self, chosen: NDArray[np.int64], photons: float) -> NDArray[np.int64]:
        """Samples per replicate: in proportion to the AOD, the nearest power of two, (cell,).

        The error of a cell grows about in proportion to its AOD; sharing out by it gives the least
        rms error for the same effort. The share does not depend on the other cells, so that a
        month is the same whichever others are run.
        """
        share = np.maximum(self._cells.fields["aod"][chosen] / _AOD_OF_PHOTONS, _LEAST_SHARE)
        exponent = np.rint(np.log2(np.maximum(photons / REPLICATES * share, 1.0)))
        return 2 ** np.clip(exponent, 0, 26).astype(np.int64)

    def mean_photons(self, chosen: NDArray[np.int64], photons: float) -> float:
        """Samples of the clear-sky forcing per cell, averaged over the chosen cells."""
        if chosen.size == 0:
            return 0.0
        return float(REPLICATES * self._samples(chosen, photons).mean())

    def photons_for(self, stderr_target: float, *, seed: int) -> float:
        """Photons that reach a rms standard error of forcing_toa, from a pilot run.

        The pilot has random numbers of its own, so that the run's estimate does not depend on
        which of them suggested its length. The error falls at least as 1 / sqrt(photons).
        """
        complete = np.flatnonzero(self._cells.complete)
        step = max(1, complete.size // _PILOT_CELLS)
        pilot = self.solve(
            complete[::step], photons=DEFAULT_PHOTONS, seed=seed ^ 0x5EED, clean=False
        )
        errors = pilot[f"forcing_toa{self._skies[0]}_stderr"]
        rms = np.sqrt((errors**2).mean()) if errors.size else 0.0
        return DEFAULT_PHOTONS * max((rms / stderr_target) ** 2, 2.0**-6)


def _in_parallel(
    one_block: Callable[[slice], tuple[slice, Results]], size: int, jobs: int
) -> Iterator[tuple[slice, Results]]:
    """Results of all blocks as they are done; an interruption ends with the blocks under way."""
    starts = range(0, size, _CELLS_PER_BLOCK)
    blocks = (slice(start, min(start + _CELLS_PER_BLOCK, size)) for start in starts)
    with ThreadPoolExecutor(jobs) as pool:
        pending: set[Future[tuple[slice, Results]]] = set()
        for block in blocks:
            pending.add(pool.submit(one_block, block))
            if len(pending) > 2 * jobs:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def _dataset(
    fields: xr.Dataset,
    results: Results,
    chosen: NDArray[np.int64],
    size: int,
    settings: dict[str, int | float | str],
) -> xr.Dataset:
    """The results as maps over (time, lat, lon), missing where cells were incomplete."""
    grid = grid_of(fields)
    shape = (fields.sizes["month"], fields.sizes["lat"], fields.sizes["lon"])
    dims = ("time", "lat", "lon")
    maps = {}
    for name, values in results.items():
        field = np.full(size, np.nan)
        field[chosen] = values
        maps[name] = (dims, field.reshape(shape))
    for name in AEROSOL:
        maps[name] = (dims, fields[name].transpose("month", "lat", "lon").values)
    time = climatological_time(fields["month"].values)
    dataset = xr.Dataset(maps, coords={"lat": grid["lat"], "lon": grid["lon"]}, attrs=settings)
    bounds = {name: grid[name] for name in ("lat_bnds", "lon_bnds")}
    return stamp(dataset.assign_coords(time.coords).merge(time).assign(bounds))


def _check_settings(
    stderr_target: float | None, photons: int | None, sky: str, jobs: int | None
) -> None:
    if stderr_target is not None and photons is not None:
        raise InputError("photons and stderr_target both set the precision; give one of them.")
    if stderr_target is not None:
        check_between("stderr_target", stderr_target, 1e-4, 1e4)
    if photons is not None:
        samples_per_replicate(photons, REPLICATES)
    if sky not in _SKIES:
        raise InputError(f"sky={sky!r} is not allowed; give 'both', 'all' or 'clear'.")
    if jobs is not None and (jobs < 1 or int(jobs) != jobs):
        raise InputError(f"jobs={jobs!r} is not allowed; give a whole number of at least 1.")
