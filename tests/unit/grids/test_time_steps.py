"""Time steps: what periods the times of an axis stand for, and the sun over them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from aeroforcing.core.constants import DAYS_PER_MONTH
from aeroforcing.core.errors import InputError
from aeroforcing.grids.time_steps import calendar_months, steps_of_series
from aeroforcing.optics.sun import insolation, sun_over_months, sun_over_steps


def series(*dates, bounds=None, **options):
    """A dataset over time, of given dates or of `xr.date_range`."""
    time = list(dates) if dates else xr.date_range(**options)
    dataset = xr.Dataset({"x": ("time", np.zeros(len(time)))}, {"time": ("time", time)})
    if bounds is None:
        return dataset
    dataset["time"].attrs["bounds"] = "time_bnds"
    return dataset.assign(time_bnds=(("time", "bnds"), bounds))


def steps(dataset):
    return steps_of_series(dataset, source="in.nc")


def sunshine(found, *, latitude=20.0, longitude=0.0):
    """Insolation of each step."""
    size = found.size
    sun = sun_over_steps(
        found,
        np.arange(size),
        latitude=np.full(size, latitude),
        longitude=np.full(size, longitude),
        solar_constant=1361.0,
    )
    return insolation(sun)


# ---- calendar months ----------------------------------------------------------------------------


def test_months_of_a_climatology():
    found = calendar_months([2, 7])
    assert found.are_months
    assert found.month.tolist() == [2, 7]
    assert found.key.tolist() == [2, 7]
    assert found.hours.tolist() == [24 * 28, 24 * 31]
    assert found.axis["month"].values.tolist() == [2, 7]
    expected = sun_over_months(latitude=[20.0, 20.0], month=[2, 7], solar_constant=1361.0)
    assert np.array_equal(sunshine(found), insolation(expected))


# ---- what times stand for -----------------------------------------------------------------------


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
@pytest.mark.parametrize("use_cftime", [True, False])
def test_dates_a_month_apart_are_their_months(calendar, use_cftime):
    if calendar != "standard" and not use_cftime:
        pytest.skip("numpy has the standard calendar only")
    found = steps(
        series(start="2003-11-15", periods=30, freq="MS", calendar=calendar, use_cftime=use_cftime)
    )
    assert not found.are_months
    assert found.month.tolist() == [(11 + i) % 12 + 1 for i in range(30)]
    assert np.unique(found.key).size == 30
    one_year = sunshine(found[:12])
    expected = calendar_months(range(1, 13))
    assert one_year == pytest.approx(np.roll(sunshine(expected), 1), rel=0.01)


def test_months_that_are_missing_leave_gaps():
    found = steps(
        series(*xr.date_range("2003-01-15", periods=6, freq="MS", use_cftime=True)[[0, 1, 4]])
    )
    assert found.month.tolist() == [2, 3, 6]
    assert found.hours.tolist() == [24 * 28, 24 * 31, 24 * 30]


@pytest.mark.parametrize("hour", [0, 12])
def test_dates_a_day_apart_are_their_days(hour):
    found = steps(series(start=f"2005-03-30T{hour:02d}", periods=4, freq="D"))
    assert found.hours.tolist() == [24.0] * 4
    assert found.start.tolist() == [1915.0, 1916.0, 1917.0, 1918.0]
    assert found.month.tolist() == [3, 3, 4, 4]


def test_dates_of_parts_of_a_day_are_their_middles():
    found = steps(series(start="2005-01-01T01:30", periods=16, freq="3h", use_cftime=True))
    assert found.hours == pytest.approx(np.full(16, 3.0))
    assert found.start == pytest.approx(1827.0 + np.arange(16) / 8.0)
    light = sunshine(found, longitude=0.0)
    assert light[:8].argmax() in (3, 4)
    assert (light[[0, 1, 6, 7]] < 30.0).all()
    bounds = found.axis["time_bnds"].values
    assert [date.hour for date in bounds[0]] == [0, 3]


def test_a_step_that_is_left_out_does_not_stretch_its_neighbours():
    dates = xr.date_range("2005-01-01", periods=8, freq="6h", use_cftime=True)[[0, 1, 2, 5, 7]]
    assert steps(series(*dates)).hours.tolist() == [6.0] * 5


def test_bounds_say_what_times_stand_for():
    dates = xr.date_range("2005-01-01", periods=4, freq="5D", use_cftime=True)
    found = steps(series(*dates[:3], bounds=np.stack([dates[:3], dates[1:]], axis=1)))
    assert found.hours.tolist() == [120.0] * 3
    assert found.start.tolist() == [1827.0, 1832.0, 1837.0]
    hourly = xr.date_range("2005-01-01", periods=3, freq="h", use_cftime=True)
    begun = steps(series(*hourly[:2], bounds=np.stack([hourly[:2], hourly[1:]], axis=1)))
    assert begun.start == pytest.approx([1827.0, 1827.0 + 1.0 / 24.0])


def test_a_single_time_needs_bounds():
    dates = xr.date_range("2004-02-01", periods=2, freq="MS", use_cftime=True)
    found = steps(series(dates[0], bounds=[dates]))
    assert found.hours.tolist() == [24.0 * 29]
    assert found.month.tolist() == [2]


def test_leap_days_have_a_sun_of_their_own():
    found = steps(series(start="2004-02-27", periods=4, freq="D"))
    assert found.start.tolist() == [1518.0, 1519.0, 1520.0, 1521.0]
    gains = np.diff(sunshine(found, latitude=50.0))
    assert gains == pytest.approx([3.2, 3.2, 3.2], abs=0.1)


@pytest.mark.parametrize("calendar", ["noleap", "all_leap", "360_day", "julian"])
@pytest.mark.parametrize("freq", ["D", "6h"])
def test_steps_have_the_sun_of_their_calendar(calendar, freq):
    """A year of steps has the mean of the year; the dates of noleap are those of a common year."""
    whole = sunshine(steps(series(start="2021-01-01", end="2021-12-31", freq=freq)), latitude=60.0)
    own = series(start="2021-01-01", end="2021-12-30", freq=freq, calendar=calendar)
    found = sunshine(steps(own), latitude=60.0)
    assert steps(own).calendar == calendar
    assert found.mean() == pytest.approx(whole.mean(), rel=5e-3)
    if calendar == "noleap":
        assert found == pytest.approx(whole[: found.size], rel=1e-9)


def test_keys_are_of_the_date_alone():
    days = steps(series(start="2005-01-30", periods=6, freq="D"))
    assert np.unique(days.key).size == 6
    assert np.array_equal(steps(series(start="2005-02-01", periods=4, freq="D")).key, days.key[2:])
    assert np.array_equal(days[2:4].key, days.key[2:4])
    hours = steps(series(start="2005-02-01", periods=4, freq="3h"))
    assert np.unique(hours.key).size == 4


def test_the_axis_of_the_result_is_that_of_the_input():
    for use_cftime in (True, False):
        given = series(start="2005-01-30", periods=6, freq="D", use_cftime=use_cftime)
        axis = steps(given).axis
        assert np.array_equal(axis["time"], given["time"])
        assert axis["time_bnds"].dtype == given["time"].dtype
        assert axis["time"].attrs["bounds"] == "time_bnds"


def test_a_year_of_days_has_the_mean_of_its_months():
    days = sunshine(steps(series(start="2005-01-01", periods=365, freq="D")))
    months = sunshine(calendar_months(range(1, 13)))
    assert days.mean() == pytest.approx(np.average(months, weights=DAYS_PER_MONTH), rel=1e-4)


# ---- what cannot be told ------------------------------------------------------------------------

DAY = xr.date_range("2005-01-01", periods=4, freq="D", use_cftime=True)


def two(freq):
    return xr.date_range("2005-01-01", periods=2, freq=freq, use_cftime=True)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (xr.Dataset({"x": ("lat", [1.0])}), "in.nc: has no dimension time"),
        (xr.Dataset({"x": ("time", [1.0])}), "in.nc: has no dimension time with dates"),
        (series(1.0, 2.0), "in.nc: its coordinate time holds no dates"),
        (series(*DAY[::-1]), "not ascending in 3 of 4 steps, first after 2005-01-04"),
        (series(*DAY[[0, 1, 1]]), "not ascending in 1 of 3 steps"),
        (series(DAY[0]), "cannot be told from their spacing"),
        (series(start="2005-01-01", periods=4, freq="5D"), "Give the time axis bounds"),
        (series(start="2005-01-01", periods=4, freq="QS"), "Give the time axis bounds"),
        (series(start="2005-01-01", periods=4, freq="YS"), "Give the time axis bounds"),
        (
            series(np.datetime64("2005-01-01", "ns"), np.datetime64("NaT", "ns")),
            "its coordinate time has gaps",
        ),
        (series(*DAY[:2], bounds=np.zeros((2, 2))), "time_bnds must hold two dates"),
        (
            series(*DAY[:2], bounds=np.stack([DAY[:2], DAY[:2]], axis=1)),
            "2005-01-01 00:00:00 has 0 hours, as one of 2; time steps must be from above 0",
        ),
        (
            series(DAY[0], bounds=[two(freq="YS")]),
            "has 8760 hours, as one of 1; time steps must be from above 0 to 744 hours long",
        ),
        (
            series(DAY[0], bounds=[two(freq="36h")]),
            "has 36 hours, as one of 1; time steps must be whole days, or less than a day",
        ),
        (
            series(*DAY[:2], bounds=[DAY[:2], [DAY[1], DAY[1].replace(hour=6)]]),
            "has 6 hours, as one of 1; time steps must be all of them whole days",
        ),
    ],
)  # fmt: skip
def test_times_that_stand_for_nothing_known_are_refused(dataset, message):
    with pytest.raises(InputError, match=message):
        steps(dataset)
