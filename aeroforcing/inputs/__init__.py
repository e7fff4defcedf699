"""What a map is made from: the user's fields over the built-in ones, on the grid of the run.

Read `resolve` (everything at once) and `by_chunk` (a part at a time), then `known` (what of a file
is meant), `months` (of which months it is), `user` (what it holds) and `conversion` (how it gets to
the grid); `builtin` holds what the package brings itself.
"""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
