"""Every notebook runs from its first cell to its last, and is kept without output.

Rationale. Notebooks are read as instructions; one that fails, or that shows what it does not
compute, misleads. They run here as a reader would run them, with their own, low precision.

Expected. No cell fails; at least one picture, and no warning of the package but that a first run
compiles; the last cell with code ends in something to see; no output is stored.
"""

from __future__ import annotations

import nbformat
import pytest
from helpers.executed_notebooks import NOTEBOOKS, executed

# In one process with the documentation, so that each is executed once.
pytestmark = pytest.mark.xdist_group("pages")


def test_there_are_six():
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_output(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    assert notebook.cells[0].cell_type == "markdown"


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path):
    cells = [cell for cell in executed(path).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    said = "".join(output["text"] for output in outputs if output.get("name") == "stderr")
    assert all(line.startswith("compiling, once") for line in said.splitlines())
    assert cells[-1].outputs
