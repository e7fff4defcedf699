"""Errors by drawn inputs: as by kernels where the forcing is linear, and what draws are like."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import aeroforcing as af
from aeroforcing.analysis.error_correlation import ErrorFields, correlation_of
from aeroforcing.analysis.error_ensemble import DrawnInputs, Spread, with_error
from aeroforcing.analysis.error_propagation import MapMeans, correlations_of
from aeroforcing.analysis.map_weights import MonthlyMap
from aeroforcing.core.errors import InputError
from aeroforcing.core.kernel_names import FORCINGS, forcings_of, kernel_name
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.grids.sphere import unit_vectors
from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.inputs.resolve import resolve_inputs

SETTINGS = {"photons": 1024, "sky": "clear", "jobs": 1}
MONTHS = (7,)
STEP = 0.01


@pytest.fixture(scope="module")
def inputs() -> xr.Dataset:
    """Uniform aerosol on a few cells."""
    cells = gaussian_grid("45x90")
    shape = (cells.sizes["lat"], cells.sizes["lon"])
    values = {"aod": 0.2, "ssa": 0.92, "asymmetry": 0.7}
    fields = {name: (("lat", "lon"), np.full(shape, x)) for name, x in values.items()}
    return xr.Dataset(fields, {"lat": cells["lat"], "lon": cells["lon"]})


@pytest.fixture(scope="module")
def with_ssa_kernel(inputs) -> xr.Dataset:
    """A forcing with its derivative by the SSA, from runs with common random numbers."""
    forcing, up, down = (
        af.grid_forcing(
            inputs.assign(ssa=inputs["ssa"] + step), grid=None, months=MONTHS, **SETTINGS
        )
        for step in (0.0, STEP, -STEP)
    )
    for name in (n for n in FORCINGS if n in forcing):
        forcing[kernel_name("ssa", name)] = (up[name] - down[name]) / (2.0 * STEP)
    return forcing


@pytest.mark.parametrize("correlation", ["systematic", "none"])
def test_both_ways_agree_where_the_forcing_is_linear(inputs, with_ssa_kernel, correlation):
    """The same draws through the runs and through the kernel; their scatter is tested below."""
    errors, members = {"ssa": 0.01}, 5
    ensemble = af.analysis.propagate_ensemble(
        inputs, errors=errors, members=members, correlation=correlation, grid=None, months=MONTHS,
        **SETTINGS,
    )  # fmt: skip
    fields = resolve_inputs(inputs, grid=None, months=MONTHS)
    draws = DrawnInputs(fields, errors, correlations_of(errors, correlation, None), draw=0)
    changes = [draws.next()["ssa"] - fields["ssa"] for _ in range(members)]
    means = MapMeans(MonthlyMap(with_ssa_kernel), forcings_of(with_ssa_kernel))
    terms = [
        np.stack([means.map.flat(with_ssa_kernel[kernel_name("ssa", n)]) for n in means.names])
        * means.map.flat(change)
        for change in changes
    ]
    for kind in ("annual_", "zonal_", "regional_"):
        expected = np.std([means.means(term)[kind] for term in terms], axis=0, ddof=1)
        for name, values in zip(means.names, expected, strict=True):
            found = ensemble[f"{kind}{name}_input_error"].values.ravel()
            np.testing.assert_allclose(found, values, rtol=0.05, atol=0.01 * values.max())
    assert ensemble.attrs["drawn_out_of_range"] == "0.0000"
    assert ensemble["error_source"].values.tolist() == ["all inputs"]
    by_kernel = af.propagate(with_ssa_kernel, errors, correlation=correlation)
    for name in ("regional_forcing_toa_cs", "zonal_forcing_surface_cs_sampling_error"):
        xr.testing.assert_allclose(ensemble[name], by_kernel[name])


@pytest.mark.parametrize("given", ["none", "systematic", "3000 km", "gaussian 3000 km"])
@pytest.mark.parametrize("months", [0.0, 0.6, 1.0])
def test_drawn_fields_have_the_correlation(given, months):
    places = unit_vectors([0.0, 0.0, 40.0], [0.0, 20.0, 100.0])
    correlation = correlation_of(given, months=months)
    fields, random = ErrorFields(places, correlation), np.random.default_rng(2)
    count = 20_000
    drawn = np.stack([fields.draw(2, random=random) for _ in range(count)]).reshape(count, -1)
    near = np.radians(20.0) * 6.371e6 / 3e6
    chord = 2.0 * np.sin(np.radians(10.0)) * 6.371 / 3.0
    expected = {
        "none": 0.0, "systematic": 1.0, "3000 km": np.exp(-near),
        "gaussian 3000 km": np.exp(-0.5 * chord**2),
    }[given]  # fmt: skip
    found = np.cov(drawn.T)
    tolerance = 5.0 / np.sqrt(count) * 2.0
    np.testing.assert_allclose(np.diag(found), 1.0, atol=tolerance)
    assert found[0, 1] == pytest.approx(expected, abs=tolerance)
    assert found[0, 3] == pytest.approx(months, abs=tolerance)
    assert found[0, 4] == pytest.approx(months * expected, abs=tolerance)


def test_values_out_of_range_are_set_to_its_ends_and_counted():
    inputs = builtin_inputs("45x90", months=[1])
    shape = tuple(inputs["aod"].sizes[dim] for dim in ("month", "lat", "lon"))
    drawn, outside = with_error(inputs, "ssa", np.full(shape, 0.5))
    assert (drawn["ssa"] == 1.0).all()
    assert outside == inputs["ssa"].size
    drawn, outside = with_error(inputs, "aod", np.full(shape, 0.1))
    xr.testing.assert_allclose(drawn["aod"], inputs["aod"] + 0.1)
    assert outside == 0


def test_clouds_never_cover_more_than_the_sky():
    inputs = builtin_inputs("45x90", months=[1])
    shape = tuple(inputs["aod"].sizes[dim] for dim in ("month", "lat", "lon"))
    drawn, outside = with_error(inputs, "cloud_cirrus", np.full(shape, 0.9))
    assert float(drawn["cloud_fraction"].sum("cloud_type").max()) <= 1.0 + 1e-12
    others = inputs["cloud_type"] != "cirrus"
    xr.testing.assert_equal(
        drawn["cloud_fraction"].where(others, drop=True),
        inputs["cloud_fraction"].where(others, drop=True),
    )
    assert outside > 0
    resolve_inputs(drawn, grid=None, months=[1])  # they are accepted


def test_the_spread_is_the_standard_deviation():
    values = np.random.default_rng(3).normal(5.0, 2.0, (7, 4, 3))
    spread = Spread()
    for member in values:
        spread.add(member)
    np.testing.assert_allclose(spread.deviation, values.std(axis=0, ddof=1))


def test_one_member_is_no_ensemble(inputs):
    with pytest.raises(InputError, match="has no spread"):
        af.analysis.propagate_ensemble(inputs, errors={"ssa": 0.01}, members=1, grid=None)
