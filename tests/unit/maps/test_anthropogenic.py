"""Maps of the anthropogenic forcing and of the effects of species."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from helpers.montecarlo_checks import assert_unbiased

import aeroforcing as af
from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.inputs.builtin.aerosol import builtin_species
from aeroforcing.maps.anthropogenic import anthropogenic_run
from aeroforcing.maps.grid import solved
from aeroforcing.optics.species import SPECIES

GRID = "30x60"
QUICK = {"grid": GRID, "months": [7], "photons": 64}
LEVELS = ("toa", "atmosphere", "surface")


def fraction_of(share, months=(7,)):
    grid = gaussian_grid(GRID)
    shape = (len(months), grid.sizes["lat"], grid.sizes["lon"])
    return xr.Dataset(
        {"anthropogenic_fraction": (("month", "lat", "lon"), np.full(shape, share))},
        coords={"month": list(months), "lat": grid["lat"], "lon": grid["lon"]},
    )


def means(dataset, name):
    """Global mean and its standard error."""
    found = af.global_mean(dataset[[name, f"{name}_stderr"]]).isel(time=0)
    return float(found[name]), float(found[f"{name}_stderr"])


@pytest.fixture(scope="module")
def plumes():
    return af.maps.anthropogenic_forcing(**QUICK)


# ---- anthropogenic forcing ----------------------------------------------------------------------


def test_names_and_words(plumes):
    for level in LEVELS:
        for sky in ("", "_cs"):
            field = plumes[f"anthropogenic_forcing_{level}{sky}"]
            assert field.dims == ("time", "lat", "lon")
            assert field.attrs["long_name"].startswith("anthropogenic direct radiative forcing")
            assert f"{field.name}_stderr" in plumes
    assert "MACv2-SP plumes of 2020" in plumes.attrs["anthropogenic"]
    assert "aod" in plumes.attrs["inputs"]


def test_it_has_the_size_of_the_literature(plumes):
    """Kinne (2019): -0.35, +1.1 and -1.45 W m-2 in the annual mean; July is above it."""
    top, surface = (plumes[f"anthropogenic_forcing_{level}"] for level in ("toa", "surface"))
    assert -0.9 < float(af.global_mean(top).item()) < -0.1
    assert -2.8 < float(af.global_mean(surface).item()) < -1.2
    clear = float(af.global_mean(plumes["anthropogenic_forcing_toa_cs"]).item())
    assert clear < float(af.global_mean(top).item())


def test_it_closes(plumes):
    for sky in ("", "_cs"):
        top, air, ground = (plumes[f"anthropogenic_forcing_{level}{sky}"] for level in LEVELS)
        assert top.values == pytest.approx((air + ground).values, abs=1e-9)


def test_natural_and_plumes_are_the_inputs_where_these_have_more(plumes):
    total = af.builtin_inputs(gaussian_grid(GRID), months=[7])["aod"].values
    both = (plumes["natural_aod"] + plumes["anthropogenic_aod"]).values
    assert both == pytest.approx(np.maximum(total, plumes["anthropogenic_aod"].values), rel=1e-6)


def test_without_emissions_there_is_no_forcing():
    found = af.maps.anthropogenic_forcing(year=1850, **QUICK)
    for level in LEVELS:
        assert not found[f"anthropogenic_forcing_{level}"].any()
    assert not found["anthropogenic_aod"].any()


def test_the_natural_aerosol_is_that_of_the_year_of_the_inputs():
    early, late = (af.maps.anthropogenic_forcing(year=y, **QUICK) for y in (1980, 2020))
    assert np.array_equal(early["natural_aod"], late["natural_aod"])
    assert not np.array_equal(early["anthropogenic_aod"], late["anthropogenic_aod"])


@pytest.mark.parametrize("sky", ["", "_cs"])
def test_a_fraction_of_1_is_the_total_effect(sky):
    whole = af.maps.anthropogenic_forcing(fraction=fraction_of(1.0), **QUICK)
    total = af.grid_forcing(**QUICK, seed=4)
    t = []
    for level in LEVELS:
        mine, error = means(whole, f"anthropogenic_forcing_{level}{sky}")
        theirs, other = means(total, f"forcing_{level}{sky}")
        t.append((mine - theirs) / np.hypot(error, other))
    assert_unbiased(t, degrees=200)


def test_no_fraction_no_forcing_and_half_is_about_half():
    none, half, whole = (
        af.maps.anthropogenic_forcing(fraction=fraction_of(share), **QUICK)
        for share in (0.0, 0.5, 1.0)
    )
    assert not none["anthropogenic_forcing_toa"].any()
    name = "anthropogenic_forcing_surface_cs"
    ratio = means(half, name)[0] / means(whole, name)[0]
    assert 0.35 < ratio < 0.5  # added to the other half, whose shade it is in
    assert half["natural_aod"].values == pytest.approx(half["anthropogenic_aod"].values)


def test_a_fraction_from_a_file_of_all_months(tmp_path):
    path = tmp_path / "share.nc"
    fraction_of(0.3, months=range(1, 13)).to_netcdf(path)
    found = af.maps.anthropogenic_forcing(fraction=path, **QUICK)
    share = found["anthropogenic_aod"] / (found["anthropogenic_aod"] + found["natural_aod"])
    assert share.values == pytest.approx(0.3, rel=1e-6)


def test_a_missing_fraction_is_missing_in_the_result():
    gap = fraction_of(0.5)
    gap["anthropogenic_fraction"][0, 1, 2] = np.nan
    found = af.maps.anthropogenic_forcing(fraction=gap, **QUICK)["anthropogenic_forcing_toa"]
    assert int(found.isnull().sum()) == 1
    assert bool(found[0, 1, 2].isnull())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"year": 2000, "fraction": fraction_of(0.5)}, "give one"),
        ({"year": 1800}, "1850 to 2023"),
        ({"fraction": fraction_of(1.5)}, "anthropogenic_fraction is out of range"),
        ({"fraction": fraction_of(0.5, months=(1,))}, "holds the months 1, not 7"),
        ({"fraction": xr.Dataset({"x": ("lat", [1.0])})}, "holds no anthropogenic_fraction, but x"),
        ({"sky": "blue"}, "sky='blue'"),
        ({"jobs": 0}, "jobs=0"),
        ({"photons": 0}, "photons=0"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        af.maps.anthropogenic_forcing(**(QUICK | change))


def test_threads_seeds_and_progress():
    calls = []
    one = af.maps.anthropogenic_forcing(**QUICK, jobs=1, progress=lambda *x: calls.append(x))
    two = af.maps.anthropogenic_forcing(**QUICK, jobs=2)
    assert one.identical(two)
    assert calls[-1] == (36, 36)
    other = af.maps.anthropogenic_forcing(**QUICK, seed=1)
    assert not np.array_equal(one["anthropogenic_forcing_toa"], other["anthropogenic_forcing_toa"])


# ---- species ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def species():
    return af.maps.grid_species_forcing(**(QUICK | {"photons": 16}))


def test_species_of_a_map(species):
    assert species["species"].values.tolist() == ["carbonaceous", "dust", "sulfate", "sea_salt"]
    assert species["species_forcing_toa"].dims == ("attribution", "species", "time", "lat", "lon")
    assert species["closure_gap_toa"].dims == ("attribution", "time", "lat", "lon")
    assert species["species_aod"].dims == ("species", "time", "lat", "lon")
    total = af.builtin_inputs(gaussian_grid(GRID), months=[7], aerosol="chung2012")["aod"].values
    assert species["species_aod"].sum("species").values == pytest.approx(total, rel=1e-6)


def test_scattering_species_cool_and_carbon_warms_the_air(species):
    among = af.global_mean(species.sel(attribution="leave_one_out")).isel(time=0)
    toa, air = among["species_forcing_toa_cs"], among["species_forcing_atmosphere_cs"]
    assert (toa.sel(species=["dust", "sulfate", "sea_salt"]) < 0).all()
    assert float(air.sel(species="carbonaceous")) > 3 * float(air.sel(species="sulfate"))


def test_the_gap_of_a_map_is_what_the_species_leave(species):
    rest = species["forcing_toa"] - species["species_forcing_toa"].sum("species")
    gap = species["closure_gap_toa"]
    assert gap.values == pytest.approx(rest.transpose(*gap.dims).values, abs=1e-9)


def test_the_effect_of_all_is_near_that_of_the_map():
    """The mixture of band means against the band means of the mixture's own law."""
    settings = QUICK | {"sky": "clear", "methods": ["add_one_in"]}
    mine, error = means(af.maps.grid_species_forcing(**settings), "forcing_toa_cs")
    theirs, other = means(af.grid_forcing(**QUICK, aerosol="chung2012"), "forcing_toa_cs")
    assert mine == pytest.approx(theirs, abs=0.03 * abs(theirs) + 4 * np.hypot(error, other))


