"""Parts of the spectrum: shares of bands, sums over ranges, and what cannot be a range."""

from __future__ import annotations

from itertools import pairwise
from math import cos, radians

import numpy as np
import pytest
from helpers.montecarlo_checks import assert_unbiased, t_values

import aeroforcing as af
from aeroforcing.analysis.validation.aerocom import aerocom_column
from aeroforcing.core.errors import InputError
from aeroforcing.optics.band_means import band_means, planck_band_nodes
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.spectrum import band_part, band_wavelengths, range_shares, spectral_part

TABLE = load_gas_table("g112")


def column():
    return af.Column(
        atmosphere=af.standard_atmosphere("tropical"),
        aerosol=af.Aerosol(aod=0.2, ssa=0.9, asymmetry=0.7, angstrom=1.0),
        surface_albedo=0.2,
    )


def fluxes(**settings):
    return af.column_fluxes(column(), cos_zenith=0.5, photons=2**13, **settings)


def test_band_averages_of_a_law_are_those_of_the_aerosol():
    """Spectra of the Angstrom law, finely given: the optics of the bands that the law gives."""
    wavelength = np.geomspace(150.0, 13000.0, 4000)
    depth = (wavelength / 550.0) ** -1.3
    coalbedo = 0.1 * (wavelength / 550.0) ** 0.2
    nodes = planck_band_nodes(TABLE.band_limits_wavenumber)
    tau, ssa, _ = band_means(
        1.0, ssa=0.9, asymmetry=0.7, angstrom=1.3, coalbedo_angstrom=-0.2, nodes=nodes
    )
    found = af.optics.band_average(depth, wavelength=wavelength)
    assert found == pytest.approx(tau, rel=1e-4)
    weighted = af.optics.band_average([1.0 - coalbedo] * 2, wavelength=wavelength, weight=depth)
    assert weighted.shape == (2, 14)
    assert weighted[1] == pytest.approx(ssa, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": [0.1]}, "shape"),
        ({"wavelength": [800.0, 500.0]}, "rise"),
        ({"values": [0.1, np.nan]}, "finite"),
        ({"weight": [1.0, -1.0]}, "at least 0"),
        ({"weight": [0.0, 0.0]}, "whole band"),
        ({"weight": [1.0] * 3}, "weight has the shape"),
    ],
)
def test_spectra_that_cannot_be_averaged(change, message):
    with pytest.raises(InputError, match=message):
        af.optics.band_average(**({"values": [0.1, 0.5], "wavelength": [500.0, 800.0]} | change))


def test_all_of_the_spectrum_is_the_table_itself():
    part = spectral_part(TABLE, wavelengths=None)
    assert part.share == 1.0
    assert part.table is TABLE


def test_ranges_that_meet_share_out_every_band():
    edges = [0.2, 0.4, 0.55, 0.7, 1.0, 12.3]
    shares = [range_shares(TABLE, wavelengths=limits) for limits in pairwise(edges)]
    assert sum(shares) == pytest.approx(np.ones(14), abs=1e-12)
    assert all((share >= 0).all() and (share <= 1).all() for share in shares)


def test_a_band_within_the_range_counts_whole_and_one_beyond_it_not_at_all():
    shares = range_shares(TABLE, wavelengths=(0.4, 0.7))
    lower, upper = band_wavelengths(TABLE).T
    assert (shares[(lower >= 0.4) & (upper <= 0.7)] == pytest.approx(1.0)) and (
        not shares[(upper <= 0.4) | (lower >= 0.7)].any()
    )
    assert ((shares > 0) & (shares < 1)).sum() == 2  # the bands of 400 and 700 nm


def test_the_share_of_photosynthetic_radiation_in_the_sun_is_known():
    """NRLSSI2: 39.0 % of the sun's power lies between 400 and 700 nm, 46.9 % below 700 nm."""
    assert spectral_part(TABLE, wavelengths=(0.4, 0.7)).share == pytest.approx(0.390, abs=0.002)
    assert spectral_part(TABLE, wavelengths=(0.1, 0.7)).share == pytest.approx(0.469, abs=0.002)


# Share of a band [um] below a limit that cuts it, by NRLSSI2.
CUT_BANDS = {
    (0.345, 0.442): (0.4, 0.447),
    (0.625, 0.778): (0.7, 0.527),
    (0.442, 0.625): (0.55, 0.615),
    (0.778, 1.242): (0.9, 0.356),
}


