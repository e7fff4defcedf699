"""The built-in aerosol: composition and shape from a model climatology, amount from observation.

Tegen et al. (1997) give monthly AOD at 550 nm of organic and black carbon, dust, sulfate and sea
salt on 4 x 5 degrees with its distribution over 12 layers. Their total is low against observation
(0.088 in the global mean), so all species of a cell are multiplied by one factor: the ratio of
MODIS/Terra AOD (2020, boxes of 10 x 15 degrees) to the same box of the model, interpolated between
the centres of the boxes in its logarithm. Assumptions:

- Where MODIS saw nothing (polar night, snow, a few bright deserts) the logarithm of the factor is a
  membrane spanned from the neighbouring boxes, which relaxes within 2000 km to that of the month's
  ratio of the means over all observed boxes (about 1.5).
- The composition, and so SSA and asymmetry, stays the model's.
- Sea salt: 30 % of its AOD is fine. Kaufman et al. (2005) found 0.32 +- 0.07 of the AOD of marine
  air in the fine mode; sizes of the burden in GOCART with its extinctions give about a third.
- Layers follow the terrain: sigma = pressure over surface pressure, with the interfaces of the
  model over its 1013.25 hPa.

References
----------
Tegen, I. et al. (1997), J. Geophys. Res. 102, 23895-23915, doi:10.1029/97JD01864.
Kaufman, Y. J. et al. (2005), J. Geophys. Res. 110, D10S12, doi:10.1029/2003JD003948.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import xarray as xr

from aeroforcing.columns.vertical_profiles import SigmaProfile
from aeroforcing.core import resources
from aeroforcing.core.checks import check_between, checked_months
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.grids.interpolation import interpolate, relaxed
from aeroforcing.grids.means import global_mean
from aeroforcing.grids.regridding import regrid
from aeroforcing.optics.mixtures import DEFAULT_OPTICS, mixture_properties
from aeroforcing.optics.species import FINE_SEA_SALT


def builtin_aerosol(
    *, grid: xr.Dataset, months: Sequence[int] = range(1, 13), optics: str = DEFAULT_OPTICS
) -> xr.Dataset:
    """Optical properties and vertical profile of the built-in aerosol.

    Parameters
    ----------
    grid
        With `lat` and `lon`, e.g. from `gaussian_grid`.
    months
        Calendar months, 1 to 12.
    optics
        Of the species, "chung2012" or "merra2"; see `mixtures`.

    Returns
    -------
    Dataset (month, lat, lon) of `aod`, `ssa`, `asymmetry`, `angstrom`, `coalbedo_angstrom` at
    550 nm [1], and `aerosol_profile` (month, lat, lon, sigma_layer), the share of the AOD in each
    layer between the `sigma_interface`, top first.
    """
    species = builtin_species(grid=grid, months=months)
    mixture = mixture_properties(species, optics=optics)
    profile = builtin_profile(grid=grid, months=months)
    return stamp(mixture.assign(aerosol_profile=profile, sigma_interface=_sigma_interface()))


def builtin_species(*, grid: xr.Dataset, months: Sequence[int] = range(1, 13)) -> xr.Dataset:
    """AOD at 550 nm of each species of the built-in aerosol, as `mix_species` takes them [1].

    Parameters are those of `builtin_aerosol`; variables are over (month, lat, lon).
    """
    columns = to_grid(_scaled_aod(months), grid)
    return with_sea_salt_modes(columns.to_dataset("species"))


def builtin_profile(*, grid: xr.Dataset, months: Sequence[int] = range(1, 13)) -> xr.DataArray:
    """Share of the AOD in each layer, top first (month, lat, lon, sigma_layer) [1]."""
    share = tegen_climatology().layer_share.sel(month=list(months))
    layers = to_grid((_scaled_aod(months) * share).sum("species"), grid)
    profile = (layers / layers.sum("sigma_layer")).transpose("month", "lat", "lon", "sigma_layer")
    return stamp(profile.rename("aerosol_profile"))


def builtin_species_profiles(
    *, grid: xr.Dataset, months: Sequence[int] = range(1, 13)
) -> xr.DataArray:
    """Share of each species' AOD in the layers, (species, month, lat, lon, sigma_layer) [1].

    Species are organic_carbon, black_carbon, dust, sulfate and sea_salt; top first. Where a species
    is absent its share is that of all aerosol.
    """
    share = tegen_climatology().layer_share.sel(month=list(months))
    layers = to_grid(_scaled_aod(months) * share, grid)
    depth = layers.sum("sigma_layer")
    profiles = (layers / depth).where(depth > 0.0, builtin_profile(grid=grid, months=months))
    return profiles.transpose("species", "month", "lat", "lon", "sigma_layer")


@suggest_keywords
def tegen_profile(
    *, latitude: float, longitude: float, month: int, species: str | None = None
) -> SigmaProfile:
    """Vertical distribution of the aerosol of Tegen et al. (1997) at a place, for `Aerosol`.

    Parameters
    ----------
    latitude, longitude
        [degrees north, degrees east]
    month
        1..12
    species
        organic_carbon, black_carbon, dust, sulfate or sea_salt; by default all of them together.

    Raises
    ------
    InputError
        A value is outside its range, or the species is unknown.
    """
    check_between("latitude", latitude, -90.0, 90.0)
    check_between("longitude", longitude, -360.0, 360.0)
    months = checked_months([month])
    known = [str(name) for name in tegen_climatology().species.values]
    if species is not None and species not in known:
        raise InputError(f"species={species!r} is unknown; use {', '.join(known)}.")
    chosen = known if species is None else [species]
    place = xr.Dataset(coords={"lat": [float(latitude)], "lon": [float(longitude) % 360.0]})
    share = tegen_climatology().layer_share.sel(month=months)
    depths = (_scaled_aod(months) * share).sel(species=chosen).sum("species")
    layers = to_grid(depths, place).squeeze(drop=True)
    return SigmaProfile(layers.values, interfaces=_sigma_interface().values)


def with_sea_salt_modes(species: xr.Dataset) -> xr.Dataset:
    """Split `sea_salt` into `sea_salt_fine` and `sea_salt_coarse` by the share FINE_SEA_SALT."""
    salt = species["sea_salt"]
    modes = {"sea_salt_fine": FINE_SEA_SALT * salt, "sea_salt_coarse": (1 - FINE_SEA_SALT) * salt}
    return species.drop_vars("sea_salt").assign(modes)


def _scaled_aod(months: Sequence[int]) -> xr.DataArray:
    """AOD of each species, scaled to observation, on the model's grid."""
    return (tegen_climatology().aod * observed_factor()).sel(month=list(months))


