"""A disk that is soon full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted_disk(folder: Path, *, size: str, lazy: bool = False) -> Iterator[Path]:
    """The folder, made, on a disk of its own; skips the test where none can be mounted.

    `lazy` takes it away even where a file on it is still open.
    """
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk takes more rights")
    yield folder
    subprocess.run(["umount", *(["--lazy"] if lazy else []), str(folder)], check=True)
