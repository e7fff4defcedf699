"""Declination, distance, hours of daylight and insolation, against the orbit itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from aeroforcing.core.constants import DAYS_PER_MONTH, LONGEST_PERIOD
from aeroforcing.optics.sun import (
    declination,
    distance_factor,
    draw_sun,
    equation_of_time,
    fill_days,
    half_day,
    insolation,
    mean_sun,
    sun_at_zenith,
    sun_over_days,
    sun_over_hours,
    sun_over_months,
)

SOLAR_CONSTANT = 1361.0
OBLIQUITY = np.radians(23.44)
ECCENTRICITY = 0.0167
PERIHELION = 2.7  # days after 1 January, 0 h
LONGITUDE_AT_PERIHELION = np.radians(282.9)  # ecliptic longitude of the sun
QUICK = settings(deadline=None, max_examples=40)


def months_at(latitude):
    return sun_over_months(
        latitude=np.full(12, latitude), month=np.arange(1, 13), solar_constant=SOLAR_CONSTANT
    )


def annual(latitude):
    return float(np.average(insolation(months_at(latitude)), weights=DAYS_PER_MONTH))


# ---- the orbit ----------------------------------------------------------------------------------


def kepler(days):
    """Declination and (1 AU / distance)^2 at times after 1 January, from Kepler's ellipse."""
    mean_anomaly = 2.0 * np.pi * (np.asarray(days) - PERIHELION) / 365.2422
    eccentric = mean_anomaly
    for _ in range(20):
        eccentric = mean_anomaly + ECCENTRICITY * np.sin(eccentric)
    true = 2.0 * np.arctan(
        np.sqrt((1.0 + ECCENTRICITY) / (1.0 - ECCENTRICITY)) * np.tan(0.5 * eccentric)
    )
    longitude = true + LONGITUDE_AT_PERIHELION
    distance = 1.0 - ECCENTRICITY * np.cos(eccentric)
    return np.arcsin(np.sin(OBLIQUITY) * np.sin(longitude)), distance**-2.0


def test_orbit_is_that_of_kepler():
    """A year of 365 days alone moves the declination by up to 0.1 degrees."""
    dec, factor = kepler(np.arange(365) + 0.5)
    assert np.degrees(declination()) == pytest.approx(np.degrees(dec), abs=0.1)
    assert distance_factor() == pytest.approx(factor, rel=1e-3)


def test_solstices_and_equinoxes():
    dec = np.degrees(declination())
    assert dec.max() == pytest.approx(23.44, abs=0.05)
    assert dec.min() == pytest.approx(-23.44, abs=0.05)
    assert abs(np.argmax(dec) - 171) <= 1  # 21 June
    assert abs(np.argmin(dec) - 355) <= 1  # 22 December
    north = np.flatnonzero(dec > 0.0)
    assert abs(north[0] - 79) <= 1  # 21 March
    assert abs(north[-1] - 265) <= 1  # 23 September


def test_the_sun_is_nearest_in_january():
    factor = distance_factor()
    assert np.argmax(factor) < 6
    assert abs(np.argmin(factor) - 184) <= 3
    assert factor.max() == pytest.approx((1.0 - ECCENTRICITY) ** -2, rel=1e-3)
    assert factor.mean() == pytest.approx((1.0 - ECCENTRICITY**2) ** -0.5, rel=1e-4)


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


def test_annual_insolation_at_21_north():
    """Every three minutes of a year on Kepler's ellipse: 390.6 W m-2."""
    days = (np.arange(365 * 480) + 0.5) / 480.0
    dec, factor = kepler(days)
    lat = np.radians(21.0)
    cosine = np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(2.0 * np.pi * days)
    expected = SOLAR_CONSTANT * (factor * np.maximum(cosine, 0.0)).mean()
    assert expected == pytest.approx(390.6, abs=0.1)
    assert annual(21.0) == pytest.approx(expected, rel=3e-4)


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


@pytest.mark.parametrize(
    ("day", "minutes"), [(41.5, -14.2), (104.5, 0.0), (133.5, 3.7), (206.5, -6.5), (306.5, 16.4)]
)
def test_the_equation_of_time_has_its_known_extremes(day, minutes):
    """Of 11 February, 15 April, 14 May, 26 July and 3 November, within half a minute."""
    assert equation_of_time(day) * 720.0 / np.pi == pytest.approx(minutes, abs=0.6)


@QUICK
@given(
    st.floats(-90.0, 90.0), st.floats(0.0, 360.0), st.integers(0, 364), st.sampled_from([1, 3, 6])
)
def test_the_parts_of_a_day_have_the_mean_of_the_day(latitude, longitude, day, hours):
    parts = np.arange(0, 24, hours) / 24.0
    size = parts.size
    found = insolation(
        over_hours(np.full(size, latitude), np.full(size, longitude), day + parts, [hours] * size)
    )
    whole = sun_over_days(
        latitude=[latitude], first_day=[day], days=[1], solar_constant=SOLAR_CONSTANT
    )
    # the declination of the parts changes through the day, by up to 0.4 degrees
    assert found.mean() == pytest.approx(insolation(whole)[0], rel=5e-3, abs=1.5)


def test_hours_have_the_integral_over_the_orbit():
    """Against Kepler's orbit, second by second, where the true sun is the mean one (15 April)."""
    day, latitude, longitude = 104.0, 35.0, -60.0
    hours = np.arange(0.0, 24.0, 3.0)
    found = insolation(
        over_hours(np.full(8, latitude), np.full(8, longitude), day + hours / 24.0, [3.0] * 8)
    )
    seconds = day + (np.arange(86400) + 0.5) / 86400.0
    dec, factor = kepler(seconds)
    hour_angle = 2.0 * np.pi * (seconds % 1.0 - 0.5) + np.radians(longitude)
    lat = np.radians(latitude)
    cosine = np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(hour_angle)
    expected = SOLAR_CONSTANT * (factor * np.maximum(cosine, 0.0)).reshape(8, -1).mean(axis=1)
    assert found == pytest.approx(expected, rel=5e-3, abs=1.5)
    assert np.count_nonzero(found == 0.0) == 3


def test_a_period_across_the_new_year_has_the_days_of_both_years():
    over = sun_over_days(latitude=[-30.0], first_day=[363], days=[5], solar_constant=SOLAR_CONSTANT)
    days = [
        insolation(
            sun_over_days(latitude=[-30.0], first_day=[d], days=[1], solar_constant=SOLAR_CONSTANT)
        )[0]
        for d in (363, 364, 0, 1, 2)
    ]
    assert insolation(over)[0] == pytest.approx(np.mean(days), rel=1e-12)


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
