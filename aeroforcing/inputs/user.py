"""The user's own inputs: any dataset or file with known variables, brought to canonical form.

Variables may have `time` (the months of one year, or some of them), `month`, or neither (constant),
latitudes and longitudes in any order, and clouds the dimension `cloud_type`. Temperature, humidity
and other variables on levels are the state of the atmosphere, see `air`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import (
    bounds_name,
    holds_dates,
    longest_interval,
    months_by_bounds,
    months_of,
)
from aeroforcing.core.canonical import (
    NAMES,
    OPTICAL,
    canonicalise,
    check_ranges,
    how_elsewhere,
    set_to_edges,
)
from aeroforcing.core.checks import first_place
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.netcdf import open_input
from aeroforcing.core.recognition import Recognised
from aeroforcing.core.units import in_degrees
from aeroforcing.core.variables import VARIABLES
from aeroforcing.core.wavelengths import coordinate, is_wavelength, near_reference, values_of
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.coordinates import coordinate_of, is_horizontal, with_time_named
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
    "aod_secondary_organic",
    "aod_nitrate",
    "aod_ammonium",
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

# Known over this dimension only.
_TABLES = dict.fromkeys(("cloud_base", "cloud_top", "cloud_optical_depth"), "cloud_type")
_CALENDAR_MONTHS = np.arange(1, 13)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST_MONTH = 32.0  # days
_LARGEST_MEAN_AOD = 5.0
_MOST_NAMED = 40  # of what is not used
_NOT_USED = "not_used"
_ABSORPTION = (
    ("aaod", "aod", "ssa"),
    ("scattering_aod", "aod", "ssa"),
    ("absorption_angstrom", "angstrom", "coalbedo_angstrom"),
)

_LOG = logging.getLogger(__name__)


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
            f"months {_listed(array['month'].values.tolist())}"
            if "month" in array.dims
            else "no months"
        )
        lines.append(f"{name} [{VARIABLES[name].units}]: {origin}; {', '.join([months, *sizes])}")
    return [*lines, *str(user.dataset.attrs.get(_NOT_USED, "")).splitlines()]


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
    squeezed = _merged_versions(_squeezed(opened))
    state = air_names(squeezed, source=source)
    wind = wind_names(squeezed, source=source)
    others = squeezed.drop_vars([*state, *wind])
    found = NAMES.in_dataset(others, source=source)
    canonical = canonicalise(others, source=source)
    names = [name for name in KNOWN if name in canonical and _is_known(canonical[name])]
    unpaired = _unpaired(canonical)
    if not names and not state and not wind:
        raise lacking_partner(unpaired, source) if unpaired else _nothing_known(opened, source)
    origins = _origins(others, found, names, source)
    measures = [absorption for absorption, *_ in _ABSORPTION if absorption in canonical]
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


def known_part(dataset: xr.Dataset, *, source: str, wind: bool = False) -> xr.Dataset:
    """The variables of a dataset that are known, by their own names, and the bounds of its axes.

    Nothing is read of them. The wind speed is among them if it is wanted.

    Raises
    ------
    InputError
        Nothing in the dataset is known, or two variables are the same quantity.
    """
    wanted = {*KNOWN, *(name for names in _ABSORPTION for name in names), "sigma_interface"}
    squeezed = _near_reference(_squeezed(dataset), source)
    state = air_names(squeezed, source=source)
    winds = wind_names(squeezed, source=source) if wind else []
    bare = squeezed.drop_vars([*state, *wind_candidates(squeezed)])
    found = NAMES.in_dataset(bare, source=source)
    ours = {old: new for old, new in found.canonical.items() if new in wanted}
    names = [old for old, new in ours.items() if _is_known(bare[old].rename(new))]
    usable, cannot = _usable(bare, found, names, source)
    reasons = {**found.left, **cannot} | {
        old: f"{new} must be one value for each {_TABLES[new]}"
        for old, new in ours.items()
        if old not in names
    }
    if not {found.canonical[old] for old in usable} - {"sigma_interface"} and not (state or winds):
        raise _nothing_known(dataset, source, reasons)
    kept = {*usable, *state, *winds, *bounds_in(squeezed)}
    kept |= {"lat_bnds", "lon_bnds", "time_bnds", "sigma_interface"}
    part = squeezed[[name for name in squeezed.variables if name in kept]]
    told = _told_unused(squeezed, kept, reasons)
    part.attrs = {key: value for key, value in part.attrs.items() if key != _NOT_USED}
    return part.assign_attrs({_NOT_USED: told} if told else {})


def _usable(
    dataset: xr.Dataset, found: Recognised, names: Sequence[str], source: str
) -> tuple[list[str], dict[str, str]]:
    """Which of the known variables a run can use, and why it cannot use the others.

    Raises
    ------
    InputError
        What is called by the name of a total is none, or is at another wavelength than 550 nm.
    """
    for new, why in found.refused.items():
        if new in KNOWN:
            raise InputError(
                f"{source}: {why}, so it is not taken for the {VARIABLES[new].long_name} ({new}). "
                "Give that, or rename the variable."
            )
    told = how_elsewhere(_outline(dataset, found), found, source=source, needed=OPTICAL)
    for new, how in told.items():
        if new in KNOWN:
            _LOG.warning("%s: %s at 550 nm is made of %s.", source, new, how)
    cannot = {
        old: f"not at {VARIABLES[new].wavelength:g} nm"
        for new in found.elsewhere
        if new not in told
        for old in found.names[new]
    }
    return [name for name in names if name not in cannot], cannot


def _outline(dataset: xr.Dataset, found: Recognised) -> xr.Dataset:
    """One cell of what is not at 550 nm and of the exponent, without values: nothing is read."""
    names = [old for new in (*found.elsewhere, "angstrom") for old in found.names.get(new, ())]
    axis = coordinate(dataset[names])
    kept = set() if axis is None else set(dataset[axis].dims)
    small = dataset[names].isel({d: slice(0, 1) for d in dataset[names].dims if d not in kept})
    outlines = {
        name: (array.dims, np.zeros(array.shape, array.dtype), array.attrs)
        for name, array in small.data_vars.items()
    }
    scalars = {str(n): c for n, c in small.coords.items() if is_wavelength(str(n), c)}
    return xr.Dataset(outlines, scalars)


def _told_unused(dataset: xr.Dataset, kept: set[str], reasons: Mapping[str, str]) -> str:
    """What of a dataset is not used, and why, in words; nothing if all is."""
    names = [
        str(name)
        for name in dataset.data_vars
        if name not in kept and not _is_axis_part(name, dataset)
    ]
    named = [name for name in names if reasons.get(name)]
    ordered = [*named, *(name for name in names if name not in named)]
    words = [f"{n} ({reasons[n]})" if reasons.get(n) else n for n in ordered[:_MOST_NAMED]]
    more = len(ordered) - len(words)
    if more:
        words.append(f"and {more} others")
    return f"not used: {', '.join(words)}" if words else ""


def _is_axis_part(name: object, dataset: xr.Dataset) -> bool:
    """Whether a variable belongs to an axis or to the file: bounds, maps and areas of cells."""
    array = dataset[name]
    return (
        str(name).lower().endswith(("_bnds", "_bounds", "_bnd", "_bound"))
        or "grid_mapping_name" in array.attrs
        or array.dtype.kind in "SUO"
    )


def _near_reference(dataset: xr.Dataset, source: str) -> xr.Dataset:
    """The dataset at those of its wavelengths that 550 nm is one of, or lies between."""
    axis = coordinate(dataset)
    if axis is None or dataset[axis].ndim == 0 or dataset[axis].size < 2:
        return dataset
    nanometres = values_of(dataset[axis], source=source)
    if not (np.isfinite(nanometres) & (nanometres > 0.0)).all():
        return dataset
    (dim,) = dataset[axis].dims
    return dataset.isel({dim: near_reference(nanometres)})


def _merged_versions(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset without the dimension `expver` of ERA5: each step is in one version alone."""
    if "expver" not in dataset.dims:
        return dataset
    parts = [
        dataset.isel(expver=i).drop_vars("expver", errors="ignore")
        for i in range(dataset.sizes["expver"])
    ]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.assign(
            {
                name: array.fillna(part[name]) if array.dtype.kind == "f" else array
                for name, array in merged.data_vars.items()
            }
        )
    return merged


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
    scalars = [
        str(name)
        for name, array in dataset.data_vars.items()
        if (array.ndim == 0 and is_wavelength(str(name), array))
        or (array.ndim == 1 and any(is_horizontal(str(name), array, w) for w in ("lat", "lon")))
    ]
    degrees = in_degrees(dataset.set_coords(scalars))
    named = _with_flat_bounds(with_time_named(degrees))
    single = [d for d, n in named.sizes.items() if n == 1 and not _is_axis(str(d), named)]
    return named.squeeze(single)


