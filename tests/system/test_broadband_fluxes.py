"""Broadband fluxes and forcings of six-gas columns against a 32-stream solution.

Rationale. The reference sums discrete-ordinate solutions over all 224 g-points of the RRTMGP gas
optics, for three AFGL atmospheres at two solar zenith angles, without aerosol and with a
scattering or an absorbing one (AOD 0.2, Angstrom exponent 1, g 0.7, uniform in the lowest 2 km,
SSA 1 or 0.8; surface albedo 0.2). It tests gas optics, band means of the aerosol, the sampling of
g-points and the transport together.

Expected. With the same table, every flux within four standard errors + 0.2 % (band means by other
quadratures) and every forcing within four standard errors + 0.05 W m-2. With the table of 112
g-points, which alone moves fluxes by up to 0.63 % and forcings by 0.13 W m-2, within four
standard errors + 0.8 % and + 0.15 W m-2. Standard errors of the forcings are at most 0.05 W m-2.

The reference is in optional files; the table of 224 g-points is looked for in the environment
variable RRTMGP_SW_G224. Two of the columns are carried here too.
"""

from __future__ import annotations

import os
from math import cos, radians

import pandas as pd
import pytest
import xarray as xr
from helpers.montecarlo_checks import to_precision

import aeroforcing as af

SOLAR_CONSTANT = 1360.858  # W m-2, of the reference
LARGEST_FORCING_STDERR = 0.05
SSA = {"scat": 1.0, "abs": 0.8}
FLUXES = {
    "toa_down": "toa_down",
    "toa_up": "toa_up",
    "sfc_down_dir": "surface_down_direct",
    "sfc_down": "surface_down",
    "sfc_up": "surface_up",
}
FORCINGS = {
    "forcing_toa": "forcing_toa",
    "forcing_atm": "forcing_atmosphere",
    "forcing_sfc": "forcing_surface",
}
GASES = ("h2o", "co2", "o3", "n2o", "co", "ch4", "o2", "n2")

# Tolerances beyond four standard errors, by number of g-points: flux [1], forcing [W m-2].
TOLERANCE = {"g224": (0.002, 0.05), "g112": (0.008, 0.15)}


def column(atmosphere, ssa):
    return af.Column(
        atmosphere=atmosphere,
        aerosol=af.Aerosol(
            aod=0.2, ssa=ssa, asymmetry=0.7, angstrom=1.0, profile=af.UniformProfile(top=2000.0)
        ),
        surface_albedo=0.2,
    )


def solve(atmosphere, *, sza, ssa, gas_table, seed):
    """Fluxes of a column, the forcings to the precision that is asked for."""

    def run(**effort):
        return af.column_fluxes(
            column(atmosphere, ssa),
            cos_zenith=cos(radians(sza)),
            solar_constant=SOLAR_CONSTANT,
            gas_table=gas_table,
            **effort,
        )

    names = tuple(FORCINGS.values())
    return to_precision(run, stderr=LARGEST_FORCING_STDERR, names=names, seed=seed)


def discrepancies(found, names, truth, *, suffix="", relative=0.0, absolute=0.0):
    """|found - truth| over the tolerance of four standard errors and more, by variable."""
    result = {}
    for old, new in names.items():
        value, stderr = float(found[new + suffix]), float(found[f"{new}{suffix}_stderr"])
        tolerance = 4.0 * stderr + relative * abs(truth[old]) + absolute
        result[new + suffix] = abs(value - truth[old]) / tolerance
    return result


def compare(found, rows, case, tolerance):
    """All discrepancies of one solution: fluxes with and without aerosol, and forcings."""
    relative, absolute = tolerance
    with_aerosol, without = rows.loc[case], rows.loc["none"]
    return {
        **discrepancies(found, FLUXES, with_aerosol, relative=relative),
        **discrepancies(found, FLUXES, without, suffix="_clean", relative=relative),
        **discrepancies(found, FORCINGS, with_aerosol, absolute=absolute),
    }


