"""The user's inputs as fields of the model: on its grid, mixed, by cloud type, open water apart.

- Means over cells are weighted with what they belong to, as `means` tells.
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

from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.checks import first_place
from aeroforcing.core.errors import InputError
from aeroforcing.grids.means import on_grid
from aeroforcing.inputs.builtin.aerosol import with_sea_salt_modes
from aeroforcing.inputs.known import CLOUD_TABLES, SPECIES
from aeroforcing.inputs.user import UserInputs
from aeroforcing.optics.clouds import CLOUD_TYPES
from aeroforcing.optics.mixtures import DEFAULT_OPTICS, OPTICS_IN_WORDS, mixture_properties
from aeroforcing.optics.species import SPECIES as MIXED_SPECIES

_COVER_ROUNDING = 1e-5

# Species without optics of their own -> that whose optics they have: inorganic salts scatter as
# sulfate does (the "rest" of Chung 2012, E7).
_OPTICS_AS = {
    "secondary_organic": "organic_carbon",
    "nitrate": "sulfate",
    "ammonium": "sulfate",
}


def model_fields(
    user: UserInputs, *, builtin: xr.Dataset, optics: str = DEFAULT_OPTICS
) -> UserInputs:
    """The user's inputs by the names and on the grid of the built-in ones.

    Parameters
    ----------
    user
        As read.
    builtin
        The built-in inputs on the grid and for the months of the run.
    optics
        Of species, "chung2012" or "merra2"; see `mixtures`.

    Returns
    -------
    Variables of the built-in inputs, as far as the user gives them; missing cells are NaN.

    Raises
    ------
    InputError
        The species are incomplete, cloud types are not the built-in ones, amounts sum to more than
        1, cloud optical depth is not by type, a table of the clouds has gaps, or the aerosol
        profile is on other layers or does not add up to 1.
    """
    _check_profile(user, builtin)
    _check_tables(user)
    gridded = replace(user, dataset=on_grid(user.dataset, builtin))
    return _with_cloud_types(_without_open_water(_mixed(gridded, optics)), builtin)


def species_fields(user: UserInputs) -> xr.Dataset:
    """The user's AOD by species, by the names of the mixture.

    Parameters
    ----------
    user
        On the grid of the run.

    Returns
    -------
    `aod_<species>` of the species that there are, with their origins.
    """
    given = user.dataset[[name for name in SPECIES if name in user.dataset]]
    if not given.data_vars:
        return xr.Dataset()
    origin = f"{user.source}, {', '.join(map(str, given.data_vars))}"
    fields = _species(given).drop_attrs().data_vars.items()
    return xr.Dataset({f"aod_{n}": field.assign_attrs(origin=origin) for n, field in fields})


def _check_profile(user: UserInputs, builtin: xr.Dataset) -> None:
    """Refuse an aerosol profile on other layers than the built-in ones, or that loses aerosol."""
    if "aerosol_profile" not in user.dataset:
        return
    wanted = builtin["sigma_interface"].values
    given = user.dataset.get("sigma_interface", xr.DataArray([])).values
    layers = user.dataset["aerosol_profile"].sizes.get("sigma_layer", 1)
    if (
        layers + 1 != wanted.size
        or given.shape != wanted.shape
        or not np.allclose(given, wanted, rtol=0, atol=1e-6)
    ):
        raise InputError(
            f"{user.source}: aerosol_profile has {layers} layers between the sigma_interface "
            f"{np.round(given, 4).tolist()}; expected are the built-in ones, "
            f"{np.round(wanted, 4).tolist()}."
        )
    total = user.dataset["aerosol_profile"].sum("sigma_layer", skipna=False)
    wrong = abs(total - 1) > _COVER_ROUNDING
    if wrong.any():
        raise InputError(
            f"{user.source}: the shares of aerosol_profile do not add up to 1 in "
            f"{int(wrong.sum())} of {total.size} cells, first at {first_place(wrong)}; divide them "
            "by their sum."
        )


def _check_tables(user: UserInputs) -> None:
    """Refuse gaps in what the clouds of a type share, and clouds that end below their base."""
    given = user.dataset
    for name in (*CLOUD_TABLES, "cloud_optical_depth"):
        missing = given[name].isnull() if name in given else xr.DataArray(False)
        if missing.any():
            raise InputError(
                f"{user.source}: {name} is missing in {int(missing.sum())} of {missing.size} "
                f"places, first at {first_place(missing)}; give it for every cloud type and "
                "latitude."
            )


def _check_heights(heights: xr.Dataset, source: str) -> None:
    """Refuse clouds whose top is not above their base."""
    flat = heights["cloud_top"] <= heights["cloud_base"]
    if flat.any():
        raise InputError(
            f"{source}: cloud_top is not above cloud_base in {int(flat.sum())} of {flat.size} "
            f"places, first at {first_place(flat)}. Give both, as altitudes above sea level."
        )


def _mixed(user: UserInputs, optics: str) -> UserInputs:
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
        named = ", ".join(_as_given(name, user) for name in present)
        note = f"not used: {named} of {user.source}, for lack of {', '.join(absent)}"
        notes = [*str(others.attrs.get("not_used", "")).splitlines(), note]
        return replace(user, dataset=others.assign_attrs(not_used="\n".join(notes)))
    mixture = mixture_properties(species, optics=optics)
    derived = {name: mixture[name] for name in OPTICAL if name not in given}
    alike = ", ".join(
        f"{name} as {kin}" for name, kin in _OPTICS_AS.items() if f"aod_{name}" in present
    )
    origin = f"{user.source}, mixture of {', '.join(present)} with {OPTICS_IN_WORDS[optics]}"
    origin += f" ({alike})" if alike else ""
    origins = {**user.origins, **dict.fromkeys(derived, origin)}
    return replace(user, dataset=others.assign(derived), origins=origins)


def _as_given(name: str, user: UserInputs) -> str:
    """A species with the name of its variable, where that is another one."""
    own = user.origins.get(name, "").partition(", variable ")[2].partition(" ")[0]
    return f"{name} ({own})" if own not in ("", name) else name


def _species(given: xr.Dataset) -> xr.Dataset:
    """Species by the names of the mixture, on common dimensions."""
    species = given.rename({str(name): str(name).removeprefix("aod_") for name in given.data_vars})
    if "sea_salt" in species and not {"sea_salt_fine", "sea_salt_coarse"} <= set(species):
        species = with_sea_salt_modes(species)
    for name, kin in _OPTICS_AS.items():
        if name in species and kin in species:
            species = species.assign({kin: species[kin] + species[name]})
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
    """What is known of clouds by the built-in types, in their order."""
    names = [name for name in ("cloud_base", "cloud_top") if name in user.dataset]
    clouds = {name: _in_order(user.dataset[name], user.source) for name in names}
    if clouds:
        heights = builtin[["cloud_base", "cloud_top"]].drop_attrs().assign(clouds)
        _check_heights(heights, user.source)
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
    excess = cover > 1 + _COVER_ROUNDING
    if excess.any():
        raise InputError(
            f"{user.source}: the amounts of cloud_fraction sum to more than 1 in "
            f"{int(excess.sum())} of {cover.size} cells, first at {first_place(excess)}, at most "
            f"{float(cover.max()):g}. Types exclude each other: give what is seen from above."
        )
    return ordered


def _in_order(array: xr.DataArray, source: str) -> xr.DataArray:
    """The array in the order of the built-in cloud types."""
    found = [str(name) for name in array["cloud_type"].values]
    if sorted(found) != sorted(_type_names()):
        raise InputError(
            f"{source}: {array.name} has the cloud types {', '.join(found) or 'none'}; expected "
            f"are {', '.join(_type_names())}."
        )
    return array.assign_coords(cloud_type=found).sel(cloud_type=_type_names())


def _type_names() -> list[str]:
    return [cloud.name for cloud in CLOUD_TYPES]
