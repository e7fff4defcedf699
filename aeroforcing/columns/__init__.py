"""One column as a user describes it: atmosphere, aerosols, clouds and surface.

Read `column`, then its parts: `atmosphere`, `aerosols` with `vertical_profiles`, `clouds` with
`sky`, and `surface`.
"""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
