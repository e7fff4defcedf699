"""Plain arrays: their types, and ratios whose denominator may be nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Counts = NDArray[np.int64]


def ratio(part: Floats, whole: Floats, otherwise: float = 0.0) -> Floats:
    """Part over whole, of the shape of the part; `otherwise` where the whole is not positive.

    Parameters
    ----------
    part
        (...).
    whole
        Broadcasts to the shape of the part.
    otherwise
        Such as 1 for the SSA and 0 for the asymmetry parameter of no aerosol.
    """
    return np.divide(part, whole, out=np.full(part.shape, otherwise), where=whole > 0.0)
