"""The AeroCom radiative transfer experiment: this solver beside line-by-line models.

Reference
---------
Randles, C. A., et al. (2013), Intercomparison of shortwave radiative transfer schemes in global
aerosol modeling, doi:10.5194/acp-13-2347-2013. Cases 2a and 2b: AOD 0.2 at 550 nm with Angstrom
exponent 1 and asymmetry parameter 0.7, uniform in the lowest 2 km, SSA 1 or 0.8, over a surface of
albedo 0.2, in a tropical and a subarctic winter atmosphere, with the sun 30 and 75 degrees from the
zenith. The benchmarks are the means of the line-by-line models.
"""

from __future__ import annotations

import csv
from math import cos, radians
from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.columns.aerosols import Aerosol
from aeroforcing.columns.atmosphere import standard_atmosphere
from aeroforcing.columns.column import Column
from aeroforcing.columns.vertical_profiles import UniformProfile
from aeroforcing.core import resources
from aeroforcing.core.errors import suggest_keywords
from aeroforcing.core.kernel_names import LEVELS
from aeroforcing.core.variables import STDERR_SUFFIX, stamp
from aeroforcing.forcing.column import column_fluxes

MODELS = ("aeroforcing", "line-by-line")
_FORCINGS = tuple(f"forcing_{level}" for level in LEVELS)
_DEFAULT_PHOTONS = 2**16


@suggest_keywords
def aerocom_experiment(
    *, photons: int = _DEFAULT_PHOTONS, seed: int = 0, gas_table: str | Path = "g112"
) -> xr.Dataset:
    """Solve the AeroCom radiative transfer experiment, cases 2a and 2b [1].

    Parameters
    ----------
    photons
        Samples of each case, rounded up to 64 x a power of two; the default gives standard errors
        of 0.05 W m-2 at most.
    seed
        Root of the random numbers.
    gas_table
        "g112", or the path of an RRTMGP shortwave table.

    Returns
    -------
    xarray.Dataset
        `forcing_toa, forcing_atmosphere, forcing_surface` at the instant over (case, model), where
        `model` is "aeroforcing" or "line-by-line", each with `<name>_stderr`, which is 0 for
        line-by-line [W m-2]; coordinates `ssa`, `atmosphere` and `solar_zenith_angle` [degrees]
        of the cases.

    Raises
    ------
    InputError
        A setting is not allowed.
    """
    cases = published_cases()
    solved = [_solved(case, photons=photons, seed=seed, gas_table=gas_table) for case in cases]
    known = [_benchmark(case) for case in cases]
    fields = {}
    for name in _FORCINGS:
        error = f"{name}{STDERR_SUFFIX}"
        pairs = [[float(own[name]), exact[name]] for own, exact in zip(solved, known, strict=True)]
        fields[name] = (("case", "model"), np.array(pairs))
        fields[error] = (("case", "model"), np.array([[float(own[error]), 0.0] for own in solved]))
    coordinates = {
        "model": list(MODELS),
        "case": [case["case"] for case in cases],
        "ssa": ("case", [float(case["ssa"]) for case in cases]),
        "atmosphere": ("case", [case["atmosphere"] for case in cases]),
        "solar_zenith_angle": ("case", [float(case["solar_zenith_angle"]) for case in cases]),
    }
    return stamp(xr.Dataset(fields, coordinates, {"photons": solved[0].attrs["photons"]}))


def published_cases() -> list[dict[str, str]]:
    """The rows of the experiment, with the line-by-line forcings [W m-2]."""
    with resources.path("aerocom_experiment.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _benchmark(case: dict[str, str]) -> dict[str, float]:
    """The forcings of the line-by-line models; in the atmosphere as the difference."""
    toa, surface = float(case["forcing_toa"]), float(case["forcing_surface"])
    return dict(zip(_FORCINGS, (toa, toa - surface, surface), strict=True))


def _solved(case: dict[str, str], *, photons: int, seed: int, gas_table: str | Path) -> xr.Dataset:
    """One case; the sun is as bright at the top as in the experiment."""
    cosine = cos(radians(float(case["solar_zenith_angle"])))
    return column_fluxes(
        aerocom_column(case["atmosphere"], float(case["ssa"])),
        cos_zenith=cosine,
        photons=photons,
        seed=seed,
        solar_constant=float(case["toa_incident"]) / cosine,
        gas_table=gas_table,
    )


def aerocom_column(atmosphere: str, ssa: float) -> Column:
    """The column of the experiment with an atmosphere by its name and an aerosol of an SSA."""
    aerosol = Aerosol(
        aod=0.2, ssa=ssa, asymmetry=0.7, angstrom=1.0, profile=UniformProfile(top=2000.0)
    )
    return Column(atmosphere=standard_atmosphere(atmosphere), aerosol=aerosol, surface_albedo=0.2)
