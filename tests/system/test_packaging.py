"""What is installed: a wheel holds all that the package needs, and a text that the index can show.

Rationale. Tests run beside the sources, where nothing can be missing; users get the wheel.

Expected. Every file of the package and every data file is in the wheel, and nothing else is; the
readme of its metadata has no link that leads nowhere, with a repository or without.
"""

from __future__ import annotations

import os
import re
import tomllib
import zipfile
from email import message_from_string
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder

from aeroforcing.core.version import __version__

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    made = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")))
    return zipfile.ZipFile(next(iter(made)))


def files_of(folder: Path) -> set[str]:
    """Files of a folder, without what Python and the like leave there."""
    found = {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def test_the_wheel_holds_the_package_and_its_data(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    sources = {f"aeroforcing/{name}" for name in files_of(ROOT / "aeroforcing")}
    data = {name for name in files_of(ROOT / "data") if not name.startswith("make/")}
    assert names == sources | {f"aeroforcing/_data/{name}" for name in data}
    endings = {os.path.splitext(name)[1] for name in sources}
    assert {".py", ".pyi", ".typed", ".toml", ".css"} <= endings


def test_the_readme_of_the_wheel_has_no_relative_link(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = message_from_string(wheel.read(name).decode())
    assert {"all", "dask", "docs", "hdf4", "test"} <= set(metadata.get_all("Provides-Extra"))
    text = metadata.get_payload()
    assert "Ten lines of Python" in text and "<!-- ci" not in text
    assert all(link.startswith("https://") for link in re.findall(r"\]\(([^)]+)\)", text))


@pytest.mark.parametrize("repository", [None, "https://example.org/some/place"])
def test_links_lead_into_the_repository_if_there_is_one(repository):
    spec = spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    hook = module_from_spec(spec)
    spec.loader.exec_module(hook)
    relative = re.findall(r"\]\((?!https://)([^)]+)\)", README)
    assert "docs/forcing_toa.png" in relative and "docs/inputs.md" in relative
    text = hook.for_index(README, repository, "1.2")
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert all(target.startswith("https://") for target in targets)
    assert ("![" in text) == (repository is not None)
    if repository:
        assert f"{repository}/raw/v1.2/docs/forcing_toa.png" in targets
        assert f"{repository}/blob/v1.2/docs/inputs.md" in targets
    else:
        assert "docs/inputs.md" in text


def test_what_says_the_same_elsewhere_agrees_with_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = [c.rsplit(" ", 1)[1] for c in project["classifiers"] if "Python :: 3." in c]
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    assert workflow["jobs"]["tests"]["strategy"]["matrix"]["python"] == versions
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text())
    assert recipe["context"] == {"version": __version__, "python_min": versions[0]}
    assert project["requires-python"] == f">={versions[0]}"
    needed = dict(line.split() for line in recipe["requirements"]["run"][1:])
    names = {"matplotlib": "matplotlib-base", "netCDF4": "netcdf4"}  # in conda-forge
    wanted = (re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in project["dependencies"])
    assert needed == {names.get(name, name): bounds for name, bounds in wanted}
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert {re.split(r"\W", line)[0].lower() for line in project["dependencies"]} <= {
        name.replace("-", "_") for name in pinned
    }
