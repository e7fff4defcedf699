"""Radiative kernels of a column against differences of broadband discrete ordinates.

Rationale. Histories of single wavelengths are tested with the paths; what remains is all that makes
a kernel of them: the derivatives by band of the properties at 550 nm, the sum over g-points, signs
and levels, clear sky and cloud, and the weights of the states. Each kernel is compared with central
differences of the forcing by discrete ordinates on the same gas optics, at all 112 g-points.

Expected. Within 4 standard errors, which are at most 2 % of that quantity's largest derivative over
the three levels; with the photons of the second command, at most 1 %.

    python -m pytest -m slow tests/system/test_kernels_against_disort.py       one column
    PYTHONPATH=tests python tests/system/test_kernels_against_disort.py 24     all, with a table,
                                                             with 2^24 samples (22 without number)
    PYTHONPATH=tests python tests/system/test_kernels_against_disort.py 28 "scatters all, white"
"""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from helpers.disort_solution import disort_fluxes

import aeroforcing as af
from aeroforcing.columns.column import column_arrays
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.transport.column_optics import fill_optics, make_optics, media_by_level
from aeroforcing.transport.medium import (
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    FULL_ABSORPTION,
    FULL_SCATTERING,
)

ALTITUDES = np.array([60e3, 25e3, 15e3, 10e3, 5e3, 3e3, 2e3, 1e3, 0.0])
COS_ZENITH, STREAMS, WITHIN = 0.6, 16, 4.0
OVERCAST = af.Cloud(base=1000.0, top=2000.0, optical_depth=10.0)
BASE = {"log_aod": math.log(0.2), "ssa": 0.9, "asymmetry": 0.65, "angstrom": 1.2}
BASE |= {"coalbedo_angstrom": 0.2, "surface_albedo": 0.2}
# name -> atmosphere, what differs from BASE, clouds
CASES = {
    "clear": ("midlatitude_summer", {}, ()),
    "overcast": ("midlatitude_summer", {"log_aod": math.log(0.5), "ssa": 0.85}, (OVERCAST,)),
    "thin": ("tropical", {"log_aod": math.log(0.05), "ssa": 0.95}, ()),
    "thick, bright": ("subarctic_winter", {"log_aod": 0.0, "surface_albedo": 0.8}, ()),
    "scatters all": ("us_standard", {"ssa": 1.0}, ()),
    "scatters all, white": ("us_standard", {"ssa": 1.0, "surface_albedo": 0.9}, ()),
    "black ground": ("tropical", {"surface_albedo": 0.0, "log_aod": 0.0, "ssa": 0.8}, ()),
    "overcast, dark": ("tropical", {"ssa": 0.8, "surface_albedo": 0.05}, (OVERCAST,)),
    "overcast, thick": ("us_standard", {"log_aod": 0.0, "surface_albedo": 0.5}, (OVERCAST,)),
}
STEPS = {"log_aod": 0.05, "ssa": 0.02, "asymmetry": 0.02, "angstrom": 0.02}
STEPS |= {"coalbedo_angstrom": 0.05, "surface_albedo": 0.02}
LEVELS = ("toa", "atmosphere", "surface")


def column(case, **moved):
    atmosphere, own, clouds = case
    x = BASE | own | moved
    return af.Column(
        atmosphere=af.standard_atmosphere(atmosphere, levels=ALTITUDES),
        aerosol=af.Aerosol(
            aod=math.exp(x["log_aod"]), ssa=x["ssa"], asymmetry=x["asymmetry"],
            angstrom=x["angstrom"], coalbedo_angstrom=x["coalbedo_angstrom"],
        ),
        surface_albedo=x["surface_albedo"],
        clouds=clouds,
    )  # fmt: skip


