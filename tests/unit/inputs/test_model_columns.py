"""Columns from datasets of models and reanalyses, with whatever names, units and order."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import aeroforcing as af
from aeroforcing.columns.atmosphere import precipitable_water
from aeroforcing.core.errors import InputError
from aeroforcing.inputs.builtin.atmosphere import builtin_ozone, climatology
from aeroforcing.optics.species import mass_extinction

SMOKE = af.Aerosol(aod=0.2, ssa=0.9, asymmetry=0.65, angstrom=1.5)
LEVELS = np.concatenate([np.linspace(60e3, 15e3, 12), np.linspace(14e3, 0.0, 25)])
NAMES = ("tropical", "subarctic_winter")
COLUMNS = [af.standard_atmosphere(name, levels=LEVELS) for name in NAMES]
GIVEN = {"aerosol": SMOKE, "surface_albedo": 0.2}


def specific(ratio, molar_mass):
    """Mass per mass of moist air of a gas with a mole ratio to dry air, with that of water."""
    h2o = np.stack([c.mole_fractions["h2o"] for c in COLUMNS])
    return ratio * molar_mass / (28.964 + h2o * 18.016)


def stack(of):
    return np.stack([of(column) for column in COLUMNS])


def model():
    """The two columns as a model would write them: hybrid layers, ERA5 names, lat ascending."""
    h2o, o3 = (stack(lambda c, g=gas: c.mole_fractions[g]) for gas in ("h2o", "o3"))
    pressure = stack(lambda c: c.pressure_levels)
    variables = {
        "t": (("lat", "lev"), stack(lambda c: c.temperature_layers), {"units": "K"}),
        "q": (("lat", "lev"), specific(h2o, 18.016), {"units": "kg kg**-1"}),
        "o3": (("lat", "lev"), specific(o3, 47.998), {"units": "kg kg**-1"}),
        "phalf": (("lat", "ilev"), pressure, {"units": "Pa"}),
        "sp": ("lat", pressure[:, -1], {"units": "Pa"}),
    }
    return xr.Dataset(variables, {"lat": [10.0, 65.0], "time": np.datetime64("2010-07-15")})


def assert_same_air(found, expected=COLUMNS, rel=1e-6):
    """The same air, apart from the layer that is put on top."""
    for one, wanted in zip(found, expected, strict=True):
        air, n = one.atmosphere, len(wanted.temperature_layers)
        assert len(air.temperature_layers) == n + 1
        assert air.pressure_levels[1:] == pytest.approx(wanted.pressure_levels)
        assert air.temperature_layers[1:] == pytest.approx(wanted.temperature_layers)
        for gas in ("h2o", "o3"):
            assert air.mole_fractions[gas][1:] == pytest.approx(wanted.mole_fractions[gas], rel=rel)


def test_layers_between_known_pressures_are_taken_as_they_are():
    found = af.columns_from(model(), **GIVEN)
    assert_same_air(found)
    assert all(column.aerosol is SMOKE and column.surface_albedo == 0.2 for column in found)


def test_half_levels_of_ecrad():
    """pressure_hl and temperature_hl, no surface pressure, gases as o3_mmr and co2_vmr."""
    given = model()
    layers = given["t"].values
    bounds = np.concatenate(
        [layers[:, :1], 0.5 * (layers[:, 1:] + layers[:, :-1]), layers[:, -1:]], 1
    )
    columns = given.rename(lat="column", lev="level", ilev="half_level", o3="o3_mmr")
    other = columns.rename(phalf="pressure_hl").drop_vars(["t", "sp", "column"])
    other["temperature_hl"] = ("column", "half_level"), bounds, {"units": "K"}
    other["co2_vmr"] = (), 400e-6, {"units": "1"}
    other["cloud_fraction"] = (0.0 * other["q"] + 0.5).assign_attrs(units="1")
    other["q_liquid"] = (0.0 * other["q"] + 1e-5).assign_attrs(units="kg kg-1")
    found = af.columns_from(other, overlap="random", **GIVEN)
    for one, air, mean in zip(found, COLUMNS, 0.5 * (bounds[:, 1:] + bounds[:, :-1]), strict=True):
        assert one.atmosphere.temperature_layers[1:] == pytest.approx(mean)
        assert one.atmosphere.pressure_levels[1:] == pytest.approx(air.pressure_levels)
        ozone = one.atmosphere.mole_fractions["o3"][1:]
        assert ozone == pytest.approx(air.mole_fractions["o3"], rel=1e-6)
        assert np.allclose(one.atmosphere.mole_fractions["co2"], 400e-6)
        assert one.clouds


@pytest.mark.parametrize("factor", [0.0, 1e-3, 0.1])
def test_an_ozone_column_that_is_nowhere_is_refused(factor):
    thin = model()
    thin["o3"] = (thin["o3"] * factor).assign_attrs(thin["o3"].attrs)
    with pytest.raises(InputError, match="below 50 Dobson units in 2 of 2 columns"):
        af.columns_from(thin, **GIVEN)


def test_altitudes_are_hydrostatic():
    for found, expected in zip(af.columns_from(model(), **GIVEN), COLUMNS, strict=True):
        below = expected.altitude_levels < 20e3  # gravity is that of the ground
        altitude = found.atmosphere.altitude_levels[1:]
        assert altitude[below] == pytest.approx(expected.altitude_levels[below], rel=1e-2, abs=1.0)


def test_the_vertical_order_does_not_matter():
    upward = model().isel(lev=slice(None, None, -1), ilev=slice(None, None, -1))
    for one, other in zip(
        af.columns_from(upward, **GIVEN), af.columns_from(model(), **GIVEN), strict=True
    ):
        for name in ("pressure_levels", "temperature_layers", "altitude_levels"):
            assert np.array_equal(getattr(one.atmosphere, name), getattr(other.atmosphere, name))


def test_pressures_in_hectopascals():
    other = model()
    for name in ("phalf", "sp"):
        other[name] = (other[name] / 100.0).assign_attrs(units="hPa")
    assert_same_air(af.columns_from(other, **GIVEN))


def hybrid(dataset, names, reference=None):
    """Interfaces as a + b ps, which the two columns share by the choice of a and b."""
    b = np.linspace(0.0, 1.0, dataset.sizes["ilev"]) ** 3
    pressure = dataset["phalf"].isel(lat=0).values
    a = pressure - b * float(dataset["sp"][0])
    scale = 1.0 if reference is None else reference
    units = {"units": "Pa"} if reference is None else {}
    coefficients = {names[0]: ("ilev", a / scale, units), names[1]: ("ilev", b)}
    changed = dataset.isel(lat=[0]).drop_vars("phalf").assign(coefficients)
    return changed if reference is None else changed.assign(P0=reference)


def test_hybrid_coefficients_of_ecmwf():
    assert_same_air(af.columns_from(hybrid(model(), ("ak", "bk")), **GIVEN), COLUMNS[:1])


def test_hybrid_coefficients_of_cesm():
    assert_same_air(af.columns_from(hybrid(model(), ("hyai", "hybi"), 1e5), **GIVEN), COLUMNS[:1])


def test_hybrid_coefficients_as_bounds():
    plain = hybrid(model(), ("ak", "bk"))
    bounds = {
        name: (
            ("lev", "bnds"),
            np.stack([plain[old][:-1], plain[old][1:]], axis=1),
            plain[old].attrs,
        )
        for old, name in (("ak", "ap_bnds"), ("bk", "b_bnds"))
    }
    changed = plain.drop_vars(["ak", "bk"]).assign(bounds)
    assert_same_air(af.columns_from(changed, **GIVEN), COLUMNS[:1])
    upward = changed.isel(lev=slice(None, None, -1))
    upward["ap_bnds"] = upward.ap_bnds.isel(bnds=slice(None, None, -1))
    upward["b_bnds"] = upward.b_bnds.isel(bnds=slice(None, None, -1))
    assert_same_air(af.columns_from(upward, **GIVEN), COLUMNS[:1])


@pytest.mark.parametrize("order", [1, -1])
def test_thickness_of_the_layers_of_merra(order):
    dataset = model()
    delp = (("lat", "lev"), np.diff(dataset.phalf.values), {"units": "Pa"})
    changed = dataset.drop_vars("phalf").assign(DELP=delp).isel(lev=slice(None, None, order))
    found = af.columns_from(changed, **GIVEN)
    for one, expected in zip(found, COLUMNS, strict=True):
        assert one.atmosphere.pressure_levels[-30:] == pytest.approx(expected.pressure_levels[-30:])


# ---- levels of pressure -------------------------------------------------------------------------

PLEV = np.array([1, 2, 3, 5, 7, 10, 20, 30, 50, 70, 100, 150, 200, 250, 300, 350, 400, 450, 500,
                 550, 600, 650, 700, 750, 800, 850, 900, 925, 950, 975, 1000, 1025])  # fmt: skip


def on_pressure_levels(surface=(1013.0, 870.0)):
    """Profiles of the built-in climatology at the levels of ERA5, above and below the ground."""
    air = climatology([10.0, 65.0]).sel(month=7)
    log_p = np.log(air.pressure.values)
    fields = {
        name: np.stack(
            [np.interp(np.log(100.0 * PLEV), log_p[i], air[name].values[i]) for i in range(2)]
        )
        for name in ("temperature", "h2o", "o3")
    }
    q = fields["h2o"] * 18.016 / (28.964 + 18.016 * fields["h2o"])
    dims = ("latitude", "plev")
    standard = {"standard_name": "mole_fraction_of_ozone_in_air", "units": "mol mol-1"}
    return xr.Dataset(
        {
            "ta": (dims, fields["temperature"], {"standard_name": "air_temperature", "units": "K"}),
            "hus": (dims, q, {"standard_name": "specific_humidity", "units": "1"}),
            "ozone": (dims, fields["o3"], standard),
            "ps": ("latitude", 100.0 * np.array(surface), {"units": "Pa"}),
        },
        {"latitude": [10.0, 65.0], "plev": ("plev", PLEV, {"units": "hPa"}), "month": 7},
    )


def test_levels_become_layers_around_them():
    found = af.columns_from(on_pressure_levels(), **GIVEN)
    lowest = found[0].atmosphere
    assert lowest.pressure_levels[-3:] == pytest.approx([96250.0, 98750.0, 101300.0])
    levels = on_pressure_levels().ta.isel(latitude=0)
    assert lowest.temperature_layers[-2:] == pytest.approx(levels.sel(plev=[975, 1000]).values)
    assert lowest.pressure_levels[:3] == pytest.approx([1.02, 50.0, 150.0])


def test_levels_below_the_ground_are_left_out():
    high = af.columns_from(on_pressure_levels(), **GIVEN)[1].atmosphere
    assert high.pressure_levels[-2:] == pytest.approx([82500.0, 87000.0])
    assert high.altitude_levels[-1] == 0.0


def test_the_mass_of_water_is_that_of_the_profile():
    """Against fine layers between the same levels."""
    found = af.columns_from(on_pressure_levels(), **GIVEN)
    dataset = on_pressure_levels()
    for column, i in zip(found, range(2), strict=True):
        fine = np.linspace(200.0, float(dataset.ps[i]), 200_001)
        q = np.interp(fine, 100.0 * PLEV, dataset.hus.values[i])
        expected = ((q[1:] + q[:-1]) / 2 * np.diff(fine)).sum() / 9.80665
        air = column.atmosphere
        water = precipitable_water(air.pressure_levels, h2o=air.mole_fractions["h2o"])
        assert water == pytest.approx(expected, rel=0.01)


def test_unit_of_the_coordinate_decides():
    in_pascals = on_pressure_levels()
    in_pascals["plev"] = ("plev", 100.0 * PLEV, {"units": "Pa"})
    for one, other in zip(af.columns_from(in_pascals, **GIVEN),
                          af.columns_from(on_pressure_levels(), **GIVEN), strict=True):  # fmt: skip
        assert np.array_equal(one.atmosphere.pressure_levels, other.atmosphere.pressure_levels)
    unknown = on_pressure_levels()
    del unknown["plev"].attrs["units"]
    with pytest.raises(InputError, match=r"units ''.*Pa or hPa"):
        af.columns_from(unknown, **GIVEN)


def test_without_ozone_there_is_the_climatology():
    (found, _) = af.columns_from(on_pressure_levels().drop_vars("ozone"), **GIVEN)
    air = found.atmosphere
    middle = np.diff(air.pressure_levels) / np.diff(np.log(air.pressure_levels))
    expected = builtin_ozone(middle, latitude=10.0, month=7)
    assert air.mole_fractions["o3"] == pytest.approx(expected)
    with pytest.raises(InputError, match=r"no ozone.*no latitude and time"):
        af.columns_from(on_pressure_levels().drop_vars(["ozone", "month"]), **GIVEN)


def test_climatological_ozone_is_that_of_the_maps():
    air = climatology([10.0]).sel(month=7).isel(lat=0)
    found = builtin_ozone(air.pressure.values, latitude=10.0, month=7)
    assert found == pytest.approx(air.o3.values, rel=1e-3)


def test_dates_give_the_month():
    dated = on_pressure_levels().drop_vars(["ozone", "month"])
    dated = dated.expand_dims(time=np.array(["2001-01-15", "2001-07-15"], "datetime64[ns]"))
    found = af.columns_from(dated.transpose("plev", "time", "latitude"), **GIVEN)
    assert len(found) == 4  # time first, then latitude
    (july,) = [c.atmosphere.mole_fractions["o3"] for c in found[2:3]]
    static = af.columns_from(on_pressure_levels().drop_vars("ozone"), **GIVEN)[0].atmosphere
    assert july == pytest.approx(static.mole_fractions["o3"])


def test_a_reanalysis_file(shared):
    with xr.open_dataset(shared("atmosphere/era5_tl31_19590102T00_neuralgcm.nc".replace(
            "atmosphere", "data/atmosphere"))) as stored:  # fmt: skip
        era5 = stored.isel(longitude=slice(0, 64, 16), latitude=slice(0, 32, 6)).load()
    era5["level"] = era5.level.assign_attrs(units="hPa")
    era5["sp"] = (("longitude", "latitude"), np.full((4, 6), 98000.0), {"units": "Pa"})
    found = af.columns_from(era5, **GIVEN)
    assert len(found) == 24
    latitude = era5.latitude.values
    water = np.array(
        [precipitable_water(c.atmosphere.pressure_levels, h2o=c.atmosphere.mole_fractions["h2o"])
         for c in found]
    ).reshape(4, 6)  # fmt: skip
    assert water[:, np.abs(latitude) < 20].mean() > 20.0
    assert water[:, latitude > 60].max() < 10.0
    height = found[0].atmosphere.altitude_levels
    assert 30e3 < height[2] < height[1] < 60e3


# ---- gases, aerosol, surface, clouds ------------------------------------------------------------


def test_other_gases_where_the_model_has_them():
    gases = {
        "co2": (
            (),
            420.0,
            {"standard_name": "mole_fraction_of_carbon_dioxide_in_air", "units": "ppm"},
        ),
        "ch4": (("lat", "lev"), np.full((2, 36), 1.9e-6), {"units": "mol mol-1"}),
    }
    air = af.columns_from(model().assign(gases), **GIVEN)[0].atmosphere
    moist = 1.0 + air.mole_fractions["h2o"]
    assert air.mole_fractions["co2"] == pytest.approx(np.full(37, 420e-6))
    assert air.mole_fractions["ch4"] == pytest.approx(1.9e-6 * moist)


def test_aerosol_of_gocart():
    """Optical depth of each component: its mass times the extinction at the air's humidity."""
    ratio = np.zeros((2, 36))
    ratio[:, -5:] = 2e-9
    attrs = {"units": "kg kg-1", "standard_name": "Dust_Mixing_Ratio_(bin_003)"}
    found = af.columns_from(
        model().assign(
            DU003=(("lat", "lev"), ratio, attrs), BCPHOBIC=(("lat", "lev"), ratio, attrs)
        ),
        surface_albedo=0.1,
    )
    members = {member.species: member for member in found[0].aerosols}
    assert set(members) == {"dust_3", "black_carbon_dry"}
    mass = ratio[0] * np.diff(COLUMNS[0].pressure_levels) / 9.80665
    assert members["dust_3"].mass[1:] == pytest.approx(mass)
    fluxes = af.column_fluxes(found[0], cos_zenith=0.6, photons=2**10)
    assert float(fluxes.forcing_surface) < 0.0
    assert mass_extinction("dust_3") * mass.sum() < 0.1


