"""The command: arguments, exit codes, messages, files, and how fast it answers.

The computation is replaced by a stand-in of known result; tests/system runs the real one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from inspect import ismodule
from pathlib import Path
from types import ModuleType

import netCDF4
import numpy as np
import pytest
import xarray as xr
from helpers.cf_check import cf_problems

import aeroforcing
from aeroforcing.cli.main import VERBS, build_parsers, main, parse
from aeroforcing.core.calendar import climatological_time
from aeroforcing.core.constants import DAYS_PER_MONTH
from aeroforcing.core.netcdf import open_input, write_netcdf
from aeroforcing.core.version import CONFIG_ATTRIBUTE
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.inputs.builtin.aerosol import builtin_species
from aeroforcing.maps.summary import summarise
from aeroforcing.runs.progress import Progress, shown

MEANS = {"toa": -2.0, "atmosphere": 4.5, "surface": -6.5}
ERROR = 0.8
FORCINGS = [f"forcing_{level}{sky}" for level in MEANS for sky in ("", "_cs")]
OPTICS = {"aod": 0.125, "ssa": 0.96, "asymmetry": 0.7}
FLUXES = {"rsdt": 340.0, "rsut": 102.0, "rsutcs": 51.0}


def known_result(months: list[int]) -> xr.Dataset:
    """A forcing map on T21 that is the same everywhere."""
    grid = gaussian_grid("T21")
    time = climatological_time(months)
    shape = (len(months), grid.sizes["lat"], grid.sizes["lon"])
    values = {name: MEANS[name.split("_")[1]] for name in FORCINGS}
    values |= {f"{name}_stderr": ERROR for name in values} | FLUXES | OPTICS
    fields = {name: (("time", "lat", "lon"), np.full(shape, x)) for name, x in values.items()}
    attrs = {"history": "an older step", "title": "a known result", "inputs": "aod: of a test"}
    return xr.merge([xr.Dataset(fields, grid.coords, attrs), time, grid], combine_attrs="override")


def expected_error(months: list[int]) -> float:
    """Standard error of the mean over cells and months, weighted by area and days."""
    area = gaussian_grid("T21")["area"].values.ravel()
    weight = np.outer([DAYS_PER_MONTH[month - 1] for month in months], area)
    return ERROR * np.sqrt((weight**2).sum()) / weight.sum()


@pytest.fixture
def stand_in(monkeypatch):
    """Puts a function in the place of `grid_forcing`, whose result is saved as a whole."""

    def put(function):
        def save_grid_forcing(path, inputs=None, *, describe, overwrite, **settings):
            result = function(inputs, **settings)
            write_netcdf(describe(result), path, overwrite=overwrite)
            return summarise(result)

        module = ModuleType("aeroforcing.maps.saved")
        module.save_grid_forcing = save_grid_forcing
        monkeypatch.setitem(sys.modules, module.__name__, module)

    return put


@pytest.fixture
def calls(stand_in):
    """Calls of a stand-in that returns the known result."""
    seen = []

    def grid_forcing(inputs=None, *, months, progress, **settings):
        seen.append({"inputs": inputs, "months": months, **settings})
        for done in range(1, 5):
            progress(done, 4)
        return known_result(months)

    stand_in(grid_forcing)
    return seen


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# ---- answers without science --------------------------------------------------------------------

ROOTS = "sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr"


def roots_loaded(code: str) -> set[str]:
    """The packages and modules of the top level that a fresh interpreter loads for some code."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*{ROOTS})"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(ended.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["grid", "--help"]])
def test_help_and_version_load_the_standard_library_only(arguments):
    """And lazy_loader, which is small; what every interpreter here loads is not counted."""
    run = f"from aeroforcing.cli.main import main\ntry: main({arguments})\nexcept SystemExit: pass"
    own = roots_loaded(run) - roots_loaded("")
    assert own - sys.stdlib_module_names == {"aeroforcing", "lazy_loader"}


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"aeroforcing {aeroforcing.__version__}\n"


def test_the_citation_file_has_the_same_version():
    citation = (Path(__file__).parents[3] / "CITATION.cff").read_text()
    assert f"\nversion: {aeroforcing.__version__}\n" in citation


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_every_help_ends_in_two_examples_that_parse(verb, capsys):
    for words in examples_of(verb, capsys):
        assert words[0] == "aeroforcing"
        assert words[1] == verb or not verb
        assert parse(*build_parsers(), words[1:]).verb == words[1]


def examples_of(verb, capsys):
    with pytest.raises(SystemExit):
        main([*verb.split(), "--help"])
    return [line.split() for line in capsys.readouterr().out.rstrip().splitlines()[-2:]]


