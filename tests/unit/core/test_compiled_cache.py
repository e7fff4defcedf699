"""The folder of compiled code: private, named by what it depends on, never stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aeroforcing.core import compiled_cache
from aeroforcing.core.compiled_cache import VARIABLE, folder
from aeroforcing.core.errors import InputError
from aeroforcing.grids.sphere import great_circle_arc

posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners of files")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own; what was found before is forgotten, and found again afterwards."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    folder.cache_clear()
    yield
    folder.cache_clear()


def test_the_folder_is_named_by_versions_and_sources(tmp_path):
    found = folder()
    assert found.parent == tmp_path / "cache"
    assert {compiled_cache.__version__, "numba"} <= set(found.name.split("-"))
    assert found.stat().st_mode & 0o077 == 0 or os.name != "posix"
    assert folder() is found


@pytest.mark.parametrize("name", ["constants.py", "sub/new.py"])
def test_any_change_of_the_sources_changes_the_digest(name, tmp_path):
    package = tmp_path / "package"
    (package / "sub").mkdir(parents=True)
    (package / "constants.py").write_text("RADIUS = 1.0\n")
    before = compiled_cache._digest_of_sources(package)
    assert compiled_cache._digest_of_sources(package) == before
    (package / name).write_text("RADIUS = 2.0\n")
    assert compiled_cache._digest_of_sources(package) != before


def test_old_folders_are_removed(tmp_path):
    cache = tmp_path / "cache"
    for number in range(6):
        path = cache / f"code-{number}" / "transport"
        path.mkdir(parents=True)
        os.utime(path.parent, (number, number))
    (cache / "mine").mkdir()
    cache.chmod(0o700)
    found = folder()
    assert {*os.listdir(cache)} == {"mine", "code-3", "code-4", "code-5", found.name}


@posix
@pytest.mark.parametrize("make", ["writable", "link", "file"])
def test_a_given_folder_that_is_not_private_is_refused(make, tmp_path):
    cache = tmp_path / "cache"
    if make == "writable":
        cache.mkdir()
        cache.chmod(0o777)
    elif make == "link":
        (tmp_path / "theirs").mkdir()
        cache.symlink_to("theirs")
    else:
        cache.write_text("")
    with pytest.raises(InputError, match=f"{VARIABLE}=.* cannot be kept there"):
        folder()


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give")
def test_a_folder_of_another_user_is_refused(tmp_path):
    folder().chmod(0o700)
    os.chown(folder(), 4243, 4243)
    folder.cache_clear()
    with pytest.raises(InputError, match="of another user"):
        folder()


@pytest.mark.parametrize("usual", ["file/cache", "~/.cache/aeroforcing"])
def test_without_a_place_a_private_temporary_folder_is_used_and_said_once(
    usual, tmp_path, monkeypatch, caplog
):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE)
    place = Path(usual) if usual.startswith("~") else tmp_path / usual
    monkeypatch.setattr(compiled_cache, "user_cache_path", lambda *_, **__: place)
    monkeypatch.setattr(compiled_cache.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    first = folder()
    assert first.is_relative_to(tmp_path / "tmp")
    folder.cache_clear()
    assert folder() == first  # a later run, or a worker process, which is not told again
    assert [
        record.message for record in caplog.records if "compiled code is kept" in record.message
    ]
    assert len(caplog.records) == 1
    assert not (tmp_path / "~").exists()


def test_functions_of_the_package_are_kept_there_and_others_are_not(tmp_path):
    locator = compiled_cache._Locator
    own = locator.from_function(
        great_circle_arc.py_func, great_circle_arc.py_func.__code__.co_filename
    )
    assert Path(own.get_cache_path()) == folder() / "grids" / "sphere"
    assert locator.from_function(test_old_folders_are_removed, __file__) is None


ASK = "from aeroforcing.grids.sphere import great_circle_arc as f; print(f(1.0))"


def test_a_changed_constant_changes_the_result(tmp_path):
    """In a copy of the package, whose compiled code of before is there."""
    package = tmp_path / "aeroforcing"
    here = Path(compiled_cache.__file__).parents[1]
    shutil.copytree(here, package, ignore=shutil.ignore_patterns("__pycache__"))

    def ask() -> tuple[float, str]:
        done = subprocess.run(
            [sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
        return float(done.stdout), done.stderr

    (first, said), (again, quiet) = ask(), ask()
    assert first == again
    assert "compiling, once for this version" in said and quiet == ""
    source = package / "core" / "constants.py"
    text = source.read_text()
    assert "EARTH_RADIUS = " in text
    source.write_text(text.replace("EARTH_RADIUS = ", "EARTH_RADIUS = 2.0 * "))
    assert ask()[0] == pytest.approx(2.0 * first, rel=1e-14)
