"""Built-in inputs and their replacement by the user's own."""

from __future__ import annotations

import os

import cftime
import numpy as np
import pytest
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import global_mean
from aeroforcing.inputs.builtin.aerosol import builtin_species
from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.inputs.by_chunk import open_run_inputs
from aeroforcing.inputs.resolve import provenance, resolve_inputs
from aeroforcing.inputs.user import read_field
from aeroforcing.optics.clouds import CLOUD_TYPES
from aeroforcing.optics.mixtures import OPTICS_IN_WORDS, mixture_by_paper, mixture_properties

COARSE = "30x30"
TYPES = [cloud.name for cloud in CLOUD_TYPES]


@pytest.fixture(scope="module")
def builtin():
    return builtin_inputs(COARSE, months=[1, 7])


def grid(name=COARSE):
    return gaussian_grid(name)


def field(value=0.2, *, name="aod", months=None, on=COARSE, **attrs):
    """A constant field of a user."""
    target = grid(on)
    shape = (target.sizes["lat"], target.sizes["lon"])
    if months is None:
        return xr.DataArray(
            np.full(shape, value),
            {"lat": target.lat, "lon": target.lon},
            ("lat", "lon"),
            name,
            attrs,
        )
    coords = {"month": list(months), "lat": target.lat, "lon": target.lon}
    return xr.DataArray(
        np.full((len(months), *shape), value), coords, ("month", "lat", "lon"), name, attrs
    )


def pattern(name="aod", on=COARSE):
    """A field that differs from cell to cell, within the range of every fraction."""
    base = field(name=name, on=on)
    return base.copy(data=np.random.default_rng(3).uniform(0.1, 0.9, base.shape))


def resolve(dataset, *, on=COARSE, months=(1, 7), **options):
    given = dataset.to_dataset() if isinstance(dataset, xr.DataArray) else dataset
    return resolve_inputs(given, grid=on, months=months, **options)


# ---- built in -----------------------------------------------------------------------------------


def test_built_in_inputs_are_complete(builtin):
    dims = {
        "aod": ("month", "lat", "lon"),
        "ssa": ("month", "lat", "lon"),
        "asymmetry": ("month", "lat", "lon"),
        "angstrom": ("month", "lat", "lon"),
        "coalbedo_angstrom": ("month", "lat", "lon"),
        "aerosol_profile": ("month", "lat", "lon", "sigma_layer"),
        "surface_albedo": ("month", "lat", "lon"),
        "open_water_fraction": ("month", "lat", "lon"),
        "surface_altitude": ("lat", "lon"),
        "cloud_fraction": ("month", "cloud_type", "lat", "lon"),
        "cloud_optical_depth": ("cloud_type",),
        "cloud_base": ("cloud_type", "lat"),
        "cloud_top": ("cloud_type", "lat"),
        "cloud_filled": ("lat",),
    }
    assert {name: array.dims for name, array in builtin.data_vars.items()} == dims
    assert builtin.month.values.tolist() == [1, 7]
    assert all(np.isfinite(array.values).all() for array in builtin.data_vars.values())
    for name in set(dims) - {"cloud_filled"}:
        assert builtin[name].attrs["origin"].startswith("built-in")
        assert builtin[name].attrs["units"]


def test_no_inputs_are_the_built_in_ones(builtin):
    xr.testing.assert_identical(resolve_inputs(None, grid=COARSE, months=[1, 7]), builtin)
    assert resolve_inputs(None, grid=None, months=[1]).sizes["lon"] == 128


def test_unknown_grid_is_an_error():
    with pytest.raises(InputError, match="T43"):
        builtin_inputs("T43")


@pytest.mark.parametrize("months", [[], [0], [13], [1, 1], 13])
def test_months_are_calendar_months(months):
    with pytest.raises(InputError, match="1 to 12"):
        builtin_inputs(COARSE, months=months)


def test_months_may_be_one_and_come_in_any_order():
    assert builtin_inputs(COARSE, months=7).month.values.tolist() == [7]
    assert builtin_inputs(COARSE, months=[7, 1]).month.values.tolist() == [1, 7]


# ---- replacement --------------------------------------------------------------------------------


