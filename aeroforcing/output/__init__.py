"""Figures, tables and the report.

Read `map_fields` (what a map shows) and `maps`; `labels` and `colors` serve all figures, `contents`
and `report` describe a whole file.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
