"""Options: one list for the command line and for TOML files."""

from __future__ import annotations

import argparse
import os
import tomllib

import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from aeroforcing.cli.options import (
    DISTANCES,
    FLAG,
    MONTHS,
    POSITIVE,
    TEXT,
    TEXTS,
    Option,
    add_options,
    dump_config,
    effective,
    integer_from,
    one_of,
    read_config,
)
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import write_netcdf
from aeroforcing.core.version import CONFIG_ATTRIBUTE

OPTIONS = (
    Option("months", MONTHS, [1, 2], "h"),
    Option("stderr-target", POSITIVE, None, "h"),
    Option("photons", integer_from(1), None, "h"),
    Option("seed", integer_from(0), 0, "h"),
    Option("sky", one_of("all", "clear"), "all", "h"),
    Option("grid", TEXT, "T42", "h"),
    Option("fill-missing", FLAG, False, "h"),
)


@pytest.fixture
def config(tmp_path):
    def write(text: str):
        path = tmp_path / "run.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def parse(*arguments: str) -> dict:
    parser = argparse.ArgumentParser()
    add_options(parser, OPTIONS)
    return vars(parser.parse_args(list(arguments)))


def test_every_kind_is_read_from_toml(config):
    values = {
        "months": [1, 7], "stderr-target": 0.5, "photons": 100, "seed": 3, "sky": "clear",
        "grid": "T21", "fill-missing": True,
    }  # fmt: skip
    assert read_config(config(dump_config(values)), OPTIONS) == values


def test_every_kind_is_read_from_the_command_line():
    assert parse(
        "--months", "1,7", "--stderr-target", "0.5", "--photons", "100", "--seed", "3",
        "--sky", "clear", "--grid", "T21", "--fill-missing",
    ) == {
        "months": [1, 7], "stderr-target": 0.5, "photons": 100, "seed": 3, "sky": "clear",
        "grid": "T21", "fill-missing": True,
    }  # fmt: skip


def test_options_that_are_not_given_are_absent():
    assert parse("--seed", "3") == {"seed": 3}


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("months", "0", "1 to 12"),
        ("months", "7,1", "ascending"),
        ("months", "1,1", "ascending"),
        ("months", "jan", "1 to 12"),
        ("stderr-target", "0", "positive"),
        ("stderr-target", "nan", "positive"),
        ("photons", "0", "from 1 on"),
        ("photons", "1.5", "whole number"),
        ("seed", "-1", "from 0 on"),
        ("sky", "blue", "one of all, clear"),
    ],
)
def test_wrong_arguments_say_what_is_expected(capsys, option, text, expected):
    with pytest.raises(SystemExit) as ended:
        parse(f"--{option}={text}")
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert f"--{option}" in message
    assert expected in message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('photons = "100"', "whole number"),
        ("photons = 1.5", "whole number"),
        ("photons = true", "whole number"),
        ("stderr-target = inf", "positive"),
        ("stderr-target = true", "positive"),
        ('months = "1,7"', "1 to 12"),
        ("months = [1, 13]", "1 to 12"),
        ("months = [true]", "1 to 12"),
        ("months = []", "1 to 12"),
        (f"photons = {10**30}", "whole number"),
        (f"stderr-target = {10**400}", "positive"),
        ('grid = "T42\\u0000"', "a text"),
        ('sky = "blue"', "one of all, clear"),
        ("grid = 42", "a text"),
        ('fill-missing = "yes"', "true or false"),
    ],
)
def test_wrong_values_in_toml_name_file_key_and_kind(config, line, expected):
    with pytest.raises(InputError) as caught:
        read_config(config(line), OPTIONS)
    for part in ("run.toml", line.split(" = ")[0], expected):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("photon", "photons"), ("month", "months"), ("stderr_target", "stderr-target"), ("x", "sky")],
)
def test_an_unknown_key_names_the_nearest(config, key, nearest):
    with pytest.raises(InputError) as caught:
        read_config(config(f"{key} = 1"), OPTIONS)
    assert f"unknown key {key!r}" in str(caught.value)
    if key != "x":
        assert f"did you mean {nearest!r}" in str(caught.value)
    assert nearest in str(caught.value)


