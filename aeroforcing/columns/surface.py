"""The surface of a column: its albedo by band, for the direct beam and for diffuse light.

A number is the albedo of a grey Lambertian surface, an array of one value per shortwave band that
of a coloured one (`two_band_albedo` makes it from a visible and a near-infrared albedo). A pair of
albedos is a `SurfaceAlbedo`, open water an `Ocean`.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from aeroforcing.columns.by_value import ByValue
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_number
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.optics.band_means import solar_share
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.surface_albedo import OCEAN_LAWS, sea_ice_two_band, snow_two_band

VISIBLE_LIMIT = 700.0  # nm, between the visible and the near infrared of surface albedos


@suggest_keywords
@dataclass(frozen=True, eq=False)
class SurfaceAlbedo(ByValue):
    """Albedo of a surface for the sun's direct beam and for diffuse light.

    Parameters
    ----------
    direct, diffuse
        Numbers, or one value per shortwave band, 0 to 1 [1].

    Raises
    ------
    InputError
        A value is outside its range.
    """

    _: KW_ONLY
    direct: float | ArrayLike
    diffuse: float | ArrayLike

    def __post_init__(self) -> None:
        for name in ("direct", "diffuse"):
            values = _albedo_values(f"SurfaceAlbedo: {name}", getattr(self, name))
            object.__setattr__(self, name, values)


@suggest_keywords
@dataclass(frozen=True, eq=False)
class Ocean(ByValue):
    """Open water, alone or beside another surface.

    Parameters
    ----------
    law
        Of its albedo for the direct beam by the sun's zenith angle: "taylor1996", "briegleb1986"
        or "jin2011", which depends on the wind too; see `surface`.
    wind_speed
        At 10 m height, 0 to 50 [m s-1]; of "jin2011" alone.
    fraction
        Share of open water in the surface, 0 to 1.
    rest
        Albedo of what is not open water, such as sea ice: a number, one value per band, or a
        SurfaceAlbedo.

    Raises
    ------
    InputError
        The law is unknown, a value is outside its range, or the wind is missing or superfluous.
    """

    _: KW_ONLY
    law: str = "taylor1996"
    wind_speed: float | None = None
    fraction: float = 1.0
    rest: float | ArrayLike | SurfaceAlbedo = 0.0

    def __post_init__(self) -> None:
        if self.law not in OCEAN_LAWS:
            raise InputError(
                f"Ocean: law={self.law!r} is unknown; use {', '.join(map(repr, OCEAN_LAWS))}."
            )
        if (self.law == "jin2011") == (self.wind_speed is None):
            raise InputError("Ocean: the law 'jin2011' needs wind_speed, the others have none.")
        if self.wind_speed is not None and not 0.0 <= float(self.wind_speed) <= 50.0:
            raise InputError(
                f"Ocean: wind_speed={self.wind_speed!r} is not allowed; give 0 to 50 m s-1."
            )
        check_number("Ocean", "open_water_fraction", self.fraction)
        if not isinstance(self.rest, SurfaceAlbedo):
            object.__setattr__(self, "rest", _albedo_values("Ocean: rest", self.rest))


AnySurface = float | ArrayLike | SurfaceAlbedo | Ocean


class SurfaceBands(NamedTuple):
    """The surface of a column for the solver."""

    direct: Floats  # (band,) albedo of what is not open water, for the direct beam
    diffuse: Floats  # (band,) the same for diffuse light
    open_water: float  # share
    law: int  # of open water, its place in `surface_albedo.OCEAN_LAWS`
    wind_speed: float  # [m s-1]


def checked_surface(surface: AnySurface) -> AnySurface:
    """A surface as it is kept in a column: a number stays one, arrays are checked.

    Raises
    ------
    InputError
        A value is outside its range.
    """
    if isinstance(surface, SurfaceAlbedo | Ocean):
        return surface
    if np.ndim(surface) == 0:
        check_number("Column", "surface_albedo", surface)  # type: ignore[arg-type]
        return surface
    return _albedo_values("Column: surface_albedo", surface)


def surface_bands(surface: AnySurface, *, n_bands: int) -> SurfaceBands:
    """The surface as the solver takes it.

    Parameters
    ----------
    surface
        Of a column.
    n_bands
        Number of shortwave bands.

    Raises
    ------
    InputError
        An array does not have one value per band.
    """
    if isinstance(surface, Ocean):
        rest = surface_bands(surface.rest, n_bands=n_bands)
        law = OCEAN_LAWS.index(surface.law)
        return SurfaceBands(
            rest.direct, rest.diffuse, float(surface.fraction), law, surface.wind_speed or 0.0
        )
    if not isinstance(surface, SurfaceAlbedo):
        values = _by_band(surface, n_bands)
        return SurfaceBands(values, values, 0.0, 0, 0.0)
    direct, diffuse = (_by_band(v, n_bands) for v in (surface.direct, surface.diffuse))
    return SurfaceBands(direct, diffuse, 0.0, 0, 0.0)


@suggest_keywords
def two_band_albedo(visible: float, *, near_infrared: float) -> Floats:
    """Albedo by shortwave band from a visible and a near-infrared albedo, which meet at 700 nm.

    The band that holds 700 nm gets their mean with the sun's power as weight.

    Parameters
    ----------
    visible, near_infrared
        0 to 1 [1].

    Returns
    -------
    (band,) [1], in the order of `shortwave_bands`.

    Raises
    ------
    InputError
        A value is outside its range.
    """
    for name, value in (("visible", visible), ("near_infrared", near_infrared)):
        if not (np.ndim(value) == 0 and 0.0 <= value <= 1.0):
            raise InputError(f"two_band_albedo: {name}={value!r} is not allowed; give 0 to 1.")
    share = visible_share()
    return share * visible + (1.0 - share) * near_infrared


@suggest_keywords
def snow_albedo(temperature: float = 260.0) -> Floats:
    """Albedo by shortwave band of deep pure snow, see `surface_albedo.snow_two_band`.

    Parameters
    ----------
    temperature
        Of its surface [K].

    Returns
    -------
    (band,) [1].
    """
    visible, near_infrared = snow_two_band(temperature)
    return two_band_albedo(float(visible), near_infrared=float(near_infrared))


@suggest_keywords
def ice_albedo(temperature: float = 260.0, *, thickness: float = 2.0, snow: float = 0.0) -> Floats:
    """Albedo by shortwave band of sea ice, see `surface_albedo.sea_ice_two_band`.

    Parameters
    ----------
    temperature
        Of its surface [K].
    thickness
        Of the ice [m].
    snow
        Share of its surface under snow, 0 to 1 [1].

    Returns
    -------
    (band,) [1].

    Raises
    ------
    InputError
        A value is outside its range.
    """
    if not (thickness >= 0.0 and 0.0 <= snow <= 1.0):
        raise InputError(
            f"ice_albedo: thickness={thickness!r}, snow={snow!r} are not allowed; give a thickness "
            "of at least 0 and a share of snow from 0 to 1."
        )
    visible, near_infrared = sea_ice_two_band(temperature, thickness=thickness, snow=snow)
    return two_band_albedo(float(visible), near_infrared=float(near_infrared))


@cache
def visible_share() -> Floats:
    """Share of the sun's power below 700 nm in each shortwave band, (band,) [1]."""
    limits = load_gas_table().band_limits_wavenumber
    return solar_share(limits, beyond_wavenumber=1e7 / VISIBLE_LIMIT)


def _albedo_values(name: str, values: float | ArrayLike) -> Floats:
    """One albedo, or one per band, checked."""
    try:
        array = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must hold numbers: {error}") from error
    if array.ndim > 1 or array.size == 0:
        raise InputError(f"{name} has the shape {array.shape}; give a number or one per band.")
    bad = ~((array >= 0.0) & (array <= 1.0))
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"{name} has {int(bad.sum())} of {array.size} values that are not allowed, the first "
            f"is {array.ravel()[first]:g} in band {first} (counted from 0); give 0 to 1."
        )
    return array


def _by_band(values: float | ArrayLike, n_bands: int) -> Floats:
    array = np.asarray(values, dtype=float)
    if array.ndim == 0:
        return np.full(n_bands, array)
    if array.size != n_bands:
        raise InputError(
            f"Column: surface_albedo has {array.size} values, but there are {n_bands} shortwave "
            "bands; give one for each, or one number."
        )
    return array.reshape(n_bands)