def own_species(**changes):
    depths = builtin_species(grid=gaussian_grid(GRID), months=[7])
    given = {f"aod_{n}": changes.get(n, 0.0) * xr.ones_like(depths[n]) for n in SPECIES}
    return xr.Dataset(given).assign_coords(month=[7])


def test_own_species_and_their_optics():
    found = af.maps.grid_species_forcing(
        species=own_species(dust=0.3), optics="merra2", methods=["add_one_in"], **QUICK
    )
    assert found.attrs["optics"] == "merra2"
    assert found["species"].values.tolist()[:2] == ["organic_carbon", "black_carbon"]
    effects = found["species_forcing_toa"].sel(attribution="add_one_in")
    assert not effects.sel(species=["organic_carbon", "black_carbon", "sulfate", "sea_salt"]).any()
    dust = effects.sel(species="dust").values
    assert dust == pytest.approx(found["forcing_toa"].values, abs=1e-6)
    assert abs(found["closure_gap_toa"]).max() < 1e-6


def test_missing_species_are_missing_in_the_result():
    given = own_species(dust=0.3)
    given["aod_sulfate"][0, 0, 0] = np.nan
    found = af.maps.grid_species_forcing(
        species=given, methods=["add_one_in"], sky="clear", **QUICK
    )
    assert int(found["forcing_toa_cs"].isnull().sum()) == 1
    assert "forcing_toa" not in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": []}, "methods="),
        ({"methods": ["both"]}, "methods="),
        ({"methods": "add_one_in"}, "methods="),
        ({"optics": "mie"}, "mie"),
        ({"species": own_species().drop_vars("aod_dust")}, "the AOD of dust is missing"),
    ],
)
def test_wrong_species_and_methods_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        af.maps.grid_species_forcing(**(QUICK | change))


