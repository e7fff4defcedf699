"""Aerosols of a column: by laws, by wavelength, by band and layer, and their mixture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.columns.aerosol_mixture import aerosol_arrays, component_optics, mix_layers
from aeroforcing.columns.aerosols import LayerOptics
from aeroforcing.core.errors import InputError
from aeroforcing.optics.band_means import band_means, planck_band_nodes
from aeroforcing.optics.gas_table import load_gas_table

QUICK = settings(max_examples=40)
NODES = planck_band_nodes(load_gas_table("g112").band_limits_wavenumber)
ATMOSPHERE = af.standard_atmosphere("tropical", levels=[20e3, 5e3, 3e3, 1e3, 0.0])
SMOKE = {"aod": 0.3, "ssa": 0.85, "asymmetry": 0.6, "angstrom": 1.8, "coalbedo_angstrom": -0.5}
DUST = {"aod": 0.5, "ssa": 0.95, "asymmetry": 0.75, "angstrom": 0.1, "coalbedo_angstrom": 1.0}


def optics(*aerosols):
    """Mixed optics of one column, each (band, layer)."""
    mixed = aerosol_arrays(component_optics([aerosols], [ATMOSPHERE], NODES), shape=(14, 4))
    return LayerOptics(*(values[0] for values in mixed))


def test_layers_may_have_their_own_properties():
    """As if each layer held an aerosol of its own."""
    layered = af.Aerosol(
        aod=0.4,
        ssa=[0.9, 0.8, 0.95, 1.0],
        asymmetry=[0.5, 0.6, 0.7, 0.8],
        angstrom=[1.0, 1.5, 0.0, 2.0],
        coalbedo_angstrom=[0.0, 0.5, -1.0, 1.0],
        profile=[1, 2, 3, 4],
    )
    found = optics(layered)
    for layer in range(4):
        alone = [
            np.asarray(getattr(layered, name))[layer]
            for name in ("ssa", "asymmetry", "angstrom", "coalbedo_angstrom")
        ]
        tau, ssa, asymmetry = band_means(0.04 * (layer + 1), *alone, NODES)
        assert found.extinction[:, layer] == pytest.approx(tau)
        assert found.ssa[:, layer] == pytest.approx(ssa)
        assert found.asymmetry[:, layer] == pytest.approx(asymmetry)


def test_optical_depths_of_layers_are_their_own_profile():
    by_layer = af.Aerosol(**(SMOKE | {"aod": [0.0, 0.05, 0.15, 0.1]}))
    by_shares = af.Aerosol(**SMOKE, profile=[0, 1, 3, 2])
    for found, expected in zip(optics(by_layer), optics(by_shares), strict=True):
        assert found == pytest.approx(expected)
    with pytest.raises(InputError, match="profile besides"):
        af.Aerosol(**(SMOKE | {"aod": [0.0, 0.1, 0.1, 0.1]}), profile=af.UniformProfile())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ssa": [0.9, 1.2, 0.8, 2.0]}, r"ssa has 2 of 4 values.*1\.2 at 1 .*0 to 1"),
        ({"asymmetry": [0.5, np.nan, 0.5, 0.5]}, "asymmetry has 1 of 4"),
        ({"angstrom": [[1.0, 1.0]]}, "shape"),
        ({"angstrom": ["a"] * 4}, "numbers"),
        ({"aod": [5.0, 5.0, 1.0, 0.0]}, "aod=11"),
    ],
)
def test_layer_values_out_of_range(change, message):
    with pytest.raises(InputError, match=message):
        af.Aerosol(**(SMOKE | change))


def test_layer_values_must_fit_the_atmosphere():
    with pytest.raises(InputError, match="ssa has 3 values, but the atmosphere has 4 layers"):
        optics(af.Aerosol(**(SMOKE | {"ssa": [0.9, 0.9, 0.9]})))


def test_without_aerosol_there_is_no_extinction():
    found = optics()
    assert not found.extinction.any()
    assert (found.ssa == 1.0).all()


def test_mixture_adds_extinction_absorption_and_forward_scattering():
    smoke = af.Aerosol(**SMOKE, profile=af.ElevatedLayer(3000.0, 5000.0))
    dust = af.Aerosol(**DUST, profile=af.UniformProfile(4000.0))
    mixed, alone = optics(smoke, dust), [optics(smoke), optics(dust)]
    scattering = [one.extinction * one.ssa for one in alone]
    assert mixed.extinction == pytest.approx(sum(one.extinction for one in alone))
    assert mixed.extinction * mixed.ssa == pytest.approx(sum(scattering))
    forward = sum(s * one.asymmetry for s, one in zip(scattering, alone, strict=True))
    assert mixed.extinction * mixed.ssa * mixed.asymmetry == pytest.approx(forward)
    below = mixed.asymmetry[:, 3]  # dust alone
    assert below == pytest.approx(np.full(14, DUST["asymmetry"]))


@QUICK
@given(st.floats(0.0, 1.0), st.integers(0, 2**32 - 1))
def test_splitting_an_aerosol_changes_nothing(share, seed):
    rng = np.random.default_rng(seed)
    whole = {**SMOKE, "ssa": rng.random(), "asymmetry": rng.uniform(-0.9, 0.9)}
    parts = [{**whole, "aod": part * whole["aod"]} for part in (share, 1.0 - share)]
    mixed, alone = optics(*(af.Aerosol(**part) for part in parts)), optics(af.Aerosol(**whole))
    assert mixed.extinction == pytest.approx(alone.extinction)
    scattering = mixed.extinction * mixed.ssa
    assert scattering == pytest.approx(alone.extinction * alone.ssa)
    forward = alone.extinction * alone.ssa * alone.asymmetry
    assert scattering * mixed.asymmetry == pytest.approx(forward)


@QUICK
@given(st.permutations(range(3)))
def test_the_order_of_the_aerosols_does_not_matter(order):
    aerosols = [
        af.Aerosol(**SMOKE),
        af.Aerosol(**DUST, profile=af.UniformProfile()),
        af.BandAerosol(optical_depth=np.ones(14), ssa=0.9, asymmetry=0.3, profile=[1, 2, 0, 1]),
    ]
    one, other = optics(*aerosols), optics(*(aerosols[i] for i in order))
    for found, expected in zip(one, other, strict=True):
        assert found == pytest.approx(expected, abs=1e-14)


def test_mixture_stays_between_its_components():
    rng = np.random.default_rng(3)
    components = [
        LayerOptics(rng.random((14, 4)), rng.random((14, 4)), rng.uniform(-0.9, 0.9, (14, 4)))
        for _ in range(5)
    ]
    mixed = mix_layers(components, shape=(14, 4))
    for name in ("ssa", "asymmetry"):
        values = np.stack([getattr(c, name) for c in components])
        assert (getattr(mixed, name) >= values.min(axis=0)).all()
        assert (getattr(mixed, name) <= values.max(axis=0)).all()


def test_columns_are_mixed_one_by_one():
    columns = [[af.Aerosol(**SMOKE)], [], [af.Aerosol(**SMOKE), af.Aerosol(**DUST)]]
    together = aerosol_arrays(component_optics(columns, [ATMOSPHERE] * 3, NODES), shape=(14, 4))
    for i, aerosols in enumerate(columns):
        for found, expected in zip(together, optics(*aerosols), strict=True):
            assert np.array_equal(found[i], expected)


# ---- by band ------------------------------------------------------------------------------------


def test_band_aerosol_by_layer_is_taken_as_it_is():
    rng = np.random.default_rng(1)
    depth, ssa, asymmetry = rng.random((4, 14)), rng.random((4, 14)), rng.random((4, 14))
    found = optics(af.BandAerosol(optical_depth=depth, ssa=ssa, asymmetry=asymmetry))
    for values, expected in zip(found, (depth, ssa, asymmetry), strict=True):
        assert np.array_equal(values, expected.T)


def test_band_aerosol_with_the_means_of_a_law_is_that_law():
    tau, ssa, asymmetry = band_means(**SMOKE, nodes=NODES)
    profile = af.UniformProfile(2500.0)
    by_band = af.BandAerosol(optical_depth=tau, ssa=ssa, asymmetry=asymmetry, profile=profile)
    for found, expected in zip(
        optics(by_band), optics(af.Aerosol(**SMOKE, profile=profile)), strict=True
    ):
        assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"profile": None}, "need a profile"),
        ({"optical_depth": np.ones((4, 14))}, "need a profile"),
        ({"optical_depth": np.ones((2, 2, 2))}, "shape"),
        ({"optical_depth": np.full(14, -1.0)}, "optical_depth has 14 of 14"),
        ({"ssa": np.full(14, 1.5)}, "ssa has 14 of 14"),
        ({"asymmetry": 1.0}, "asymmetry has 1 of 1"),
        ({"ssa": np.ones(13)}, "does not fit"),
        ({"ssa": None}, "not allowed|numbers"),
    ],
)
def test_unusable_band_aerosols(change, message):
    good = {"optical_depth": np.ones(14), "ssa": 0.9, "asymmetry": 0.7, "profile": [1] * 4}
    with pytest.raises(InputError, match=message):
        af.BandAerosol(**(good | change))


@pytest.mark.parametrize("shape", [(13,), (3, 14)])
def test_band_aerosol_must_fit_layers_and_bands(shape):
    profile = None if len(shape) == 2 else [1] * 4
    aerosol = af.BandAerosol(optical_depth=np.ones(shape), ssa=1.0, asymmetry=0.0, profile=profile)
    with pytest.raises(InputError, match="4 layers and 14 bands"):
        optics(aerosol)


# ---- by wavelength ------------------------------------------------------------------------------

WAVELENGTH = np.array([440.0, 675.0, 870.0, 1020.0])


def test_spectral_aerosol_that_follows_the_law_has_its_optical_depths():
    aod = 0.3 * (WAVELENGTH / 550.0) ** -1.8
    spectral = af.SpectralAerosol(wavelength=WAVELENGTH, aod=aod, ssa=0.85, asymmetry=0.6)
    law = af.Aerosol(**(SMOKE | {"coalbedo_angstrom": 0.0}))
    for found, expected in zip(optics(spectral), optics(law), strict=True):
        assert found == pytest.approx(expected)


def test_spectral_aerosol_by_brute_force():
    """Against averages over 2000 wavenumbers of each band; the kinks cost the 16 a little."""
    aod, ssa = np.array([0.5, 0.3, 0.25, 0.1]), np.array([0.95, 0.9, 0.85, 0.9])
    asymmetry = np.array([0.7, 0.65, 0.6, 0.6])
    spectral = af.SpectralAerosol(wavelength=WAVELENGTH, aod=aod, ssa=ssa, asymmetry=asymmetry)
    found = optics(spectral)
    fine = planck_band_nodes(load_gas_table("g112").band_limits_wavenumber, per_band=2000)
    log_l = np.log(fine.wavelength)
    slopes = np.diff(np.log(aod)) / np.diff(np.log(WAVELENGTH))
    tau = np.exp(np.interp(log_l, np.log(WAVELENGTH), np.log(aod)))
    short, long = fine.wavelength < 440.0, fine.wavelength > 1020.0
    tau[short] = (aod[0] * (fine.wavelength / 440.0) ** slopes[0])[short]
    tau[long] = (aod[-1] * (fine.wavelength / 1020.0) ** slopes[-1])[long]
    scattering = tau * np.interp(fine.wavelength, WAVELENGTH, ssa) * fine.weight
    forward = scattering * np.interp(fine.wavelength, WAVELENGTH, asymmetry)
    extinction = (tau * fine.weight).sum(axis=1)
    assert found.extinction.sum(axis=1) == pytest.approx(extinction, rel=1e-3)
    assert found.ssa[:, 3] == pytest.approx(scattering.sum(axis=1) / extinction, rel=1e-3)
    mean = forward.sum(axis=1) / scattering.sum(axis=1)
    assert found.asymmetry[:, 3] == pytest.approx(mean, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wavelength": [440.0]}, "rise"),
        ({"wavelength": WAVELENGTH[::-1]}, "rise"),
        ({"wavelength": [-1.0, 675.0, 870.0, 1020.0]}, "positive"),
        ({"aod": [0.1, 0.1]}, "4 wavelengths"),
        ({"aod": [0.1, 0.0, 0.1, 0.1]}, "above 0"),
        ({"ssa": 1.1}, "ssa has"),
        ({"asymmetry": [1.0, 0.5, 0.5, 0.5]}, "asymmetry has 1"),
    ],
)
def test_unusable_spectral_aerosols(change, message):
    good = {"wavelength": WAVELENGTH, "aod": np.full(4, 0.2), "ssa": 0.9, "asymmetry": 0.7}
    with pytest.raises(InputError, match=message):
        af.SpectralAerosol(**(good | change))


def test_anything_else_is_no_aerosol():
    with pytest.raises(InputError, match="holds a str"):
        af.Column(atmosphere=ATMOSPHERE, aerosol="smoke", surface_albedo=0.1)