def _is_axis(dim: str, dataset: xr.Dataset) -> bool:
    """Whether a dimension is among the known axes."""
    own = dataset.coords.get(dim)
    horizontal = any(is_horizontal(dim, own, which) for which in ("lat", "lon"))
    along = any(
        is_horizontal(str(name), c, which)
        for name, c in dataset.coords.items()
        if c.dims == (dim,)
        for which in ("lat", "lon")
    )
    return horizontal or along or dim.lower() in ("time", *_DIMENSIONS)


def _with_flat_bounds(dataset: xr.Dataset) -> xr.Dataset:
    """Bounds of latitudes and longitudes without the time, which some files give them."""
    flat = {}
    for which in ("lat", "lon"):
        axis = coordinate_of(dataset, which)
        name = f"{which}_bnds" if axis is None else axis.attrs.get("bounds", f"{which}_bnds")
        if isinstance(name, str) and name in dataset.variables and dataset[name].ndim == 3:
            steps = [d for d in dataset[name].dims if d in ("time", "month")]
            flat[name] = dataset[name].isel(dict.fromkeys(steps, 0), drop=True)
    return dataset.assign(flat)


def _nothing_known(
    dataset: xr.Dataset, source: str, reasons: Mapping[str, str] | None = None
) -> InputError:
    told = reasons or {}
    names = [str(name) for name in dataset.data_vars]
    words = [f"{n} ({told[n]})" if told.get(n) else n for n in names[:_MOST_NAMED]]
    found = ", ".join(words) or "no variables"
    more = f" and {len(names) - _MOST_NAMED} others" if len(names) > _MOST_NAMED else ""
    usual = ("aod", "ssa", "asymmetry", "angstrom", "surface_albedo", "cloud_fraction")
    near = list(dict.fromkeys([*NAMES.nearest(names, KNOWN)[:4], *usual]))
    return InputError(
        f"{source}: no variable is recognised. It holds: {found}{more}. Known, besides CF standard "
        f"names and further names, are for instance: {', '.join(near)}. Rename the variables or "
        "set their standard_name."
    )


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


