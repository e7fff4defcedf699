"""Where the package's own data files are: beside it in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_INSTALLED = _PACKAGE / "_data"
_CHECKOUT = _PACKAGE.parent / "data"


def path(name: str) -> Path:
    """Path of the data file `name` of the package.

    Raises
    ------
    FileNotFoundError
        The file is in neither place: the installation is incomplete.
    """
    for folder in (_INSTALLED, _CHECKOUT):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"The data file {name} of aeroforcing is missing from {_INSTALLED} and {_CHECKOUT}; "
        "install the package again."
    )