def test_aerosol_and_albedo_of_the_dataset():
    fields = {"aod": [0.1, 0.3], "ssa": [0.9, 0.8], "asymmetry": [0.6, 0.7], "angstrom": [1.0, 1.5],
              "coalbedo_angstrom": [0.1, 0.2], "surface_albedo": [0.07, 0.6]}  # fmt: skip
    dataset = model().assign({k: ("lat", v, {"units": "1"}) for k, v in fields.items()})
    found = af.columns_from(dataset, profile=af.UniformProfile(1500.0))
    for i, column in enumerate(found):
        (aerosol,) = column.aerosols
        for name in ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom"):
            assert getattr(aerosol, name) == fields[name][i]
        assert column.surface_albedo == fields["surface_albedo"][i]
        assert aerosol.profile == af.UniformProfile(1500.0)


IN_AIR, IN_DRY_AIR = (f"mole_fraction_of_carbon_dioxide_in_{a}" for a in ("air", "dry_air"))
OF_MASS = "mass_fraction_of_carbon_dioxide_in_air"


@pytest.mark.parametrize(
    ("name", "units", "standard_name"),
    [("co2", "kg kg-1", None), ("co2", "ppm", None), ("x", "mol mol-1", IN_AIR),
     ("co2", "1e-6", IN_DRY_AIR), ("co2", "1", OF_MASS)],
)  # fmt: skip
def test_carbon_dioxide_is_taken_as_units_and_standard_name_say(name, units, standard_name):
    dry = np.full((2, 36), 400e-6)
    h2o = stack(lambda c: c.mole_fractions["h2o"])
    is_mass = units == "kg kg-1" or standard_name == OF_MASS
    values = specific(dry, 44.009) if is_mass else dry / (1.0 + h2o)
    values = dry if standard_name == IN_DRY_AIR else values
    factor = {"ppm": 1e6, "1e-6": 1e6}.get(units, 1.0)
    attrs = {"units": units} | ({"standard_name": standard_name} if standard_name else {})
    given = model().assign({name: (("lat", "lev"), factor * values, attrs)})
    for column in af.columns_from(given, **GIVEN):
        assert column.atmosphere.mole_fractions["co2"] == pytest.approx(400e-6, rel=1e-4)


