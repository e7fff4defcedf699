"""The user's own inputs: any dataset or file with known variables, brought to canonical form.

Variables may have `time` (the months of one year, or some of them), `month`, or neither (constant),
latitudes and longitudes in any order, and clouds the dimension `cloud_type`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.errors import InputError
from aeroforcing.grids import standard_axes
from aeroforcing.netcdf import open_input
from aeroforcing.variables import VARIABLES, canonicalise, check_ranges

OPTICAL = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom")
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
KNOWN = (*OPTICAL, *SPECIES, *SURFACE, *CLOUD)

_DIMENSIONS = ("month", "cloud_type", "lat", "lon")
_CALENDAR_MONTHS = np.arange(1, 13)


@dataclass(frozen=True)
class UserInputs:
    """Known variables in canonical names, units and axes, and where each came from."""

    dataset: xr.Dataset
    origins: Mapping[str, str]
    source: str


def read_user_inputs(
    inputs: xr.Dataset | str | os.PathLike[str], *, months: Sequence[int]
) -> UserInputs:
    """Read, recognise and check the user's inputs for some months.

    Parameters
    ----------
    inputs
        Dataset, or path of a netCDF file.
    months
        Calendar months that are wanted.

    Returns
    -------
    Known variables over (month, cloud_type, lat, lon), each as far as it has these.

    Raises
    ------
    InputError
        The file cannot be read, nothing in it is known, an axis is absent or unusable, a month is
        absent, units are unknown, or values are out of range.
    """
    opened, source = _opened(inputs)
    canonical = canonicalise(_squeezed(opened), source=source)
    names = [name for name in KNOWN if name in canonical]
    if not names:
        raise _nothing_known(opened, source)
    origins = _origins(_squeezed(opened), names, source)
    chosen = _with_months(_only(canonical, names), months, source)
    check_ranges(chosen[names], source=source)
    return UserInputs(_on_standard_axes(chosen, names, source), origins, source)


def _opened(inputs: xr.Dataset | str | os.PathLike[str]) -> tuple[xr.Dataset, str]:
    if isinstance(inputs, xr.Dataset):
        return inputs, "the given dataset"
    if isinstance(inputs, str | os.PathLike):
        return open_input(inputs), Path(inputs).name
    kind = type(inputs).__name__
    raise InputError(f"Inputs must be a Dataset or the path of a netCDF file, not {kind}.")


def _squeezed(dataset: xr.Dataset) -> xr.Dataset:
    """Without dimensions of one value, such as a wavelength, that are not among the known axes."""
    axes = {name for axis in ("lat", "lon", "time") for name in (axis, *VARIABLES[axis].aliases)}
    axes |= set(_DIMENSIONS)
    single = [d for d, n in dataset.sizes.items() if n == 1 and str(d).lower() not in axes]
    return dataset.squeeze(single)


def _nothing_known(dataset: xr.Dataset, source: str) -> InputError:
    found = ", ".join(map(str, dataset.data_vars)) or "no variables"
    names = "; ".join(", ".join((name, *VARIABLES[name].aliases[:2])) for name in KNOWN)
    return InputError(
        f"{source}: no variable is recognised. It holds: {found}. Known, besides CF standard names "
        f"and further aliases, are: {names}. Rename the variables or set their standard_name."
    )


def _origins(dataset: xr.Dataset, names: Sequence[str], source: str) -> dict[str, str]:
    """Where each canonical variable came from, with the name that it had there."""
    olds: dict[str, str] = {}
    for old in dataset.data_vars:
        for new in canonicalise(dataset[[old]], source=source).data_vars:
            if str(new) == str(old) or str(new) not in olds:
                olds[str(new)] = str(old)
    found = {name: f"variable {olds[name]}" if name in olds else "computed" for name in names}
    return {name: f"{source}, {origin}" for name, origin in found.items()}


def _only(dataset: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """The named variables, with the bounds of their axes."""
    bounds = {coordinate.attrs.get("bounds") for coordinate in dataset.coords.values()}
    bounds |= {"lat_bnds", "lon_bnds"}
    return dataset[[*names, *(name for name in dataset.data_vars if name in bounds)]]


def _with_months(dataset: xr.Dataset, months: Sequence[int], source: str) -> xr.Dataset:
    """The wanted months along a dimension `month`, if the dataset has any."""
    axes = [axis for axis in ("time", "month") if axis in dataset.dims]
    if not axes:
        return dataset
    if len(axes) == 2:
        raise InputError(f"{source}: has both dimensions time and month; one of them is expected.")
    numbers = _month_numbers(dataset, axes[0], source)
    absent = sorted(set(months) - set(numbers))
    if absent:
        raise InputError(
            f"{source}: holds the months {_listed(numbers)}, not {_listed(absent)}. Ask for months "
            "that it holds, or give all of them."
        )
    return (
        dataset.drop_vars(axes, errors="ignore")
        .rename({} if axes[0] == "month" else {"time": "month"})
        .assign_coords(month=numbers)
        .sel(month=list(months))
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _month_numbers(dataset: xr.Dataset, axis: str, source: str) -> list[int]:
    """Calendar month of each step of the axis, each once."""
    if "month" in dataset.coords and dataset["month"].dims == (axis,):
        numbers = dataset["month"].values
    elif axis in dataset.coords and dataset[axis].dtype.kind in "MO":
        numbers = dataset[axis].dt.month.values
    elif axis in dataset.coords:
        numbers = dataset[axis].values
    else:
        numbers = np.arange(1, dataset.sizes[axis] + 1)
        if dataset.sizes[axis] != 12:
            raise InputError(
                f"{source}: the dimension {axis} has {dataset.sizes[axis]} steps and no coordinate "
                "to say which months they are."
            )
    if not np.isin(numbers, _CALENDAR_MONTHS).all() or np.unique(numbers).size != numbers.size:
        raise InputError(
            f"{source}: {axis} is not the months of one year, each once: "
            f"{_listed(numbers[:13].tolist())}{'...' if numbers.size > 13 else ''}. Give dates or "
            "months 1 to 12; of several years make a monthly climatology first."
        )
    return [int(number) for number in numbers]


def _on_standard_axes(dataset: xr.Dataset, names: Sequence[str], source: str) -> xr.Dataset:
    """Ascending latitudes, longitudes 0 to 360, and no dimension that has no meaning here."""
    is_gridded = any(set(dataset[name].dims) - {"month", "cloud_type"} for name in names)
    ordered = standard_axes(dataset, source=source) if is_gridded else dataset
    for name in names:
        strange = [str(dim) for dim in ordered[name].dims if dim not in _DIMENSIONS]
        if strange:
            raise InputError(
                f"{source}: variable {name} has the dimension {', '.join(strange)}, which has no "
                "meaning here. Select one value of it, or add up over it."
            )
        ordered[name] = ordered[name].transpose(*_DIMENSIONS, missing_dims="ignore")
    return ordered
