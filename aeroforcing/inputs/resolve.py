"""The inputs of a forcing map: built in, or the user's own where they are given.

Every variable that the user gives replaces the built-in one; the rest stays built in. The
origin of each is in its attribute `origin`, and `provenance` lists them. How the user's variables
become fields of the model is told in model_fields.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

import xarray as xr

from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.checks import checked_months
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.grids.grid import gaussian_grid, grid_of
from aeroforcing.inputs.air import AIR, WIND, with_air, with_wind
from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.inputs.builtin.observed import DEFAULT_AEROSOL
from aeroforcing.inputs.conversion import model_fields
from aeroforcing.inputs.user import UserInputs, lacking_partner, read_user_inputs
from aeroforcing.optics.mixtures import DEFAULT_OPTICS
from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN, needs_wind

Source: TypeAlias = xr.Dataset | str | os.PathLike[str]

_INSEPARABLE = {"surface_albedo": ("open_water_fraction",)}

_OZONE = "zonal mean ozone of 2005-2014"
_AIR = {
    "atmosphere": f"built-in: AFGL atmospheres by month and latitude, {_OZONE}",
    "ozone": f"built-in: {_OZONE}",
}


@suggest_keywords
def resolve_inputs(
    inputs: Source | None = None,
    *,
    grid: str | None = "T42",
    months: int | Iterable[int] = range(1, 13),
    fill_missing: bool = False,
    optics: str = DEFAULT_OPTICS,
    ocean: str = DEFAULT_OCEAN,
    aerosol: str = DEFAULT_AEROSOL,
    replacements: Mapping[str, Source] | None = None,
) -> xr.Dataset:
    """The inputs of a run: the user's where given, else the built-in ones.

    Parameters
    ----------
    inputs
        Dataset or path of a netCDF file with any of the known variables, over `time` (the months of
        one year), `month` or neither; None for the built-in inputs alone.
    grid
        Grid to work on, a name for `gaussian_grid`; None keeps that of the replacements or else of
        the inputs.
    months
        Calendar months, 1 to 12, or one.
    fill_missing
        Whether missing cells of the user's variables are filled from the built-in ones. Otherwise
        they stay NaN, which makes the cell missing in the result.
    optics
        Of aerosol species, the user's and the built-in ones: "chung2012" or "merra2"; see
        `mixtures`.
    ocean
        Law of the albedo of open water, as of `grid_forcing`: with "jin2011" the wind speed of the
        user's inputs is kept.
    aerosol
        The built-in aerosol, as of `builtin_inputs`.
    replacements
        Single variables from further files or Datasets: canonical name -> where it is. They go
        before those of `inputs`. With `surface_albedo` comes the open-water fraction.

    Returns
    -------
    Dataset as that of `builtin_inputs`, and with the state of the atmosphere if the inputs have one
    (the names of `air.AIR`). Attribute `missing_cells` or `filled_cells` of a variable
    counts its cells that are missing or filled.

    Raises
    ------
    InputError
        The inputs cannot be read or used; see `read_user_inputs`. The species are incomplete, the
        cloud types are others than the built-in ones, or their amounts sum to more than 1. A file
        does not hold the variable that is to be replaced from it. An input is missing everywhere.
    """
    wanted = sorted(checked_months(months))
    single = {
        name: read_user_inputs(source, months=wanted)
        for name, source in (replacements or {}).items()
    }
    wind = needs_wind(ocean)
    given = [] if inputs is None else [read_user_inputs(inputs, months=wanted, wind=wind)]
    for user in given:
        _check_absorption_is_used(user)
    sources = [*single.values(), *given]
    if not sources:
        return builtin_inputs(
            "T42" if grid is None else grid, months=wanted, optics=optics, aerosol=aerosol
        )
    target = _target_grid(sources, grid)
    builtin = builtin_inputs(target, months=wanted, optics=optics, aerosol=aerosol)
    fields = [model_fields(user, builtin=builtin, optics=optics) for user in given]
    for name, user in single.items():
        fields.append(_single(model_fields(user, builtin=builtin, optics=optics), name))
    result = _replaced(builtin, _together(fields), fill_missing)
    check_not_all_missing(result)
    return result


def check_not_all_missing(inputs: xr.Dataset) -> None:
    """Raise InputError if an input of the user is missing in all cells, filled or not.

    `inputs` is as `resolve_inputs` gives it, with its counts of all cells.
    """
    for name, array in inputs.data_vars.items():
        attributes = array.attrs
        missing = attributes.get("missing_cells", attributes.get("filled_cells", 0))
        if 0 < array.size <= missing:
            raise InputError(
                f"input {name} ({attributes['origin']}) is missing in all of its {array.size} "
                "values. Check its months, its fill value and its valid range, or leave it out."
            )


def resolve_fields(
    user: UserInputs, *, builtin: xr.Dataset, fill_missing: bool, optics: str = DEFAULT_OPTICS
) -> xr.Dataset:
    """Inputs on the grid and for the steps of the built-in ones: the user's where given.

    Parameters
    ----------
    user
        From `user.recognise`, for the same steps.
    builtin
        As from `builtin_inputs`.
    fill_missing, optics
        As for `resolve_inputs`.

    Raises
    ------
    InputError
        As for `resolve_inputs`.
    """
    _check_absorption_is_used(user)
    fields = model_fields(user, builtin=builtin, optics=optics)
    return _replaced(builtin, _together([fields]), fill_missing)


def _check_absorption_is_used(user: UserInputs) -> None:
    """Refuse a measure of absorption that says nothing about SSA for want of its partner."""
    if user.unpaired:
        raise lacking_partner(user.unpaired, user.source)


def _single(user: UserInputs, name: str) -> UserInputs:
    """One variable of a source, and what cannot be apart from it."""
    if name not in user.dataset:
        found = ", ".join(user.origins)
        raise InputError(f"{user.source}: holds no {name}, but {found}.")
    chosen = [n for n in (name, *_INSEPARABLE.get(name, ())) if n in user.dataset]
    return replace(user, dataset=user.dataset[chosen].drop_attrs(deep=False))


def _together(sources: list[UserInputs]) -> UserInputs:
    """The variables of several sources; of two that hold the same, the later counts."""
    dataset = sources[0].dataset
    for user in sources[1:]:
        dataset = dataset.assign(user.dataset.data_vars)
    origins = {name: text for user in sources for name, text in _own_origins(user)}
    rounded = {name: n for user in sources for name, n in user.rounded.items()}
    source = ", ".join(user.source for user in sources)
    return UserInputs(dataset, origins, source, rounded=rounded)


def _own_origins(user: UserInputs) -> list[tuple[str, str]]:
    return [(str(name), user.origins[str(name)]) for name in user.dataset.data_vars]


def _replaced(builtin: xr.Dataset, user: UserInputs, fill_missing: bool) -> xr.Dataset:
    """The built-in inputs with the user's variables in their places."""
    result = builtin.assign_attrs(user.dataset.attrs)
    order = [*OPTICAL, *(name for name in user.dataset if name not in (*OPTICAL, *AIR, WIND))]
    for name in (name for name in order if name in user.dataset):
        given = _like(user.dataset[name], builtin[name])
        if name in OPTICAL[1:]:  # without aerosol its properties may be undefined
            given = given.where(given.notnull() | (result["aod"] != 0), builtin[name])
        missing = int(given.isnull().sum())
        kept = given.fillna(builtin[name]) if fill_missing else given
        count = {"filled_cells" if fill_missing else "missing_cells": missing} if missing else {}
        rounded = user.rounded.get(str(name), 0)
        count |= {"rounded_cells": rounded} if rounded else {}
        result[name] = kept.drop_attrs().assign_attrs(origin=user.origins[str(name)], **count)
    if "cloud_fraction" in user.dataset and "cloud_filled" not in user.dataset:
        result["cloud_filled"] = xr.zeros_like(result["cloud_filled"])
    if WIND in user.dataset:
        result = with_wind(result, user.dataset[WIND], origin=user.origins[WIND])
    return stamp(with_air(result, user.dataset, origins=user.origins, fill_missing=fill_missing))


