"""Shortwave albedo of the surface: open water by solar zenith angle, land, snow, glacier, sea ice.

A cell is open water in the share w and a Lambertian surface of albedo a elsewhere:

    albedo of the direct beam  = (1 - w) a + w open_water_albedo_direct(mu)
    albedo of diffuse light    = (1 - w) a + w OPEN_WATER_ALBEDO_DIFFUSE

The direct albedo of water is for the unscattered beam only.

References
----------
Taylor, J. P. et al. (1996), Q. J. R. Meteorol. Soc. 122, 839-861, doi:10.1002/qj.49712253205.
Briegleb, B. P. et al. (1986), J. Clim. Appl. Meteorol. 25, 214-226,
doi:10.1175/1520-0450(1986)025<0214:CORCSA>2.0.CO;2.
Roeckner, E. et al. (2003), The atmospheric general circulation model ECHAM5, MPI report 349:
albedo of snow and ice falls linearly with temperature towards the melting point.
Perovich, D. K. et al. (2002), J. Geophys. Res. 107, 8044, doi:10.1029/2000JC000438: Arctic sea ice
0.8 or more under dry snow, about 0.5 in July.
Brandt, R. E. et al. (2005), J. Climate 18, 3606-3622, doi:10.1175/JCLI3489.1: Antarctic sea ice
from 0.3 (thin, bare) to 0.8 (thick, snow).
"""

from __future__ import annotations

import numpy as np

from aeroforcing.jit import kernel

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


@kernel
def open_water_albedo_direct(mu: float) -> float:
    """Albedo of open water for the direct beam, Taylor et al. (1996) [1].

    Parameters
    ----------
    mu
        Cosine of the solar zenith angle, 0 to 1 [1].
    """
    return 0.037 / (1.1 * mu**1.4 + 0.15)


@kernel
def open_water_albedo_direct_briegleb(mu: float) -> float:
    """Albedo of open water for the direct beam, Briegleb et al. (1986) [1].

    Parameters
    ----------
    mu
        Cosine of the solar zenith angle, 0 to 1 [1].
    """
    return 0.026 / (mu**1.7 + 0.065) + 0.15 * (mu - 0.1) * (mu - 0.5) * (mu - 1.0)


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


def sea_ice_albedo(temperature: np.ndarray, *, lat: np.ndarray) -> np.ndarray:
    """Albedo of sea ice with its snow and melt ponds [1].

    Parameters
    ----------
    temperature
        Monthly mean surface temperature [K].
    lat
        Latitude, of which the hemisphere counts [degrees_north].
    """
    arctic = _falling(temperature, law=_ARCTIC_ICE)
    return np.where(np.asarray(lat) > 0, arctic, _falling(temperature, law=_ANTARCTIC_ICE))
