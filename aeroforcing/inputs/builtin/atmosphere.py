"""The built-in atmosphere: pressure, temperature, water vapour and ozone by month and latitude.

Pressure, temperature and water vapour are blends of five AFGL atmospheres (AFGL-TR-86-0110) with
weights that are smooth in latitude and season:

- the tropical one up to 15 degrees, those of mid-latitudes around 45, the subarctic ones beyond 60,
  with cubic transitions between;
- between summer and winter by the cosine of the month, about July in the north and January in the
  south. Between 30 and 60 degrees south is ocean, where the zonal mean temperature goes through a
  quarter of the AFGL range (at 45S 4 K in the year, at 45N 21 K); over Antarctica it is three
  quarters of it.

The blend is too wet: 27 mm of precipitable water in the global mean and above 10 mm at the poles,
against 24.4 mm, and 5 mm at the North and under 1 mm at the South Pole, in the digital maps of
Recommendation ITU-R P.836-4. Its tropospheric water vapour is therefore scaled by a factor of
latitude, the same in all months, so that the annual mean above sea level is `PRECIPITABLE_WATER`:
round figures, chosen so that over the terrain (Antarctica is high, hence drier still) the zonal
means follow those maps. The stratosphere keeps its water vapour. Temperatures are not adjusted:
the polar caps are as warm as the subarctic atmospheres, which hardly matters to sunlight.

Ozone is the zonal mean of 2005-2014 of the CMIP7 forcing data, at its own pressures. The other
gases are well mixed (`atmosphere.WELL_MIXED`).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from aeroforcing.columns.atmosphere import WELL_MIXED, afgl_profiles, precipitable_water
from aeroforcing.columns.layer_means import fill_means, fill_pressure
from aeroforcing.core import resources
from aeroforcing.core.arrays import Floats
from aeroforcing.core.compiled import compiled
from aeroforcing.optics.gas_table import GASES
from aeroforcing.optics.gases import layer_pressure

BLENDED = (
    "tropical",
    "midlatitude_summer",
    "midlatitude_winter",
    "subarctic_summer",
    "subarctic_winter",
)

# Annual mean precipitable water above sea level at latitudes [degrees_north], [mm].
PRECIPITABLE_WATER = {
    -90: 2.0, -80: 3.0, -70: 4.5, -60: 8.0, -45: 14.8, -30: 23.5, -15: 35.5, 0: 46.5, 5: 48.5,
    10: 45.5, 15: 38.0, 20: 33.0, 30: 26.5, 45: 17.5, 60: 11.5, 75: 6.5, 90: 5.0,
}  # fmt: skip
TRACE = 1e-30  # stands for 0 where logarithms are taken
DEFAULT_LATITUDES = np.linspace(-90.0, 90.0, 73)
WATER_SCALED_BELOW = 8e3  # m, fully; not at all above WATER_KEPT_ABOVE
WATER_KEPT_ABOVE = 15e3

# Bounds of the 30 layers [m] over a surface at sea level: thin where aerosol, low cloud and most
# of the water vapour are. Over terrain all heights above ground shrink in proportion.
TOP = 70e3
LAYER_BOUNDS = 1e3 * np.array(
    [70, 50, 40, 35, 30, 25, 22, 20, 18, 16, 14, 12, 10, 9, 8, 7, 6, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5,
     1.25, 1, 0.75, 0.5, 0.25, 0]
)  # fmt: skip
LEVEL_FRACTIONS = LAYER_BOUNDS / TOP


class Profiles(NamedTuple):
    """A climatology as plain arrays for compiled code, on fixed altitudes from the top down."""

    altitude: Floats  # (level,) [m]
    log_pressure: Floats  # (month, lat, level) [log Pa]
    temperature: Floats  # (month, lat, level) [K]
    log_fractions: Floats  # (month, lat, 2, level) of water vapour and ozone, per dry air


class TerrainColumns(NamedTuple):
    """Columns of 30 layers over their surfaces, from the top down."""

    altitude_levels: Floats  # (cell, level) [m]
    pressure_levels: Floats  # (cell, level) [Pa]
    pressure_layers: Floats  # (cell, layer) [Pa]
    temperature_layers: Floats  # (cell, layer) [K]
    mole_fractions: Floats  # (cell, gas, layer) in the order of `GASES`, per dry air


def climatology(lat: ArrayLike = DEFAULT_LATITUDES) -> xr.Dataset:
    """The built-in atmosphere at given latitudes.

    Parameters
    ----------
    lat
        (lat,) [degrees_north].

    Returns
    -------
    Dataset of `pressure` [Pa], `temperature` [K], `h2o` and `o3` [mol mol-1 of dry air] on
    (month, lat, altitude), altitude from 80 km down to sea level [m].
    """
    latitudes = np.asarray(lat, dtype=float)
    profiles = _blend(latitudes, np.arange(1, 13))
    profiles["h2o"] = _scaled_water(profiles)
    profiles["o3"] = _ozone_at(profiles)
    return profiles


def smooth_step(x: ArrayLike, low: float, high: float) -> Floats:
    """0 below `low`, 1 above `high`, a cubic without a kink between."""
    t = np.clip((np.asarray(x, dtype=float) - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def seasonal_amplitude(lat: ArrayLike) -> Floats:
    """Share of the AFGL range from winter to summer that the zonal mean goes through."""
    south = -np.asarray(lat, dtype=float)
    ocean = smooth_step(south, 0.0, 30.0) - (2.0 / 3.0) * smooth_step(south, 60.0, 80.0)
    return 1.0 - 0.75 * ocean


def summer_share(lat: ArrayLike, *, month: ArrayLike) -> Floats:
    """Weight of summer against winter, 0 to 1, (month, lat): highest in July north, January south.

    Parameters
    ----------
    lat
        (lat,) [degrees_north].
    month
        (month,) 1 to 12.
    """
    season = np.cos(2.0 * np.pi * (np.asarray(month, dtype=float) - 7.0) / 12.0)
    swing = np.where(np.asarray(lat) < 0.0, -1.0, 1.0) * seasonal_amplitude(lat)
    return 0.5 + 0.5 * season[:, None] * swing


def blend_weights(lat: ArrayLike, *, month: ArrayLike) -> xr.DataArray:
    """Weights of the atmospheres of `BLENDED`, (atmosphere, month, lat); they sum to 1.

    Parameters
    ----------
    lat
        (lat,) [degrees_north].
    month
        (month,) 1 to 12.
    """
    distance = np.abs(np.asarray(lat, dtype=float))
    poleward = smooth_step(distance, 15.0, 45.0)
    polar = smooth_step(distance, 45.0, 60.0)
    summer = summer_share(lat, month=month)
    tropical, middle = 1.0 - poleward, poleward - polar
    weights = np.stack(
        [
            np.broadcast_to(tropical, summer.shape),
            middle * summer,
            middle * (1.0 - summer),
            polar * summer,
            polar * (1.0 - summer),
        ]
    )
    return xr.DataArray(
        weights,
        {"atmosphere": list(BLENDED), "month": np.asarray(month), "lat": np.asarray(lat)},
        ("atmosphere", "month", "lat"),
    )


def _blend(lat: ArrayLike, month: ArrayLike) -> xr.Dataset:
    """Pressure, temperature and water vapour per dry air, (month, lat, altitude), unscaled."""
    weights = blend_weights(lat, month=month)
    profiles = afgl_profiles().sel(atmosphere=list(BLENDED))
    blended = xr.Dataset(
        {
            "pressure": np.exp((weights * np.log(profiles.pressure)).sum("atmosphere")),
            "temperature": (weights * profiles.temperature).sum("atmosphere"),
            "h2o": (weights * (profiles.h2o / (1.0 - profiles.h2o))).sum("atmosphere"),
        }
    )
    return blended.transpose("month", "lat", "altitude").drop_attrs()


def _scaled_water(blended: xr.Dataset) -> xr.DataArray:
    """Water vapour of the blend, its tropospheric part scaled to `PRECIPITABLE_WATER`."""
    lat = blended.lat
    scaled_part = 1.0 - xr.DataArray(
        smooth_step(blended.altitude, WATER_SCALED_BELOW, WATER_KEPT_ABOVE),
        {"altitude": blended.altitude},
    )
    kept = _annual_water(blended, blended.h2o * (1.0 - scaled_part))
    wanted = PchipInterpolator(list(PRECIPITABLE_WATER), list(PRECIPITABLE_WATER.values()))(lat)
    factor = (wanted - kept) / (_annual_water(blended, blended.h2o) - kept)
    return blended.h2o * (1.0 + scaled_part * (factor - 1.0))


def _annual_water(profiles: xr.Dataset, h2o: xr.DataArray) -> xr.DataArray:
    """Annual mean precipitable water of the given water vapour above sea level, (lat,) [mm]."""
    arrays = profile_arrays(profiles.assign(h2o=h2o.clip(min=TRACE), o3=xr.full_like(h2o, TRACE)))
    months, lats = np.indices(h2o.shape[:2])
    columns = columns_over_terrain(
        arrays, month=months.ravel(), lat=lats.ravel(), surface_altitude=np.zeros(months.size)
    )
    water = precipitable_water(
        columns.pressure_levels, h2o=columns.mole_fractions[:, GASES.index("h2o")]
    )
    return xr.DataArray(water.reshape(months.shape).mean(axis=0), {"lat": profiles.lat})


def _ozone_at(profiles: xr.Dataset) -> xr.DataArray:
    """Ozone at the pressures of the profiles, log-log between its levels, constant beyond them."""
    ozone = _ozone().transpose("month", "lat", "pressure")
    source = ozone.interp(lat=profiles.lat.clip(ozone.lat[0], ozone.lat[-1]))
    log_source = np.log(source.pressure.values)
    log_ozone = np.empty(profiles.pressure.shape)
    for month, lat in np.ndindex(log_ozone.shape[:2]):
        log_ozone[month, lat] = np.interp(
            np.log(profiles.pressure.values[month, lat]),
            log_source,
            np.log(source.values[month, lat]),
        )
    return profiles.pressure.copy(data=np.exp(log_ozone))


def builtin_ozone(pressure: Floats, *, latitude: float, month: int) -> Floats:
    """Built-in zonal mean ozone at pressures, log-log between its levels, constant beyond them.

    Parameters
    ----------
    pressure
        [Pa]
    latitude
        [degrees north]
    month
        1..12

    Returns
    -------
    numpy.ndarray
        Of the shape of `pressure` [mol mol-1 of dry air].
    """
    source = _ozone().transpose("month", "lat", "pressure")
    lat = source.lat.values
    by_lat = source.values[list(source.month.values).index(month)]
    profile = [np.interp(latitude, lat, at_pressure) for at_pressure in by_lat.T]
    return np.exp(np.interp(np.log(pressure), np.log(source.pressure.values), np.log(profile)))


@cache
def _ozone() -> xr.DataArray:
    """Mole fraction of ozone on (month, pressure, lat); pressure rises, latitude too."""
    with xr.open_dataset(resources.path("ozone.nc")) as stored:
        return stored.o3.astype(float).load()


def profile_arrays(climatology: xr.Dataset) -> Profiles:
    """The plain arrays of a Dataset as `climatology` returns it."""
    fractions = np.stack([climatology.h2o.values, climatology.o3.values], axis=2)
    arrays = (
        climatology.altitude.values,
        np.log(climatology.pressure.values),
        climatology.temperature.values,
        np.log(fractions),
    )
    return Profiles(*(np.array(array, order="C") for array in arrays))


def columns_over_terrain(
    profiles: Profiles,
    *,
    month: NDArray[np.integer],
    lat: NDArray[np.integer],
    surface_altitude: Floats,
) -> TerrainColumns:
    """Columns of 30 layers between the surface and 70 km, with all gases.

    Parameters
    ----------
    profiles
        See `profile_arrays`.
    month, lat
        (cell,) places in the profiles, from 0.
    surface_altitude
        (cell,) [m]; below sea level the profiles are continued.
    """
    n_cells, n_layers = len(surface_altitude), len(LEVEL_FRACTIONS) - 1
    altitude, pressure = np.empty((2, n_cells, n_layers + 1))
    temperature = np.empty((n_cells, n_layers))
    fractions = np.empty((n_cells, 2, n_layers))
    _fill_columns(
        profiles, np.asarray(month), np.asarray(lat), np.asarray(surface_altitude, dtype=float),
        LEVEL_FRACTIONS, altitude, pressure, temperature, fractions,
    )  # fmt: skip
    mole_fractions = np.empty((n_cells, len(GASES), n_layers))
    for gas, value in WELL_MIXED.items():
        mole_fractions[:, GASES.index(gas)] = value
    mole_fractions[:, [GASES.index("h2o"), GASES.index("o3")]] = fractions
    return TerrainColumns(altitude, pressure, layer_pressure(pressure), temperature, mole_fractions)


@compiled
def _fill_columns(
    profiles: Profiles,
    month: NDArray[np.integer],
    lat: NDArray[np.integer],
    surface_altitude: Floats,
    level_fractions: Floats,
    altitude_levels: Floats,
    pressure_levels: Floats,
    temperature_layers: Floats,
    fractions: Floats,
) -> None:
    """Write the columns of all cells, each array with the axis of cells first."""
    for cell in range(len(surface_altitude)):
        column_over_terrain(
            profiles.altitude,
            profiles.log_pressure[month[cell], lat[cell]],
            profiles.temperature[month[cell], lat[cell]],
            profiles.log_fractions[month[cell], lat[cell]],
            surface_altitude[cell],
            level_fractions,
            altitude_levels[cell],
            pressure_levels[cell],
            temperature_layers[cell],
            fractions[cell],
        )


@compiled
def column_over_terrain(
    altitude: Floats,
    log_pressure: Floats,
    temperature: Floats,
    log_fractions: Floats,
    surface_altitude: float,
    level_fractions: Floats,
    altitude_levels: Floats,
    pressure_levels: Floats,
    temperature_layers: Floats,
    fractions: Floats,
) -> None:
    """One column over terrain.

    Parameters
    ----------
    altitude, log_pressure, temperature, log_fractions
        (level,), (level,), (level,) and (gas, level): one profile of `Profiles`.
    surface_altitude
        [m].
    level_fractions
        (n + 1,) heights of the levels above the surface in parts of the top's, from 1 to 0.
    altitude_levels, pressure_levels, temperature_layers, fractions
        (n + 1,) [m], (n + 1,) [Pa], (n,) [K] and (gas, n), written to.
    """
    for level in range(len(level_fractions)):
        height = (TOP - surface_altitude) * level_fractions[level]
        altitude_levels[level] = surface_altitude + height
    fill_pressure(altitude, log_pressure, altitude_levels, pressure_levels)
    fill_means(
        altitude, log_pressure, temperature, log_fractions, altitude_levels,
        temperature_layers, fractions,
    )  # fmt: skip
