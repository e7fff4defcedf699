"""The user's own gridded atmosphere as columns of a map."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from aeroforcing.atmosphere import precipitable_water
from aeroforcing.builtin_atmosphere import (
    LAYER_BOUNDS,
    climatology,
    columns_over_terrain,
    profile_arrays,
)
from aeroforcing.errors import InputError
from aeroforcing.gases import GASES
from aeroforcing.gridded_air import gridded_air

LAT, LON = np.array([-60.0, -20.0, 0.0, 20.0, 60.0]), np.arange(0.0, 360.0, 60.0)
PLEV = 100.0 * np.array([1, 2, 5, 10, 20, 30, 50, 70, 100, 150, 200, 250, 300, 350, 400, 450, 500,
                         550, 600, 650, 700, 750, 800, 825, 850, 875, 900, 925, 950, 975, 1000,
                         1025])  # fmt: skip
H2O, O3 = GASES.index("h2o"), GASES.index("o3")
CLIMATE = profile_arrays(climatology(LAT))


def era5(months=(1, 7), surface=101325.0):
    """The built-in climatology as a reanalysis would give it, the same at all longitudes."""
    air = climatology(LAT).sel(month=list(months))
    log_p = np.log(air.pressure.values)
    shape = (len(months), len(PLEV), LAT.size, LON.size)
    fields = {name: np.empty(shape) for name in ("temperature", "h2o", "o3")}
    for name, field in fields.items():
        for i, j in np.ndindex(len(months), LAT.size):
            values = (
                np.log(air[name].values[i, j]) if name != "temperature" else air[name].values[i, j]
            )
            found = np.interp(np.log(PLEV), log_p[i, j], values)
            field[i, :, j] = (np.exp(found) if name != "temperature" else found)[:, None]
    h2o = fields["h2o"]
    q = h2o * 18.016 / (28.964 + 18.016 * h2o)
    dims = ("month", "plev", "lat", "lon")
    o3 = {"standard_name": "mole_fraction_of_ozone_in_air", "units": "1"}
    return xr.Dataset(
        {
            "t": (dims, fields["temperature"], {"units": "K"}),
            "q": (dims, q, {"units": "kg kg-1"}),
            "o3": (dims, fields["o3"] / (1.0 + h2o), o3),
            "ps": (("month", "lat", "lon"), np.full((len(months), LAT.size, LON.size), surface),
                   {"units": "Pa"}),
        },
        {"month": list(months), "plev": ("plev", PLEV, {"units": "Pa"}), "lat": LAT, "lon": LON},
    )  # fmt: skip


def columns(air, *, month=(1, 1, 7), latitude=(0.0, 20.0, 60.0), longitude=(0.0, 60.0, 180.0),
            altitude=(0.0, 0.0, 0.0)):  # fmt: skip
    return air.columns(
        month=np.array(month), latitude=np.array(latitude), longitude=np.array(longitude),
        surface_altitude=np.array(altitude), climatology=CLIMATE,
        lat_index=np.array([LAT.tolist().index(x) if x in LAT else 2 for x in latitude]),
    )  # fmt: skip


def builtin(month=(1, 1, 7), lat=(2, 3, 4)):
    return columns_over_terrain(
        CLIMATE, month=np.array(month) - 1, lat=np.array(lat), surface_altitude=np.zeros(len(month))
    )


def test_the_climatology_given_as_a_reanalysis_is_the_climatology():
    found, expected = columns(gridded_air(era5())), builtin()
    low = LAYER_BOUNDS[1:] < 14e3
    assert found.altitude_levels == pytest.approx(expected.altitude_levels)
    assert found.temperature_layers[:, low] == pytest.approx(
        expected.temperature_layers[:, low], abs=1.5
    )
    water, wanted = (
        precipitable_water(c.pressure_levels, h2o=c.mole_fractions[:, H2O])
        for c in (found, expected)
    )
    assert water == pytest.approx(wanted, rel=0.02)
    ozone, wanted = (
        (np.diff(c.pressure_levels) * c.mole_fractions[:, O3]).sum(axis=1)
        for c in (found, expected)
    )
    assert ozone == pytest.approx(wanted, rel=0.04)  # the levels are coarse where it is most


def test_the_surface_has_the_given_pressure_and_altitude():
    found = columns(gridded_air(era5(surface=85000.0)), altitude=(1500.0, 1500.0, 1500.0))
    assert found.pressure_levels[:, -1] == pytest.approx(np.full(3, 85000.0))
    assert found.altitude_levels[:, -1] == pytest.approx(np.full(3, 1500.0))
    assert (np.diff(found.pressure_levels, axis=1) > 0).all()


def test_pressures_are_hydrostatic():
    found = columns(gridded_air(era5()))
    h2o = found.mole_fractions[:, H2O]
    virtual = found.temperature_layers * (1 + h2o) / (1 + h2o * 18.016 / 28.964)
    thickness = (
        8.314462618 * virtual / (9.80665 * 0.028964) * np.diff(np.log(found.pressure_levels))
    )
    low = LAYER_BOUNDS[:-1] <= 14e3
    expected = -np.diff(found.altitude_levels)[:, low]
    assert thickness[:, low] == pytest.approx(expected, rel=5e-3)


def test_above_the_highest_level_is_the_climatology():
    shallow = era5().isel(plev=PLEV >= 10000.0)
    shallow["t"] = xr.full_like(shallow.t, 250.0).assign_attrs(units="K")
    found = columns(gridded_air(shallow))
    pressure = np.sqrt(found.pressure_levels[:, 1:] * found.pressure_levels[:, :-1])
    for i, (month, lat) in enumerate(((0, 2), (0, 3), (6, 4))):
        for above in np.flatnonzero((pressure[i] < 5000.0) & (pressure[i] > 500.0)):
            known = CLIMATE.log_pressure[month, lat], CLIMATE.temperature[month, lat]
            expected = np.interp(np.log(pressure[i, above]), *known)
            assert found.temperature_layers[i, above] == pytest.approx(expected, abs=2.5)
        below = pressure[i] > 12000.0
        assert found.temperature_layers[i, below] == pytest.approx(np.full(below.sum(), 250.0))


def test_without_ozone_there_is_the_climatology_s():
    found = columns(gridded_air(era5().drop_vars("o3"))).mole_fractions[:, O3]
    assert found == pytest.approx(builtin().mole_fractions[:, O3], rel=0.1)


def test_between_grid_points_it_is_linear():
    dataset = era5()
    warm = xr.DataArray(LAT / 10.0, dims="lat") + xr.DataArray(LON / 60.0, dims="lon")
    dataset["t"] = (xr.full_like(dataset.t, 250.0) + warm).transpose(*dataset.t.dims)
    dataset["t"].attrs["units"] = "K"
    found = columns(
        gridded_air(dataset), latitude=(10.0, -10.0, 30.0), longitude=(30.0, 90.0, 330.0)
    )
    low = -3
    expected = [250.0 + 1.0 + 0.5, 250.0 - 1.0 + 1.5, 250.0 + 3.0 + 2.5]
    assert found.temperature_layers[:, low] == pytest.approx(expected)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.isel(lat=slice(None, None, -1)),
        lambda d: d.isel(plev=slice(None, None, -1)),
        lambda d: d.assign_coords(lon=(d.lon + 180.0) % 360.0 - 180.0).sortby("lon"),
        lambda d: d.transpose("lon", "lat", "plev", "month"),
        lambda d: d.rename(lat="latitude", lon="longitude", month="time"),
        lambda d: d.assign_coords(plev=("plev", PLEV / 100.0, {"units": "hPa"})),
    ],
)
def test_order_and_names_of_the_axes_do_not_matter(change):
    found, expected = (columns(gridded_air(d)) for d in (change(era5()), era5()))
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-12)


def test_a_state_without_time_is_that_of_all_months():
    constant = gridded_air(era5(months=(1,)).isel(month=0, drop=True))
    one, other = columns(constant, month=(1, 1, 7)), columns(constant, month=(4, 5, 6))
    assert one.pressure_levels[:2] == pytest.approx(other.pressure_levels[:2], rel=1e-2)
    assert one.temperature_layers[:, -1] == pytest.approx(other.temperature_layers[:, -1])


def with_gap(dataset):
    dataset["t"][0, 3, 2, 1] = np.nan
    return dataset


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (lambda: era5().isel(lon=0, drop=True), "no axis lon"),
        (lambda: era5().assign_coords(month=[1, 1]), "months 1, 1; each must be there once"),
        (lambda: era5().assign_coords(month=[1, 30]), "months 1, 30"),
        (lambda: era5().drop_vars("month"), "no coordinate"),
        (lambda: era5().expand_dims(member=2), "month or time, level, lat, lon"),
        (lambda: with_gap(era5()), "temperature is missing in 1 of.*lat=0, lon=60"),
        (lambda: era5().drop_vars("ps"), "no surface pressure"),
        (lambda: era5().assign(q=era5().q.assign_attrs(units="kg kg-1") * 100), "units|humidity"),
    ],
)
def test_unusable_states(dataset, message):
    with pytest.raises(InputError, match=message):
        gridded_air(dataset())


def test_a_month_that_is_not_there():
    with pytest.raises(InputError, match="has the months 1, 7, not 4"):
        columns(gridded_air(era5()), month=(1, 4, 7))