def test_a_given_variable_replaces_the_built_in_one_and_no_other(builtin):
    result = resolve(pattern())
    assert result.aod.sel(month=7).values == pytest.approx(pattern().values)
    assert result.aod.attrs["origin"] == "the given dataset, variable aod"
    xr.testing.assert_identical(result.drop_vars("aod"), builtin.drop_vars("aod"))


@pytest.mark.parametrize(
    ("name", "attrs"),
    [
        ("aod", {}),
        ("TOTEXTTAU", {}),
        ("od550aer", {"units": "1"}),
        (
            "x",
            {"standard_name": "atmosphere_optical_thickness_due_to_ambient_aerosol_particles"},
        ),
    ],
)
def test_names_that_are_recognised(name, attrs):
    result = resolve(pattern(name).assign_attrs(attrs))
    assert result.aod.values[0] == pytest.approx(pattern().values)
    assert result.aod.attrs["origin"].endswith(f"variable {name}")
    assert result.aod.attrs["units"] == "1"


def test_percent_is_converted():
    result = resolve(field(30.0, name="albedo", units="%"))
    assert result.surface_albedo.values == pytest.approx(0.3)


def test_descending_latitudes_and_western_longitudes_are_put_in_order():
    mine = pattern()
    west = mine.assign_coords(lon=(mine.lon + 180) % 360 - 180).sortby("lon")
    result = resolve(west.isel(lat=slice(None, None, -1)).rename(lat="latitude", lon="longitude"))
    assert result.aod.values[0] == pytest.approx(mine.values)


def test_the_users_grid_is_kept_when_asked_for():
    mine = pattern(on="20x30")
    result = resolve(mine, on=None)
    assert result.lat.equals(mine.lat)
    assert result.aod.values[1] == pytest.approx(mine.values)
    assert result.cloud_fraction.sizes["lat"] == 9


def test_a_region_is_kept_when_asked_for_and_missing_outside_otherwise():
    region = pattern(on="10x10").sel(lat=slice(0, 40), lon=slice(60, 120))
    assert resolve(region, on=None).aod.shape == (2, 4, 6)
    whole = resolve(region)
    assert int(whole.aod.notnull().sum()) == 2 * 4
    assert whole.aod.attrs["missing_cells"] == whole.aod.size - 2 * 4


def test_regridding_keeps_the_global_mean():
    mine = pattern(on="10x10")
    result = resolve(mine)
    assert float(global_mean(result.aod)[0]) == pytest.approx(float(global_mean(mine)), rel=1e-12)


def test_intensive_properties_are_averaged_by_what_they_belong_to():
    """One half of each cell has ten times the AOD of the other."""
    thick = field(0.05, on="30x15")
    thick[:, ::2] = 0.5
    dark = field(0.99, name="ssa", on="30x15")
    dark[:, ::2] = 0.8
    g = field(0.6, name="asymmetry", on="30x15")
    g[:, ::2] = 0.8
    result = resolve(xr.merge([thick, dark, g]))
    scattering = np.array([0.5 * 0.8, 0.05 * 0.99])
    assert result.aod.values == pytest.approx(0.275)
    assert result.ssa.values == pytest.approx(scattering.sum() / 0.55)
    assert result.asymmetry.values == pytest.approx(scattering @ [0.8, 0.6] / scattering.sum())


def test_a_constant_stays_constant_whatever_the_weights():
    given = xr.merge([pattern(on="10x10"), field(0.93, name="ssa", on="10x10")])
    assert resolve(given).ssa.values == pytest.approx(0.93)


def test_a_single_value_counts_everywhere():
    result = resolve(xr.Dataset({"ssa": 0.9}))
    assert np.all(result.ssa.values == 0.9)
    with pytest.raises(InputError, match="no grid"):
        resolve(xr.Dataset({"ssa": 0.9}), on=None)


def test_properties_without_meaning_where_there_is_no_aerosol(builtin):
    aod = pattern()
    aod[2, 3] = 0.0
    ssa = field(0.9, name="ssa")
    ssa[2, 3] = np.nan
    result = resolve(xr.merge([aod, ssa]))
    assert "missing_cells" not in result.ssa.attrs
    assert result.ssa.values[:, 2, 3] == pytest.approx(builtin.ssa.values[:, 2, 3])


