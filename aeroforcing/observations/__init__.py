"""From satellites and stations to fields: reading, filling gaps, assimilating, checking.

Read `products` (files to monthly fields; `readers` knows each product), then `gap_filling` and
`assimilation`, in the order of Chung (2012); `cross_validation` says how good the result is.
"""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