def test_ozone_by_its_old_name_may_be_a_mole_fraction():
    moist = stack(lambda c: c.mole_fractions["o3"] / (1.0 + c.mole_fractions["h2o"]))
    given = model().assign(o3=(("lat", "lev"), moist, {"units": "mol mol-1"}))
    assert_same_air(af.columns_from(given, **GIVEN))


def test_no_aerosol_on_demand():
    assert af.columns_from(model(), aerosol=(), surface_albedo=0.1)[0].aerosols == ()


def with_clouds():
    shape = (2, 36)
    fraction, liquid, ice = np.zeros((3, *shape))
    fraction[:, [20, 32]] = 0.5, 0.3
    ice[:, 20], liquid[:, 32] = 2e-5, 1e-4
    dims = ("lat", "lev")
    return model().assign(
        cc=(dims, fraction, {"units": "(0 - 1)"}),
        clwc=(dims, liquid, {"units": "kg kg**-1"}),
        ciwc=(dims, ice, {"units": "kg kg**-1"}),
    )


def test_clouds_hold_the_water_of_their_layers():
    column = af.columns_from(with_clouds(), **GIVEN, overlap="maximum_random")[0]
    clouds = column.clouds
    assert clouds.fraction[[21, 33]] == pytest.approx([0.5, 0.3])
    air = np.diff(COLUMNS[0].pressure_levels) / 9.80665
    path = 1e-4 * air[32] / 0.3
    expected = af.optics.cloud_optical_depth(path, phase="liquid")
    assert clouds.liquid[33] == pytest.approx(expected)
    # Droplets extinguish 3 / (2 density radius) per mass, and a little more for diffraction.
    assert expected == pytest.approx(1.5 * path / (1000.0 * 10.5e-6), rel=0.1)
    assert column.overlap == "maximum_random"


