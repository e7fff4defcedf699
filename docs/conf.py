"""Configuration of the documentation: `sphinx-build -W docs build/docs`, without network.

Everything is written once. The first page, the glossary and the tables of data are parts of the
README files, the reference is made of docstrings, the pages of commands and variables of the
parsers and the registry, and notebooks without output are executed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from generated_pages import write_pages  # noqa: E402

from aeroforcing.core.version import __version__  # noqa: E402

project = "aeroforcing"
author = copyright = "The aeroforcing developers"
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["gallery/*", "examples/*.ipynb"]

# ---- text and reference
default_role = "code"
myst_heading_anchors = 3
autosummary_generate = True
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_type_aliases = {name: name for name in ("ArrayLike", "Floats", "Progress")}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# ---- notebooks: those that come with their outputs are shown as they are
nb_execution_mode = "auto"
nb_execution_timeout = 900  # seconds, for a cell on a busy machine
nb_execution_raise_on_error = True
nb_merge_streams = True

# ---- gallery: every script runs, its pictures are made at the build
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": "/",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e6,  # seconds: times of a busy machine tell nothing
    "write_computation_times": False,
}

# ---- pages
html_theme = "furo"
html_title = f"aeroforcing {version}"
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_show_sphinx = False
html_copy_source = False


def setup(app):  # type: ignore[no-untyped-def]
    """Write what is made of other files of the project before the sources are looked for."""
    app.connect("config-inited", prepare)


def prepare(app, _config):  # type: ignore[no-untyped-def]
    """Pages of commands and variables, and copies of the notebooks."""
    source = Path(app.srcdir)
    write_pages(source / "generated")
    copies = source / "notebooks"
    copies.mkdir(exist_ok=True)
    for path in sorted((source.parent / "notebooks").glob("*.ipynb")):
        copy = copies / path.name
        if not copy.exists() or copy.stat().st_mtime < path.stat().st_mtime:
            shutil.copy2(path, copy)
