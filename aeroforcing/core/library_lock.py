"""One lock around all that the netCDF library does for files that are read.

The netCDF-C and HDF5 libraries are not safe for threads (Unidata/netcdf4-python, issue 844). xarray
locks the reading of values, but not opening, the reading of attributes, and closing. This lock is
held for these too. It takes xarray's own lock with it, so that files which xarray opened by itself
wait as well; it may be taken again by the thread that holds it.
"""

from __future__ import annotations

import threading
from typing import Any

from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK


class LibraryLock:
    """A reentrant lock, one for the process; a pickled one is that of the process it comes to."""

    def __init__(self) -> None:
        self._own = threading.RLock()
        self._depth = 0

    def acquire(self, blocking: bool = True) -> bool:
        """Take the lock, as of `threading.Lock`."""
        if not self._own.acquire(blocking):
            return False
        if self._depth == 0:
            NETCDF4_PYTHON_LOCK.acquire()
        self._depth += 1
        return True

    def release(self) -> None:
        """Give the lock back."""
        self._depth -= 1
        if self._depth == 0:
            NETCDF4_PYTHON_LOCK.release()
        self._own.release()

    def locked(self) -> bool:
        """Whether some thread holds it."""
        return self._depth > 0

    def __enter__(self) -> LibraryLock:
        self.acquire()
        return self

    def __exit__(self, *_: Any) -> None:
        self.release()

    def __reduce__(self) -> str:
        return "LIBRARY_LOCK"


LIBRARY_LOCK = LibraryLock()
