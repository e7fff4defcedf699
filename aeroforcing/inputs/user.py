"""The user's own inputs: any dataset or file with known variables, brought to canonical form.

Variables may have `time` (the months of one year, or some of them), `month`, or neither (constant),
latitudes and longitudes in any order, and clouds the dimension `cloud_type`. Temperature, humidity
and other variables on levels are the state of the atmosphere, see `air`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import holds_dates, months_of
from aeroforcing.core.canonical import (
    OPTICAL,
    canonicalise,
    check_ranges,
    claimed_names,
    first_place,
)
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import open_input
from aeroforcing.core.variables import VARIABLES
from aeroforcing.grids.axes import coordinate_of, standard_axes
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.means import on_grid
from aeroforcing.inputs.air import (
    AIR,
    LEVEL,
    WIND,
    air_fields,
    air_names,
    wind_candidates,
    wind_field,
    wind_names,
)

SPECIES = (
    "aod_organic_carbon",
    "aod_black_carbon",
    "aod_dust",
    "aod_sulfate",
    "aod_sea_salt",
    "aod_sea_salt_fine",
    "aod_sea_salt_coarse",
)
SURFACE = ("surface_albedo", "open_water_fraction", "surface_altitude")
CLOUD = ("cloud_fraction", "cloud_optical_depth")
CLOUD_TABLES = ("cloud_base", "cloud_top", "cloud_filled")
KNOWN = (*OPTICAL, *SPECIES, *SURFACE, *CLOUD, "aerosol_profile", *CLOUD_TABLES)

_DIMENSIONS = ("month", "cloud_type", "sigma_layer", LEVEL, "cell", "lat", "lon")
_HORIZONTAL = ("month", "cell", "lat", "lon")

# The dimensions that a variable may have besides these, or instead of them.
_MEANT = {
    "aerosol_profile": (*_HORIZONTAL, "sigma_layer"),
    "cloud_fraction": (*_HORIZONTAL, "cloud_type"),
    "cloud_optical_depth": (*_HORIZONTAL, "cloud_type"),
    "cloud_base": ("month", "cloud_type", "lat"),
    "cloud_top": ("month", "cloud_type", "lat"),
    "cloud_filled": ("month", "lat"),
    **dict.fromkeys(AIR, (*_HORIZONTAL, LEVEL)),
}
_WITHOUT_GRID = set(_DIMENSIONS[:5])
_TABLES = {"cloud_base": "cloud_type", "cloud_top": "cloud_type"}  # known over this dimension only
_CALENDAR_MONTHS = np.arange(1, 13)
_ABSORPTION = (
    ("aaod", "aod", "ssa"),
    ("absorption_angstrom", "angstrom", "coalbedo_angstrom"),
)


@dataclass(frozen=True)
class UserInputs:
    """Known variables in canonical names, units and axes, and where each came from."""

    dataset: xr.Dataset
    origins: Mapping[str, str]
    source: str
    unpaired: Mapping[str, str] = field(default_factory=dict)  # absorption -> what it lacks


def read_user_inputs(
    inputs: xr.Dataset | str | os.PathLike[str],
    *,
    months: Sequence[int] | None = None,
    wind: bool = False,
) -> UserInputs:
    """Read, recognise and check the user's inputs for some months.

    Parameters
    ----------
    inputs
        Dataset, or path of a netCDF file.
    months
        Calendar months that are wanted; by default those that there are.
    wind
        Whether the wind speed is wanted, if there is one.

    Returns
    -------
    Known variables over (month, cloud_type, sigma_layer, lat, lon), each as far as it has these.

    Raises
    ------
    InputError
        The file cannot be read, nothing in it is known, an axis is absent or unusable, a month is
        absent, units are unknown, or values are out of range.
    """
    opened, source = _opened(inputs)
    if not wind:
        opened = opened.drop_vars(wind_candidates(_squeezed(opened)))
    user = _recognised(opened, source, lambda known: in_months(known, months, source=source))
    if "lat" in user.dataset.dims:
        grid_of(user.dataset, source=source)  # refuses cells whose bounds are unknown or senseless
    return user


def recognise(dataset: xr.Dataset, *, source: str) -> UserInputs:
    """Recognise and check inputs whose steps, if any, are along `month` already.

    Parameters
    ----------
    dataset
        In memory. The coordinate `month` says the calendar month of each step; it may repeat.
    source
        File or other origin, for the messages.

    Returns
    -------
    As `read_user_inputs`, also over (month, ..., cell) for points without a grid.

    Raises
    ------
    InputError
        As for `read_user_inputs`.
    """
    return _recognised(dataset, source, lambda known: known)


def _recognised(
    opened: xr.Dataset, source: str, select: Callable[[xr.Dataset], xr.Dataset]
) -> UserInputs:
    squeezed = _squeezed(opened)
    state = air_names(squeezed, source=source)
    wind = wind_names(squeezed, source=source)
    others = squeezed.drop_vars([*state, *wind])
    canonical = canonicalise(others, source=source)
    names = [name for name in KNOWN if name in canonical and _is_known(canonical[name])]
    unpaired = _unpaired(canonical)
    if not names and not state and not wind:
        raise lacking_partner(unpaired, source) if unpaired else _nothing_known(opened, source)
    origins = _origins(others, names, source)
    measures = [absorption for absorption, *_ in _ABSORPTION if absorption in canonical]
    chosen = select(_only(canonical, [*names, *measures]))
    given = set(claimed_names(others, source=source).values())
    _check_values(chosen, [name for name in (*names, *measures) if name in given], source)
    if state:
        found = air_fields(select(squeezed[state]), source=source).data_vars
        air = {str(name): array for name, array in found.items() if name not in names}
        chosen, names = chosen.assign(air), [*names, *air]
        origins |= dict.fromkeys(air, f"{source}, {', '.join(state)}")
    for name in wind:
        chosen = chosen.assign({WIND: wind_field(select(squeezed[[name]])[name], source=source)})
        names = [*names, WIND]
        origins[WIND] = f"{source}, variable {name}"
    check_ranges(chosen[names], source=source)
    ordered = _on_standard_axes(chosen, [*measures, *names], source)
    return UserInputs(ordered.drop_vars(measures), origins, source, unpaired)


def _check_values(chosen: xr.Dataset, given: Sequence[str], source: str) -> None:
    """Check the variables as they are given, and that absorption is a part of extinction."""
    check_ranges(chosen[list(given)], source=source)
    if not {"aod", "aaod"} <= set(given):
        return
    excess = chosen["aaod"] > chosen["aod"]
    if excess.any():
        raise InputError(
            f"{source}: aaod, the absorption, is larger than aod, the extinction, in "
            f"{int(excess.sum())} of {excess.size} cells, first at {first_place(excess)}. Correct "
            "these cells, or set them to NaN if they are missing."
        )


def lacking_partner(unpaired: Mapping[str, str], source: str) -> InputError:
    """The error for a measure of absorption that says nothing about SSA without its partner."""
    absorption, partner = next(iter(unpaired.items()))
    return InputError(
        f"{source}: holds {absorption}, but no {partner} beside it, without which it does not tell "
        f"the absorption. Add the {partner} that belongs to it, or remove it."
    )


def known_part(dataset: xr.Dataset, *, source: str, wind: bool = False) -> xr.Dataset:
    """The variables of a dataset that are known, by their own names, and the bounds of its axes.

    Nothing is read of them. The wind speed is among them if it is wanted.

    Raises
    ------
    InputError
        Nothing in the dataset is known, or two variables are the same quantity.
    """
    wanted = {*KNOWN, *(name for names in _ABSORPTION for name in names), "sigma_interface"}
    squeezed = _squeezed(dataset)
    state = air_names(squeezed, source=source)
    winds = wind_names(squeezed, source=source) if wind else []
    claimed = claimed_names(squeezed.drop_vars(state), source=source)
    names = [old for old, new in claimed.items() if new in wanted]
    if not {claimed[old] for old in names} - {"sigma_interface"} and not (state or winds):
        raise _nothing_known(dataset, source)
    kept = {*names, *state, *winds, *bounds_in(dataset)}
    kept |= {"lat_bnds", "lon_bnds", "time_bnds", "sigma_interface"}
    return squeezed[[name for name in squeezed.variables if name in kept]]


def read_field(
    inputs: xr.Dataset | str | os.PathLike[str], *, quantity: str, grid: xr.Dataset | None = None
) -> xr.DataArray:
    """One quantity of a file or Dataset by its canonical name, on standard axes.

    Parameters
    ----------
    inputs
        Dataset, or path of a netCDF file, over `time` (the months of one year), `month` or neither.
    quantity
        Canonical name, such as "aod".
    grid
        Grid to bring the field to, by overlapping area, from `grid_of`; by default it stays.

    Returns
    -------
    The field over (month, lat, lon) as far as it has these; its attribute `origin` says where it
    is from.

    Raises
    ------
    InputError
        The file cannot be read, or does not hold the quantity.
    """
    user = read_user_inputs(inputs)
    if quantity not in user.dataset:
        found = ", ".join(user.origins)
        raise InputError(f"{user.source}: holds no {quantity}, but {found}.")
    field = on_grid(user.dataset, grid)[quantity] if grid is not None else user.dataset[quantity]
    return field.assign_attrs(origin=user.origins[quantity])


def _unpaired(canonical: xr.Dataset) -> dict[str, str]:
    """Measures of absorption that stand for SSA or its exponent, but for what they lack.

    `canonicalise` makes the SSA of an absorption optical depth with the AOD of the same dataset.
    """
    return {
        absorption: partner
        for absorption, partner, wanted in _ABSORPTION
        if absorption in canonical and wanted not in canonical
    }


def _is_known(array: xr.DataArray) -> bool:
    """Whether a variable of a known name is the one that is meant; cloud heights may be others."""
    needed = _TABLES.get(str(array.name))
    return needed is None or needed in array.dims


def _opened(inputs: xr.Dataset | str | os.PathLike[str]) -> tuple[xr.Dataset, str]:
    if isinstance(inputs, xr.Dataset):
        return inputs, "the given dataset"
    if isinstance(inputs, str | os.PathLike):
        return open_input(inputs), Path(inputs).name
    kind = type(inputs).__name__
    raise InputError(f"Inputs must be a Dataset or the path of a netCDF file, not {kind}.")


def _squeezed(dataset: xr.Dataset) -> xr.Dataset:
    """Without dimensions of one value, such as a wavelength, that are not among the known axes.

    The time is called so.
    """
    axes = {name for axis in ("lat", "lon", "time") for name in (axis, *VARIABLES[axis].aliases)}
    axes |= set(_DIMENSIONS)
    named = dataset.rename(valid_time="time") if _has_valid_time(dataset) else dataset
    single = [d for d, n in named.sizes.items() if n == 1 and str(d).lower() not in axes]
    return named.squeeze(single)


def _has_valid_time(dataset: xr.Dataset) -> bool:
    """Whether the times are called as in ERA5."""
    return "valid_time" in dataset.dims and "time" not in dataset.variables


def _nothing_known(dataset: xr.Dataset, source: str) -> InputError:
    found = ", ".join(map(str, dataset.data_vars)) or "no variables"
    names = "; ".join(", ".join((name, *VARIABLES[name].aliases[:2])) for name in KNOWN)
    return InputError(
        f"{source}: no variable is recognised. It holds: {found}. Known, besides CF standard names "
        f"and further aliases, are: {names}. Rename the variables or set their standard_name."
    )


def _origins(dataset: xr.Dataset, names: Sequence[str], source: str) -> dict[str, str]:
    """Where each canonical variable came from, with the name that it had there.

    What the variable itself says about its origin comes after it.
    """
    olds = {new: old for old, new in claimed_names(dataset, source=source).items()}
    found = {name: f"variable {olds[name]}" if name in olds else "computed" for name in names}
    before = {name: _earlier_origin(dataset[olds[name]]) for name in names if name in olds}
    return {name: f"{source}, {found[name]}{before.get(name, '')}" for name in names}


def _earlier_origin(array: xr.DataArray) -> str:
    filled = str(array.attrs.get("filled_cells", ""))
    count = f"; {filled} of {array.size} cells filled from the built-in inputs" if filled else ""
    return f" ({array.attrs['origin']}{count})" if "origin" in array.attrs else count


def bounds_in(dataset: xr.Dataset) -> set[str]:
    """What the axes name as their bounds, whether or not it is there."""
    return {str(c.attrs["bounds"]) for c in dataset.coords.values() if "bounds" in c.attrs}


def _only(dataset: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """The named variables, with the bounds of their axes and of the aerosol layers."""
    bounds = {*bounds_in(dataset), "lat_bnds", "lon_bnds", "sigma_interface"}
    return dataset[[*names, *(name for name in dataset.variables if name in bounds)]]


def in_months(dataset: xr.Dataset, months: Sequence[int] | None, *, source: str) -> xr.Dataset:
    """The wanted calendar months along a dimension `month`, if the dataset has any.

    Parameters
    ----------
    dataset
        Over `time` (the months of one year, or some of them), `month`, or neither.
    months
        Calendar months that are wanted; by default those that there are.
    source
        File or other origin, for the messages.

    Raises
    ------
    InputError
        The steps are not months of one year, or a wanted month is absent.
    """
    axes = [axis for axis in ("time", "month") if axis in dataset.dims]
    if not axes:
        return dataset
    if len(axes) == 2:
        raise InputError(f"{source}: has both dimensions time and month; one of them is expected.")
    numbers = _month_numbers(dataset, axes[0], source)
    wanted = sorted(numbers) if months is None else list(months)
    absent = sorted(set(wanted) - set(numbers))
    if not numbers:
        raise InputError(f"{source}: the dimension {axes[0]} is empty. Give at least one month.")
    if absent:
        raise InputError(
            f"{source}: holds the months {_listed(numbers)}, not {_listed(absent)}. Ask for months "
            "that it holds, or give all of them."
        )
    return (
        dataset.drop_vars(["time", "month"], errors="ignore")
        .rename({} if axes[0] == "month" else {"time": "month"})
        .assign_coords(month=numbers)
        .sel(month=wanted)
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _month_numbers(dataset: xr.Dataset, axis: str, source: str) -> list[int]:
    """Calendar month of each step of the axis, each once."""
    if "month" in dataset.coords and dataset["month"].dims == (axis,):
        numbers = dataset["month"].values
    elif axis in dataset.coords and holds_dates(dataset[axis]):
        numbers = months_of(dataset[axis])
    elif axis in dataset.coords:
        numbers = dataset[axis].values
    else:
        numbers = np.arange(1, dataset.sizes[axis] + 1)
        if dataset.sizes[axis] not in (0, 12):
            raise InputError(
                f"{source}: the dimension {axis} has {dataset.sizes[axis]} steps and no coordinate "
                "to say which months they are."
            )
    if not np.isin(numbers, _CALENDAR_MONTHS).all() or np.unique(numbers).size != numbers.size:
        raise InputError(
            f"{source}: {axis} is not the months of one year, each once: "
            f"{_listed(numbers[:13].tolist())}{'...' if numbers.size > 13 else ''}. Give dates or "
            "months 1 to 12; of several years make a monthly climatology first: aeroforcing "
            "prepare fields FILE ... -o climatology.nc"
        )
    return [int(number) for number in numbers]


def has_grid(dataset: xr.Dataset) -> bool:
    """Whether a variable has other dimensions than steps, kinds, layers and points."""
    return any(set(array.dims) - _WITHOUT_GRID for array in dataset.data_vars.values())


def _on_standard_axes(dataset: xr.Dataset, names: Sequence[str], source: str) -> xr.Dataset:
    """Ascending latitudes, longitudes 0 to 360, and no dimension that has no meaning here."""
    ordered = dataset
    if has_grid(dataset[list(names)]):
        ordered = standard_axes(dataset, source=source)
    lat, lon = (coordinate_of(dataset, name) for name in ("lat", "lon"))
    are_points = lat is not None and lon is not None and lat.dims == lon.dims == ("cell",)
    for name in names:
        _check_dimensions(ordered[name], name, source, without=() if are_points else ("cell",))
        ordered[name] = ordered[name].transpose(*_DIMENSIONS, missing_dims="ignore")
    return ordered


def _check_dimensions(
    array: xr.DataArray, name: str, source: str, *, without: Sequence[str]
) -> None:
    """Refuse dimensions that mean nothing for a variable, and longitudes without latitudes."""
    meant = set(_MEANT.get(name, _HORIZONTAL)) - set(without)
    strange = [str(dim) for dim in array.dims if dim not in meant]
    if strange:
        raise InputError(
            f"{source}: variable {name} has the dimension {', '.join(strange)}, which has no "
            "meaning here. Select one value of it, or add up over it."
        )
    if "lon" in array.dims and "lat" not in array.dims:
        raise InputError(
            f"{source}: variable {name} is over longitudes without latitudes. Give it over both."
        )
