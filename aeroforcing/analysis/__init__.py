"""What the forcing depends on, and how sure it is.

Read `sweeps` for sensitivities, `kernel_response` for the forcing with other inputs, and
`error_propagation` for error budgets; `validation` holds comparisons with exact solutions.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
