"""The sun: declination, distance and zenith angle through the day and the year.

The mean over a month is an integral over its days and over the hour angle h of the daylight part
of each, 0..H by the symmetry of morning and afternoon, with

    cos(zenith) = sin(lat) sin(dec) + cos(lat) cos(dec) cos(h),   cos(H) = -tan(lat) tan(dec),

and the irradiance on a horizontal plane solar_constant (1 AU / distance)^2 cos(zenith). The mean
over some hours of a day is one over the sun's hour angles at a longitude.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aeroforcing.core.compiled import compiled
from aeroforcing.core.constants import DAYS_PER_MONTH, LONGEST_PERIOD
from aeroforcing.grids.time_steps import Steps

DAYS_PER_YEAR = sum(DAYS_PER_MONTH)

_INSTANTS = LONGEST_PERIOD  # that stand for the hours of a part of a day
_NOONS = np.arange(DAYS_PER_YEAR) + 0.5


class Sun(NamedTuple):
    """When the sun shines on each cell, as plain arrays for compiled functions."""

    latitude: NDArray[np.float64]  # (cell,) [radian]
    first_day: NDArray[np.int64]  # (cell,) first day of the period, 0 = 1 January
    days: NDArray[np.int64]  # (cell,) length of the period
    cos_zenith: NDArray[np.float64]  # (cell,) of an instant; 0: average over the period
    declination: NDArray[np.float64]  # (day of the year,) [radian]
    distance_factor: NDArray[np.float64]  # (day of the year,) (1 AU / distance)^2
    solar_constant: float  # [W m-2] at 1 AU
    hour_angle: NDArray[np.float64]  # (cell,) [radian] at the beginning of a part of a day
    hour_span: NDArray[np.float64]  # (cell,) [radian] length of that part; 0: whole days


def declination(day: ArrayLike = _NOONS) -> NDArray[np.float64]:
    """Declination of the sun at times of a 365-day year, by default all noons [radian].

    Fourier series of Spencer (1971), Search 2(5), 172: within 0.0006 radian.

    Parameters
    ----------
    day
        Days after 1 January, 0 h.
    """
    x = 2.0 * np.pi * np.asarray(day) / DAYS_PER_YEAR
    return (
        0.006918
        - 0.399912 * np.cos(x)
        + 0.070257 * np.sin(x)
        - 0.006758 * np.cos(2 * x)
        + 0.000907 * np.sin(2 * x)
        - 0.002697 * np.cos(3 * x)
        + 0.001480 * np.sin(3 * x)
    )


def distance_factor(day: ArrayLike = _NOONS) -> NDArray[np.float64]:
    """(1 AU / distance)^2 at the same times (Spencer 1971, within 0.01 %)."""
    x = 2.0 * np.pi * np.asarray(day) / DAYS_PER_YEAR
    return (
        1.000110
        + 0.034221 * np.cos(x)
        + 0.001280 * np.sin(x)
        + 0.000719 * np.cos(2 * x)
        + 0.000077 * np.sin(2 * x)
    )


def equation_of_time(day: ArrayLike = _NOONS) -> NDArray[np.float64]:
    """True solar time less mean solar time at the same times [radian] (Spencer 1971)."""
    x = 2.0 * np.pi * np.asarray(day) / DAYS_PER_YEAR
    return (
        0.000075
        + 0.001868 * np.cos(x)
        - 0.032077 * np.sin(x)
        - 0.014615 * np.cos(2 * x)
        - 0.040849 * np.sin(2 * x)
    )


def sun_over_months(*, latitude: ArrayLike, month: ArrayLike, solar_constant: float) -> Sun:
    """Sun of cells that each average over one calendar month.

    Parameters
    ----------
    latitude : (cell,), or one for all cells [degrees north]
    month : (cell,) 1..12
    solar_constant : irradiance at 1 AU [W m-2]
    """
    starts = np.concatenate([[0], np.cumsum(DAYS_PER_MONTH)[:-1]])
    index = np.asarray(month, dtype=np.int64) - 1
    return sun_over_days(
        latitude=np.broadcast_to(latitude, index.shape),
        first_day=starts[index],
        days=np.asarray(DAYS_PER_MONTH)[index],
        solar_constant=solar_constant,
    )


def sun_over_days(
    *, latitude: ArrayLike, first_day: ArrayLike, days: ArrayLike, solar_constant: float
) -> Sun:
    """Sun of cells that each average over whole days.

    Parameters
    ----------
    latitude : (cell,) [degrees north]
    first_day : (cell,) of a 365-day year, 0 = 1 January
    days : (cell,) 1 to 31
    solar_constant : irradiance at 1 AU [W m-2]
    """
    radians = np.deg2rad(np.asarray(latitude, dtype=np.float64))
    return Sun(
        latitude=radians,
        first_day=np.asarray(first_day, dtype=np.int64),
        days=np.asarray(days, dtype=np.int64),
        cos_zenith=np.zeros(radians.size),
        declination=declination(),
        distance_factor=distance_factor(),
        solar_constant=float(solar_constant),
        hour_angle=np.zeros(radians.size),
        hour_span=np.zeros(radians.size),
    )


def sun_over_hours(
    *,
    latitude: ArrayLike,
    longitude: ArrayLike,
    start: ArrayLike,
    hours: ArrayLike,
    solar_constant: float,
) -> Sun:
    """Sun of cells that each average over some hours, less than a day.

    Parameters
    ----------
    latitude : (cell,) [degrees north]
    longitude : (cell,) [degrees east]
    start : (cell,) beginning in days after 1 January, 0 h UTC, of a 365-day year
    hours : (cell,) length [h]
    solar_constant : irradiance at 1 AU [W m-2]
    """
    radians = np.deg2rad(np.asarray(latitude, dtype=np.float64))
    begin, length = np.asarray(start, dtype=np.float64), np.asarray(hours, dtype=np.float64)
    middles, place = np.unique(begin + length / 48.0, return_inverse=True)
    turn = begin + equation_of_time(middles)[place] / (2.0 * np.pi) - 0.5  # of the mean sun
    return Sun(
        latitude=radians,
        first_day=place.astype(np.int64),
        days=np.ones(radians.size, dtype=np.int64),
        cos_zenith=np.zeros(radians.size),
        declination=declination(middles),
        distance_factor=distance_factor(middles),
        solar_constant=float(solar_constant),
        hour_angle=2.0 * np.pi * (turn % 1.0) + np.deg2rad(np.asarray(longitude, dtype=float)),
        hour_span=2.0 * np.pi * length / 24.0,
    )


def sun_at_zenith(*, cos_zenith: ArrayLike, solar_constant: float) -> Sun:
    """Sun of cells at an instant, at the mean distance.

    Parameters
    ----------
    cos_zenith : (cell,) in (0, 1]
    solar_constant : irradiance at 1 AU [W m-2]
    """
    cosines = np.asarray(cos_zenith, dtype=np.float64)
    return Sun(
        latitude=np.zeros(cosines.size),
        first_day=np.zeros(cosines.size, dtype=np.int64),
        days=np.ones(cosines.size, dtype=np.int64),
        cos_zenith=cosines,
        declination=np.zeros(1),
        distance_factor=np.ones(1),
        solar_constant=float(solar_constant),
        hour_angle=np.zeros(cosines.size),
        hour_span=np.zeros(cosines.size),
    )


@compiled
def half_day(latitude, declination):
    """Hour angle of sunset [radian]: 0 in polar night, pi under the midnight sun."""
    cosine = -math.tan(latitude) * math.tan(declination)
    return math.acos(min(max(cosine, -1.0), 1.0))


@compiled
def fill_instants(sun, cell, days):
    """The same as `fill_days` for a part of a day: instants in the middles of its equal parts.

    Those of the night are left out, and the others' flux is as much less. 31 midpoints of three
    hours are within 0.003 % of the integral.
    """
    latitude, day = sun.latitude[cell], sun.first_day[cell]
    height = math.sin(latitude) * math.sin(sun.declination[day])
    swing = math.cos(latitude) * math.cos(sun.declination[day])
    lit = 0
    for i in range(_INSTANTS):
        hour_angle = sun.hour_angle[cell] + (i + 0.5) / _INSTANTS * sun.hour_span[cell]
        cosine = height + swing * math.cos(hour_angle)
        if cosine > 0.0:
            days[lit, 0], days[lit, 1], days[lit, 2] = cosine, 0.0, math.pi
            lit += 1
    for i in range(lit):
        days[i, 3] = sun.solar_constant * sun.distance_factor[day] * lit / _INSTANTS
    return lit


@compiled
def fill_days(sun, cell, days):
    """What the hours of the cell's days need, (day, 4); returns the number of days.

    Day by day: sin(lat) sin(dec), cos(lat) cos(dec), the hour angle of sunset [radian], and the
    flux of an hour per cosine of its zenith angle [W m-2].
    """
    if sun.cos_zenith[cell] > 0.0:
        days[0, 0], days[0, 1] = sun.cos_zenith[cell], 0.0
        days[0, 2], days[0, 3] = math.pi, sun.solar_constant
        return 1
    if sun.hour_span[cell] > 0.0:
        return fill_instants(sun, cell, days)
    latitude = sun.latitude[cell]
    for i in range(sun.days[cell]):
        day = (sun.first_day[cell] + i) % sun.declination.size
        dec = sun.declination[day]
        sunset = half_day(latitude, dec)
        days[i, 0] = math.sin(latitude) * math.sin(dec)
        days[i, 1] = math.cos(latitude) * math.cos(dec)
        days[i, 2] = sunset
        days[i, 3] = sun.solar_constant * sun.distance_factor[day] * sunset / math.pi
    return sun.days[cell]


@compiled
def draw_sun(days, n_days, u_day, u_hour):
    """Cosine of the zenith angle at a random hour of the days, and the flux it stands for."""
    day = int(u_day * n_days)
    mu = days[day, 0] + days[day, 1] * math.cos(days[day, 2] * u_hour)
    mu = min(max(mu, 0.0), 1.0)
    return mu, days[day, 3] * mu


@compiled
def mean_sun(days, n_days):
    """Mean flux at the top of the atmosphere [W m-2], and the flux-weighted mean cosine.

    Over 32 midpoints of the daylight of every day: 0.02 % at worst.
    """
    flux = 0.0
    flux_cosine = 0.0
    hours = 32
    for day in range(n_days):
        for hour in range(hours):
            mu, part = draw_sun(days, n_days, (day + 0.5) / n_days, (hour + 0.5) / hours)
            flux += part
            flux_cosine += part * mu
    if flux == 0.0:
        return 0.0, 0.0
    return flux / (hours * n_days), flux_cosine / flux


def insolation(sun: Sun) -> NDArray[np.float64]:
    """Mean flux at the top of the atmosphere of each cell, (cell,) [W m-2]."""
    days = np.zeros((LONGEST_PERIOD, 4))
    return np.array(
        [mean_sun(days, fill_days(sun, cell, days))[0] for cell in range(sun.latitude.size)]
    )


def sun_over_steps(
    steps: Steps,
    step: NDArray[np.int64],
    *,
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
    solar_constant: float,
) -> Sun:
    """The sun over the steps of cells, all (cell,) [degrees north and east, W m-2]."""
    if steps.hours.min() < 24.0:
        return sun_over_hours(
            latitude=latitude,
            longitude=longitude,
            start=steps.start[step],
            hours=steps.hours[step],
            solar_constant=solar_constant,
        )
    return sun_over_days(
        latitude=latitude,
        first_day=steps.start[step].astype(np.int64),
        days=np.rint(steps.hours[step] / 24.0).astype(np.int64),
        solar_constant=solar_constant,
    )
