"""`aeroforcing doctor`: it names all that the project needs, and says what is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from aeroforcing.cli.commands import doctor
from aeroforcing.cli.main import main
from aeroforcing.core import compiled_cache, resources

PROJECT = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())["project"]
FOR_USERS = {"dask", "hdf4"}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=; ]", requirement)[0] for requirement in requirements}


@pytest.fixture(autouse=True)
def private_cache(tmp_path, monkeypatch):
    """A folder for compiled code of each test's own."""
    monkeypatch.setenv(compiled_cache.VARIABLE, str(tmp_path / "cache"))
    compiled_cache.folder.cache_clear()
    yield
    compiled_cache.folder.cache_clear()


def test_it_tells_the_packages_of_the_project_and_where_code_is_kept(tmp_path, capsys):
    assert set(doctor.PACKAGES) == names(PROJECT["dependencies"])
    extras = PROJECT["optional-dependencies"]
    assert set(doctor.OPTIONAL) == set().union(*(names(extras[extra]) for extra in FOR_USERS))
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert f"numpy {np.__version__}," in text
    assert re.search(rf"^cache: +{re.escape(str(tmp_path / 'cache'))}", text, re.MULTILINE)
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == []
    assert found["processors"] >= 1


def test_it_answers_and_tells_what_is_wrong(tmp_path, monkeypatch, capsys):
    known = metadata.version

    def version(name):
        if name in ("tqdm", "dask"):
            raise metadata.PackageNotFoundError(name)
        return known(name)

    (tmp_path / "file").touch()
    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(resources, "_INSTALLED", tmp_path)
    monkeypatch.setattr(resources, "_CHECKOUT", tmp_path)
    monkeypatch.setenv(compiled_cache.VARIABLE, str(tmp_path / "file"))
    assert main(["doctor", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["packages"]["tqdm"] is None and found["optional"]["dask"] is None
    for what in ("package tqdm", compiled_cache.VARIABLE, "data file"):
        assert sum(what in problem for problem in found["problems"]) == 1
    assert len(found["problems"]) == 3
