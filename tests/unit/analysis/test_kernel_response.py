"""Other inputs by kernels: against the formula that the kernels are of."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr
from helpers.cf_check import cf_problems
from helpers.kernel_samples import STDERR, shifted, toy_forcing, toy_inputs, toy_kernels
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.core.errors import InputError
from aeroforcing.core.kernel_names import FORCINGS

INPUTS = toy_inputs()
KERNELS = toy_kernels(INPUTS)


def truth(name: str, *changes: tuple[str, float | xr.DataArray]) -> xr.DataArray:
    """What the formula gives with changed inputs."""
    inputs = INPUTS
    for quantity, change in changes:
        inputs = shifted(inputs, quantity, change)
    return toy_forcing(inputs, name).transpose("time", "lat", "lon")


def worst(found: xr.Dataset, name: str, expected: xr.DataArray) -> float:
    """Largest deviation of the change, as a share of the largest change."""
    change = expected - KERNELS[name]
    return float(abs(found[f"{name}_change"] - change).max() / abs(change).max())


@pytest.mark.parametrize(
    ("delta", "change", "share"),
    [
        ({"aod": "+20%"}, ("log_aod", np.log(1.2)), 0.003),
        ({"aod": "-20%"}, ("log_aod", np.log(0.8)), 0.003),
        ({"log_aod": 0.1}, ("log_aod", 0.1), 0.001),
        ({"ssa": -0.03}, ("ssa", -0.03), 1e-6),
        ({"ssa": "0.03"}, ("ssa", 0.03), 1e-6),
        ({"surface_albedo": 0.02}, ("surface_albedo", 0.02), 0.07),
    ],
)
def test_single_changes_are_foretold(delta, change, share):
    found = af.apply_kernels(KERNELS, delta)
    for name in FORCINGS:
        assert worst(found, name, truth(name, change)) < share, name
        np.testing.assert_allclose(found[name], KERNELS[name] + found[f"{name}_change"])


def test_changes_of_aod_and_another_quantity_go_together():
    found = af.apply_kernels(KERNELS, {"aod": "+20%", "ssa": -0.03})
    expected = truth("forcing_toa", ("log_aod", np.log(1.2)), ("ssa", -0.03))
    assert worst(found, "forcing_toa", expected) < 0.03


def test_an_absolute_change_of_aod_and_its_logarithm_are_the_same():
    absolute = af.apply_kernels(KERNELS, {"aod": 0.1 * KERNELS["aod"]})
    relative = af.apply_kernels(KERNELS, {"aod": "+10%"})
    logarithm = af.apply_kernels(KERNELS, {"log_aod": float(np.log(1.1))})
    for other in (absolute, logarithm):
        for name in FORCINGS:
            np.testing.assert_allclose(other[name], relative[name], rtol=1e-12)
    np.testing.assert_allclose(relative["aod"], 1.1 * KERNELS["aod"], rtol=1e-12)


def test_clear_sky_does_not_see_clouds():
    found = af.apply_kernels(KERNELS, {"cloud_stratus": 0.1})
    assert (found["forcing_toa_cs_change"] == 0.0).all()
    assert (found["forcing_toa_change"] != 0.0).any()


@settings(max_examples=5)
@given(st.floats(-0.2, 0.2), st.floats(-0.02, 0.02))
def test_nothing_changes_nothing_and_levels_add_up(share, ssa):
    found = af.apply_kernels(KERNELS.isel(time=[0]), {"log_aod": share, "ssa": ssa})
    total = found["forcing_atmosphere_change"] + found["forcing_surface_change"]
    np.testing.assert_allclose(total, found["forcing_toa_change"], atol=1e-5)
    if share == 0.0 and ssa == 0.0:
        assert (found["forcing_toa_change"] == 0.0).all()


def test_errors_are_bounds_of_the_sums():
    found = af.apply_kernels(KERNELS, {"ssa": -0.02})
    bound = STDERR * (0.02 + 0.5 * 0.02**2)
    np.testing.assert_allclose(found["forcing_toa_change_stderr"], bound, rtol=1e-12)
    np.testing.assert_allclose(found["forcing_toa_stderr"], STDERR + bound, rtol=1e-12)


def test_large_second_orders_are_flagged():
    held = af.apply_kernels(KERNELS, {"aod": "+10%"})
    assert (held["warning_surface"] == 0).all()
    thick = toy_kernels(INPUTS.assign(aod=8.0 * INPUTS["aod"]).isel(time=[0]))
    far = af.apply_kernels(thick, {"aod": "+200%"})
    assert (far["warning_surface_cs"] == 1).all()
    strict = af.apply_kernels(KERNELS, {"aod": "+10%"}, second_order_limit=1e-4)
    assert (strict["warning_surface"] == 1).any()


def test_second_orders_within_their_noise_are_not_flagged():
    noisy = {n: 100.0 * KERNELS[n] for n in KERNELS.data_vars if str(n).endswith("_stderr")}
    far = af.apply_kernels(KERNELS.assign(noisy), {"aod": "+200%"})
    assert (far["warning_toa"] == 0).all()


@pytest.mark.parametrize(
    "delta",
    [{"ssa": 0.2}, {"aod": "-110%"}, {"surface_albedo": -0.5}, {"cloud_stratus": 0.8}],
)
def test_inputs_out_of_their_range_are_flagged(delta):
    found = af.apply_kernels(KERNELS, delta)
    assert (found["warning_toa"] == 2).all()
    assert found["warning_toa"].attrs["flag_meanings"] == (
        "kernel_holds second_order_is_large input_leaves_its_range"
    )


def test_a_field_of_calendar_months_finds_its_steps():
    part = KERNELS.isel(time=[2, 8])
    change = xr.DataArray(np.arange(1.0, 13.0) / 1000.0, {"month": np.arange(1, 13)}, ["month"])
    found = af.apply_kernels(part, {"ssa": change})
    for place, size in enumerate((0.003, 0.009)):
        one = af.apply_kernels(part, {"ssa": size}).isel(time=place)
        xr.testing.assert_allclose(found.isel(time=place)["forcing_toa"], one["forcing_toa"])


def test_a_column_is_enough():
    column = KERNELS.isel(lat=3, lon=3, drop=True).drop_vars(["lat_bnds", "lon_bnds"])
    found = af.apply_kernels(column, {"ssa": -0.02})
    whole = af.apply_kernels(KERNELS, {"ssa": -0.02})
    np.testing.assert_allclose(found["forcing_toa"], whole["forcing_toa"].isel(lat=3, lon=3))


@pytest.mark.parametrize(
    ("delta", "message"),
    [
        ({}, "delta is empty"),
        ({"aod": 0.1, "log_aod": 0.1}, "are the same"),
        ({"wind": 1.0}, "'wind' is unknown"),
        ({"ssa": "a lot"}, "give a number, a field, or a text"),
        ({"ssa": np.nan}, "give a number, a field, or a text"),
        ({"coalbedo_angstrom": 0.1}, "lacks kernel_coalbedo_angstrom_toa.*kernels=True"),
        ({"ssa": xr.DataArray([0.1, 0.1], {"lat": [0.0, 1.0]}, ["lat"])}, "another lat axis"),
        ({"ssa": xr.DataArray([0.1], {"month": [1]}, ["month"])}, "lacks the months"),
        ({"ssa": xr.full_like(KERNELS["ssa"], np.nan)}, "missing values"),
    ],
)
def test_what_cannot_be_used_is_refused(delta, message):
    with pytest.raises(InputError, match=message):
        af.apply_kernels(KERNELS, delta)


def test_a_share_of_the_aod_needs_no_aod():
    found = af.apply_kernels(KERNELS.drop_vars("aod"), {"aod": "+10%"})
    whole = af.apply_kernels(KERNELS, {"aod": "+10%"})
    xr.testing.assert_identical(found, whole.drop_vars("aod"))


def test_what_the_dataset_lacks_is_named():
    with pytest.raises(InputError, match="lacks kernel_ssa_squared_toa"):
        af.apply_kernels(KERNELS.drop_vars("kernel_ssa_squared_toa"), {"ssa": 0.01})
    with pytest.raises(InputError, match="does not hold aod"):
        af.apply_kernels(KERNELS.drop_vars("aod"), {"aod": 0.01})
    with pytest.raises(InputError, match="does not hold surface_albedo"):
        af.apply_kernels(KERNELS.drop_vars("surface_albedo"), {"surface_albedo": "10%"})
    bare = KERNELS.assign(aod=KERNELS["aod"].where(KERNELS["lat"] > 0.0, 0.0))
    with pytest.raises(InputError, match="have no aerosol"):
        af.apply_kernels(bare, {"aod": 0.01})
    assert np.isfinite(af.apply_kernels(bare, {"aod": "10%"})["forcing_toa"]).all()


def test_the_result_is_written_by_the_conventions(tmp_path):
    top = [n for n in KERNELS if not re.search("_cs|atmosphere|surface", str(n))]
    found = af.apply_kernels(KERNELS[top], {"ssa": -0.02, "aod": "+10%"})
    af.write_netcdf(found.assign_attrs(title="t", history="h"), tmp_path / "other.nc")
    assert not [p for p in cf_problems(tmp_path / "other.nc", tmp_path) if "recommended" not in p]