def _like(given: xr.DataArray, builtin: xr.DataArray) -> xr.DataArray:
    """A variable on the dimensions of the built-in one; constants are spread out."""
    constant = (
        given.mean("month") if "month" not in builtin.dims and "month" in given.dims else given
    )
    bare = constant.drop_vars([name for name in constant.coords if name not in builtin.dims])
    return bare.broadcast_like(builtin).transpose(*builtin.dims).astype(builtin.dtype)


def provenance(dataset: xr.Dataset) -> list[str]:
    """One line for each origin in a dataset of inputs: its variables, and the cells it lacks."""
    names: dict[str, list[str]] = {}
    for name, array in dataset.data_vars.items():
        if "origin" in array.attrs:
            names.setdefault(array.attrs["origin"] + _gaps(array), []).append(str(name))
    lines = [f"{', '.join(members)}: {origin}" for origin, members in names.items()]
    lines += [f"{what}: {_AIR[what]}" for what in _builtin_air(dataset)]
    return [*lines, *str(dataset.attrs.get("not_used", "")).splitlines()]


def _builtin_air(dataset: xr.Dataset) -> list[str]:
    """What of the state of the atmosphere is built in."""
    if "air_temperature" not in dataset:
        return ["atmosphere"]
    return [] if "o3_mole_fraction" in dataset else ["ozone"]


def _gaps(array: xr.DataArray) -> str:
    words = {
        "missing": f"of {array.size} cells missing",
        "filled": f"of {array.size} cells filled from the built-in inputs",
        "rounded": "values just outside of their range, by rounding, set to its edge",
    }
    counts = ((kind, array.attrs.get(f"{kind}_cells", 0)) for kind in words)
    return "".join(f"; {n} {words[kind]}" for kind, n in counts if n)


def _target_grid(sources: list[UserInputs], grid: str | None) -> xr.Dataset:
    """The named grid, or that of the first source that has one."""
    if grid is not None:
        return gaussian_grid(grid)
    for user in sources:
        if "lat" in user.dataset.dims:
            return grid_of(user.dataset, source=user.source)
    raise InputError(f"{sources[0].source}: has no grid to be kept; name one, such as T42.")