# ---- months -------------------------------------------------------------------------------------


def test_months_by_number_in_any_order():
    mine = field(months=[12, 7, 1]) * xr.DataArray([0.12, 0.07, 0.01], dims="month")
    assert resolve(mine.rename("aod")).aod.mean(("lat", "lon")).values == pytest.approx(
        [0.2 * 0.01, 0.2 * 0.07]
    )


@pytest.mark.parametrize("calendar", ["numpy", "noleap"])
def test_months_by_date(calendar):
    dates = [cftime.DatetimeNoLeap(2003, month, 16) for month in range(1, 13)]
    if calendar == "numpy":
        dates = np.array([f"2003-{month:02}-16" for month in range(1, 13)], "datetime64[ns]")
    mine = field(months=range(1, 13)) * xr.DataArray(np.arange(1, 13) / 10, dims="month")
    mine = mine.rename(month="time").assign_coords(time=dates).rename("aod")
    assert resolve(mine).aod.mean(("lat", "lon")).values == pytest.approx([0.02, 0.14])


def test_twelve_steps_without_a_coordinate_are_the_months():
    mine = field(months=range(1, 13)).rename(month="time").drop_vars("time")
    assert resolve(mine).aod.values == pytest.approx(0.2)
    with pytest.raises(InputError, match="11 steps"):
        resolve(mine.isel(time=slice(11)))


def test_a_month_that_is_not_there_is_an_error():
    with pytest.raises(InputError, match="holds the months 1, 2, not 7"):
        resolve(field(months=[1, 2]))


def test_two_years_are_an_error():
    dates = np.arange("2003-01", "2005-01", dtype="datetime64[M]").astype("datetime64[ns]")
    mine = xr.concat([field()] * 24, dim="time").assign_coords(time=dates)
    with pytest.raises(InputError, match="months of one year"):
        resolve(mine)


# ---- missing cells ------------------------------------------------------------------------------


def test_missing_cells_stay_missing_and_are_counted():
    mine = pattern()
    mine[1, 2:5] = np.nan
    result = resolve(mine)
    assert np.isnan(result.aod.values[:, 1, 2:5]).all()
    assert result.aod.attrs["missing_cells"] == int(result.aod.isnull().sum()) == 6
    assert any("6 of 144 cells missing" in line for line in provenance(result))


def test_missing_cells_are_filled_when_asked_for(builtin):
    mine = pattern()
    mine[1, 2:5] = np.nan
    result = resolve(mine, fill_missing=True)
    assert result.aod.values[:, 1, 2:5] == pytest.approx(builtin.aod.values[:, 1, 2:5])
    assert result.aod.values[0, 0] == pytest.approx(mine.values[0])
    assert result.aod.attrs["filled_cells"] == 6
    assert any("6 of 144 cells filled" in line for line in provenance(result))


# ---- surface and clouds -------------------------------------------------------------------------


def test_a_given_albedo_is_that_of_the_whole_cell(builtin):
    result = resolve(pattern("surface_albedo"))
    assert np.all(result.open_water_fraction.values == 0)
    both = xr.merge([pattern("surface_albedo"), field(0.4, name="open_water_fraction")])
    assert resolve(both).open_water_fraction.values == pytest.approx(0.4)


def test_filling_the_albedo_fills_the_open_water(builtin):
    mine = pattern("surface_albedo")
    mine[3, 0] = np.nan
    result = resolve(mine, fill_missing=True)
    for name in ("surface_albedo", "open_water_fraction"):
        assert result[name].values[:, 3, 0] == pytest.approx(builtin[name].values[:, 3, 0])


def test_a_total_cloud_fraction_is_shared_out_over_the_types(builtin):
    result = resolve(pattern("clt"))
    total = result.cloud_fraction.sum("cloud_type")
    assert total.values[0] == pytest.approx(pattern().values)
    ratio = result.cloud_fraction / total
    expected = builtin.cloud_fraction / builtin.cloud_fraction.sum("cloud_type")
    assert ratio.values == pytest.approx(expected.values)
    assert not result.cloud_filled.any()


def typed(values, names=TYPES):
    return xr.concat(
        [field(v, name="cloud_fraction") for v in values], dim="cloud_type"
    ).assign_coords(cloud_type=list(names))


