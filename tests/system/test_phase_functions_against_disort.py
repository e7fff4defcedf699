"""Phase functions beyond Henyey-Greenstein in the paths, against discrete ordinates.

Rationale. An aerosol may carry a phase function of two terms, by moments or by a table. The paths
draw from a tabulated inverse of it and correct by its moments: a wrong table, a layer that takes
another's, or a correction that belongs to another function would bias every flux a little.

Expected. Fluxes with the aerosol and their change by it, at one wavelength, clear and under cloud,
are those of discrete ordinates with the Legendre moments of the same function, within the limits
for the number of comparisons; so is the broadband forcing of `column_fluxes` of a mixture of
aerosols, with standard errors that would show 1 % of it. A table made of Henyey-Greenstein gives
Henyey-Greenstein's fluxes from the same random numbers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.disort_solution import disort_fluxes
from helpers.montecarlo_checks import assert_unbiased, t_values
from helpers.path_driver import CHANGE, WITH_AEROSOL, path_scores

import aeroforcing as af
from aeroforcing.columns.column import column_arrays
from aeroforcing.optics.phase_functions import BandPhase, HenyeyGreenstein, phase_rows
from aeroforcing.optics.spectrum import checked_part
from aeroforcing.transport.column_optics import fill_optics, make_optics, media_by_level
from aeroforcing.transport.events import SURFACE_DOWN, SURFACE_UP, TOA_UP
from aeroforcing.transport.medium import (
    CLEAN_ABSORPTION,
    FULL_ABSORPTION,
    FULL_SCATTERING,
    MEDIUM_COLUMNS,
    RAYLEIGH,
    add_cloud,
    fill_medium,
)

# ---- one wavelength -----------------------------------------------------------------------------

TWO_TERMS = af.optics.DoubleHenyeyGreenstein(forward=0.85, backward=-0.5, share=0.9)
# A forward peak, and a lobe around 120 degrees as of dust or crystals.
DEGREES = np.linspace(0.0, 180.0, 721)
LOBED = af.optics.TabulatedPhaseFunction(
    angle=DEGREES,
    values=HenyeyGreenstein(0.7).at(np.cos(np.radians(DEGREES)))
    + 0.5 * np.exp(-(((DEGREES - 120.0) / 15.0) ** 2)),
)
MOMENTS = af.optics.LegendrePhaseFunction(0.6 ** np.arange(48) * (1.0 + 0.3 * (np.arange(48) == 2)))
FUNCTIONS = {"two terms": TWO_TERMS, "table": LOBED, "moments": MOMENTS}

GAS, AIR = np.array([0.05, 0.02, 0.1]), np.array([0.05, 0.05, 0.05])
DEPTH, SSA = np.array([0.1, 0.4, 0.3]), 0.93
CLOUD, CLOUD_ASYMMETRY, ALBEDO = np.array([0.0, 0.0, 6.0]), 0.86, 0.3
TRUTH_ERROR = 2e-5  # of 64 streams and of the table of 1024 steps, in parts of the incident flux
NODES, WEIGHTS = np.polynomial.legendre.leggauss(4000)


def moments_of(function, n=65):
    """Means of the Legendre polynomials over a phase function."""
    weights = 0.5 * WEIGHTS * function.at(NODES)
    return np.polynomial.legendre.legvander(NODES, n - 1).T @ weights


def exact(function, cos_zenith, cloud, *, with_aerosol):
    """Upward flux at the top and downward flux at the surface."""
    depth = with_aerosol * DEPTH
    return disort_fluxes(
        absorption=GAS + depth * (1.0 - SSA),
        rayleigh=AIR,
        # Henyey-Greenstein in the uppermost layer, the function in the others
        scattering=[
            (depth * SSA * [1, 0, 0], np.full(3, function.asymmetry)),
            (cloud, np.full(3, CLOUD_ASYMMETRY)),
        ],
        by_moments=[(depth * SSA * [0, 1, 1], moments_of(function))],
        surface_albedo=ALBEDO,
        cos_zenith=cos_zenith,
    )[:2]


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_fluxes_and_their_change_at_one_wavelength(function):
    phase = BandPhase(phase_rows([function], np.ones((1, 1))), np.array([-1, 0, 0]))
    clear, medium = np.zeros((2, 4, MEDIUM_COLUMNS))
    fill_medium(clear, GAS, AIR, DEPTH, np.full(3, SSA), np.full(3, function.asymmetry))
    ones, t = np.ones(3), []
    for cloud in (0.0 * CLOUD, CLOUD):
        add_cloud(clear, cloud, ones, ones, CLOUD_ASYMMETRY * ones, medium)
        for cos_zenith in (0.3, 0.9):
            truth = exact(function, cos_zenith, cloud, with_aerosol=1.0)
            change = truth - exact(function, cos_zenith, cloud, with_aerosol=0.0)
            for kind, expected in ((WITH_AEROSOL, truth), (CHANGE, change)):
                scores = path_scores(
                    medium, kind=kind, albedo=ALBEDO, cos_zenith=cos_zenith, log2_samples=9,
                    phase=phase,
                )[:, [TOA_UP, SURFACE_DOWN]]  # fmt: skip
                stderr = scores.std(axis=0, ddof=1) / np.sqrt(len(scores))
                assert (stderr < 0.01 * np.abs(truth)).all()
                t.append(t_values(scores.mean(axis=0), stderr, expected, truth_error=TRUTH_ERROR))
    assert_unbiased(np.concatenate(t))


# ---- columns ------------------------------------------------------------------------------------

ALTITUDES = [60e3, 20e3, 10e3, 6e3, 3e3, 2e3, 1e3, 0.0]
COS_ZENITH = 0.7
GREEN = (0.45, 0.6)  # um; bands that are cut count by their shares
LOW_CLOUD = af.Cloud(base=1000.0, top=2000.0, optical_depth=8.0)
PURE = af.Aerosol(aod=0.3, ssa=0.9, angstrom=1.2, phase_function=TWO_TERMS)
OTHER = af.Aerosol(
    aod=0.2, ssa=0.95, asymmetry=0.6, angstrom=0.5, profile=af.UniformProfile(4000.0)
)
MIXED = [PURE, OTHER]


def column(aerosol=PURE, *, clouds=()):
    return af.Column(
        atmosphere=af.standard_atmosphere("midlatitude_summer", levels=ALTITUDES),
        aerosol=aerosol,
        surface_albedo=0.15,
        clouds=clouds,
    )


def scattering_by(aerosol, table):
    """Scattering optical depth of an aerosol, (band, layer)."""
    arrays = column_arrays([column(aerosol)], table=table, cell_id=[0])
    return arrays.aerosol_extinction[0] * arrays.aerosol_ssa[0]


def net_fluxes(table, g, medium, parts, clouds, *, with_aerosol):
    """Exact net flux down at the top and at the surface per incident flux, at one g-point."""
    depths, band = np.diff(medium, axis=0), table.g_band[g]
    cloud = sum((c.optical_depth * c.fractions(np.array(ALTITUDES)) for c in clouds), 0.0)
    own, rest = (with_aerosol * part[band] for part in parts)
    if with_aerosol:
        assert own + rest == pytest.approx(depths[:, FULL_SCATTERING] - depths[:, RAYLEIGH])
    up, down, _ = disort_fluxes(
        absorption=depths[:, FULL_ABSORPTION if with_aerosol else CLEAN_ABSORPTION],
        rayleigh=depths[:, RAYLEIGH],
        scattering=[
            (TWO_TERMS.share * own, np.full(own.size, TWO_TERMS.forward)),
            ((1.0 - TWO_TERMS.share) * own, np.full(own.size, TWO_TERMS.backward)),
            (rest, np.full(own.size, OTHER.asymmetry)),
            (cloud + 0.0 * own, np.full(own.size, 0.86)),
        ],
        surface_albedo=0.15,
        cos_zenith=COS_ZENITH,
        streams=32,
    )
    return np.array([1.0 - up, 0.85 * down])


@pytest.mark.parametrize(
    ("clouds", "photons"),
    [
        pytest.param((), 2**16, id="clear"),
        pytest.param((LOW_CLOUD,), 2**20, id="overcast", marks=pytest.mark.slow),
    ],
)
def test_forcing_of_a_mixture(clouds, photons):
    """Of the wavelengths of green light: what is broadband is a sum over g-points as there."""
    part = checked_part("g112", wavelengths=GREEN, solar_constant=1361.0)
    table = part.table
    arrays = column_arrays([column(MIXED)], table=table, cell_id=[0])
    optics = make_optics(len(ALTITUDES) - 1, table.g_band.size, 0, len(table.band_limits_g))
    fill_optics(table, arrays, 0, COS_ZENITH, optics)
    parts = [scattering_by(aerosol, table) for aerosol in MIXED]
    truth, media = np.zeros(2), media_by_level(optics)
    for g in np.flatnonzero(table.solar_fraction):
        full, clean = (
            net_fluxes(table, g, media[g], parts, clouds, with_aerosol=with_aerosol)
            for with_aerosol in (True, False)
        )
        truth += 1361.0 * part.share * COS_ZENITH * table.solar_fraction[g] * (full - clean)
    found = af.column_fluxes(
        column(MIXED, clouds=clouds), cos_zenith=COS_ZENITH, photons=photons, wavelengths=GREEN,
        seed=4,
    )  # fmt: skip
    names = ("forcing_toa", "forcing_surface")
    forcing = np.array([float(found[name]) for name in names])
    stderr = np.array([float(found[f"{name}_stderr"]) for name in names])
    assert (stderr < 0.005 * np.abs(truth)).all()
    assert_unbiased(t_values(forcing, stderr, truth, truth_error=5e-3), names=names)


def test_a_table_of_henyey_greenstein_is_henyey_greenstein():
    degrees = np.concatenate([np.linspace(0.0, 20.0, 801), np.linspace(20.5, 180.0, 640)])
    table = af.optics.TabulatedPhaseFunction(
        angle=degrees, values=HenyeyGreenstein(0.7).at(np.cos(np.radians(degrees)))
    )
    both = [
        af.column_fluxes(column(replace(OTHER, **given)), cos_zenith=0.6, photons=2**13, key=1)
        for given in ({"asymmetry": 0.7}, {"asymmetry": None, "phase_function": table})
    ]
    for name in ("toa_up", "surface_down", "forcing_toa", "forcing_surface"):
        one, other = (float(found[name]) for found in both)
        assert other == pytest.approx(one, abs=0.1 * float(both[0][f"{name}_stderr"]))


@pytest.mark.slow
def test_profiles_end_where_the_fluxes_are():
    overcast = column(MIXED, clouds=(LOW_CLOUD,))
    fluxes = af.column_fluxes(overcast, cos_zenith=COS_ZENITH, photons=2**14, wavelengths=GREEN)
    profiles = af.column_profiles(
        overcast, cos_zenith=COS_ZENITH, photons=2**14, wavelengths=GREEN, seed=1
    )
    t = []
    for name, level in (("forcing_toa", 0), ("forcing_surface", -1)):
        error = np.hypot(fluxes[f"{name}_stderr"], profiles.forcing_profile_stderr[level])
        t.append(float((profiles.forcing_profile[level] - fluxes[name]) / error))
    assert_unbiased(t)


def net_surface(scores):
    return scores[:, SURFACE_DOWN] - scores[:, SURFACE_UP]


def test_a_conservative_mixture_absorbs_nothing():
    """The corrections by moments close: what does not go up is what the ground takes."""
    rows = phase_rows([LOBED, TWO_TERMS], np.array([[1.0, 2.0], [2.0, 1.0]]))
    medium = np.zeros((3, MEDIUM_COLUMNS))
    nothing, depth = np.zeros(2), np.array([0.5, 2.0])
    fill_medium(medium, nothing, nothing, depth, np.ones(2), np.full(2, 0.7))
    scores = path_scores(
        medium, kind=WITH_AEROSOL, albedo=0.4, cos_zenith=0.5, log2_samples=10,
        phase=BandPhase(rows, np.array([0, 1])),
    )  # fmt: skip
    closure = scores[:, TOA_UP] + net_surface(scores) - 1.0
    stderr = closure.std(ddof=1) / np.sqrt(closure.size)
    assert stderr < 2e-3
    assert_unbiased(t_values(closure.mean(), stderr, 0.0))
