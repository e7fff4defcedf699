"""Print where a run of the built-in inputs stands: `python data/make/diagnosis.py FORCING.nc`.

FORCING.nc is made by `aeroforcing grid`, for a whole year and both skies. Each line is a figure
that the built-in inputs are held to, its range, the value and whether it is inside.
"""

from __future__ import annotations

import sys

import numpy as np
import xarray as xr

from aeroforcing.analysis.validation.energy_budget import as_text, compare_energy_budget
from aeroforcing.core import resources
from aeroforcing.core.netcdf import open_input
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.grids.regridding import regrid
from aeroforcing.inputs.builtin import observed
from aeroforcing.inputs.builtin.stations import station_climatologies

YEAR = range(1, 13)
LATE_SUMMER = [7, 8, 9]  # places of August to October in a year


def told(name: str, value: float, low: float, high: float) -> None:
    verdict = "inside" if low <= value <= high else "OUTSIDE"
    print(f"{name:56s} {low:9.4g} {high:9.4g} {value:9.4f}  {verdict}")


def of_the_inputs() -> None:
    """SSA at the stations, absorption and dust."""
    grid = gaussian_grid("T42")
    stations = station_climatologies()
    for name, make in (
        ("first guess", observed.first_guess),
        ("analysis", observed.observed_optics),
    ):
        optics = make(grid=grid, months=YEAR)
        there = optics.interp(lat=stations.lat, lon=stations.lon % 360.0)
        weight = there.aod.where(stations.ssa.notnull())
        total = weight.sum("month")
        difference = ((there.ssa - stations.ssa) * weight).sum("month") / total
        told(f"SSA at stations, {name}: mean difference", float(difference.mean()), -0.01, 0.01)
        told(f"SSA at stations, {name}: rms", float(np.sqrt((difference**2).mean())), 0, 0.035)
    ssa = (there.ssa * weight).sum("month") / total
    exponent = ((there.angstrom + there.coalbedo_angstrom) * weight).sum("month") / total
    for site, low, high in (
        ("Alta_Floresta", 0.89, 0.95), ("Mongu", 0.83, 0.89), ("Taihu", 0.90, 0.96),
    ):  # fmt: skip
        told(f"SSA, {site}", float(ssa.sel(station=site)), low, high)
    told("absorption exponent, Mongu", float(exponent.sel(station="Mongu")), 1.0, 2.0)
    with xr.open_dataset(resources.path("surface.nc")) as stored:
        land = regrid(stored["land_fraction"].load(), grid)

    def mean(field: xr.DataArray, share: xr.DataArray) -> float:
        return float(global_mean(annual_mean(field * share)) / global_mean(share))

    everywhere = xr.ones_like(land)
    told("AAOD", mean((1 - optics.ssa) * optics.aod, everywhere), 0.0058, 0.0080)
    for name, share, value in (("land", land, 0.93), ("ocean", 1 - land, 0.97)):
        weighted = mean(optics.ssa * optics.aod, share) / mean(optics.aod, share)
        told(f"SSA, {name}", weighted, value - 0.025, value + 0.025)
    dust = observed.dust_means(observed.observed_depths())
    told("dust AOD", 0.5 * sum(dust.values()), 0.029, 0.035)
    for side, value in observed.DUST_MEANS.items():
        told(f"dust AOD, {side}", dust[side], 0.7 * value, 1.3 * value)


def of_the_run(forcing: xr.Dataset) -> None:
    """Effects of the globe and of regions."""
    yearly = annual_mean(forcing)
    for name, low, high in (
        ("forcing_toa_cs", -5.6, -4.3), ("forcing_toa", -2.9, -1.9),
        ("forcing_atmosphere_cs", 2.5, 4.5),
    ):  # fmt: skip
        told(name, float(global_mean(yearly[name])), low, high)
    with xr.open_dataset(resources.path("surface.nc")) as stored:
        land = regrid(stored["land_fraction"].load(), forcing)
    low_land = land.where(abs(land.lat) < 60, 0.0)
    effect = float(global_mean(yearly.forcing_toa_cs * low_land) / global_mean(low_land))
    told("clear-sky TOA, land 60S-60N", effect, -8.0, -3.8)
    china = box(yearly.forcing_toa, (25, 40), (105, 122))
    told("all-sky TOA, eastern China", china, -10.0, 0.0)
    season = forcing.forcing_toa.isel(time=LATE_SUMMER).mean("time")
    told("all-sky TOA, south-east Atlantic, August-October", box(season, (-20, 0), (-10, 12)), 0, 9)
    lost = (yearly.rsdscs - yearly.rsds).mean("lon").sel(lat=-85, method="nearest")
    told("surface light lost to clouds at 85S", float(lost), 0.0, 15.0)


def box(field: xr.DataArray, lat: tuple[float, float], lon: tuple[float, float]) -> float:
    """Mean over a box."""
    turned = (field.lon + 180.0) % 360.0 - 180.0
    inside = (field.lat > lat[0]) & (field.lat < lat[1]) & (turned > lon[0]) & (turned < lon[1])
    weight = np.cos(np.radians(field.lat)) * inside
    return float((field * weight).sum() / weight.sum())


if __name__ == "__main__":
    run = open_input(sys.argv[1])
    of_the_inputs()
    of_the_run(run)
    print(as_text(compare_energy_budget(run)))
