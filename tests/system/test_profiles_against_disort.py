"""Fluxes through levels and heating of layers against discrete ordinates.

Rationale. A profile can be wrong inside and right at its ends. Random stacks of layers at one
wavelength, with corner values among them, and the broadband heating rates of a column are compared
with solutions by discrete ordinates at every level.

Expected. Up, down, direct and actinic flux at every level, and the divergence of the net flux,
which is the absorption of each layer, within the limits for the number of comparisons; the direct
beam exact. The heating rates of the column, with and without aerosol, and their change likewise.
"""

from __future__ import annotations

import numpy as np
import pytest
from helpers.disort_solution import TRUTH_ERROR, disort_levels
from helpers.montecarlo_checks import assert_unbiased, t_values
from helpers.random_stacks import random_stack

import aeroforcing as af
from aeroforcing.columns.column import column_arrays
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.transport.column_optics import fill_optics, make_optics, media_by_level
from aeroforcing.transport.medium import (
    AEROSOL,
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    FULL_ABSORPTION,
    FULL_SCATTERING,
)

ACTINIC_ERROR = 1e-3  # of light close to the horizon, see level_paths.py
SHARES = ("share_up", "share_down", "share_actinic", "share_absorbed")


def true_shares(stack):
    """Exact SHARES of a stack by name, and the direct beam."""
    scattering = stack["tau_aerosol"] * stack["ssa_aerosol"]
    levels = disort_levels(
        absorption=stack["tau_gas"] + stack["tau_aerosol"] - scattering,
        rayleigh=stack["tau_rayleigh"],
        scattering=[(scattering, stack["asymmetry_aerosol"])],
        surface_albedo=stack["surface_albedo"],
        cos_zenith=stack["cos_zenith"],
    )
    net = levels.down - levels.up
    shares = (levels.up, levels.down, levels.actinic, net[:-1] - net[1:])
    return dict(zip(SHARES, shares, strict=True)) | {"share_down_direct": levels.direct}


def check_stacks(seeds, *, photons):
    t = {name: [] for name in SHARES}
    for seed in seeds:
        stack = random_stack(seed)
        found = af.forcing.layer_profiles(**stack, photons=photons, seed=seed)
        truth = true_shares(stack)
        beam = found["share_down_direct"].values
        assert beam == pytest.approx(truth["share_down_direct"], abs=1e-9)
        for name in SHARES:
            error = ACTINIC_ERROR * truth[name] if name == "share_actinic" else TRUTH_ERROR
            stderr = found[f"{name}_stderr"]
            t[name].append(t_values(found[name], stderr, truth[name], truth_error=error))
    for name in SHARES:
        assert_unbiased(np.concatenate(t[name]))


def test_random_stacks():
    check_stacks(range(12), photons=2**14)


@pytest.mark.slow
def test_many_random_stacks_precisely():
    check_stacks(range(1000, 1040), photons=2**18)


# ---- a whole column ------------------------------------------------------------------------------

ALTITUDES = [60e3, 40e3, 25e3, 15e3, 10e3, 6e3, 4e3, 3e3, 2e3, 1e3, 0.0]
COS_ZENITH = 0.6
OVERCAST = af.Cloud(base=1000.0, top=2000.0, optical_depth=10.0)
STREAMS = 32


def column(*, clouds=()):
    return af.Column(
        atmosphere=af.standard_atmosphere("midlatitude_summer", levels=ALTITUDES),
        aerosol=af.Aerosol(aod=0.3, ssa=0.85, asymmetry=0.6, angstrom=1.3),
        surface_albedo=0.2,
        clouds=clouds,
    )


def g_point_media(table):
    """The media of the column at all g-points, (g, level, column), without cloud."""
    arrays = column_arrays([column()], table=table, cell_id=[0])
    optics = make_optics(len(ALTITUDES) - 1, table.g_band.size, 0, len(table.band_limits_g))
    fill_optics(table, arrays, 0, COS_ZENITH, optics)
    return media_by_level(optics)


def cloud_depth(clouds):
    """Optical depth of clouds in the layers, the same at all wavelengths."""
    depth = np.zeros(len(ALTITUDES) - 1)
    for cloud in clouds:
        depth += cloud.optical_depth * cloud.fractions(np.array(ALTITUDES))
    return depth


def net_flux(medium, *, with_aerosol, clouds=()):
    """Exact net downward flux through the levels at one g-point, per incident flux."""
    depths = np.diff(medium, axis=0)
    rayleigh = depths[:, CLEAN_SCATTERING]
    absorption = depths[:, FULL_ABSORPTION if with_aerosol else CLEAN_ABSORPTION]
    scattered = depths[:, FULL_SCATTERING] - rayleigh if with_aerosol else np.zeros_like(rayleigh)
    assert (depths[:, AEROSOL] > 0).any()
    levels = disort_levels(
        absorption=absorption,
        rayleigh=rayleigh,
        scattering=[
            (scattered, medium[:-1, AEROSOL_ASYMMETRY]),
            (cloud_depth(clouds), np.full(rayleigh.size, 0.86)),
        ],
        surface_albedo=0.2,
        cos_zenith=COS_ZENITH,
        streams=STREAMS,
    )
    return levels.down - levels.up


@pytest.mark.slow
@pytest.mark.parametrize("clouds", [(), (OVERCAST,)], ids=["clear", "overcast"])
def test_heating_rates_of_a_column(clouds):
    table = load_gas_table("g112")
    media = g_point_media(table)
    incoming = 1361.0 * COS_ZENITH * table.solar_fraction
    net = {
        suffix: sum(
            flux * net_flux(medium, with_aerosol=aerosol, clouds=clouds)
            for flux, medium in zip(incoming, media, strict=True)
        )
        for suffix, aerosol in (("", True), ("_clean", False))
    }
    found = af.column_profiles(column(clouds=clouds), cos_zenith=COS_ZENITH, photons=2**19, seed=2)
    to_rates = (found["heating_rate"] / found["absorbed"]).values  # K day-1 per W m-2
    comparisons = {
        "heating_rate": to_rates * -np.diff(net[""]),
        "heating_rate_clean": to_rates * -np.diff(net["_clean"]),
        "heating_rate_change": to_rates * -np.diff(net[""] - net["_clean"]),
        "forcing_profile": net[""] - net["_clean"],
    }
    for name, truth in comparisons.items():
        stderr = found[f"{name}_stderr"]
        assert_unbiased(t_values(found[name], stderr, truth, truth_error=1e-4 * abs(truth) + 1e-9))
        assert float(stderr[-3:].max()) < 0.01 * float(abs(found[name][-3:]).max())
