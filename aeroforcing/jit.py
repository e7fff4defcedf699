"""How numba compiles the kernels: once, kept on disk, without the interpreter's lock."""

from __future__ import annotations

from numba import njit

# error_model="numpy": a division by zero gives inf or nan as in numpy, and costs no branch.
kernel = njit(cache=True, nogil=True, error_model="numpy")
