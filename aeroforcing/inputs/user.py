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

import xarray as xr

from aeroforcing.core.calendar import bounds_name
from aeroforcing.core.canonical import (
    NAMES,
    canonicalise,
    check_ranges,
    how_elsewhere,
    set_to_edges,
)
from aeroforcing.core.checks import first_place
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.netcdf import open_input
from aeroforcing.core.recognition import Recognised
from aeroforcing.core.variables import VARIABLES
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.coordinates import coordinate_of
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.means import on_grid
from aeroforcing.inputs.air import (
    AIR,
    LEVEL,
    WIND,
    air_fields,
    air_names,
    wind_field,
    wind_names,
)
from aeroforcing.inputs.known import (
    ABSORPTION,
    DIMENSIONS,
    KNOWN,
    NOT_USED,
    bounds_in,
    is_meant,
    known_part,
    nothing_known,
    with_versions_merged,
)
from aeroforcing.inputs.months import in_months, listed

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
_WITHOUT_GRID = set(DIMENSIONS[:5])

_LARGEST_MEAN_AOD = 5.0


@dataclass(frozen=True)
class UserInputs:
    """Known variables in canonical names, units and axes, and where each came from."""

    dataset: xr.Dataset
    origins: Mapping[str, str]
    source: str
    unpaired: Mapping[str, str] = field(default_factory=dict)  # absorption -> what it lacks
    rounded: Mapping[str, int] = field(default_factory=dict)  # cells set to the edge of the range


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
    known = known_part(opened, source=source, wind=wind)
    user = _recognised(known, source, lambda dataset: in_months(dataset, months, source=source))
    check_monthly_aod(user)
    if "lat" in user.dataset.dims:
        grid_of(user.dataset, source=source)  # refuses cells whose bounds are unknown or senseless
    return user


def as_understood(path: str | os.PathLike[str]) -> list[str]:
    """How a file would be understood as inputs of a run, line by line.

    Its variables by canonical name with their months, grid and units in the file, and what is not
    used; or why it cannot be used.
    """
    try:
        user = read_user_inputs(path)
    except InputError as error:
        return [str(error)]
    lines = []
    for name, origin in user.origins.items():
        array = user.dataset[name]
        sizes = [f"{n} {dim}" for dim, n in array.sizes.items() if dim != "month"]
        months = (
            f"months {listed(array['month'].values.tolist())}"
            if "month" in array.dims
            else "no months"
        )
        lines.append(f"{name} [{VARIABLES[name].units}]: {origin}; {', '.join([months, *sizes])}")
    return [*lines, *str(user.dataset.attrs.get(NOT_USED, "")).splitlines()]


def recognise(dataset: xr.Dataset, *, source: str) -> UserInputs:
    """Recognise and check inputs whose steps, if any, are along `month` already.

    Parameters
    ----------
    dataset
        In memory, from `known.known_part`. The coordinate `month` says the calendar month of each
        step; it may repeat.
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
    squeezed = with_versions_merged(opened)
    state = air_names(squeezed, source=source)
    wind = wind_names(squeezed, source=source)
    others = squeezed.drop_vars([*state, *wind])
    found = NAMES.in_dataset(others, source=source)
    canonical = canonicalise(others, source=source, found=found)
    names = [name for name in KNOWN if name in canonical and is_meant(canonical[name])]
    unpaired = _unpaired(canonical)
    if not names and not state and not wind:
        raise lacking_partner(unpaired, source) if unpaired else nothing_known(opened, source)
    origins = _origins(others, found, names, source)
    measures = [absorption for absorption, *_ in ABSORPTION if absorption in canonical]
    selected = select(_only(canonical, [*names, *measures]))
    chosen, rounded = set_to_edges(selected, dict.fromkeys([*names, *measures]))
    given = set(found.names)
    _check_values(chosen, [name for name in (*names, *measures) if name in given], source)
    if state:
        fields = air_fields(select(squeezed[_with_time_bounds(squeezed, state)]), source=source)
        air = {str(n): array for n, array in fields.data_vars.items() if n not in names}
        chosen, names = chosen.assign(air), [*names, *air]
        origins |= dict.fromkeys(air, f"{source}, {', '.join(state)}")
    for name in wind:
        there = select(squeezed[_with_time_bounds(squeezed, [name])])
        chosen = chosen.assign({WIND: wind_field(there[name], source=source)})
        names = [*names, WIND]
        origins[WIND] = f"{source}, variable {name}"
    check_ranges(chosen[names], source=source)
    ordered = _on_standard_axes(chosen, list(dict.fromkeys([*measures, *names])), source)
    return UserInputs(ordered.drop_vars(measures), origins, source, unpaired, rounded)


def _with_time_bounds(dataset: xr.Dataset, names: Sequence[str]) -> list[str]:
    bounds = bounds_name(dataset)
    return [*names, *([bounds] if bounds is not None and bounds not in names else [])]


def check_monthly_aod(user: UserInputs) -> None:
    """Refuse monthly fields of AOD whose mean is larger than any that there is.

    Raises
    ------
    InputError
        The mean over the map, or the points, of a month is above 5.
    """
    if "aod" not in user.dataset:
        return
    aod = user.dataset["aod"]
    mean = aod.mean([dim for dim in aod.dims if dim != "month"])
    large = mean > _LARGEST_MEAN_AOD
    if large.any():
        raise InputError(
            f"{user.source}: the mean of aod is {float(mean.max()):g} in the month of "
            f"{first_place(large)}; no monthly mean is above {_LARGEST_MEAN_AOD:g}. Is it in "
            "percent? Then divide by 100, or set its units to '%'."
        )


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


@suggest_keywords
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
        for absorption, partner, wanted in ABSORPTION
        if absorption in canonical and wanted not in canonical
    }


def _opened(inputs: xr.Dataset | str | os.PathLike[str]) -> tuple[xr.Dataset, str]:
    if isinstance(inputs, xr.Dataset):
        return inputs, "the given dataset"
    if isinstance(inputs, str | os.PathLike):
        return open_input(inputs), Path(inputs).name
    kind = type(inputs).__name__
    raise InputError(f"Inputs must be a Dataset or the path of a netCDF file, not {kind}.")


def _origins(
    dataset: xr.Dataset, found: Recognised, names: Sequence[str], source: str
) -> dict[str, str]:
    """Where each canonical variable came from, with the name that it had there.

    What the variable itself says about its origin comes after it.
    """
    how = how_elsewhere(dataset, found, source=source)
    olds = {new: old[0] for new, old in found.names.items()}
    words = {n: f"variable {how.get(n, olds[n])}" if n in olds else "computed" for n in names}
    before = {name: _earlier_origin(dataset[olds[name]]) for name in names if name in olds}
    return {name: f"{source}, {words[name]}{before.get(name, '')}" for name in names}


def _earlier_origin(array: xr.DataArray) -> str:
    filled = str(array.attrs.get("filled_cells", ""))
    count = f"; {filled} of {array.size} cells filled from the built-in inputs" if filled else ""
    return f" ({array.attrs['origin']}{count})" if "origin" in array.attrs else count


def _only(dataset: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """The named variables, with the bounds of their axes and of the aerosol layers."""
    bounds = {*bounds_in(dataset), "lat_bnds", "lon_bnds", "sigma_interface"} - set(names)
    return dataset[[*names, *(name for name in dataset.variables if name in bounds)]]


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
        ordered[name] = ordered[name].transpose(*DIMENSIONS, missing_dims="ignore")
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
