"""The sun: declination, distance and zenith angle through the day and the year.

The mean over a month is an integral over its days and over the hour angle h of the daylight part
of each, 0..H by the symmetry of morning and afternoon, with

    cos(zenith) = sin(lat) sin(dec) + cos(lat) cos(dec) cos(h),   cos(H) = -tan(lat) tan(dec),

and the irradiance on a horizontal plane solar_constant (1 AU / distance)^2 cos(zenith). The mean
over some hours of a day is one over the sun's hour angles at a longitude.

Where the sun stands on a date follows from the mean elements of its orbit and the equation of the
centre (Meeus 1998, Astronomical Algorithms, 2nd ed., chapters 22, 25 and 28). From 1950 to 2050
the declination is within 0.01 degrees of an almanac, the distance within 1e-4 and the equation of
time within 5 s.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aeroforcing.core.arrays import Floats
from aeroforcing.core.compiled import compiled
from aeroforcing.core.constants import DAYS_PER_MONTH, LONGEST_PERIOD
from aeroforcing.grids.time_steps import Steps

_INSTANTS = LONGEST_PERIOD  # that stand for the hours of a part of a day
_FIRST_DAYS = np.concatenate([[0], np.cumsum(DAYS_PER_MONTH)[:-1]])
_LEAP_CYCLE = range(2001, 2029)  # whose years are the mean year
_DAYS_PER_400_YEARS = 146097  # after which the Gregorian calendar repeats itself
_ORBIT_FROM = 801  # first of the 2000 years whose own orbit is taken
_EVEN_YEARS = {"noleap": 365, "all_leap": 366, "360_day": 360}  # calendars with years of one length
_JULIAN_LAG = 13  # days by which 1 January 2000 comes later in the Julian calendar


class Sun(NamedTuple):
    """When the sun shines on each cell, as plain arrays for compiled functions."""

    latitude: NDArray[np.float64]  # (cell,) [radian]
    first_day: NDArray[np.int64]  # (cell,) place of the first day of the period
    days: NDArray[np.int64]  # (cell,) length of the period
    cos_zenith: NDArray[np.float64]  # (cell,) of an instant; 0: average over the period
    declination: NDArray[np.float64]  # (day,) [radian]
    distance_factor: NDArray[np.float64]  # (day,) (1 AU / distance)^2
    solar_constant: float  # [W m-2] at 1 AU
    hour_angle: NDArray[np.float64]  # (cell,) [radian] at the beginning of a part of a day
    hour_span: NDArray[np.float64]  # (cell,) [radian] length of that part; 0: whole days


class Orbit(NamedTuple):
    """Where the sun stands at some times, in the shape of these."""

    declination: Floats  # [radian]
    distance_factor: Floats  # (1 AU / distance)^2
    equation_of_time: Floats  # true solar time less mean solar time [radian]


def orbit(day: ArrayLike) -> Orbit:
    """The sun's place by date.

    Parameters
    ----------
    day
        Days after 1 January 2000, 0 h UTC, of the Gregorian calendar. Years before 801 and after
        2800, which are mostly those of a model without dates of its own, have the sun of the year
        with the same calendar in between.

    Notes
    -----
    Meeus (1998), equations 25.2 to 25.5, with the apparent place of the sun by aberration and the
    largest term of the nutation (25.8 and page 164), and equation 28.1.
    """
    t = (_in_known_years(np.asarray(day, dtype=np.float64)) - 0.5) / 36525.0
    mean_longitude = np.radians(280.46646 + t * (36000.76983 + 0.0003032 * t))
    anomaly = np.radians(357.52911 + t * (35999.05029 - 0.0001537 * t))
    centre = np.radians(
        (1.914602 - t * (0.004817 + 0.000014 * t)) * np.sin(anomaly)
        + (0.019993 - 0.000101 * t) * np.sin(2.0 * anomaly)
        + 0.000289 * np.sin(3.0 * anomaly)
    )
    node = np.radians(125.04 - 1934.136 * t)  # of the moon's orbit
    nutation, aberration = np.radians(-0.00478 * np.sin(node)), np.radians(-0.00569)
    longitude = mean_longitude + centre + aberration + nutation
    tilt = np.radians(23.439291 - 0.0130042 * t + 0.00256 * np.cos(node))
    right_ascension = np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))
    lead = mean_longitude + aberration + nutation * np.cos(tilt) - right_ascension
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    distance = (
        1.000001018 * (1.0 - eccentricity**2) / (1.0 + eccentricity * np.cos(anomaly + centre))
    )
    return Orbit(
        declination=np.arcsin(np.sin(tilt) * np.sin(longitude)),
        distance_factor=distance**-2.0,
        equation_of_time=np.remainder(lead + np.pi, 2.0 * np.pi) - np.pi,
    )


def _in_known_years(day: Floats) -> Floats:
    first = float(_new_year(np.array(_ORBIT_FROM)))
    return first + np.remainder(day - first, 5 * _DAYS_PER_400_YEARS)


def _new_year(year: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days from 1 January 2000 to that of a year of the Gregorian calendar."""
    last = year - 1
    return 365 * (year - 2000) + last // 4 - last // 100 + last // 400 - 484  # leap days until 2000


