"""Maps of fluxes and forcing: every cell of a grid, or every point, by the solver."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xarray as xr

from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import suggest_keywords
from aeroforcing.inputs.builtin.observed import DEFAULT_AEROSOL
from aeroforcing.inputs.by_chunk import checked
from aeroforcing.maps.chunk import Settings
from aeroforcing.maps.run import ForcingRun, as_dataset, empty_maps, prepared_run
from aeroforcing.optics.mixtures import DEFAULT_OPTICS
from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN
from aeroforcing.runs.chunks import CellCounter, Progress, processors
from aeroforcing.runs.threads import solve_in_threads


@suggest_keywords
def grid_forcing(
    inputs: xr.Dataset | str | os.PathLike[str] | None = None,
    *,
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
    optics: str = DEFAULT_OPTICS,
    aerosol: str = DEFAULT_AEROSOL,
    delta_scale_clouds: bool = False,
    ocean: str = DEFAULT_OCEAN,
    wind_speed: float | None = None,
    kernels: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Monthly maps of the forcing by all aerosol and of the fluxes, with standard errors.

    Parameters
    ----------
    inputs
        Dataset or netCDF file of inputs over `time`, `month` or neither, and over (lat, lon) or
        over points without a grid (one dimension, with their latitudes and longitudes); what it
        does not hold is built in. Temperature, specific humidity and surface pressure, and perhaps
        ozone and other gases, over a vertical dimension besides are the state of the atmosphere,
        in the names, units and orders of `columns_from`. None for the built-in inputs alone. With
        dask arrays in it the result is lazy: every chunk is one task, which makes the results of
        that part of the map.
    grid
        Grid to compute on, e.g. "T42" or "2x2.5"; None keeps that, or the points, of the inputs.
    times
        "months" for calendar months of a climatology, of which the inputs hold one year; "input"
        for the time steps of the inputs: a series of months, days or parts of a day, by the
        bounds of its time axis or else by its spacing (`time_steps.steps_of_series`). The sun is
        averaged over each step.
    months
        Calendar months, 1 to 12; each is averaged over all its days, of a 365-day year. Of time
        steps those that are in these months.
    stderr_target
        Standard error of `forcing_toa` to reach in each cell [W m-2], and with it the rms over the
        cells; excludes `photons`. A pilot run of a cell tells how many samples it needs, in clear
        sky and in cloud (`sample_sizes`). With both skies it holds for each of them.
    photons
        Samples of the clear-sky forcing in a cell of AOD 0.1; the others get theirs in proportion
        to their AOD, in powers of two. 128 by default. The cloudy states together get half as
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
    optics
        SSA and asymmetry parameter of aerosol species, those of the inputs (`aod_dust`, ...) and
        the built-in ones: "chung2012", the constants of the paper, or "merra2"
        (`mixtures`).
    aerosol
        The built-in aerosol: "observed", whose composition, absorption and stations observation
        supports, or "chung2012", with the constants of the paper (`observed`).
    delta_scale_clouds
        Cut off the forward peak of the clouds' phase function (`clouds.delta_scaled`): cloudy sky
        takes less than half the time, and the all-sky forcing of the built-in inputs at the top
        of the atmosphere comes out 0.08 W m-2 more negative.
    ocean
        Law of the albedo of open water, see `surface`: "taylor1996", "briegleb1986" or "jin2011",
        also without the years.
    wind_speed
        Of "jin2011": at 10 m, 0 to 50, everywhere [m s-1]. Without it the inputs must hold a field
        of the name or CF standard name wind_speed (also `sfcWind` or `si10`), not on levels; cells
        with open water where it is missing are missing in the result.
    kernels
        Give the derivatives of the forcing with respect to the inputs too, as
        `transport.estimates` lists them: `kernel_<quantity>_<level>`, each with `_cs` for clear sky
        and with `_stderr`. Cloudy states are then drawn otherwise: the all-sky results differ
        within their errors.
    jobs
        Threads; all processors by default. They do not change the result.
    progress
        Called with (cells done, cells in all); True shows a bar, or lines in a log.

    Returns
    -------
    xarray.Dataset
        Over (time, lat, lon), or (time, cell): `forcing_toa, forcing_atmosphere, forcing_surface`,
        fluxes by their CMIP names (`rsdt rsut rsds rsus`, with `af` for aerosol-free), both also
        for clear sky (`_cs`, `cs`), each with `<name>_stderr` [W m-2]; the inputs `aod ssa
        asymmetry angstrom coalbedo_angstrom`, and `precipitable_water` [kg m-2]. Polar night is 0.
        The attributes hold the settings and what the inputs are; a lazy result does not say what
        is missing.

    Raises
    ------
    InputError
        The inputs or a setting cannot be used.
    """
    settings = Settings(
        grid=grid, times=times, months=months, stderr_target=stderr_target, photons=photons,
        seed=seed, sky=sky, solar_constant=solar_constant, gas_table=gas_table,
        fill_missing=fill_missing, optics=optics, aerosol=aerosol,
        delta_scale_clouds=delta_scale_clouds, ocean=ocean, wind_speed=wind_speed, kernels=kernels,
    )  # fmt: skip
    return solved(prepared_run(inputs, settings, jobs=jobs), jobs=jobs, progress=progress)


def solved(run: ForcingRun, *, jobs: int | None, progress: Progress | None) -> xr.Dataset:
    """The result of a run: lazy for dask arrays, else in memory, by so many threads."""
    if run.inputs.is_chunked:
        from aeroforcing.maps.lazy import lazy_forcing

        return lazy_forcing(run)
    origins = checked(run.inputs)
    maps = empty_maps(run)
    complete = samples = 0
    planes = run.settings.planes()
    counter = CellCounter(run.layout.size, progress)
    chunks = solve_in_threads(
        run.chunks(), solver=run.solver, jobs=jobs or processors(), done=counter
    )
    for chunk, result in chunks:
        place: tuple[Any, ...] = (..., chunk.steps, *run.layout.place_of(chunk).values())
        for name, field in maps.items():
            field[place] = result.values[planes[name]].reshape(field[place].shape)
        complete, samples = complete + result.complete, samples + result.samples
    attributes = run.attributes(complete=complete, samples=samples, inputs=origins)
    return as_dataset(maps, run, attributes)
