"""The user's inputs as fields of the model: on its grid, mixed, by cloud type, open water apart.

- Averages over cells mean what they say: SSA is weighted by AOD, asymmetry by scattering AOD, the
  Angstrom exponent by AOD and the co-albedo exponent by absorption AOD, as far as the same source
  holds the weights.
- AOD by species (organic and black carbon, dust, sulfate, sea salt) gives AOD, SSA, asymmetry and
  both exponents by mixing; what is also given directly has precedence.
- A given surface albedo is that of the whole cell: there is no open water in it, unless the
  open-water fraction is given too.
- A cloud fraction without types is the total; the types share it as the built-in ones do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from aeroforcing.aerosol_optics import spectral_exponents
from aeroforcing.builtin_aerosol import with_sea_salt_modes
from aeroforcing.clouds import CLOUD_TYPES
from aeroforcing.errors import InputError
from aeroforcing.properties import SPECIES as MIXED_SPECIES
from aeroforcing.properties import mix_species
from aeroforcing.regridding import regrid
from aeroforcing.user_inputs import OPTICAL, SPECIES, UserInputs

_SAME_AXIS = 1e-3  # degrees; axes are often stored in single precision
_COVER_ROUNDING = 1e-5
# What the mean of an intensive property over a cell is weighted with.
_WEIGHTS = {
    "ssa": lambda x: x["aod"],
    "asymmetry": lambda x: x["aod"] * x.get("ssa", 1.0),
    "angstrom": lambda x: x["aod"],
    "coalbedo_angstrom": lambda x: x["aod"] * (1 - x.get("ssa", 0.0)),
}


def model_fields(user: UserInputs, *, builtin: xr.Dataset) -> UserInputs:
    """The user's inputs by the names and on the grid of the built-in ones.

    Parameters
    ----------
    user
        As read.
    builtin
        The built-in inputs on the grid and for the months of the run.

    Returns
    -------
    Variables of the built-in inputs, as far as the user gives them; missing cells are NaN.

    Raises
    ------
    InputError
        The species are incomplete, cloud types are not the built-in ones, amounts sum to more than
        1, or cloud optical depth is not by type.
    """
    gridded = replace(user, dataset=_regridded(user.dataset, builtin))
    return _with_cloud_types(_without_open_water(_mixed(gridded)), builtin)


def _regridded(dataset: xr.Dataset, target: xr.Dataset) -> xr.Dataset:
    """The user's variables on the target grid; variables without a grid as they are."""
    variables = dataset.drop_vars(["lat_bnds", "lon_bnds", "area"], errors="ignore")
    if "lat" not in dataset.dims:
        return variables
    if all(_same(dataset[axis].values, target[axis].values) for axis in ("lat", "lon")):
        return variables.assign_coords(lat=target.lat, lon=target.lon)
    moved = {}
    for name, array in variables.data_vars.items():
        weight = _WEIGHTS[name](variables) if name in _WEIGHTS and "aod" in variables else None
        moved[name] = _cell_mean(array, weight, dataset, target) if "lat" in array.dims else array
    return xr.Dataset(moved)


def _same(axis: np.ndarray, other: np.ndarray) -> bool:
    return axis.shape == other.shape and bool(np.abs(axis - other).max() < _SAME_AXIS)


def _cell_mean(
    field: xr.DataArray, weight: xr.DataArray | None, axes: xr.Dataset, target: xr.Dataset
) -> xr.DataArray:
    """Mean over each target cell, weighted; by area alone where the weights are 0."""
    bounds = {name: axes[name] for name in ("lat_bnds", "lon_bnds") if name in axes}
    plain = regrid(xr.Dataset({"field": field, **bounds}), target)["field"]
    if weight is None or "lat" not in weight.dims:
        return plain
    weighted = (field * weight).transpose(..., "lat", "lon")
    counted = weight.where(field.notnull()).transpose(..., "lat", "lon")
    sums = regrid(xr.Dataset({"weighted": weighted, "weight": counted, **bounds}), target)
    mean = sums["weighted"] / sums["weight"].where(sums["weight"] > 0)
    return mean.fillna(plain).clip(field.min(), field.max())