def exact_forcing(column, table):
    """Forcing at the three levels by discrete ordinates [W m-2]."""
    optics = make_optics(len(ALTITUDES) - 1, table.g_band.size, 0, len(table.band_limits_g))
    fill_optics(table, column_arrays([column], table=table, cell_id=[0]), 0, COS_ZENITH, optics)
    cloud = np.zeros(len(ALTITUDES) - 1)
    for member in column.clouds:
        cloud += member.optical_depth * member.fractions(ALTITUDES)
    albedo = float(column.surface_albedo)
    top = surface = 0.0
    for medium, share in zip(media_by_level(optics), table.solar_fraction, strict=True):
        depths = np.diff(medium, axis=0)
        rayleigh = depths[:, CLEAN_SCATTERING]
        aerosol = depths[:, FULL_SCATTERING] - rayleigh
        full, clean = (
            disort_fluxes(
                absorption=depths[:, absorption],
                rayleigh=rayleigh,
                scattering=[
                    (scattered, medium[:-1, AEROSOL_ASYMMETRY]),
                    (cloud, np.full(cloud.size, 0.86)),
                ],
                surface_albedo=albedo,
                cos_zenith=COS_ZENITH,
                streams=STREAMS,
            )
            for absorption, scattered in (
                (FULL_ABSORPTION, aerosol),
                (CLEAN_ABSORPTION, np.zeros_like(aerosol)),
            )
        )
        top -= share * (full[0] - clean[0])
        surface += share * (1.0 - albedo) * (full[1] - clean[1])
    incoming = 1361.0 * COS_ZENITH
    return incoming * np.array([top, top - surface, surface])


def exact_kernel(case, quantity, table):
    """Derivative of the forcing at the three levels, by differences, one-sided at an end."""
    step = STEPS[quantity]
    value = (BASE | case[1])[quantity]

    def forcing(by):
        return exact_forcing(column(case, **{quantity: value + by}), table)

    is_share = quantity in ("ssa", "surface_albedo")
    if is_share and not step <= value <= 1.0 - step:
        side = step if value < step else -step
        f = [forcing(k * side) for k in range(4)]
        return (-11 * f[0] + 18 * f[1] - 9 * f[2] + 2 * f[3]) / (6 * side)
    f = {k: forcing(k * step) for k in (-1, 1)}
    return (f[1] - f[-1]) / (2 * step)


def compare(case, *, photons, seed=4):
    """quantity -> kernel, standard error and exact kernel, each over the levels."""
    table = load_gas_table("g112")
    found = af.column_fluxes(
        column(case), cos_zenith=COS_ZENITH, photons=photons, seed=seed, kernels=True
    )
    results = {}
    for quantity in STEPS:
        names = [f"kernel_{quantity}_{level}" for level in LEVELS]
        results[quantity] = (
            np.array([float(found[name]) for name in names]),
            np.array([float(found[f"{name}_stderr"]) for name in names]),
            exact_kernel(case, quantity, table),
        )
    return results


@pytest.mark.slow
@pytest.mark.parametrize("name", ["overcast"])
def test_kernels_are_derivatives_of_exact_forcing(name):
    for quantity, (found, stderr, truth) in compare(CASES[name], photons=2**20).items():
        largest = np.abs(truth).max()
        assert (stderr <= 0.02 * largest).all(), (quantity, stderr / largest)
        # central differences of the second order are good to some 1e-3 of the largest
        assert (np.abs(found - truth) <= WITHIN * np.hypot(stderr, 1e-3 * largest)).all(), quantity


def main() -> None:
    """Print all comparisons."""
    photons = 2 ** int(sys.argv[1] if len(sys.argv) > 1 else 22)
    print(
        "| case | quantity | level | kernel | stderr | exact | z |\n|---|---|---|---|---|---|---|"
    )
    for name in sys.argv[2:] or CASES:
        for quantity, (found, stderr, truth) in compare(CASES[name], photons=photons).items():
            z = (found - truth) / np.hypot(stderr, 1e-3 * np.abs(truth).max())
            for row in zip(LEVELS, found, stderr, truth, z, strict=True):
                level, numbers = row[0], " | ".join(f"{x:.4g}" for x in row[1:])
                print(f"| {name} | {quantity} | {level} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
