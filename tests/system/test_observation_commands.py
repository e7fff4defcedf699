"""From raw observations to the inputs of a run, by commands alone.

The first tests make small files of known content and always run: retrievals of two satellites with
a gap, a model without one, stations. The last does the same with real files: MODIS/Terra of 2020
goes to T42 by medians, its gaps are filled with MERRA-2 and then with the built-in field, three
AERONET sites in Brazil are assimilated, and the forcing is checked to take the result. The real
files are not part of the package; without them that test is skipped.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers.cf_check import cf_problems

from aeroforcing.cli.main import main
from aeroforcing.core.netcdf import open_input
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import global_mean
from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.observations.station_files import read_stations

GRID = "20x30"
LAT = np.arange(-87.5, 90.0, 5.0)
LON = np.arange(2.5, 360.0, 5.0)
IN_GAP = {"lat": -20.0, "lon": 165.0}
STATION = {"lat": -60.0, "lon": 75.0}  # the centre of a cell of the grid
TABLE = "station,month,lat,lon,elevation,aod,ssa\n"


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    """Runs a command; returns what it prints to the standard output."""

    def run(command: str, *, code: int = 0) -> str:
        capsys.readouterr()
        ended = main(shlex.split(command))
        out, error = capsys.readouterr()
        assert ended == code, error
        return out if code == 0 else error

    return run


def monthly(value, times, *, name):
    """A field on 5 x 5 degrees that is the same everywhere, over some months."""
    shape = (len(times), LAT.size, LON.size)
    coords = {"time": np.array(times, "datetime64[ns]"), "lat": LAT, "lon": LON}
    return xr.DataArray(np.full(shape, value), coords, ("time", "lat", "lon"), name)


def with_gap(field):
    inside = (field["lat"] > -40) & (field["lat"] < 0) & (field["lon"] > 120) & (field["lon"] < 240)
    return field.where(~inside)


@pytest.fixture
def satellites():
    """Terra with 0.1 and Aqua with 0.3, January of two years and July, without the gap."""
    times = ["2001-01-01", "2002-01-01", "2002-07-01"]
    for platform, value in (("MOD08_M3", 0.1), ("MYD08_M3", 0.3)):
        field = monthly(value, times, name="Aerosol_Optical_Depth_Land_Ocean_Mean_Mean")
        with_gap(field).to_netcdf(f"{platform}.nc")
    return "MOD08_M3.nc MYD08_M3.nc"


@pytest.fixture
def model():
    """A model with 0.5 everywhere, more where its SSA is low, in every month of a year."""
    times = [f"2001-{month:02}-01" for month in range(1, 13)]
    aod = monthly(0.5, times, name="TOTEXTTAU")
    aod[:, :, ::2] = 0.7
    scattering = 0.9 * aod
    scattering[:, :, ::2] = 0.8 * 0.7
    xr.Dataset({"TOTEXTTAU": aod, "TOTSCATAU": scattering}).to_netcdf("model.nc")
    return "model.nc"


def prepared(run, satellites, model):
    run(f"prepare modis {satellites} -o primary.nc --grid {GRID}")
    run(f"prepare merra2 {model} -o background.nc --grid {GRID}")


def test_two_satellites_are_pooled_month_by_month(run, satellites):
    printed = run(f"prepare modis {satellites} -o primary.nc --grid {GRID}")
    assert printed == "Monthly climatology of MODIS: aod\n"
    stored = open_input("primary.nc")
    assert stored["aod"].dims == ("time", "lat", "lon")
    seen = stored["aod"].notnull().any(("lat", "lon"))
    assert stored["time"].dt.month.values[seen].tolist() == [1, 7]
    january = stored["aod"][0]
    assert np.isnan(january.sel(IN_GAP)).all()
    np.testing.assert_allclose(january.values[np.isfinite(january)], 0.2, rtol=1e-6)
    assert "median of at least 5 values on 20x30" in stored["aod"].attrs["origin"]
    assert cf_problems(Path("primary.nc"), Path()) == []


def test_one_satellite_alone_needs_enough_values(run, satellites):
    run(f"prepare modis MYD08_M3.nc -o all.nc --grid {GRID} --min-count 24")
    run(f"prepare modis MYD08_M3.nc -o none.nc --grid {GRID} --min-count 25")
    run(f"prepare modis MYD08_M3.nc -o years.nc --grid {GRID} --min-years 2")
    assert float(open_input("all.nc")["aod"].max()) == pytest.approx(0.3)
    assert open_input("none.nc")["aod"].isnull().all()
    years = open_input("years.nc")["aod"]
    assert years.notnull().any(("lat", "lon")).values.tolist() == [True] + 11 * [False]


def test_the_ssa_of_a_model_is_averaged_by_aod(run, model):
    run(f"prepare merra2 {model} -o background.nc --grid 60x120")
    stored = open_input("background.nc")
    np.testing.assert_allclose(stored["aod"], 0.6, rtol=1e-6)
    expected = (0.9 * 0.5 + 0.8 * 0.7) / 1.2
    np.testing.assert_allclose(stored["ssa"], expected, rtol=1e-6)
    np.testing.assert_allclose(stored["aaod"], 0.6 * (1 - expected), rtol=1e-5)


def test_a_gap_is_filled_without_a_step_and_its_source_is_told(run, satellites, model):
    prepared(run, satellites, model)
    printed = run("fill primary.nc background.nc -o filled.nc")
    assert "missing 0" in printed
    stored = open_input("filled.nc")
    january = stored.isel(time=0)
    # The model is 0.4 too high wherever the satellites are, so it is lowered by that in the gap.
    np.testing.assert_allclose(january["aod"], 0.2, atol=2e-3)
    assert int(january["source"].sel(IN_GAP)) == 1
    assert int(january["source"].sel(lat=60, lon=15)) == 0
    # In months that the satellites lack there is nothing to learn from: the model as it is.
    np.testing.assert_allclose(stored["aod"].isel(time=3), 0.6, rtol=1e-6)
    assert stored["source"].attrs["flag_meanings"] == "missing primary background_1"
    assert stored["source"].attrs["flag_values"].tolist() == [-1, 0, 1]
    assert "gaps filled with background.nc" in stored["aod"].attrs["origin"]
    newest, older = stored.attrs["history"].splitlines()
    assert "aeroforcing fill" in newest and "aeroforcing prepare" in older
    assert cf_problems(Path("filled.nc"), Path()) == []


def test_the_method_and_radii_reach_the_fill(run, satellites, model):
    prepared(run, satellites, model)
    run("fill primary.nc background.nc -o near.nc --radii 1e6")
    run("fill primary.nc background.nc -o smooth.nc --method poisson")
    assert open_input("near.nc").attrs["fill_radii"] == 1e6
    assert open_input("smooth.nc").attrs["fill_method"] == "poisson"
    assert float(open_input("near.nc")["aod"][0].sel(IN_GAP)) > 0.3  # out of reach
    assert float(open_input("smooth.nc")["aod"][0].sel(IN_GAP)) == pytest.approx(0.2, abs=1e-3)


@pytest.fixture
def stations():
    lines = [f"Island,{month},-60.0,75.0,10.0,0.4,0.85\n" for month in range(1, 13)]
    Path("sites.csv").write_text(TABLE + "".join(lines))
    return "sites.csv"


def test_a_station_is_assimilated_and_scored(run, model, stations):
    run(f"prepare merra2 {model} -o background.nc --grid {GRID}")
    printed = run(f"assimilate background.nc {stations} -o adjusted.nc")
    assert printed.startswith("aod at 12 cells and months with stations")
    assert "inverse_distance does not beat the background" in printed
    stored = open_input("adjusted.nc")
    np.testing.assert_allclose(stored["aod"].sel(STATION), 0.4, atol=1e-6)
    far = stored["n_stations"] == 0
    np.testing.assert_array_equal(stored["increment"].where(far, 0.0), 0.0)
    assert "adjusted to 1 stations of sites.csv" in stored["aod"].attrs["origin"]
    assert cf_problems(Path("adjusted.nc"), Path()) == []


def test_the_settings_of_the_schemes_reach_them(run, model, stations):
    run(f"prepare merra2 {model} -o background.nc --grid {GRID}")
    run(f"assimilate background.nc {stations} -o all.nc --radius unlimited --quantity ssa")
    everywhere = open_input("all.nc")
    assert (everywhere["n_stations"] == 1).all()
    np.testing.assert_allclose(everywhere["ssa"].sel(STATION), 0.85, atol=1e-6)
    command = f"assimilate background.nc {stations} -o opt.nc --scheme optimal --json"
    scores = json.loads(run(f"{command} --correlation-length 5e5"))
    assert scores["n_samples"] == 12
    assert scores["estimates"]["inverse_distance"]["rmse"] == pytest.approx(0.0, abs=1e-6)
    stored = open_input("opt.nc")
    assert stored.attrs["correlation_length"] == 5e5
    assert float(stored["aod_stderr"].sel(STATION).max()) < float(stored["aod_stderr"].max())
    assert "cell_methods" not in stored["aod_stderr"].attrs
    assert cf_problems(Path("opt.nc"), Path()) == []


def test_errors_taper_and_terrain_reach_the_schemes(run, model, stations):
    run(f"prepare merra2 {model} -o background.nc --grid {GRID}")
    command = f"assimilate background.nc {stations} --overwrite -o x.nc"
    run(f"{command} --taper 0.25 --radius 4e6 --power 2")
    stored = open_input("x.nc")
    names = ("taper", "radius", "power")
    assert [stored.attrs[f"assimilation_{name}"] for name in names] == [0.25, 4e6, 2.0]
    run(f"{command} --scheme optimal --background-error 0.3 --observation-error 0.1")
    stored = open_input("x.nc")
    combined = 0.3 * 0.1 / np.hypot(0.3, 0.1)
    assert float(stored["aod_stderr"].sel(STATION)[0]) == pytest.approx(combined, rel=1e-6)
    Path(stations).write_text(Path(stations).read_text().replace(",10.0,", ",2500.0,"))
    assert "no station has aod" in run(command, code=2)
    run(f"{command} --max-elevation unlimited")
    assert open_input("x.nc").attrs["max_elevation_difference"] == "unlimited"
    run(f"{command} --max-elevation 2600")


def test_files_may_stand_between_the_options(run, satellites, model, stations):
    run(f"prepare modis --grid {GRID} {satellites} -o primary.nc")
    first, second = satellites.split()
    run(f"prepare modis {first} -o split.nc {second} --grid {GRID}")
    run(f"prepare -o background.nc merra2 --grid {GRID} {model}")
    np.testing.assert_array_equal(open_input("split.nc")["aod"], open_input("primary.nc")["aod"])
    run("fill primary.nc -o filled.nc background.nc")
    run("fill primary.nc background.nc -o plain.nc")
    np.testing.assert_array_equal(open_input("filled.nc")["aod"], open_input("plain.nc")["aod"])
    run(f"assimilate filled.nc -o adjusted.nc {stations} --radius 1e6")
    assert open_input("adjusted.nc").attrs["assimilation_radius"] == 1e6


def test_stations_survive_a_table_and_a_netcdf_file(run):
    run("prepare aeronet aeronet_monthly_sample.csv -o sites.nc")
    run("prepare aeronet aeronet_monthly_sample.csv -o sites.csv")
    run("prepare aeronet sites.csv -o again.csv")
    first, second = read_stations("sites.nc"), read_stations("sites.csv")
    assert first["station"].values.tolist() == second["station"].values.tolist()
    for name in ("aod", "angstrom", "n_days", "lat", "lon"):
        expected = second[name].transpose(*first[name].dims)
        np.testing.assert_allclose(first[name], expected, rtol=1e-6)
    xr.testing.assert_equal(read_stations("again.csv"), second)
    assert Path("sites.csv").read_text().splitlines()[0].endswith("-o sites.csv")
    assert cf_problems(Path("sites.nc"), Path()) == []


def test_the_inputs_that_are_written_are_the_inputs_of_a_run(run):
    printed = run("inputs -o inputs.nc --grid 20x30 --months 1,7")
    assert "built-in: Tegen" in printed
    first = run("grid -q -o a.nc --grid 20x30 --months 1,7 --photons 8 --json")
    second = run("grid inputs.nc -q -o b.nc --grid native --months 1,7 --photons 8 --json")
    assert json.loads(first) == json.loads(second)
    a, b = open_input("a.nc"), open_input("b.nc")
    for name in a.data_vars:
        np.testing.assert_array_equal(a[name], b[name])
    assert "aod: inputs.nc, variable aod (built-in: Tegen" in b.attrs["inputs"]
    assert cf_problems(Path("inputs.nc"), Path()) == []


def test_the_inputs_hold_absorption_beside_scattering(run):
    run("inputs -o inputs.nc --grid 20x30 --months 1")
    stored = open_input("inputs.nc")
    expected = (1 - stored["ssa"]) * stored["aod"]
    np.testing.assert_array_equal(stored["aaod"], expected)
    assert stored["aaod"].attrs["standard_name"].startswith("atmosphere_absorption")
    assert "absorption_angstrom" in stored


def test_single_variables_and_stations_go_into_a_run(run, satellites, model, stations):
    prepared(run, satellites, model)
    run("fill primary.nc background.nc -o filled.nc")
    chosen = f"--aod filled.nc --ssa background.nc --aeronet {stations} --grid native --months 1"
    dry = run(f"grid --dry-run {chosen}")
    assert "aod: filled.nc, variable aod" in dry
    assert dry.count("adjusted to 1 stations of sites.csv") == 2
    run(f"inputs -o inputs.nc {chosen}")
    inputs = open_input("inputs.nc").isel(time=0)
    np.testing.assert_allclose(inputs["aod"].sel(STATION), 0.4, atol=1e-6)
    np.testing.assert_allclose(inputs["ssa"].sel(STATION), 0.85, atol=1e-6)
    np.testing.assert_allclose(inputs["aod"].sel(lat=60, lon=225), 0.2, rtol=1e-6)
    expected = builtin_inputs(GRID, months=[1])["asymmetry"].isel(month=0)
    np.testing.assert_array_equal(inputs["asymmetry"], expected)
    run(f"grid {chosen} -o forcing.nc --photons 8 -q")
    forcing = open_input("forcing.nc")
    np.testing.assert_allclose(forcing["aod"].isel(time=0), inputs["aod"], rtol=1e-6)
    assert "adjusted to 1 stations" in forcing.attrs["inputs"]
    assert "the given dataset" not in forcing.attrs["inputs"]


def test_every_file_is_made_again_from_itself(run, satellites, model):
    prepared(run, satellites, model)
    run("fill primary.nc background.nc -o a.nc --radii 2e6,1e6")
    run("fill --config a.nc -o b.nc")
    np.testing.assert_array_equal(open_input("a.nc")["aod"], open_input("b.nc")["aod"])
    run("prepare --config primary.nc -o again.nc")
    xr.testing.assert_equal(open_input("primary.nc"), open_input("again.nc"))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("prepare modis -o x.nc", "no file to read"),
        ("prepare modis nowhere.nc -o x.nc", "nowhere.nc: there is no such file"),
        ("prepare aeronet sites.csv --grid T21 -o x.nc", "--grid does not apply to aeronet"),
        ("prepare merra2 sites.csv --min-count 3 -o x.nc", "--min-count does not apply"),
        ("prepare merra2 sites.csv -o x.nc", "not a netCDF file"),
        ("fill model.nc -o x.nc", "at least one background"),
        ("fill sites.csv model.nc -o x.nc", "sites.csv: not a netCDF file"),
        ("fill model.nc model.nc --quantity ssa -o x.nc", "model.nc: holds no ssa, but aod"),
        ("fill model.nc model.nc --radii 1e6,2e6 -o x.nc", "smaller than the one before"),
        ("assimilate model.nc -o x.nc", "a file of stations"),
        ("assimilate model.nc model.nc -o x.nc", "no dimension station"),
        ("assimilate model.nc sites.csv -o no/x.nc", "does not exist"),
        ("inputs --ssa model.nc --months 1 -o x.nc", "model.nc: holds no ssa, but aod"),
        ("inputs --aeronet nowhere.csv -o x.nc", "nowhere.csv: there is no such file"),
        ("inputs -o sites.csv", "sites.csv: the file exists"),
        ("prepare aeronet sites.csv -o sites.csv", "sites.csv: the file exists"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_file(run, stations, command, message):
    field = builtin_inputs(GRID, months=[1])[["aod"]]
    field.to_netcdf("model.nc")
    before = sorted(Path().iterdir())
    assert message in run(command, code=2)
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize("verb", ["inputs", "prepare", "fill", "assimilate"])
def test_the_examples_of_the_help_run(run, verb, capsys):
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    examples = capsys.readouterr().out.rstrip().splitlines()[-2:]
    if verb in ("fill", "assimilate"):
        run("inputs -o inputs.nc --grid T21")
        run("prepare aeronet aeronet_monthly_sample.csv -o sites.nc")
    for example in examples:
        run(example.strip().removeprefix("aeroforcing "))


# ---- on real files ------------------------------------------------------------------------------


def real_files(shared):
    """MODIS/Terra of 2020 and MERRA-2 of years without a great eruption, cut out of the files."""
    modis = shared("data/aerosol/modis_terra_neo_aod_201912_202012_1deg.nc")
    merra = shared("data/aerosol/merra2_total_aod_1986_1995_7p5deg.nc")
    with xr.open_dataset(modis) as opened:
        opened.sel(time="2020").to_netcdf("MOD08_2020.nc")
    with xr.open_dataset(merra) as opened:
        opened[["TOTEXTTAU"]].sel(time=slice("1986", "1990")).to_netcdf("merra2.nc")
    return [str(path) for path in sorted(shared("data/aeronet").glob("*.zip"))]


def test_real_observations_become_the_inputs_of_a_run(run, shared):
    """MODIS sees three fifths of the cells and months; everything else comes from MERRA-2."""
    sites = " ".join(shlex.quote(path) for path in real_files(shared))
    run("prepare modis MOD08_2020.nc -o modis.nc")
    run("prepare merra2 merra2.nc -o merra.nc")
    run(f"prepare aeronet {sites} -o sites.nc")
    run("inputs -o builtin.nc")
    printed = run("fill modis.nc merra.nc builtin.nc -o filled.nc")
    assert "missing 0" in printed
    modis, filled = open_input("modis.nc")["aod"], open_input("filled.nc")
    seen = modis.notnull()
    assert 0.55 < float(seen.mean()) < 0.65
    np.testing.assert_array_equal(filled["aod"].values[seen], modis.values[seen])
    np.testing.assert_array_equal(filled["source"].values == 0, seen.values)
    assert 0.12 < float(global_mean(filled["aod"]).mean()) < 0.16

    printed = run("assimilate filled.nc sites.nc -o adjusted.nc")
    assert "inverse_distance does not beat the background" in printed
    adjusted = open_input("adjusted.nc")
    brazil = {"lat": -22.41, "lon": 360 - 45.45}
    assert float(abs(adjusted["increment"].sel(brazil, method="nearest")).max()) > 0.01
    europe = {"lat": slice(35, 70), "lon": slice(0, 40)}
    assert float(abs(adjusted["increment"].sel(europe)).max()) == 0.0

    dry = run("grid --aod filled.nc --aeronet sites.nc --dry-run")
    assert "aod: filled.nc, variable aod" in dry
    assert "adjusted to 3 stations of sites.nc" in dry
    assert "missing" not in dry.splitlines()[1]
    run("inputs --aod filled.nc --aeronet sites.nc -o inputs.nc")
    inputs = open_input("inputs.nc")["aod"]
    np.testing.assert_allclose(inputs, adjusted["aod"], atol=2e-6)
    assert inputs.shape[1:] == tuple(gaussian_grid("T42").sizes[d] for d in ("lat", "lon"))
