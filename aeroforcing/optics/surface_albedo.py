"""Shortwave albedo of the surface: open water by solar zenith angle, land, snow, glacier, sea ice.

A cell is open water in the share w and a Lambertian surface of albedo a elsewhere:

    albedo of the direct beam  = (1 - w) a + w open_water_albedo_direct(mu)
    albedo of diffuse light    = (1 - w) a + w OPEN_WATER_ALBEDO_DIFFUSE

The direct albedo of water is for the unscattered beam only. Three laws are known (`OCEAN_LAWS`):
Taylor's and Briegleb's depend on the sun's height alone; that of Jin et al. also on the roughness
of the sea, by the wind. Theirs is the reflection at the water's surface for the refractive index
1.34; the light that comes back from below it (about 0.006) and foam are left out.

References
----------
Taylor, J. P. et al. (1996), Q. J. R. Meteorol. Soc. 122, 839-861, doi:10.1002/qj.49712253205.
Briegleb, B. P. et al. (1986), J. Clim. Appl. Meteorol. 25, 214-226,
doi:10.1175/1520-0450(1986)025<0214:CORCSA>2.0.CO;2.
Jin, Z. et al. (2011), Opt. Express 19, 26429-26443, doi:10.1364/OE.19.026429.
Briegleb, B. P. et al. (2004), Scientific description of the sea ice component in the Community
Climate System Model, version three, NCAR/TN-463+STR, doi:10.5065/D6HH6H1P: visible and
near-infrared albedo of snow and sea ice.
Roeckner, E. et al. (2003), The atmospheric general circulation model ECHAM5, MPI report 349:
albedo of snow and ice falls linearly with temperature towards the melting point.
Perovich, D. K. et al. (2002), J. Geophys. Res. 107, 8044, doi:10.1029/2000JC000438: Arctic sea ice
0.8 or more under dry snow, about 0.5 in July.
Brandt, R. E. et al. (2005), J. Climate 18, 3606-3622, doi:10.1175/JCLI3489.1: Antarctic sea ice
from 0.3 (thin, bare) to 0.8 (thick, snow).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from aeroforcing.core.arrays import Floats
from aeroforcing.core.compiled import compiled
from aeroforcing.core.errors import InputError

# Laws of the albedo of open water by their places: 0, 1, 2.
OCEAN_LAWS = ("taylor1996", "briegleb1986", "jin2011")
_TAYLOR, _BRIEGLEB, _JIN = range(3)
DEFAULT_OCEAN = OCEAN_LAWS[_TAYLOR]
OCEAN_IN_WORDS = (
    "Taylor et al. (1996)", "Briegleb et al. (1986)", "Jin et al. (2011), by wind speed",
)  # fmt: skip
_SHORT_NAMES = ("taylor", "briegleb", "jin")
_REFRACTIVE_INDEX = 1.34  # of sea water, for visible light

OPEN_WATER_ALBEDO_DIFFUSE = 0.06  # Taylor et al. (1996) and Briegleb et al. (1986)

_MELTING_POINT = 273.15  # K

# Cold albedo, albedo at the melting point, and the monthly mean temperature [K] at which the fall
# begins; it begins well below freezing because a month has days above its mean. Snow cover here
# is that of grid cells with their forests, shrubs and rocks, which 0.8 of pure snow is not.
_SNOW = (0.62, 0.33, 258.0)
_GLACIER = (0.785, 0.58, 262.0)

# Arctic ice is thick and covered by dry snow until June; Antarctic ice is thin, young and broken.
_ARCTIC_ICE = (0.79, 0.51, 267.0)
_ANTARCTIC_ICE = (0.58, 0.51, 267.0)


def ocean_law(name: str) -> int:
    """The place of a law in `OCEAN_LAWS`, by its name or by that of its first author.

    Raises
    ------
    InputError
        There is no such law.
    """
    for names in (OCEAN_LAWS, _SHORT_NAMES):
        if name in names:
            return names.index(name)
    raise InputError(
        f"ocean={name!r} is not allowed; the laws of the albedo of open water are "
        f"{', '.join(map(repr, OCEAN_LAWS))}."
    )


def needs_wind(name: str) -> bool:
    """Whether a law depends on the wind speed."""
    return ocean_law(name) == _JIN


@compiled
def open_water_albedo_direct(mu: float) -> float:
    """Albedo of open water for the direct beam, Taylor et al. (1996) [1].

    Parameters
    ----------
    mu
        Cosine of the solar zenith angle, 0 to 1 [1].
    """
    return 0.037 / (1.1 * mu**1.4 + 0.15)


@compiled
def open_water_albedo_direct_briegleb(mu: float) -> float:
    """Albedo of open water for the direct beam, Briegleb et al. (1986) [1].

    Parameters
    ----------
    mu
        Cosine of the solar zenith angle, 0 to 1 [1].
    """
    return 0.026 / (mu**1.7 + 0.065) + 0.15 * (mu - 0.1) * (mu - 0.5) * (mu - 1.0)


@compiled
def wave_slope(wind_speed: float) -> float:
    """Width of the distribution of the waves' slopes, Cox and Munk; Jin et al. (2011), eq. 2 [1].

    Parameters
    ----------
    wind_speed
        At 10 m [m s-1].
    """
    return math.sqrt(0.003 + 0.00512 * wind_speed)


@compiled
def fresnel_reflectance(mu: float, index: float) -> float:
    """Reflectance of a flat surface for unpolarised light [1].

    Parameters
    ----------
    mu
        Cosine of the angle of incidence [1].
    index
        Refractive index [1].
    """
    refracted = math.sqrt(1.0 - (1.0 - mu * mu) / (index * index))
    parallel = (refracted - index * mu) / (refracted + index * mu)
    perpendicular = (mu - index * refracted) / (mu + index * refracted)
    return 0.5 * (parallel * parallel + perpendicular * perpendicular)


@compiled
def open_water_albedo_direct_jin(mu: float, wind_speed: float) -> float:
    """Albedo of the rough surface of the sea for the direct beam, Jin et al. (2011), eq. 1, 4 [1].

    Parameters
    ----------
    mu
        Cosine of the solar zenith angle, 0 to 1 [1].
    wind_speed
        At 10 m [m s-1].
    """
    s = wave_slope(wind_speed)
    m2 = mu * mu
    fall = 0.0152 - 1.7873 * mu + 6.8972 * m2 - 8.5778 * m2 * mu + 4.071 * s - 7.6446 * mu * s
    rough = fall * math.exp(0.1643 - 7.8409 * mu - 3.5639 * m2 - 2.3588 * s + 10.0538 * mu * s)
    return fresnel_reflectance(mu, _REFRACTIVE_INDEX) - rough


@compiled
def open_water_albedo_diffuse_jin(wind_speed: float) -> float:
    """Albedo of the rough surface of the sea for diffuse light, Jin et al. (2011), eq. 5a [1].

    Parameters
    ----------
    wind_speed
        At 10 m [m s-1].
    """
    s, n = wave_slope(wind_speed), _REFRACTIVE_INDEX
    return -0.1482 - 0.012 * s + 0.1608 * n - 0.0244 * n * s


@compiled
def ocean_albedo_direct(law: float, wind_speed: float, mu: float) -> float:
    """Albedo of open water for the direct beam by one of `OCEAN_LAWS`, given by its place [1]."""
    if law == _TAYLOR:
        return open_water_albedo_direct(mu)
    if law == _BRIEGLEB:
        return open_water_albedo_direct_briegleb(mu)
    return open_water_albedo_direct_jin(mu, wind_speed)


@compiled
def ocean_albedo_diffuse(law: float, wind_speed: float) -> float:
    """Albedo of open water for diffuse light by one of `OCEAN_LAWS`, given by its place [1]."""
    if law == _JIN:
        return open_water_albedo_diffuse_jin(wind_speed)
    return OPEN_WATER_ALBEDO_DIFFUSE


class TwoBand(NamedTuple):
    """Albedo below and above 700 nm [1]; `two_band_albedo` makes an albedo by band of it."""

    visible: Floats
    near_infrared: Floats


# Cold snow and ice of CCSM3, visible and near-infrared, and their fall in the last kelvin below the
# melting point.
_COLD_SNOW = TwoBand(0.98, 0.70)  # type: ignore[arg-type]
_SNOW_FALL = TwoBand(0.10, 0.15)  # type: ignore[arg-type]
_COLD_ICE = TwoBand(0.78, 0.36)  # type: ignore[arg-type]
_ICE_FALL = 0.075
_THICK_ICE = 0.5  # m, from which on the albedo of ice is constant


def snow_two_band(temperature: ArrayLike) -> TwoBand:
    """Visible and near-infrared albedo of deep pure snow, Briegleb et al. (2004) [1].

    Parameters
    ----------
    temperature
        Of its surface [K]. The albedo is constant up to 1 K below the melting point.
    """
    warm = _melting(temperature)
    return TwoBand(*(cold - fall * warm for cold, fall in zip(_COLD_SNOW, _SNOW_FALL, strict=True)))


def sea_ice_two_band(
    temperature: ArrayLike, *, thickness: ArrayLike = 2.0, snow: ArrayLike = 0.0
) -> TwoBand:
    """Visible and near-infrared albedo of sea ice, Briegleb et al. (2004) [1].

    Parameters
    ----------
    temperature
        Of its surface [K].
    thickness
        Below 0.5 m the ice darkens to the albedo of water [m].
    snow
        Share of its surface under snow, 0 to 1 [1].
    """
    warm = _melting(temperature)
    thick = np.minimum(np.arctan(4.0 * np.asarray(thickness)) / np.arctan(4.0 * _THICK_ICE), 1.0)
    bare = (
        (cold - _ICE_FALL * warm) * thick + OPEN_WATER_ALBEDO_DIFFUSE * (1.0 - thick)
        for cold in _COLD_ICE
    )
    cover = np.asarray(snow, dtype=float)
    pairs = zip(bare, snow_two_band(temperature), strict=True)
    return TwoBand(*((1.0 - cover) * ice + cover * white for ice, white in pairs))


def _melting(temperature: ArrayLike) -> Floats:
    """0 up to 1 K below the melting point, 1 from it on, linear between."""
    return np.clip(np.asarray(temperature, dtype=float) - (_MELTING_POINT - 1.0), 0.0, 1.0)


def _falling(temperature: np.ndarray, *, law: tuple[float, float, float]) -> np.ndarray:
    """Albedo that falls linearly from its cold value to its value at the melting point."""
    cold, melting, start = law
    return np.interp(temperature, [start, _MELTING_POINT], [cold, melting])


def land_albedo(
    bare: np.ndarray, *, snow: np.ndarray, glacier: np.ndarray, temperature: np.ndarray
) -> np.ndarray:
    """Albedo of land with its snow and glaciers [1].

    Parameters
    ----------
    bare
        Albedo of the land without snow [1].
    snow
        Share of snow cover in the land off glaciers, 0 to 1 [1].
    glacier
        Share of glacier in the land, 0 to 1 [1].
    temperature
        Monthly mean surface temperature [K].

    Returns
    -------
    Array of the common shape of the arguments.
    """
    off_glacier = (1 - snow) * bare + snow * _falling(temperature, law=_SNOW)
    return glacier * _falling(temperature, law=_GLACIER) + (1 - glacier) * off_glacier


def sea_ice_albedo(
    temperature: np.ndarray,
    *,
    lat: np.ndarray,
    antarctic: tuple[float, float, float] = _ANTARCTIC_ICE,
) -> np.ndarray:
    """Albedo of sea ice with its snow and melt ponds [1].

    Parameters
    ----------
    temperature
        Monthly mean surface temperature [K].
    lat
        Latitude, of which the hemisphere counts [degrees_north].
    antarctic
        Of the ice of the south: the albedo when cold and at the melting point [1], and the
        temperature at which it begins to fall [K].
    """
    arctic = _falling(temperature, law=_ARCTIC_ICE)
    return np.where(np.asarray(lat) > 0, arctic, _falling(temperature, law=antarctic))