def test_effective_radii_of_the_dataset_are_used_where_there_is_water():
    radius = np.full((2, 36), np.nan)
    radius[:, 32] = 6e-6
    given = with_clouds().assign(re_liquid=(("lat", "lev"), radius, {"units": "m"}))
    clouds = af.columns_from(given, **GIVEN, overlap="exponential")[0].clouds
    default = af.columns_from(with_clouds(), **GIVEN, overlap="exponential")[0].clouds
    assert clouds.liquid_radius[33] == pytest.approx(6.0)
    assert clouds.liquid[33] == pytest.approx(default.liquid[33] * 10.5 / 6.0, rel=0.1)
    assert np.array_equal(clouds.ice, default.ice)
    for wrong in (np.nan, 60.0):
        given.re_liquid[:, 32] = wrong
        with pytest.raises(InputError, match="Effective radius"):
            af.columns_from(given, **GIVEN, overlap="exponential")


def test_the_datasets_own_variability_within_clouds_is_used_unless_another_is_given():
    plain, varied = with_clouds(), with_clouds()
    varied["fractional_std"] = xr.full_like(varied["t"], 0.7).assign_attrs(units="1")
    asked = {**GIVEN, "overlap": "maximum_random"}
    for dataset, given, expected in (
        (plain, None, 0.0), (varied, None, 0.7), (varied, 0.0, 0.0), (plain, 1.0, 1.0),
    ):  # fmt: skip
        column = af.columns_from(dataset, **asked, fractional_std=given)[0]
        assert np.unique(column.clouds.fractional_std) == pytest.approx([expected])