# ---- one engine: what the maps of all aerosol have, these have too ------------------------------


def small_inputs(*, points=False):
    """Inputs with their own species on 2 x 3 places, at two calendar months."""
    grid = {"lat": [-20.0, 40.0], "lon": [10.0, 100.0, 250.0]}
    shape = (2, 2, 3)
    rng = np.random.default_rng(3)
    names = ["aod_organic_carbon", "aod_black_carbon", "aod_dust", "aod_sulfate", "aod_sea_salt"]
    fields = {n: (("month", "lat", "lon"), rng.uniform(0.02, 0.2, shape)) for n in names}
    whole = xr.Dataset(fields, coords={"month": [1, 7], **grid})
    whole["lat_bnds"] = (("lat", "bnds"), [[-40.0, 10.0], [10.0, 60.0]])
    whole["lon_bnds"] = (("lon", "bnds"), [[-50.0, 50.0], [50.0, 150.0], [150.0, 310.0]])
    if not points:
        return whole
    stacked = whole.drop_vars(["lat_bnds", "lon_bnds"]).stack(site=("lat", "lon"))
    return stacked.reset_index("site")


MAPS = {
    "species": (af.maps.grid_species_forcing, {"methods": ["add_one_in"]}),
    "anthropogenic": (af.maps.anthropogenic_forcing, {"year": 2000}),
}
SMALL = {"grid": None, "months": [1, 7], "photons": 16}


@pytest.mark.parametrize("of", MAPS)
@pytest.mark.parametrize("points", [False, True])
def test_a_file_in_parts_holds_the_map_of_memory(of, points, tmp_path):
    make, own = MAPS[of]
    inputs = small_inputs(points=points)
    direct = make(inputs, **SMALL, **own)
    af.save_grid_forcing(tmp_path / "m.nc", inputs, of=of, cells_per_chunk=3, **SMALL, **own)
    with xr.open_dataset(tmp_path / "m.nc", decode_cf=False) as stored:
        assert set(direct.variables) - {"time"} <= set(stored.variables)
        for name in direct.data_vars:
            if direct[name].dtype.kind == "f":
                assert np.array_equal(stored[name].values, direct[name].values.astype("f4")), name


