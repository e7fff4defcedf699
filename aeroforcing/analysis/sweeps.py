"""Sensitivity of one column's forcing to one or two of its properties (Chung 2012, Figures 1-5).

Every point of a sweep is the same column but for the swept properties, averaged over the year, and
all points share their random numbers: the noise of neighbouring points is nearly the same, so that
curves are smooth and differences, slopes and zeros are known better than the points themselves.

Reference
---------
Chung, C. E. (2012), Aerosol direct radiative forcing: a review, doi:10.5772/50248.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from aeroforcing.analysis.sweep_columns import (
    OF_CLOUDS,
    PARAMETERS,
    Point,
    aod_of,
    base_column,
    describe,
    water_cloud,
)
from aeroforcing.columns.column import Column, column_arrays
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_between
from aeroforcing.core.constants import DAYS_PER_MONTH, SOLAR_CONSTANT
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import STDERR_SUFFIX, VARIABLES, stamp
from aeroforcing.forcing.column import REPLICATES, solve_columns
from aeroforcing.optics.gas_table import GasTable, load_gas_table
from aeroforcing.optics.sun import sun_over_months
from aeroforcing.runs.chunks import Progress, processors
from aeroforcing.runs.progress import shown
from aeroforcing.transport.estimates import (
    Replicates,
    change_and_clean,
    forcing_replicates,
    means_and_errors,
    samples_per_replicate,
    seed_key,
)

DEFAULT_STDERR = 0.05  # W m-2
_PILOT_PHOTONS = 512
_MONTHS = np.arange(1, 13)
_WITH_CRITICAL_VALUE = ("ssa", "surface_albedo")


class _Solver(NamedTuple):
    """What the points of a sweep have in common."""

    table: GasTable
    solar_constant: float
    seed: int
    jobs: int | None


# ---- the sweep ----------------------------------------------------------------------------------


@suggest_keywords
def sweep(
    parameter: str | tuple[str, str],
    values: ArrayLike | tuple[ArrayLike, ArrayLike],
    *,
    column: Column | None = None,
    latitude: float = 21.0,
    photons: int | None = None,
    stderr_target: float | None = None,
    seed: int = 0,
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Annual mean forcing of a column as one or two of its properties vary.

    Parameters
    ----------
    parameter
        aod, ssa, asymmetry, angstrom, coalbedo_angstrom, surface_albedo, scale_height [m],
        latitude [degrees north], cloud_optical_depth or cloud_base [m; the thickness stays]; or two
        of them.
    values
        Increasing values of the parameter; two such sequences for two parameters.
    column
        The column that is varied; by default `base_column`, with a `water_cloud` where a property
        of clouds is swept. Properties of the aerosol can be swept where there is one `Aerosol` of
        numbers, those of clouds where there is one `Cloud`; a swept `surface_albedo` takes the
        place of any surface.
    latitude
        [degrees north]
    photons
        Samples for each point, month and sky, rounded up to 64 x a power of two.
    stderr_target
        Largest standard error of the annual means [W m-2], instead of `photons`; 0.05 where neither
        is given. All points get the samples that the worst needs.
    seed
        Root of the random numbers, which all points share on purpose.
    solar_constant
        Irradiance at 1 AU [W m-2].
    gas_table
        "g112", or the path of an RRTMGP shortwave table.
    jobs
        Threads; all processors by default. They do not change the result.
    progress
        Called with (points done, points in all); True shows a bar, or lines in a log.

    Returns
    -------
    xarray.Dataset
        Over the parameters: `forcing_toa, forcing_atmosphere, forcing_surface` (with clouds for
        all-sky, and with `_cs` for clear sky) and `forcing_efficiency_...`, the same per AOD,
        missing where that is 0 or not known at 550 nm [W m-2]; `critical_ssa` and
        `critical_surface_albedo` where these are swept, at which `forcing_toa` changes its sign,
        missing where it does not [1]; each with `<name>_stderr`. Attribute `base` tells the column
        in words.

    Raises
    ------
    InputError
        The parameter is unknown, or a value is outside its range.
    """
    axes = _checked_axes(parameter, values)
    base = Point(_base(axes) if column is None else column, float(latitude))
    check_between("latitude", latitude, -90.0, 90.0)
    check_between("solar_constant", solar_constant, 0.0, 1e5)
    seed_key(seed)
    points = _points(base, axes)
    solver = _Solver(load_gas_table(gas_table), float(solar_constant), seed, jobs)
    report = shown(progress, "sweep")
    if report is not None:
        report(0, len(points))
    samples = _samples(solver, points, photons, stderr_target)
    solved = _solve_all(solver, points, samples, report=report)
    shape = tuple(len(axis) for axis in axes.values())
    replicates = {
        name: np.stack([one[name] for one in solved]).reshape(*shape, REPLICATES)
        for name in solved[0]
    }
    aod = np.array([aod_of(point.column) for point in points]).reshape(shape)
    settings = {
        "base": describe(base, without=axes),
        "seed": int(seed),
        "photons": REPLICATES * samples,
        "solar_constant": float(solar_constant),
        "gas_table": str(gas_table),
    }
    return _dataset(axes, replicates, aod, settings)


