"""The columns that every solver of the comparison gets, and how its cost is told.

They are columns of the built-in map in July, 30 layers over land and sea with seven cloud states,
in which only the AOD is set. Solvers that know one zenith angle at a time get the middle day of the
month at Gauss-Legendre nodes of its daylight.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import nnls

from aeroforcing.core.compiled import compiled
from aeroforcing.core.constants import LONGEST_PERIOD, SOLAR_CONSTANT
from aeroforcing.grids.domain import Layout
from aeroforcing.grids.time_steps import calendar_months
from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.maps.cells import ColumnMaker, cells_of
from aeroforcing.maps.chunk import SKY_SUFFIXES, ChunkSolver, Settings
from aeroforcing.optics.gas_table import GasTable, load_gas_table
from aeroforcing.optics.sun import Sun, fill_days
from aeroforcing.optics.surface_albedo import open_water_albedo_direct
from aeroforcing.runs.chunks import Results
from aeroforcing.transport.column_optics import (
    Columns,
    Optics,
    fill_albedos,
    fill_optics,
    make_optics,
)
from aeroforcing.transport.medium import add_cloud

Floats = NDArray[np.float64]

MONTH = 7
HOURS = 8  # Gauss-Legendre nodes from noon to sunset
LEVELS = ("toa", "atmosphere", "surface")
CLEAR, ALL_SKY = "clear", "all"
_MOST_POLEWARD = 60.0  # degrees; farther on a day of the month does not stand for the month


@dataclass(frozen=True)
class Case:
    """Some columns of the built-in map with one AOD in all of them."""

    aod: float
    fields: xr.Dataset
    chosen: NDArray[np.int64]
    table: GasTable
    columns: Columns
    sun: Sun

    @property
    def size(self) -> int:
        """Number of columns."""
        return self.chosen.size

    def solver(self, *, photons: float, sky: str, gas_table: str = "g112") -> ChunkSolver:
        """The solver of the maps, for these columns."""
        layout = Layout(calendar_months([MONTH]), self.fields[["lat", "lon"]])
        settings = Settings(
            photons=photons,
            seed=1,
            sky=sky,
            solar_constant=SOLAR_CONSTANT,
            gas_table=gas_table,
            delta_scale_clouds=False,
        )
        return ChunkSolver(
            self.fields, layout=layout, chunk=layout.whole, settings=settings, chosen=self.chosen
        )


def make_case(*, aod: float, count: int, gas_table: str = "g112", seed: int = 5) -> Case:
    """Columns drawn from the built-in T42 map, by area and equatorward of 60 degrees."""
    fields = builtin_inputs("T42", months=[MONTH])
    fields["aod"] = xr.full_like(fields["aod"], aod)
    cells = cells_of(fields)
    area = np.cos(np.radians(cells.latitude)) * (np.abs(cells.latitude) < _MOST_POLEWARD)
    chosen = np.random.default_rng(seed).choice(
        cells.size, count, replace=False, p=area / area.sum()
    )
    table = load_gas_table(gas_table)
    maker = ColumnMaker(cells, table=table, solar_constant=SOLAR_CONSTANT, delta_scale_clouds=False)
    return Case(aod, fields, chosen, table, maker.columns(chosen)[0], maker.sun(chosen))


@dataclass(frozen=True)
class Sunlight:
    """Hours of a day: cosines of the zenith angle and the flux that each stands for [W m-2]."""

    cos_zenith: Floats  # (hour,)
    flux: Floats  # (hour,)


def daylight(sun: Sun, cell: int, *, hours: int = HOURS) -> Sunlight:
    """The hours of the middle day of the month, from noon to sunset."""
    days = np.zeros((LONGEST_PERIOD, 4))
    height, swing, sunset, flux = days[fill_days(sun, cell, days) // 2]
    nodes, weights = np.polynomial.legendre.leggauss(hours)
    cosines = height + swing * np.cos(sunset * 0.5 * (1.0 + nodes))
    return Sunlight(cosines, 0.5 * weights * flux * cosines)


def column_optics(case: Case, cell: int) -> Optics:
    """Gas optics, media and albedos of one column at all g-points."""
    n_layers, n_bands = case.columns.temperature_layers.shape[1], len(case.table.band_limits_g)
    optics = make_optics(n_layers, case.table.g_band.size, 0, n_bands)
    fill_optics(case.table, case.columns, cell, 0.5, optics)
    fill_albedos(case.columns, cell, optics.albedo_diffuse, optics.albedo_direct)
    return optics


@compiled
def cloudy_media(g_band, media, depth, extinction, ssa, asymmetry, cloudy):
    """Write to `cloudy` the media (g, level, ...) with the layers of one cloud state added."""
    for g in range(g_band.size):
        band = g_band[g]
        add_cloud(media[g], depth, extinction[band], ssa[band], asymmetry[band], cloudy[g])


def skies_of(case: Case, cell: int, media: Floats, sky: str) -> list[tuple[float, Floats]]:
    """Share and media of the cloud-free sky and, for all-sky, of each cloud state."""
    if sky == CLEAR:
        return [(1.0, media)]
    columns = case.columns
    fractions = columns.cloud_fraction[cell]
    skies = [(1.0 - float(fractions.sum()), media)]
    for state in np.flatnonzero(fractions):
        cloudy = np.zeros_like(media)
        optics = columns.cloud_extinction, columns.cloud_ssa, columns.cloud_asymmetry
        shared = (array[0, state] for array in optics)
        cloudy_media(case.table.g_band, media, columns.cloud_depth[cell, state], *shared, cloudy)
        skies.append((float(fractions[state]), cloudy))
    return skies


def beam_albedo(case: Case, cell: int, direct: Floats, cosines: Floats) -> Floats:
    """Albedo of the surface for the sun's beam, (hour, g)."""
    water = [case.columns.open_water[cell] * open_water_albedo_direct(mu) for mu in cosines]
    return direct[case.table.g_band][None, :] + np.array(water)[:, None]


