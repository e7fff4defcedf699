"""Optical depth from extinction profiles."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.core.errors import InputError

QUICK = settings(max_examples=40)
ALTITUDE = np.array([0.0, 200.0, 500.0, 1500.0, 4000.0])
EXTINCTION = np.array([2e-4, 2e-4, 1e-4, 5e-5, 0.0])


def field(**sizes):
    """Extinction over (time, lev, lat), each column a multiple of the one above."""
    factor = xr.DataArray(np.arange(1.0, 7.0).reshape(2, 3), dims=("time", "lat"))
    profile = xr.DataArray(EXTINCTION, dims="lev", coords={"altitude": ("lev", ALTITUDE)})
    return (factor * profile).transpose("time", "lev", "lat").assign_attrs(units="m-1")


def test_points_by_trapezoids():
    found = af.optics.aod_from_extinction(EXTINCTION, altitude=ALTITUDE)
    means = 0.5 * (EXTINCTION[1:] + EXTINCTION[:-1])
    assert found == pytest.approx((means * np.diff(ALTITUDE)).sum())


def test_layers_between_bounds():
    found = af.optics.aod_from_extinction([1e-4, 2e-4], altitude=[3000.0, 1000.0, 0.0])
    assert found == pytest.approx(0.4)


def test_exponential_profile_has_the_depth_of_its_scale_height():
    height = np.linspace(0.0, 40e3, 8001)
    found = af.optics.aod_from_extinction(1e-4 * np.exp(-height / 2000.0), altitude=height)
    assert found == pytest.approx(0.2, rel=1e-6)


@QUICK
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_direction_does_not_matter_and_sums_add_up(seed, bounds):
    rng = np.random.default_rng(seed)
    altitude = np.sort(rng.uniform(0.0, 20e3, 6))
    one, other = rng.random((2, 5 if bounds else 6))
    depth = af.optics.aod_from_extinction(one, altitude=altitude)
    assert af.optics.aod_from_extinction(one[::-1], altitude=altitude[::-1]) == pytest.approx(depth)
    both = af.optics.aod_from_extinction(one + 2.0 * other, altitude=altitude)
    assert both == pytest.approx(
        depth + 2.0 * af.optics.aod_from_extinction(other, altitude=altitude)
    )


@pytest.mark.parametrize(
    "altitude",
    ["altitude", ALTITUDE, xr.DataArray(ALTITUDE, dims="lev"),
     xr.DataArray(ALTITUDE / 1000.0, dims="lev", attrs={"units": "km"})],
)  # fmt: skip
def test_fields(altitude):
    found = af.optics.aod_from_extinction(field(), altitude=altitude)
    one = af.optics.aod_from_extinction(EXTINCTION, altitude=ALTITUDE)
    assert found.dims == ("time", "lat")
    assert found.name == "aod"
    assert found.attrs["units"] == "1"
    assert found.values == pytest.approx(one * np.arange(1.0, 7.0).reshape(2, 3))


@pytest.mark.parametrize(("units", "factor"), [("km-1", 1e-3), ("Mm-1", 1e-6), ("1/km", 1e-3)])
def test_units_of_the_coefficient(units, factor):
    given_in = (field() / factor).assign_attrs(units=units)
    expected = af.optics.aod_from_extinction(field(), altitude="altitude")
    xr.testing.assert_allclose(
        af.optics.aod_from_extinction(given_in, altitude="altitude"), expected
    )


def test_altitudes_that_differ_from_column_to_column():
    ground = xr.DataArray([0.0, 100.0, 2000.0], dims="lat")
    altitude = ground + xr.DataArray(ALTITUDE, dims="lev")
    found = af.optics.aod_from_extinction(field(), altitude=altitude)
    expected = af.optics.aod_from_extinction(field(), altitude="altitude")
    xr.testing.assert_allclose(found, expected.transpose(*found.dims))


def test_bounds_of_a_field():
    bounds = xr.DataArray([0.0, 100.0, 300.0, 1000.0, 3000.0, 5000.0], dims="edge")
    found = af.optics.aod_from_extinction(field().isel(time=0, lat=0), altitude=bounds)
    assert float(found) == pytest.approx((EXTINCTION * np.diff(bounds)).sum())


def test_missing_coefficients_make_their_column_missing():
    gap = field().where(lambda x: (x.time != 0) | (x.lat != 1))
    found = af.optics.aod_from_extinction(gap, altitude="altitude")
    assert np.array_equal(np.isnan(found), [[False, True, False], [False, False, False]])


def test_dask_arrays_stay_lazy():
    lazy = af.optics.aod_from_extinction(field().chunk(lat=1), altitude="altitude")
    assert lazy.chunks is not None
    xr.testing.assert_allclose(
        lazy.compute(), af.optics.aod_from_extinction(field(), altitude="altitude")
    )


def test_the_profile_of_an_aerosol_from_the_same_lidar():
    aerosol = af.Aerosol(
        aod=af.optics.aod_from_extinction(EXTINCTION, altitude=ALTITUDE),
        ssa=0.9,
        asymmetry=0.7,
        angstrom=1.0,
        profile=af.ExtinctionProfile(EXTINCTION, height=ALTITUDE),
    )
    assert aerosol.aod == pytest.approx(0.2225)


@pytest.mark.parametrize(
    ("extinction", "altitude", "message"),
    [
        (EXTINCTION, ALTITUDE[:3], "5 altitudes .points. or 6"),
        (EXTINCTION, ALTITUDE[[0, 2, 1, 3, 4]], "rise or fall"),
        (EXTINCTION, [0.0, np.nan, 1.0, 2.0, 3.0], "finite"),
        (-EXTINCTION, ALTITUDE, r"4 of 5 .* negative.*\(0,\)"),
        ([np.inf, 0, 0, 0, 0], ALTITUDE, "infinite"),
        (np.ones((2, 2)), [0.0, 1.0], "one dimension"),
        (field(), "lev", "no coordinate 'lev'"),
        (field().assign_attrs(units="%"), "altitude", "units '%'"),
        (field(), xr.DataArray(ALTITUDE, dims="lev", attrs={"units": "ft"}), "units 'ft'"),
        (field().rename(lev="x", lat="y"), xr.ones_like(field()), "cannot be told"),
        (field().isel(lev=slice(3)), [1.0, 2.0, 3.0], "cannot be told"),
    ],
)
def test_unusable_profiles(extinction, altitude, message):
    with pytest.raises(InputError, match=message):
        af.optics.aod_from_extinction(extinction, altitude=altitude)
