"""Maps of direct aerosol shortwave radiative forcing by Monte Carlo.

    import aeroforcing as af
    forcing = af.grid_forcing(months=[1, 7])
    af.write_netcdf(forcing, "forcing.nc")

What one types in every session is here; the rest is in the packages, such as `af.optics` and
`af.observations`, with `af.readers` and `af.validation` as short ways to the nested ones. The names
stand in `__init__.pyi` and are loaded at their first use, so that the command line answers at once.
"""

from aeroforcing.core.errors import public_names
from aeroforcing.core.version import __version__ as __version__

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
