"""Declination, distance, hours of daylight and insolation, against an almanac."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pvlib import solarposition
from scipy.optimize import brentq

from aeroforcing.core.constants import DAYS_PER_MONTH, LONGEST_PERIOD
from aeroforcing.optics.sun import (
    draw_sun,
    fill_days,
    gregorian_days,
    half_day,
    insolation,
    mean_sun,
    mean_year,
    orbit,
    sun_at_zenith,
    sun_over_days,
    sun_over_hours,
    sun_over_months,
)

SOLAR_CONSTANT = 1361.0
OBLIQUITY = np.radians(23.44)
ECCENTRICITY = 0.0167
PARALLAX = np.radians(8.794 / 3600.0)  # of the sun at the horizon
ORIGIN = pd.Timestamp("2000-01-01", tz="UTC")
QUICK = settings(deadline=None, max_examples=40)


def months_at(latitude):
    return sun_over_months(
        latitude=np.full(12, latitude), month=np.arange(1, 13), solar_constant=SOLAR_CONSTANT
    )


def annual(latitude):
    return float(np.average(insolation(months_at(latitude)), weights=DAYS_PER_MONTH))


# ---- the orbit ----------------------------------------------------------------------------------


def days_of(times):
    """Days after 1 January 2000, 0 h UTC."""
    return np.asarray((times - ORIGIN) / pd.Timedelta("1D"))


def almanac(times):
    """Declination [radian] and distance [AU] by NREL's algorithm, as seen from the earth's centre.

    Reda and Andreas (2004), doi:10.1016/j.solener.2003.12.003: within 0.0003 degrees.
    """
    elevation = np.radians(solarposition.spa_python(times, 90.0, 0.0).elevation.values)
    distance = solarposition.nrel_earthsun_distance(times).values
    return elevation + PARALLAX * np.cos(elevation), distance


def daily(latitude, dec, factor):
    """Insolation of a whole turn of the earth in closed form [W m-2]."""
    lat = np.radians(latitude)
    sunset = np.arccos(np.clip(-np.tan(lat) * np.tan(dec), -1.0, 1.0))
    along = sunset * np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.sin(sunset)
    return SOLAR_CONSTANT / np.pi * factor * along


def test_the_orbit_is_that_of_an_almanac():
    times = pd.date_range("1950-01-01", "2051-01-01", freq="83h", tz="UTC")
    found, (dec, distance) = orbit(days_of(times)), almanac(times)
    assert np.degrees(found.declination) == pytest.approx(np.degrees(dec), abs=0.01)
    assert found.distance_factor**-0.5 == pytest.approx(distance, rel=1e-4)
    minutes = solarposition.spa_python(times, 0.0, 0.0).equation_of_time.values
    assert found.equation_of_time * 720.0 / np.pi == pytest.approx(minutes, abs=5.0 / 60.0)


def test_model_years_have_an_orbit_of_our_time():
    """Year 1 that of 2001, whose calendar is the same; the turn of the years 801 and 2801."""
    days = gregorian_days(np.arange(365.0) - 1999 * 365, "noleap")
    ours = gregorian_days(np.arange(365.0) + 365, "noleap")
    for found, expected in zip(orbit(days), orbit(ours), strict=True):
        assert np.array_equal(found, expected)
    assert orbit(5 * 146097.0).declination == orbit(0.0).declination


def test_calendars_have_the_sun_of_their_date():
    march = days_of(pd.Timestamp("2021-03-20T09:37", tz="UTC"))  # of the equinox
    assert gregorian_days(march, "standard") == march
    assert gregorian_days(march - 13.0, "julian") == march  # 7 March there
    share = (march - 366.0 - 20 * 365.0 - 5.0) / 365.0
    for calendar, length in (("noleap", 365), ("all_leap", 366), ("360_day", 360)):
        found = gregorian_days((21 + share) * length, calendar)
        assert found == pytest.approx(march, abs=1e-9)
        assert np.degrees(orbit(found).declination) == pytest.approx(0.0, abs=0.01)
        new_years = gregorian_days(np.arange(-60, 60) * length, calendar)
        dates = ORIGIN + pd.to_timedelta(new_years, unit="D")
        assert (dates.day_of_year == 1).all()


def test_the_mean_year_is_of_a_whole_leap_cycle():
    dec, factor = mean_year()
    assert dec.shape == factor.shape == (365,)
    assert np.degrees(dec.max()) == pytest.approx(23.44, abs=0.01)
    assert factor.mean() == pytest.approx((1.0 - ECCENTRICITY**2) ** -0.5, rel=1e-4)
    cycle = pd.date_range("2001-01-01T12", "2028-12-31T12", tz="UTC")
    on_the_10th = orbit(days_of(cycle[(cycle.month == 8) & (cycle.day == 10)])).declination
    assert np.degrees(dec[221]) == pytest.approx(np.degrees(on_the_10th.mean()), abs=1e-3)


# ---- the day ------------------------------------------------------------------------------------


def test_length_of_the_day():
    tilt = np.radians(23.4)
    assert half_day(0.0, tilt) == pytest.approx(np.pi / 2)
    assert half_day(np.radians(50.0), 0.0) == pytest.approx(np.pi / 2)
    assert half_day(np.radians(80.0), tilt) == pytest.approx(np.pi)
    assert half_day(np.radians(-80.0), tilt) == 0.0
    at_40 = brentq(
        lambda h: np.sin(0.7) * np.sin(0.4) + np.cos(0.7) * np.cos(0.4) * np.cos(h), 0, 3
    )
    assert half_day(0.7, 0.4) == pytest.approx(at_40)


def one_day(latitude, dec):
    """The sun of one day at the mean distance."""
    return sun_over_months(latitude=[latitude], month=[1], solar_constant=SOLAR_CONSTANT)._replace(
        days=np.array([1]), declination=np.full(1, dec), distance_factor=np.ones(1)
    )


@pytest.mark.parametrize("latitude", [-60.0, 0.0, 35.0])
def test_insolation_at_the_equinox_falls_off_with_the_cosine_of_latitude(latitude):
    expected = SOLAR_CONSTANT * np.cos(np.radians(latitude)) / np.pi
    assert insolation(one_day(latitude, 0.0))[0] == pytest.approx(expected, rel=2e-4)


def test_insolation_of_the_pole_at_the_solstice():
    found = insolation(one_day(90.0, OBLIQUITY))[0]
    assert found == pytest.approx(SOLAR_CONSTANT * np.sin(OBLIQUITY), rel=1e-6)


@QUICK
@given(st.floats(-90.0, 90.0), st.floats(-0.41, 0.41))
def test_daily_insolation_has_its_closed_form(latitude, dec):
    lat = np.radians(latitude)
    cosine = np.clip(-np.tan(lat) * np.tan(dec), -1.0, 1.0)
    sunset = np.arccos(cosine)
    expected = (
        SOLAR_CONSTANT
        / np.pi
        * (sunset * np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.sin(sunset))
    )
    found = insolation(one_day(latitude, dec))[0]
    assert found == pytest.approx(expected, rel=5e-4, abs=1e-3)


# ---- months and the year ------------------------------------------------------------------------


@pytest.mark.parametrize("pole", [-90.0, 90.0])
def test_polar_night_and_polar_day(pole):
    found = insolation(months_at(pole))
    dark = [5, 6, 7] if pole < 0.0 else [11, 12, 1]
    assert all(found[month - 1] == 0.0 for month in dark)
    assert found.max() > 480.0


def test_the_seasons_are_opposite():
    north, south = (insolation(months_at(latitude)) for latitude in (45.0, -45.0))
    assert np.argmax(north) == 5
    assert np.argmax(south) == 11
    assert south.max() > north.max()  # the sun is nearer in the southern summer


def legendre(degree, x):
    return np.polynomial.legendre.Legendre.basis(degree)(x)


def annual_shape(latitude):
    """Annual mean insolation over its global mean: a Legendre series in the sine of latitude.

    The flux max(cos(zenith), 0) is expanded in Legendre polynomials, averaged over the rotation
    of the earth by their addition theorem, and over the ecliptic longitude, in which the power
    received is uniform.
    """
    x, weights = np.polynomial.legendre.leggauss(100)
    x, weights = 0.5 * (x + 1.0), 0.5 * weights
    y, tilt = np.sin(np.radians(latitude)), np.cos(OBLIQUITY)
    return sum(
        2.0 * (2 * n + 1) * (weights * x * legendre(n, x)).sum()
        * legendre(n, 0.0) * legendre(n, tilt) * legendre(n, y)
        for n in range(0, 62, 2)
    )  # fmt: skip


@pytest.mark.parametrize("latitude", [0.0, 21.0, -35.0, 66.0, 90.0])
def test_annual_insolation_has_its_closed_form(latitude):
    mean = SOLAR_CONSTANT / 4.0 / np.sqrt(1.0 - ECCENTRICITY**2)
    assert annual(latitude) == pytest.approx(mean * annual_shape(latitude), rel=1e-3)


@lru_cache(maxsize=1)
def leap_cycle():
    """Month, declination and (1 AU / distance)^2 every six hours of 2001 to 2028."""
    times = pd.date_range("2001-01-01T03", "2028-12-31T21", freq="6h", tz="UTC")
    dec, distance = almanac(times)
    return times.month.values, dec, distance**-2.0


@pytest.mark.parametrize("latitude", [0.0, 45.0, 60.0, 75.0, 85.0, -66.6, -85.0])
def test_months_have_the_mean_of_a_leap_cycle(latitude):
    month, dec, factor = leap_cycle()
    light = pd.Series(daily(latitude, dec, factor)).groupby(month).mean().values
    off = np.abs(insolation(months_at(latitude)) - light)
    assert (off <= np.maximum(1e-3 * light, 0.05)).all()  # the latter near polar night


def test_global_mean_is_a_quarter_of_the_solar_constant():
    nodes, weights = np.polynomial.legendre.leggauss(24)
    values = [annual(np.degrees(np.arcsin(node))) for node in nodes]
    expected = SOLAR_CONSTANT / 4.0 / np.sqrt(1.0 - ECCENTRICITY**2)
    assert 0.5 * (weights * values).sum() == pytest.approx(expected, rel=5e-4)


# ---- days and hours -----------------------------------------------------------------------------


def over_hours(latitude, longitude, start, hours):
    return sun_over_hours(
        latitude=latitude,
        longitude=longitude,
        start=start,
        hours=hours,
        solar_constant=SOLAR_CONSTANT,
    )


@QUICK
@given(
    st.floats(-90.0, 90.0),
    st.floats(0.0, 360.0),
    st.integers(-18000, 18000),
    st.sampled_from([1, 3, 6]),
)
def test_the_parts_of_a_day_have_the_mean_of_the_day(latitude, longitude, day, hours):
    parts = np.arange(0, 24, hours) / 24.0
    size = parts.size
    found = insolation(
        over_hours(np.full(size, latitude), np.full(size, longitude), day + parts, [hours] * size)
    )
    whole = sun_over_days(latitude=[latitude], start=[day], days=[1], solar_constant=SOLAR_CONSTANT)
    # the declination of the parts changes through the day, by up to 0.4 degrees
    assert found.mean() == pytest.approx(insolation(whole)[0], rel=5e-3, abs=1.5)


@pytest.mark.parametrize("date", ["1987-02-11", "2020-02-29", "2024-11-03"])
def test_hours_have_the_sun_of_the_almanac(date):
    """The cosine of the zenith angle minute by minute; the equation of time is at its extremes."""
    latitude, longitude = 35.0, -60.0
    minutes = pd.date_range(f"{date}T00:00:30", periods=1440, freq="min", tz="UTC")
    zenith = np.radians(solarposition.spa_python(minutes, latitude, longitude).zenith.values)
    _, distance = almanac(minutes)
    light = SOLAR_CONSTANT * np.maximum(np.cos(zenith), 0.0) / distance**2
    start = days_of(minutes[::60]) - 0.5 / 1440.0
    found = insolation(over_hours(np.full(24, latitude), np.full(24, longitude), start, [1.0] * 24))
    assert found == pytest.approx(light.reshape(24, 60).mean(axis=1), abs=0.3)
    assert found.max() > 600.0


@pytest.mark.parametrize("date", ["1987-02-11", "2020-02-29", "2020-03-01", "2024-12-31"])
def test_days_have_the_sun_of_their_noon(date):
    noon = pd.date_range(f"{date}T12", periods=1, tz="UTC")
    dec, distance = almanac(noon)
    found = sun_over_days(
        latitude=[60.0], start=days_of(noon) - 0.5, days=[1], solar_constant=SOLAR_CONSTANT
    )
    assert insolation(found)[0] == pytest.approx(daily(60.0, dec, distance**-2.0)[0], rel=5e-4)


def test_a_period_across_the_new_year_has_the_days_of_both_years():
    def mean(start, days):
        sun = sun_over_days(
            latitude=[-30.0], start=[start], days=[days], solar_constant=SOLAR_CONSTANT
        )
        return insolation(sun)[0]

    assert mean(363, 5) == pytest.approx(np.mean([mean(d, 1) for d in range(363, 368)]), rel=1e-12)


def test_draws_of_hours_have_their_mean():
    sun = over_hours([60.0], [10.0], [171.25], [6.0])
    days, n_days, pairs = drawn(sun, points=31 * 4)
    flux, cosine = mean_sun(days, n_days)
    assert pairs[:, 1].mean() == pytest.approx(flux, rel=1e-3)
    assert np.average(pairs[:, 0], weights=pairs[:, 1]) == pytest.approx(cosine, rel=1e-3)


# ---- sampling -----------------------------------------------------------------------------------


def drawn(sun, points=200):
    """Flux and flux-weighted cosine over an even net of day and hour."""
    days = np.zeros((LONGEST_PERIOD, 4))
    n_days = fill_days(sun, 0, days)
    u = (np.arange(points) + 0.5) / points
    pairs = np.array([draw_sun(days, n_days, d, h) for d in u for h in u])
    return days, n_days, pairs


@pytest.mark.parametrize(("latitude", "month"), [(21.0, 4), (-70.0, 2), (75.0, 7), (66.0, 12)])
def test_draws_have_the_mean_of_the_month(latitude, month):
    sun = sun_over_months(latitude=[latitude], month=[month], solar_constant=SOLAR_CONSTANT)
    days, n_days, pairs = drawn(sun)
    flux, cosine = mean_sun(days, n_days)
    assert n_days == DAYS_PER_MONTH[month - 1]
    assert pairs[:, 1].mean() == pytest.approx(flux, rel=2e-3)
    assert np.average(pairs[:, 0], weights=pairs[:, 1]) == pytest.approx(cosine, rel=2e-3)
    assert ((pairs[:, 0] >= 0.0) & (pairs[:, 0] <= 1.0)).all()


def test_an_instant_has_one_zenith_angle():
    sun = sun_at_zenith(cos_zenith=[0.3, 1.0], solar_constant=1000.0)
    assert insolation(sun) == pytest.approx([300.0, 1000.0], rel=1e-12)
    _, n_days, pairs = drawn(sun, points=5)
    assert n_days == 1
    assert pairs == pytest.approx(np.tile([0.3, 300.0], (25, 1)))


def test_polar_night_gives_no_flux():
    sun = sun_over_months(latitude=[-85.0], month=[6], solar_constant=SOLAR_CONSTANT)
    days, n_days, pairs = drawn(sun, points=10)
    assert mean_sun(days, n_days) == (0.0, 0.0)
    assert not pairs[:, 1].any()
