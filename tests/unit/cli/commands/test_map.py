"""`aeroforcing map`, `aeroforcing info` and `aeroforcing report`."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest
from helpers.forcing_samples import sample_forcing

from aeroforcing.cli.main import main
from aeroforcing.core.netcdf import write_netcdf


@pytest.fixture(scope="module")
def forcing_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("forcing") / "forcing.nc"
    write_netcdf(sample_forcing(), path)
    return path


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch, forcing_file):
    monkeypatch.chdir(tmp_path)
    Path("forcing.nc").symlink_to(forcing_file)


def run(line: str) -> int:
    return main(shlex.split(line))


def made() -> set[str]:
    return set(os.listdir()) - {"forcing.nc"}


# ---- map ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        "forcing_toa --month 7 -o a.png",
        "ssa --season JJA --projection equalearth -o a.svg",
        "forcing_surface_cs --panels seasons --projection mollweide --dpi 40 --cmap PuOr -o a.png",
        "aod --projection platecarree --extent -20,60,0,40 --levels 0,0.1,0.2 -o a.pdf",
        "forcing_toa --levels -9,-3,0,3 --extent=-20,60,0,40 -o a.jpg",
        "forcing_toa --minus forcing.nc --title Nothing -o a.png",
    ],
)
def test_maps_are_drawn(options):
    assert run(f"map forcing.nc {options}") == 0
    (name,) = made()
    assert Path(name).stat().st_size > 5000


def test_a_data_file_of_the_package_is_found_by_its_name():
    assert run("map observed_10x15.nc aod --season annual -o aod.png --dpi 40") == 0
    assert made() == {"aod.png"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("forcing.nc forcing_toa", "Name it with -o"),
        ("forcing.nc forcing_toa -o a.gif", "must end in one of"),
        ("forcing.nc forcing_toa -o forcing.png --dpi 5", "from 20 to 1200"),
        ("forcing.nc rsut -o a.png", "no variable 'rsut'; it holds "),
        ("absent.nc aod -o a.png", "no such file"),
        ("forcing.nc aod --month 13 -o a.png", "month=13"),
        ("forcing.nc aod --extent 5,1,0,9 -o a.png", "the west below the east"),
        ("forcing.nc aod --cmap virids -o a.png", "did you mean viridis"),
        ("forcing.nc aod -o no/a.png", "does not exist"),
    ],
)
def test_wrong_maps_exit_with_2(arguments, message, capsys):
    assert run(f"map {arguments}") == 2
    assert message in capsys.readouterr().err
    assert made() == set()


@pytest.mark.parametrize(
    "options", ["--month 1 --season DJF", "--extent 1,x", "--levels a", "--projection mercator"]
)
def test_wrong_usage_exits_with_2(options):
    with pytest.raises(SystemExit) as ended:
        run(f"map forcing.nc aod -o a.png {options}")
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("verb", "name"),
    [("map forcing.nc aod", "kept.png"), ("report forcing.nc", "kept.html")],
)
def test_an_existing_file_is_kept(verb, name, capsys):
    Path(name).write_text("mine")
    assert run(f"{verb} -o {name}") == 2
    assert "exists" in capsys.readouterr().err
    assert Path(name).read_text() == "mine"


# ---- info and report ----------------------------------------------------------------------------


def test_info_as_json(capsys):
    assert run("info forcing.nc --json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["dimensions"]["time"] == 12
    assert found["means"]["ocean"]["forcing_toa"].keys() == {"mean", "stderr"}


def test_info_of_what_is_no_netcdf(capsys):
    Path("text.nc").write_text("hello")
    assert run("info text.nc") == 2
    assert "not a netCDF file" in capsys.readouterr().err


def test_a_report_is_written():
    Path("forcing.nc").unlink()
    write_netcdf(sample_forcing()[["forcing_toa_cs", "forcing_toa_cs_stderr"]], "forcing.nc")
    assert run("report forcing.nc -o report.html") == 0
    assert Path("report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_report_needs_a_name(capsys):
    assert run("report forcing.nc") == 2
    assert "Name it with -o" in capsys.readouterr().err
    assert run("report forcing.nc -o report.pdf") == 2
    assert "print the page for a PDF" in capsys.readouterr().err
    assert made() == set()
