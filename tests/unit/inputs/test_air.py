"""The state of the atmosphere among the inputs of a map."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from aeroforcing.cli.main import main
from aeroforcing.columns.atmosphere import WELL_MIXED, precipitable_water
from aeroforcing.columns.column import Column
from aeroforcing.columns.vertical_profiles import SigmaProfile
from aeroforcing.core.errors import InputError
from aeroforcing.forcing.column import column_forcing
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.inputs.air import AIR
from aeroforcing.inputs.builtin.atmosphere import LAYER_BOUNDS, climatology
from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.inputs.by_chunk import open_run_inputs
from aeroforcing.inputs.model_columns import columns_from
from aeroforcing.inputs.model_levels import state_names
from aeroforcing.inputs.resolve import provenance, resolve_inputs
from aeroforcing.maps.cells import cells_of
from aeroforcing.maps.chunk import Settings
from aeroforcing.maps.grid import grid_forcing
from aeroforcing.maps.run import ForcingRun
from aeroforcing.maps.saved import identity_of
from aeroforcing.optics.gas_table import GASES

AXES = gaussian_grid("45x60")
LAT, LON = AXES.lat.values, AXES.lon.values
MONTHS = (1, 7)
PLEV = 100.0 * np.array([1, 2, 5, 10, 20, 30, 50, 70, 100, 150, 200, 250, 300, 350, 400, 450, 500,
                         550, 600, 650, 700, 750, 800, 825, 850, 875, 900, 925, 950, 975, 1000,
                         1025])  # fmt: skip
H2O, O3, CO2 = (GASES.index(gas) for gas in ("h2o", "o3", "co2"))
LOW = LAYER_BOUNDS[1:] < 14e3


def era5(months=MONTHS, surface=101325.0):
    """The built-in climatology as a reanalysis would give it, the same at all longitudes."""
    air = climatology(LAT).sel(month=list(months))
    log_p = np.log(air.pressure.values)
    shape = (len(months), len(PLEV), LAT.size, LON.size)
    fields = {name: np.empty(shape) for name in ("temperature", "h2o", "o3")}
    for name, field in fields.items():
        scale = (np.log, np.exp) if name != "temperature" else (np.asarray, np.asarray)
        for i, j in np.ndindex(len(months), LAT.size):
            known = scale[0](air[name].values[i, j])
            field[i, :, j] = scale[1](np.interp(np.log(PLEV), log_p[i, j], known))[:, None]
    h2o = fields["h2o"]
    q = h2o * 18.016 / (28.964 + 18.016 * h2o)
    dims = ("month", "plev", "lat", "lon")
    o3 = {"standard_name": "mole_fraction_of_ozone_in_air", "units": "1"}
    pressure = np.full((len(months), LAT.size, LON.size), surface)
    return xr.Dataset(
        {
            "t": (dims, fields["temperature"], {"units": "K"}),
            "q": (dims, q, {"units": "kg kg-1"}),
            "o3": (dims, fields["o3"] / (1.0 + h2o), o3),
            "ps": (("month", "lat", "lon"), pressure, {"units": "Pa"}),
            "surface_altitude": (("lat", "lon"), np.zeros(pressure.shape[1:]), {"units": "m"}),
        },
        {"month": list(months), "plev": ("plev", PLEV, {"units": "Pa"}), "lat": LAT, "lon": LON},
    )


def on_its_own_levels():
    """The built-in climatology at its own altitudes, whose pressures vary from place to place."""
    air = climatology(LAT).sel(month=list(MONTHS)).expand_dims(lon=LON).rename(altitude="lev")
    q = air.h2o * 18.016 / (28.964 + 18.016 * air.h2o)
    return xr.Dataset(
        {
            "t": air.temperature.assign_attrs(units="K"),
            "q": q.assign_attrs(units="kg kg-1"),
            "vmro3": (air.o3 / (1.0 + air.h2o)).assign_attrs(units="1"),
            "air_pressure": air.pressure.assign_attrs(units="Pa"),
            "ps": air.pressure.isel(lev=-1, drop=True).assign_attrs(units="Pa"),
            "surface_altitude": (("lat", "lon"), np.zeros((4, 6)), {"units": "m"}),
        }
    )


def fields(dataset, **options):
    return resolve_inputs(dataset, **({"months": MONTHS, "grid": None} | options))


def columns(dataset, **options):
    """The columns of all cells, over (month, lat, lon)."""
    cells = cells_of(fields(dataset, **options))
    return cells.atmospheres(np.arange(cells.size))


def builtin():
    cells = cells_of(builtin_inputs(AXES, months=MONTHS).assign(surface_altitude=0.0 * AXES.area))
    return cells.atmospheres(np.arange(cells.size))


def water(found):
    return precipitable_water(found.pressure_levels, h2o=found.mole_fractions[:, H2O])


def ozone(found):
    return (np.diff(found.pressure_levels) * found.mole_fractions[:, O3]).sum(axis=1)


def same_columns(found, expected, **tolerance):
    return all(
        np.allclose(one, other, **tolerance) for one, other in zip(found, expected, strict=True)
    )


# ---- columns ------------------------------------------------------------------------------------


def test_the_climatology_given_as_a_reanalysis_is_the_climatology():
    found, expected = columns(era5()), builtin()
    assert found.altitude_levels == pytest.approx(expected.altitude_levels)
    assert found.temperature_layers[:, LOW] == pytest.approx(
        expected.temperature_layers[:, LOW], abs=1.5
    )
    assert water(found) == pytest.approx(water(expected), rel=0.02)
    assert ozone(found) == pytest.approx(ozone(expected), rel=0.04)  # coarse where it is most


def test_the_climatology_on_its_own_levels_is_the_climatology():
    found, expected = columns(on_its_own_levels()), builtin()
    low = LAYER_BOUNDS < 14e3  # the blend is not quite hydrostatic, which adds up with altitude
    assert found.pressure_levels[:, low] == pytest.approx(
        expected.pressure_levels[:, low], rel=0.01
    )
    assert found.temperature_layers[:, LOW] == pytest.approx(
        expected.temperature_layers[:, LOW], abs=0.5
    )
    assert water(found) == pytest.approx(water(expected), rel=2e-4)
    assert ozone(found) == pytest.approx(ozone(expected), rel=2e-3)


def test_the_surface_has_the_given_pressure_and_altitude():
    high = era5(surface=85000.0)
    found = columns(high.assign(surface_altitude=high.surface_altitude + 1500.0))
    assert found.pressure_levels[:, -1] == pytest.approx(np.full(48, 85000.0))
    assert found.altitude_levels[:, -1] == pytest.approx(np.full(48, 1500.0))
    assert (np.diff(found.pressure_levels, axis=1) > 0).all()


def test_a_geopotential_of_the_surface_is_its_altitude():
    dataset = era5().drop_vars("surface_altitude")
    dataset["phis"] = (("lat", "lon"), np.full((4, 6), 9806.65), {"units": "m2 s-2"})
    assert columns(dataset).altitude_levels[:, -1] == pytest.approx(np.full(48, 1000.0))


def test_pressures_are_hydrostatic():
    found = columns(era5())
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
    found, climate = columns(shallow), climatology(LAT).sel(month=list(MONTHS))
    pressure = np.sqrt(found.pressure_levels[:, 1:] * found.pressure_levels[:, :-1])
    for month, lat in np.ndindex(2, 4):
        i = (month * 4 + lat) * 6
        own = climate.isel(month=month, lat=lat)
        for above in np.flatnonzero((pressure[i] < 5000.0) & (pressure[i] > 500.0)):
            expected = np.interp(
                np.log(pressure[i, above]), np.log(own.pressure), own.temperature.values
            )
            assert found.temperature_layers[i, above] == pytest.approx(expected, abs=2.5)
        below = pressure[i] > 12000.0
        assert found.temperature_layers[i, below] == pytest.approx(np.full(below.sum(), 250.0))


def test_without_ozone_there_is_the_climatology_s():
    found = fields(era5().drop_vars("o3"))
    cells = cells_of(found)
    own = cells.atmospheres(np.arange(cells.size)).mole_fractions[:, O3]
    assert own == pytest.approx(builtin().mole_fractions[:, O3], rel=0.1)
    assert [line for line in provenance(found) if line.startswith("ozone: built-in")]


def test_mass_and_mole_fractions_of_ozone_are_the_same_ozone():
    dataset = era5()
    q = dataset.q
    mean_mass = 1.0 / (q / 18.016 + (1.0 - q) / 28.964)  # g mol-1 of moist air
    mass = (dataset.o3 * 47.998 / mean_mass).drop_attrs(deep=False).assign_attrs(units="kg kg-1")
    assert columns(dataset.assign(o3=mass)).mole_fractions[:, O3] == pytest.approx(
        columns(dataset).mole_fractions[:, O3], rel=1e-4
    )


@pytest.mark.parametrize("over", [(), ("month",), ("month", "plev", "lat", "lon")])
def test_other_gases_replace_the_well_mixed_ones(over):
    dataset = era5()
    shape = [dataset.sizes[dim] for dim in over]
    dataset["co2"] = (over, np.full(shape, 800.0), {"units": "ppm"})
    found = columns(dataset)
    moist = 1.0 + found.mole_fractions[:, H2O]
    assert found.mole_fractions[:, CO2] == pytest.approx(800e-6 * moist, rel=1e-3)
    for gas in ("ch4", "n2o", "o2"):
        assert (found.mole_fractions[:, GASES.index(gas)] == WELL_MIXED[gas]).all()


# ---- axes, names and places ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.isel(lat=slice(None, None, -1)),
        lambda d: d.isel(plev=slice(None, None, -1)),
        lambda d: d.assign_coords(lon=(d.lon + 180.0) % 360.0 - 180.0).sortby("lon"),
        lambda d: d.transpose("lon", "lat", "plev", "month"),
        lambda d: d.rename(lat="latitude", lon="longitude", month="time", plev="pressure_level"),
        lambda d: d.rename(month="valid_time"),
        lambda d: d.assign_coords(plev=("plev", PLEV / 100.0, {"units": "hPa"})),
        lambda d: d.assign(ps=(d.ps / 100.0).assign_attrs(units="hPa")),
        lambda d: d.assign(tas=(d.t[:, -1] * 0.9).assign_attrs(standard_name="air_temperature")),
    ],
)
def test_order_and_names_do_not_matter(change):
    dataset = era5()
    dataset["t"] = dataset.t + xr.DataArray(LON / 60.0, dims="lon")
    dataset["t"].attrs = {"units": "K", "standard_name": "air_temperature"}
    assert same_columns(columns(change(dataset)), columns(dataset), rtol=1e-12)


def test_pressures_of_hybrid_layers():
    """Interfaces of fixed pressures above, and of parts of the surface's below."""
    bounds = np.concatenate([[50.0], np.sqrt(PLEV[1:] * PLEV[:-1]), [101325.0]])
    hybrid = era5().drop_vars("plev").rename(plev="lev")
    middle = 0.5 * (bounds[1:] + bounds[:-1])
    high = bounds < 5e4
    hybrid["hyai"] = ("ilev", np.where(high, bounds / 1e5, 0.0))
    hybrid["hybi"] = ("ilev", np.where(high, 0.0, bounds / 101325.0))
    hybrid["P0"] = 1e5
    levels = era5().assign_coords(plev=("plev", middle, {"units": "Pa"}))
    assert same_columns(columns(hybrid), columns(levels), rtol=1e-9)


