"""Sweeps: published numbers, shared random numbers, derived values, messages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from helpers.cf_check import cf_problems
from hypothesis import given
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.analysis.sweep_columns import PARAMETERS, Point, base_column, describe, water_cloud
from aeroforcing.analysis.sweeps import sweep, zero_of
from aeroforcing.core.variables import VARIABLES
from aeroforcing.forcing.column import REPLICATES
from aeroforcing.output.labels import label_of

LEVELS = ("toa", "atmosphere", "surface")
# Forcing at the top, in the atmosphere and at the surface [W m-2] by an exact multi-stream solver
# for the column of `base_column`; the system tests hold more of them.
EXACT = {
    "aod": {0.05: (-0.91, 2.48, -3.39), 0.1: (-1.76, 4.92, -6.68), 0.3: (-4.67, 14.4, -19.0)},
    "ssa": {0.5: (4.19, 21.9, -17.7), 0.7: (1.36, 13.7, -12.4), 0.9: (-1.76, 4.92, -6.68)},
    "asymmetry": {0.5: (-3.64, 5.02, -8.66), 0.7: (-1.76, 4.92, -6.68)},
    "angstrom": {0.0: (-2.51, 5.85, -8.36), 2.0: (-1.63, 4.96, -6.60)},
    "surface_albedo": {0.0: (-3.90, 4.36, -8.26), 0.5: (2.94, 6.38, -3.44)},
}


@pytest.mark.parametrize("parameter", EXACT)
def test_a_sweep_agrees_with_exact_numbers_within_3_percent(parameter):
    exact = EXACT[parameter]
    result = sweep(parameter, list(exact), photons=8192)
    for i, level in enumerate(LEVELS):
        expected = [forcings[i] for forcings in exact.values()]
        np.testing.assert_allclose(result[f"forcing_{level}"], expected, rtol=0.03)


def test_critical_values_agree_with_exact_numbers():
    ssa = sweep("ssa", [0.7, 0.75, 0.8, 0.85], photons=2048)
    assert float(ssa["critical_ssa"]) == pytest.approx(0.79, abs=0.01)
    albedo = sweep("surface_albedo", [0.2, 0.25, 0.3, 0.35], photons=2048)
    assert float(albedo["critical_surface_albedo"]) == pytest.approx(0.28, abs=0.01)


def test_overcast_aerosol_around_the_cloud_warms():
    result = sweep("cloud_optical_depth", [10.0], photons=8192).squeeze()
    for level, expected in zip(LEVELS, (1.62, 4.80, -3.18), strict=True):
        error = float(result[f"forcing_{level}_stderr"])
        assert float(result[f"forcing_{level}"]) == pytest.approx(expected, abs=0.05 + 2 * error)


# ---- precision and random numbers ---------------------------------------------------------------


def test_the_standard_error_that_is_asked_for_is_reached():
    result = sweep("aod", [0.1, 0.4], stderr_target=0.1)
    errors = [result[f"forcing_{level}_stderr"] for level in LEVELS]
    assert max(float(error.max()) for error in errors) < 0.1


def test_threads_do_not_change_the_result():
    one, three = (sweep("ssa", [0.8, 0.9, 1.0], photons=64, jobs=jobs) for jobs in (1, 3))
    xr.testing.assert_identical(one, three)


def test_a_point_does_not_depend_on_the_others():
    plane = sweep(("aod", "ssa"), ([0.1, 0.2], [0.8, 0.9, 1.0]), photons=64)
    assert plane["forcing_toa"].dims == ("aod", "ssa")
    line = sweep("aod", [0.2], column=base_column(ssa=0.8), photons=64)
    assert float(plane["forcing_toa"].sel(aod=0.2, ssa=0.8)) == float(line["forcing_toa"][0])


def test_curves_are_smoother_than_their_errors():
    result = sweep("asymmetry", np.linspace(0.5, 0.8, 13), photons=1024)
    for level in LEVELS:
        curve, error = result[f"forcing_{level}"], float(result[f"forcing_{level}_stderr"].mean())
        # Independent points of this error would have second differences of sqrt(6) times it.
        assert np.std(np.diff(curve, 2)) < 0.6 * np.sqrt(6.0) * error


def test_another_seed_agrees_within_the_errors():
    one, other = (sweep("ssa", [0.9], photons=1024, seed=seed) for seed in (1, 2))
    for level in LEVELS:
        name = f"forcing_{level}"
        error = np.hypot(one[f"{name}_stderr"], other[f"{name}_stderr"])
        assert 0.0 < float(abs(one[name] - other[name])[0]) < 4.0 * float(error[0])


# ---- what is derived ----------------------------------------------------------------------------


def test_levels_close_and_efficiency_is_forcing_per_aod():
    result = sweep("aod", [0.0, 0.1, 0.2], photons=64)
    top, air, ground = (result[f"forcing_{level}"] for level in LEVELS)
    np.testing.assert_allclose(top, air + ground, atol=1e-12)
    assert float(top[0]) == 0.0
    efficiency = result["forcing_efficiency_surface"]
    assert np.isnan(efficiency[0])
    np.testing.assert_allclose(efficiency[1:], ground[1:] / result["aod"][1:])
    errors = result["forcing_efficiency_surface_stderr"], result["forcing_surface_stderr"]
    np.testing.assert_allclose(errors[0][1:], errors[1][1:] / result["aod"][1:])


def test_critical_values_of_a_plane_go_along_the_other_parameter():
    plane = sweep(("ssa", "surface_albedo"), ([0.7, 0.95], [0.1, 0.3, 0.6]), photons=256)
    assert plane["critical_ssa"].dims == ("surface_albedo",)
    assert plane["critical_surface_albedo"].dims == ("ssa",)
    assert (np.diff(plane["critical_ssa"].dropna("surface_albedo")) > 0).all()


@given(
    zero=st.floats(0.15, 0.85),
    slope=st.floats(0.5, 50.0) | st.floats(-50.0, -0.5),
    noise=st.floats(0.001, 0.01),
)
def test_the_zero_of_a_line_with_common_noise(zero, slope, noise):
    x = np.linspace(0.0, 1.0, 11)
    shifts = noise * np.random.default_rng(1).standard_normal(REPLICATES)
    shifts -= shifts.mean()
    found, error = zero_of(x, slope * (x[:, None] - zero) + shifts)
    assert found == pytest.approx(zero, abs=1e-9)
    expected = shifts.std(ddof=1) / np.sqrt(REPLICATES) / abs(slope)
    assert error == pytest.approx(expected, rel=1e-6)


def test_without_a_change_of_sign_there_is_no_zero():
    assert np.isnan(zero_of(np.array([0.0, 1.0]), np.ones((2, REPLICATES)))).all()
    assert np.isnan(sweep("ssa", [0.95, 1.0], photons=64)["critical_ssa"])


# ---- clouds -------------------------------------------------------------------------------------


def test_clear_sky_does_not_depend_on_the_cloud():
    result = sweep("cloud_base", [0.0, 3000.0, 6000.0], photons=64)
    clear = result["forcing_toa_cs"]
    assert (clear == clear[0]).all()
    assert float(result["forcing_toa"][0]) > float(result["forcing_toa"][-1])


def test_without_clouds_there_is_one_sky():
    result = sweep("latitude", [0.0], photons=64)
    assert not [name for name in result if str(name).endswith("_cs")]


def test_a_cloud_is_moved_with_its_thickness():
    point = Point(base_column(clouds=[water_cloud()]), 0.0)
    (cloud,) = PARAMETERS["cloud_base"](point, 3000.0).column.clouds
    assert (cloud.base, cloud.top) == (3000.0, 4000.0)
    assert replace(cloud, base=1000.0, top=2000.0) == point.column.clouds[0]


# ---- all parameters, any column -----------------------------------------------------------------

SWEPT = {
    "aod": (0.1, 0.2),
    "ssa": (0.8, 0.9),
    "asymmetry": (0.5, 0.7),
    "angstrom": (0.5, 1.5),
    "coalbedo_angstrom": (-1.0, 1.0),
    "surface_albedo": (0.1, 0.5),
    "scale_height": (500.0, 4000.0),
    "latitude": (-60.0, 0.0),
    "cloud_optical_depth": (1.0, 20.0),
    "cloud_base": (0.0, 5000.0),
}


def test_all_parameters_are_tried():
    assert set(SWEPT) == set(PARAMETERS)


@pytest.mark.parametrize("parameter", SWEPT)
def test_every_parameter_can_be_swept(parameter):
    result = sweep(parameter, SWEPT[parameter], photons=256)
    assert result["forcing_surface"].dims == (parameter,)
    assert result[parameter].attrs["units"]
    changes = [float(abs(np.diff(result[f"forcing_{level}"]))[0]) for level in LEVELS]
    assert max(changes) > 0.05
    assert label_of("lat" if parameter == "latitude" else parameter) != parameter


def test_columns_of_any_kind_can_be_swept():
    smoke = af.SpectralAerosol(wavelength=[440, 870], aod=[0.3, 0.1], ssa=0.9, asymmetry=0.6)
    column = replace(
        base_column(), aerosol=[smoke, base_column().aerosol], surface_albedo=af.Ocean()
    )
    result = sweep("latitude", [0.0, 40.0], column=column, photons=64)
    assert (result["forcing_surface"] < 0.0).all()
    assert np.isnan(result["forcing_efficiency_toa"]).all()
    assert result.attrs["base"] == "2 aerosols, open water, clear sky"
    albedo = sweep("surface_albedo", [0.1, 0.5], column=column, photons=64)
    assert albedo["forcing_toa"][0] < albedo["forcing_toa"][1]
    with pytest.raises(af.InputError, match="sweep over ssa needs a column with one Aerosol"):
        sweep("ssa", [0.9], column=column, photons=64)


# ---- the dataset --------------------------------------------------------------------------------


def test_attributes_are_those_of_the_registry():
    result = sweep(("latitude", "ssa"), ([0.0, 40.0], [0.8, 1.0]), photons=64)
    assert result["latitude"].attrs == VARIABLES["lat"].attributes
    assert result["ssa"].attrs == VARIABLES["ssa"].attributes
    for name in ("forcing_toa", "forcing_efficiency_atmosphere", "critical_ssa"):
        assert VARIABLES[name].attributes.items() <= result[name].attrs.items()
        assert result[name].attrs["ancillary_variables"] == f"{name}_stderr"
    assert result.attrs["photons"] == 64


def test_a_sweep_passes_every_cf_check(tmp_path):
    result = sweep(("surface_albedo", "latitude"), ([0.1, 0.5], [0.0, 40.0]), photons=64)
    described = result.assign_attrs(title="a", source="b", history="c", references="d")
    af.write_netcdf(described, tmp_path / "sweep.nc")
    assert cf_problems(tmp_path / "sweep.nc", tmp_path) == []


def test_a_column_is_told_but_for_what_is_swept():
    point = Point(base_column(clouds=[water_cloud(cloud_fraction=0.5)]), -20.0)
    assert describe(point, without={"ssa": 0}) == (
        "AOD 0.1, asymmetry 0.7, Angstrom exponent 1.4, surface albedo 0.15, 20°S, "
        "50% cloud of optical depth 10 at 1-2 km"
    )
    assert describe(point, without={"cloud_base": 0}).endswith("of optical depth 10, 1 km thick")
    assert describe(Point(base_column(), 0.0), without={}).endswith("0°N, clear sky")


def test_what_differs_from_the_paper_is_told():
    column = base_column(coalbedo_angstrom=-0.5, scale_height=500.0)
    assert "co-albedo exponent -0.5, scale height 0.5 km" in describe(
        Point(column, 0.0), without={}
    )
    given = replace(column, aerosol=replace(column.aerosol, profile=af.UniformProfile()))
    assert "given profile" in describe(Point(given, 0.0), without={})
    assert "no aerosol" in describe(Point(replace(column, aerosol=()), 0.0), without={})
    pair = replace(column, surface_albedo=af.SurfaceAlbedo(direct=0.1, diffuse=0.2))
    assert "given surface albedos" in describe(Point(pair, 0.0), without={})


# ---- wrong input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "values", "settings", "message"),
    [
        ("colour", [1.0], {}, "cannot be swept; known are aod"),
        ("ssa", [0.9, 0.8], {}, "must increase"),
        ("ssa", [], {}, "must increase"),
        ("ssa", [0.9, np.nan], {}, "must increase"),
        ("ssa", [0.9, 1.2], {}, "ssa=1.2 is not allowed; give 0 to 1"),
        ("latitude", [91.0], {}, "latitude=91"),
        ("scale_height", [0.0], {}, "give a height above 0"),
        ("cloud_base", [-100.0], {}, "cloud_base=-100"),
        ("cloud_optical_depth", [1.0], {"column": base_column()}, "has 0 clouds"),
        (("ssa", "ssa"), ([1.0], [1.0]), {}, "two different ones"),
        (("ssa", "aod"), ([1.0],), {}, "two sequences"),
        ("ssa", [0.9], {"photons": 64, "stderr_target": 0.1}, "give one of them"),
        ("ssa", [0.9], {"stderr_target": 0.0}, "stderr_target=0"),
        ("ssa", [0.9], {"latitude": 100.0}, "latitude=100"),
        ("ssa", [0.9], {"seed": -1, "photons": 64}, "seed=-1"),
    ],
)
def test_wrong_input_is_refused(parameter, values, settings, message):
    with pytest.raises(af.InputError, match=message):
        sweep(parameter, values, **settings)
