"""A run beside the shortwave energy budget that satellites see, in four regions.

CERES EBAF Edition 4.1 (Loeb et al. 2018, doi:10.1175/JCLI-D-17-0208.1; Kato et al. 2018,
doi:10.1175/JCLI-D-17-0523.1), annual means of 2003-2018 (reflected by the surface: 2001-2014),
from the archive of results of the PCMDI metrics package (BSD-3-Clause; `energy_budget.csv`). A run
is for the clouds and the aerosol of a climatology and other years, so that it need not agree better
than the limits here, which are what the built-in inputs are held to.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import xarray as xr

from aeroforcing.core import resources
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import STDERR_SUFFIX
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.means import annual_mean

REGIONS: Mapping[str, tuple[float, float]] = {
    "global": (-90.0, 90.0),
    "30-90N": (30.0, 90.0),
    "90-30S": (-90.0, -30.0),
    "30S-30N": (-30.0, 30.0),
}  # degrees_north
CLOUD_EFFECT = "rstcre"
IN_WORDS: Mapping[str, str] = {
    "rsdt": "incoming at the top",
    "rsut": "reflected at the top",
    "rsutcs": "reflected at the top, clear sky",
    CLOUD_EFFECT: "cloud effect at the top",
    "rsds": "down at the surface",
    "rsdscs": "down at the surface, clear sky",
    "rsus": "up at the surface",
    "rsuscs": "up at the surface, clear sky",
}

# How far a mean may be from CERES's [W m-2]: of the globe, and of a region.
LIMITS: Mapping[str, tuple[float, float]] = {
    "rsdt": (0.5, 1.0),
    "rsut": (2.0, 5.0),
    "rsutcs": (2.0, 5.0),
    CLOUD_EFFECT: (2.5, 3.5),
    **dict.fromkeys(("rsds", "rsdscs", "rsus", "rsuscs"), (4.0, 4.0)),
}
_MONTHS = 12


class Comparison(NamedTuple):
    """An annual mean of a run beside CERES's [W m-2]."""

    variable: str
    region: str
    value: float
    stderr: float
    observed: float
    limit: float

    @property
    def difference(self) -> float:
        """Run minus CERES [W m-2]."""
        return self.value - self.observed

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the limit and two standard errors."""
        return abs(self.difference) <= self.limit + 2.0 * self.stderr

    @property
    def verdict(self) -> str:
        """In words."""
        if self.agrees:
            return "agrees"
        return "too much" if abs(self.value) > abs(self.observed) else "too little"


def compare_energy_budget(forcing: xr.Dataset, *, source: str = "the run") -> list[Comparison]:
    """Annual means of a run beside CERES EBAF, in four regions.

    Parameters
    ----------
    forcing
        Result of `grid_forcing` for all twelve months on a global grid, with both skies: the fluxes
        `rsdt`, `rsut`, `rsutcs`, `rsds`, `rsdscs`, `rsus` and `rsuscs` [W m-2], perhaps with
        `<name>_stderr`.
    source
        What it is, for the messages.

    Returns
    -------
    list of Comparison
        By variable and region. The cloud effect `rstcre` is rsutcs - rsut. Regions end inside of
        cells, which count with their share. Standard errors are those of independent cells and
        months.

    Raises
    ------
    InputError
        Fluxes or months are missing, or the grid does not cover the globe.

    Examples
    --------
    >>> import aeroforcing as af
    >>> from aeroforcing.analysis.validation.energy_budget import compare_energy_budget
    >>> run = af.grid_forcing(grid="30x60", photons=8)  # doctest: +SKIP
    >>> [c.verdict for c in compare_energy_budget(run)]  # doctest: +SKIP
    """
    yearly = _yearly(forcing, source)
    observed = _observed()
    shares = _shares(grid_of(yearly))
    return [
        Comparison(name, region, *_mean(yearly, name, shares[region]), value, _limit(name, region))
        for (name, region), value in observed.items()
    ]


def _limit(name: str, region: str) -> float:
    return LIMITS[name][0 if region == "global" else 1]


@cache
def _observed() -> dict[tuple[str, str], float]:
    """Variable and region -> annual mean [W m-2]."""
    with resources.path("energy_budget.csv").open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        return {(row["variable"], row["region"]): float(row["annual"]) for row in rows}


def _yearly(forcing: xr.Dataset, source: str) -> xr.Dataset:
    """Annual means of the fluxes and of their standard errors on the grid."""
    needed = [name for name in IN_WORDS if name != CLOUD_EFFECT]
    absent = [name for name in needed if name not in forcing]
    if absent:
        raise InputError(
            f"{source}: the fluxes {', '.join(absent)} are missing; an energy budget needs a run "
            "with both skies (sky='both') on a grid."
        )
    errors = [n + STDERR_SUFFIX for n in needed if n + STDERR_SUFFIX in forcing]
    bounds = [name for name in ("lat_bnds", "lon_bnds") if name in forcing.variables]
    fields = standard_axes(forcing[[*needed, *errors, *bounds]], source=source)
    months = fields["rsut"].sizes.get("time", fields["rsut"].sizes.get("month", 0))
    if months != _MONTHS:
        raise InputError(
            f"{source}: holds {months} months; an annual mean needs all {_MONTHS} of a year."
        )
    missing = sum(int(fields[name].isnull().sum()) for name in needed)
    if missing:
        raise InputError(
            f"{source}: {missing} values of the fluxes are missing; a budget needs the "
            "whole globe. Fill the inputs (fill_missing=True)."
        )
    _check_global(grid_of(fields), source)
    return annual_mean(fields.drop_vars(bounds)).assign({name: fields[name] for name in bounds})


def _check_global(grid: xr.Dataset, source: str) -> None:
    """Refuse a part of the globe."""
    covered = float(_shares(grid)["global"].sum()) / (2.0 * 360.0)
    if abs(covered - 1.0) > 1e-3:
        raise InputError(
            f"{source}: its cells cover {100 * covered:.1f} % of the globe; a budget needs all."
        )


def _shares(grid: xr.Dataset) -> dict[str, xr.DataArray]:
    """Region -> weight of each cell, its area inside of the region."""
    bounds = grid["lat_bnds"].values
    width = grid["lon_bnds"].diff("bnds").isel(bnds=0, drop=True)
    shares = {}
    for region, (south, north) in REGIONS.items():
        inside = np.sin(np.radians(np.clip(bounds, south, north)))
        rows = xr.DataArray(abs(inside[:, 1] - inside[:, 0]), {"lat": grid["lat"]}, "lat")
        shares[region] = rows * abs(width)
    return shares


def _mean(yearly: xr.Dataset, name: str, weight: xr.DataArray) -> tuple[float, float]:
    """Mean of a variable with its standard error [W m-2]."""
    if name == CLOUD_EFFECT:
        clear, error = _mean(yearly, "rsutcs", weight)
        cloudy, other = _mean(yearly, "rsut", weight)
        return clear - cloudy, float(np.hypot(error, other))
    total = float(weight.sum())
    spread = yearly.get(name + STDERR_SUFFIX)
    error = 0.0 if spread is None else float(np.sqrt(((spread * weight) ** 2).sum())) / total
    return float((yearly[name] * weight).sum()) / total, error


def as_text(comparisons: list[Comparison]) -> str:
    """A table of the comparisons, and how many agree."""
    lines = [f"{'W m-2':<32}{'region':<10}{'run':>8}{'CERES':>9}{'difference':>12}  verdict"]
    for c in comparisons:
        lines.append(
            f"{IN_WORDS[c.variable]:<32}{c.region:<10}{c.value:8.1f}{c.observed:9.1f}"
            f"{c.difference:+12.1f}  {c.verdict}"
        )
    agreeing = sum(c.agrees for c in comparisons)
    return "\n".join([*lines, f"{agreeing} of {len(comparisons)} agree with CERES EBAF Ed4.1."])