def test_a_state_without_time_is_that_of_all_months():
    constant = era5(months=(1,)).isel(month=0, drop=True)
    found = columns(constant).temperature_layers[:, LOW].reshape(2, 24, -1)
    assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_one_profile_is_that_of_all_places():
    profile = era5().drop_vars("surface_altitude").isel(lat=1, lon=0, drop=True)
    found = columns(profile, grid="45x60")
    assert np.ptp(found.temperature_layers.reshape(2, 24, -1)[:, :, -1], axis=1).max() < 2.0
    expected = profile.t.sel(plev=100000.0).values
    assert found.temperature_layers.reshape(2, 24, -1)[:, 10, -1] == pytest.approx(expected, abs=2)


def test_to_another_grid_by_overlapping_area():
    dataset = era5()
    warm = xr.DataArray(np.arange(24.0).reshape(4, 6), dims=("lat", "lon"))
    dataset["t"] = (0.0 * dataset.t + 250.0 + warm).transpose(*dataset.t.dims)
    dataset["t"].attrs["units"] = "K"
    halves = fields(dataset, grid="90x180")["air_temperature"]
    area = np.abs(np.diff(np.sin(np.radians([-90.0, -45.0, 0.0]))))
    expected = 250.0 + np.average([1.0, 7.0], weights=area)
    assert halves.sizes == {"month": 2, "air_level": 32, "lat": 2, "lon": 2}
    assert halves[0, 0, 0, 0].item() == pytest.approx(expected, rel=1e-12)