def cpu_seconds(action: Callable[[], Any], *, repeats: int = 1) -> tuple[float, Any]:
    """Median processor time of an action over all its threads [s], and its last result."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = action()
        times.append(time.process_time() - start)
    return float(np.median(times)), result


@dataclass(frozen=True)
class ErrorLaw:
    """Cost and standard error of the columns of a case, from runs with several sample numbers.

    The error falls as a power of the number of samples, and the cost is linear in it.
    """

    photons: Floats  # (run,)
    milliseconds: Floats  # (run,) per column
    stderr: Floats  # (run, level) rms over the columns [W m-2]

    def worst(self) -> Floats:
        """Standard error of the worst of the three levels, (run,) [W m-2]."""
        return self.stderr.max(axis=1)

    @property
    def exponent(self) -> float:
        """The power of the number of samples with which the error falls."""
        return -float(np.polyfit(np.log(self.photons), np.log(self.worst()), 1)[0])

    def milliseconds_at(self, stderr: float) -> float:
        """Cost per column of a standard error, but never less than that of one sample [ms]."""
        slope, intercept = np.polyfit(np.log(self.photons), np.log(self.worst()), 1)
        photons = max(np.exp((np.log(stderr) - intercept) / slope), 1.0)
        # of relative errors; neither part can be negative, whatever a busy machine measures
        parts = np.column_stack([np.ones_like(self.photons), self.photons])
        (set_up, per_photon), _ = nnls(
            parts / self.milliseconds[:, None], np.ones_like(self.photons)
        )
        return float(set_up + per_photon * photons)


def error_law(case: Case, *, sky: str, photons: Iterable[int]) -> ErrorLaw:
    """Measure the solver of the maps on the columns of a case, on one thread."""
    chosen = list(photons)
    whole = slice(0, case.size)
    case.solver(photons=8, sky=sky).solve(whole)  # compile
    times, errors = [], []
    for number in chosen:
        solver = case.solver(photons=number, sky=sky)
        duration, results = cpu_seconds(lambda solver=solver: solver.solve(whole))
        times.append(1e3 * duration / case.size)
        errors.append(rms_stderr(results, sky))
    return ErrorLaw(np.array(chosen, dtype=float), np.array(times), np.array(errors))


def rms_stderr(results: Results, sky: str) -> list[float]:
    """Root mean square over the columns of each level's standard error [W m-2]."""
    suffix = SKY_SUFFIXES[sky][0]
    names = (f"forcing_{level}{suffix}_stderr" for level in LEVELS)
    return [float(np.sqrt((results[name] ** 2).mean())) for name in names]


def exact_forcing(case: Case, *, sky: str, photons: int) -> Floats:
    """Forcing of the columns with many samples, (column, level) [W m-2]."""
    results = case.solver(photons=photons, sky=sky).solve(slice(0, case.size))
    suffix = SKY_SUFFIXES[sky][0]
    return np.stack([results[f"forcing_{level}{suffix}"] for level in LEVELS], axis=1)


def machine() -> str:
    """The machine and the versions that the numbers belong to."""
    names = "numpy", "numba", "nanodisort", "jax", "jax-rrtmgp", "atmorad"
    versions = [f"{name} {_version(name)}" for name in names if _version(name)]
    processor = _processor()
    return (
        f"{processor}, {os.cpu_count()} processors, {platform.system()}, "
        f"Python {platform.python_version()}, aeroforcing {_version('aeroforcing') or 'checkout'}, "
        + ", ".join(versions)
    )


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    """Model name of the processor where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(li.split(":")[1].strip() for li in lines if li.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; numbers with three significant digits."""
    lines = [markdown_line(header), markdown_line(["---"] * len(header))]
    return "\n".join([*lines, *(markdown_line(row) for row in rows)])


def markdown_line(cells: Sequence[object]) -> str:
    """One row of a table."""
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)