def test_cloud_types_in_any_order():
    amounts = np.arange(1, 8) / 100
    mine = typed(amounts[::-1], TYPES[::-1])
    assert resolve(mine).cloud_fraction.values[0, :, 0, 0] == pytest.approx(amounts)


def test_amounts_that_overlap_are_an_error():
    with pytest.raises(InputError, match="sum to more than 1 in 72 of 72"):
        resolve(typed([0.2] * 7))


def test_strange_cloud_types_are_an_error():
    with pytest.raises(InputError, match=r"low, middle.*cumulus, stratus"):
        resolve(typed([0.2, 0.2], ["low", "middle"]))


def test_cloud_optical_depth_by_type():
    depth = xr.DataArray(np.arange(1.0, 8.0), {"cloud_type": TYPES}, name="cloud_optical_depth")
    assert resolve(depth).cloud_optical_depth.values == pytest.approx(np.arange(1, 8))
    with pytest.raises(InputError, match="one value for each cloud_type"):
        resolve(field(10.0, name="cloud_optical_depth"))


def test_heights_of_clouds_without_types_are_not_the_tables(builtin):
    result = resolve(xr.merge([pattern(), field(1500.0, name="cloud_base")]))
    xr.testing.assert_identical(result.cloud_base, builtin.cloud_base)


def test_a_table_of_clouds_with_a_gap_is_an_error(builtin):
    gap = builtin[["cloud_base", "aod"]].copy(deep=True)
    gap["cloud_base"][2, 0] = np.nan
    with pytest.raises(InputError, match=r"cloud_base is missing in 1 of 42 places"):
        resolve(gap)


# ---- the vertical profile -----------------------------------------------------------------------


def profile(builtin, **changes):
    interface = changes.get("interface", builtin.sigma_interface).values
    chosen = builtin[["aod", "aerosol_profile"]].copy(deep=True)
    return chosen.assign_coords(sigma_interface=interface)


def test_a_given_profile_is_used_and_its_layers_add_up_on_another_grid(builtin):
    top = profile(builtin).assign(aerosol_profile=0.0 * builtin.aerosol_profile)
    top["aerosol_profile"][..., 0] = 0.25
    top["aerosol_profile"][..., -1] = 0.75
    same = resolve(top).aerosol_profile
    np.testing.assert_array_equal(same, top.aerosol_profile)
    other = resolve(profile(builtin), on="20x20").aerosol_profile
    np.testing.assert_allclose(other.sum("sigma_layer"), 1.0, rtol=1e-12)


def test_a_profile_on_other_layers_is_an_error(builtin):
    with pytest.raises(InputError, match=r"12 layers between the sigma_interface \[\]"):
        resolve(builtin[["aerosol_profile"]])
    halved = profile(builtin, interface=builtin.sigma_interface * 0.5)
    with pytest.raises(InputError, match="expected are the built-in ones"):
        resolve(halved)


def test_a_profile_that_loses_aerosol_is_an_error(builtin):
    lossy = profile(builtin)
    lossy["aerosol_profile"][0, 2, 3] *= 0.9
    with pytest.raises(InputError, match="do not add up to 1 in 1 of 144 cells"):
        resolve(lossy)


# ---- single variables from other files ----------------------------------------------------------


def replaced(dataset=None, *, on=COARSE, **sources):
    return resolve_inputs(dataset, grid=on, months=[1, 7], replacements=sources)


def test_a_replacement_goes_before_the_inputs(builtin, tmp_path):
    both = xr.merge([pattern(), field(0.9, name="ssa")])
    field(0.7).to_dataset().to_netcdf(tmp_path / "aod.nc")
    result = replaced(both, aod=tmp_path / "aod.nc")
    assert np.all(result.aod.values == 0.7)
    assert result.aod.attrs["origin"] == "aod.nc, variable aod"
    assert np.all(result.ssa.values == 0.9)
    xr.testing.assert_identical(result.angstrom, builtin.angstrom)


def test_only_the_asked_variable_is_taken_from_a_file(builtin):
    both = xr.merge([pattern(), field(0.9, name="ssa")])
    result = replaced(ssa=both)
    assert np.all(result.ssa.values == 0.9)
    xr.testing.assert_identical(result.aod, builtin.aod)