@pytest.fixture(scope="module")
def reference():
    from conftest import shared

    table = pd.read_csv(shared("reference/broadband_fluxes.csv"), comment="#")
    exact = table[table.solver == "nanodisort-32str"]
    return exact.set_index(["atmosphere", "sza_deg", "case"]).sort_index()


@pytest.fixture(scope="module")
def atmospheres():
    from conftest import shared

    with xr.open_dataset(shared("reference/afgl6_columns.nc")) as stored:
        columns = stored.set_index(col="atmosphere").load()
    return {
        name: af.Atmosphere(
            pressure_levels=own["p_lev"].values,
            temperature_layers=own["t_lay"].values,
            mole_fractions={gas: own[gas].values for gas in GASES},
            altitude_levels=own["z_lev"].values,
        )
        for name, own in ((str(n), columns.sel(col=n)) for n in columns["col"].values)
    }


@pytest.fixture(scope="module")
def g224():
    path = os.environ.get("RRTMGP_SW_G224")
    if not path:
        pytest.skip("RRTMGP_SW_G224 does not name the table of 224 g-points")
    return path


COLUMNS = [
    (name, sza, case)
    for name in ("tropical", "midlatitude_summer", "subarctic_winter")
    for sza in (30.0, 75.0)
    for case in SSA
]


def check(reference, atmospheres, key, gas_table, tolerance):
    name, sza, case = key
    found = solve(
        atmospheres[name], sza=sza, ssa=SSA[case], gas_table=gas_table, seed=COLUMNS.index(key)
    )
    result = compare(found, reference.loc[name, sza], case, tolerance)
    assert len(result) == 13
    assert not {n: x for n, x in result.items() if x > 1.0}


@pytest.mark.parametrize("key", COLUMNS, ids=lambda key: "-".join(map(str, key)))
def test_with_the_table_of_the_package(reference, atmospheres, key):
    check(reference, atmospheres, key, "g112", TOLERANCE["g112"])


@pytest.mark.slow
@pytest.mark.parametrize("key", COLUMNS, ids=lambda key: "-".join(map(str, key)))
def test_with_the_table_of_the_reference(reference, atmospheres, key, g224):
    check(reference, atmospheres, key, g224, TOLERANCE["g224"])


# What the reference gives for two columns; its atmospheres are those of `standard_atmosphere`
# but for the interpolation between the tabulated altitudes.
CARRIED = {
    ("tropical", 30.0, "abs"): {
        "toa_up": 192.47268, "surface_down": 845.20864, "surface_down_direct": 692.11928,
        "toa_up_clean": 202.68447, "surface_down_clean": 895.38803,
        "forcing_toa": 10.21179, "forcing_atmosphere": 50.3553, "forcing_surface": -40.1435,
    },
    ("subarctic_winter", 75.0, "scat"): {
        "toa_up": 101.49512, "surface_down": 221.8004, "surface_down_direct": 124.56622,
        "toa_up_clean": 81.0987, "surface_down_clean": 248.87446,
        "forcing_toa": -20.39642, "forcing_atmosphere": 1.26282, "forcing_surface": -21.65925,
    },
}  # fmt: skip


@pytest.mark.parametrize("key", CARRIED, ids=lambda key: "-".join(map(str, key)))
def test_two_columns_of_the_package(key):
    name, sza, case = key
    found = solve(af.standard_atmosphere(name), sza=sza, ssa=SSA[case], gas_table="g112", seed=50)
    relative, absolute = TOLERANCE["g112"]
    for variable, truth in CARRIED[key].items():
        tolerance = 4.0 * float(found[f"{variable}_stderr"])
        tolerance += absolute if variable.startswith("forcing") else relative * truth
        assert float(found[variable]) == pytest.approx(truth, abs=tolerance), variable


def test_the_sun_at_the_top_is_exact():
    found = af.column_fluxes(
        column(af.standard_atmosphere("tropical"), 1.0),
        cos_zenith=cos(radians(30.0)),
        solar_constant=SOLAR_CONSTANT,
        photons=64,
    )
    for name in ("toa_down", "toa_down_clean"):
        assert float(found[name]) == pytest.approx(SOLAR_CONSTANT * cos(radians(30.0)), rel=1e-12)