def bounds_in(dataset: xr.Dataset) -> set[str]:
    """What the axes name as their bounds, whether or not it is there, and those of the time."""
    named = {c.attrs.get("bounds") for c in dataset.coords.values()} | {bounds_name(dataset)}
    return {name for name in named if isinstance(name, str)}


def _only(dataset: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """The named variables, with the bounds of their axes and of the aerosol layers."""
    bounds = {*bounds_in(dataset), "lat_bnds", "lon_bnds", "sigma_interface"} - set(names)
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
    bounds = bounds_name(dataset)
    return (
        dataset.drop_vars(["time", "month", *([bounds] if bounds else [])], errors="ignore")
        .rename({} if axes[0] == "month" else {"time": "month"})
        .assign_coords(month=numbers)
        .sel(month=wanted)
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _month_numbers(dataset: xr.Dataset, axis: str, source: str) -> list[int]:
    """Calendar month of each step of the axis, each once."""
    if "month" in dataset.coords and dataset["month"].dims == (axis,):
        numbers = _numbered(dataset["month"])
    elif axis in dataset.coords and holds_dates(dataset[axis]):
        numbers = _months_of_dates(dataset, axis, source)
    elif axis in dataset.coords:
        numbers = _numbered(dataset[axis])
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
            f"prepare fields {source if source.endswith('.nc') else 'FILE ...'} -o climatology.nc"
        )
    return [int(number) for number in numbers]


def _numbered(axis: xr.DataArray) -> np.ndarray:
    """Months by their numbers, or by their names."""
    if axis.dtype.kind in "SUO":
        texts = [
            v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in axis.values
        ]
        short = [text.strip().lower()[:3] for text in texts]
        found = [_MONTH_NAMES.index(text) + 1 if text in _MONTH_NAMES else 0 for text in short]
        return np.array(found) if all(found) else axis.values
    return axis.values


def _months_of_dates(dataset: xr.Dataset, axis: str, source: str) -> np.ndarray:
    """Calendar months of the steps: of their intervals, where the axis has bounds."""
    labels = months_of(dataset[axis])
    name = bounds_name(dataset, axis)
    if name is None:
        return labels
    bounds = dataset[name]
    if bounds.dims[:1] != (axis,) or bounds.shape[1:] != (2,) or not holds_dates(bounds):
        raise InputError(f"{source}: {name} must hold two dates for each {axis}.")
    own = dataset[axis]
    climatology = own.attrs.get("climatology", own.encoding.get("climatology")) == name
    longest = 0.0 if climatology else longest_interval(bounds)
    if longest > _LONGEST_MONTH:
        raise InputError(
            f"{source}: {name} hold an interval of {longest:g} days, which is no month. Give "
            "monthly means."
        )
    months = months_by_bounds(bounds, climatology=climatology)
    told = ~np.isnan(months)
    contrary = told & (months != labels)
    if contrary.any():
        _LOG.warning(
            "%s: %d of %d dates of %s are not in the month that %s give; the months are those of "
            "the bounds.", source, int(contrary.sum()), contrary.size, axis, name,
        )  # fmt: skip
    return np.where(told, months, labels)


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