def test_a_replacing_albedo_brings_its_open_water():
    assert np.all(replaced(surface_albedo=pattern("surface_albedo").to_dataset())
                  .open_water_fraction.values == 0)  # fmt: skip
    both = xr.merge([pattern("surface_albedo"), field(0.4, name="open_water_fraction")])
    assert replaced(surface_albedo=both).open_water_fraction.values == pytest.approx(0.4)


def test_the_grid_of_a_replacement_can_be_kept():
    result = replaced(
        pattern(on="10x10").to_dataset(), on=None, aod=pattern(on="20x30").to_dataset()
    )
    assert result.aod.shape == (2, 9, 12)


def test_a_replacement_without_the_variable_is_an_error():
    with pytest.raises(InputError, match="holds no ssa, but aod"):
        replaced(ssa=pattern().to_dataset())


def test_one_quantity_is_read_on_a_grid(tmp_path):
    pattern("TOTEXTTAU", on="10x10").to_netcdf(tmp_path / "fine.nc")
    read = read_field(tmp_path / "fine.nc", quantity="aod", grid=grid())
    assert float(global_mean(read)) == pytest.approx(float(global_mean(pattern(on="10x10"))))
    assert read.attrs["origin"] == "fine.nc, variable TOTEXTTAU"
    with pytest.raises(InputError, match=r"fine\.nc: holds no ssa, but aod"):
        read_field(tmp_path / "fine.nc", quantity="ssa")


# ---- species ------------------------------------------------------------------------------------

AMOUNTS = {
    "organic_carbon": 0.02,
    "black_carbon": 0.005,
    "dust": 0.03,
    "sulfate": 0.04,
    "sea_salt_fine": 0.01,
    "sea_salt_coarse": 0.02,
}


def species(amounts):
    return xr.Dataset({f"aod_{name}": field(amount) for name, amount in amounts.items()})


def test_species_are_mixed():
    result = resolve(species(AMOUNTS))
    expected = mixture_by_paper(xr.Dataset(AMOUNTS))
    for name in ("aod", "ssa", "asymmetry"):
        assert result[name].values == pytest.approx(float(expected[name]))
        assert "mixture of aod_organic_carbon" in result[name].attrs["origin"]
    assert 0.5 < float(result.angstrom.mean()) < 1.5


@pytest.mark.parametrize("optics", ["chung2012", "merra2"])
def test_species_have_the_optics_that_are_asked_for(optics):
    result = resolve_inputs(species(AMOUNTS), grid=COARSE, months=[1], optics=optics)
    expected = mixture_properties(xr.Dataset(AMOUNTS), optics=optics)
    for name in ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom"):
        assert result[name].values == pytest.approx(float(expected[name]))
    assert OPTICS_IN_WORDS[optics] in result.ssa.attrs["origin"]


def test_the_built_in_species_have_the_optics_that_are_asked_for():
    chung, merra = (
        builtin_inputs(COARSE, months=[1], optics=optics, aerosol="chung2012")
        for optics in ("chung2012", "merra2")
    )
    np.testing.assert_array_equal(chung.aod, merra.aod)
    np.testing.assert_array_equal(chung.aerosol_profile, merra.aerosol_profile)
    amounts = builtin_species(grid=gaussian_grid(COARSE), months=[1])
    expected = mixture_properties(amounts, optics="merra2")
    for name in ("ssa", "asymmetry", "coalbedo_angstrom"):
        np.testing.assert_array_equal(merra[name], expected[name])
    weighted = [float((d.ssa * d.aod).sum() / d.aod.sum()) for d in (chung, merra)]
    assert weighted[0] + 0.015 < weighted[1] < 0.99
    assert "MERRA-2" in merra.ssa.attrs["origin"]
    assert "MERRA-2" not in merra.aod.attrs["origin"]


@pytest.mark.parametrize("make", [builtin_inputs, resolve_inputs, open_run_inputs])
def test_unknown_optics_are_refused(make):
    with pytest.raises(InputError, match="optics='opac' is unknown; use 'chung2012' or 'merra2'"):
        make(None if make is not builtin_inputs else COARSE, optics="opac")


