"""Inputs chunk by chunk are the parts of the inputs of the whole, bit for bit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.inputs import by_chunk
from aeroforcing.inputs.builtin.fields import at_points, builtin_inputs, builtin_with
from aeroforcing.inputs.by_chunk import checked, open_run_inputs
from aeroforcing.inputs.resolve import provenance, resolve_inputs

MONTHS = (1, 7)


def fields(grid="45x60", months=(1, 4, 7), **variables):
    """AOD and more on a grid, differing from cell to cell, with gaps in the AOD."""
    axes = gaussian_grid(grid)
    shape = (len(months), axes.sizes["lat"], axes.sizes["lon"])
    rng = np.random.default_rng(5)
    aod = rng.uniform(0.05, 0.6, shape)
    aod[:, -1, 3] = np.nan
    data = {"aod": aod, "ssa": rng.uniform(0.85, 1.0, shape), **variables}
    return xr.Dataset(
        {name: (("month", "lat", "lon"), values) for name, values in data.items()},
        {"month": list(months), "lat": axes.lat, "lon": axes.lon},
    )


def with_air(dataset):
    """The same with a state of the atmosphere on three levels, and a gap in it."""
    dims = ("month", "plev", "lat", "lon")
    shape = (dataset.sizes["month"], 3, dataset.sizes["lat"], dataset.sizes["lon"])
    rng = np.random.default_rng(6)
    temperature = rng.uniform(220.0, 300.0, shape)
    temperature[0, 1, 2, 0] = np.nan
    return dataset.assign(
        ta=(dims, temperature, {"units": "K"}),
        hus=(dims, rng.uniform(0.0, 0.01, shape), {"units": "1"}),
        ps=(dataset.aod.dims, rng.uniform(9e4, 1e5, dataset.aod.shape), {"units": "Pa"}),
    ).assign_coords(plev=("plev", [200.0, 500.0, 850.0], {"units": "hPa"}))


def turned(dataset):
    """The same with descending latitudes, longitudes from -180, and dimensions upside down."""
    lon = (dataset.lon + 180.0) % 360.0 - 180.0
    return dataset.isel(lat=slice(None, None, -1)).assign_coords(lon=lon).transpose()


@pytest.fixture
def in_parts(monkeypatch):
    """Make only two rows of the map at once, and keep files open."""
    monkeypatch.setattr(by_chunk, "WHOLE_CELLS", 12)
    monkeypatch.setattr(by_chunk, "IN_MEMORY_BYTES", 0)


def run_of(inputs, **options):
    return open_run_inputs(inputs, **({"months": MONTHS, "grid": None} | options))


def same(part, whole, chunk, layout):
    expected = whole.isel({"month": chunk.steps, **layout.place_of(chunk)}, missing_dims="ignore")
    return part.drop_attrs().equals(expected.drop_attrs())


CASES = {
    "built in": (None, {"grid": "45x60"}),
    "own grid": (fields(), {}),
    "own grid, turned": (turned(fields()), {}),
    "another grid": (fields("20x20"), {"grid": "45x60"}),
    "filled": (fields(), {"fill_missing": True}),
    "clouds": (fields(cloud_fraction=np.full((3, 4, 6), 0.4)), {}),
    "atmosphere": (turned(with_air(fields())), {}),
    "atmosphere of another grid, filled": (
        with_air(fields("20x20")),
        {"grid": "45x60", "fill_missing": True},
    ),
    "other optics": (None, {"grid": "45x60", "optics": "merra2"}),
    "no months": (fields(months=(1,)).isel(month=0, drop=True), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_chunks_are_parts_of_the_whole(in_parts, case):
    inputs, options = CASES[case]
    run = run_of(inputs, **options)
    assert run.made is None
    whole = resolve_inputs(inputs, months=MONTHS, **({"grid": None} | options))
    for cells, number in ((1, 0), (1, -1), (12, 1)):
        chunk = run.layout.chunks(cells)[number]
        assert same(run.fields(chunk), whole, chunk, run.layout)
    assert checked(run) == provenance(whole)


def test_few_cells_are_made_at_once():
    run = run_of(fields())
    assert run.made is not None
    assert provenance(run.made) == checked(run)
    chunk = run.layout.chunks(12)[3]
    assert same(run.fields(chunk), resolve_inputs(fields(), months=MONTHS, grid=None), chunk,
                run.layout)  # fmt: skip


# ---- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["NETCDF4", "NETCDF3_64BIT"])
def test_a_large_file_is_read_in_parts(in_parts, tmp_path, form):
    engine = "netcdf4" if form == "NETCDF4" else "scipy"
    turned(fields()).to_netcdf(tmp_path / "in.nc", format=form, engine=engine)
    run = run_of(tmp_path / "in.nc")
    assert not run.given["aod"].variable._in_memory
    whole = resolve_inputs(tmp_path / "in.nc", months=MONTHS, grid=None)
    chunk = run.layout.chunks(12)[1]
    assert same(run.fields(chunk), whole, chunk, run.layout)
    assert not run.given["aod"].variable._in_memory
    sent = pickle.loads(pickle.dumps(run))
    assert same(sent.fields(chunk), whole, chunk, run.layout)


def test_a_small_file_is_read_and_closed(tmp_path):
    fields().to_netcdf(tmp_path / "in.nc")
    run = run_of(tmp_path / "in.nc")
    (tmp_path / "in.nc").unlink()
    assert run.fields(run.layout.whole)["aod"].notnull().any()


def test_unknown_variables_are_not_read(tmp_path):
    fields().assign(huge=("x", np.zeros(10))).to_netcdf(tmp_path / "in.nc")
    assert set(run_of(tmp_path / "in.nc").given) == {"aod", "ssa"}


def test_a_wrong_value_is_found_before_the_run(in_parts):
    wrong = fields()
    wrong["ssa"][2, 3, 3] = 1.5
    with pytest.raises(InputError, match=r"ssa is out of range in 1 of .* lat=67.5, lon=210"):
        checked(run_of(wrong))


# ---- constants ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fill_missing", [False, True])
def test_an_input_that_is_missing_everywhere_is_refused(in_parts, fill_missing):
    """In parts and as a whole; what has one value somewhere is taken."""
    empty = fields(aod=fields()["aod"].values * np.nan)
    message = r"input aod .* missing in all of its \d+ values"
    run = run_of(empty, grid="45x60", months=[1, 4, 7], fill_missing=fill_missing)
    with pytest.raises(InputError, match=message):
        checked(run)
    with pytest.raises(InputError, match=message):
        resolve_inputs(empty, grid="45x60", months=[1, 4, 7], fill_missing=fill_missing)
    empty["aod"][-1, 0, 0] = 0.1
    assert checked(run_of(empty, grid="45x60", months=[1, 4, 7], fill_missing=fill_missing))


def test_altitude_by_month_counts_with_its_mean():
    altitude = np.stack([np.full((4, 6), height) for height in (100.0, 900.0, 300.0)])
    run = run_of(fields(surface_altitude=altitude))
    assert (run.made["surface_altitude"] == 200.0).all()


# ---- a series -----------------------------------------------------------------------------------


def series(periods=4, freq="MS", **variables):
    months = fields(months=range(1, periods + 1), **variables)
    dates = xr.date_range("2004-11-01", periods=periods, freq=freq, use_cftime=True)
    return months.rename(month="time").assign_coords(time=dates)


@pytest.mark.parametrize("times_of_year", [range(1, 13), [1]])
def test_a_series_has_its_own_steps(in_parts, times_of_year):
    given = series()
    run = run_of(given, times="input", months=times_of_year)
    wanted = np.isin(given.time.dt.month, times_of_year)
    assert run.layout.steps.size == wanted.sum()
    whole = run.fields(run.layout.whole)
    assert np.array_equal(whole["aod"], given["aod"][wanted], equal_nan=True)
    builtin = builtin_inputs("45x60")
    for step in (0, -1):
        month = run.layout.steps.month[step]
        for name in ("cloud_fraction", "surface_albedo", "aerosol_profile"):
            assert np.array_equal(whole[name].isel(month=step), builtin[name].sel(month=month))
    chunk = run.layout.chunks(12)[1]
    assert same(run.fields(chunk), whole, chunk, run.layout)
    count = f"{wanted.sum()} of {24 * wanted.sum()} cells missing"
    assert checked(run)[0] == f"aod: the given dataset, variable aod; {count}"


def test_a_series_without_wanted_months_is_refused():
    with pytest.raises(InputError, match="no time step in the months 7"):
        run_of(series(), times="input", months=[7])


def test_altitude_must_not_vary_in_time():
    wrong = series(3, surface_altitude=np.zeros((3, 4, 6)))
    with pytest.raises(InputError, match="surface_altitude must not vary in time"):
        run_of(wrong, times="input", months=range(1, 13))


def test_built_in_inputs_have_no_time_steps():
    with pytest.raises(InputError, match="times='input' asks for the time steps of inputs"):
        run_of(None, times="input")


def test_other_times_are_refused():
    with pytest.raises(InputError, match="times='weeks'"):
        run_of(fields(), times="weeks")


# ---- points -------------------------------------------------------------------------------------


def points(count=40, dim="ncells", **attrs):
    rng = np.random.default_rng(8)
    coords = {
        "latitude": (dim, rng.uniform(-89.0, 89.0, count)),
        "longitude": (dim, rng.uniform(-180.0, 180.0, count)),
        "month": [1, 4, 7],
    }
    aod = rng.uniform(0.0, 0.5, (3, count))
    aod[1:, 5] = np.nan
    return xr.Dataset({"aod": (("month", dim), aod, attrs)}, coords)


@pytest.mark.parametrize("dim", ["ncells", "cell"])
def test_points_keep_their_places(in_parts, dim):
    given = points(dim=dim)
    run = run_of(given)
    assert run.layout.are_points
    assert run.layout.map_shape == (40,)
    assert np.array_equal(run.layout.places["lat"], given["latitude"])
    assert run.layout.places["lon"].values == pytest.approx(given["longitude"].values % 360.0)
    whole = run.fields(run.layout.whole)
    assert whole["aod"].dims == ("month", "cell")
    assert np.array_equal(whole["aod"], given["aod"].sel(month=[1, 7]), equal_nan=True)
    chunk = run.layout.chunks(7)[3]
    assert same(run.fields(chunk), whole, chunk, run.layout)


def test_missing_points_are_counted():
    assert checked(run_of(points()))[0].endswith("variable aod; 1 of 80 cells missing")


def test_points_have_the_built_in_values_of_their_degree():
    places = xr.Dataset(
        coords={"lat": ("cell", [21.3, -90.0, 90.0]), "lon": ("cell", [0.2, 359.9, 180])}
    )
    found = at_points(builtin_with("chung2012"), places, months=[7])
    degree = builtin_inputs("1x1", months=[7])
    for cell, (row, column) in enumerate([(111, 0), (0, 359), (179, 180)]):
        for name in ("aod", "aerosol_profile", "surface_altitude", "cloud_fraction"):
            expected = degree[name].isel(lat=row, lon=column)
            assert np.array_equal(found[name].isel(cell=cell), expected)
    assert found["cloud_base"].dims == ("cloud_type", "lat")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda d: d, {"grid": "T42"}, "points without a grid, which stay where they are"),
        (
            lambda d: d.assign_coords(latitude=d.latitude.where(d.latitude < 80, 91.0)),
            {},
            "coordinate lat is out of range or missing in .* of 40 points, first at index .* 91",
        ),
        (
            lambda d: d.assign_coords(longitude=d.longitude.where(d.longitude > -150)),
            {},
            "coordinate lon is out of range or missing",
        ),
        (
            lambda d: d.assign_coords(latitude=d.latitude.astype(str)),
            {},
            "coordinate lat does not hold numbers",
        ),
        (
            lambda d: d.assign(
                cloud_base=(("cloud_type", "ncells"), np.ones((7, 40))),
            ),
            {},
            "cloud_base must be one value for each cloud_type",
        ),
        (lambda d: d.drop_vars("longitude"), {}, "axis among the dimensions"),
    ],
)
def test_points_that_cannot_be_used(change, options, message):
    with pytest.raises(InputError, match=message):
        run_of(change(points()), **options)
