"""The registry of variables: its own soundness; stamping, checking and renaming."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.core.canonical import canonicalise, check_ranges
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES, lookup, stamp

QUICK = settings(deadline=None, max_examples=40)

INPUTS = {
    "aod": (0, 10),
    "ssa": (0, 1),
    "asymmetry": (-1, 1),
    "angstrom": (-1, 4),
    "coalbedo_angstrom": (-4, 6),
    "surface_albedo": (0, 1),
    "cloud_fraction": (0, 1),
}


@pytest.fixture(scope="module")
def cf_names() -> dict[str, str]:
    """CF standard name -> canonical units, from the table that compliance-checker ships."""
    checker = pytest.importorskip("compliance_checker")
    table = Path(checker.__file__).parent / "data" / "cf-standard-name-table.xml"
    entries = ElementTree.parse(table).getroot().iter("entry")
    return {entry.attrib["id"]: entry.findtext("canonical_units", "") for entry in entries}


NAMED = [v for v in VARIABLES.values() if v.standard_name and v.name != "time"]
DATA = [v for v in VARIABLES.values() if v.units and not (v.axis or v.written_only)]


def test_standard_names_are_in_the_cf_table_with_compatible_units(cf_names):
    cf_units = pytest.importorskip("cf_units")
    assert {v.standard_name for v in NAMED} <= cf_names.keys()
    for variable in NAMED:
        canonical = cf_units.Unit(cf_names[variable.standard_name])
        assert cf_units.Unit(variable.units).is_convertible(canonical), variable.name


def test_entries_are_complete():
    for variable in VARIABLES.values():
        assert variable.long_name, variable.name
        assert variable.valid_min < variable.valid_max, variable.name
        assert not variable.colormap or variable.colormap in matplotlib.colormaps, variable.name
        assert not variable.bounds or variable.bounds in VARIABLES, variable.name


def test_aliases_belong_to_one_variable():
    owners = defaultdict(set)
    for variable in VARIABLES.values():
        for name in (variable.name, *(alias.lower() for alias in variable.aliases)):
            owners[name].add(variable.name)
    assert [sorted(names) for names in owners.values() if len(names) > 1] == []


def test_every_alias_leads_to_the_name_in_any_case():
    for variable in DATA:
        for alias in (variable.name, *variable.aliases):
            for spelling in {alias, alias.upper(), alias.lower()}:
                dataset = xr.Dataset({spelling: ("x", [0.5])})
                assert list(canonicalise(dataset, source="test")) == [variable.name]


def test_forcing_is_called_a_radiative_effect():
    forcings = [v for v in VARIABLES.values() if v.name.startswith("forcing")]
    assert {"forcing_toa", "forcing_atmosphere", "forcing_surface"} <= {v.name for v in forcings}
    for variable in forcings:
        assert "aerosol direct radiative effect" in variable.long_name
        assert "forcing" not in variable.long_name


@pytest.mark.parametrize("name", ["rsdsaf", "rsusaf", "forcing_surface", "forcing_atmosphere"])
def test_no_standard_name_is_invented(name):
    assert VARIABLES[name].standard_name == ""
    assert lookup(f"{name}_stderr").standard_name == ""


def test_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        VARIABLES["aod"] = VARIABLES["ssa"]


class TestLookup:
    def test_standard_error_is_derived_from_its_parent(self):
        variable = lookup("forcing_toa_stderr")
        assert variable.units == "W m-2"
        assert variable.standard_name == "toa_instantaneous_shortwave_forcing standard_error"
        assert variable.long_name.startswith("standard error of total aerosol")

    def test_unknown_name(self):
        assert lookup("wind") is None
        assert lookup("wind_stderr") is None


class TestStamp:
    def test_attributes_are_exactly_those_of_the_registry(self):
        aod = xr.DataArray([0.1], dims="x", name="aod", attrs={"long_name": "x", "junk": 1})
        assert stamp(aod).attrs == VARIABLES["aod"].attributes
        assert stamp(aod.to_dataset()).aod.attrs == VARIABLES["aod"].attributes

    def test_attributes_that_arithmetic_carried_along_are_replaced(self):
        ssa = stamp(xr.DataArray(0.9, name="ssa"))
        with xr.set_options(keep_attrs=True):
            coalbedo = 1 - ssa
        assert "standard_name" in coalbedo.attrs
        assert "standard_name" not in stamp(coalbedo.rename("coalbedo")).attrs

    def test_coordinates_of_an_array_are_stamped_too(self):
        aod = xr.DataArray([0.1], {"lat": [0.0], "wavelength": 550.0}, ["lat"], name="aod")
        stamped = stamp(aod)
        assert stamped.lat.attrs == VARIABLES["lat"].attributes
        assert stamped.wavelength.attrs == VARIABLES["wavelength"].attributes

    def test_input_is_not_changed(self):
        dataset = xr.Dataset({"aod": ("lat", [0.1], {"a": 1})}, {"lat": ("lat", [0.0], {"b": 2})})
        before = dataset.copy(deep=True)
        stamp(dataset)
        stamp(dataset["aod"])
        xr.testing.assert_identical(dataset, before)

    def test_unknown_names_and_dataset_attributes_are_left_alone(self):
        dataset = xr.Dataset({"wind": ("x", [1.0], {"units": "m s-1"})}, attrs={"title": "t"})
        xr.testing.assert_identical(stamp(dataset), dataset)
        xr.testing.assert_identical(stamp(dataset["wind"]), dataset["wind"])

    def test_standard_error_is_linked_when_present(self):
        dataset = xr.Dataset({"forcing_toa": ("x", [1.0]), "forcing_toa_stderr": ("x", [0.1])})
        linked = stamp(dataset)
        assert linked.forcing_toa.attrs["ancillary_variables"] == "forcing_toa_stderr"
        assert "ancillary_variables" not in linked.forcing_toa_stderr.attrs
        alone = stamp(dataset.drop_vars("forcing_toa_stderr"))
        assert "ancillary_variables" not in alone.forcing_toa.attrs

    def test_axes_are_linked_to_the_bounds_that_are_there(self):
        coords = {"lat": [0.0], "time": [0]}
        bounds = {
            "lat_bnds": (("lat", "bnds"), [[-1.0, 1.0]]),
            "climatology_bnds": (("time", "bnds"), [[0, 1]]),
        }
        stamped = stamp(xr.Dataset(bounds, coords))
        assert stamped.lat.attrs["bounds"] == "lat_bnds"
        assert stamped.time.attrs["climatology"] == "climatology_bnds"
        assert "bounds" not in stamped.time.attrs
        assert "bounds" not in stamp(xr.Dataset(coords=coords)).lat.attrs

    def test_what_a_variable_says_of_its_own_data_is_kept(self):
        own = {"origin": "a satellite", "missing_cells": 3, "filled_cells": 4}
        aod = xr.DataArray([0.1], dims="x", name="aod", attrs={**own, "units": "%", "junk": 1})
        assert stamp(aod).attrs == VARIABLES["aod"].attributes | own

    def test_flags_have_their_values_and_meanings(self):
        attrs = stamp(xr.DataArray(np.int8(1), name="cloud_filled")).attrs
        assert attrs["flag_meanings"] == "observed continued"
        assert attrs["flag_values"].dtype == np.int8
        assert attrs["flag_values"].tolist() == [0, 1]

    def test_array_in_a_dask_graph_stays_there(self):
        dask = pytest.importorskip("dask.array")
        aod = xr.DataArray(dask.zeros(3), dims="x", name="aod")
        assert stamp(aod).chunks == aod.chunks


class TestCheckRanges:
    @pytest.mark.parametrize(("name", "limits"), INPUTS.items())
    def test_limits(self, name, limits):
        inside = np.array([limits[0] + 1e-9, limits[1] - 1e-9, np.nan])
        check_ranges(xr.Dataset({name: ("x", inside)}), source="test")
        for beyond in (limits[0] - 1e-6, limits[1] + 1e-6, np.inf, -np.inf):
            with pytest.raises(InputError, match=name):
                check_ranges(xr.Dataset({name: ("x", [beyond])}), source="test")

    @pytest.mark.parametrize(("name", "limits"), INPUTS.items())
    def test_the_limits_themselves(self, name, limits):
        dataset = xr.Dataset({name: ("x", np.array(limits, dtype=float))})
        if name == "asymmetry":
            with pytest.raises(InputError, match=r"2 of 2 cells.*both excluded"):
                check_ranges(dataset, source="test")
        else:
            check_ranges(dataset, source="test")

    def test_message_says_what_where_and_what_to_do(self):
        aod = np.full((2, 2, 3), 0.1)
        aod[1, 0, 2] = aod[1, 1, 1] = 12.5
        dataset = xr.Dataset(
            {"aod": (("month", "lat", "x"), aod)}, {"month": [1, 7], "lat": [-45.5, 45.5]}
        )
        with pytest.raises(InputError) as error:
            check_ranges(dataset, source="my.nc")
        message = str(error.value)
        assert message.startswith("my.nc: variable aod is out of range in 2 of 12 cells")
        assert "first at month=7, lat=-45.5, x[2] with the value 12.5" in message
        assert "allowed is 0 to 10" in message
        assert "percent" in message and "divide by 100" in message

    @pytest.mark.parametrize(
        ("value", "hint"), [(-999.0, "_FillValue"), (np.inf, "infinity"), (-0.1, "Correct")]
    )
    def test_hint_fits_the_values(self, value, hint):
        with pytest.raises(InputError, match=hint):
            check_ranges(xr.Dataset({"aod": value}), source="test")

    def test_text_is_refused(self):
        with pytest.raises(InputError, match="numbers are expected"):
            check_ranges(xr.Dataset({"aod": ("x", ["0.1"])}), source="test")

    def test_unknown_names_are_not_looked_at(self):
        check_ranges(xr.Dataset({"wind": ("x", [-1e30])}), source="test")

    @QUICK
    @given(st.lists(st.floats(-20, 20) | st.just(float("nan")), min_size=1, max_size=6))
    def test_raises_exactly_when_a_value_is_outside(self, values):
        dataset = xr.Dataset({"aod": ("x", values)})
        if any(v < 0 or v > 10 for v in values):
            with pytest.raises(InputError):
                check_ranges(dataset, source="test")
        else:
            check_ranges(dataset, source="test")


class TestCanonicalise:
    def test_standard_name_wins_over_alias(self):
        attrs = {"standard_name": "asymmetry_factor_of_ambient_aerosol_particles"}
        dataset = xr.Dataset({"alpha": ("x", [0.7], attrs)})
        assert list(canonicalise(dataset, source="test")) == ["asymmetry"]

    def test_canonical_name_wins_over_standard_name(self):
        attrs = {"standard_name": "asymmetry_factor_of_ambient_aerosol_particles"}
        dataset = xr.Dataset({"angstrom": ("x", [0.7], attrs)})
        assert list(canonicalise(dataset, source="test")) == ["angstrom"]

    def test_result_is_stamped_and_the_rest_left_alone(self):
        dataset = xr.Dataset(
            {"TOTEXTTAU": ("x", [0.1], {"long_name": "y"}), "wind": ("x", [1.0], {"units": "kn"})},
            attrs={"title": "t"},
        )
        result = canonicalise(dataset, source="test")
        assert result.aod.attrs == VARIABLES["aod"].attributes
        xr.testing.assert_identical(result["wind"], dataset["wind"])
        assert result.attrs == dataset.attrs

    def test_two_claims_are_an_error(self):
        dataset = xr.Dataset({"od550aer": ("x", [0.1]), "AOT": ("x", [0.2])})
        with pytest.raises(InputError, match=r"f.nc: variables od550aer and AOT both are aod"):
            canonicalise(dataset, source="f.nc")

    def test_standard_name_does_not_make_another_wavelength_550_nm(self):
        attrs = {"standard_name": VARIABLES["aod"].standard_name}
        dataset = xr.Dataset({n: ("x", [0.1], attrs) for n in ("od440aer", "od550aer", "od870aer")})
        assert set(canonicalise(dataset, source="test")) == {"od440aer", "aod", "od870aer"}
        assert "aod" not in canonicalise(dataset[["od440aer"]], source="test")

    @pytest.mark.parametrize(("value", "units"), [(440.0, "nm"), (0.44, "um"), (4.4e-7, "m")])
    def test_wavelength_coordinate_must_be_550_nm(self, value, units):
        wavelength = xr.DataArray(value, attrs={"units": units})
        dataset = xr.Dataset({"aod": ("x", [0.1])}, {"wavelength": wavelength})
        with pytest.raises(InputError, match="440 nm"):
            canonicalise(dataset, source="test")
        canonicalise(dataset.assign_coords(wavelength=wavelength * 550 / 440), source="test")

    @pytest.mark.parametrize("units", ["%", "percent", "Percent"])
    def test_percent_is_converted(self, units):
        dataset = xr.Dataset({"clt": ("x", np.array([0, 50, 100], "f4"), {"units": units})})
        fraction = canonicalise(dataset, source="test").cloud_fraction
        np.testing.assert_array_equal(fraction, [0.0, 0.5, 1.0])
        assert fraction.attrs["units"] == "1"

    @pytest.mark.parametrize("units", ["1", "", "none", "unitless", "Dimensionless"])
    def test_ways_to_say_no_unit(self, units):
        dataset = xr.Dataset({"aod": ("x", [0.5], {"units": units})})
        np.testing.assert_array_equal(canonicalise(dataset, source="test").aod, [0.5])

    @pytest.mark.parametrize(
        ("name", "value", "units", "expected"),
        [
            ("surface_pressure", 1013.25, "hPa", 101325.0),
            ("surface_pressure", 1013.25, "mbar", 101325.0),
            ("surface_altitude", 1.5, "km", 1500.0),
            ("rsut", 100.0, "W/m^2", 100.0),
        ],
    )
    def test_units_are_converted(self, name, value, units, expected):
        dataset = xr.Dataset({name: ("x", [value], {"units": units})})
        result = canonicalise(dataset, source="test")[name]
        np.testing.assert_allclose(result, [expected], rtol=1e-15)
        assert result.attrs["units"] == VARIABLES[name].units

    def test_unknown_unit_is_an_error(self):
        dataset = xr.Dataset({"od550aer": ("x", [0.5], {"units": "kg m-2"})})
        with pytest.raises(
            InputError, match=r"f.nc: variable aod has units 'kg m-2'; expected '1'"
        ):
            canonicalise(dataset, source="f.nc")

    def test_absorption_in_place_of_ssa_and_coalbedo_exponent(self):
        dataset = xr.Dataset(
            {
                "aod": ("x", [0.2, 0.0, np.nan]),
                "abs550aer": ("x", [0.02, 0.0, 0.01]),
                "angstrom": ("x", [1.4, 1.0, 1.0]),
                "AAE": ("x", [1.0, 1.5, 1.0]),
            }
        )
        result = canonicalise(dataset, source="test")
        np.testing.assert_allclose(result.ssa, [0.9, 1.0, np.nan])
        np.testing.assert_allclose(result.coalbedo_angstrom, [-0.4, 0.5, 0.0], atol=1e-15)
        assert result.ssa.attrs == VARIABLES["ssa"].attributes
        assert result.coalbedo_angstrom.attrs == VARIABLES["coalbedo_angstrom"].attributes

    def test_absorption_above_extinction_is_found_by_the_range_check(self):
        dataset = xr.Dataset({"aod": ("x", [0.1]), "aaod": ("x", [0.2])})
        with pytest.raises(InputError, match="ssa"):
            check_ranges(canonicalise(dataset, source="test"), source="test")

    @pytest.mark.parametrize("name", ["bias", "BIAS", "source", "increment"])
    def test_a_name_of_a_result_is_left_alone_in_other_peoples_files(self, name):
        dataset = xr.Dataset({name: ("x", [1.0], {"units": "K"})})
        xr.testing.assert_identical(canonicalise(dataset, source="test"), dataset)

    def test_given_ssa_is_kept(self):
        dataset = xr.Dataset({"aod": 0.2, "aaod": 0.02, "ssa": 0.8})
        assert float(canonicalise(dataset, source="test").ssa) == 0.8

    def test_repeating_it_changes_nothing(self):
        dataset = xr.Dataset({"clt": ("x", [50.0], {"units": "%"}), "AOT": ("x", [0.1])})
        once = canonicalise(dataset, source="test")
        xr.testing.assert_identical(canonicalise(once, source="test"), once)