@pytest.mark.parametrize("of", MAPS)
def test_finished_parts_are_taken_and_another_map_is_another_run(of, tmp_path):
    _, own = MAPS[of]
    target, inputs = tmp_path / "m.nc", small_inputs()
    settings = {"cells_per_chunk": 3, "jobs": 1, **SMALL}

    def stop(done, total):
        if done >= 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        af.save_grid_forcing(target, inputs, of=of, progress=stop, **settings, **own)
    assert list((tmp_path / ".m.nc.parts").glob("*.values"))
    with pytest.raises(InputError, match="another run"):
        af.save_grid_forcing(target, inputs, of="all", resume=True, **settings)
    seen = []
    af.save_grid_forcing(
        target, inputs, of=of, resume=True, progress=lambda *x: seen.append(x), **settings, **own
    )
    assert seen[0][0] > 0
    af.save_grid_forcing(tmp_path / "whole.nc", inputs, of=of, **settings, **own)
    with xr.open_dataset(target) as one, xr.open_dataset(tmp_path / "whole.nc") as other:
        assert one.drop_attrs().equals(other.drop_attrs())


@pytest.mark.parametrize("of", MAPS)
def test_dask_arrays_make_the_same_map(of):
    pytest.importorskip("dask")
    make, own = MAPS[of]
    inputs = small_inputs()
    lazy = make(inputs.chunk({"month": 1, "lat": 1}), **SMALL, **own)
    assert lazy.chunks
    direct = make(inputs, **SMALL, **own)
    for name in direct.data_vars:
        assert np.array_equal(lazy[name].values, direct[name].values), name


def test_the_species_of_the_inputs_are_those_of_the_map():
    inputs = small_inputs()
    found = af.maps.grid_species_forcing(inputs, **SMALL)
    dust = found["species_aod"].sel(species="dust").values
    assert dust == pytest.approx(inputs["aod_dust"].values)
    with pytest.raises(InputError, match="the AOD of dust is missing"):
        af.maps.grid_species_forcing(
            inputs.drop_vars("aod_dust").assign(aod=inputs.aod_dust), **SMALL
        )


def test_missing_species_are_filled_if_asked_for():
    inputs = small_inputs()
    inputs["aod_sulfate"][0, 0, 0] = np.nan
    gap, filled = (
        af.maps.grid_species_forcing(inputs, fill_missing=fill, methods=["add_one_in"], **SMALL)
        for fill in (False, True)
    )
    assert int(gap["forcing_toa"].isnull().sum()) == 1
    assert not filled["forcing_toa"].isnull().any()


@pytest.mark.parametrize("of", MAPS)
def test_time_steps_and_a_standard_error_to_reach(of):
    make, own = MAPS[of]
    days = xr.date_range("2010-07-01", periods=2, freq="D")
    inputs = small_inputs().drop_vars("month").rename(month="time").assign_coords(time=days)
    settings = {"grid": None, "times": "input", "sky": "clear", "stderr_target": 0.3}
    found = make(inputs, **settings, **own)
    assert found.sizes["time"] == 2
    name = "forcing_toa_cs" if of == "species" else "anthropogenic_forcing_toa_cs"
    rms = float(np.sqrt((found[f"{name}_stderr"] ** 2).mean()))
    assert 0.0 < rms < 0.45
    assert found.attrs["stderr_target"] == 0.3


def test_blocks_do_not_change_the_plumes():
    """The order in which the plumes are summed must not depend on how many cells there are."""
    runs = (
        anthropogenic_run(small_inputs(), year=2000, cells_per_chunk=n, **SMALL) for n in (1, 12)
    )
    one, all_ = (solved(run, jobs=1, progress=None) for run in runs)
    assert one.identical(all_)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"of": "dust"}, "of='dust'"),
        ({"of": "species", "kernels": True}, "kernels are the derivatives"),
        ({"of": "species", "photons": 8, "stderr_target": 1.0}, "photons and stderr_target"),
        ({"of": "anthropogenic", "year": 1700}, "1850 to 2023"),
    ],
)
def test_what_a_map_of_parts_does_not_have(change, message, tmp_path):
    with pytest.raises(InputError, match=message):
        af.save_grid_forcing(tmp_path / "m.nc", **change)
