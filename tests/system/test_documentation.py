"""The documentation is built without a warning and without a network.

Rationale. A page that cannot be built is not read. Every example of the gallery runs at the build,
so that none shows what the program no longer does.

Expected. No warning; a page for every public name, verb and notebook; a picture for every script of
the gallery; nothing that a browser would have to fetch from elsewhere; the glossary is that of the
README.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from inspect import ismodule
from pathlib import Path

import nbformat
import pytest
from helpers.executed_notebooks import NOTEBOOKS, executed

import aeroforcing
from aeroforcing.cli.main import VERBS

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"  # a proxy that does not answer


# Of the session: tests in any order may leave the module and come back to it.
@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The built pages, from a copy of what they are made of."""
    root = tmp_path_factory.mktemp("documentation")
    ignored = shutil.ignore_patterns("notebooks", "generated", "examples", "__pycache__")
    shutil.copytree(ROOT / "docs", root / "docs", ignore=ignored)
    (root / "notebooks").mkdir()
    for path in NOTEBOOKS:
        nbformat.write(executed(path), root / "notebooks" / path.name)
    (root / "data").mkdir()
    for name in ("README.md", "CHANGELOG.md", "data/README.md"):
        shutil.copy(ROOT / name, root / name)
    build(root)
    return root / "build"


def build(root: Path) -> None:
    places = [str(Path(place).resolve()) for place in sys.path]
    offline = {"http_proxy": NOWHERE, "https_proxy": NOWHERE, "no_proxy": "127.0.0.1,localhost"}
    environment = {**os.environ, **offline, "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", "build"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


# In one process with the notebooks, so that each of them is executed once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pages")]


def test_there_is_a_page_for_everything(site):
    reference = site / "generated" / "reference"
    inner = [getattr(aeroforcing, name) for name in aeroforcing.__all__]
    for space in (aeroforcing, *filter(ismodule, inner)):
        names = [name for name in space.__all__ if not ismodule(getattr(space, name))]
        assert names
        for name in names:
            known = aeroforcing if name in aeroforcing.__all__ else space  # one page for each name
            assert (reference / f"{known.__name__}.{name}.html").exists(), name
    commands = text_of(site / "generated" / "commands.html")
    assert all(f"usage: aeroforcing {verb}" in commands for verb in VERBS)
    variables = text_of(site / "generated" / "variables.html")
    assert "toa_instantaneous_shortwave_forcing" in variables


def test_notebooks_are_shown_with_their_pictures(site):
    for path in NOTEBOOKS:
        assert "<img" in text_of(site / "notebooks" / f"{path.stem}.html"), path.stem


def test_every_script_of_the_gallery_has_its_picture(site):
    scripts = sorted((ROOT / "docs" / "gallery").glob("*.py"))
    assert len(scripts) >= 8
    for script in scripts:
        page = text_of(site / "examples" / f"{script.stem}.html")
        assert f"sphx_glr_{script.stem}_001" in page, script.name


def test_the_glossary_and_the_first_page_are_those_of_the_readme(site):
    readme = text_of(ROOT / "README.md")
    terms = re.findall(r"^\| ([A-Za-z][\w ,-]+) \|", readme.split("## Glossary")[1], re.MULTILINE)
    assert len(terms) > 5
    glossary = text_of(site / "glossary.html")
    assert all(term in glossary for term in terms)
    assert "Ten lines of Python" in text_of(site / "index.html")


def test_pages_fetch_nothing_from_elsewhere(site):
    fetched = re.compile(r'<(?:script|img|link|iframe)[^>]+(?:src|href)="(?:https?:)?//[^"]+"')
    for page in site.rglob("*.html"):
        assert not fetched.findall(text_of(page)), page
