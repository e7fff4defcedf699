"""Random command lines, configs and files: no traceback, no hang, no wrong number, no stray file.

Rationale. What users type, and what strangers' files hold, is not bounded by what the authors
thought of. Expected, for whatever it is: the command ends with a documented exit code, and if not
with 0, with one line that says why; it answers within a minute; it touches nothing outside of the
folder of its output, and leaves nothing there but the output of a success; every number that it
hands to the solver is finite; and where a file is accepted whose content is known, each value that
is used is the one that was written, after the documented conversions (units, packing, the order of
axes, months by date).

The solver is replaced by a recorder, so that cases take milliseconds. The default run takes a few
hundred cases; `pytest -m slow` takes 4,000 and prints what came of them, with FUZZ_TIMES=3 in the
environment 12,000.
"""

from __future__ import annotations

import ast
import json
import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import xarray as xr
from helpers import reader_samples
from helpers.builtin_memory import remember_inputs
from helpers.damage import ANY_FILE, Damage, cut
from helpers.fuzz_files import (
    GRID,
    LAT,
    LON,
    KnownFile,
    WildFile,
    known_files,
    wild_files,
    write_wild,
    written,
)
from helpers.fuzzing import Outcome, Recorder, Sandbox, fuzz
from hypothesis import strategies as st

import aeroforcing
from aeroforcing.analysis.validation import aeronet, exact_solutions
from aeroforcing.cli.commands import assimilate, column, fill, grid, prepare, sweep
from aeroforcing.cli.commands import inputs as inputs_command
from aeroforcing.cli.main import VERBS, build_parsers
from aeroforcing.core.canonical import check_ranges
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import open_input
from aeroforcing.observations.station_files import read_stations, write_stations
from aeroforcing.output import figure_files, report
from aeroforcing.runs import workers

SMALL = ["--grid", GRID, "--months", "1"]

# (default, slow) numbers of cases; the slow ones add up to 4,000, times FUZZ_TIMES
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
ARGUMENTS = (150, 1000 * TIMES)
CONFIGS = (100, 2200 * TIMES)
KNOWN_FILES = (8, 80 * TIMES)
WILD_FILES = (30, 320 * TIMES)
DAMAGED_FILES = (30, 300 * TIMES)
DAMAGED_STATIONS = (30, 100 * TIMES)


def number_of_cases(numbers: tuple[int, int]) -> Any:
    return pytest.mark.parametrize(
        "cases", [numbers[0], pytest.param(numbers[1], marks=pytest.mark.slow)]
    )


def unavailable(*_: object, **__: object) -> None:
    raise OSError("there are no workers here")


@pytest.fixture
def sandbox(tmp_path, monkeypatch, capsys) -> Iterator[Sandbox]:
    """A folder with files of many kinds; what takes long or needs a network is replaced."""
    monkeypatch.chdir(tmp_path)
    remember_inputs(monkeypatch)
    Recorder(monkeypatch)
    monkeypatch.setattr(workers, "cluster_client", unavailable)
    monkeypatch.setattr(report, "report", lambda forcing: "a page")
    monkeypatch.setattr(figure_files, "figure_bytes", lambda *_, **__: b"a figure")
    monkeypatch.setattr(exact_solutions, "run_benchmarks", lambda **_: [])
    monkeypatch.setattr(exact_solutions, "as_text", lambda found: "a table")
    monkeypatch.setattr(aeronet, "load_gas_table", unavailable)
    place = Sandbox(tmp_path)
    fill_with_files(place)
    place.keep()
    yield place
    with capsys.disabled():
        print(f"\n{place.counts.total()} cases: {dict(sorted(place.counts.items()))}", end=" ")


def fill_with_files(place: Sandbox) -> None:
    """Good files, bad ones, and things that are no files."""
    data = place.data
    plain_map().to_netcdf(data / "good.nc")
    place.keep()
    assert place.run(["grid", "-o", "forcing.nc", "-q", *SMALL], target="forcing.nc").code == 0
    (data / "forcing.nc").write_bytes(place.take("forcing.nc"))
    sites = stations(data)
    (data / "broken.nc").write_bytes((data / "good.nc").read_bytes()[:3000])
    (data / "empty.nc").write_bytes(b"")
    (data / "notes.txt").write_text("lat,lon,aod\n1,2,0.3\n")
    (data / "options.toml").write_text('grid = "45x60"\nmonths = [1]\n')
    (data / "folder").mkdir()
    (data / "loop.nc").symlink_to(data / "loop.nc")
    os.mkfifo(data / "pipe.nc")
    write_stations(sites, data / "sites.csv")
    write_stations(sites, data / "sites.nc")


