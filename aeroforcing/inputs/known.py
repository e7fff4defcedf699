"""Which variables of a user's dataset are inputs of a run, and what of it is not used.

Nothing is read here but the values of axes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import bounds_name
from aeroforcing.core.canonical import NAMES, OPTICAL, how_elsewhere
from aeroforcing.core.errors import InputError
from aeroforcing.core.recognition import Recognised
from aeroforcing.core.units import in_degrees
from aeroforcing.core.variables import VARIABLES
from aeroforcing.core.wavelengths import coordinate, is_wavelength, near_reference, values_of
from aeroforcing.grids.coordinates import coordinate_of, is_horizontal, with_time_named
from aeroforcing.inputs.air import LEVEL, air_names, wind_candidates, wind_names

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

DIMENSIONS = ("month", "cloud_type", "sigma_layer", LEVEL, "cell", "lat", "lon")
# Known over this dimension only.
TABLES = dict.fromkeys(("cloud_base", "cloud_top", "cloud_optical_depth"), "cloud_type")
_MOST_NAMED = 40  # of what is not used
NOT_USED = "not_used"
ABSORPTION = (
    ("aaod", "aod", "ssa"),
    ("scattering_aod", "aod", "ssa"),
    ("absorption_angstrom", "angstrom", "coalbedo_angstrom"),
)

_LOG = logging.getLogger(__name__)


def known_part(dataset: xr.Dataset, *, source: str, wind: bool = False) -> xr.Dataset:
    """The variables of a dataset that are known, by their own names, and the bounds of its axes.

    Nothing is read of them. The wind speed is among them if it is wanted.

    Raises
    ------
    InputError
        Nothing in the dataset is known, or two variables are the same quantity.
    """
    wanted = {*KNOWN, *(name for names in ABSORPTION for name in names), "sigma_interface"}
    squeezed = _near_reference(squeezed_to_axes(dataset), source)
    state = air_names(squeezed, source=source)
    winds = wind_names(squeezed, source=source) if wind else []
    bare = squeezed.drop_vars([*state, *wind_candidates(squeezed)])
    found = NAMES.in_dataset(bare, source=source)
    ours = {old: new for old, new in found.canonical.items() if new in wanted}
    names = [old for old, new in ours.items() if is_meant(bare[old].rename(new))]
    usable, cannot = _usable(bare, found, names, source)
    reasons = {**found.left, **cannot} | {
        old: f"{new} must be one value for each {TABLES[new]}"
        for old, new in ours.items()
        if old not in names
    }
    if not {found.canonical[old] for old in usable} - {"sigma_interface"} and not (state or winds):
        raise nothing_known(dataset, source, reasons)
    kept = {*usable, *state, *winds, *bounds_in(squeezed)}
    kept |= {"lat_bnds", "lon_bnds", "time_bnds", "sigma_interface"}
    part = squeezed[[name for name in squeezed.variables if name in kept]]
    told = _told_unused(squeezed, kept, reasons)
    part.attrs = {key: value for key, value in part.attrs.items() if key != NOT_USED}
    return part.assign_attrs({NOT_USED: told} if told else {})


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


def nothing_known(
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


def is_meant(array: xr.DataArray) -> bool:
    """Whether a variable of a known name is the one that is meant; cloud heights may be others."""
    needed = TABLES.get(str(array.name))
    return needed is None or needed in array.dims


def bounds_in(dataset: xr.Dataset) -> set[str]:
    """What the axes name as their bounds, whether or not it is there, and those of the time."""
    named = {c.attrs.get("bounds") for c in dataset.coords.values()} | {bounds_name(dataset)}
    return {name for name in named if isinstance(name, str)}


def squeezed_to_axes(dataset: xr.Dataset) -> xr.Dataset:
    """Without dimensions of one value, such as a wavelength, that are not among the known axes.

    The time is called so.
    """
    scalars = [
        str(name)
        for name, array in dataset.data_vars.items()
        if (array.ndim == 0 and is_wavelength(str(name), array))
        or (array.ndim == 1 and any(is_horizontal(str(name), array, w) for w in ("lat", "lon")))
    ]
    degrees = in_degrees(dataset.set_coords(scalars) if scalars else dataset)
    named = _with_flat_bounds(with_time_named(degrees))
    single = [d for d, n in named.sizes.items() if n == 1 and not _is_axis(str(d), named)]
    return named.squeeze(single) if single else named


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
    return horizontal or along or dim.lower() in ("time", *DIMENSIONS)


def _with_flat_bounds(dataset: xr.Dataset) -> xr.Dataset:
    """Bounds of latitudes and longitudes without the time, which some files give them."""
    flat = {}
    for which in ("lat", "lon"):
        axis = coordinate_of(dataset, which)
        name = f"{which}_bnds" if axis is None else axis.attrs.get("bounds", f"{which}_bnds")
        if isinstance(name, str) and name in dataset.variables and dataset[name].ndim == 3:
            steps = [d for d in dataset[name].dims if d in ("time", "month")]
            flat[name] = dataset[name].isel(dict.fromkeys(steps, 0), drop=True)
    return dataset.assign(flat) if flat else dataset


def _near_reference(dataset: xr.Dataset, source: str) -> xr.Dataset:
    """The dataset at those of its wavelengths that 550 nm is one of, or lies between."""
    axis = coordinate(dataset)
    if axis is None or dataset[axis].ndim == 0 or dataset[axis].size < 2:
        return dataset
    nanometres = values_of(dataset[axis], source=source)
    if not (np.isfinite(nanometres) & (nanometres > 0.0)).all():
        return dataset
    (dim,) = dataset[axis].dims
    places = near_reference(nanometres)
    return dataset.isel({dim: places[0] if len(places) == 1 else places})


def with_versions_merged(dataset: xr.Dataset) -> xr.Dataset:
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
