"""How numba compiles the kernels: once, kept on disk, without the interpreter's lock.

`inner` is for kernels that only other kernels call: they get no entry for the interpreter, whose
unpacking of dozens of arrays takes a quarter of the time of compilation. Calling one from
Python crashes the process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numba import njit

# error_model="numpy": a division by zero gives inf or nan as in numpy, and costs no branch.
_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}
kernel = njit(**_OPTIONS)
inner = njit(**(_OPTIONS | {"no_cpython_wrapper": True}))


def is_on_disk(compiled: Any) -> bool:
    """Whether a kernel was compiled before, so that it need not be now unless it has changed."""
    function = compiled.py_func
    name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
    return any(Path(compiled.stats.cache_path).glob(f"{name}-*.nbi"))