def test_what_is_resolved_can_be_given_again():
    once = fields(era5().assign(co2=400e-6))
    assert any(line.startswith("air_pressure, air_temperature") for line in provenance(once))
    twice = fields(once)
    for name in AIR:
        assert (name in twice) == (name in once)
        if name in once:
            np.testing.assert_array_equal(twice[name].values, once[name].values)


def test_variables_without_levels_are_no_state():
    flat = era5().isel(plev=-1, drop=True)
    assert state_names(flat) == []
    aod = xr.full_like(flat.ps, 0.1).assign_attrs(units="1")
    found = fields(flat.assign(aod=aod))
    assert not set(AIR) & set(found)
    assert any(line.startswith("atmosphere: built-in") for line in provenance(found))


# ---- gaps ---------------------------------------------------------------------------------------


def test_empty_levels_below_the_ground_have_the_lowest_known_values():
    full = era5(surface=90000.0)
    masked = full.assign(
        {
            n: full[n].where(full.plev <= 90000.0).assign_attrs(full[n].attrs)
            for n in ("t", "q", "o3")
        }
    )
    assert same_columns(columns(masked), columns(full), rtol=1e-12)


def with_gap(dataset):
    dataset["t"][0, 3, 2, 1] = np.nan
    return dataset


def test_a_gap_above_the_ground_makes_the_cell_missing():
    found = fields(with_gap(era5()))
    complete = cells_of(found).complete.reshape(2, 4, 6)
    assert not complete[0, 2, 1]
    assert complete.sum() == 47
    assert any("32 of 1536 cells missing" in line for line in provenance(found))


