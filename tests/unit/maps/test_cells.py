"""From fields over (month, lat, lon) to columns for the solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.maps.cells import ColumnMaker, cells_of, layer_shares
from aeroforcing.optics.band_means import band_means, planck_band_nodes
from aeroforcing.optics.clouds import CLOUD_TYPES, cloud_band_optics, delta_scaled
from aeroforcing.optics.gas_table import load_gas_table

QUICK = settings(deadline=None, max_examples=40)
GRID = "30x30"
TABLE = load_gas_table("g112")
INTERFACES = np.array([0.0, 0.1, 0.4, 0.7, 0.9, 1.0])


@pytest.fixture(scope="module")
def fields():
    return builtin_inputs(GRID, months=[1, 7])


@pytest.fixture(scope="module")
def cells(fields):
    return cells_of(fields)


def maker(cells, *, delta_scale_clouds=False):
    return ColumnMaker(
        cells, table=TABLE, solar_constant=1361.0, delta_scale_clouds=delta_scale_clouds
    )


@pytest.fixture(scope="module")
def columns(cells):
    return maker(cells).columns(np.arange(cells.size))[0]


# ---- the vertical profile -----------------------------------------------------------------------


def brute_force(profile, pressure_levels):
    """Shares by the overlap of each layer with each sigma layer, one by one."""
    sigma = pressure_levels / pressure_levels[-1]
    sigma[0] = 0.0
    shares = np.zeros(len(sigma) - 1)
    for i in range(len(shares)):
        for j in range(len(profile)):
            low, high = max(sigma[i], INTERFACES[j]), min(sigma[i + 1], INTERFACES[j + 1])
            thickness = INTERFACES[j + 1] - INTERFACES[j]
            shares[i] += profile[j] * max(high - low, 0.0) / thickness
    return shares / profile.sum()


@QUICK
@given(st.integers(0, 2**32 - 1))
def test_shares_are_the_overlap_in_pressure(seed):
    rng = np.random.default_rng(seed)
    profiles = rng.random((3, 5)) * (rng.random((3, 5)) < 0.8) + 1e-3
    pressure = np.sort(rng.uniform(100.0, 1e5, (3, 8)), axis=1)
    found = layer_shares(profiles, INTERFACES, pressure)
    expected = [brute_force(p, levels.copy()) for p, levels in zip(profiles, pressure, strict=True)]
    assert found == pytest.approx(np.array(expected), abs=1e-12)
    assert found.sum(axis=1) == pytest.approx(np.ones(3))
    assert (found >= -1e-15).all()


def test_layers_on_the_interfaces_keep_the_shares():
    profile = np.array([[0.1, 0.2, 0.3, 0.3, 0.1]])
    assert layer_shares(profile, INTERFACES, 1e5 * INTERFACES[None]) == pytest.approx(profile)


# ---- the cells ----------------------------------------------------------------------------------


def test_cells_run_over_months_and_then_the_map(cells, fields):
    n_lat, n_lon = fields.sizes["lat"], fields.sizes["lon"]
    assert cells.size == 2 * n_lat * n_lon
    assert cells.month.tolist() == [1] * (n_lat * n_lon) + [7] * (n_lat * n_lon)
    number = n_lat * n_lon + 2 * n_lon + 5  # July, third latitude, sixth longitude
    assert cells.lat[cells.lat_index[number]] == fields.lat.values[2]
    for name in ("aod", "surface_albedo"):
        assert cells.fields[name][number] == fields[name].values[1, 2, 5]
    clouds = fields["cloud_fraction"].transpose("month", "lat", "lon", "cloud_type")
    assert np.array_equal(cells.fields["cloud_fraction"][number], clouds.values[1, 2, 5])


def test_cell_numbers_do_not_depend_on_the_months_that_are_run(cells):
    july = cells_of(builtin_inputs(GRID, months=[7]))
    assert np.array_equal(july.cell_id, cells.cell_id[cells.month == 7])
    assert np.unique(cells.cell_id).size == cells.size


def test_a_cell_with_anything_missing_is_incomplete(fields):
    assert cells_of(fields).complete.all()
    holes = fields.copy(deep=True)
    holes["ssa"].loc[{"month": 1, "lat": fields.lat[0], "lon": fields.lon[0]}] = np.nan
    holes["cloud_fraction"].loc[{"month": 7, "lat": fields.lat[1], "lon": fields.lon[2]}] = np.nan
    holes["surface_altitude"].loc[{"lat": fields.lat[3], "lon": fields.lon[3]}] = np.nan
    n_lon, per_map = fields.sizes["lon"], fields.sizes["lat"] * fields.sizes["lon"]
    missing = [0, 3 * n_lon + 3, per_map + n_lon + 2, per_map + 3 * n_lon + 3]
    assert np.flatnonzero(~cells_of(holes).complete).tolist() == missing


# ---- the columns --------------------------------------------------------------------------------


def test_aod_of_the_layers_adds_up_to_that_of_the_bands(cells, columns):
    nodes = planck_band_nodes(TABLE.band_limits_wavenumber)
    names = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom")
    extinction, ssa, _ = band_means(**{n: cells.fields[n] for n in names}, nodes=nodes)
    assert columns.aerosol_extinction.sum(axis=2) == pytest.approx(extinction)
    assert columns.aerosol_ssa[:, :, 0] == pytest.approx(ssa)


def test_any_selection_of_cells_gives_the_same_columns(cells, columns):
    chosen = np.array([40, 3, 71])
    part, _ = maker(cells).columns(chosen)
    for name in ("pressure_levels", "aerosol_extinction", "cloud_depth", "open_water", "cell_id"):
        assert np.array_equal(getattr(part, name), getattr(columns, name)[chosen]), name


def test_clouds_have_the_depth_of_their_types(cells, columns):
    depth = columns.cloud_depth.sum(axis=2)
    assert depth == pytest.approx(np.tile([t.optical_depth for t in CLOUD_TYPES], (cells.size, 1)))


def test_clouds_lie_between_their_base_and_top(cells):
    """Over the sea; the optical depth is spread evenly over the altitude."""
    lowland = np.flatnonzero(cells.surface_altitude == 0.0)[:5]
    found, _ = maker(cells).columns(lowland)
    cumulus = found.cloud_depth[:, 0]
    level = np.argmax(cumulus > 0.0, axis=1)
    height = -8000.0 * np.log(found.pressure_levels / found.pressure_levels[:, -1:])
    top = height[np.arange(len(lowland)), level]
    assert top == pytest.approx(np.full(len(lowland), 2000.0), abs=700.0)
    assert (cumulus > 0.0).sum(axis=1).max() <= 4


def test_clouds_are_lifted_over_high_ground(fields):
    """Where the ground is at 4 km, cumulus of 1-2 km lies at 4-5 km: just above the ground."""
    high = fields.copy(deep=True)
    high["surface_altitude"][:] = 4000.0
    lifted = cells_of(high)
    found, _ = maker(lifted).columns(np.arange(10))
    cumulus = found.cloud_depth[:, 0]
    assert cumulus.sum(axis=1) == pytest.approx(np.full(10, CLOUD_TYPES[0].optical_depth))
    assert (cumulus[:, -1] > 0.0).all()
    share = found.pressure_levels / found.pressure_levels[:, -1:]
    above = (cumulus * (share[:, 1:] < np.exp(-1700.0 / 8000.0))).sum(axis=1)
    assert above == pytest.approx(np.zeros(10))  # nothing far above 1 km over the ground


def test_cloud_optics_are_those_of_the_types_and_shared(columns):
    assert columns.cloud_ssa.shape[:3] == (1, len(CLOUD_TYPES), 14)
    for number, kind in enumerate(CLOUD_TYPES):
        optics = cloud_band_optics(kind.phase, effective_radius=kind.effective_radius)
        assert columns.cloud_asymmetry[0, number, :, 0] == pytest.approx(optics.asymmetry)
        assert columns.cloud_ssa[0, number, :, -1] == pytest.approx(optics.ssa)


def test_delta_scaling_changes_the_optics_and_not_the_amounts(cells, columns):
    scaled, _ = maker(cells, delta_scale_clouds=True).columns(np.arange(cells.size))
    kind = CLOUD_TYPES[1]
    optics = cloud_band_optics(kind.phase, effective_radius=kind.effective_radius)
    assert scaled.cloud_extinction[0, 1, :, 0] == pytest.approx(delta_scaled(optics).extinction)
    assert np.array_equal(scaled.cloud_depth, columns.cloud_depth)


def test_water_of_the_columns_is_that_of_the_air(cells):
    _, water = maker(cells).columns(np.arange(cells.size))
    assert water.shape == (cells.size,)
    assert ((water > 0.2) & (water < 70.0)).all()
    tropics = np.abs(cells.lat[cells.lat_index]) < 20.0
    assert water[tropics].mean() > 2.0 * water[~tropics].mean()


def test_the_sun_of_the_cells(cells):
    sun = maker(cells).sun(np.arange(cells.size))
    assert np.degrees(sun.latitude) == pytest.approx(cells.lat[cells.lat_index])
    assert sun.first_day.tolist() == np.where(cells.month == 1, 0, 181).tolist()