def plain_map() -> xr.Dataset:
    """AOD and SSA in January, with a gap."""
    rng = np.random.default_rng(0)
    fields = {"aod": rng.uniform(0.05, 0.6, (1, 4, 6)), "ssa": rng.uniform(0.85, 1.0, (1, 4, 6))}
    fields["aod"][0, 2, 3] = np.nan
    maps = {name: (("month", "lat", "lon"), values) for name, values in fields.items()}
    return xr.Dataset(maps, {"month": [1], "lat": LAT, "lon": LON})


def stations(folder: Path) -> xr.Dataset:
    """Stations of AERONET, as `aeroforcing prepare` reads them."""
    (folder / "site.lev20").write_bytes(reader_samples.many_days())
    return read_stations(folder / "site.lev20")


# ---- command lines ------------------------------------------------------------------------------

FILES = ["../data/" + name for name in (
    "good.nc", "forcing.nc", "broken.nc", "empty.nc", "notes.txt", "options.toml", "folder",
    "loop.nc", "pipe.nc", "sites.csv", "sites.nc", "site.lev20", "absent.nc",
)]  # fmt: skip
TARGETS = ["out.nc", "out.nc", "out.nc", "out.png", "out.svg", "out.csv", "out.html", "out", "",
           ".", "..", "../data/good.nc", "../data/folder", "no/out.nc", "x" * 300 + ".nc", "/",
           "out.NC", "../data/pipe.nc", "../data/loop.nc", "-", "--", "o t", "é.nc"]  # fmt: skip
NUMBERS = ["0", "1", "-1", "0.5", "8", "16", "1e3", "nan", "inf", "-inf", "1e400", "9" * 30,
           "9" * 5000, "0x10", "1_000", "", " ", "½", "٣", "1,7", "7,1", "1,,2", "0:1:0.5",
           "1:0:0.1", "0:1:1e-9", "0:1:0", "aod", "aod=0.1,0.2", "0.1,0.2", "nan,1"]  # fmt: skip
GRIDS = ["native", "45x60", "60x60", "T43", "F0", "F1", "T99999999999", "F99999999", "0x0", "1e3x1",
         "0.001x0.001", "0x60", "7x7", "180x360", "T", "x", "90x90"]  # fmt: skip
WORDS = ["g112", "aod", "ssa", "forcing_toa", "nothing", "both", "all", "clear", "input", "months",
         "optimal", "distance", "poisson", "unlimited", "tropical", "aeronet", "merra2", "isccp",
          "annual", "JJA", "months", "seasons", "robinson", "tcp://localhost:1",
         "{}", "%s",
         "$(touch x)", "; touch x", "`touch x`", "*", "~", "'", '"', "\\", "\udcff"]  # fmt: skip
anything = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=12)
values = st.one_of(*map(st.sampled_from, (FILES, NUMBERS, GRIDS, WORDS)), anything)
LIKELY: dict[str, st.SearchStrategy[str]] = {
    "--grid": st.sampled_from(GRIDS),
    "--config": st.sampled_from(FILES),
    "--input": st.sampled_from(FILES),
    **{f"--{name}": st.sampled_from(FILES) for name in ("aod", "ssa", "aeronet", "minus")},
    **{name: st.sampled_from(TARGETS) for name in ("-o", "--output")},
    **{f"--{name}": st.sampled_from(["1", "8", "0", "x", "9" * 30]) for name in ("photons", "dpi")},
    # real threads and processes are not what is fuzzed
    **{f"--{name}": st.sampled_from(["1", "2", "0", "x"]) for name in ("jobs", "workers")},
}
COLUMN = {"column", "sweep"}


def option_strings(verb: str) -> list[tuple[str, bool]]:
    """The options of a verb, and whether each takes a value."""
    actions = build_parsers()[1][verb]._actions
    return [
        (name, action.nargs != 0)
        for action in actions
        for name in action.option_strings
        if name not in ("-h", "--help", "-v", "--verbose")  # -v -v asks for tracebacks
    ]


OPTIONS = {verb: option_strings(verb) for verb in VERBS}