def to_grid(field: xr.DataArray, grid: xr.Dataset) -> xr.DataArray:
    """A field of the model interpolated to the cells of a grid."""
    ordered = field.transpose(..., "lat", "lon")
    values = interpolate(
        ordered.values,
        lat=ordered.lat.values,
        lon=ordered.lon.values,
        to_lat=grid.lat.values,
        to_lon=grid.lon.values,
    )
    kept = {name: c for name, c in ordered.coords.items() if not {"lat", "lon"} & set(c.dims)}
    return xr.DataArray(values, kept | {"lat": grid.lat, "lon": grid.lon}, ordered.dims)


@cache
def observed_factor() -> xr.DataArray:
    """Factor from the model's AOD to the observed one on the model's grid (month, lat, lon) [1]."""
    return factor_to_observation(tegen_climatology().aod.sum("species"))


def factor_to_observation(model: xr.DataArray) -> xr.DataArray:
    """Factor from an AOD on the model's grid to the observed one (month, lat, lon) [1]."""
    observed = _observed_aod()
    boxes = regrid(model, "10x15")
    seen = observed.notnull()
    means = global_mean(observed.where(seen)) / global_mean(boxes.where(seen))
    lat, lon = observed.lat.values, observed.lon.values
    logarithm = np.log(np.asarray(observed / boxes))
    filled = np.stack(
        [
            relaxed(ratio, lat=lat, lon=lon, towards=limit)
            for ratio, limit in zip(logarithm, np.log(means.values), strict=True)
        ]
    )
    log_factor = interpolate(
        filled, lat=lat, lon=lon, to_lat=model.lat.values, to_lon=model.lon.values
    )
    return model.copy(data=np.exp(log_factor))


def _sigma_interface() -> xr.DataArray:
    return tegen_climatology().sigma_interface


@cache
def tegen_climatology() -> xr.Dataset:
    """AOD by species and its shares in the layers, as the model has them."""
    with xr.open_dataset(resources.path("aerosol_species.nc")) as stored:
        species = stored.load()
    share = species.layer_share / species.layer_share.sum("layer").clip(min=1e-6)  # undo rounding
    return species.assign(layer_share=share).rename(
        layer="sigma_layer", interface="sigma_interface"
    )


@cache
def _observed_aod() -> xr.DataArray:
    with xr.open_dataset(resources.path("observed_10x15.nc")) as stored:
        return stored["aod"].load()