def test_clouds_are_left_out_unless_asked_for():
    assert af.columns_from(with_clouds(), **GIVEN)[0].clouds == ()


# ---- what cannot be used ------------------------------------------------------------------------


def without_unit(name):
    dataset = model()
    dataset[name].attrs["units"] = "furlong"
    return dataset


def with_values(name, value, places=(0, 3)):
    dataset = model()
    dataset[name][places] = value
    return dataset


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (lambda: model().drop_vars("t"), r"no temperature.*air_temperature.*There are q"),
        (lambda: model().drop_vars(["sp", "phalf"]), "no surface pressure"),
        (lambda: model().rename(lev="floor"), "vertical"),
        (lambda: model().drop_vars("phalf"), "pressures of the levels are not known"),
        (lambda: without_unit("q"), "units 'furlong'"),
        (lambda: with_values("t", np.nan), r"temperature is missing in 1 of 72.*lat=10, level 3"),
        (lambda: with_values("sp", np.nan, 1), "surface pressure is missing in 1 of 2.*lat=65"),
        (lambda: with_values("t", 20.0), r"lat=10: Atmosphere: temperature_layers.*20"),
        (lambda: with_values("q", 8.0), r"lat=10: humidity is 8 in 1 of 37"),
        (lambda: with_values("q", -0.01), "humidity is -0.01"),
        (lambda: with_values("phalf", 5e4), "do not rise or fall"),
        (lambda: model().assign(sp=0.9 * model().sp.assign_attrs(units="Pa")), "units ''|lowest"),
        (lambda: model().assign(temperature=model().t), "both are temperature"),
        (lambda: model().isel(lev=slice(20, None), ilev=slice(20, None)), "too much of the ozone"),
        (lambda: model().isel(ilev=slice(2, None)), "37 interfaces|no dimension"),
        (lambda: hybrid(model(), ("hyai", "hybi"), 1e5).drop_vars("P0"), "no P0"),
    ],
)
def test_unusable_datasets(dataset, message):
    with pytest.raises(InputError, match=message):
        af.columns_from(dataset(), **GIVEN)


def test_missing_parts_of_the_columns():
    with pytest.raises(InputError, match=r"has no aerosol.*DU001.*aerosol=\(\)"):
        af.columns_from(model(), surface_albedo=0.1)
    with pytest.raises(InputError, match="give surface_albedo="):
        af.columns_from(model(), aerosol=SMOKE)
    with pytest.raises(InputError, match="has no clouds"):
        af.columns_from(model(), **GIVEN, overlap="random")
