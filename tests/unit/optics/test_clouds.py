"""Cloud types, cloud optics and built-in amounts."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from aeroforcing.core import resources
from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.inputs.builtin.clouds import PLATEAU_COVER, TROPICAL_FACTOR, builtin_clouds
from aeroforcing.optics.clouds import (
    CLOUD_TYPES,
    cloud_band_optics,
    cloud_optical_depth,
    reference_band,
    tropopause_height,
)


@pytest.fixture(scope="module")
def clouds():
    return builtin_clouds(grid=gaussian_grid("T42"))


def test_tropopause_from_pole_to_equator():
    assert tropopause_height(np.array([-90.0, 0.0, 90.0])) == pytest.approx([9e3, 17e3, 9e3])


@given(st.floats(-90, 90))
def test_clouds_lie_below_the_tropopause_and_have_depth(lat):
    for cloud in CLOUD_TYPES:
        base, top = cloud.base.at(np.array(lat)), cloud.top.at(np.array(lat))
        assert 0 < base < top < tropopause_height(np.array(lat))


def test_550_nm_lies_in_the_band_of_441_to_625_nm():
    assert reference_band() == 10


@pytest.mark.parametrize("phase", ["liquid", "ice"])
@pytest.mark.parametrize("radius", [5.0, 10.5, 21.5])
def test_band_optics_are_physical(phase, radius):
    optics = cloud_band_optics(phase, effective_radius=radius)
    assert all(part.shape == (14,) for part in optics)
    assert optics.extinction[reference_band()] == 1.0
    assert optics.extinction == pytest.approx(np.ones(14), abs=0.5)
    assert np.all((optics.ssa > 0.4) & (optics.ssa <= 1))
    assert np.all((optics.asymmetry > 0.6) & (optics.asymmetry < 1))
    assert optics.ssa[9:13] == pytest.approx(np.ones(4), abs=1e-3)  # visible: no absorption


def test_band_optics_are_those_of_the_table_at_its_own_sizes():
    with xr.open_dataset(resources.path("cloud_optics.nc")) as stored:
        tables = stored.load()
    liquid = cloud_band_optics("liquid", effective_radius=10.5)  # the ninth of 2.5, 3.5 ...
    assert liquid.ssa == pytest.approx(tables.ssa_liquid.values[:, 8], rel=1e-6)
    ice = cloud_band_optics("ice", effective_radius=30.0)  # diameter 60, the sixth of 10, 20 ...
    assert ice.asymmetry == pytest.approx(tables.asy_ice.values[:, 5], rel=1e-6)


def test_between_sizes_it_is_halfway():
    low, high = (cloud_band_optics("liquid", effective_radius=r).ssa for r in (10.5, 11.5))
    middle = cloud_band_optics("liquid", effective_radius=11.0).ssa
    assert middle == pytest.approx((low + high) / 2)


def test_ice_size_of_the_table_is_a_diameter():
    """Large particles extinguish twice their cross section: 3 / (density x diameter) per mass."""
    with xr.open_dataset(resources.path("cloud_optics.nc")) as stored:
        extinction = stored["ext_ice"].values[10]  # m2 g-1
        lower, upper = stored["ice_diameter_range"].values
    diameter = np.linspace(lower, upper, extinction.size)
    assert extinction * 0.917 * diameter / 3 == pytest.approx(np.ones(extinction.size), rel=0.06)


@pytest.mark.parametrize(("phase", "radius"), [("liquid", 2.0), ("liquid", 30.0), ("ice", 100.0)])
def test_size_beyond_the_table_is_an_error(phase, radius):
    with pytest.raises(InputError, match="out of range"):
        cloud_band_optics(phase, effective_radius=radius)


def test_unknown_phase_is_an_error():
    with pytest.raises(InputError, match="liquid"):
        cloud_band_optics("water", effective_radius=10.0)


def test_types_share_out_the_sky(clouds):
    cover = clouds.cloud_fraction.sum("cloud_type")
    assert float(clouds.cloud_fraction.min()) >= 0
    assert float(cover.max()) <= 1
    assert float(cover.min()) > 0.05
    assert float(global_mean(annual_mean(cover))) == pytest.approx(0.65, abs=0.01)


def test_amounts_keep_the_means_of_the_boxes(clouds):
    with xr.open_dataset(resources.path("observed_10x15.nc")) as stored:
        boxes = stored["cloud_fraction"].load()
    inside = slice(-50, 50)
    for name in boxes.cloud_type.values:
        here = annual_mean(clouds.cloud_fraction.sel(cloud_type=name, lat=inside))
        there = annual_mean(boxes.sel(cloud_type=name, lat=inside))
        assert float(global_mean(here)) == pytest.approx(float(global_mean(there)), rel=0.04)


def test_polar_caps_are_filled_and_flagged(clouds):
    flagged = clouds.lat.values[clouds.cloud_filled.values == 1]
    assert np.array_equal(flagged, clouds.lat.values[(clouds.lat < -58) | (clouds.lat > 62)])
    assert np.isfinite(clouds.cloud_fraction.values).all()
    poleward = clouds.cloud_fraction.sel(lat=slice(60, 90)).mean("lon")
    assert float(abs(poleward.diff("lat")).max()) < 0.05


def test_the_maps_have_no_seam_and_no_steps(clouds):
    """From cell to cell nowhere more than the steepest slope between neighbouring boxes allows."""
    with xr.open_dataset(resources.path("observed_10x15.nc")) as stored:
        boxes = stored["cloud_fraction"].values
    steepest = np.nanmax(np.abs(np.diff(boxes, axis=-1, append=boxes[..., :1])))
    fraction = clouds.cloud_fraction.values
    steps = np.abs(np.diff(fraction, axis=-1, append=fraction[..., :1]))
    assert steps.max() <= steepest * 2.8125 / 15 * 1.001


def test_marine_stratus_lies_off_the_west_coasts(clouds):
    stratus = annual_mean(clouds.cloud_fraction.sel(cloud_type="stratus"))
    peru = float(stratus.sel(lat=-18, lon=278, method="nearest"))
    namibia = float(stratus.sel(lat=-14, lon=4, method="nearest"))
    sahara = float(stratus.sel(lat=23, lon=10, method="nearest"))
    assert min(peru, namibia) > 0.25 > 0.05 > sahara


def test_optical_depth_of_arrays_of_radii():
    radii = np.array([[5.0, 10.5, 20.0], [10.5, 5.0, 8.0]])
    found = cloud_optical_depth([0.1, 0.2, 0.3], phase="liquid", effective_radius=radii)
    assert found.shape == (2, 3)
    for (i, j), depth in np.ndenumerate(found):
        one = cloud_optical_depth(0.1 * (j + 1), phase="liquid", effective_radius=radii[i, j])
        assert depth == pytest.approx(float(one))
    with pytest.raises(InputError, match="radius 50 um"):
        cloud_optical_depth(0.1, phase="liquid", effective_radius=[10.0, 50.0])


def test_corrected_amounts_are_less_in_the_tropics_and_thin_over_antarctica(clouds):
    corrected = builtin_clouds(grid=gaussian_grid("T42"), corrected=True)
    old, new = clouds.cloud_fraction, corrected.cloud_fraction
    ratio = new.sum("cloud_type") / old.sum("cloud_type")
    assert ratio.sel(lat=slice(-25, 25)).values == pytest.approx(TROPICAL_FACTOR)
    for belt in (slice(-64, -36), slice(36, 90)):
        np.testing.assert_array_equal(new.sel(lat=belt).values, old.sel(lat=belt).values)
    plateau = new.sel(lat=slice(-90, -75))
    assert plateau.sel(cloud_type="cirrus").values == pytest.approx(PLATEAU_COVER)
    assert plateau.drop_sel(cloud_type="cirrus").values == pytest.approx(0.0)
    assert int(corrected.cloud_filled.sel(lat=slice(-90, -60)).min()) == 1
    steps = abs(new.sum("cloud_type").diff("lat"))
    assert float(steps.max()) < 0.25
