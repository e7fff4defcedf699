"""Where compiled code is kept between runs: a folder of the user, one for each version of the code.

numba keeps compiled functions beside their sources, which a user may not be allowed to write to,
and compiles a function again if its own file has changed, not if a function or a constant that it
uses from another file has (numba#8396). The folder is therefore named by a digest of all sources of
the package, with the versions of the package, Python and numba. What is in it is loaded as code, so
that nobody else may be able to write there.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import caching, event
from platformdirs import user_cache_path

from aeroforcing.core.errors import InputError
from aeroforcing.core.version import __version__

VARIABLE = "AEROFORCING_CACHE_DIR"
_PACKAGE = Path(__file__).resolve().parents[1]
_KEPT = 4  # folders, those used last; a few environments may take turns
_log = logging.getLogger(__name__)


def keep_compiled_code() -> None:
    """Let the functions of this package be kept in its own folder, and say if some are compiled."""
    caching.CacheImpl._locator_classes.insert(0, _Locator)
    event.register("numba:compile", _Announcement())


@cache
def folder() -> Path:
    """The folder of the compiled code of these sources; it is made.

    That of the environment variable AEROFORCING_CACHE_DIR, or the user's cache, or where that
    cannot be used, a private one among the temporary files.

    Raises
    ------
    InputError
        The folder of the environment variable cannot be used.
    """
    given = os.environ.get(VARIABLE)
    if given:
        try:
            return _made(Path(given).absolute())
        except OSError as error:
            raise InputError(
                f"{VARIABLE}={given}: compiled code cannot be kept there ({error}). Give a folder "
                "that you alone can write to."
            ) from None
    usual = user_cache_path("aeroforcing", appauthor=False)
    try:
        return _made(usual)
    except OSError as error:
        place = _temporary()
        _log.warning("compiled code is kept in %s, not in the user's cache: %s", place, error)
        os.environ[VARIABLE] = str(place)  # of the worker processes too
        return _made(place)


def _made(base: Path) -> Path:
    """The folder in a base, both of which nobody else can write to."""
    if not base.is_absolute():  # of a user without a home
        raise OSError(f"{base} is not the path of a folder")
    own = base / _name()
    own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_private(base)
    if not own.is_dir():
        own.mkdir(mode=0o700, exist_ok=True)
        _remove_old(base)
    _check_private(own)
    with tempfile.TemporaryFile(dir=own):  # can be written
        pass
    os.utime(own)
    return own


def _temporary() -> Path:
    """A private folder among the temporary files, the same in every run unless somebody took it."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    place = Path(tempfile.gettempdir()) / f"aeroforcing-{user}"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        _check_private(place)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="aeroforcing-"))
    return place


def _check_private(path: Path) -> None:
    """Raise OSError unless a path is a folder of this user that others cannot write to."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise OSError(f"{path} is not a folder, or a link to one")
    if not hasattr(os, "geteuid"):  # on Windows, where the user's folders are private
        return
    if status.st_uid != os.geteuid():
        raise OSError(f"{path} is of another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OSError(f"others can write to {path}")


def _remove_old(base: Path) -> None:
    """Remove all but the folders that were used last."""
    with suppress(OSError):  # another run removes them too
        made = sorted(base.glob("code-*"), key=lambda path: path.stat().st_mtime)
        for path in made[:-_KEPT]:
            shutil.rmtree(path, ignore_errors=True)


@cache
def _name() -> str:
    return "code-" + "-".join((*_versions(), _digest_of_sources(_PACKAGE)))


def _versions() -> tuple[str, str, str]:
    return __version__, str(sys.implementation.cache_tag), f"numba-{numba.__version__}"


def _digest_of_sources(package: Path) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package)} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()


class _Locator(caching.UserProvidedCacheLocator):
    """Tells numba the folder of a function of this package."""

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        self._py_file = py_file
        self._lineno = py_func.__code__.co_firstlineno
        within = Path(py_file).resolve().relative_to(_PACKAGE)
        self._cache_path = str(folder() / within.with_suffix(""))

    def get_source_stamp(self) -> str:
        """Nothing to compare: the folder's name tells the sources."""
        return _name()

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _Locator | None:
        """The locator of a function of this package, None for others."""
        if not Path(py_file).resolve().is_relative_to(_PACKAGE):
            return None
        return cls(py_func, py_file)


class _Announcement(event.Listener):
    """Says once that functions of this package are being compiled."""

    said = False

    def on_start(self, event: Any) -> None:
        """Called when numba begins to compile a function."""
        module = event.data["dispatcher"].py_func.__module__
        if not self.said and module.startswith("aeroforcing."):
            self.said = True
            _log.warning("compiling, once for this version; the solver takes about half a minute")

    def on_end(self, event: Any) -> None:
        """Called when it has done so."""