def test_a_gap_is_filled_from_the_climatology():
    found = fields(with_gap(era5()), fill_missing=True)
    cells = cells_of(found)
    assert cells.complete.all()
    assert any("filled from the built-in inputs" in line for line in provenance(found))
    own, given = cells.atmospheres(np.arange(48)), columns(era5())
    for one, climate, other in zip(own, builtin(), given, strict=True):
        np.testing.assert_array_equal(one[13], climate[13])
        np.testing.assert_array_equal(np.delete(one, 13, 0), np.delete(other, 13, 0))


# ---- errors -------------------------------------------------------------------------------------


def with_pressures(dataset, pressures):
    return dataset.assign_coords(plev=("plev", pressures, {"units": "Pa"}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[["t"]], "has no humidity, which is known as specific_humidity"),
        (lambda d: d[["q", "ps"]], "has no temperature, which is known as air_temperature"),
        (lambda d: d.drop_vars("ps"), "has no surface pressure"),
        (lambda d: d.assign(t=d.t.assign_attrs(units="degC")), "units 'degC'"),
        (lambda d: d.assign(t=(d.t - 273.15).assign_attrs(units="K")), "air_temperature is out of"),
        (
            lambda d: d.assign(ps=(d.ps / 100).assign_attrs(units="Pa")),
            "surface_pressure is out of",
        ),
        (lambda d: d.assign(q=d.q.assign_attrs(units="kg kg-1") * 1e3), "units|humidity is out of"),
        (lambda d: d.assign(o3=d.o3 * 1e6).assign(q=d.q), "o3_mole_fraction|units|out of range"),
        (lambda d: d.drop_vars("plev"), "pressures of the levels are not known"),
        (lambda d: d.assign(ta=d.t), "both are temperature"),
        (lambda d: d.expand_dims(member=2), "has the dimension member"),
        (lambda d: d.sel(month=[1]), "holds the months 1, not 7"),
        (lambda d: d.isel(plev=[3, 1, 2]), "pressures do not rise or fall"),
        (lambda d: d.isel(plev=slice(0, 0)), "plev of the atmosphere is empty"),
        (lambda d: d.isel(plev=[5]).rename(plev="air_level"), "on one level; give two"),
        (lambda d: d.assign(t=d.t.astype(str)), "temperature holds text; numbers"),
        (lambda d: d.assign_coords(plev=[f"{p}" for p in PLEV]), "plev holds text; numbers"),
        (lambda d: with_pressures(d, np.where(PLEV == 100.0, 0.0, PLEV)), "air_pressure is out of"),
        (lambda d: with_pressures(d, np.where(PLEV == 102500.0, np.inf, PLEV)), "air_pressure"),
        (lambda d: d.assign(ps=xr.full_like(d.ps, np.inf)), "surface_pressure is out of"),
    ],
)
def test_unusable_states(change, message):
    with pytest.raises(InputError, match=message):
        fields(change(era5()))


