"""Means over land, ocean and hemispheres."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from helpers.forcing_samples import sample_forcing

from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.grids.regions import REGIONS, land_fraction, region_means, region_shares

FORCING = sample_forcing()


@pytest.mark.parametrize("name", ["T21", "T42", "10x15", "5x5"])
def test_regions_share_out_the_globe(name):
    grid = gaussian_grid(name)
    shares = region_shares(grid)
    assert list(shares["region"].values) == list(REGIONS)
    xr.testing.assert_allclose(shares.sel(region="global", drop=True), grid["area"])
    for pair in (["land", "ocean"], ["northern hemisphere", "southern hemisphere"]):
        parts = shares.sel(region=pair)
        assert (parts >= 0.0).all()
        np.testing.assert_allclose(parts.sum("region"), grid["area"], rtol=1e-12)
    total = shares.sum(["lat", "lon"])
    halves = total.sel(region=["northern hemisphere", "southern hemisphere"])
    np.testing.assert_allclose(halves, float(grid["area"].sum()) / 2, rtol=1e-12)
    land = float(total.sel(region="land") / total.sel(region="global"))
    assert land == pytest.approx(0.292, abs=0.01)  # of the Earth


def test_a_row_on_the_equator_is_shared_by_the_hemispheres():
    lat, lon = np.arange(-80.0, 81.0, 20.0), np.arange(10.0, 360.0, 20.0)
    grid = xr.Dataset(coords={"lat": lat, "lon": lon})
    shares = region_shares(grid)
    row = shares.sel(lat=0.0, lon=10.0)
    assert float(row.sel(region="northern hemisphere")) == pytest.approx(
        float(row.sel(region="global")) / 2
    )


def test_land_is_where_it_is():
    land = land_fraction(gaussian_grid("T42"))
    for lat, lon, share in ((23.0, 15.0, 1.0), (0.0, 200.0, 0.0), (-85.0, 90.0, 1.0)):
        assert float(land.sel(lat=lat, lon=lon, method="nearest")) == pytest.approx(share, abs=0.01)


def test_the_globe_is_that_of_the_global_mean():
    means = region_means(FORCING)["global"]
    expected = annual_mean(global_mean(FORCING.drop_vars("climatology_bnds")))
    for name in ("forcing_toa", "forcing_surface_cs", "aod"):
        assert means[name]["mean"] == pytest.approx(float(expected[name]), rel=1e-12)
    error = float(expected["forcing_toa_stderr"])
    assert means["forcing_toa"]["stderr"] == pytest.approx(error, rel=1e-12)
    assert "stderr" not in means["aod"]


def test_a_region_is_the_mean_of_its_cells():
    land = land_fraction(gaussian_grid("T21"))
    field = (2.0 * land + 5.0).rename("aod").to_dataset()
    means = region_means(field)
    area = gaussian_grid("T21")["area"]
    expected = float((field["aod"] * area * land).sum() / (area * land).sum())
    assert means["land"]["aod"]["mean"] == pytest.approx(expected, rel=1e-12)
    assert means["ocean"]["aod"]["mean"] < means["land"]["aod"]["mean"]


def test_intensive_properties_are_weighted_and_gaps_left_out():
    gap = FORCING["lat"] < -50
    dataset = FORCING[["aod", "ssa"]].where(~gap)
    means = region_means(dataset)["northern hemisphere"]
    assert means["ssa"]["mean"] == pytest.approx(
        region_means(FORCING[["aod", "ssa"]])["northern hemisphere"]["ssa"]["mean"], rel=1e-12
    )
    area = gaussian_grid("T21")["area"]
    annual = annual_mean(
        xr.Dataset({"product": FORCING["aod"] * FORCING["ssa"], "aod": FORCING["aod"]})
    )
    north = (FORCING["lat"] > 0) * area
    expected = float((annual["product"] * north).sum() / (annual["aod"] * north).sum())
    assert means["ssa"]["mean"] == pytest.approx(expected, rel=1e-12)
