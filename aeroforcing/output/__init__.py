"""Figures, tables and the report.

Read `map_fields` (what a map shows) and `maps`; `labels` and `colors` serve all figures, `contents`
and `report` describe a whole file.
"""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
