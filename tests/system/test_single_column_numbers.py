"""Annual mean forcing of one column at 21 N: the base case, five sweeps and overcast sky.

Rationale. Chung (2012, doi:10.5772/50248) shows how the forcing varies with AOD, SSA, asymmetry
parameter, Angstrom exponent and surface albedo, one at a time (Figs. 1-5). The figures here were
computed independently, by an exact multi-stream solver, for the AFGL tropical atmosphere, an
exponential profile of 2 km scale height, and spectrally constant SSA and asymmetry parameter.
Base case: AOD 0.1, SSA 0.9, g 0.7, Angstrom exponent 1.4, surface albedo 0.15, no cloud.

The overcast cases have a cloud of optical depth 10 at 1-2 km with the aerosol above, below or
around it.

Expected. Within 3 % or 0.05 W m-2; the overcast cases within 5 % or 0.05 W m-2. (The independent
figures have an insolation of 388.7 W m-2; the exact annual mean is 0.5 % more.)
"""

from __future__ import annotations

import numpy as np
import pytest

import aeroforcing as af
from aeroforcing.grids.means import annual_mean

BASE = {"aod": 0.1, "ssa": 0.9, "asymmetry": 0.7, "angstrom": 1.4, "albedo": 0.15}
FORCINGS = ("forcing_toa", "forcing_atmosphere", "forcing_surface")

# What is varied, its value; forcing at the top, in the atmosphere and at the surface [W m-2].
SWEEPS = [
    ("aod", 0.1, (-1.76, 4.92, -6.68)),
    ("aod", 0.05, (-0.91, 2.48, -3.39)),
    ("aod", 0.2, (-3.30, 9.71, -13.0)),
    ("aod", 0.3, (-4.67, 14.4, -19.0)),
    ("aod", 0.5, (-7.04, 23.3, -30.4)),
    ("aod", 1.0, (-11.6, 43.6, -55.2)),
    ("aod", 2.0, (-17.2, 76.6, -93.8)),
    ("ssa", 0.5, (4.19, 21.9, -17.7)),
    ("ssa", 0.6, (2.81, 17.9, -15.1)),
    ("ssa", 0.7, (1.36, 13.7, -12.4)),
    ("ssa", 0.8, (-0.16, 9.42, -9.58)),
    ("ssa", 0.95, (-2.59, 2.60, -5.20)),
    ("ssa", 1.0, (-3.45, 0.24, -3.68)),
    ("asymmetry", 0.5, (-3.64, 5.02, -8.66)),
    ("asymmetry", 0.6, (-2.71, 4.98, -7.68)),
    ("asymmetry", 0.8, (-0.80, 4.86, -5.65)),
    ("angstrom", 0.0, (-2.51, 5.85, -8.36)),
    ("angstrom", 0.5, (-2.14, 5.31, -7.45)),
    ("angstrom", 1.0, (-1.90, 5.02, -6.91)),
    ("angstrom", 2.0, (-1.63, 4.96, -6.60)),
    ("angstrom", 3.0, (-1.55, 5.44, -6.99)),
    ("albedo", 0.0, (-3.90, 4.36, -8.26)),
    ("albedo", 0.1, (-2.47, None, None)),
    ("albedo", 0.2, (-1.06, None, None)),
    ("albedo", 0.3, (0.31, 5.52, -5.22)),
    ("albedo", 0.5, (2.94, 6.38, -3.44)),
    ("albedo", 0.8, (6.62, 7.81, -1.20)),
]
OVERCAST = [
    ("above", (3.90, 6.83, -2.93)),
    ("below", (-0.47, 2.74, -3.21)),
    ("around", (1.62, 4.80, -3.18)),
]


def cloud_ssa(wavelength):
    """Single scattering albedo of droplets in four ranges of the wavelength [um]."""
    return 1.0 - (1e-5, 5e-4, 0.007, 0.03)[np.searchsorted([1.0, 1.3, 1.9], wavelength)]


CLOUD = af.Cloud(base=1000.0, top=2000.0, optical_depth=10.0, asymmetry=0.86, ssa=cloud_ssa)


def between(atmosphere, base, top):
    """Share of each layer in a uniform slab."""
    inside = np.clip(atmosphere.altitude_levels, base, top)
    return inside[:-1] - inside[1:]


EXPONENTIAL = af.ExponentialProfile(scale_height=2000.0)


def annual_forcing(*, profile=EXPONENTIAL, clouds=(), photons, seed, **changes):
    """Forcings averaged over all hours and days of the year at 21 N; `photons` for each month."""
    settings = BASE | changes
    albedo = settings.pop("albedo")
    column = af.Column(
        atmosphere=af.standard_atmosphere("tropical"),
        aerosol=af.Aerosol(**settings, profile=profile),
        surface_albedo=albedo,
        clouds=clouds,
    )
    return annual_mean(af.column_forcing(column, latitude=21.0, photons=photons, seed=seed))


def overcast_forcing(place, *, photons, seed):
    profile = {
        "above": between(af.standard_atmosphere("tropical"), 2000.0, 4000.0),
        "below": af.UniformProfile(top=1000.0),
        "around": af.ExponentialProfile(scale_height=2000.0),
    }[place]
    return annual_forcing(profile=profile, clouds=[CLOUD], photons=photons, seed=seed)


def assert_as_expected(found, expected, *, relative):
    """Every forcing within the tolerance, and known well enough to tell."""
    for name, truth in zip(FORCINGS, expected, strict=True):
        if truth is None:
            continue
        tolerance = max(relative * abs(truth), 0.05)
        assert float(found[f"{name}_stderr"]) < tolerance / 3.0, name
        assert float(found[name]) == pytest.approx(truth, abs=tolerance), name


@pytest.mark.parametrize("sweep", SWEEPS, ids=lambda s: f"{s[0]}-{s[1]}")
def test_sweeps(sweep):
    name, value, expected = sweep
    found = annual_forcing(photons=2**13, seed=SWEEPS.index(sweep), **{name: value})
    assert_as_expected(found, expected, relative=0.03)


@pytest.mark.parametrize("case", OVERCAST, ids=lambda case: case[0])
def test_overcast(case):
    place, expected = case
    found = overcast_forcing(place, photons=2**12, seed=100 + OVERCAST.index(case))
    assert_as_expected(found, expected, relative=0.05)


def test_cloud_decides_the_sign():
    """Absorbing aerosol above a cloud warms the top of the atmosphere, below it cools."""
    above, below = (
        float(overcast_forcing(place, photons=2**11, seed=103)["forcing_toa"])
        for place in ("above", "below")
    )
    assert above > 3.0 > 0.0 > below