def test_without_a_verb_the_help_is_shown_as_an_error(capsys):
    assert main([]) == 2
    assert "examples:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["glid"], "invalid choice"),
        (["grid", "--photons", "many"], "whole number"),
        (["grid", "--mon", "1"], "--mon"),
        (["grid", "-v", "-q"], "not allowed with"),
        (["grid", "--jobs", "0"], "from 1 on"),
    ],
)
def test_wrong_usage_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_an_argument_in_another_encoding_is_refused(capsys):
    """The history of a file could not hold it, when all has been computed."""
    with pytest.raises(SystemExit) as ended:
        main(["grid", "caf\udce9.nc", "-o", "out.nc"])
    assert ended.value.code == 2
    assert "is not in UTF-8; rename the file" in capsys.readouterr().err


def test_a_message_holds_nothing_that_commands_a_terminal(capsys):
    assert main(["info", "a\x1b[2Jb\nc"]) == 2
    expected = "aeroforcing: error: a\\x1b[2Jb\\nc: there is no such file. Check the name.\n"
    assert capsys.readouterr().err == expected


def test_nothing_that_is_printed_or_logged_commands_a_terminal(tmp_path, capsys):
    path = tmp_path / "odd.nc"
    evil = "\x1b[2J\x07\x9b\u202eevil"
    with netCDF4.Dataset(path, "w") as file:
        file.title = file.history = evil
        file.createDimension("lat", 2)
        file.createVariable("odd\u202e", "f4", ("lat",)).long_name = evil
        file.createVariable("twice\u202e", "f4", ("lat", "lat"))
    for arguments in (["info", str(path)], ["info", str(path), "--json"]):
        assert main(arguments) == 0
        said = "".join(capsys.readouterr())
        assert "evil" in said
        assert all(c.isprintable() or c == "\n" for c in said)


def test_a_sweep_of_too_many_points_is_refused(capsys):
    assert main(["sweep", "aod", "0:1:0.001", "ssa", "0:1:0.001"]) == 2
    assert "1002001 points; give at most 10000" in capsys.readouterr().err


# ---- the public names ---------------------------------------------------------------------------


def public_names(package=aeroforcing, prefix=""):
    """Every public name with its value, those of the namespaces with their paths."""
    for name in package.__all__:
        value = getattr(package, name)
        yield prefix + name, value
        if ismodule(value) and not prefix:
            yield from public_names(value, prefix=f"{name}.")


def test_every_public_name_is_there_and_documented():
    assert all(value.__doc__ for _, value in public_names())


def test_the_flat_names_are_few_and_sorted():
    assert dir(aeroforcing) == sorted(aeroforcing.__all__)
    assert len(aeroforcing.__all__) < 60


def test_no_public_function_has_the_name_of_a_module():
    """The module, once imported, would stand in the place of the function."""
    for name, value in public_names():
        space, _, leaf = name.rpartition(".")
        package = getattr(aeroforcing, space) if space else aeroforcing
        if not ismodule(value):
            assert find_spec(f"{package.__name__}.{leaf}") is None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="grid_forcings"):
        _ = aeroforcing.grid_forcings


# ---- a run --------------------------------------------------------------------------------------


def test_a_run_writes_its_result_and_prints_the_global_means(calls, capsys):
    assert main(["grid", "-o", "out.nc"]) == 0
    out, err = capsys.readouterr()
    assert os.listdir() == ["out.nc"]
    row = re.search(r"^all-sky +(.+)$", out, re.MULTILINE)[1]
    assert [float(x) for x in re.findall(r"[-+]\d+\.\d+", row)] == list(MEANS.values())
    assert row.count("+- 0.006") == 3
    assert "forcing: 100%" in err
    assert "aod: of a test" in err


def test_a_quiet_run_prints_the_results_alone(calls, capsys):
    assert main(["grid", "-o", "out.nc", "-q"]) == 0
    out, err = capsys.readouterr()
    assert "all-sky" in out
    assert err == ""


def test_a_verbose_run_says_its_options_and_its_file(calls, capsys):
    assert main(["grid", "-o", "out.nc", "--seed", "5", "-v"]) == 0
    _, err = capsys.readouterr()
    assert "seed = 5" in err
    assert re.search(r"wrote .*out\.nc", err)


def test_a_dry_run_names_the_inputs_and_computes_nothing(calls, capsys):
    assert main(["grid", "--dry-run", "--grid", "T21", "--months", "1", "-o", "out.nc"]) == 0
    out, _ = capsys.readouterr()
    assert "aod" in out
    assert "built-in" in out
    assert calls == []
    assert os.listdir() == []


