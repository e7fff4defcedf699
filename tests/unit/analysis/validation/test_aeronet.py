"""AERONET's own forcings: reading them, and comparing with them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from helpers import reader_samples as samples

import aeroforcing as af
from aeroforcing.analysis.validation.aeronet import (
    Agreement,
    agreement,
    as_text,
    compare_with_aeronet,
)
from aeroforcing.cli.main import main
from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers.aeronet_fluxes import read_aeronet_fluxes

CHANNELS = (440, 675, 870, 1020)
SPECTRA = {
    "AOD_Extinction-Total[{}nm]": (0.8, 0.45, 0.3, 0.24),
    "Single_Scattering_Albedo[{}nm]": (0.92, 0.91, 0.90, 0.89),
    "Asymmetry_Factor-Total[{}nm]": (0.72, 0.66, 0.63, 0.62),
    "Surface_Albedo[{}m]": (0.05, 0.08, 0.2, 0.2),
}
FLUXES = ("Flux_Down(TOA)", "Flux_Up(TOA)", "Flux_Down(BOA)", "Flux_Up(BOA)", "Rad_Forcing(TOA)",
          "Rad_Forcing(BOA)")  # fmt: skip
ZENITH = "Average_Solar_Zenith_Angles_for_Flux_Calculation(Degrees)"
NAMES = ["Site", "Date(dd:mm:yyyy)", "Time(hh:mm:ss)", "Day_of_Year",
         *(name.format(c) for name in SPECTRA for c in CHANNELS), *FLUXES, ZENITH,
         "Latitude(Degrees)", "Longitude(Degrees)", "Elevation(m)"]  # fmt: skip


def record(zenith, fluxes, *, date="06:09:2005", **changes):
    values = dict(zip(NAMES[4:-4], [x for s in SPECTRA.values() for x in s] + list(fluxes),
                      strict=True))  # fmt: skip
    numbers = [f"{x:.6f}" for x in (values | changes).values()]
    return ["Testsite", date, "10:00:00", samples.day_of_year(date), *numbers, f"{zenith:.6f}",
            "31.4", "120.2", "20.0"]  # fmt: skip


def file_of(path, records, *, names=NAMES):
    path.write_bytes(samples.text(samples.V3_PREAMBLE, names, records))
    return path


def blank(zenith):
    """Fluxes of the right incoming flux, the others not yet known."""
    return (1361.0 * np.cos(np.radians(zenith)), 100.0, 500.0, 50.0, -20.0, -50.0)


@pytest.fixture(scope="module")
def truthful(tmp_path_factory):
    """A file whose fluxes are those of the package, by other random numbers."""
    folder = tmp_path_factory.mktemp("aeronet")
    zeniths = np.linspace(20.0, 75.0, 12)
    guess = file_of(folder / "guess.all", [record(z, blank(z)) for z in zeniths])
    own = compare_with_aeronet(guess, photons=2**14, seed=7)
    names = ("toa_up", "surface_down", "surface_up", "forcing_toa", "forcing_surface_down")
    rows = [
        record(z, (blank(z)[0], *(float(own[name][i]) for name in names)))
        for i, z in enumerate(zeniths)
    ]
    return file_of(folder / "site.all", rows)


# ---- reading ------------------------------------------------------------------------------------


def test_a_record_comes_back(tmp_path):
    path = file_of(tmp_path / "a.all", [record(60.0, blank(60.0))])
    found = read_aeronet_fluxes(path)
    assert found["spectrum"].values.tolist() == list(CHANNELS)
    for name, key in (("spectral_aod", "AOD"), ("spectral_albedo", "Surface")):
        (expected,) = (values for text, values in SPECTRA.items() if text.startswith(key))
        assert found[name].values[0] == pytest.approx(expected)
    assert float(found["aeronet_forcing_surface_down"][0]) == -50.0
    assert float(found["solar_zenith_angle"][0]) == 60.0
    assert found["day"].values.tolist() == [20050906]


def test_incomplete_records_are_counted_and_left_out(tmp_path):
    gap = {"Single_Scattering_Albedo[440nm]": -999.0}
    rows = [record(60.0, blank(60.0), **gap), record(50.0, blank(50.0))]
    found = read_aeronet_fluxes(file_of(tmp_path / "a.all", rows))
    assert found.sizes["record"] == 1
    assert found.attrs["incomplete_records"] == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([record(60.0, blank(60.0), **{"Surface_Albedo[440m]": 1.5})], "spectral_albedo"),
        ([record(95.0, blank(60.0))], "solar_zenith_angle"),
        ([record(60.0, blank(60.0), **{"Flux_Up(TOA)": -999.0})], "none of its 1 records"),
    ],
)
def test_wrong_records_are_refused(tmp_path, rows, message):
    with pytest.raises(InputError, match=message):
        read_aeronet_fluxes(file_of(tmp_path / "a.all", rows))


def test_other_products_are_refused(tmp_path):
    path = tmp_path / "a.lev20"
    path.write_bytes(samples.direct_sun([samples.direct_sun_record("05:01:2016", 0.3, 1.0)]))
    with pytest.raises(InputError, match="combined inversion product"):
        read_aeronet_fluxes(path)
    with pytest.raises(InputError, match="no such file"):
        read_aeronet_fluxes(tmp_path / "absent.all")


def test_spectra_at_different_wavelengths_are_refused(tmp_path):
    names = [name.replace("Surface_Albedo[", "Surface_Albedo[9") for name in NAMES]
    with pytest.raises(InputError, match="share 0 wavelengths"):
        read_aeronet_fluxes(file_of(tmp_path / "a.all", [record(60.0, blank(60.0))], names=names))


# ---- comparing ----------------------------------------------------------------------------------


def test_the_forcing_is_that_of_a_column_with_the_spectra(tmp_path):
    """The record's optics in a column whose gases are nearly those of the record's place."""
    grey = {f"Surface_Albedo[{c}m]": 0.1 for c in CHANNELS}
    path = file_of(tmp_path / "a.all", [record(60.0, blank(60.0), **grey)])
    comparison = compare_with_aeronet(path, photons=2**14)
    aod, ssa, asymmetry, _ = SPECTRA.values()
    smoke = af.SpectralAerosol(wavelength=CHANNELS, aod=aod, ssa=ssa, asymmetry=asymmetry)
    air = af.standard_atmosphere("midlatitude_summer")
    column = af.Column(atmosphere=air, aerosol=smoke, surface_albedo=0.1)
    expected = af.column_fluxes(column, cos_zenith=0.5, photons=2**14)
    down = float(expected["surface_down"] - expected["surface_down_clean"])
    assert float(comparison["forcing_surface_down"][0]) == pytest.approx(down, rel=0.03)
    top = float(expected["forcing_toa"])
    assert float(comparison["forcing_toa"][0]) == pytest.approx(top, rel=0.03)


def test_the_surface_forcing_is_that_of_the_downward_flux_alone(tmp_path):
    comparison = compare_with_aeronet(
        file_of(tmp_path / "a.all", [record(60.0, blank(60.0))]), photons=2**12
    )
    change = comparison["surface_down"] - comparison["surface_down_clean"]
    assert float(comparison["forcing_surface_down"][0]) == pytest.approx(float(change[0]))
    assert "downward flux" in comparison["forcing_surface_down"].attrs["long_name"]


def test_results_scale_with_the_incoming_flux(tmp_path):
    fluxes = blank(60.0)
    rows = [record(60.0, fluxes), record(60.0, (1.03 * fluxes[0], *fluxes[1:]))]
    found = compare_with_aeronet(file_of(tmp_path / "a.all", rows), photons=2**14)
    ratio = float(found["surface_down"][1] / found["surface_down"][0])
    assert ratio == pytest.approx(1.03, abs=0.005)


def test_a_truthful_file_agrees(truthful):
    comparison = compare_with_aeronet(truthful, photons=2**13, seed=1)
    for row in agreement(comparison):
        assert row.agrees
        assert row.records == 12
        assert abs(row.bias) < 0.02 * abs(row.aeronet)
        assert row.correlation > 0.99
    text = as_text(comparison)
    assert text.startswith("Testsite: 12 records, 0 incomplete")
    assert "both forcings agree" in text


def test_the_aerosol_free_fluxes_follow_from_the_forcings(truthful):
    found = compare_with_aeronet(truthful, photons=64)
    expected = found["aeronet_surface_down"] - found["aeronet_forcing_surface_down"]
    assert np.array_equal(found["aeronet_surface_down_clean"], expected)
    expected = found["aeronet_toa_up"] + found["aeronet_forcing_toa"]
    assert np.array_equal(found["aeronet_toa_up_clean"], expected)


@pytest.mark.parametrize(
    ("change", "agrees"),
    [
        ({}, True),
        ({"mean": -55.1}, False),
        ({"mean": -44.9}, False),
        ({"mean": -54.9}, True),
        ({"correlation": 0.89}, False),
        ({"correlation": np.nan}, True),
        ({"name": "toa_up", "mean": 90.0}, True),
    ],
)
def test_what_agrees(change, agrees):
    row = {"name": "forcing_toa", "records": 20, "mean": -50.0, "aeronet": -50.0, "scatter": 1.0,
           "correlation": 0.99}  # fmt: skip
    assert Agreement(**(row | change)).agrees is agrees


def test_real_records(shared):
    """Taihu, autumn 2005: see docs/validation.md for the bias and its cause."""
    path = shared("data/aeronet/Taihu_inversion_first100.all")
    comparison = compare_with_aeronet(path, photons=2**12)
    rows = {row.name: row for row in agreement(comparison)}
    assert rows["forcing_toa"].records == 92
    assert comparison.attrs["incomplete_records"] == 6
    assert rows["forcing_toa"].correlation > 0.99
    assert rows["forcing_surface_down"].correlation > 0.995
    assert rows["forcing_toa"].bias == pytest.approx(-0.24, abs=0.4)
    assert rows["forcing_surface_down"].bias == pytest.approx(5.5, abs=0.4)
    assert rows["surface_down_clean"].bias == pytest.approx(-15.3, abs=0.6)


# ---- the command --------------------------------------------------------------------------------


def test_the_command_says_whether_they_agree(truthful, capsys):
    assert main(["validate", "--aeronet", str(truthful), "--photons", "4096"]) == 0
    assert "both forcings agree" in capsys.readouterr().out


def test_a_file_that_differs_exits_with_1(tmp_path, truthful, capsys):
    lines = truthful.read_text(encoding="latin-1").splitlines()
    place = NAMES.index("Rad_Forcing(BOA)")
    wrong = [line.split(",") for line in lines[7:]]
    for fields in wrong:
        fields[place] = f"{1.3 * float(fields[place]):.6f}"
    path = tmp_path / "wrong.all"
    path.write_text("\n".join([*lines[:7], *(",".join(f) for f in wrong)]) + "\n")
    assert main(["validate", "--aeronet", str(path), "--photons", "4096"]) == 1
    printed = capsys.readouterr().out
    assert "forcing, surface, downward flux DIFFER (limits" in printed


def test_json_can_be_read(truthful, capsys):
    assert main(["validate", "--aeronet", str(truthful), "--photons", "64", "--json"]) in (0, 1)
    rows = json.loads(capsys.readouterr().out)["aeronet"]
    assert {row["name"] for row in rows} >= {"forcing_toa", "forcing_surface_down"}


def test_the_benchmarks_from_the_command_line(capsys):
    assert main(["validate", "--benchmarks", "--photons", "4096", "-q"]) == 0
    assert "all 50 agree" in capsys.readouterr().out


def test_nothing_to_compare_with_is_wrong_usage(capsys):
    assert main(["validate"]) == 2
    assert "nothing to compare with" in capsys.readouterr().err
    assert main(["validate", "--aeronet", "no-such-file.all"]) == 2
