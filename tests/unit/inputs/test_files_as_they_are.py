"""Files of the field are read rightly or refused for their own reason, never wrongly in silence."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.core.canonical import canonicalise
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import open_lazily
from aeroforcing.core.units import factor_between
from aeroforcing.core.variables import VARIABLES
from aeroforcing.inputs.known import known_part
from aeroforcing.inputs.resolve import provenance, resolve_inputs
from aeroforcing.inputs.user import read_field, read_user_inputs

LAT, LON = np.arange(-75.0, 76.0, 30.0), np.arange(0.0, 360.0, 60.0)
BY_MONTH = 0.01 * np.arange(1, 13)
STANDARD_NAME = VARIABLES["aod"].standard_name
EDGES = np.array([f"2001-{m:02d}-01" for m in range(1, 13)] + ["2002-01-01"], "M8[ns]")


def field(name="od550aer", *, scale=1.0, lat="lat", lon="lon", time="time", axis=None, **attrs):
    values = scale * BY_MONTH[:, None, None] + np.zeros((12, LAT.size, LON.size))
    rows, columns = {"units": "degrees_north"}, {"units": "degrees_east"}
    dates = (time, np.array([f"2001-{m:02d}-16" for m in range(1, 13)], "M8[ns]"))
    coords = {
        lat: (lat, LAT, rows),
        lon: (lon, LON, columns),
        time: dates if axis is None else axis,
    }
    return xr.Dataset({name: ((time, lat, lon), values, {"units": "1"} | attrs)}, coords)


def by_month(dataset, quantity="aod"):
    found = read_user_inputs(dataset, months=range(1, 13)).dataset[quantity]
    return found.mean(("lat", "lon")).values


def stored(dataset, tmp_path):
    dataset.to_netcdf(tmp_path / "in.nc")
    return tmp_path / "in.nc"


class TestMonths:
    @pytest.mark.parametrize("named", [True, False])
    @pytest.mark.parametrize("bounds", ["time_bnds", "time_bounds", "time_bound", "Time_edges"])
    def test_they_come_from_bounds(self, bounds, named):
        data = field(axis=("time", EDGES[1:]))
        data[bounds] = ("time", "nv"), np.stack([EDGES[:-1], EDGES[1:]], axis=1)
        if named or bounds == "Time_edges":
            data["time"].attrs["bounds"] = bounds
        np.testing.assert_allclose(by_month(data), BY_MONTH)
        aod = resolve_inputs(data, grid=None, months=[3])["aod"]
        np.testing.assert_allclose(aod, 0.03)

    def test_an_interval_that_is_no_month_is_refused(self):
        data = field(axis=("time", EDGES[1:]))
        year = np.stack([EDGES[:-1], EDGES[:-1] + np.timedelta64(365, "D")], axis=1)
        data["time_bnds"] = ("time", "nv"), year
        with pytest.raises(InputError, match="365 days, which is no month"):
            by_month(data)

    @pytest.mark.parametrize(
        ("units", "calendar", "numbers"),
        [
            ("months since 2001-01-01", "standard", np.arange(12.0)),
            ("months since 1999-12-15", "360_day", 13.0 + np.arange(12.0)),
            ("day as %Y%m%d.%f", "proleptic_gregorian", 20010116.5 + 100 * np.arange(12)),
            ("days since 0000-01-01", "standard", 15 + 30.4 * np.arange(12)),
            ("days since 0001-01-01", "Gregorian", 15 + 30.4 * np.arange(12)),
            ("days since 2001-01-01", "365-day", 15 + 30.4 * np.arange(12)),
            ("days since 2001-01-01", "NO_LEAP", 15 + 30.4 * np.arange(12)),
            ("hours since 2001-1-1", "360 day", 24 * (15 + 30.0 * np.arange(12))),
        ],
    )
    def test_dates_in_all_their_forms(self, units, calendar, numbers, tmp_path):
        own = {"units": units, "calendar": calendar}
        data = field(axis=("time", numbers, own))
        np.testing.assert_allclose(by_month(stored(data, tmp_path)), BY_MONTH)
        np.testing.assert_allclose(by_month(data), BY_MONTH)

    @pytest.mark.parametrize("name", ["Time", "date", "valid_time", "T", "forecast_reference_time"])
    def test_the_axis_by_any_name(self, name, tmp_path):
        np.testing.assert_allclose(by_month(stored(field(time=name), tmp_path)), BY_MONTH)

    @pytest.mark.parametrize(
        ("values", "units"),
        [(200101 + np.arange(12), ""), (20010116 + 100 * np.arange(12), "YYYYMMDD"),
         (20010116.0 + 100 * np.arange(12), "%Y%m%d"),
         ([f"2001-{m:02d}" for m in range(1, 13)], ""),
         ([f"2001-{m:02d}-16T12:00:00Z" for m in range(1, 13)], "")],
    )  # fmt: skip
    def test_dates_that_are_written_out(self, values, units, tmp_path):
        data = field(axis=("time", np.array(values), {"units": units} if units else {}))
        np.testing.assert_allclose(by_month(data), BY_MONTH)
        np.testing.assert_allclose(by_month(stored(data, tmp_path)), BY_MONTH)

    @pytest.mark.parametrize(
        ("values", "units"),
        [(200101 + np.arange(12), "days"), (20010130 + 100 * np.arange(12), ""),
         (2001.04 + np.arange(12) / 12, ""), (200102 + np.arange(12), "")],
    )  # fmt: skip
    def test_other_numbers_are_no_dates(self, values, units):
        data = field(axis=("time", np.array(values), {"units": units} if units else {}))
        with pytest.raises(InputError, match="not the months of one year"):
            by_month(data)

    @pytest.mark.parametrize(
        "months",
        [
            np.arange(12),
            np.arange(1, 13),
            [f"{m:%B}" for m in EDGES[:-1].astype("M8[s]").astype(object)],
        ],
    )
    def test_numbers_and_names(self, months):
        data = field(time="month", axis=("month", np.array(months)))
        np.testing.assert_allclose(by_month(data), BY_MONTH)

    def test_one_date_is_its_month_alone(self, tmp_path):
        path = stored(field().isel(time=0), tmp_path)
        np.testing.assert_allclose(resolve_inputs(path, grid=None, months=[1])["aod"], 0.01)
        with pytest.raises(InputError, match="holds the months 1, not 7"):
            resolve_inputs(path, grid=None, months=[7])

    def test_several_years_name_the_command(self):
        later = field().assign_coords(time=field()["time"] + np.timedelta64(365, "D"))
        with pytest.raises(InputError, match="aeroforcing prepare fields FILE -o"):
            by_month(xr.concat([field(), later], "time"))

    def test_versions_of_era5_are_one(self):
        data = field("fal").expand_dims(expver=[1, 5]).copy(deep=True)
        data["fal"][0, 10:] = np.nan
        data["fal"][1, :10] = np.nan
        np.testing.assert_allclose(by_month(data, "surface_albedo"), BY_MONTH)


class TestWavelengths:
    @pytest.mark.parametrize(
        ("name", "attrs"),
        [
            ("od440aer", {}), ("AOD_440", {}), ("aod", {"long_name": "AOD at 440 nm"}),
            ("aod", {"wavelength": "440 nm"}), ("aod", {"comment": "wavelength: 440nm"}),
            ("var1", {"standard_name": STANDARD_NAME, "radiation_wavelength": 440.0}),
        ],
    )  # fmt: skip
    def test_another_one_is_refused_or_brought_to_550(self, name, attrs):
        data = field(name, **attrs)
        with pytest.raises(InputError, match="440 nm"):
            by_month(data)
        data["ang4487aer"] = data[name].copy(data=np.full(data[name].shape, 1.5))
        data["ang4487aer"].attrs = {"units": "1"}
        np.testing.assert_allclose(by_month(data), BY_MONTH * (550 / 440) ** -1.5)
        told = "\n".join(provenance(resolve_inputs(data, grid=None)))
        assert f"{name} at 440 nm, by the Angstrom exponent ang4487aer" in told

    @pytest.mark.parametrize("axis", ["wavelength", "wl", "wvl", "lambda", "band"])
    @pytest.mark.parametrize("unit", ["nm", "um", "m"])
    def test_a_scalar_coordinate(self, axis, unit):
        value = 440.0 * factor_between("nm", unit)
        data = field("aod").assign_coords({axis: ((), value, {"units": unit})})
        with pytest.raises(InputError, match="440 nm"):
            by_month(data)

    def test_several(self):
        axis = xr.DataArray([870.0, 440.0], dims="band", name="band", attrs={"units": "nm"})
        two = xr.concat([field("aod").aod * r for r in (870**-1.3, 440**-1.3)], axis).to_dataset()
        np.testing.assert_allclose(by_month(two), BY_MONTH * 550**-1.3)
        three = xr.concat([two, field("aod").assign_coords(band=550.0)], "band")
        np.testing.assert_allclose(by_month(three), BY_MONTH)

    def test_contradictions_are_refused(self):
        with pytest.raises(
            InputError, match="at 550 nm by its name, and at 440 nm by its attribute"
        ):
            by_month(field("od550aer", long_name="optical depth at 440 nm"))

    @pytest.mark.parametrize(
        "part",
        ["od550gt1aer", "od550lt1aer", "od550so", "od550csaer", "od550dryaer", "AOD_fine_mode",
         "coarse_aod550", "AODVISst", "od550aerStderr", "aod_std", "od550aerh2o"],
    )  # fmt: skip
    def test_parts_are_never_the_total(self, part):
        data = field("surface_albedo")
        data[part] = data["surface_albedo"] * 1.0
        data[part].attrs = {"units": "1", "standard_name": STANDARD_NAME}
        found = resolve_inputs(data, grid=None, months=[1])
        assert "built-in" in found["aod"].attrs["origin"]
        assert part in "\n".join(provenance(found))


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("AODVIS", "aod"), ("AOD550_mean", "aod"), ("fal", "surface_albedo"),
        ("Aerosol_Optical_Thickness_550_Land_Ocean_Mean", "aod"),
        ("MOD08_M3_6_1_AOD_550_Dark_Target_Deep_Blue_Combined_Mean_Mean", "aod"),
        ("M2TMNXAER_5_12_4_TOTEXTTAU", "aod"), ("cldarea_total_daynight_mon", "cloud_fraction"),
        ("CLDTOT", "cloud_fraction"), ("tcwv", "precipitable_water"), ("niaod550", "aod_nitrate"),
        ("amaod550", "aod_ammonium"), ("soaod550", "aod_secondary_organic"),
        ("ANG550_870_mean", "angstrom"),
        ("cldtau_total_day_mon", "cloud_optical_depth"), ("SSA_at_550nm", "ssa"),
        ("aerosol_optical_depth_at_550_nm", "aod"), ("AOD-550nm", "aod"),
    ],
)  # fmt: skip
def test_names_of_products(name, canonical):
    assert list(canonicalise(xr.Dataset({name: ("x", [0.5])}), source="test")) == [canonical]


def test_the_best_of_the_variables_of_one_product_is_taken():
    names = ["Deep_Blue_Aerosol_Optical_Depth_550_Land_Mean_Mean",
             "AOD_550_Dark_Target_Deep_Blue_Combined_Mean_Mean"]  # fmt: skip
    data = field(names[0], scale=2.0)
    data[names[1]] = field("x").x
    found = resolve_inputs(data, grid=None)
    np.testing.assert_allclose(found["aod"].mean(("lat", "lon")), BY_MONTH)
    assert f"not used: {names[0]}" in "\n".join(provenance(found))


def test_scattering_tells_the_single_scattering_albedo():
    data = field("TOTEXTTAU")
    data["TOTSCATAU"] = 0.9 * data["TOTEXTTAU"]
    np.testing.assert_allclose(by_month(data, "ssa"), 0.9)


def test_nitrate_and_ammonium_scatter_as_sulfate():
    names = ("omaod550", "bcaod550", "duaod550", "suaod550", "ssaod550")
    data = xr.merge([field(name) for name in names])
    more = data.assign(niaod550=0.5 * data.suaod550, amaod550=0.25 * data.suaod550)
    mixed = resolve_inputs(more, grid=None, months=[1])
    same = resolve_inputs(data.assign(suaod550=1.75 * data.suaod550), grid=None, months=[1])
    for name in ("aod", "ssa", "asymmetry", "angstrom"):
        np.testing.assert_allclose(mixed[name], same[name], rtol=1e-12)
    assert "nitrate as sulfate, ammonium as sulfate" in mixed["aod"].attrs["origin"]


@pytest.mark.parametrize(
    ("lat", "lon"),
    [({"units": "degrees_north"}, {"units": "degrees_east"}),
     ({"units": "degreeN"}, {"units": "degreeE"}),
     ({"standard_name": "latitude"}, {"standard_name": "longitude"}),
     ({"axis": "Y", "units": "degrees"}, {"axis": "X", "units": "degrees"})],
)  # fmt: skip
def test_axes_by_their_attributes(lat, lon):
    data = field(lat="rows", lon="columns")
    data["rows"].attrs, data["columns"].attrs = lat, lon
    np.testing.assert_allclose(by_month(data), BY_MONTH)


def test_curvilinear_grids_are_named_so():
    data = field(lat="j", lon="i").drop_vars(["i", "j"])
    data = data.assign_coords(lat=(("j", "i"), np.zeros((6, 6)), {"units": "degrees_north"}))
    with pytest.raises(InputError, match="curvilinear"):
        by_month(data)


def test_latitudes_in_radians_are_converted():
    data = field()
    radians = np.radians(data["lat"]).assign_attrs(units="radian")
    found = read_field(data.assign_coords(lat=radians), quantity="aod")
    np.testing.assert_allclose(found["lat"], LAT)


@pytest.mark.parametrize(
    "units",
    ["1", "~", "-", "none", "dimless", "no_unit", "unknown", "Numeric", "1.0", "unit", "NA",
     "(0 - 1)", "", "kg kg-1", "m m^-1"],
)  # fmt: skip
def test_signs_of_a_pure_number(units):
    assert factor_between(units, "1") == 1.0


@pytest.mark.parametrize("units", ["m", "nan", "inf", "0", "-1", "kg m-2", "1 nm", "??"])
def test_other_units_are_no_pure_number(units):
    assert factor_between(units, "1") is None


def test_values_just_outside_are_set_to_the_edge_and_told():
    data = field("tcc", scale=0.0) + np.float32(1.0000001)
    data["tcc"].attrs["units"] = "(0 - 1)"
    found = resolve_inputs(data, grid=None, months=[1])
    assert float(found["cloud_fraction"].sum("cloud_type").max()) == pytest.approx(1.0, abs=1e-12)
    assert "by rounding, set to its edge" in "\n".join(provenance(found))
    with pytest.raises(InputError, match="out of range"):
        resolve_inputs(data + 1e-3, grid=None, months=[1])


@pytest.mark.parametrize("factor", ["Scale_Factor", "slope", "SCALE"])
def test_a_factor_that_netcdf_does_not_know_is_refused(factor, tmp_path):
    data = field().astype("i2")
    data["od550aer"].attrs = {"units": "1", factor: 0.001}
    with pytest.raises(InputError, match=f"attribute {factor}, which netCDF does not apply"):
        by_month(stored(data, tmp_path))


def test_a_mean_aod_in_percent_is_refused():
    with pytest.raises(InputError, match="percent"):
        by_month(field(scale=0.0) + 7.0)


MUTATIONS = {
    "units": ["%", "~", "", "m", "nm", "1e-2", "kg m-2", "unknown", "percent", "0.5"],
    "long_name": ["AOD at 440 nm", "fine mode AOD", "coarse aerosol", "AOD at 0.55 um",
                  "AOD [870nm]", "standard deviation of AOD", "text"],
    "standard_name": [STANDARD_NAME, "surface_albedo", "nonsense", 5,
                      "atmosphere_optical_thickness_due_to_ambient_aerosol"],
    "cell_methods": ["time: mean", "time: maximum", "area: time: mean", "time: standard_deviation"],
    "wavelength": ["440 nm", 550.0, 0.44, "none", 870],
    "comment": ["wavelength: 870 nm", "wavelength: 550nm", "from 440 nm"],
}  # fmt: skip
NAMES_OF_AOD = [
    "od550aer",
    "AOD_550",
    "aod",
    "od440aer",
    "aod870",
    "od550lt1aer",
    "TOTEXTTAU",
    "AODVIS",
]
ORDERS = [("time", "lat", "lon"), ("lon", "lat", "time"), ("lat", "time", "lon")]
FACTORS = {"%": 0.01, "percent": 0.01, "1e-2": 0.01, "0.5": 0.5}


PACKINGS = {
    "none": {},
    "int16": {"dtype": "int16", "scale_factor": 1e-4, "_FillValue": -32767},
    "uint8": {"dtype": "uint8", "scale_factor": 0.001, "add_offset": 0.0, "_FillValue": 255},
    "offset": {"dtype": "int16", "scale_factor": 1e-5, "add_offset": 0.06, "_FillValue": -32767},
    "float32": {"dtype": "float32", "_FillValue": 1e20},
}
CALENDARS = {
    "standard": ("days since 2001-01-01", 15 + 30.4 * np.arange(12)),
    "noleap": ("hours since 0001-01-01", 24 * (15 + 30.4 * np.arange(12))),
    "365_day": ("days since 1850-12-31", 16 + 30.4 * np.arange(12)),
    "360_day": ("days since 1900-01-01", 15 + 30.0 * np.arange(12)),
    "proleptic_gregorian": ("day as %Y%m%d.%f", 20010116.5 + 100 * np.arange(12)),
    "months": ("months since 1960-01-15", np.arange(12.0)),
}


def says_another(name, attrs):
    """Whether a name or an attribute says that a variable is no total AOD at 550 nm."""
    words = {
        "long_name": ("440", "870", "fine", "coarse", "deviation"),
        "wavelength": ("440", "0.44", "870"),
        "comment": ("870",),
        "cell_methods": ("maximum", "deviation"),
    }
    return name in ("od440aer", "aod870", "od550lt1aer") or any(
        word in str(attrs.get(key, "")) for key, parts in words.items() for word in parts
    )


@settings(max_examples=500, deadline=None)
@given(
    name=st.sampled_from(NAMES_OF_AOD),
    attrs=st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in MUTATIONS.items()}),
    order=st.sampled_from(ORDERS),
    upside_down=st.booleans(),
    standard_name=st.booleans(),
    packing=st.sampled_from(sorted(PACKINGS)),
    calendar=st.sampled_from(sorted(CALENDARS)),
    rolled=st.integers(0, 5),
)
def test_mutations_never_change_a_value_silently(
    name, attrs, order, upside_down, standard_name, packing, calendar, rolled
):
    """The AOD is what the file says, or the file is refused, or it is told that it is not used."""
    units, numbers = CALENDARS[calendar]
    own = {"units": units, "calendar": calendar if calendar != "months" else "standard"}
    said = ({"standard_name": STANDARD_NAME} if standard_name else {}) | attrs
    data = field(name, axis=("time", numbers, own), **said).transpose(*order)
    data = data.assign_coords(lon=("lon", (LON + 60.0 * rolled) % 360.0, data["lon"].attrs))
    data["surface_albedo"] = 10.0 * data[name]
    data["surface_albedo"].attrs = {"units": "1"}
    if upside_down:
        data = data.isel(lat=slice(None, None, -1))
    data[name].encoding = PACKINGS[packing]
    packed = data.map(lambda a: xr.DataArray(xr.conventions.encode_cf_variable(a.variable)))
    read = xr.decode_cf(data.assign(packed.data_vars), decode_times=False)
    try:
        user = read_user_inputs(read)
    except InputError:
        return
    if "aod" not in user.dataset:
        assert name in user.dataset.attrs["not_used"]
        return
    assert not says_another(name, attrs)
    factor = FACTORS.get(attrs.get("units", "1"), 1.0)
    found = user.dataset["aod"].mean(("lat", "lon"))
    np.testing.assert_allclose(
        found, factor * BY_MONTH, rtol=1e-6 if packing == "float32" else 1e-12
    )
    assert found["month"].values.tolist() == list(range(1, 13))


def test_nothing_is_read_to_recognise_names(tmp_path):
    path = stored(field("od440aer").assign(ae=field("x").x), tmp_path)
    with open_lazily(path) as opened:
        part = known_part(opened, source="in.nc")
        assert not part["od440aer"].variable._in_memory
