"""The built-in surface: open water, the albedo of the rest of each cell, and its altitude.

From fields on the T63 Gaussian grid: albedo of land without snow, land and glacier shares, monthly
snow cover, sea ice and surface temperature. A cell has the share w of open water; `surface_albedo`
is the Lambertian albedo of what is not open water (land, snow, glacier, sea ice). Where all is open
water it has no meaning and holds the diffuse albedo of water.

The altitude is drawn from the mean heights of the great plateaus and mountain belts, which is good
enough for the mass of air above them; single ranges are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import xarray as xr

from aeroforcing.core import resources
from aeroforcing.core.variables import stamp
from aeroforcing.grids.regridding import regrid
from aeroforcing.optics.surface_albedo import OPEN_WATER_ALBEDO_DIFFUSE, land_albedo, sea_ice_albedo

# Antarctic sea ice nearer to MERRA-2: albedo when cold and melting, and the temperature at which it
# begins to fall [K]. The albedo of the ocean of 60-80S, October to March, is then 0.026 below the
# zonal means of MERRA-2, with the values of `surface_albedo.sea_ice_albedo` 0.039.
BRIGHT_ICE = (0.60, 0.58, 267.0)
_LEAST_COVER = 1e-6  # a smaller share of land and ice is rounding


def builtin_surface(
    *, grid: xr.Dataset, months: Sequence[int] = range(1, 13), corrected: bool = False
) -> xr.Dataset:
    """Albedo, open water and altitude of the built-in surface.

    Parameters
    ----------
    grid
        With `lat` and `lon`, e.g. from `gaussian_grid`.
    months
        Calendar months, 1 to 12.
    corrected
        Whether Antarctic sea ice has the albedo `BRIGHT_ICE`.

    Returns
    -------
    Dataset of `surface_albedo` [1] and `open_water_fraction` [1] over (month, lat, lon), and
    `surface_altitude` [m] over (lat, lon).
    """
    fields = regrid(_covered(corrected).sel(month=list(months)), grid)
    cover = fields.cover.where(fields.cover > _LEAST_COVER)
    albedo = (fields.reflected / cover).fillna(OPEN_WATER_ALBEDO_DIFFUSE)
    return stamp(
        xr.Dataset(
            {
                "surface_albedo": albedo.clip(0.0, 1.0),
                "open_water_fraction": (1.0 - fields.cover).clip(0.0, 1.0),
                "surface_altitude": fields.altitude,
            }
        )
    )


@cache
def _covered(corrected: bool) -> xr.Dataset:
    """Share of each source cell that is not open water, and that share times its albedo.

    Both can be averaged over cells; the albedo of the share cannot.
    """
    with xr.open_dataset(resources.path("surface.nc")) as stored:
        source = stored.load()
    land = source.land_fraction
    ice = (1 - land) * source.sea_ice_fraction
    temperature = source.temperature
    on_land = xr.apply_ufunc(
        lambda bare, snow, glacier, kelvin: land_albedo(
            bare, snow=snow, glacier=glacier, temperature=kelvin
        ),
        source.land_albedo,
        source.snow_fraction,
        source.glacier_fraction,
        temperature,
    )
    law = {"antarctic": BRIGHT_ICE} if corrected else {}
    on_ice = xr.apply_ufunc(
        lambda kelvin, lat: sea_ice_albedo(kelvin, lat=lat, **law), temperature, source.lat
    )
    return xr.Dataset(
        {
            "cover": land + ice,
            "reflected": land * on_land + ice * on_ice,
            "altitude": source.altitude,
        }
    ).transpose("month", "lat", "lon")
