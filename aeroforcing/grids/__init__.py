"""Where and when: grids of cells, points, time steps, and means over them.

Read `axes` (latitude and longitude as files have them) and `grid`, then `regridding` and `means`;
`time_steps` and `domain` say what the steps and places of a run are.
"""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
