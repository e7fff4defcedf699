"""Whatever is printed as an example runs as it is printed: in helps, the README and the docs.

Rationale. Examples are copied before anything else is read. They rot first, too: an option is
renamed, an output of one example is in the way of another.

Expected. The examples of all helps run one after the other in one folder, as a new user would try
them; the README's Python and its other commands run; so does the chain of docs/observations.md
that says so. Maps are computed on a coarse grid with few photons here; the README's own commands
are run in full, in fresh environments, by .ci/run.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import xarray as xr
from matplotlib import pyplot as plt

from aeroforcing.cli.main import VERBS, build_parsers, main
from aeroforcing.core.netcdf import write_netcdf
from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.maps import anthropogenic, grid, saved, species
from aeroforcing.maps.run import prepared_run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OBSERVATIONS = (ROOT / "docs" / "observations.md").read_text(encoding="utf-8")
CI_MARK = "<!-- ci: "

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


@pytest.fixture
def coarse(monkeypatch):
    """Maps of whatever grid and precision are computed for two months, on T21, with few photons."""

    def quick(inputs, settings, **how):
        grid = "T21" if settings.grid else None
        cheap = replace(settings, grid=grid, photons=8, months=[1, 7], stderr_target=None)
        return prepared_run(inputs, cheap, **how)

    for module in (grid, saved, species, anthropogenic):
        monkeypatch.setattr(module, "prepared_run", quick)


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a text in a language, but for those that .ci/run runs."""
    marked = re.escape(CI_MARK) + r"\w+ -->\n"
    pattern = rf"({marked})?```{language}\n(.*?)^```"
    found = re.findall(pattern, text, re.DOTALL | re.MULTILINE)
    return [code for mark, code in found if not mark]


def commands(block: str) -> list[str]:
    """The commands of a block, without comments."""
    lines = (line.split("#")[0].strip() for line in block.splitlines())
    return [line for line in lines if line]


def run(command: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "aeroforcing"
    assert main(arguments) == 0, command
    for name in re.findall(r"-o (\S+)", command):
        assert Path(name).stat().st_size > 0


def examples(help_text: str) -> list[str]:
    """The commands after the word examples, with which a help ends."""
    ending = help_text.rstrip().split("\nexamples:\n")[1]
    lines = [line.strip() for line in ending.splitlines()]
    assert len(lines) >= 2
    return lines


def test_the_examples_of_all_helps_run_one_after_the_other(coarse, capsys):
    parser, verbs = build_parsers()
    assert set(verbs) == set(VERBS)
    for command in examples(parser.format_help()):
        run(command)
    Path("forcing.nc").unlink()  # the first example of grid makes it again
    Path("toa.png").unlink()
    for verb in VERBS:
        for command in examples(verbs[verb].format_help()):
            assert command.split()[1] == verb
            run(command)


def test_the_python_of_the_readme_runs():
    (code,) = blocks(README, "python")
    assert len(code.strip().splitlines()) <= 14
    namespace: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), namespace)
    assert namespace["july"].forcing_toa.item() < 0.0  # type: ignore[attr-defined]
    with xr.open_dataset("quick.nc") as written:
        assert written.sizes["time"] == 2


def test_the_commands_of_the_readme_run(coarse):
    mine = builtin_inputs("20x30")[["aod", "ssa"]]
    write_netcdf(mine, "my_inputs.nc")
    (block,) = blocks(README, "bash")
    for command in commands(block):
        run(command)
    with xr.open_dataset("my_forcing.nc") as written:
        assert written.sizes["lat"] == mine.sizes["lat"]


def test_the_chain_that_runs_as_it_stands_does(coarse):
    chains = [commands(block) for block in blocks(OBSERVATIONS, "bash")]
    (chain,) = [chain for chain in chains if any("observed_10x15.nc" in line for line in chain)]
    for command in chain:
        run(command)


def test_blocks_are_found():
    text = f"{CI_MARK}run -->\n```bash\na\n```\n\n```bash\nb  # c\n```\n```python\nd\n```\n"
    assert blocks(text, "bash") == ["b  # c\n"]
    assert commands("b  # c\n# d\n") == ["b"]
    assert blocks(text, "python") == ["d\n"]