# What makes sense of each verb, besides its options.
SENSE = {
    "grid": ["-o", "out.nc"],
    "inputs": ["-o", "out.nc"],
    "prepare": ["aeronet", "../data/site.lev20", "-o", "out.nc"],
    "fill": ["../data/good.nc", "../data/forcing.nc", "-o", "out.nc"],
    "assimilate": ["../data/good.nc", "../data/sites.csv", "-o", "out.nc"],
    "sweep": ["aod", "0.1,0.2"],
    "map": ["../data/forcing.nc", "aod", "-o", "out.png"],
    "info": ["../data/forcing.nc"],
    "report": ["../data/forcing.nc", "-o", "out.html"],
    "validate": ["--benchmarks"],
}


@st.composite
def command_lines(draw: Callable) -> list[str]:
    """A verb, a small grid where there is one, and options and files in any order."""
    verb = draw(st.sampled_from(VERBS))
    if draw(st.integers(0, 2)) == 0:
        words, most = [SENSE.get(verb, [])], 1
    else:
        several = st.lists(st.sampled_from(FILES) | values, max_size=3)
        words, most = [[value] for value in draw(several)], 5
    for name, takes_value in draw(st.lists(st.sampled_from(OPTIONS[verb]), max_size=most)):
        value = draw(LIKELY.get(name, values)) if takes_value else None
        if value is not None and (value.startswith("-") or draw(st.booleans())):
            words.append([f"{name}={value}"] if name.startswith("--") else [name, value])
        else:
            words.append([name] if value is None else [name, value])
    mixed = [word for group in draw(st.permutations(words)) for word in group]
    known_options = {name for name, _ in OPTIONS[verb]}
    first = SMALL if {"--grid", "--months"} <= known_options else []
    cheap = ["--photons", "8"] if verb in COLUMN and "--stderr-target" not in mixed else []
    output = ["-o", draw(st.sampled_from(TARGETS))] if "-o" in known_options else []
    output = [] if "-o" in mixed else output
    return [*([verb] if draw(st.integers(0, 30)) else []), *first, *cheap, *output, *mixed]


def target_in(arguments: list[str]) -> str | None:
    """The output that a command line names; the last one counts."""
    found = None
    for place, word in enumerate(arguments):
        if word in ("-o", "--output") and place + 1 < len(arguments):
            found = arguments[place + 1]
        elif word.startswith("--output="):
            found = word.removeprefix("--output=")
        elif word.startswith("-o") and len(word) > 2:
            found = word[2:]
    return found


@number_of_cases(ARGUMENTS)
def test_any_command_line_ends_as_documented(sandbox, cases):
    def check(arguments: list[str]) -> None:
        target = target_in(arguments)
        if "--overwrite" in arguments and str(target).startswith("../data"):
            return  # which it may do
        sandbox.run(arguments, target=target)
        sandbox.tidy()

    fuzz(command_lines(), check, cases=cases)


# ---- configs ------------------------------------------------------------------------------------

COMMANDS = {
    "grid": grid.RUN_OPTIONS,
    "inputs": inputs_command.OPTIONS,
    "column": column.COLUMN_OPTIONS,
    "sweep": sweep.OPTIONS,
    "prepare": prepare.OPTIONS,
    "fill": fill.OPTIONS,
    "assimilate": assimilate.OPTIONS,
}
texts = st.one_of(st.sampled_from([*FILES, *GRIDS, *WORDS[:-1]]), anything)
numbers = st.one_of(
    st.integers(-3, 20),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.floats(0.0, 1.0),
    st.booleans(),
)
toml_values = st.recursive(texts | numbers, lambda inner: st.lists(inner, max_size=3), max_leaves=4)


def as_toml(value: object) -> str:
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != np.inf else str(value)
    return json.dumps(value, ensure_ascii=False)


class Config(NamedTuple):
    verb: str
    values: dict[str, Any]
    text: str


@st.composite
def configs(draw: Callable) -> Config:
    verb = draw(st.sampled_from(sorted(COMMANDS)))
    options = {option.name: option for option in COMMANDS[verb]}
    names = st.sampled_from([*options, *options, "mouths", "", "a b"])
    found = draw(st.dictionaries(names, toml_values, max_size=4))
    for name in draw(st.lists(st.sampled_from(sorted(options)), max_size=2)):
        if options[name].default is not None:
            found[name] = options[name].default
    lines = [f"{json.dumps(name)} = {as_toml(value)}" for name, value in found.items()]
    text = "\n".join(lines) + "\n"
    if draw(st.integers(0, 3)) == 0:
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.sampled_from(["", "[", "\\u0000", '"""', "= [", "[" * 3000,
                                                    "1979-05-27", "\x00", "{a", "#"])) + text[
            start + draw(st.integers(0, 3)) :
        ]  # fmt: skip
        return Config(verb, {}, text)
    return Config(verb, found, text)


