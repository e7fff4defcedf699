"""Spectral laws, mixtures of species and means over bands."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad

from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES
from aeroforcing.optics.band_means import band_means, planck_band_nodes
from aeroforcing.optics.mixtures import external_mixture, mixture_by_paper
from aeroforcing.optics.species import SPECIES
from aeroforcing.optics.spectral_laws import (
    aod_at,
    coalbedo_at,
    count_clipped_coalbedo,
    fit_angstrom,
)

QUICK = settings(deadline=None, max_examples=40)

# Shortwave bands of RRTMGP [cm-1]
BANDS = np.array(
    [[820, 2680], [2680, 3250], [3250, 4000], [4000, 4650], [4650, 5150], [5150, 6150],
     [6150, 7700], [7700, 8050], [8050, 12850], [12850, 16000], [16000, 22650], [22650, 29000],
     [29000, 38000], [38000, 50000]]
)  # fmt: skip

exponents = st.floats(-1, 4)
wavelengths = st.floats(200, 12200)
depths = st.floats(1e-6, 10)
fractions = st.floats(0, 1)


class TestSpectralLaws:
    def test_value(self):
        assert aod_at(0.2, angstrom=1.0, wavelength=1100.0) == pytest.approx(0.1, rel=1e-15)
        assert aod_at(0.2, angstrom=2.0, wavelength=870.0, reference=435.0) == pytest.approx(0.05)

    @QUICK
    @given(depths, exponents, wavelengths, wavelengths)
    def test_going_by_way_of_another_wavelength_changes_nothing(self, aod, alpha, via, to):
        there = aod_at(aod, angstrom=alpha, wavelength=via)
        direct = aod_at(aod, angstrom=alpha, wavelength=to)
        assert aod_at(there, angstrom=alpha, wavelength=to, reference=via) == pytest.approx(direct)

    def test_types(self):
        aod = xr.DataArray([0.1, 0.2], dims="x", name="aod")
        alpha = xr.DataArray([1.0, 2.0], dims="x", name="angstrom", attrs={"long_name": "alpha"})
        expected = [0.2, 0.8]
        at_275 = aod_at(aod, angstrom=alpha, wavelength=275.0)
        np.testing.assert_allclose(at_275, expected)
        array = aod_at(aod.values, angstrom=alpha.values, wavelength=275.0)
        assert isinstance(array, np.ndarray)
        np.testing.assert_allclose(array, expected)
        assert isinstance(aod_at(0.1, angstrom=1.0, wavelength=275.0), float)

    def test_dataarray_says_what_it_is_and_at_which_wavelength(self):
        alpha = xr.DataArray([1.0], dims="x", name="angstrom", attrs={"long_name": "alpha"})
        aod = aod_at(0.1, angstrom=alpha, wavelength=870.0)
        assert aod.name == "aod"
        assert aod.attrs["standard_name"] == VARIABLES["aod"].standard_name
        assert "550" not in aod.attrs["long_name"]
        assert float(aod.wavelength) == 870.0 and aod.wavelength.attrs["units"] == "nm"

    @pytest.mark.parametrize("wavelength", [0.0, -550.0])
    def test_wavelength_must_be_positive(self, wavelength):
        with pytest.raises(InputError, match="positive"):
            aod_at(0.1, angstrom=1.0, wavelength=wavelength)
        with pytest.raises(InputError, match="positive"):
            coalbedo_at(0.1, coalbedo_angstrom=1.0, wavelength=wavelength)

    @QUICK
    @given(fractions, st.floats(-4, 6), wavelengths)
    def test_coalbedo_stays_between_0_and_1(self, coalbedo, kappa, wavelength):
        law = {"coalbedo_angstrom": kappa, "wavelength": wavelength}
        value = coalbedo_at(coalbedo, **law)
        assert 0 <= value <= 1
        unclipped = coalbedo * (wavelength / 550) ** -kappa
        assert value == pytest.approx(min(unclipped, 1))
        assert count_clipped_coalbedo(coalbedo, **law) == (unclipped > 1)

    def test_clipped_values_are_counted(self):
        coalbedo = xr.DataArray([0.0, 0.1, 0.6, np.nan], dims="x")
        count = count_clipped_coalbedo(coalbedo, coalbedo_angstrom=-1.0, wavelength=1100.0)
        assert count == 1
        at_1100 = coalbedo_at(coalbedo, coalbedo_angstrom=-1.0, wavelength=1100.0)
        np.testing.assert_allclose(at_1100, [0.0, 0.2, 1.0, np.nan])
        assert at_1100.attrs["units"] == "1" and float(at_1100.wavelength) == 1100


def species_dataset(values: np.ndarray, prefix: str = "") -> xr.Dataset:
    """AOD [species, x] as a Dataset."""
    return xr.Dataset({prefix + s: ("x", v) for s, v in zip(SPECIES, values, strict=True)})


amounts = arrays(float, (6, 3), elements=st.floats(1e-4, 1))


class TestMixSpecies:
    def test_worked_example(self):
        # organic, black carbon, dust, sulfate, fine and coarse sea salt
        mixture = mixture_by_paper(
            species_dataset(np.array([[0.04, 0.01, 0.02, 0.03, 0.01, 0.02]]).T)
        )
        assert mixture.aod.item() == pytest.approx(0.13)
        assert mixture.ssa.item() == pytest.approx((0.741 * 0.05 + 0.957 * 0.02 + 0.06) / 0.13)
        s_ca, s_dust = 0.85 * 0.04 + 0.19 * 0.01, 0.96 * 0.02
        weighted = 0.62 * s_ca + 0.69 * 0.03 + 0.66 * s_dust + 0.778 * 0.01 + 0.85 * 0.02
        assert mixture.asymmetry.item() == pytest.approx(weighted / (s_ca + 0.03 + s_dust + 0.03))

    @pytest.mark.parametrize(
        ("species", "ssa", "asymmetry"),
        [
            ("organic_carbon", 0.741, 0.62),
            ("black_carbon", 0.741, 0.62),
            ("dust", 0.957, 0.66),
            ("sulfate", 1.0, 0.69),
            ("sea_salt_fine", 1.0, 0.778),
            ("sea_salt_coarse", 1.0, 0.85),
        ],
    )
    def test_a_species_alone_keeps_its_properties(self, species, ssa, asymmetry):
        values = np.where(np.array(SPECIES) == species, 0.3, 0.0)[:, np.newaxis]
        mixture = mixture_by_paper(species_dataset(values))
        assert mixture.ssa.item() == pytest.approx(ssa)
        assert mixture.asymmetry.item() == pytest.approx(asymmetry)

    @QUICK
    @given(amounts, st.floats(0.01, 1.0))
    def test_scaling_and_bounds(self, values, factor):
        mixture = mixture_by_paper(species_dataset(values))
        scaled = mixture_by_paper(species_dataset(values * factor))
        np.testing.assert_allclose(mixture.aod, values.sum(axis=0))
        np.testing.assert_allclose(scaled.ssa, mixture.ssa, rtol=1e-12)
        np.testing.assert_allclose(scaled.asymmetry, mixture.asymmetry, rtol=1e-12)
        assert (mixture.ssa >= 0.741 - 1e-12).all() and (mixture.ssa <= 1 + 1e-12).all()
        assert (mixture.asymmetry >= 0.62 - 1e-12).all()
        assert (mixture.asymmetry <= 0.85 + 1e-12).all()

    def test_without_aerosol_the_properties_stay_in_range(self):
        nothing = mixture_by_paper(species_dataset(np.zeros((6, 1))))
        little = mixture_by_paper(species_dataset(np.full((6, 1), 1e-9)))
        assert nothing.aod.item() == 0
        np.testing.assert_allclose(nothing.ssa, little.ssa)
        np.testing.assert_allclose(nothing.asymmetry, little.asymmetry)

    def test_missing_in_one_species_is_missing(self):
        values = np.full((6, 2), 0.1)
        values[3, 0] = np.nan
        mixture = mixture_by_paper(species_dataset(values))
        for name in ("aod", "ssa", "asymmetry"):
            np.testing.assert_array_equal(mixture[name].isnull(), [True, False])

    def test_names_of_the_registry_are_accepted_and_attributes_stamped(self):
        values = np.full((6, 1), 0.1)
        plain = species_dataset(values)
        mixture = mixture_by_paper(species_dataset(values, prefix="aod_"))
        xr.testing.assert_identical(mixture, mixture_by_paper(plain))
        for name in ("aod", "ssa", "asymmetry"):
            assert mixture[name].attrs == VARIABLES[name].attributes

    def test_missing_species(self):
        data = species_dataset(np.zeros((6, 1))).drop_vars(["dust", "sulfate"])
        with pytest.raises(InputError, match="The AOD of dust, sulfate is missing"):
            mixture_by_paper(data)

    def test_negative_amount(self):
        with pytest.raises(InputError, match="aod_organic_carbon is out of range in 1 of 1"):
            mixture_by_paper(species_dataset(np.full((6, 1), -0.1)))


def components(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("kind", "x"))


class TestExternalMixture:
    @QUICK
    @given(
        arrays(float, (3, 2), elements=st.floats(1e-3, 2)),
        arrays(float, (3, 2), elements=st.floats(0.01, 1)),
        arrays(float, (3, 2), elements=st.floats(-0.9, 0.9)),
    )
    def test_what_the_components_have_is_conserved(self, tau, ssa, g):
        mixture = external_mixture(components(tau), components(ssa), components(g), dim="kind")
        np.testing.assert_allclose(mixture.aod, tau.sum(0))
        np.testing.assert_allclose(mixture.aod * mixture.ssa, (tau * ssa).sum(0))
        flux = mixture.aod * mixture.ssa * mixture.asymmetry
        np.testing.assert_allclose(flux, (tau * ssa * g).sum(0), atol=1e-14)

    @QUICK
    @given(arrays(float, (4, 1), elements=st.floats(1e-3, 2)))
    def test_mixing_in_two_steps_gives_the_same(self, tau):
        ssa, g = components([[0.2], [0.9], [1.0], [0.95]]), components([[0.3], [0.7], [0.6], [0.8]])
        tau = components(tau)
        halves = [
            external_mixture(tau[part], ssa[part], g[part], dim="kind")
            for part in (slice(0, 2), slice(2, 4))
        ]
        pair = xr.concat(halves, "kind")
        xr.testing.assert_allclose(
            external_mixture(pair.aod, pair.ssa, pair.asymmetry, dim="kind"),
            external_mixture(tau, ssa, g, dim="kind"),
        )

    def test_without_aerosol_and_without_scattering(self):
        tau = components([[0.0, 0.1, np.nan], [0.0, 0.3, 0.1]])
        ssa = components([[0.8, 0.0, 1.0], [1.0, 0.0, 1.0]])
        g = components([[0.5, 0.5, 0.5], [0.7, 0.7, 0.7]])
        mixture = external_mixture(tau, ssa, g, dim="kind")
        np.testing.assert_allclose(mixture.aod, [0.0, 0.4, np.nan])
        np.testing.assert_allclose(mixture.ssa, [0.9, 0.0, np.nan])
        np.testing.assert_allclose(
            mixture.asymmetry, [(0.8 * 0.5 + 0.7) / 1.8, 0.25 * 0.5 + 0.75 * 0.7, np.nan]
        )


def spectrum(value_550, exponent, wavelength=(440.0, 870.0)) -> xr.DataArray:
    axis = xr.DataArray(list(wavelength), dims="wavelength").assign_coords(
        wavelength=list(wavelength)
    )
    return value_550 * (axis / 550) ** -exponent


class TestFitAngstrom:
    @QUICK
    @given(st.floats(0.01, 2), st.floats(0, 3), st.floats(0.01, 0.3), st.floats(-1.5, 1.5))
    def test_power_laws_are_recovered(self, tau, alpha, coalbedo, kappa):
        aod = spectrum(tau, alpha, (440, 675, 870))
        absorption = aod * spectrum(coalbedo, kappa, (440, 675, 870))
        assume(float(absorption.max()) < 10 and float(aod.max()) < 10)
        fit = fit_angstrom(aod, absorption_aod=absorption)
        assert fit.angstrom.item() == pytest.approx(alpha, abs=1e-10)
        assert fit.coalbedo_angstrom.item() == pytest.approx(kappa, abs=1e-10)

    def test_a_mixture_is_summed_before_the_fit(self):
        # black carbon (alpha 1, absorbing) and fine sulfate (alpha 2, not absorbing)
        aod = spectrum(0.02, 1.0) + spectrum(0.1, 2.0)
        fit = fit_angstrom(aod, absorption_aod=spectrum(0.016, 1.0))
        alpha = fit.angstrom.item()
        assert 1 < alpha < 2
        assert fit.coalbedo_angstrom.item() == pytest.approx(1.0 - alpha)
        for end in (440.0, 870.0):
            law = aod_at(
                float(aod.sel(wavelength=440.0)), angstrom=alpha, wavelength=end, reference=440.0
            )
            assert law == pytest.approx(float(aod.sel(wavelength=end)))

    def test_undefined_exponents(self):
        aod = xr.concat([spectrum(0.0, 1.0), spectrum(0.2, 1.5), spectrum(np.nan, 1.0)], "x")
        absorption = xr.concat([spectrum(0.0, 1.0), spectrum(0.0, 1.0), spectrum(0.1, 1.0)], "x")
        fit = fit_angstrom(aod, absorption_aod=absorption)
        np.testing.assert_allclose(fit.angstrom, [0.0, 1.5, np.nan])
        np.testing.assert_allclose(fit.coalbedo_angstrom, [0.0, 0.0, np.nan])

    def test_refusals(self):
        with pytest.raises(InputError, match="two wavelengths"):
            fit_angstrom(spectrum(0.1, 1.0, (440.0,)), absorption_aod=spectrum(0.1, 1.0, (440.0,)))
        with pytest.raises(InputError, match="aod is out of range"):
            fit_angstrom(spectrum(-0.1, 1.0), absorption_aod=spectrum(0.01, 1.0))


def planck_mean(function, band) -> float:
    """Mean over a band with the Planck function of 5772 K, by adaptive quadrature in wavelength."""

    def planck(wavelength):  # nm, arbitrary units
        return wavelength**-5 / np.expm1(1.438776877e7 / (wavelength * 5772))

    limits = sorted(1e7 / band)
    weighted = quad(lambda x: planck(x) * function(x), *limits, epsabs=0, epsrel=1e-10)[0]
    return weighted / quad(planck, *limits, epsabs=0, epsrel=1e-10)[0]


class TestBandMeans:
    def test_nodes(self):
        nodes = planck_band_nodes(BANDS)
        assert nodes.wavelength.shape == nodes.weight.shape == (14, 16)
        np.testing.assert_allclose(nodes.weight.sum(axis=1), 1.0, rtol=1e-14)
        assert (nodes.weight > 0).all()
        assert (nodes.wavelength > 1e7 / BANDS[:, 1:]).all()
        assert (nodes.wavelength < 1e7 / BANDS[:, :1]).all()

    def test_order_of_the_limits_does_not_matter(self):
        reversed_limits = planck_band_nodes(BANDS[:, ::-1])
        np.testing.assert_allclose(reversed_limits.wavelength, planck_band_nodes(BANDS).wavelength)

    @pytest.mark.parametrize("band", range(14))
    def test_agrees_with_adaptive_quadrature(self, band):
        tau, ssa, g, alpha, kappa = 0.3, 0.85, 0.7, 1.4, 0.4
        means = band_means(tau, ssa, g, alpha, kappa, planck_band_nodes(BANDS))
        limits = BANDS[band].astype(float)
        extinction = planck_mean(lambda x: tau * (x / 550) ** -alpha, limits)
        absorption = planck_mean(
            lambda x: tau * (x / 550) ** -alpha * 0.15 * (x / 550) ** -kappa, limits
        )
        assert means[0][band] == pytest.approx(extinction, rel=1e-6)
        assert means[1][band] == pytest.approx(1 - absorption / extinction, rel=1e-6)
        assert means[2][band] == g

    @QUICK
    @given(depths, fractions, st.floats(-0.99, 0.99), exponents, st.floats(-4, 6))
    def test_bounds(self, tau, ssa, g, alpha, kappa):
        nodes = planck_band_nodes(BANDS, per_band=8)
        extinction, albedo, asymmetry = band_means(tau, ssa, g, alpha, kappa, nodes)
        laws = aod_at(tau, angstrom=alpha, wavelength=nodes.wavelength)
        assert (extinction <= laws.max(axis=1) * (1 + 1e-12)).all()
        assert (extinction >= laws.min(axis=1) * (1 - 1e-12)).all()
        assert (albedo >= 0).all() and (albedo <= 1).all()
        assert (asymmetry == g).all()

    def test_grey_aerosol_is_the_same_in_every_band(self):
        means = band_means(0.3, 0.9, 0.7, 0.0, 0.0, planck_band_nodes(BANDS))
        for mean, value in zip(means, (0.3, 0.9, 0.7), strict=True):
            np.testing.assert_allclose(mean, value, rtol=1e-14)

    def test_coalbedo_is_clipped_within_the_band(self):
        nodes = planck_band_nodes(BANDS)
        _, ssa, _ = band_means(0.3, 0.7, 0.7, 1.0, -1.0, nodes)
        absorption = planck_mean(
            lambda x: 1 / x * min(1.0, 0.3 * x / 550), np.array([5000.0, 7000.0])
        )
        assert ssa[0] == pytest.approx(0, abs=1e-15)  # beyond 1.83 um all is absorbed
        one_band = planck_band_nodes([[5000.0, 7000.0]], per_band=200)
        extinction = planck_mean(lambda x: 1 / x, np.array([5000.0, 7000.0]))
        partly = band_means(0.3, 0.7, 0.7, 1.0, -1.0, one_band)[1][0]
        assert 0 < partly == pytest.approx(1 - absorption / extinction, rel=2e-3)

    def test_leading_dimensions_broadcast(self):
        tau = np.linspace(0, 1, 6).reshape(2, 3)
        nodes = planck_band_nodes(BANDS)
        extinction, ssa, g = band_means(tau, 0.9, np.array([0.5, 0.6, 0.7]), 1.0, 0.0, nodes)
        assert extinction.shape == ssa.shape == g.shape == (2, 3, 14)
        np.testing.assert_allclose(ssa, 0.9)
        single = band_means(tau[1, 2], 0.9, 0.7, 1.0, 0.0, nodes)
        np.testing.assert_allclose(extinction[1, 2], single[0])

    @pytest.mark.parametrize("limits", [[[820.0, 0.0]], [[820.0, 820.0]], [820.0, 2680.0]])
    def test_bad_limits(self, limits):
        with pytest.raises(InputError):
            planck_band_nodes(limits)
