"""One column as a user describes it: atmosphere, aerosols, clouds and surface.

Read `column`, then its parts: `atmosphere`, `aerosols` with `vertical_profiles`, `clouds` with `sky`,
and `surface`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
