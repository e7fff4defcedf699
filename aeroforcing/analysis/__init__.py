"""What the forcing depends on, and how sure it is.

Read `sweeps` for sensitivities, `kernel_response` for the forcing with other inputs, and
`error_propagation` for error budgets; `validation` holds comparisons with exact solutions.
"""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