def _mixed(user: UserInputs) -> UserInputs:
    """Optical properties from the species, where they are not given directly."""
    given = user.dataset
    present = [name for name in SPECIES if name in given]
    others = given.drop_vars(present)
    if not present:
        return user
    species = _species(given[present])
    absent = [name for name in MIXED_SPECIES if name not in species]
    if absent and "aod" not in given:
        raise InputError(
            f"{user.source}: holds {', '.join(present)}, but not the AOD of {', '.join(absent)}. "
            "Give all species (zeros for one that is absent), or the total AOD."
        )
    if absent:
        note = f"not used: {', '.join(present)} of {user.source}, for lack of {', '.join(absent)}"
        return replace(user, dataset=others.assign_attrs(not_used=note))
    mixture = xr.merge([mix_species(species), spectral_exponents(species)])
    derived = {name: mixture[name] for name in OPTICAL if name not in given}
    origin = f"{user.source}, mixture of {', '.join(present)}"
    origins = {**user.origins, **dict.fromkeys(derived, origin)}
    return replace(user, dataset=others.assign(derived), origins=origins)


def _species(given: xr.Dataset) -> xr.Dataset:
    """Species by the names of the mixture, on common dimensions."""
    species = given.rename({str(name): str(name).removeprefix("aod_") for name in given.data_vars})
    if "sea_salt" in species and not {"sea_salt_fine", "sea_salt_coarse"} <= set(species):
        species = with_sea_salt_modes(species)
    kept = species[[name for name in MIXED_SPECIES if name in species]]
    return xr.Dataset(dict(zip(kept, xr.broadcast(*kept.data_vars.values()), strict=True)))


def _without_open_water(user: UserInputs) -> UserInputs:
    """No open water where the albedo of the whole cell is given."""
    given = user.dataset
    if "surface_albedo" not in given or "open_water_fraction" in given:
        return user
    origin = f"none: surface_albedo of {user.source} is that of the whole cell"
    return replace(
        user,
        dataset=given.assign(open_water_fraction=0.0 * given["surface_albedo"]),
        origins={**user.origins, "open_water_fraction": origin},
    )


def _with_cloud_types(user: UserInputs, builtin: xr.Dataset) -> UserInputs:
    """Cloud amounts and optical depths by the built-in types."""
    clouds = {}
    if "cloud_optical_depth" in user.dataset:
        clouds["cloud_optical_depth"] = _depth_by_type(user)
    if "cloud_fraction" in user.dataset:
        clouds["cloud_fraction"] = _fraction_by_type(user, builtin["cloud_fraction"])
    return replace(user, dataset=user.dataset.drop_vars(clouds).assign(clouds))


def _depth_by_type(user: UserInputs) -> xr.DataArray:
    depth = user.dataset["cloud_optical_depth"]
    if depth.dims != ("cloud_type",):
        raise InputError(
            f"{user.source}: cloud_optical_depth is over ({', '.join(map(str, depth.dims))}); it "
            f"must be one value for each cloud_type: {', '.join(_type_names())}."
        )
    return _in_order(depth, user.source)


def _fraction_by_type(user: UserInputs, builtin: xr.DataArray) -> xr.DataArray:
    fraction = user.dataset["cloud_fraction"]
    if "cloud_type" not in fraction.dims:
        return fraction * builtin / builtin.sum("cloud_type")
    ordered = _in_order(fraction, user.source)
    cover = ordered.sum("cloud_type")
    if (cover > 1 + _COVER_ROUNDING).any():
        raise InputError(
            f"{user.source}: the amounts of cloud_fraction sum to more than 1 in "
            f"{int((cover > 1 + _COVER_ROUNDING).sum())} of {cover.size} cells, at most "
            f"{float(cover.max()):g}. Types exclude each other: give what is seen from above."
        )
    return ordered


def _in_order(array: xr.DataArray, source: str) -> xr.DataArray:
    """The array in the order of the built-in cloud types."""
    found = [str(name) for name in array["cloud_type"].values]
    if sorted(found) != sorted(_type_names()):
        raise InputError(
            f"{source}: {array.name} has the cloud types {', '.join(found)}; expected are "
            f"{', '.join(_type_names())}."
        )
    return array.assign_coords(cloud_type=found).sel(cloud_type=_type_names())


def _type_names() -> list[str]:
    return [cloud.name for cloud in CLOUD_TYPES]
