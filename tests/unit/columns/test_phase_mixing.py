"""Which phase function an aerosol has, alone and in mixtures, and where it cannot be used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import aeroforcing as af
from aeroforcing.columns.aerosol_mixture import component_optics
from aeroforcing.columns.column import column_slopes
from aeroforcing.columns.phase_mixing import aerosol_phase
from aeroforcing.core.errors import InputError
from aeroforcing.optics.band_means import planck_band_nodes
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.phase_functions import FIRST_MOMENT, HenyeyGreenstein, phase_rows
from aeroforcing.optics.spectrum import shortwave_bands

TABLE = load_gas_table()
NODES = planck_band_nodes(TABLE.band_limits_wavenumber)
ATMOSPHERE = af.standard_atmosphere("tropical", levels=[40e3, 10e3, 5e3, 2e3, 1e3, 0.0])
TWO = af.optics.DoubleHenyeyGreenstein(forward=0.8, backward=-0.45, share=0.92)
OWN = af.Aerosol(aod=0.3, ssa=0.9, angstrom=1.0, phase_function=TWO)
PLAIN = af.Aerosol(aod=0.3, ssa=0.9, angstrom=1.0, asymmetry=0.6)
LIFTED = replace(PLAIN, profile=af.ElevatedLayer(5e3, 10e3))
LOW = replace(OWN, profile=af.UniformProfile(1e3))


def phase_of(*columns):
    components = component_optics(columns, [ATMOSPHERE] * len(columns), NODES)
    return aerosol_phase(columns, components)


def test_no_table_without_a_phase_function():
    assert phase_of([PLAIN], [PLAIN, LIFTED], []) is None


def test_one_aerosol_has_one_row():
    phase = phase_of([OWN], [OWN])
    assert phase.row.shape == (2, len(shortwave_bands().band), 5)
    assert (phase.row == 0).all()
    assert phase.rows == pytest.approx(phase_rows([TWO], np.ones((1, 1))))


def test_layers_without_it_stay_henyey_greenstein():
    phase = phase_of([LOW, LIFTED], [PLAIN], [])
    assert (phase.row[0, :, -1] == 0).all()
    assert (phase.row[0, :, :-1] == -1).all()
    assert (phase.row[1:] == -1).all()


def test_mixture_is_weighted_by_scattering():
    other = replace(PLAIN, ssa=0.6, aod=0.1)
    phase = phase_of([OWN, other])
    assert len(phase.rows) <= 14  # both have one profile: as many mixtures as bands
    for optics_band in (0, 9):
        parts = [
            m.layer_optics(ATMOSPHERE, NODES).extinction[optics_band, -1]
            * m.layer_optics(ATMOSPHERE, NODES).ssa[optics_band, -1]
            for m in (OWN, other)
        ]
        expected = phase_rows([TWO, HenyeyGreenstein(0.6)], np.array(parts))
        row = phase.rows[phase.row[0, optics_band, -1]]
        assert row == pytest.approx(expected, abs=1e-5)
        mean = np.average([TWO.asymmetry, 0.6], weights=parts)
        assert row[FIRST_MOMENT] == pytest.approx(mean, abs=2e-5)


def test_equal_functions_are_one():
    again = replace(
        OWN,
        phase_function=af.optics.DoubleHenyeyGreenstein(forward=0.8, backward=-0.45, share=0.92),
    )
    assert phase_of([OWN, again]).rows == pytest.approx(phase_of([OWN]).rows)


def test_the_asymmetry_parameter_is_that_of_the_function():
    assert OWN.asymmetry == pytest.approx(0.7)
    assert replace(OWN, aod=0.1).asymmetry == OWN.asymmetry


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({}, "give asymmetry, or a phase_function"),
        ({"asymmetry": 0.5, "phase_function": TWO}, "leave asymmetry out"),
        ({"asymmetry": [0.5, 0.6], "phase_function": TWO}, "leave asymmetry out"),
        ({"phase_function": 0.7}, "phase_function is a float"),
    ],
)
def test_exactly_one_of_asymmetry_and_phase_function(given, match):
    with pytest.raises(InputError, match=match):
        af.Aerosol(aod=0.3, ssa=0.9, angstrom=1.0, **given)


def column(*aerosols):
    return af.Column(atmosphere=ATMOSPHERE, aerosol=aerosols, surface_albedo=0.2)


def test_no_kernels_of_a_phase_function():
    with pytest.raises(InputError, match=r"kernels=True: .* instead of a phase_function"):
        af.column_fluxes(column(OWN), cos_zenith=0.5, photons=64, kernels=True)
    with pytest.raises(InputError, match="kernels=True"):
        column_slopes([column(OWN)], table=TABLE)


def test_no_attribution_to_species_with_a_phase_function():
    with pytest.raises(InputError, match="instead of a phase_function"):
        af.species_forcing(column(OWN, PLAIN), latitude=20.0, photons=64)


def test_months_of_a_tabulated_henyey_greenstein_are_those_of_henyey_greenstein():
    tabulated = replace(PLAIN, asymmetry=None, phase_function=HenyeyGreenstein(0.6))
    one, other = (
        af.column_forcing(column(aerosol), latitude=30.0, months=[1, 7], photons=2**11, key=1)
        for aerosol in (PLAIN, tabulated)
    )
    for name in ("forcing_toa", "forcing_surface"):
        assert np.abs(one[name] - other[name]).max() < 0.1 * one[f"{name}_stderr"].min()
