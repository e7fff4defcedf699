"""Pages that are made of the program itself: the reference, the helps, the table of variables."""

from __future__ import annotations

import math
from importlib import import_module
from inspect import ismodule
from pathlib import Path

import aeroforcing
from aeroforcing.cli.main import VERBS, build_parsers
from aeroforcing.core.variables import VARIABLES, Variable

_COMMANDS = """# Commands

What `aeroforcing --help` and `aeroforcing VERB --help` print. Every help ends in examples that run
as they are printed.
"""
_VARIABLES = """# Variables

Names, units and ranges of all variables of inputs and results, and what files may call them. A
standard error is named `<name>_stderr`.

| name | meaning | units | allowed | other names |
|---|---|---|---|---|
"""
_REFERENCE = """# Reference

All public names: those of the package itself, which are also in the packages within it, then what
only these hold. Everything after the first argument is given by keyword.
"""


def write_pages(folder: Path) -> None:
    """Write all pages into a folder, which is made if it does not exist."""
    folder.mkdir(exist_ok=True)
    pages = {
        "commands.md": commands_page(),
        "variables.md": variables_page(),
        "reference.md": reference_page(),
    }
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def commands_page() -> str:
    """The helps of the program and of each verb."""
    parser, verbs = build_parsers()
    helps = [_COMMANDS, _code_block(parser.format_help())]
    for name in VERBS:
        helps += [f"## aeroforcing {name}\n", _code_block(verbs[name].format_help())]
    return "\n".join(helps)


def _code_block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```\n"


def variables_page() -> str:
    """A row for each variable of the registry."""
    return _VARIABLES + "".join(_row(name, variable) for name, variable in VARIABLES.items())


def _row(name: str, variable: Variable) -> str:
    names = [variable.standard_name, *variable.aliases]
    others = ", ".join(f"`{other}`" for other in names if other)
    units = "" if variable.units == "1" else variable.units
    limited = math.isfinite(variable.valid_min) or math.isfinite(variable.valid_max)
    allowed = variable.allowed if limited else ""
    return f"| `{name}` | {variable.long_name} | {units} | {allowed} | {others} |\n"


def reference_page() -> str:
    """The public names: those of the package itself, then those of each of its namespaces."""
    flat = [name for name in aeroforcing.__all__ if not ismodule(getattr(aeroforcing, name))]
    sections = [_REFERENCE, _section("aeroforcing", flat)]
    for space in (name for name in aeroforcing.__all__ if name not in flat):
        package = getattr(aeroforcing, space)
        own = [n for n in package.__all__ if n not in flat and not ismodule(getattr(package, n))]
        if own:
            sections.append(_section(package.__name__, own))
    return "\n".join(sections)


def _section(module: str, names: list[str]) -> str:
    summary = str(import_module(module).__doc__).split("\n\n")[0].replace("\n", " ")
    listed = "\n".join(f"   {module}.{name}" for name in names)
    return (
        f"## {summary.rstrip('.')}\n\n```{{eval-rst}}\n.. autosummary::\n   :toctree: reference\n\n"
        f"{listed}\n```\n"
    )