@pytest.mark.parametrize("band", CUT_BANDS, ids=str)
def test_cut_bands_are_shared_out_as_the_sun_shines(band):
    limit, share = CUT_BANDS[band]
    (place,) = np.flatnonzero(np.isclose(band_wavelengths(TABLE), band, atol=0.001).all(axis=1))
    found = range_shares(TABLE, wavelengths=(0.05, limit))[place]
    assert found == pytest.approx(share, abs=0.016)


def test_the_solar_fractions_of_a_part_sum_to_1():
    weights = np.arange(14) / 14.0
    part = band_part(TABLE, weights=weights)
    assert part.table.solar_fraction.sum() == pytest.approx(1.0, rel=1e-12)
    assert part.share == pytest.approx((TABLE.solar_fraction * weights[TABLE.g_band]).sum())


def test_ranges_sum_to_the_broadband_fluxes_and_forcing():
    whole = fluxes(seed=1)
    parts = [
        fluxes(seed=seed, wavelengths=limits)
        for seed, limits in ((2, (0.1, 0.7)), (3, (0.7, 20.0)))
    ]
    names = ("toa_up", "surface_down", "surface_up", "forcing_toa", "forcing_surface")
    t = []
    for name in names:
        stderr = np.sqrt(sum(float(x[f"{name}_stderr"]) ** 2 for x in (whole, *parts)))
        t += [*t_values(sum(float(x[name]) for x in parts), stderr, float(whole[name]))]
    assert_unbiased(t, names=names)
    down = sum(float(x["toa_down"]) for x in parts)
    assert down == pytest.approx(float(whole["toa_down"]), rel=1e-12)
    assert parts[0].attrs["wavelengths"] == "0.1 to 0.7 um"


def test_monthly_forcing_of_a_part_is_weaker_than_the_whole():
    def forcing(**settings):
        return af.column_forcing(column(), latitude=10.0, months=[3], photons=2**12, **settings)

    whole, visible = forcing(), forcing(wavelengths=(0.2, 0.7))
    share = float(visible["forcing_surface"][0] / whole["forcing_surface"][0])
    assert 0.4 < share < 0.8


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ((0.7, 0.4), "the lower and the upper limit in micrometres"),
        ((0.5, 0.5), "is not allowed"),
        ((-1.0, 0.5), "is not allowed"),
        ((0.4, np.inf), "is not allowed"),
        ((0.4, np.nan), "is not allowed"),
        ((0.4,), "is not allowed"),
        (0.4, "is not allowed"),
        ("uv", "is not allowed"),
        ((400.0, 700.0), "outside of the bands of the gas table.* 0.2 to 12.2 um"),
    ],
)
def test_wrong_ranges_are_refused(limits, message):
    with pytest.raises(InputError, match=message):
        spectral_part(TABLE, wavelengths=limits)


# Downward flux at the surface below 0.7 um by line-by-line models, Randles et al. (2013): SSA,
# atmosphere, solar zenith angle, incoming flux, flux without and with aerosol [W m-2].
UV_AND_VISIBLE = [
    (1.0, "subarctic_winter", 30.0, 1189.28, 489.2, 480.6),
    (0.8, "tropical", 30.0, 1189.28, 489.1, 452.0),
    (1.0, "tropical", 75.0, 355.43, 115.7, 101.5),
    (0.8, "subarctic_winter", 75.0, 355.43, 115.8, 89.0),
]


@pytest.mark.parametrize("case", UV_AND_VISIBLE, ids=lambda c: f"{c[1]}-{c[2]:g}-{c[0]:g}")
def test_the_visible_flux_is_that_of_line_by_line_models(case):
    """The cut through the band of 625-778 nm costs up to 1.7 %, and the aerosol's effect 2.5 %."""
    ssa, atmosphere, zenith, incoming, clean, full = case
    cosine = cos(radians(zenith))
    found = af.column_fluxes(
        aerocom_column(atmosphere, ssa),
        cos_zenith=cosine,
        solar_constant=incoming / cosine,
        wavelengths=(0.1, 0.7),
        photons=2**15,
    )
    error = 4.0 * float(found["surface_down_stderr"])
    assert float(found["surface_down_clean"]) == pytest.approx(clean, abs=0.017 * clean + error)
    assert float(found["surface_down"]) == pytest.approx(full, abs=0.017 * full + error)
    effect = float(found["surface_down"] - found["surface_down_clean"])
    assert effect == pytest.approx(full - clean, abs=0.2 + 0.025 * (clean - full))
