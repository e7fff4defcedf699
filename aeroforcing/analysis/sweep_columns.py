"""The column of the sensitivity sweeps, and what it means to set each of its properties.

Reference
---------
Chung, C. E. (2012), Aerosol direct radiative forcing: a review, doi:10.5772/50248.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from aeroforcing.columns.aerosols import Aerosol, AnyAerosol
from aeroforcing.columns.atmosphere import standard_atmosphere
from aeroforcing.columns.clouds import Cloud, CloudLayers
from aeroforcing.columns.column import Column
from aeroforcing.columns.surface import Ocean, SurfaceAlbedo
from aeroforcing.columns.vertical_profiles import ExponentialProfile
from aeroforcing.core.checks import check_between
from aeroforcing.core.errors import InputError, suggest_keywords


class Point(NamedTuple):
    """One point of a sweep."""

    column: Column
    latitude: float  # [degrees north]


@suggest_keywords
def base_column(
    *,
    atmosphere: str = "tropical",
    aod: float = 0.1,
    ssa: float = 0.9,
    asymmetry: float = 0.7,
    angstrom: float = 1.4,
    coalbedo_angstrom: float = 0.0,
    surface_albedo: float = 0.15,
    scale_height: float = 2000.0,
    clouds: Sequence[Cloud] = (),
) -> Column:
    """The column of Chung (2012), Figures 1-5, or one that differs from it.

    The caption of Figure 1 prints an SSA of 0.19, which is that of black carbon and contradicts the
    text; 0.9 is meant, and is the default here.

    Parameters
    ----------
    atmosphere
        Name for `standard_atmosphere`.
    aod, ssa, asymmetry, angstrom, coalbedo_angstrom
        Properties of the aerosol at 550 nm, as of `Aerosol`.
    surface_albedo
        0 to 1.
    scale_height
        Of the aerosol's extinction [m].
    clouds
        As of `Column`; none by default.

    Raises
    ------
    InputError
        A value is outside its range.
    """
    aerosol = Aerosol(
        aod=aod,
        ssa=ssa,
        asymmetry=asymmetry,
        angstrom=angstrom,
        coalbedo_angstrom=coalbedo_angstrom,
        profile=ExponentialProfile(scale_height),
    )
    return Column(
        atmosphere=standard_atmosphere(atmosphere),
        aerosol=aerosol,
        surface_albedo=surface_albedo,
        clouds=clouds,
    )


@suggest_keywords
def water_cloud(
    *,
    cloud_optical_depth: float = 10.0,
    cloud_base: float = 1000.0,
    cloud_top: float = 2000.0,
    cloud_fraction: float = 1.0,
) -> Cloud:
    """A low water cloud, overcast by default, which absorbs in the near infrared.

    Parameters
    ----------
    cloud_optical_depth
        The same at all wavelengths.
    cloud_base, cloud_top
        Altitudes [m].
    cloud_fraction
        Share of the sky, 0 to 1.

    Raises
    ------
    InputError
        A value is outside its range, or the top is not above the base.
    """
    return Cloud(
        base=cloud_base,
        top=cloud_top,
        optical_depth=cloud_optical_depth,
        fraction=cloud_fraction,
        ssa=_water_ssa,
    )


def _water_ssa(wavelength: float) -> float:
    """SSA of cloud droplets, in four steps of the wavelength [um]."""
    for limit, coalbedo in ((1.0, 1e-5), (1.3, 5e-4), (1.9, 0.007)):
        if wavelength < limit:
            return 1.0 - coalbedo
    return 0.97


def aod_of(column: Column) -> float:
    """AOD of a column at 550 nm; not a number where an aerosol does not tell it."""
    return sum((_aod_of_one(aerosol) for aerosol in column.aerosols), 0.0)


def _aod_of_one(aerosol: AnyAerosol) -> float:
    return float(np.sum(np.asarray(aerosol.aod))) if isinstance(aerosol, Aerosol) else np.nan


def _uniform_aerosol(column: Column) -> Aerosol | None:
    """The aerosol of a column, if it is one and its properties are numbers."""
    if len(column.aerosols) == 1:
        (aerosol,) = column.aerosols
        if isinstance(aerosol, Aerosol) and aerosol.is_uniform:
            return aerosol
    return None


def _change_aerosol(point: Point, parameter: str, **changes: Any) -> Point:
    aerosol = _uniform_aerosol(point.column)
    if aerosol is None:
        raise InputError(
            f"A sweep over {parameter} needs a column with one Aerosol whose properties are "
            "numbers."
        )
    changed = replace(aerosol, **changes)
    return point._replace(column=replace(point.column, aerosol=changed))


def _set_aerosol(name: str) -> Callable[[Point, float], Point]:
    def changed(point: Point, value: float) -> Point:
        return _change_aerosol(point, name, **{name: value})

    return changed


def _set_scale_height(point: Point, value: float) -> Point:
    return _change_aerosol(point, "scale_height", profile=ExponentialProfile(value))


def _set_albedo(point: Point, value: float) -> Point:
    return point._replace(column=replace(point.column, surface_albedo=value))


def _set_latitude(point: Point, value: float) -> Point:
    check_between("latitude", value, -90.0, 90.0)
    return point._replace(latitude=value)


def _set_cloud_depth(point: Point, value: float) -> Point:
    return _with_cloud(point, replace(_the_cloud(point.column), optical_depth=value))


def _set_cloud_base(point: Point, value: float) -> Point:
    """The cloud at another height, as thick as before."""
    levels, cloud = point.column.atmosphere.altitude_levels, _the_cloud(point.column)
    thickness = cloud.top - cloud.base
    check_between("cloud_base", value, levels[-1], levels[0] - thickness)
    return _with_cloud(point, replace(cloud, base=value, top=value + thickness))


def _the_cloud(column: Column) -> Cloud:
    clouds = column.clouds
    if isinstance(clouds, CloudLayers) or len(clouds) != 1:
        count = "clouds by layer" if isinstance(clouds, CloudLayers) else f"{len(clouds)} clouds"
        raise InputError(
            f"The column has {count}; a sweep over a cloud's depth or height needs a column with "
            "one Cloud."
        )
    return clouds[0]


def _with_cloud(point: Point, cloud: Cloud) -> Point:
    return point._replace(column=replace(point.column, clouds=(cloud,)))


PARAMETERS: Mapping[str, Callable[[Point, float], Point]] = {
    "aod": _set_aerosol("aod"),
    "ssa": _set_aerosol("ssa"),
    "asymmetry": _set_aerosol("asymmetry"),
    "angstrom": _set_aerosol("angstrom"),
    "coalbedo_angstrom": _set_aerosol("coalbedo_angstrom"),
    "surface_albedo": _set_albedo,
    "scale_height": _set_scale_height,
    "latitude": _set_latitude,
    "cloud_optical_depth": _set_cloud_depth,
    "cloud_base": _set_cloud_base,
}
OF_CLOUDS = frozenset({"cloud_optical_depth", "cloud_base"})


def describe(point: Point, *, without: Mapping[str, object]) -> str:
    """A column in words, but for the parameters that are swept."""
    words = {
        **_aerosol_words(point.column),
        "surface_albedo": _surface_words(point.column.surface_albedo),
        "latitude": latitude_words(point.latitude),
    }
    parts = [text for name, text in words.items() if name not in without]
    return ", ".join([*parts, *_sky_words(point.column.clouds, without)])


def _aerosol_words(column: Column) -> dict[str, str]:
    aerosol = _uniform_aerosol(column)
    if aerosol is None:
        count = len(column.aerosols)
        words = {0: "no aerosol", 1: "an aerosol by layer or wavelength"}
        return {"aerosol": words.get(count, f"{count} aerosols")}
    properties = {
        "aod": f"AOD {_text(aerosol.aod)}",
        "ssa": f"SSA {_text(aerosol.ssa)}",
        "asymmetry": f"asymmetry {_text(aerosol.asymmetry)}",
        "angstrom": f"Angstrom exponent {_text(aerosol.angstrom)}",
    }
    if aerosol.coalbedo_angstrom != 0.0:
        properties["coalbedo_angstrom"] = f"co-albedo exponent {_text(aerosol.coalbedo_angstrom)}"
    properties["scale_height"] = _profile_words(aerosol.profile)
    return {name: text for name, text in properties.items() if text}


def _text(number: Any) -> str:
    return f"{number:g}"


def _profile_words(profile: object) -> str:
    """The vertical distribution, where it is not that of the paper."""
    if not isinstance(profile, ExponentialProfile):
        return "given profile"
    height = profile.scale_height
    usual = height == ExponentialProfile().scale_height
    return "" if usual else f"scale height {height / 1000:g} km"


def _surface_words(surface: object) -> str:
    if isinstance(surface, Ocean):
        return "open water" if surface.fraction == 1.0 else "partly open water"
    if isinstance(surface, SurfaceAlbedo) or np.ndim(surface):  # type: ignore[arg-type]
        return "given surface albedos"
    return f"surface albedo {surface:g}"


def latitude_words(latitude: float) -> str:
    """A latitude as "21°N"."""
    return f"{abs(latitude):g}\N{DEGREE SIGN}{'S' if latitude < 0.0 else 'N'}"


def _sky_words(clouds: Sequence[Cloud] | CloudLayers, without: Mapping[str, object]) -> list[str]:
    if isinstance(clouds, CloudLayers):
        return ["clouds by layer"]
    return [_cloud_words(cloud, without) for cloud in clouds] or ["clear sky"]


def _cloud_words(cloud: Cloud, without: Mapping[str, object]) -> str:
    depth = "" if "cloud_optical_depth" in without else f" of optical depth {cloud.optical_depth:g}"
    if "cloud_base" in without:
        place = f", {(cloud.top - cloud.base) / 1000:g} km thick"
    else:
        place = f" at {cloud.base / 1000:g}-{cloud.top / 1000:g} km"
    return f"{cloud.fraction:.0%} cloud{depth}{place}"
