"""Radiative kernels at the public edge: names, levels, clouds, grids; slopes of the bands."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import xarray as xr
from helpers.montecarlo_checks import assert_unbiased, t_values

import aeroforcing as af
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import lookup
from aeroforcing.optics.band_means import band_means, band_slopes, planck_band_nodes
from aeroforcing.optics.clouds import CLOUD_TYPES
from aeroforcing.optics.gas_table import load_gas_table

QUANTITIES = ("log_aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom", "surface_albedo")
LEVELS = ("toa", "atmosphere", "surface")
CLOUDS = (
    af.Cloud(base=1000.0, top=2000.0, optical_depth=8.0, fraction=0.4),
    af.Cloud(base=8000.0, top=9000.0, optical_depth=1.0, fraction=0.0),
)


def column(**given):
    """A column, with numbers of its aerosol and others that may be given."""
    optics = {"aod": 0.3, "ssa": 0.9, "asymmetry": 0.7, "angstrom": 1.2}
    optics |= {name: given.pop(name) for name in list(given) if name in optics}
    given = {"surface_albedo": 0.15, "clouds": CLOUDS} | given
    return af.Column(
        atmosphere=af.standard_atmosphere("us_standard"), aerosol=af.Aerosol(**optics), **given
    )


@pytest.fixture(scope="module")
def found():
    return af.column_fluxes(column(), cos_zenith=0.6, photons=2**16, kernels=True)


def kernel_names(quantities=QUANTITIES, skies=("", "_cs")):
    return [f"kernel_{q}_{level}{sky}" for q, level, sky in product(quantities, LEVELS, skies)]


def test_the_band_slopes_are_derivatives_of_the_band_means():
    nodes = planck_band_nodes(load_gas_table().band_limits_wavenumber)
    optics = {"ssa": 0.8, "angstrom": 1.3, "coalbedo_angstrom": 0.4}
    slopes = band_slopes(**optics, nodes=nodes)

    def difference(name):
        step = 1e-5
        depths, ssas = [], []
        for sign in (1.0, -1.0):
            moved = optics | {name: optics[name] + sign * step}
            depth, ssa, _ = band_means(aod=1.0, asymmetry=0.7, **moved, nodes=nodes)
            depths.append(np.log(depth))
            ssas.append(ssa)
        return np.diff(depths[::-1], axis=0)[0] / (2 * step), np.diff(ssas[::-1], axis=0)[0] / (
            2 * step
        )

    by_angstrom = difference("angstrom")
    assert slopes[:, 0] == pytest.approx(by_angstrom[0], rel=1e-6, abs=1e-9)
    assert slopes[:, 1] == pytest.approx(by_angstrom[1], rel=1e-5, abs=1e-9)
    assert slopes[:, 2] == pytest.approx(difference("ssa")[1], rel=1e-6, abs=1e-9)
    assert slopes[:, 3] == pytest.approx(difference("coalbedo_angstrom")[1], rel=1e-6, abs=1e-9)


def test_a_clipped_co_albedo_does_not_change():
    nodes = planck_band_nodes(load_gas_table().band_limits_wavenumber)
    slopes = band_slopes(0.2, angstrom=1.0, coalbedo_angstrom=-3.0, nodes=nodes)
    _, ssa, _ = band_means(1.0, 0.2, 0.7, 1.0, -3.0, nodes)
    assert (ssa == 0.0).any()
    assert (slopes[ssa == 0.0, 1:] == 0.0).all()


def test_every_kernel_has_its_error_and_metadata(found):
    names = kernel_names((*QUANTITIES, "log_aod_squared", "ssa_squared"))
    names += kernel_names(("cloud_1", "cloud_2"), skies=("",))
    for name in names:
        assert float(found[f"{name}_stderr"]) >= 0.0
        if "cloud_" not in name:
            assert found[name].attrs["units"] == "W m-2"
            assert "with respect to" in found[name].attrs["long_name"]
    assert sum(name.startswith("kernel_") for name in found) == 2 * len(names)


def test_the_atmosphere_is_the_rest(found):
    for name in kernel_names(("log_aod",)):
        if "atmosphere" in name:
            top, surface = (found[name.replace("atmosphere", x)] for x in ("toa", "surface"))
            assert float(found[name]) == pytest.approx(float(top - surface))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [("ssa", 0.9), ("asymmetry", 0.7), ("surface_albedo", 0.15)],
)
def test_kernels_are_differences_on_common_random_numbers(name, value):
    """Over seeds, the differences of runs that share their random numbers scatter about them."""
    step, seeds = 0.02, range(8)
    names = [f"{level}{sky}" for level, sky in product(LEVELS, ("", "_cs"))]
    deviations, largest = [], 0.0
    for seed in seeds:
        same = {"cos_zenith": 0.6, "photons": 2**13, "seed": seed}
        up, down = (af.column_fluxes(column(**{name: value + by}), **same) for by in (step, -step))
        kernels = af.column_fluxes(column(), kernels=True, **same)
        by_level = np.array([float(kernels[f"kernel_{name}_{n}"]) for n in names])
        differences = [float((up - down)[f"forcing_{n}"]) / (2 * step) for n in names]
        deviations.append(by_level - differences)
        largest = max(largest, np.abs(by_level).max())
    mean = np.mean(deviations, axis=0)
    stderr = np.std(deviations, axis=0, ddof=1) / len(seeds) ** 0.5
    assert (stderr < 0.1 * largest).all()
    t = t_values(mean, stderr, 0.0, truth_error=1e-3 * largest)
    assert_unbiased(t, degrees=len(seeds) - 1)


@pytest.mark.slow
def test_a_cloud_that_is_not_there_has_a_kernel():
    """The forcing is linear in the cloud fractions: under the cloud less under the clear sky."""
    found = af.column_fluxes(column(), cos_zenith=0.6, photons=2**18, kernels=True)
    for number, cloud in enumerate(CLOUDS, start=1):
        overcast = column(
            clouds=[
                af.Cloud(base=cloud.base, top=cloud.top, optical_depth=cloud.optical_depth)
            ]
        )  # fmt: skip
        under = af.column_fluxes(overcast, cos_zenith=0.6, photons=2**16, seed=1)
        for level in LEVELS:
            difference = float(under[f"forcing_{level}"] - found[f"forcing_{level}_cs"])
            noise = float(
                np.hypot(
                    found[f"kernel_cloud_{number}_{level}_stderr"],
                    np.hypot(under[f"forcing_{level}_stderr"], found[f"forcing_{level}_cs_stderr"]),
                )
            )
            kernel = float(found[f"kernel_cloud_{number}_{level}"])
            assert abs(kernel - difference) < 4.5 * noise
            assert noise < 0.4


def test_clear_sky_results_do_not_depend_on_the_kernels(found):
    without = af.column_fluxes(column(), cos_zenith=0.6, photons=2**16)
    for name in ("forcing_toa_cs", "forcing_surface_cs", "toa_up_clean_cs"):
        assert float(found[name]) == float(without[name])
    all_sky = float(found.forcing_toa - without.forcing_toa)
    assert abs(all_sky) < 4.5 * float(
        np.hypot(found.forcing_toa_stderr, without.forcing_toa_stderr)
    )


def test_months_have_kernels_too_and_polar_night_none():
    found = af.column_forcing(column(), latitude=75.0, months=(1, 6), photons=2**12, kernels=True)
    for name in kernel_names():
        assert float(found[name].sel(month=1)) == 0.0
        assert np.isfinite(found[name]).all()
    assert float(found.kernel_ssa_toa.sel(month=6)) < 0.0


def test_no_aerosol_has_no_kernel_but_that_of_nothing():
    found = af.column_fluxes(column(aod=0.0), cos_zenith=0.6, photons=2**10, kernels=True)
    for name in kernel_names():
        assert float(found[name]) == 0.0


@pytest.mark.parametrize("ssa", [0.0, 1.0])
@pytest.mark.parametrize("albedo", [0.0, 1.0])
def test_the_ends_of_the_ranges_have_kernels(ssa, albedo):
    found = af.column_fluxes(
        column(ssa=ssa, surface_albedo=albedo), cos_zenith=0.3, photons=2**12, kernels=True
    )
    assert all(np.isfinite(found[name]).all() for name in found)
    assert float(found.kernel_ssa_toa_cs) < 0.0
    assert float(found.kernel_ssa_toa_cs_stderr) > 0.0


def test_several_aerosols_have_no_kernels():
    two = column()
    aerosol = af.Aerosol(aod=0.1, ssa=0.9, asymmetry=0.6, angstrom=1.0)
    mixed = af.Column(
        atmosphere=two.atmosphere, aerosol=[aerosol, aerosol], surface_albedo=0.1, clouds=()
    )
    with pytest.raises(InputError, match=r"kernels=True: .* a single Aerosol"):
        af.column_fluxes(mixed, cos_zenith=0.6, photons=64, kernels=True)


def grid(**settings):
    given = xr.Dataset({"aod": 0.2, "ssa": 0.9})
    return af.grid_forcing(given, grid="30x60", months=[3], photons=64, **settings)


def test_a_map_has_the_kernels_of_all_types_of_clouds():
    found = grid(kernels=True)
    names = kernel_names() + kernel_names([f"cloud_{t.name}" for t in CLOUD_TYPES], skies=("",))
    for name in names:
        assert found[name].dims == ("time", "lat", "lon")
        assert found[name].attrs["long_name"] == lookup(name).long_name
        assert np.isfinite(found[name]).all()
        assert (found[f"{name}_stderr"] >= 0.0).all()
    plain = grid()
    assert not any(name.startswith("kernel_") for name in plain)
    assert (plain.forcing_toa_cs == found.forcing_toa_cs).all()


def test_a_map_of_clear_sky_has_no_kernels_of_clouds():
    found = grid(kernels=True, sky="clear")
    assert all(name in found for name in kernel_names(skies=("_cs",)))
    assert not any("cloud" in name for name in found)


def test_kernels_do_not_depend_on_threads_or_chunks(tmp_path):
    from aeroforcing.maps.saved import save_grid_forcing

    whole = grid(kernels=True, jobs=1)
    given = xr.Dataset({"aod": 0.2, "ssa": 0.9})
    save_grid_forcing(
        tmp_path / "x.nc", given, grid="30x60", months=[3], photons=64, kernels=True,
        cells_per_chunk=17, jobs=2,
    )  # fmt: skip
    with xr.open_dataset(tmp_path / "x.nc") as saved:
        for name in kernel_names():
            assert saved[name].values == pytest.approx(whole[name].values, rel=1e-6)
