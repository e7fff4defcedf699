"""Fluxes by band, and the light at the surface."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.montecarlo_checks import assert_unbiased, t_values

import aeroforcing as af
from aeroforcing.core.errors import InputError

CLOUD = af.Cloud(base=1000.0, top=2000.0, optical_depth=5.0, fraction=0.5)


def column(*, aod=0.3, clouds=(CLOUD,)):
    return af.Column(
        atmosphere=af.standard_atmosphere("midlatitude_summer"),
        aerosol=af.Aerosol(aod=aod, ssa=0.9, asymmetry=0.7, angstrom=1.2),
        surface_albedo=0.2,
        clouds=clouds,
    )


@pytest.fixture(scope="module")
def bands():
    return af.forcing.column_band_fluxes(column(), cos_zenith=0.6, photons=2**11, seed=1)


def test_the_bands_cover_the_spectrum(bands):
    assert bands.sizes["band"] == 14
    limits = bands[["band_lower", "band_upper"]].to_dataframe()
    assert (limits["band_lower"] < limits["band_upper"]).all()
    assert limits["band_lower"].min() == pytest.approx(0.2)
    assert float(bands["toa_down"].sum()) == pytest.approx(1361.0 * 0.6, rel=1e-9)


def test_the_sum_over_the_bands_is_the_broadband_flux(bands):
    whole = af.column_fluxes(column(), cos_zenith=0.6, photons=2**14, seed=2)
    names = [n for n in whole.data_vars if not n.endswith("_stderr") and "toa_down" not in n]
    t = []
    for name in names:
        error = np.sqrt((bands[f"{name}_stderr"] ** 2).sum() + whole[f"{name}_stderr"] ** 2)
        t += [*t_values(bands[name].sum(), error, whole[name])]
    assert len(names) == 22
    assert_unbiased(t, names=names)


def test_bands_have_random_numbers_of_their_own(bands):
    """Bands of nearly equal properties differ by more than rounding."""
    albedo = (bands["surface_up"] / bands["surface_down"]).values
    assert albedo == pytest.approx(np.full(14, 0.2), rel=1e-9)
    assert np.unique(bands["surface_down"]).size == 14


def test_a_seed_is_repeatable(bands):
    again = af.forcing.column_band_fluxes(column(), cos_zenith=0.6, photons=2**11, seed=1)
    assert again.identical(bands)


# ---- light --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def light():
    return af.forcing.surface_light(column(), cos_zenith=0.6, photons=2**13, seed=3)


def test_par_is_the_flux_of_its_wavelengths(light):
    whole = af.column_fluxes(
        column(), cos_zenith=0.6, photons=2**13, seed=4, wavelengths=(0.4, 0.7)
    )
    pairs = {"par": "surface_down", "par_direct": "surface_down_direct"}
    t, names = [], []
    for own, flux in pairs.items():
        for sky in ("", "_clean", "_cs", "_clean_cs"):
            error = np.hypot(light[f"{own}{sky}_stderr"], whole[f"{flux}{sky}_stderr"])
            t += [*t_values(light[f"{own}{sky}"], error, whole[f"{flux}{sky}"])]
            names.append(f"{own}{sky}")
    assert_unbiased(t, names=names)


def test_photons_of_par_carry_the_energy_of_550_nm(light):
    """4.57 umol per joule of daylight (McCree 1972, doi:10.1016/0002-1571(72)90045-3)."""
    for sky in ("", "_clean", "_cs", "_clean_cs"):
        ratio = float(light[f"photosynthetic_photon_flux{sky}"] / light[f"par{sky}"])
        assert ratio == pytest.approx(4.57, abs=0.07)


def test_units_and_names(light):
    assert light["par"].attrs["units"] == "W m-2"
    assert light["photosynthetic_photon_flux"].attrs["units"] == "umol m-2 s-1"
    assert "photosynthetic" in light["par"].attrs["standard_name"]
    assert light.attrs["wavelengths"] == "0.4 to 0.7 um"


def test_clouds_and_aerosol_dim_the_light(light):
    assert float(light["par"]) < float(light["par_cs"]) < float(light["par_clean_cs"])
    assert float(light["par_direct_cs"]) < float(light["par_cs"])


def test_the_actinic_flux_of_a_range_is_above_the_flux():
    """Every direction counts alike, and the surface's light with it."""
    profiles = af.column_profiles(
        column(clouds=()), cos_zenith=0.6, photons=2**10, wavelengths=(0.29, 0.42)
    )
    down, up = (float(profiles[f"flux_{way}"][-1]) for way in ("down", "up"))
    assert float(profiles["actinic_flux"][-1]) > down + 2 * up
    beam = float(profiles["flux_down_direct"][-1]) / 0.6
    assert float(profiles["actinic_flux"][-1]) > beam + 2 * up


@pytest.mark.parametrize("function", [af.forcing.column_band_fluxes, af.forcing.surface_light])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cos_zenith": 0.0}, "cos_zenith=0.0"),
        ({"photons": 0}, "photons=0"),
        ({"solar_constant": -1.0}, "solar_constant"),
        ({"gas_table": "/no/table.nc"}, "table"),
    ],
)
def test_wrong_settings_are_refused(function, change, message):
    with pytest.raises(InputError, match=message):
        function(column(), **({"cos_zenith": 0.5, "photons": 64} | change))
