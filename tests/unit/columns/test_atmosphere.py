"""The Atmosphere class and the six AFGL atmospheres."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr

from aeroforcing.columns.atmosphere import (
    STANDARD_ATMOSPHERES,
    STANDARD_LEVELS,
    WELL_MIXED,
    Atmosphere,
    afgl_profiles,
    precipitable_water,
    standard_atmosphere,
)
from aeroforcing.core.constants import AVOGADRO, GAS_CONSTANT, MOLAR_MASS_WATER
from aeroforcing.core.errors import InputError
from aeroforcing.optics.gas_table import GASES


def arguments(**changes):
    """A valid atmosphere of three layers, with changes."""
    return {
        "pressure_levels": np.array([1e3, 3e4, 7e4, 1e5]),
        "temperature_layers": np.array([220.0, 250.0, 280.0]),
        "mole_fractions": {"h2o": np.array([5e-6, 1e-3, 1e-2]), "o3": 1e-6},
        "altitude_levels": np.array([30e3, 9e3, 3e3, 0.0]),
    } | changes


def changed(name, place, value):
    array = arguments()[name].copy()
    array[place] = value
    return {name: array}


def test_numbers_become_arrays_and_missing_gases_their_defaults():
    atmosphere = Atmosphere(**arguments())
    assert set(atmosphere.mole_fractions) == set(GASES)
    np.testing.assert_array_equal(atmosphere.mole_fractions["o3"], [1e-6] * 3)
    np.testing.assert_array_equal(atmosphere.mole_fractions["co2"], [WELL_MIXED["co2"]] * 3)


def test_given_gases_replace_the_defaults():
    given = {"h2o": 0.0, "o3": 0.0, "co2": [1e-4, 2e-4, 3e-4]}
    atmosphere = Atmosphere(**arguments(mole_fractions=given))
    array = atmosphere.mole_fraction_array()
    assert array.shape == (len(GASES), 3)
    np.testing.assert_array_equal(array[GASES.index("co2")], given["co2"])
    np.testing.assert_array_equal(array[GASES.index("ch4")], WELL_MIXED["ch4"])


def test_plain_lists_are_accepted_and_the_callers_arrays_left_alone():
    values = arguments()
    atmosphere = Atmosphere(**values | {"temperature_layers": [220, 250, 280]})
    assert atmosphere.temperature_layers.dtype == float
    values["pressure_levels"][0] = 2e3
    assert atmosphere.pressure_levels[0] == 1e3


def test_it_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Atmosphere(**arguments()).temperature_layers = np.zeros(3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pressure_levels": [1e5, 7e4, 3e4, 1e3]}, "pressure_levels runs from the surface up"),
        ({"altitude_levels": [0.0, 3e3, 9e3, 30e3]}, "altitude_levels runs from the surface up"),
        (changed("pressure_levels", 2, 3e4), r"pressure_levels must increase .* at 1 and 2"),
        ({"pressure_levels": [1e3, 3e4, 1e5]}, "pressure_levels has 3 values"),
        ({"altitude_levels": [9e3, 3e3, 0.0]}, "altitude_levels has 3 values"),
        (changed("temperature_layers", 1, np.nan), r"temperature_layers has 1 of 3 .* at 1"),
        (changed("temperature_layers", 2, 20.0), "temperature_layers has 1 of 3 .* the first 20"),
        ({"temperature_layers": [[220.0, 250.0, 280.0]]}, "temperature_layers has the shape"),
        ({"temperature_layers": ["a", "b", "c"]}, "temperature_layers must hold numbers"),
        (changed("pressure_levels", 0, -1.0), "the top must be above 0"),
        ({"pressure_levels": [0.01, 1.0, 7e4, 1e5]}, "mean pressure of layers has 1 of 3"),
        (
            {
                "pressure_levels": [10.0, 300.0, 700.0, 2e5],
                "mole_fractions": {"h2o": 0, "o3": 1e-7},
            },
            None,
        ),
        ({"mole_fractions": {"h2o": 0, "o3": 5e-3}}, "ozone column is .* Dobson"),
        ({"pressure_levels": [10.0, 300.0, 1.5e5, 2e5]}, "1 of 3 values outside"),
        ({"mole_fractions": {"o3": 1e-6}}, "lacks h2o"),
        ({"mole_fractions": {"co2": 4e-4}}, "lacks h2o and o3"),
        ({"mole_fractions": {"h2o": 0, "o3": 0, "h20": 0}}, "unknown gas 'h20'.*mean 'h2o'"),
        ({"mole_fractions": {"h2o": [0, 0], "o3": 0}}, r"\['h2o'\] has 2 values"),
        ({"mole_fractions": {"h2o": 0, "o3": -1e-6}}, r"\['o3'\] has 3 of 3 values outside"),
        ({"mole_fractions": {"h2o": 0, "o3": 0, "co2": 410.0}}, r"\['co2'\] has 3 of 3 .* 410"),
    ],
)
def test_wrong_input_is_an_error_that_says_what_and_where(change, message):
    if message is None:  # the neighbour of an error that is right
        Atmosphere(**arguments(**change))
        return
    with pytest.raises(InputError, match=message):
        Atmosphere(**arguments(**change))


# ---- the six atmospheres ----


@pytest.mark.parametrize(
    ("name", "millimetres"),
    [
        ("tropical", 41.1),
        ("midlatitude_summer", 29.2),
        ("midlatitude_winter", 8.5),
        ("subarctic_summer", 20.8),
        ("subarctic_winter", 4.2),
        ("us_standard", 14.2),
    ],
)
def test_precipitable_water_is_that_of_the_literature(name, millimetres):
    """As printed for these atmospheres, e.g. by Ellingson et al. (1991) and MODTRAN."""
    atmosphere = standard_atmosphere(name)
    water = precipitable_water(atmosphere.pressure_levels, h2o=atmosphere.mole_fractions["h2o"])
    assert water == pytest.approx(millimetres, rel=0.01)


@pytest.mark.parametrize("name", STANDARD_ATMOSPHERES)
def test_equal_to_the_reference_columns(shared, name):
    with xr.open_dataset(shared("reference/afgl6_columns.nc")) as file:
        column = file.isel(col=file.atmosphere.values.tolist().index(name)).load()
    atmosphere = standard_atmosphere(name)
    np.testing.assert_array_equal(atmosphere.altitude_levels, column.z_lev)
    np.testing.assert_allclose(atmosphere.pressure_levels[1:], column.p_lev[1:], rtol=1e-12)
    np.testing.assert_allclose(atmosphere.temperature_layers, column.t_lay, atol=1e-3)
    for gas in GASES:
        np.testing.assert_allclose(atmosphere.mole_fractions[gas], column[gas], rtol=1e-4)


@pytest.mark.parametrize("name", STANDARD_ATMOSPHERES)
def test_tabulated_values_come_through(name):
    """At levels that are tabulated, pressure is the report's; thin layers hold its values."""
    table = afgl_profiles().sel(atmosphere=name)
    atmosphere = standard_atmosphere(name, levels=[10e3, 5001.0, 5000.0, 4999.0, 0.0])
    for level, altitude in ((0, 10e3), (2, 5e3), (4, 0.0)):
        expected = float(table.pressure.sel(altitude=altitude))
        assert atmosphere.pressure_levels[level] == pytest.approx(expected, rel=1e-12)
    here = table.sel(altitude=5e3)
    assert atmosphere.temperature_layers[1] == pytest.approx(float(here.temperature), abs=0.01)
    moist = atmosphere.mole_fractions["o3"][1] / (1 + atmosphere.mole_fractions["h2o"][1])
    assert moist == pytest.approx(float(here.o3), rel=1e-3)