def gregorian_days(day: ArrayLike, calendar: str) -> Floats:
    """Days after 1 January 2000, 0 h, of the Gregorian calendar, from those of another.

    Parameters
    ----------
    day
        Days after 1 January 2000, 0 h, in the calendar.
    calendar
        By its name in CF. A calendar whose years all have the same length is stretched, year by
        year, to the Gregorian one: its dates have the sun of the same fraction of the year.
    """
    days = np.asarray(day, dtype=np.float64)
    if calendar not in _EVEN_YEARS:
        return days + (_JULIAN_LAG if calendar == "julian" else 0)
    years = days / _EVEN_YEARS[calendar]
    number = np.floor(years).astype(np.int64)
    begin, end = (_new_year(2000 + year).astype(np.float64) for year in (number, number + 1))
    return begin + (years - number) * (end - begin)


@lru_cache(maxsize=1)
def mean_year() -> tuple[Floats, Floats]:
    """Declination [radian] and (1 AU / distance)^2 of the days of no special year, (365,) each.

    A month has its number of days in a 365-day year, which divide it evenly in each of the 28
    years 2001 to 2028, a whole leap cycle. Their means over these years are those of the factor f
    and of f sin(dec): the daily insolation is linear in these in polar day, and has its mean over
    the years there exactly. Elsewhere it is curved in dec, which by its variance over the years,
    (0.1 degrees)^2 at most, makes less than 0.01 % of it, and at the edge of polar night at most
    0.1 W m-2 on a day.
    """
    cycle = [_days_of_year(year) for year in _LEAP_CYCLE]
    place = orbit(np.stack([noons for noons, _ in cycle]))
    length = np.stack([lengths for _, lengths in cycle])
    factor = np.average(place.distance_factor, axis=0, weights=length)
    sine = place.distance_factor * np.sin(place.declination)
    return np.arcsin(np.average(sine, axis=0, weights=length) / factor), factor


def _days_of_year(year: int) -> tuple[Floats, Floats]:
    """Middles and lengths of the 365 parts of a year, in days after 1 January 2000, 0 h."""
    begin, end = _new_year(np.array([year, year + 1]))
    parts = np.asarray(DAYS_PER_MONTH)
    months = parts + (np.arange(12) == 1) * (end - begin - 365)  # with the leap day
    length = np.repeat(months / parts, parts)
    return begin + np.cumsum(length) - 0.5 * length, length