def test_sea_salt_in_one_is_split():
    whole = {k: v for k, v in AMOUNTS.items() if "salt" not in k} | {"sea_salt": 0.03}
    result = resolve(species(whole))
    assert result.aod.values == pytest.approx(sum(AMOUNTS.values()))


def test_what_is_given_directly_has_precedence_over_the_mixture():
    result = resolve(species(AMOUNTS).assign(aod=pattern()))
    assert result.aod.values[0] == pytest.approx(pattern().values)
    assert result.ssa.values == pytest.approx(float(mixture_by_paper(xr.Dataset(AMOUNTS)).ssa))


def test_incomplete_species_are_an_error_without_the_total():
    part = species({"dust": 0.1, "sulfate": 0.1})
    with pytest.raises(InputError, match="organic_carbon, black_carbon, sea_salt_fine"):
        resolve(part)
    result = resolve(part.assign(aod=pattern()))
    assert result.ssa.attrs["origin"].startswith("built-in")
    assert any(line.startswith("not used: aod_dust, aod_sulfate") for line in provenance(result))


# ---- files and other mistakes -------------------------------------------------------------------


def test_a_file_is_read(tmp_path):
    path = tmp_path / "mine.nc"
    pattern("TOTEXTTAU").to_netcdf(path)
    result = resolve_inputs(path, grid=COARSE, months=[1])
    assert result.aod.values[0] == pytest.approx(pattern().values)
    assert "mine.nc, variable TOTEXTTAU" in result.aod.attrs["origin"]
    assert "aod: mine.nc, variable TOTEXTTAU" in provenance(result)


def test_a_built_in_dataset_written_and_read_back_is_itself(tmp_path, builtin):
    path = tmp_path / "inputs.nc"
    builtin.to_netcdf(path)
    again = resolve_inputs(path, grid=COARSE, months=[1, 7])
    for name in builtin.data_vars:
        np.testing.assert_array_equal(again[name].values, builtin[name].values)
        assert again[name].dtype == builtin[name].dtype
        if "origin" in builtin[name].attrs:
            expected = f"inputs.nc, variable {name} ({builtin[name].attrs['origin']})"
            assert again[name].attrs["origin"] == expected


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.nc"):
        resolve_inputs(tmp_path / "nowhere.nc")
    text = tmp_path / "text.nc"
    text.write_text("lat,lon,aod\n")
    with pytest.raises(InputError, match=r"text\.nc"):
        resolve_inputs(str(text))
    whole = tmp_path / "whole.nc"
    pattern(on="2x2").to_netcdf(whole)
    cut = tmp_path / "cut.nc"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(InputError, match=r"cut\.nc"):
        resolve_inputs(cut)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind here")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "closed.nc"
    pattern().to_netcdf(path)
    path.chmod(0)
    with pytest.raises(InputError, match=r"closed\.nc"):
        resolve_inputs(path)


def test_nothing_recognised_lists_what_was_found_and_what_is_known():
    with pytest.raises(InputError, match=r"It holds: foo, bar\..*aod.*surface_albedo"):
        resolve(xr.Dataset({"foo": field(), "bar": field()}))


def test_inputs_of_another_kind_are_an_error():
    with pytest.raises(InputError, match="DataArray"):
        resolve_inputs(pattern())


def test_values_out_of_range_name_the_cell():
    bad = pattern("ssa")
    bad[2, 4] = 1.3
    with pytest.raises(InputError, match=r"ssa is out of range in 1 of 72 cells.*lat=-15"):
        resolve(bad)


def test_another_dimension_is_an_error_and_a_single_level_is_none():
    levels = xr.concat([pattern()] * 3, dim="lev")
    with pytest.raises(InputError, match="dimension lev"):
        resolve(levels)
    assert resolve(levels.isel(lev=[0])).aod.values[0] == pytest.approx(pattern().values)


def test_missing_coordinates_are_an_error():
    with pytest.raises(InputError, match="lat"):
        resolve(pattern().drop_vars("lat"))


def test_inputs_are_not_changed():
    mine = pattern("TOTEXTTAU").to_dataset()
    before = mine.copy(deep=True)
    resolve(mine)
    xr.testing.assert_identical(mine, before)