# ---- maps ---------------------------------------------------------------------------------------


def forcing(dataset, **options):
    settings = {"grid": None, "months": MONTHS, "photons": 8, "sky": "clear", "jobs": 1}
    return grid_forcing(dataset, **(settings | options))


def test_a_map_with_the_climatology_given_is_the_map_of_the_climatology():
    """But for the altitudes, which follow from hydrostatic balance here."""
    sea_level = AXES.assign(surface_altitude=0.0 * AXES.area.drop_attrs(deep=False))
    found, expected = (forcing(d, photons=1024) for d in (on_its_own_levels(), sea_level))
    for name in ("forcing_toa_cs", "forcing_surface_cs"):
        errors = np.stack([(d[f"{name}_stderr"] ** 2).sum() for d in (found, expected)])
        error = np.sqrt(errors.sum()) / found[name].size
        mean = expected[name].mean().item()
        assert error < 0.01 * abs(mean)
        assert found[name].mean().item() == pytest.approx(mean, rel=0.003, abs=4.0 * error)
    assert not np.array_equal(found.rsdscs, expected.rsdscs)
    assert "t, q, vmro3, air_pressure, ps" in found.attrs["inputs"]


def test_more_water_vapour_absorbs_more():
    dry, wet = (
        forcing(era5().assign(q=(factor * era5().q).assign_attrs(units="kg kg-1")), photons=64)
        for factor in (0.5, 1.0)
    )
    assert wet.precipitable_water.values == pytest.approx(
        2.0 * dry.precipitable_water.values, rel=0.02
    )
    assert (wet.rsdscs.mean() < dry.rsdscs.mean() - 3.0).item()


def test_lazy_inputs_give_the_same_map():
    dataset = era5()
    lazy = forcing(dataset.chunk(month=1, lat=2))
    assert lazy.forcing_toa_cs.chunks is not None
    np.testing.assert_array_equal(lazy.compute().forcing_toa_cs, forcing(dataset).forcing_toa_cs)