def _checked_axes(parameter: str | tuple[str, str], values: Any) -> dict[str, Floats]:
    """The swept values by parameter."""
    several = not isinstance(parameter, str)
    names = list(parameter) if several else [str(parameter)]
    sequences = list(values) if several else [values]
    if len(names) not in (1, 2) or len(set(names)) < len(names) or len(names) != len(sequences):
        raise InputError(
            f"parameter={parameter!r} with {len(sequences)} sequences of values is not allowed; "
            "give one parameter and its values, or two different ones and two sequences."
        )
    return {name: _checked_values(name, axis) for name, axis in zip(names, sequences, strict=True)}


def _checked_values(name: str, values: ArrayLike) -> Floats:
    if name not in PARAMETERS:
        raise InputError(f"{name!r} cannot be swept; known are {', '.join(PARAMETERS)}.")
    axis = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if axis.ndim != 1 or axis.size == 0 or not (np.diff(axis) > 0).all():
        raise InputError(f"The values of {name} must increase from each to the next, not {axis}.")
    return axis


def _base(axes: Mapping[str, Floats]) -> Column:
    return base_column(clouds=(water_cloud(),) if OF_CLOUDS & set(axes) else ())


def _points(base: Point, axes: Mapping[str, Floats]) -> list[Point]:
    """All points, the last parameter varying fastest."""
    points = []
    for values in itertools.product(*axes.values()):
        point = base
        for name, value in zip(axes, values, strict=True):
            point = PARAMETERS[name](point, float(value))
        points.append(point)
    return points


def _samples(
    solver: _Solver, points: Sequence[Point], photons: int | None, stderr_target: float | None
) -> int:
    """Samples per replicate, a power of two: the same for all points, so that curves are smooth."""
    if photons is not None and stderr_target is not None:
        raise InputError("photons and stderr_target both set the precision; give one of them.")
    if photons is None:
        target = DEFAULT_STDERR if stderr_target is None else stderr_target
        check_between("stderr_target", target, 1e-4, 1e4)
        return _samples_for(target, solver, points)
    return samples_per_replicate(photons, REPLICATES)


def _samples_for(target: float, solver: _Solver, points: Sequence[Point]) -> int:
    """Samples per replicate that reach a standard error [W m-2], from two pilot runs.

    Errors fall as 1 / sqrt(photons) or faster, so that a first, short run may ask for too much; the
    second has a sixteenth of what the first asks for. The pilots have random numbers of their own,
    so that the result does not depend on which of them suggested its length.
    """
    pilot = solver._replace(seed=solver.seed ^ 0x5EED)
    photons = float(_PILOT_PHOTONS)
    for share in (1 / 16, 1.0):
        samples = samples_per_replicate(np.ceil(photons), REPLICATES)
        error = _largest_error(_solve_all(pilot, points, samples))
        photons = max(REPLICATES * samples * share * (error / target) ** 2, _PILOT_PHOTONS)
    return samples_per_replicate(np.ceil(photons), REPLICATES)


def _largest_error(solved: Sequence[Replicates]) -> float:
    """The largest standard error of all points and variables [W m-2]."""
    estimates = (means_and_errors(replicates) for replicates in solved)
    return max(
        float(value)
        for of_point in estimates
        for name, value in of_point.items()
        if name.endswith(STDERR_SUFFIX)
    )


