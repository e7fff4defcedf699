"""The notebooks with their outputs; each is executed once in a session of tests."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from unittest import mock

import nbclient
import nbformat

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@cache
def executed(path: Path) -> nbformat.NotebookNode:
    """A notebook as it is after all of its cells have run, in a folder of its own."""
    notebook = nbformat.read(path, as_version=4)
    places = [str(Path(place).resolve()) for place in sys.path]
    environment = {"PYTHONPATH": os.pathsep.join(places)}  # this package, wherever it is
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, environment):
        resources = {"metadata": {"path": folder}}
        nbclient.NotebookClient(
            notebook, timeout=900, startup_timeout=300, resources=resources
        ).execute()
    return notebook
