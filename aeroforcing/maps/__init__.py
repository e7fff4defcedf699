"""Fluxes and forcing in every cell of a grid.

Read `grid` (the call), `run` (its settings), `chunk` (the solver of a part) and `cells` (cells as
columns of the solver); `saved` and `lazy` are the same into a file and on dask arrays, `species`
and `anthropogenic` the same for parts of the aerosol.
"""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