def test_points_have_the_atmospheres_of_their_places():
    dataset = era5()
    at = xr.DataArray([0, 2, 3], dims="station"), xr.DataArray([5, 0, 2], dims="station")
    points = (
        dataset.isel(lat=at[0], lon=at[1]).reset_coords(["lat", "lon"]).set_coords(["lat", "lon"])
    )
    found = open_run_inputs(points, grid=None, months=MONTHS)
    cells = cells_of(found.fields(found.layout.whole), layout=found.layout)
    own = cells.atmospheres(np.arange(cells.size)).temperature_layers.reshape(2, 3, -1)
    whole = columns(dataset).temperature_layers.reshape(2, 4, 6, -1)
    expected = whole[:, at[0].values, at[1].values]
    assert own[..., LOW] == pytest.approx(expected[..., LOW], abs=1e-9)


def test_other_files_for_single_variables_leave_the_atmosphere():
    aod = xr.full_like(era5().ps, 0.3).drop_attrs(deep=False).to_dataset(name="aod")
    found = fields(era5(), replacements={"aod": aod})
    assert (found.aod == 0.3).all()
    np.testing.assert_array_equal(found.air_temperature, fields(era5()).air_temperature)


def test_the_command_says_where_the_atmosphere_is_from(tmp_path, capsys):
    era5().drop_vars("o3").to_netcdf(tmp_path / "state.nc")
    options = ["--grid", "native", "--months", "1,7"]
    assert main(["grid", str(tmp_path / "state.nc"), *options, "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "surface_pressure: state.nc, t, q, ps" in printed
    assert "ozone: built-in" in printed
    written = tmp_path / "all.nc"
    assert main(["inputs", str(tmp_path / "state.nc"), *options, "-o", str(written)]) == 0
    again = fields(written)
    for name in ("air_temperature", "air_pressure", "surface_pressure", "specific_humidity"):
        np.testing.assert_array_equal(again[name], fields(era5())[name])


def test_another_state_is_another_run():
    def identity(dataset):
        settings = Settings(8.0, 0, "clear", 1361.0, "g112", False)
        run = open_run_inputs(dataset, grid=None, months=MONTHS)
        return identity_of(ForcingRun(run, settings, 100), {})

    warmer = era5().assign(t=(era5().t + 1e-6).assign_attrs(units="K"))
    assert identity(era5()) == identity(era5())
    assert identity(warmer) != identity(era5())


@pytest.mark.slow
def test_a_cell_is_the_column_of_the_same_state():
    """Other layers, so that the two agree but for how they cut the same profile."""
    dataset = era5(months=(7,)).isel(lat=[2], lon=[1])
    bounds = {"lat_bnds": AXES.lat_bnds[2:3], "lon_bnds": AXES.lon_bnds[1:2]}
    optics = {"aod": 0.3, "ssa": 0.9, "asymmetry": 0.7, "angstrom": 1.4, "coalbedo_angstrom": 0.0,
              "surface_albedo": 0.15}  # fmt: skip
    given = dataset.assign({n: xr.full_like(dataset.ps, v).drop_attrs() for n, v in optics.items()})
    cell = forcing(given.assign(bounds), months=[7], photons=2**16)
    inputs = resolve_inputs(given.assign(bounds), grid=None, months=[7])
    shares = inputs.aerosol_profile.values[0, 0, 0]
    profile = SigmaProfile(shares, interfaces=inputs.sigma_interface.values)
    (column,) = columns_from(given.drop_vars("surface_altitude"), profile=profile)
    assert isinstance(column, Column)
    single = column_forcing(column, latitude=LAT[2], months=[7], photons=2**18)
    for level in ("toa", "atmosphere", "surface"):
        name = f"forcing_{level}_cs"
        error = np.hypot(cell[f"{name}_stderr"].item(), single[f"{name}_stderr"].item())
        assert error < 0.03
        scale = abs(single["forcing_surface_cs"].item())
        assert cell[name].item() == pytest.approx(
            single[name].item(), abs=4.0 * error + 0.002 * scale
        )