@pytest.mark.parametrize("missing", [[], ["sulfate"], ["dust", "black_carbon"]])
def test_a_dry_run_checks_the_species(missing, capsys, tmp_path):
    grid = gaussian_grid("30x60")
    species = builtin_species(grid=grid, months=[7]).drop_vars(missing)
    named = species.rename({name: f"aod_{name}" for name in species.data_vars})
    named.assign(aod=0.2 + 0.0 * named["aod_organic_carbon"]).to_netcdf(tmp_path / "in.nc")
    options = ["--grid", "native", "--months", "7", "--species", "--dry-run"]
    assert main(["grid", str(tmp_path / "in.nc"), *options]) == (2 if missing else 0)
    out, err = capsys.readouterr()
    assert all(name in err for name in missing)
    assert missing or "aod_sulfate" in out


def test_a_dry_run_checks_the_place_of_the_output(calls, capsys):
    assert main(["grid", "--dry-run", "--grid", "T21", "-o", "no/out.nc"]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_the_global_means_as_json(calls, capsys):
    assert main(["grid", "-o", "out.nc", "--months", "1,7", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["months"] == [1, 7]
    assert summary["cells"] == 2 * 64 * 32
    assert summary["missing_cells"] == 0
    for level, mean in MEANS.items():
        assert summary["forcing"][f"forcing_{level}_cs"]["mean"] == pytest.approx(mean, rel=1e-12)
        error = summary["forcing"][f"forcing_{level}_cs"]["stderr"]
        assert error == pytest.approx(expected_error(months=[1, 7]), rel=1e-12)
    for name, value in OPTICS.items():
        assert summary[name] == pytest.approx(value, rel=1e-12)
    assert summary["planetary_albedo"] == pytest.approx(0.3, rel=1e-12)
    assert summary["planetary_albedo_cs"] == pytest.approx(0.15, rel=1e-12)
    assert summary["cloud_effect"] == pytest.approx(-51.0, rel=1e-12)


def test_options_reach_the_computation(calls):
    arguments = (
        "grid in.nc -o out.nc --months 2,3 --grid native --stderr-target 0.4 --sky clear "
        "--seed 7 --gas-table t.nc --fill-missing --times input --delta-scale-clouds --jobs 2 "
        "--optics merra2 --aerosol chung2012 --ocean jin --wind-speed 7 --chunk 99 --resume "
        "--kernels -q"
    )
    assert main(arguments.split()) == 0
    assert calls == [
        {
            "inputs": Path("in.nc"), "months": [2, 3], "grid": None, "stderr_target": 0.4,
            "photons": None, "sky": "clear", "seed": 7, "gas_table": "t.nc",
            "fill_missing": True, "times": "input", "delta_scale_clouds": True, "jobs": 2,
            "workers": None, "scheduler": None, "cells_per_chunk": 99, "resume": True,
            "optics": "merra2", "aerosol": "chung2012", "ocean": "jin", "wind_speed": 7.0,
            "kernels": True, "of": "all",
        }
    ]  # fmt: skip


def test_the_output_tells_how_it_was_made(calls):
    assert main(["grid", "--seed", "5", "--months", "1", "-o", "my file.nc"]) == 0
    attributes = open_input("my file.nc").attrs
    newest, older = attributes["history"].splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: aeroforcing grid --seed 5 --months 1 -o 'my file.nc'",
        newest,
    )
    assert older == "an older step"
    assert attributes["source"] == f"aeroforcing {aeroforcing.__version__}"
    assert "seed = 5" in attributes[CONFIG_ATTRIBUTE]


def test_the_output_passes_every_cf_check(calls, tmp_path):
    assert main(["grid", "-o", "out.nc"]) == 0
    assert cf_problems(Path("out.nc"), tmp_path) == []


def test_an_output_is_made_again_from_itself(calls):
    assert main(["grid", "--seed", "5", "--months", "1", "-o", "a.nc"]) == 0
    assert main(["grid", "--config", "a.nc", "-o", "b.nc"]) == 0
    assert calls[0] == calls[1]


def test_a_config_file_and_the_command_line_together(calls, capsys):
    Path("run.toml").write_text('seed = 5\nstderr-target = 0.5\ngrid = "T21"\n')
    assert main(["grid", "--config", "run.toml", "--photons", "64", "-o", "a.nc"]) == 0
    assert (calls[0]["seed"], calls[0]["photons"], calls[0]["stderr_target"]) == (5, 64, None)
    capsys.readouterr()
    assert main(["grid", "--config", "run.toml", "--dump-config"]) == 0
    dumped = capsys.readouterr().out
    assert "seed = 5" in dumped
    Path("again.toml").write_text(dumped)
    assert main(["grid", "--config", "again.toml", "--dump-config"]) == 0
    assert capsys.readouterr().out == dumped


def test_missing_cells_are_counted(stand_in, capsys):
    def with_gap(inputs=None, *, months, **_):
        result = known_result(months)
        gap = (result["lat"] > 85) & (result["lon"] < 10)
        return result.assign({name: result[name].where(~gap) for name in (*OPTICS, *FORCINGS)})

    stand_in(with_gap)
    assert main(["grid", "-o", "out.nc", "--months", "1"]) == 0
    assert "missing: 2 of 2048" in capsys.readouterr().out


# ---- failures -----------------------------------------------------------------------------------


def test_no_output_name_is_wrong_usage(calls, capsys):
    assert main(["grid"]) == 2
    assert "-o OUT.nc" in capsys.readouterr().err
    assert calls == []


def test_precision_is_set_in_one_way(calls, capsys):
    assert main(["grid", "-o", "x.nc", "--photons", "9", "--stderr-target", "1"]) == 2
    assert "Give one of them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "message"),
    [("old.nc", "exists"), ("no/out.nc", "does not exist"), (".", "not an ordinary file")],
)
def test_the_output_is_checked_before_the_computation(calls, capsys, output, message):
    Path("old.nc").write_text("precious")
    assert main(["grid", "-o", output]) == 2
    assert message in capsys.readouterr().err
    assert calls == []
    assert Path("old.nc").read_text() == "precious"


def test_overwriting_when_asked(calls):
    Path("old.nc").write_text("old")
    assert main(["grid", "-o", "old.nc", "--overwrite"]) == 0
    assert "forcing_toa" in open_input("old.nc")


@pytest.mark.parametrize(
    ("failure", "code", "message"),
    [
        (aeroforcing.InputError("in.nc: aod is wrong"), 2, "in.nc: aod is wrong"),
        (OSError(5, "Input/output error"), 1, "Input/output error"),
        (FileNotFoundError(2, "No such file", "table.nc"), 1, "table.nc: No such file"),
        (MemoryError(), 1, "not enough memory"),
    ],
)
@pytest.mark.parametrize("verbose", [False, True])
def test_failures_have_a_message_an_exit_code_and_no_file(
    stand_in, capsys, failure, code, message, verbose
):
    def fail(*_, **__):
        raise failure

    stand_in(fail)
    assert main(["grid", "-o", "out.nc", *(["-vv"] if verbose else [])]) == code
    error = capsys.readouterr().err
    assert f"aeroforcing: error: {message}" in error
    assert ("Traceback" in error) == verbose
    assert os.listdir() == []


def test_a_fault_of_the_program_is_not_hidden(stand_in):
    def fail(*_, **__):
        raise ZeroDivisionError

    stand_in(fail)
    with pytest.raises(ZeroDivisionError):
        main(["grid", "-o", "out.nc"])


# ---- progress -----------------------------------------------------------------------------------


@pytest.fixture(params=[True, False], ids=["terminal", "log"])
def terminal(request, monkeypatch, capsys):
    """Whether standard error is a terminal."""
    # Of its class: pytest puts another stream there when the test begins.
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _: request.param)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    return request.param


