"""Maps of the forcing: their layout, their gaps, and what does and does not change them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import aeroforcing as af
from aeroforcing.core.errors import InputError
from aeroforcing.optics.clouds import CLOUD_TYPES

FORCINGS = ("forcing_toa", "forcing_atmosphere", "forcing_surface")
CLEAR_FLUXES = ("rsutcs", "rsutcsaf", "rsdscs", "rsdscsaf", "rsuscs", "rsuscsaf")
ALL_FLUXES = ("rsut", "rsutaf", "rsds", "rsdsaf", "rsus", "rsusaf")
INPUTS = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom")
FEW = {"photons": 64, "seed": 7}


def run(inputs=None, *, grid="30x30", months=(1,), **options):
    return af.grid_forcing(inputs, grid=grid, months=months, **(FEW | options))


@pytest.fixture(scope="module")
def t21():
    return run(grid="T21")


@pytest.fixture(scope="module")
def small():
    """January and July on a coarse grid."""
    return run(months=(1, 7))


def aod_field(value=0.2, *, grid="30x30"):
    axes = af.gaussian_grid(grid)
    shape = (axes.sizes["lat"], axes.sizes["lon"])
    coords = {"lat": axes.lat, "lon": axes.lon}
    return xr.Dataset({"aod": (("lat", "lon"), np.full(shape, value))}, coords)


def same_bits(one, two, names=FORCINGS):
    return all(np.array_equal(one[name], two[name], equal_nan=True) for name in names)


# ---- layout -------------------------------------------------------------------------------------


def test_a_map_has_the_variables_of_both_skies(t21):
    forcings = [f"{name}{sky}" for name in FORCINGS for sky in ("", "_cs")]
    estimated = [*forcings, *CLEAR_FLUXES, *ALL_FLUXES]
    expected = {f"{name}{suffix}" for name in estimated for suffix in ("", "_stderr")}
    expected |= {"rsdt", "precipitable_water", *INPUTS}
    expected |= {"climatology_bnds", "lat_bnds", "lon_bnds"}
    assert set(t21.variables) == expected | {"time", "month", "lat", "lon"}
    for name in (*estimated, *INPUTS):
        assert t21[name].dims == ("time", "lat", "lon")
    assert t21["forcing_toa"].attrs["units"] == "W m-2"
    assert t21["forcing_toa"].attrs["standard_name"] == "toa_instantaneous_shortwave_forcing"
    assert "standard_name" not in t21["forcing_surface"].attrs


def test_a_map_lies_on_its_grid(t21):
    assert dict(t21.sizes) == {"time": 1, "lat": 32, "lon": 64, "bnds": 2}
    assert (np.diff(t21["lat"]) > 0.0).all()
    assert t21["lon"].values[0] == 0.0
    assert t21["lon"].values[-1] < 360.0
    assert t21["month"].values.tolist() == [1]


def test_settings_are_recorded(t21):
    attrs = t21.attrs
    assert attrs["seed"] == 7
    assert attrs["photons"] == pytest.approx(64, rel=0.35)  # in powers of two by AOD
    assert attrs["replicates"] == 8
    assert attrs["gas_table"] == "g112"
    assert attrs["missing_cells"] == 0
    assert "built-in" in attrs["inputs"]


@pytest.mark.parametrize("sky", ["", "_cs"])
def test_forcing_closes_in_every_cell(t21, sky):
    top, air, surface = (t21[f"{name}{sky}"] for name in FORCINGS)
    assert float(abs(top - air - surface).max()) < 1e-10


@pytest.mark.parametrize(("sky", "aerosol_free"), [("", "af"), ("cs", "csaf")])
def test_forcing_is_the_change_of_the_fluxes(t21, sky, aerosol_free):
    suffix = f"_{sky}" if sky else ""
    top = t21[f"rsut{aerosol_free}"] - t21[f"rsut{sky}"]
    assert float(abs(top - t21[f"forcing_toa{suffix}"]).max()) < 1e-9
    net = t21[f"rsds{sky}"] - t21[f"rsus{sky}"]
    net -= t21[f"rsds{aerosol_free}"] - t21[f"rsus{aerosol_free}"]
    assert float(abs(net - t21[f"forcing_surface{suffix}"]).max()) < 1e-9


def test_maps_are_complete_and_physical(t21):
    numbers = [name for name in t21.data_vars if t21[name].dtype.kind == "f"]
    assert all(np.isfinite(t21[name]).all() for name in numbers)
    mean = af.global_mean(t21.isel(time=0))
    assert -8.0 < float(mean["forcing_toa_cs"]) < -1.0
    assert float(mean["forcing_surface_cs"]) < float(mean["forcing_toa_cs"]) < 0.0
    assert 0.22 < float(mean["rsut"] / mean["rsdt"]) < 0.36
    assert float(mean["rsutcs"]) < float(mean["rsut"])


def test_polar_night_is_zero(t21):
    night = t21.sel(lat=slice(75.0, 90.0)).isel(time=0)
    for name in ("rsdt", "rsut", *FORCINGS, "forcing_toa_stderr"):
        assert not night[name].values.any(), name


# ---- what does not change the result ------------------------------------------------------------


def test_threads_do_not_change_the_result(small):
    for jobs in (1, 2, 3):
        assert run(months=(1, 7), jobs=jobs).identical(small)


def test_a_month_is_the_same_whichever_others_are_run(small):
    july = run(months=(7,))
    for name in (*FORCINGS, "rsutcsaf"):
        assert np.array_equal(july[name].values[0], small[name].values[1]), name


def test_months_come_in_the_order_of_the_calendar(small):
    assert same_bits(run(months=(7, 1)), small)


def test_another_seed_gives_other_numbers_within_the_errors(small):
    other = run(months=(1, 7), seed=8)
    lit = small["rsdt"].values > 1.0
    name = "forcing_surface_cs"
    difference = (small[name] - other[name]).values[lit]
    errors = np.hypot(small[f"{name}_stderr"], other[f"{name}_stderr"]).values[lit]
    assert not np.array_equal(small[name], other[name])
    assert np.sqrt((difference**2).mean() / (errors**2).mean()) == pytest.approx(1.0, abs=0.25)


def test_progress_is_told(small):
    told = []
    run(months=(1, 7), progress=lambda done, total: told.append((done, total)))
    total = small["aod"].size
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# ---- skies --------------------------------------------------------------------------------------


def test_each_sky_alone_is_that_of_both(small):
    clear, cloudy = (run(months=(1, 7), sky=sky) for sky in ("clear", "all"))
    assert not {"forcing_toa", "rsut"} & set(clear)
    assert not {"forcing_toa_cs", "rsutcs"} & set(cloudy)
    assert same_bits(clear, small, [f"{name}_cs" for name in FORCINGS])
    assert same_bits(cloudy, small, FORCINGS)


def test_where_there_is_no_cloud_both_skies_are_equal():
    inputs = aod_field()
    inputs["cloud_fraction"] = xr.DataArray(
        np.zeros((len(CLOUD_TYPES), *inputs["aod"].shape)),
        {"cloud_type": [kind.name for kind in CLOUD_TYPES], "lat": inputs.lat, "lon": inputs.lon},
        ("cloud_type", "lat", "lon"),
    )
    found = run(inputs)
    for name in FORCINGS:
        assert np.array_equal(found[name], found[f"{name}_cs"])


# ---- inputs -------------------------------------------------------------------------------------


def test_without_aerosol_there_is_exactly_no_forcing():
    found = run(aod_field(0.0))
    for name in FORCINGS:
        for suffix in ("", "_cs", "_stderr", "_cs_stderr"):
            assert not found[f"{name}{suffix}"].values.any()
    assert np.array_equal(found["rsut"], found["rsutaf"])


def test_cells_without_aod_are_missing_and_counted():
    inputs = aod_field()
    inputs["aod"][1, 2] = np.nan
    found, whole = run(inputs), run(aod_field())
    gap = np.zeros(inputs["aod"].shape, dtype=bool)
    gap[1, 2] = True
    for name in (*FORCINGS, "forcing_toa_stderr", "rsut"):
        assert np.array_equal(np.isnan(found[name].values[0]), gap)
        assert np.array_equal(found[name].values[0][~gap], whole[name].values[0][~gap])
    assert found.attrs["missing_cells"] == 1
    filled = run(inputs, fill_missing=True)
    assert filled.attrs["missing_cells"] == 0
    assert np.isfinite(filled["forcing_toa"]).all()


def test_an_input_that_is_missing_everywhere_is_refused():
    with pytest.raises(InputError, match="missing in all of its"):
        run(aod_field(np.nan))


def test_the_grid_of_the_inputs_can_be_kept():
    inputs = aod_field(grid="20x20")
    found = run(inputs, grid=None)
    assert np.array_equal(found["lat"], inputs["lat"])
    assert np.array_equal(found["lon"], inputs["lon"])
    assert float(found["aod"].max()) == 0.2


def test_other_grids_take_the_inputs_along():
    found = run(aod_field(grid="20x20"), grid="30x30")
    assert found.sizes["lat"] == 6
    assert found["aod"].values == pytest.approx(np.full((1, 6, 12), 0.2))


def test_a_file_is_as_good_as_a_dataset(tmp_path):
    aod_field().to_netcdf(tmp_path / "aod.nc")
    assert same_bits(run(tmp_path / "aod.nc"), run(aod_field()))


def test_twice_the_aerosol_has_more_forcing():
    thin, thick = (run(aod_field(aod), sky="clear") for aod in (0.1, 0.2))
    ratio = thick["forcing_surface_cs"].mean() / thin["forcing_surface_cs"].mean()
    assert 1.6 < float(ratio) < 2.0


# ---- precision ----------------------------------------------------------------------------------


def rms(errors):
    return float(np.sqrt((errors.values**2).mean()))


def test_a_wanted_error_is_reached():
    found = af.grid_forcing(grid="30x30", months=[4], stderr_target=0.5, seed=3, sky="all")
    assert 0.2 < rms(found["forcing_toa_stderr"]) < 0.5 * 1.15
    assert "forcing_toa_cs" not in found
    tighter = af.grid_forcing(grid="30x30", months=[4], stderr_target=0.25, seed=3, sky="all")
    assert rms(tighter["forcing_toa_stderr"]) < 0.25 * 1.15
    assert tighter.attrs["photons"] > 1.5 * found.attrs["photons"]


def test_samples_follow_the_aerosol():
    """Ten times the aerosol in one half of the map gets about ten times the samples."""
    inputs = aod_field(0.05)
    inputs["aod"][:, 6:] = 0.5
    found = run(inputs, photons=1024, sky="clear")
    # 1024 are for an AOD of 0.1: half as many here, and 5120, in powers of two 4096, there
    assert found.attrs["photons"] == (512 + 4096) / 2
    lit = found["rsdt"].values[0] > 100.0
    relative = (found["forcing_toa_cs_stderr"] / found["aod"]).values[0]
    thin, thick = (np.sqrt(np.nanmean(relative[:, s][lit[:, s]] ** 2)) for s in
                   (slice(0, 6), slice(6, 12)))  # fmt: skip
    assert thin > 2.0 * thick


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"photons": 100, "stderr_target": 1.0}, "photons and stderr_target both"),
        ({"photons": None, "stderr_target": 0.0}, "stderr_target=0.0"),
        ({"photons": None, "stderr_target": -1.0}, "stderr_target=-1.0"),
        ({"photons": 0}, "photons=0"),
        ({"photons": 2.5}, "photons=2.5"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": "a"}, "seed='a'"),
        ({"sky": "blue"}, "sky='blue'.*'both', 'all' or 'clear'"),
        ({"jobs": 0}, "jobs=0"),
        ({"jobs": 1.5}, "jobs=1.5"),
        ({"months": [0]}, "months"),
        ({"months": [2, 2]}, "months"),
        ({"solar_constant": -5.0}, "solar_constant"),
        ({"gas_table": "g113"}, "g113"),
        ({"grid": "T0"}, "T0"),
        ({"inputs": "nowhere.nc"}, "nowhere.nc"),
        ({"inputs": 5}, "Dataset or the path"),
    ],
)
def test_settings_that_cannot_be(change, message):
    with pytest.raises(InputError, match=message):
        run(**change)


def test_a_wrong_seed_is_told_with_a_wanted_error_too():
    with pytest.raises(InputError, match="seed='a'"):
        run(seed="a", photons=None, stderr_target=5.0)


def test_every_cell_reaches_a_wanted_error():
    """Up to what the eight replicates of a cell know of its error, and the pilot of the need."""
    found = af.grid_forcing(grid="30x30", months=[4], stderr_target=0.5, seed=3)
    for sky in ("", "_cs"):
        errors = found[f"forcing_toa{sky}_stderr"].values
        assert rms(found[f"forcing_toa{sky}_stderr"]) < 0.5
        assert np.quantile(errors, 0.95) < 0.75
    assert found.attrs["stderr_target"] == 0.5


@pytest.mark.slow
def test_the_pilot_does_not_bias():
    """Over seeds, the mean with a wanted error is that with many photons."""
    wanted = [
        float(af.global_mean(run(stderr_target=2.0, photons=None, seed=s)).forcing_toa[0])
        for s in range(12)
    ]
    exact = af.global_mean(run(photons=2**13, seed=99)).forcing_toa[0]
    error = np.std(wanted, ddof=1) / np.sqrt(len(wanted))
    assert abs(np.mean(wanted) - float(exact)) < 4.5 * np.hypot(error, 0.02)
