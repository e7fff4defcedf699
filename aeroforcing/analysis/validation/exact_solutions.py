"""The solver beside exact solutions, on the user's own machine: `aeroforcing validate`.

Three sets of cases, each beside what a two-stream scheme gives (two_stream.py):

- layers at one wavelength against discrete ordinates with 64 streams, known to 8 digits;
- forcings of AFGL columns against discrete ordinates with 32 streams at the 224 g-points of RRTMGP;
  112 g-points, as here, move forcings by up to 0.15 W m-2;
- the AeroCom radiative transfer experiment, line-by-line (Randles et al. 2013,
  doi:10.5194/acp-13-2347-2013), printed to 0.1 W m-2; gas optics by k-distribution move its
  forcings by up to 0.6 W m-2 or 3.5 %.

These limits are the references' tolerances. A number agrees if it deviates by no more than the
tolerance and four of its standard errors; z is the deviation in units of the standard error and the
tolerance over the root of 3 (the standard deviation of a number within such limits), together.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from math import cos, hypot, radians, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from aeroforcing.analysis.validation.aerocom import aerocom_column, published_cases
from aeroforcing.analysis.validation.two_stream import clear_layers, two_stream, two_stream_forcing
from aeroforcing.core import resources
from aeroforcing.core.errors import suggest_keywords
from aeroforcing.core.variables import STDERR_SUFFIX
from aeroforcing.forcing.column import column_fluxes
from aeroforcing.forcing.layers import layer_fluxes, layer_medium
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.runs.chunks import Progress
from aeroforcing.runs.progress import shown

STANDARD_ERRORS = 4.0  # of fifty deviations one is larger by chance in 3 of 1000 runs

_LAYERS = {
    "tau_gas": "tau_gas",
    "tau_rayleigh": "tau_rayleigh",
    "tau_aerosol": "tau_aerosol",
    "ssa": "ssa_aerosol",
    "asymmetry": "asymmetry_aerosol",
}
_QUANTITIES = {
    "flux_up_toa": "up, top",
    "flux_down_surface": "down, surface",
    "forcing_toa": "forcing, top",
    "forcing_surface": "forcing, surface",
}
_LAST_DIGIT = 1e-8
_OF_112_G_POINTS = 0.15  # W m-2


class Comparison(NamedTuple):
    """One number of the solver beside its reference."""

    case: str
    quantity: str
    units: str
    estimate: float
    stderr: float
    reference: float
    tolerance: float  # of the reference
    two_stream: float

    @property
    def z(self) -> float:
        """Deviation from the reference in units of the uncertainty of both."""
        return (self.estimate - self.reference) / hypot(self.stderr, self.tolerance / sqrt(3.0))

    @property
    def agrees(self) -> bool:
        """Whether the deviation is within what the reference and chance allow."""
        allowed = self.tolerance + STANDARD_ERRORS * self.stderr
        return abs(self.estimate - self.reference) <= allowed


class _Settings(NamedTuple):
    photons: int
    seed: int
    gas_table: str | Path


Row = Mapping[str, str]


@suggest_keywords
def run_benchmarks(
    *,
    photons: int = 2**17,
    seed: int = 0,
    gas_table: str | Path = "g112",
    progress: Progress | None = None,
) -> list[Comparison]:
    """Solve all benchmark cases.

    Parameters
    ----------
    photons
        Samples of each case, rounded up to 64 x a power of two. The default gives standard errors
        of at most 0.001 of the incident flux and 0.05 W m-2.
    seed
        Root of the random numbers.
    gas_table
        "g112", or the path of an RRTMGP shortwave table.
    progress
        Called with (cases done, cases in all); True shows a bar, or lines in a log.

    Returns
    -------
    list of Comparison
        Two for each case; `as_text` makes a table of them.

    Raises
    ------
    InputError
        A setting is not allowed.
    """
    settings = _Settings(photons, seed, gas_table)
    work: list[tuple[Callable[[Row, _Settings], list[Comparison]], Row]] = [
        *((_layers, row) for row in _rows("exact_layers.csv")),
        *((_discrete_ordinates, row) for row in _rows("exact_columns.csv")),
        *((_aerocom, row) for row in published_cases()),
    ]
    report = shown(progress, "benchmarks")
    found: list[Comparison] = []
    for done, (compare, row) in enumerate(work, 1):
        found += compare(row, settings)
        if report is not None:
            report(done, len(work))
    return found


def _rows(name: str) -> list[Row]:
    """The rows of a table of the package, without its comments."""
    with resources.path(name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(line for line in stream if not line.startswith("#")))


def _layers(row: Row, settings: _Settings) -> list[Comparison]:
    """Layers at one wavelength."""
    layers = {own: np.array(row[name].split(";"), dtype=float) for name, own in _LAYERS.items()}
    albedo, cosine = float(row["surface_albedo"]), float(row["cos_zenith"])
    found = layer_fluxes(
        **layers,
        surface_albedo=albedo,
        cos_zenith=cosine,
        photons=settings.photons,
        seed=settings.seed,
    )
    ends = two_stream(
        clear_layers(layer_medium(**layers), with_aerosol=True),
        cos_zenith=cosine,
        direct=np.array(albedo),
        diffuse=np.array(albedo),
    )
    approximate = {"flux_up_toa": ends.toa_up, "flux_down_surface": ends.surface_down}
    case = f"layers: {_contents(row)}, albedo {albedo:g}, mu0 {cosine:g}"
    return _comparisons(case, "1", found, row, approximate, lambda reference: _LAST_DIGIT)


def _contents(row: Row) -> str:
    """What scatters and absorbs in the layers, such as "air 0.15/0.1, gas 0/0.05"."""
    depths = {"air": "tau_rayleigh", "gas": "tau_gas", "aerosol": "tau_aerosol"}
    texts = {kind: _brief(row[name]) for kind, name in depths.items()}
    parts = [f"{kind} {text}" for kind, text in texts.items() if text != "0"]
    return ", ".join([*parts, f"SSA {_brief(row['ssa'])}"] if texts["aerosol"] != "0" else parts)


def _brief(values: str) -> str:
    return "/".join(f"{float(value):g}" for value in values.split(";"))


def _discrete_ordinates(row: Row, settings: _Settings) -> list[Comparison]:
    """A column against discrete ordinates at all g-points."""
    return _column("32 streams", row, settings, lambda reference: _OF_112_G_POINTS)


def _aerocom(row: Row, settings: _Settings) -> list[Comparison]:
    """A column against line-by-line models."""
    return _column(f"AeroCom {row['case']}", row, settings, _of_gas_optics)


def _of_gas_optics(forcing: float) -> float:
    """By how much gas optics by k-distribution may move a line-by-line forcing [W m-2]."""
    return max(0.6, 0.035 * abs(forcing))


def _column(
    source: str, row: Row, settings: _Settings, tolerance: Callable[[float], float]
) -> list[Comparison]:
    """A column of the AeroCom experiment against whatever solution."""
    zenith = float(row["solar_zenith_angle"])
    cosine = cos(radians(zenith))
    column = aerocom_column(row["atmosphere"], float(row["ssa"]))
    solar_constant = float(row["toa_incident"]) / cosine
    found = column_fluxes(
        column, cos_zenith=cosine, solar_constant=solar_constant, **settings._asdict()
    )
    approximate = two_stream_forcing(
        column,
        table=load_gas_table(settings.gas_table),
        cos_zenith=cosine,
        solar_constant=solar_constant,
    )
    case = f"{source}: {row['atmosphere'].replace('_', ' ')}, SSA {row['ssa']}, {zenith:g} degrees"
    return _comparisons(case, "W m-2", found, row, approximate, tolerance)


def _comparisons(
    case: str,
    units: str,
    found: xr.Dataset,
    row: Row,
    approximate: Mapping[str, float | np.ndarray],
    tolerance: Callable[[float], float],
) -> list[Comparison]:
    """What of a result is in the row, beside it."""
    return [
        Comparison(
            case,
            _QUANTITIES[name],
            units,
            float(found[name]),
            float(found[f"{name}{STDERR_SUFFIX}"]),
            float(row[name]),
            tolerance(float(row[name])),
            float(value),
        )
        for name, value in approximate.items()
        if name in row
    ]


def as_text(comparisons: Sequence[Comparison]) -> str:
    """A table of the comparisons, and the verdict below it."""
    width = max(len(c.case) for c in comparisons)
    heading = f"{'case':<{width}}  {'quantity':<16}{'aeroforcing':>19}{'reference':>19}{'z':>7}"
    lines = [f"{heading}{'two-stream':>13}"]
    for c in comparisons:
        digits = 4 if c.units == "1" else 2
        estimate = f"{c.estimate:.{digits}f} +- {c.stderr:.{digits}f}"
        reference = f"{c.reference:.{digits}f}"
        if c.tolerance > 0.5 * 10.0**-digits:
            reference += f" +- {c.tolerance:.{digits}f}"
        numbers = f"{estimate:>19}{reference:>19}{c.z:>7.2f}{c.two_stream:>13.{digits}f}"
        mark = "" if c.agrees else "  DIFFERS"
        lines.append(f"{c.case:<{width}}  {c.quantity:<16}{numbers}{mark}")
    return "\n".join([*lines, "", _verdict(comparisons)])


def _verdict(comparisons: Sequence[Comparison]) -> str:
    z = np.array([c.z for c in comparisons])
    wrong = sum(not c.agrees for c in comparisons)
    result = f"{wrong} of {z.size} DIFFER" if wrong else f"all {z.size} agree"
    forcings = [c for c in comparisons if c.quantity.startswith("forcing")]
    miss = {
        name: np.sqrt(np.mean([(getattr(c, name) - c.reference) ** 2 for c in forcings]))
        for name in ("estimate", "two_stream")
    }
    return (
        f"{result} (largest |z| {abs(z).max():.2f}). Forcings miss their "
        f"references by {miss['estimate']:.2f} W m-2 (rms), those of the two-stream scheme by "
        f"{miss['two_stream']:.2f}."
    )
