"""The order of the packages: an import points to an earlier one, and none goes in a circle."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import aeroforcing

ROOT = Path(aeroforcing.__file__).parent
ORDER = (
    "core", "grids", "optics", "transport", "columns", "observations", "inputs", "runs", "forcing",
    "maps", "analysis", "output", "cli",
)  # fmt: skip
MOST_MODULES, MOST_LINES = 18, 460


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    names = {".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path
             for path in sorted(ROOT.rglob("*.py"))}  # fmt: skip
    return {name.removesuffix(".__init__"): path for name, path in names.items()}


def imports(path: Path) -> Iterator[str]:
    """The modules of the package that a module imports anywhere, also in its functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "aeroforcing":
            for alias in node.names:
                within = f"{node.module}.{alias.name}"
                yield within if within in modules() else str(node.module)


def place(module: str) -> int | None:
    parts = module.split(".")
    return ORDER.index(parts[1]) if len(parts) > 1 and parts[1] in ORDER else None


def test_every_folder_is_in_the_order():
    assert {p.name for p in ROOT.iterdir() if any(p.glob("*.py"))} == set(ORDER)
    assert {p.name for p in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_an_import_points_to_an_earlier_package():
    known = modules()
    backward = [
        f"{name} imports {other}"
        for name, path in known.items()
        for other in imports(path)
        if place(name) is not None and (place(other) is None or place(other) > place(name))
    ]
    assert not backward


def test_no_imports_go_in_a_circle():
    """Also those inside of functions: what is imported by nothing that is left is taken away."""
    left = {name: set(imports(path)) & set(modules()) - {name} for name, path in modules().items()}
    while free := [name for name, others in left.items() if not others & set(left)]:
        for name in free:
            del left[name]
    assert not left


def test_folders_and_modules_are_not_too_large():
    folders = {path.parent for path in modules().values()}
    for folder in folders:
        own = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(own) <= MOST_MODULES, folder
    long = {
        n: k for n, p in modules().items() if (k := len(p.read_text().splitlines())) > MOST_LINES
    }
    assert not long


def test_every_module_can_be_imported():
    for name in modules():
        if not name.endswith(("__main__", "_child")):
            importlib.import_module(name)
