"""`aeroforcing column` and `aeroforcing sweep`."""

from __future__ import annotations

import csv
import json
import os
import shlex
from pathlib import Path

import numpy as np
import pytest

from aeroforcing.cli.commands.sweep import parse_sweep, parse_values
from aeroforcing.cli.main import main
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import open_input
from aeroforcing.core.version import CONFIG_ATTRIBUTE

QUICK = "--photons 64 -q"


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(line: str) -> int:
    return main(shlex.split(line))


# ---- column -------------------------------------------------------------------------------------


def test_a_column_as_json(capsys):
    assert run("column --aod 0.2 --latitude -10 --photons 64 --json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["latitude"] == -10.0
    assert result["base"].startswith("AOD 0.2, SSA 0.9")
    top, efficiency = result["forcing_toa"], result["forcing_efficiency_toa"]
    assert efficiency["mean"] == pytest.approx(top["mean"] / 0.2)
    assert top["stderr"] > 0.0


def test_a_column_without_aerosol_has_no_efficiency(capsys):
    assert run("column --aod 0 --photons 64 --json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["forcing_toa"]["mean"] == 0.0
    assert result["forcing_efficiency_toa"] == {"mean": None, "stderr": None}


def test_a_column_as_text(capsys):
    assert run("column --photons 64") == 0
    assert run("column --photons 64 --cloud-optical-depth 5") == 0
    clear, cloudy = capsys.readouterr().out.split("Aerosol forcing")[1:]
    assert "clear-sky" in clear
    assert "annual mean at 21°N; AOD 0.1" in clear
    assert "all-sky" not in clear
    assert "100% cloud of optical depth 5 at 1-2 km" in cloudy
    assert "all-sky" in cloudy


def test_a_described_cloud_can_cover_nothing(capsys):
    assert run("column --photons 64 --cloud-optical-depth 5 --cloud-fraction 0") == 0
    assert "clear sky" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--ssa 1.5", "ssa=1.5 is not allowed; give 0 to 1"),
        ("--photons 64 --stderr-target 0.1", "Give one of them"),
        ("--cloud-base 3000 --cloud-top 2000", "is not above base"),
    ],
)
def test_wrong_columns_exit_with_2(arguments, message, capsys):
    assert run(f"column {arguments}") == 2
    assert message in capsys.readouterr().err


# ---- sweep --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_sweep_becomes_a_figure(suffix):
    signatures = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    assert run(f"sweep ssa 0.8,1.0 {QUICK} -o out.{suffix}") == 0
    assert run(f"sweep ssa 0.8,1.0 {QUICK} -o again.{suffix}") == 0
    content = Path(f"out.{suffix}").read_bytes()
    assert content.startswith(signatures[suffix])
    assert content == Path(f"again.{suffix}").read_bytes()


def test_a_sweep_is_made_again_from_its_file():
    assert run(f"sweep aod 0:0.2:0.1 --surface-albedo 0.3 {QUICK} -o a.nc") == 0
    assert run("sweep --config a.nc -q -o b.nc") == 0
    first, second = open_input("a.nc"), open_input("b.nc")
    assert first.drop_attrs().identical(second.drop_attrs())
    assert first.attrs[CONFIG_ATTRIBUTE] == second.attrs[CONFIG_ATTRIBUTE]
    assert "aeroforcing sweep aod 0:0.2:0.1" in first.attrs["history"]
    np.testing.assert_allclose(first["aod"], [0.0, 0.1, 0.2])


def test_a_sweep_as_a_table(capsys):
    assert run(f"sweep latitude=-60:60:60 {QUICK} -o out.csv") == 0
    rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert [float(row["latitude"]) for row in rows] == [-60.0, 0.0, 60.0]
    assert run(f"sweep latitude=-60:60:60 {QUICK}") == 0
    printed = capsys.readouterr().out
    assert f"{float(rows[1]['forcing_toa']):.3f}" in printed


def test_a_sweep_as_json(capsys):
    assert run(f"sweep aod 0,0.1 ssa 0.9,1 {QUICK} --json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["aod"] == [0.0, 0.1]
    assert result["forcing_efficiency_toa"][0] == [None, None]
    assert np.shape(result["forcing_toa"]) == (2, 2)


def test_a_swept_cloud_need_not_be_described(capsys):
    assert run(f"sweep cloud_base 0,5000 {QUICK} --json") == 0
    assert "100% cloud" in json.loads(capsys.readouterr().out)["base"]


def test_the_options_can_be_printed(capsys):
    assert run("sweep ssa 0.8:1:0.1 --seed 3 --dump-config") == 0
    dumped = capsys.readouterr().out
    assert 'sweep = "ssa 0.8:1:0.1"' in dumped
    assert "seed = 3" in dumped


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.7:1.0:0.1", [0.7, 0.8, 0.9, 1.0]),
        ("0:1:0.4", [0.0, 0.4, 0.8]),
        ("-60:60:60", [-60.0, 0.0, 60.0]),
        ("5", [5.0]),
        ("1,2.5", [1.0, 2.5]),
    ],
)
def test_values_in_words(text, values):
    assert parse_values(text) == values


@pytest.mark.parametrize(
    "text", ["", "a", "1:2", "1:2:0", "2:1:0.5", "1:2:-1", "0:1:1e-9", "1:x:1"]
)
def test_values_that_are_none(text):
    with pytest.raises(InputError, match="FIRST:LAST:STEP"):
        parse_values(text)


@pytest.mark.parametrize("text", ["ssa", "ssa 1 aod", "ssa 1 ssa 1", "a 1 b 1 c 1"])
def test_sweeps_that_are_none(text):
    with pytest.raises(InputError, match="each with its values"):
        parse_sweep(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "Give a parameter and its values"),
        ("ssa 0.9 -o out.gif", "must end in one of .png"),
        ("ssa 0.9 -o no/out.png", "does not exist"),
        ("colour 0.9 -o out.png", "cannot be swept"),
        ("ssa 0.9:0.8:0.1", "FIRST:LAST:STEP"),
    ],
)
def test_wrong_sweeps_exit_with_2(arguments, message, capsys):
    assert run(f"sweep {arguments}") == 2
    assert message in capsys.readouterr().err
    assert os.listdir() == []


def test_an_existing_file_is_kept(capsys):
    Path("out.png").write_text("mine")
    assert run("sweep ssa 0.9,1 -o out.png") == 2
    assert "exists" in capsys.readouterr().err
    assert Path("out.png").read_text() == "mine"
    assert run(f"sweep ssa 0.9,1 {QUICK} --overwrite -o out.png") == 0
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")