def sun_over_months(*, latitude: ArrayLike, month: ArrayLike, solar_constant: float) -> Sun:
    """Sun of cells that each average over one calendar month of no special year.

    Parameters
    ----------
    latitude : (cell,), or one for all cells [degrees north]
    month : (cell,) 1..12
    solar_constant : irradiance at 1 AU [W m-2]
    """
    index = np.asarray(month, dtype=np.int64) - 1
    declination, factor = mean_year()
    return _over_whole_days(
        latitude=np.broadcast_to(latitude, index.shape),
        first_day=_FIRST_DAYS[index],
        days=np.asarray(DAYS_PER_MONTH)[index],
        declination=declination,
        distance_factor=factor,
        solar_constant=solar_constant,
    )


def sun_over_days(
    *,
    latitude: ArrayLike,
    start: ArrayLike,
    days: ArrayLike,
    solar_constant: float,
    calendar: str = "standard",
) -> Sun:
    """Sun of cells that each average over whole days, each with the sun of its noon UTC.

    Parameters
    ----------
    latitude : (cell,) [degrees north]
    start : (cell,) whole days after 1 January 2000 in the calendar
    days : (cell,) 1 to 31
    solar_constant : irradiance at 1 AU [W m-2]
    calendar : by its name in CF
    """
    first = np.asarray(start, dtype=np.int64)
    length = np.asarray(days, dtype=np.int64)
    noons = np.arange(first.min(), (first + length).max()) + 0.5
    place = orbit(gregorian_days(noons, calendar))
    return _over_whole_days(
        latitude=latitude,
        first_day=first - first.min(),
        days=length,
        declination=place.declination,
        distance_factor=place.distance_factor,
        solar_constant=solar_constant,
    )


def _over_whole_days(
    *,
    latitude: ArrayLike,
    first_day: NDArray[np.int64],
    days: NDArray[np.int64],
    declination: Floats,
    distance_factor: Floats,
    solar_constant: float,
) -> Sun:
    radians = np.deg2rad(np.asarray(latitude, dtype=np.float64))
    return Sun(
        latitude=radians,
        first_day=first_day,
        days=days,
        cos_zenith=np.zeros(radians.size),
        declination=declination,
        distance_factor=distance_factor,
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
    calendar: str = "standard",
) -> Sun:
    """Sun of cells that each average over some hours, less than a day.

    Parameters
    ----------
    latitude : (cell,) [degrees north]
    longitude : (cell,) [degrees east]
    start : (cell,) beginning in days after 1 January 2000, 0 h UTC, in the calendar
    hours : (cell,) length [h]
    solar_constant : irradiance at 1 AU [W m-2]
    calendar : by its name in CF
    """
    radians = np.deg2rad(np.asarray(latitude, dtype=np.float64))
    begin, length = np.asarray(start, dtype=np.float64), np.asarray(hours, dtype=np.float64)
    middles, at = np.unique(begin + length / 48.0, return_inverse=True)
    place = orbit(gregorian_days(middles, calendar))
    turn = begin + place.equation_of_time[at] / (2.0 * np.pi) - 0.5  # of the mean sun
    return Sun(
        latitude=radians,
        first_day=at.astype(np.int64),
        days=np.ones(radians.size, dtype=np.int64),
        cos_zenith=np.zeros(radians.size),
        declination=place.declination,
        distance_factor=place.distance_factor,
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
    if steps.are_months:
        return sun_over_months(
            latitude=latitude, month=steps.month[step], solar_constant=solar_constant
        )
    if steps.hours.min() < 24.0:
        return sun_over_hours(
            latitude=latitude,
            longitude=longitude,
            start=steps.start[step],
            hours=steps.hours[step],
            solar_constant=solar_constant,
            calendar=steps.calendar,
        )
    return sun_over_days(
        latitude=latitude,
        start=steps.start[step],
        days=np.rint(steps.hours[step] / 24.0).astype(np.int64),
        solar_constant=solar_constant,
        calendar=steps.calendar,
    )
