"""Maps of dask arrays: nothing is computed before it is asked for, and then the same bits."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import aeroforcing as af
from aeroforcing.core.errors import InputError

dask = pytest.importorskip("dask")

OPTIONS = {"photons": 8, "seed": 2, "months": [1, 7]}


def inputs(*, points=False):
    grid = af.gaussian_grid("45x60")
    rng = np.random.default_rng(1)
    aod = rng.uniform(0.05, 0.4, (3, 4, 6))
    aod[1, 2, 2] = np.nan
    dataset = xr.Dataset(
        {"aod": (("month", "lat", "lon"), aod), "ssa": (("lat", "lon"), 0.9 + 0.1 * aod[0])},
        {"month": [1, 4, 7], "lat": grid.lat, "lon": grid.lon},
    )
    return dataset.stack(cell=("lat", "lon")).reset_index("cell") if points else dataset


def turned(dataset):
    lon = (dataset.lon + 180.0) % 360.0 - 180.0
    return dataset.isel(lat=slice(None, None, -1)).assign_coords(lon=lon).sortby("lon")


def series(dataset):
    dates = xr.date_range("2005-01-01", periods=3, freq="6h", use_cftime=True)
    return dataset.rename(month="time").assign_coords(time=dates)


CASES = {
    "one chunk": (inputs(), {}, {"grid": None}),
    "steps": (inputs(), {"month": 1}, {"grid": None}),
    "places": (inputs(), {"lat": (1, 3), "lon": 4}, {"grid": None}),
    "turned": (turned(inputs()), {"month": 2, "lat": (1, 3), "lon": (2, 4)}, {"grid": None}),
    "another grid": (inputs(), {"month": 1, "lat": 2}, {"grid": "60x60"}),
    "a series": (series(inputs()), {"time": 2, "lat": 2}, {"grid": None, "times": "input"}),
    "points": (inputs(points=True), {"month": 2, "cell": 10}, {"grid": None}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_lazy_map_has_the_same_bits(case):
    given, chunks, options = CASES[case]
    eager = af.grid_forcing(given, **OPTIONS, **options)
    lazy = af.grid_forcing(given.chunk(chunks), **OPTIONS, **options)
    assert all(lazy[name].chunks for name in ("forcing_toa", "rsut_stderr", "aod"))
    computed = lazy.compute()
    assert set(computed.variables) == set(eager.variables)
    for name in eager.variables:
        assert computed[name].attrs == eager[name].attrs
        assert computed[name].identical(eager[name]), name


def test_nothing_is_computed_before_it_is_asked_for():
    def fail(*_, **__):
        raise AssertionError("a value was asked for")

    lazy = inputs().chunk(lat=2).map_blocks(fail, template=inputs().chunk(lat=2))
    forcing = af.grid_forcing(lazy, **OPTIONS, grid=None)
    assert forcing["forcing_toa"].shape == (2, 4, 6)
    assert forcing["forcing_toa"].attrs["units"] == "W m-2"
    assert forcing.attrs["seed"] == 2
    assert "aod, ssa: the given dataset, in chunks" in forcing.attrs["inputs"]
    assert "missing_cells" not in forcing.attrs
    with pytest.raises(AssertionError, match="asked for"):
        forcing["forcing_toa"].compute()


def test_chunks_are_those_of_the_input():
    lazy = af.grid_forcing(inputs().chunk(month=2, lat=(1, 3), lon=3), **OPTIONS, grid=None)
    assert lazy["forcing_toa"].chunks == ((1, 1), (1, 3), (3, 3))
    other = af.grid_forcing(inputs().chunk(month=1, lat=1), **OPTIONS, grid="60x60")
    assert other["forcing_toa"].chunks == ((1, 1), (3,), (6,))


def test_all_variables_come_from_one_task_for_each_chunk():
    lazy = af.grid_forcing(inputs().chunk(lat=2), **OPTIONS, grid=None)
    graph = dict(lazy.__dask_graph__())
    assert sum("_solve" in str(key) for key in graph) == 2


def test_wrong_values_are_found_when_they_are_computed():
    wrong = inputs()
    wrong["ssa"][3, 4] = 1.5
    lazy = af.grid_forcing(wrong.chunk(lat=2), **OPTIONS, grid=None)
    lazy["forcing_toa"].isel(lat=slice(0, 2)).compute()
    with pytest.raises(InputError, match="ssa is out of range in 1 of 12 cells"):
        lazy["forcing_toa"].compute()


def test_a_wanted_error_is_reached_chunk_by_chunk():
    options = {"months": [1], "grid": None, "stderr_target": 1.0}
    lazy = af.grid_forcing(inputs().chunk(lat=2), **options)
    whole = af.grid_forcing(inputs(), **options)
    assert (lazy["forcing_toa"].compute().values == whole["forcing_toa"].values).all()


def test_chunks_can_be_saved(tmp_path):
    af.save_grid_forcing(tmp_path / "lazy.nc", inputs().chunk(lat=2), **OPTIONS, grid=None)
    af.save_grid_forcing(tmp_path / "eager.nc", inputs(), **OPTIONS, grid=None)
    lazy, eager = (xr.open_dataset(tmp_path / f"{name}.nc") for name in ("lazy", "eager"))
    xr.testing.assert_equal(lazy, eager)
