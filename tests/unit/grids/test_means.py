"""Averages of intensive properties are weighted with what they belong to."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import averaged, on_grid
from aeroforcing.optics.mixtures import external_mixture

QUICK = settings(deadline=None, max_examples=40)
AMOUNTS = arrays(float, 5, elements=st.floats(1e-3, 2.0))
SHARES = arrays(float, 5, elements=st.floats(0.05, 1.0))


def over_x(dataset):
    return dataset.mean("x")


@QUICK
@given(AMOUNTS, SHARES, SHARES)
def test_means_are_those_of_the_mixture_of_the_cells(aod, ssa, asymmetry):
    cells = xr.Dataset({"aod": ("x", aod), "ssa": ("x", ssa), "asymmetry": ("x", asymmetry)})
    mean = averaged(cells, over_x, over=("x",))
    mixture = external_mixture(cells.aod, cells.ssa, cells.asymmetry, dim="x")
    assert float(mean.aod) == pytest.approx(float(mixture.aod) / 5)
    assert float(mean.ssa) == pytest.approx(float(mixture.ssa), rel=1e-12)
    assert float(mean.asymmetry) == pytest.approx(float(mixture.asymmetry), rel=1e-12)


@QUICK
@given(AMOUNTS, SHARES)
def test_exponents_are_weighted_with_extinction_and_absorption(aod, ssa):
    exponents = np.linspace(-0.5, 2.0, 5)
    cells = xr.Dataset({"aod": ("x", aod), "ssa": ("x", ssa)})
    cells = cells.assign(angstrom=("x", exponents), coalbedo_angstrom=("x", exponents))
    mean = averaged(cells, over_x, over=("x",))
    assert float(mean.angstrom) == pytest.approx(aod @ exponents / aod.sum())
    absorption = aod * (1 - ssa)
    if absorption.sum() > 0:
        expected = absorption @ exponents / absorption.sum()
        assert float(mean.coalbedo_angstrom) == pytest.approx(expected)


def test_missing_values_are_left_out_with_their_weight():
    cells = xr.Dataset({"aod": ("x", [1.0, 3.0, 2.0]), "ssa": ("x", [0.8, np.nan, 0.9])})
    mean = averaged(cells, over_x, over=("x",))
    assert float(mean.ssa) == pytest.approx((0.8 + 2 * 0.9) / 3)
    assert float(mean.aod) == 2.0


def test_without_aerosol_the_mean_is_plain():
    cells = xr.Dataset({"aod": ("x", [0.0, 0.0]), "ssa": ("x", [0.8, 0.9])})
    assert float(averaged(cells, over_x, over=("x",)).ssa) == pytest.approx(0.85)


def test_variables_that_are_not_averaged_stay_as_they_are():
    cells = xr.Dataset({"aod": ("x", [0.1, 0.3]), "ssa": 0.9, "angstrom": ("y", [1.0, 2.0])})
    mean = averaged(cells, over_x, over=("x",))
    assert float(mean.ssa) == 0.9
    xr.testing.assert_identical(mean.angstrom, cells.angstrom)


def field(name, grid, value):
    shape = (grid.sizes["lat"], grid.sizes["lon"])
    coords = {"lat": grid["lat"], "lon": grid["lon"]}
    return xr.DataArray(np.full(shape, value), coords, ("lat", "lon"), name)


def test_a_dataset_on_the_grid_is_not_changed():
    grid = gaussian_grid("T21")
    rounded = grid.assign_coords(lat=grid["lat"].astype("f4"))
    aod = field("aod", rounded, 0.1) + np.random.default_rng(1).random((32, 64))
    moved = on_grid(aod.rename("aod").to_dataset(), grid)
    np.testing.assert_array_equal(moved["aod"], aod)
    xr.testing.assert_equal(moved["lat"].variable, grid["lat"].variable)


def test_a_table_by_latitude_is_interpolated_and_a_flag_stays_one():
    source, target = gaussian_grid("10x30"), gaussian_grid("4x30")
    heights = 1000.0 + 10.0 * source["lat"].values
    tables = xr.Dataset(
        {
            "aod": field("aod", source, 0.1),
            "cloud_base": (("cloud_type", "lat"), heights[None]),
            "cloud_filled": ("lat", (np.abs(source["lat"].values) > 60).astype("i1")),
        }
    )
    moved = on_grid(tables, target)
    inside = np.clip(target["lat"].values, -85, 85)
    np.testing.assert_allclose(moved["cloud_base"][0], 1000.0 + 10.0 * inside)
    assert set(np.unique(moved["cloud_filled"])) == {0, 1}