def run_with(sandbox: Sandbox, config: Config, first: list[str], last: str) -> Outcome:
    path = sandbox.results / "options.toml"
    path.write_text(config.text, encoding="utf-8")
    return sandbox.run([*first, "--config", path.name, last], given=path)


@number_of_cases(CONFIGS)
def test_any_config_is_refused_or_taken_as_it_is(sandbox, cases):
    def check(config: Config) -> None:
        outcome = run_with(sandbox, config, [config.verb], "--dump-config")
        if outcome.code == 0:
            dumped = tomllib.loads(outcome.out)
            for name, value in config.values.items():
                assert dumped[name] == value, name
        if config.verb == "grid":
            run_with(sandbox, config, ["grid", *SMALL], "--dry-run")

    fuzz(configs(), check, cases=cases)


# ---- files whose content is known ---------------------------------------------------------------


@number_of_cases(KNOWN_FILES)
def test_a_file_of_known_content_is_taken_as_it_was_written(sandbox, cases):
    def check(known: KnownFile) -> None:
        path = sandbox.results / "in.nc"
        written(known, path)
        months = sorted(known.months or [1])
        arguments = ["inputs", path.name, "-o", "out.nc", "--grid", "native"]
        arguments += ["--months", ",".join(map(str, months))]
        outcome = sandbox.run(arguments, target="out.nc", given=path)
        assert outcome.code == 0, outcome.err
        found = open_input(sandbox.results / "out.nc")
        sandbox.tidy()
        for field in known.fields:
            order = np.argsort(known.months) if known.months else [0]
            expected = field.truth[order]
            values = found[field.canonical]
            if field.canonical == "cloud_fraction":
                values = values.sum("cloud_type", skipna=False)
            if field.canonical in ("ssa", "asymmetry", "angstrom"):
                expected = np.where(np.isnan(expected), values, expected)  # where AOD is 0
            tolerance = 1e-6 if field.storage == "f4" else 1e-12
            got = values.transpose("time", "lat", "lon").values
            np.testing.assert_allclose(got, expected, rtol=tolerance, equal_nan=True)

    fuzz(known_files(), check, cases=cases)


# ---- files of any content -----------------------------------------------------------------------

OF_ANY_FILE = (
    ["grid", "in.nc", "--grid", "native", "--months", "1", "--dry-run"],
    ["grid", "in.nc", "--grid", "native", "--times", "input", "--dry-run"],
    ["grid", "in.nc", "-o", "out.nc", "--grid", "native", "--months", "1", "-q"],
    ["grid", "in.nc", "-o", "out.nc", *SMALL, "--fill-missing", "-q"],
    ["grid", "--aod", "in.nc", *SMALL, "--dry-run"],
    ["inputs", "in.nc", "-o", "out.nc", "--grid", "native", "--months", "1"],
    ["info", "in.nc"],
    ["info", "in.nc", "--json"],
    ["fill", "in.nc", "../data/good.nc", "-o", "out.nc"],
    ["fill", "../data/good.nc", "in.nc", "-o", "out.nc"],
    ["assimilate", "in.nc", "../data/sites.csv", "-o", "out.nc"],
    ["assimilate", "../data/good.nc", "in.nc", "-o", "out.nc"],
    ["prepare", "gocart", "in.nc", "-o", "out.nc", "--grid", GRID],
    ["prepare", "isccp", "in.nc", "-o", "out.nc", "--grid", GRID],
    ["map", "in.nc", "aod", "-o", "out.png"],
    ["report", "in.nc", "-o", "out.html"],
    ["grid", "--config", "in.nc", *SMALL, "--dry-run"],
    ["column", "--gas-table", "in.nc", "--photons", "8"],
)


def run_on_file(sandbox: Sandbox, arguments: list[str]) -> Outcome:
    """Run a command on the file in.nc, which is in `results`."""
    target = arguments[arguments.index("-o") + 1] if "-o" in arguments else None
    return sandbox.run(arguments, target=target, given=sandbox.results / "in.nc")


@number_of_cases(WILD_FILES)
def test_any_file_is_used_or_refused(sandbox, cases):
    def check(case: tuple[WildFile, list[str]]) -> None:
        wild, arguments = case
        write_wild(wild, sandbox.results / "in.nc")
        run_on_file(sandbox, arguments)
        sandbox.tidy()

    fuzz(st.tuples(wild_files(), st.sampled_from(OF_ANY_FILE)), check, cases=cases)