def test_progress_is_a_bar_in_a_terminal_and_lines_in_a_log(terminal, capsys):
    with Progress("work") as progress:
        for done in range(1001):
            progress(done, 1000)
    text = capsys.readouterr().err
    if terminal:
        assert text.count("\n") == 1 and text.endswith("\n")
        assert "work: 100%" in text.split("\r")[-1]
    else:
        lines = [line.split(",")[0] for line in text.splitlines()]
        assert [line.split()[-1] for line in lines] == [f"{i}0%" for i in range(1, 11)]


@pytest.mark.usefixtures("terminal")
def test_quiet_is_silent_and_true_is_not(capsys):
    for report in (Progress("work", quiet=True), shown(False, "work"), shown(None, "work")):
        assert report is None or report(1, 1) is None
    assert capsys.readouterr().err == ""
    shown(True, "work")(1, 1)
    assert "work: 100%" in capsys.readouterr().err


def test_messages_stand_above_a_bar(calls, capsys):
    """Once tqdm is there, which writes them so that its line stays whole."""
    import tqdm  # noqa: F401

    assert main(["grid", "-o", "out.nc", "-v"]) == 0
    assert re.search(r"^aeroforcing: INFO: wrote .*out\.nc$", capsys.readouterr().err, re.MULTILINE)
