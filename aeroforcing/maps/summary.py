"""Global means of a forcing map: the table that a run ends with (Chung 2012, Table 2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping
from typing import Any

import xarray as xr

from aeroforcing.core.kernel_names import FORCINGS, LEVELS, SKIES
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.inputs.uncertainty import AERONET, systematic_changes

_MANS = "anthropogenic_"

# Fluxes whose balance is what the atmosphere absorbs, and all fluxes that are averaged.
_LEAVING = ("rsut", "rsds", "rsus")
_FLUXES = ("rsdt", "rsut", *(f"{flux}{sky}" for flux in _LEAVING for sky in ("cs", "csaf")))


def summarise(forcing: xr.Dataset) -> dict[str, Any]:
    """Area- and day-weighted means over the globe and the months of a forcing map.

    Parameters
    ----------
    forcing
        Result of `grid_forcing`, over (time, lat, lon).

    Returns
    -------
    `months`; `cells` and `missing_cells` (of all months together); for every forcing variable its
    `mean` and `stderr` [W m-2], and where there are kernels its `input_error`: that by errors of
    the aerosol of the size of AERONET's, the same everywhere, which `uncertainty` lists; and as
    far as the variables that they need are there: `aod`, `ssa` (weighted by AOD), `asymmetry`
    (weighted by scattering AOD), `planetary_albedo`, `planetary_albedo_cs`, `cloud_effect`,
    `absorption_cs` and `absorption_cs_clean` (by the clear-sky atmosphere, with and without
    aerosol) [W m-2], `precipitable_water` [kg m-2].
    """
    means = annual_mean(global_mean(_with_products(forcing)))
    value = {str(name): float(array) for name, array in means.data_vars.items() if not array.ndim}
    field = forcing[_forcing_names([str(name) for name in forcing.data_vars])[0]]
    return summary_of(
        value,
        period={"months": forcing["month"].values.tolist()},
        cells=field.size,
        missing_cells=int(field.isnull().sum()),
    )


def summary_of(
    value: Mapping[str, float], *, period: Mapping[str, Any], cells: int, missing_cells: int
) -> dict[str, Any]:
    """The summary from means that are there already.

    Parameters
    ----------
    value
        Means over the globe and over time, by the names of `averaged_fields`.
    period
        What they are over: `months`; or `steps`, `first` and `last` of a series; and where there
        is no grid, the number of `points`.
    cells, missing_cells
        Of all times together.

    Returns
    -------
    As `summarise`, with the keys of the period.
    """
    return {
        **period,
        "cells": cells,
        "missing_cells": missing_cells,
        "forcing": {name: _estimate(value, name) for name in _forcing_names(value)},
        **_assumed_errors(value),
        **_aerosol(value),
        **_radiation(value),
    }


def averaged_fields(read: Callable[[str], Any], names: Container[str]) -> dict[str, Any]:
    """The fields whose means a summary needs, with the products that weighted means need.

    Parameters
    ----------
    read
        Gives the field of a name.
    names
        Of the fields that there are.
    """
    forcings = _forcing_names(names)
    wanted = [*forcings, *(f"{name}_stderr" for name in forcings), *_FLUXES]
    wanted += ["aod", "anthropogenic_aod", "natural_aod", "precipitable_water"]
    fields = {name: read(name) for name in wanted if name in names}
    for forcing in forcings:
        changes = systematic_changes(read, names, forcing)
        fields |= {_change_name(forcing, variable): field for variable, field in changes.items()}
    if all(name in names for name in ("aod", "ssa", "asymmetry")):
        fields["scattering"] = fields["aod"] * read("ssa")
        fields["forward_scattering"] = fields["scattering"] * read("asymmetry")
    return fields


def _change_name(forcing: str, variable: str) -> str:
    """Name of the change of a forcing by the error of an input."""
    return f"{forcing} by {variable}"


def _estimate(value: Mapping[str, float], name: str) -> dict[str, float]:
    """Mean and errors of a forcing."""
    estimate = {"mean": value[name], "stderr": value[f"{name}_stderr"]}
    changes = [value.get(_change_name(name, variable)) for variable in AERONET]
    known = [change for change in changes if change is not None]
    return estimate | ({"input_error": math.hypot(*known)} if known else {})


def _assumed_errors(value: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """The errors of the inputs that the errors of the forcings are of."""
    names = _forcing_names(value)
    used = {v: e for v, e in AERONET.items() if any(_change_name(n, v) in value for n in names)}
    return {"input_errors": used} if used else {}


def _forcing_names(names: Container[str]) -> list[str]:
    of_all = [name for name in FORCINGS if name in names]
    return of_all or [f"{_MANS}{name}" for name in FORCINGS if f"{_MANS}{name}" in names]


def _with_products(forcing: xr.Dataset) -> xr.Dataset:
    """The fields to average, with the bounds that give the cells their areas."""
    there = [str(name) for name in forcing.variables]
    fields = averaged_fields(lambda name: forcing[name], there)
    bounds = [name for name in ("lat_bnds", "lon_bnds") if name in there]
    plain = forcing[bounds].reset_coords([name for name in bounds if name in forcing.coords])
    return plain.assign(fields)


def _aerosol(value: Mapping[str, float]) -> dict[str, float]:
    """Mean optical properties, weighted as an external mixture is (Chung 2012, section 2)."""
    names = ("aod", "anthropogenic_aod", "natural_aod")
    result = {name: value[name] for name in names if name in value}
    if value.get("scattering", 0.0) > 0:
        result["ssa"] = value["scattering"] / value["aod"]
        result["asymmetry"] = value["forward_scattering"] / value["scattering"]
    return result


def _radiation(value: Mapping[str, float]) -> dict[str, float]:
    result = {}
    for suffix in ("", "cs"):
        if {"rsdt", f"rsut{suffix}"} <= set(value):
            name = "planetary_albedo" + ("_cs" if suffix else "")
            result[name] = value[f"rsut{suffix}"] / value["rsdt"]
    if {"rsut", "rsutcs"} <= set(value):
        result["cloud_effect"] = value["rsutcs"] - value["rsut"]
    for name, suffix in (("absorption_cs", "cs"), ("absorption_cs_clean", "csaf")):
        if {"rsdt", *(f"{flux}{suffix}" for flux in _LEAVING)} <= set(value):
            up, down, back = (value[f"{flux}{suffix}"] for flux in _LEAVING)
            result[name] = value["rsdt"] - up - (down - back)
    if "precipitable_water" in value:
        result["precipitable_water"] = value["precipitable_water"]
    return result


def as_text(summary: dict[str, Any]) -> str:
    """The summary as the table that the command prints."""
    lines = [_heading(summary), *_forcing_lines(summary["forcing"]), *_error_lines(summary), ""]
    return "\n".join([*lines, *_other_lines(summary)])


def _heading(summary: dict[str, Any]) -> str:
    width = _width(summary["forcing"])
    columns = "".join(f"{level:>{width}}" for level in ("TOA", "atmosphere", "surface"))
    mean = "mean of {points} points" if "points" in summary else "global mean"
    over = f"{mean.format(**summary)} over {_period(summary)}"
    what = "Anthropogenic forcing" if _is_mans(summary["forcing"]) else "Aerosol forcing"
    return f"{what} [W m-2], {over}\n{'':<10}{columns}"


def _error_lines(summary: dict[str, Any]) -> list[str]:
    """What the second error of every value is."""
    if "input_errors" not in summary:
        return []
    sizes = ", ".join(f"{name} {error:g}" for name, error in summary["input_errors"].items())
    return [f"value +- sampling +- inputs, if these are off everywhere by {sizes}"]


def _width(forcing: dict[str, dict[str, float]]) -> int:
    """Width of the columns of the table."""
    return 27 if any("input_error" in estimate for estimate in forcing.values()) else 18


def _period(summary: dict[str, Any]) -> str:
    if "months" not in summary:
        return "{steps} time steps, {first} to {last}".format(**summary)
    months = summary["months"]
    return "the year" if len(months) == 12 else "months " + ", ".join(map(str, months))


def _forcing_lines(forcing: dict[str, dict[str, float]]) -> list[str]:
    own = f"{_MANS}forcing" if _is_mans(forcing) else "forcing"
    return [
        f"{sky:<10}" + "".join(_cell(forcing[f"{own}_{level}{suffix}"]) for level in LEVELS)
        for sky, suffix in SKIES.items()
        if f"{own}_toa{suffix}" in forcing
    ]


def _is_mans(forcing: Container[str]) -> bool:
    """Whether the forcings are those of anthropogenic aerosol alone."""
    return any(f"{_MANS}forcing_toa{suffix}" in forcing for suffix in SKIES.values())


def _cell(estimate: dict[str, float]) -> str:
    text = f"{estimate['mean']:+9.3f} +- {estimate['stderr']:.3f}"
    return f"{text} +- {estimate['input_error']:.3f}" if "input_error" in estimate else text


_LABELS = {
    "aod": "aerosol optical depth at 550 nm    {:.4f}",
    "anthropogenic_aod": "anthropogenic AOD at 550 nm        {:.4f}",
    "natural_aod": "natural AOD at 550 nm              {:.4f}",
    "ssa": "single scattering albedo           {:.3f}",
    "asymmetry": "asymmetry parameter                {:.3f}",
    "planetary_albedo": "planetary albedo, all-sky          {:.3f}",
    "planetary_albedo_cs": "planetary albedo, clear-sky        {:.3f}",
    "cloud_effect": "shortwave cloud effect [W m-2]     {:.1f}",
    "absorption_cs": "clear-sky absorption [W m-2]       {:.1f}",
    "absorption_cs_clean": "the same without aerosol [W m-2]   {:.1f}",
    "precipitable_water": "precipitable water [mm]            {:.1f}",
}


def _other_lines(summary: dict[str, Any]) -> list[str]:
    lines = [form.format(summary[name]) for name, form in _LABELS.items() if name in summary]
    if summary["missing_cells"]:
        lines.append(f"missing: {summary['missing_cells']} of {summary['cells']} cells and months")
    return lines