# ---- damaged files ------------------------------------------------------------------------------


def intact_files(folder: Path) -> dict[str, bytes]:
    """The same map by name of the library that has written it."""
    path, contents = folder / "intact.nc", {}
    forms = {"NETCDF4": "netcdf4", "NETCDF3_CLASSIC": "scipy", "NETCDF3_64BIT": "scipy"}
    for form, engine in forms.items():
        plain_map().to_netcdf(path, format=form, engine=engine)
        contents[form] = path.read_bytes()
        path.unlink()
    plain_map().to_netcdf(path, encoding={"aod": {"zlib": True}, "ssa": {"fletcher32": True}})
    contents["compressed"] = path.read_bytes()
    path.unlink()
    return contents


@number_of_cases(DAMAGED_FILES)
def test_a_damaged_file_is_refused_or_physical(sandbox, cases):
    """One that is cut off is refused, or nothing of it is lost."""
    contents = intact_files(sandbox.results)
    truth = plain_map()

    def check(case: tuple[str, Damage, int, list[str]]) -> None:
        form, damage, seed, arguments = case
        damaged = damage(contents[form], np.random.default_rng(seed))
        (sandbox.results / "in.nc").write_bytes(damaged)
        outcome = run_on_file(sandbox, arguments)
        if outcome.code == 0 and arguments[0] == "inputs":
            found = open_input(sandbox.results / "out.nc")
            check_ranges(found, source="the result")
            if damage is cut:
                for name in truth:
                    np.testing.assert_array_equal(found[name].values, truth[name].values)
        sandbox.tidy()

    commands = [a for a in OF_ANY_FILE if a[0] in ("grid", "inputs", "info", "fill")]
    seed = st.integers(0, 2**32)
    command = st.sampled_from([*commands, *[OF_ANY_FILE[5]] * 8])
    # The HDF5 library itself may loop for ever on a file with another byte inside; one that is cut
    # off it refuses.
    classic, hdf5 = (
        st.sampled_from([form for form in sorted(contents) if form.startswith("NETCDF3") == old])
        for old in (True, False)
    )
    cases_of = st.one_of(
        st.tuples(classic, st.sampled_from(ANY_FILE), seed, command),
        st.tuples(hdf5, st.just(cut), seed, command),
    )
    fuzz(cases_of, check, cases=cases)


@number_of_cases(DAMAGED_STATIONS)
def test_damaged_tables_of_stations_are_refused_or_physical(sandbox, cases):
    contents = {name: (sandbox.data / name).read_bytes() for name in ("sites.csv", "sites.nc")}

    def check(case: tuple[str, Damage, int]) -> None:
        name, damage, seed = case
        path = sandbox.results / name
        path.write_bytes(damage(contents[name], np.random.default_rng(seed)))
        try:
            found = read_stations(path)
        except InputError as error:
            assert name in str(error)
            sandbox.counts["refused"] += 1
        else:
            check_ranges(found, source="the result")
            assert (np.abs(found["lat"]) <= 90.0).all()
            sandbox.counts["read"] += 1
        sandbox.tidy()

    # The netCDF library itself may loop for ever on a file of another byte inside; one that is cut
    # off it refuses.
    kinds = st.one_of(
        st.tuples(st.just("sites.csv"), st.sampled_from(ANY_FILE), st.integers(0, 2**32)),
        st.tuples(st.just("sites.nc"), st.just(cut), st.integers(0, 2**32)),
    )
    fuzz(kinds, check, cases=cases)


# ---- files of strangers are data ----------------------------------------------------------------

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "yaml"}
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "getoutput", "read_pickle"}


def test_nothing_in_the_package_can_run_what_it_reads():
    """No pickles, nothing that makes code of text, no shell."""
    folder = Path(aeroforcing.__file__).parent
    words = (*MODULES, *CALLS, "shell", "allow_pickle")
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if any(word in text for word in words) else ():
            where = f"{path.relative_to(folder)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
                assert not MODULES & {str(name).split(".")[0] for name in names}, where
            if isinstance(node, ast.Call):
                called = node.func
                name = getattr(called, "id", getattr(called, "attr", ""))
                regular_expression = isinstance(called, ast.Attribute) and name == "compile"
                assert name not in CALLS or regular_expression, where
                allowing = {key.arg: key.value for key in node.keywords}
                for argument in ("shell", "allow_pickle"):
                    value = allowing.get(argument, ast.Constant(False))
                    assert isinstance(value, ast.Constant) and value.value is False, where
