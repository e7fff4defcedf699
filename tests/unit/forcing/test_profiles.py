"""Profiles of a column: names, closure in every layer, agreement with the fluxes at the ends."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.montecarlo_checks import assert_unbiased, t_values
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.core.constants import GRAVITY, HEAT_CAPACITY_DRY_AIR
from aeroforcing.core.errors import InputError

ALTITUDES = [60e3, 30e3, 15e3, 10e3, 5e3, 3e3, 2e3, 1e3, 0.0]
CLOUD = af.Cloud(base=1000.0, top=2000.0, optical_depth=8.0, fraction=0.5)
LEVEL = ("flux_up", "flux_down", "flux_down_direct", "actinic_flux")
LAYER = ("absorbed", "heating_rate")
SKIES = ("", "_clean", "_cs", "_clean_cs")
PHOTONS = 2**13


def column(*, aod=0.3, ssa=0.85, albedo=0.2, **sky):
    return af.Column(
        atmosphere=af.standard_atmosphere("midlatitude_summer", levels=ALTITUDES),
        aerosol=af.Aerosol(aod=aod, ssa=ssa, asymmetry=0.7, angstrom=1.2),
        surface_albedo=albedo,
        **sky,
    )


@pytest.fixture(scope="module")
def cloudy():
    return af.column_profiles(column(clouds=[CLOUD]), cos_zenith=0.6, photons=PHOTONS, seed=1)


@pytest.fixture(scope="module")
def months():
    return af.forcing.monthly_profiles(
        column(clouds=[CLOUD]), latitude=80.0, months=[1, 7], photons=2**12, seed=2
    )


# ---- what is in it ------------------------------------------------------------------------------


def test_names_units_and_settings(cloudy):
    effects = [f"{n}{s}" for n in ("forcing_profile", "heating_rate_change") for s in ("", "_cs")]
    names = {f"{n}{s}" for n in (*LEVEL, *LAYER) for s in SKIES} | set(effects)
    assert set(cloudy.data_vars) == names | {f"{name}_stderr" for name in names}
    for name in names:
        vertical = "layer" if name.startswith(LAYER) else "level"
        assert cloudy[name].dims == (vertical,)
        units = "K day-1" if name.startswith("heating") else "W m-2"
        assert cloudy[name].attrs["units"] == units
        assert cloudy[name].attrs["ancillary_variables"] == f"{name}_stderr"
    assert cloudy.attrs["photons"] == PHOTONS
    assert "wavelengths" not in cloudy.attrs


def test_effects_are_called_total_aerosol_direct_radiative_effect(cloudy):
    assert "total aerosol direct radiative effect" in cloudy["forcing_profile"].attrs["long_name"]
    assert "all aerosol" in cloudy["heating_rate_change"].attrs["long_name"]


def test_heights_are_those_of_the_atmosphere(cloudy):
    assert cloudy["altitude"].values.tolist() == ALTITUDES
    assert cloudy["layer_altitude"].values[-1] == 500.0
    assert (np.diff(cloudy["pressure"]) > 0).all()


def test_a_seed_is_repeatable_and_another_differs(cloudy):
    def again(seed):
        return af.column_profiles(
            column(clouds=[CLOUD]), cos_zenith=0.6, photons=PHOTONS, seed=seed
        )

    assert cloudy.identical(again(1))
    assert float(again(3)["flux_up"][0]) != float(cloudy["flux_up"][0])


# ---- closure ------------------------------------------------------------------------------------


def assert_closed(profiles):
    for sky in SKIES:
        down, up = profiles[f"flux_down{sky}"].values, profiles[f"flux_up{sky}"].values
        net = down - up
        absorbed = profiles[f"absorbed{sky}"].values
        assert net[..., :-1] - net[..., 1:] == pytest.approx(absorbed, abs=1e-9)
    effect = profiles["forcing_profile"].values
    net = (profiles["flux_down"] - profiles["flux_up"]).values
    clean = (profiles["flux_down_clean"] - profiles["flux_up_clean"]).values
    assert effect == pytest.approx(net - clean, abs=1e-9)


def test_energy_closes_in_every_layer(cloudy, months):
    assert_closed(cloudy)
    assert_closed(months)


def test_the_sun_at_the_top_and_the_reflection_at_the_surface_are_exact(cloudy):
    for sky in SKIES:
        assert float(cloudy[f"flux_down{sky}"][0]) == pytest.approx(1361.0 * 0.6, rel=1e-12)
        arrived = 0.2 * float(cloudy[f"flux_down{sky}"][-1])
        assert float(cloudy[f"flux_up{sky}"][-1]) == pytest.approx(arrived, rel=1e-9)


def test_the_heating_rate_is_the_absorption_over_the_heat_capacity(cloudy):
    mass = np.diff(cloudy["pressure"]) / GRAVITY
    expected = 86400.0 * cloudy["absorbed"].values / (HEAT_CAPACITY_DRY_AIR * mass)
    assert cloudy["heating_rate"].values == pytest.approx(expected, rel=1e-12)
    assert 1004.0 < HEAT_CAPACITY_DRY_AIR < 1005.0  # J kg-1 K-1, of textbooks


def test_the_effects_of_all_layers_are_those_of_the_column(cloudy):
    effect = cloudy["forcing_profile_cs"].values
    absorbed = (cloudy["absorbed_cs"] - cloudy["absorbed_clean_cs"]).values
    assert effect[0] - effect[-1] == pytest.approx(absorbed.sum(), abs=1e-9)


@settings(max_examples=15)
@given(
    depths=st.lists(st.floats(0.0, 2.0), min_size=1, max_size=6),
    albedo=st.floats(0.0, 1.0),
    mu=st.floats(0.05, 1.0),
)
def test_nothing_is_absorbed_where_nothing_absorbs(depths, albedo, mu):
    found = af.forcing.layer_profiles(
        tau_gas=np.zeros(len(depths)),
        tau_rayleigh=np.full(len(depths), 0.05),
        tau_aerosol=depths,
        ssa_aerosol=np.ones(len(depths)),
        asymmetry_aerosol=np.full(len(depths), 0.7),
        surface_albedo=albedo,
        cos_zenith=mu,
        photons=64,
    )
    assert not found["share_absorbed"].any()
    net = (found["share_down"] - found["share_up"]).values
    assert net == pytest.approx(np.full(len(depths) + 1, net[0]), abs=1e-12)


# ---- against other ways -------------------------------------------------------------------------


@pytest.mark.parametrize("clouds", [(), (CLOUD,)], ids=["clear", "cloudy"])
def test_the_ends_agree_with_the_fluxes_of_the_column(clouds):
    profiles = af.column_profiles(column(clouds=clouds), cos_zenith=0.4, photons=2**14, seed=4)
    fluxes = af.column_fluxes(column(clouds=clouds), cos_zenith=0.4, photons=2**14, seed=5)
    ends = {
        "toa_up": ("flux_up", 0),
        "surface_down": ("flux_down", -1),
        "surface_down_direct": ("flux_down_direct", -1),
        "surface_up": ("flux_up", -1),
    }
    pairs = {f"{n}{sky}": (f"{p}{sky}", end) for n, (p, end) in ends.items() for sky in SKIES}
    for sky in ("", "_cs"):
        pairs[f"forcing_toa{sky}"] = f"forcing_profile{sky}", 0
        pairs[f"forcing_surface{sky}"] = f"forcing_profile{sky}", -1
    t = []
    for name, (profile, end) in pairs.items():
        stderr = np.hypot(fluxes[f"{name}_stderr"], profiles[f"{profile}_stderr"][end])
        t.append(t_values(fluxes[name], stderr, profiles[profile][end], truth_error=1e-3)[0])
    assert_unbiased(t, names=list(pairs))


def test_monthly_means_agree_with_the_monthly_forcing(months):
    forcing = af.column_forcing(
        column(clouds=[CLOUD]), latitude=80.0, months=[1, 7], photons=2**14, seed=6
    )
    for end, name in ((0, "forcing_toa"), (-1, "forcing_surface")):
        profile = months["forcing_profile"][:, end]
        stderr = np.hypot(months["forcing_profile_stderr"][:, end], forcing[f"{name}_stderr"])
        assert_unbiased(t_values(profile, stderr, forcing[name]))
    assert not months["heating_rate"].sel(month=1).any()  # polar night
    assert (months["heating_rate"].sel(month=7) > 0).all()


def test_without_aerosol_the_change_is_exactly_nothing():
    found = af.column_profiles(column(aod=0.0, clouds=[CLOUD]), cos_zenith=0.5, photons=2**9)
    for sky in ("", "_cs"):
        assert not found[f"forcing_profile{sky}"].any()
        assert not found[f"heating_rate_change{sky}"].any()


def test_without_clouds_both_skies_are_the_same():
    found = af.column_profiles(column(), cos_zenith=0.5, photons=2**9)
    for name in (*LEVEL, *LAYER):
        assert np.array_equal(found[name], found[f"{name}_cs"])


def test_the_direct_beam_is_exact_and_absorption_at_the_surface_is_none_of_the_air():
    """Black aerosol in the lowest layer: what it takes from the beam heats that layer."""
    found = af.forcing.layer_profiles(
        tau_gas=[0.1, 0.0],
        tau_rayleigh=[0.0, 0.0],
        tau_aerosol=[0.0, 0.5],
        ssa_aerosol=[0.0, 0.0],
        asymmetry_aerosol=[0.0, 0.0],
        surface_albedo=0.0,
        cos_zenith=0.5,
        photons=64,
    )
    beam = np.exp([0.0, -0.2, -1.2])
    assert found["share_down"].values == pytest.approx(beam, rel=1e-12)
    assert found["share_absorbed"].values == pytest.approx(beam[:-1] - beam[1:], rel=1e-12)
    assert found["share_actinic"].values == pytest.approx(beam / 0.5, rel=1e-12)
    assert found["share_up"].values == pytest.approx([0.0] * 3, abs=1e-12)


def test_the_direct_beam_of_delta_scaled_clouds_is_the_unscaled_one():
    ice = af.Cloud(base=4000.0, top=9000.0, optical_depth=2.0, fraction=0.4, phase="ice")
    sky = {"clouds": [CLOUD, ice], "overlap": "random"}
    albedo = af.SurfaceAlbedo(direct=0.0, diffuse=0.8)
    whole, scaled = (
        column(albedo=albedo, delta_scale_clouds=cut_off, **sky) for cut_off in (False, True)
    )
    setting = {"cos_zenith": 0.4, "photons": 2**10, "key": 1}
    expected, found = (af.column_profiles(c, **setting) for c in (whole, scaled))
    for one in SKIES:
        name = f"flux_down_direct{one}"
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-10, err_msg=name)
    fluxes, expected = (af.column_fluxes(c, **setting) for c in (scaled, whole))
    for one in SKIES:
        direct = fluxes[f"surface_down_direct{one}"]
        np.testing.assert_allclose(direct, expected[f"surface_down_direct{one}"], rtol=1e-10)
        scattered = fluxes[f"surface_down{one}"] - direct
        np.testing.assert_allclose(fluxes[f"surface_up{one}"], 0.8 * scattered, rtol=1e-10)


def test_a_layer_cut_in_two_has_the_same_fluxes_at_its_ends():
    whole = {"tau_gas": [0.2, 0.1], "tau_rayleigh": [0.1, 0.2], "tau_aerosol": [0.0, 0.6],
             "ssa_aerosol": [1.0, 0.9], "asymmetry_aerosol": [0.0, 0.7]}  # fmt: skip
    halves = {
        name: np.repeat(values, 2) * (0.5 if name.startswith("tau") else 1.0)
        for name, values in whole.items()
    }
    one, two = (
        af.forcing.layer_profiles(
            **stack, surface_albedo=0.3, cos_zenith=0.7, photons=2**14, seed=seed
        )
        for seed, stack in enumerate((whole, halves))
    )
    for name in ("share_up", "share_down", "share_actinic"):
        stderr = np.hypot(one[f"{name}_stderr"], two[f"{name}_stderr"][::2])
        assert_unbiased(t_values(one[name], stderr, two[name][::2]))
    pairs = two["share_absorbed"].values.reshape(2, 2).sum(axis=1)
    stderr = np.hypot(one["share_absorbed_stderr"], two["share_absorbed_stderr"][::2])
    assert_unbiased(t_values(one["share_absorbed"], stderr, pairs))


# ---- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cos_zenith": 0.0}, "cos_zenith=0.0"),
        ({"photons": 0}, "photons=0"),
        ({"seed": -1}, "seed=-1"),
        ({"solar_constant": -1.0}, "solar_constant=-1.0"),
        ({"gas_table": "/no/such/table.nc"}, "gas_table|no/such"),
        ({"wavelengths": (0.7, 0.4)}, r"wavelengths=\(0.7, 0.4\)"),
        ({"wavelengths": (400.0, 700.0)}, "outside of the bands.*0.2 to 12.2 um"),
    ],
)
def test_wrong_settings_are_refused(change, message):
    arguments = {"cos_zenith": 0.5, "photons": 64} | change
    with pytest.raises(InputError, match=message):
        af.column_profiles(column(), **arguments)


def test_wrong_latitudes_and_months_are_refused():
    for change, message in (({"latitude": 91.0}, "latitude=91"), ({"months": [13]}, "months")):
        with pytest.raises(InputError, match=message):
            af.forcing.monthly_profiles(column(), **({"latitude": 0.0, "photons": 64} | change))