def _solve_all(
    solver: _Solver,
    points: Sequence[Point],
    samples: int,
    *,
    report: Callable[[int, int], None] | None = None,
) -> list[Replicates]:
    """Replicates of the annual means of every point, on several threads."""
    cloudy = any(point.column.clouds for point in points)
    results = []
    with ThreadPoolExecutor(solver.jobs or processors()) as pool:
        tasks = [pool.submit(_annual_means, solver, point, samples, cloudy) for point in points]
        try:
            for done, task in enumerate(tasks, 1):
                results.append(task.result())
                if report is not None:
                    report(done, len(tasks))
        finally:
            pool.shutdown(cancel_futures=True)
    return results


def _annual_means(solver: _Solver, point: Point, samples: int, cloudy: bool) -> Replicates:
    """Replicates of the annual means of one point, name -> (replicate,).

    Its months are keyed by their numbers alone: all points have the same random numbers.
    """
    columns = column_arrays([point.column] * 12, table=solver.table, cell_id=_MONTHS)
    sun = sun_over_months(
        latitude=point.latitude, month=_MONTHS, solar_constant=solver.solar_constant
    )
    estimates = solve_columns(
        solver.table, columns, sun, samples=samples, clean=False, seed=solver.seed
    )
    skies = change_and_clean(estimates, columns.cloud_fraction.sum(axis=1))
    replicates: Replicates = {}
    for sky in ("", "_cs") if cloudy else ("",):
        replicates |= forcing_replicates(skies[sky][0], sky)
    weights = np.array(DAYS_PER_MONTH) / sum(DAYS_PER_MONTH)
    return {name: weights @ monthly for name, monthly in replicates.items()}


# ---- the result ---------------------------------------------------------------------------------


def _dataset(
    axes: Mapping[str, Floats], replicates: Replicates, aod: Floats, settings: dict[str, Any]
) -> xr.Dataset:
    """Means and errors over the parameters, with what derives from them."""
    dims = tuple(axes)
    means = means_and_errors(replicates | _efficiencies(replicates, aod))
    dataset = xr.Dataset(
        {name: (dims, value) for name, value in means.items()},
        coords={name: (name, axis) for name, axis in axes.items()},
        attrs=settings,
    )
    for name in (name for name in dims if name in _WITH_CRITICAL_VALUE):
        others = tuple(dim for dim in dims if dim != name)
        top = np.moveaxis(replicates["forcing_toa"], dims.index(name), -2)
        zeros = np.array([zero_of(axes[name], line) for line in top.reshape(-1, *top.shape[-2:])])
        for suffix, value in zip(("", STDERR_SUFFIX), zeros.T, strict=True):
            dataset[f"critical_{name}{suffix}"] = (others, value.reshape(top.shape[:-2]))
    result = stamp(dataset)
    if "latitude" in result:
        result["latitude"].attrs = VARIABLES["lat"].attributes
    return result


def _efficiencies(replicates: Replicates, aod: Floats) -> Replicates:
    """Forcing per AOD; not a number where there is no aerosol."""
    depth = np.where(aod > 0.0, aod, np.nan)[..., np.newaxis]
    return {
        name.replace("forcing_", "forcing_efficiency_"): values / depth
        for name, values in replicates.items()
    }


def zero_of(x: Floats, replicates: Floats) -> tuple[float, float]:
    """Where a sampled function changes its sign, by linear interpolation, and its standard error.

    The error is that of the function at its zero, which the replicates tell with the correlation of
    neighbouring points, over the slope.

    Parameters
    ----------
    x
        (point,) increasing.
    replicates
        (point, replicate) of the function.

    Returns
    -------
    The first zero and its standard error; NaN and NaN if the sign does not change.
    """
    mean = replicates.mean(axis=-1)
    # a point may be the zero itself
    changes = np.flatnonzero((mean[:-1] * mean[1:] <= 0.0) & (mean[:-1] != mean[1:]))
    if changes.size == 0:
        return np.nan, np.nan
    i = int(changes[0])
    share = mean[i] / (mean[i] - mean[i + 1])
    at_zero = (1.0 - share) * replicates[i] + share * replicates[i + 1]
    error = at_zero.std(ddof=1) / np.sqrt(at_zero.size)
    slope = (mean[i + 1] - mean[i]) / (x[i + 1] - x[i])
    return float(x[i] + share * (x[i + 1] - x[i])), float(error / abs(slope))