@pytest.mark.parametrize("text", ["seed = " + "[" * 5000, "seed = " + "9" * 5000])
def test_toml_that_takes_the_parser_too_far_is_refused(config, text):
    with pytest.raises(InputError, match="not a TOML file"):
        read_config(config(text), OPTIONS)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"pipe: not a file"):
        read_config(tmp_path / "pipe", OPTIONS)


def test_what_is_dumped_can_be_read(config):
    values = {"grid": 'a"b\\\x7f\n\u00e9', "photons": 3}
    assert read_config(config(dump_config(values)), OPTIONS) == values


def test_what_is_not_toml_is_refused(config, tmp_path):
    with pytest.raises(InputError, match="not a TOML file"):
        read_config(config("photons 100"), OPTIONS)
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="neither a TOML file"):
        read_config(tmp_path / "x.bin", OPTIONS)
    with pytest.raises(InputError, match=r"none\.toml.*No such file"):
        read_config(tmp_path / "none.toml", OPTIONS)


def test_the_command_line_wins_over_the_file_over_the_default():
    values = effective(OPTIONS, given={"seed": 1}, read={"seed": 2, "grid": "T21"})
    assert (values["seed"], values["grid"], values["sky"]) == (1, "T21", "all")
    assert list(values) == [option.name for option in OPTIONS]


def test_a_config_is_read_back_from_an_output(tmp_path):
    values = effective(OPTIONS, given={"photons": 64}, read={})
    made = xr.Dataset({"aod": ("lat", [0.1])}, attrs={CONFIG_ATTRIBUTE: dump_config(values)})
    write_netcdf(made, tmp_path / "out.nc")
    again = effective(OPTIONS, given={}, read=read_config(tmp_path / "out.nc", OPTIONS))
    assert again == values


def test_a_netcdf_file_of_others_holds_no_config(tmp_path):
    xr.Dataset({"aod": ("lat", [0.1])}).to_netcdf(tmp_path / "x.nc")
    with pytest.raises(InputError, match="did not make it"):
        read_config(tmp_path / "x.nc", OPTIONS)


# A run's texts are file names and words: printable characters.
_WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)


@given(
    text=_WORDS,
    number=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    whole=st.integers(min_value=0, max_value=2**63 - 1),
    months=st.sets(st.integers(1, 12), min_size=1).map(sorted),
    flag=st.booleans(),
)
def test_what_is_dumped_is_toml_of_the_same_values(text, number, whole, months, flag):
    values = {"t": text, "n": number, "i": whole, "m": months, "f": flag, "none": None}
    expected = {name: value for name, value in values.items() if value is not None}
    assert tomllib.loads(dump_config(values)) == expected


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (TEXTS, ["a.nc", "b c.nc"], [[], "a.nc", ["a.nc", ""], ["a.nc", 1]]),
        (DISTANCES, [3e6, 1.5e6], [[], 3e6, [3e6, 0.0], [3e6, -1.0], ["3e6"]]),
    ],
)
def test_lists_hold_values_of_one_kind(config, kind, good, bad):
    options = (Option("list", kind, None, "h"),)
    assert read_config(config(dump_config({"list": good})), options) == {"list": good}
    for values in bad:
        with pytest.raises(InputError, match=f"expected {kind.expected}"):
            read_config(config(dump_config({"list": values})), options)


def test_distances_are_read_from_the_command_line():
    assert Option("radii", DISTANCES, None, "h").from_argument("3e6,1.5e6") == [3e6, 1.5e6]
    with pytest.raises(argparse.ArgumentTypeError, match="positive numbers"):
        Option("radii", DISTANCES, None, "h").from_argument("3e6;1.5e6")
