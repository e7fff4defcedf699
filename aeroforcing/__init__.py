"""Maps of direct aerosol shortwave radiative forcing by Monte Carlo.

    import aeroforcing as af
    forcing = af.grid_forcing(months=[1, 7])
    af.write_netcdf(forcing, "forcing.nc")

What one types in every session is here; the rest is in the packages, such as `af.optics` and
`af.observations`, with `af.readers` and `af.validation` as short ways to the nested ones. The names
stand in `__init__.pyi` and are loaded at their first use, so that the command line answers at once.

Datasets have the accessor `aeroforcing` (`output.accessor`) as soon as both xarray and the package
are in use.
"""

import sys

from aeroforcing.core.errors import public_names
from aeroforcing.core.version import __version__ as __version__

_load, __dir__, __all__ = public_names(__name__, __file__)


def __getattr__(name: str) -> object:
    found = _load(name)
    _register_accessor()
    return found


def _register_accessor() -> None:
    """Register the accessor of datasets if xarray is there already; its import takes its time."""
    if "xarray" in sys.modules:
        import aeroforcing.output.accessor  # noqa: F401


_register_accessor()