def test_water_of_the_report_in_molecules():
    """Number density p / kT times mole fraction, summed over the tabulated altitudes."""
    table = afgl_profiles().sel(atmosphere="us_standard").sortby("altitude")
    density = table.pressure / (GAS_CONSTANT * table.temperature) * table.h2o  # mol m-3
    millimetres = float(density.integrate("altitude")) * MOLAR_MASS_WATER
    atmosphere = standard_atmosphere("us_standard")
    water = precipitable_water(atmosphere.pressure_levels, h2o=atmosphere.mole_fractions["h2o"])
    assert millimetres == pytest.approx(water, rel=0.03)  # trapezoids on 1 km are 2 % too large
    assert AVOGADRO * millimetres / MOLAR_MASS_WATER == pytest.approx(4.8e26, rel=0.05)


def test_the_default_levels_are_61_layers_from_80_km():
    assert len(STANDARD_LEVELS) == 62
    assert STANDARD_LEVELS[0] == 80e3 and STANDARD_LEVELS[-1] == 0.0
    assert (np.diff(STANDARD_LEVELS) < 0).all()


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(InputError, match="'tropicl'; did you mean 'tropical'"):
        standard_atmosphere("tropicl")


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([0.0, 1e3, 10e3], "levels runs from the surface up"),
        ([90e3, 0.0], "90000"),
        ([10e3, -5.0], "-5"),
        ([10e3], "1 altitudes"),
    ],
)
def test_wrong_levels(levels, message):
    with pytest.raises(InputError, match=message):
        standard_atmosphere("tropical", levels=levels)


def test_precipitable_water_of_a_simple_column():
    """1 % of water by number in 500 hPa: 0.01 x 18.016 / (28.964 + 0.18016) of 5098.6 kg m-2."""
    water = precipitable_water(np.array([[5e4, 1e5]]), h2o=np.array([[0.01]]))
    assert water.shape == (1,)
    assert water[0] == pytest.approx(5e4 / 9.80665 * 0.18016 / 29.14416, rel=1e-12)
