r"""Clouds that are not homogeneous: the optical depth within them varies, and each sample draws it.

A layer of a cloud with the mean optical depth :math:`\tau` and the fractional standard deviation s
has at each place the depth :math:`\tau x`, x being distributed as a gamma variate of mean 1 and
standard deviation s (Barker 1996). A sample sees one place. It draws the rank u, a uniform number,
of the uppermost cloudy layer and keeps it from each layer to the next with the probability

.. math:: \exp(-\Delta z / L),

:math:`\Delta z` being the distance of their middles, or draws another (Raisanen et al. 2004). Any
two layers have the rank correlation :math:`e^{-\Delta z / L}`, across clear layers too.

The gamma distribution is represented by the means of `RANKS` parts of equal probability. Its mean
is exact, and for s = 1 its variance is 0.2 % too small.

References
----------
Barker, H. W. (1996), J. Atmos. Sci. 53, 2289-2303,
doi:10.1175/1520-0469(1996)053<2289:APFCGA>2.0.CO;2.
Raisanen, P. et al. (2004), Q. J. R. Meteorol. Soc. 130, 2047-2067, doi:10.1256/qj.03.99.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincinv

from aeroforcing.core.arrays import Floats
from aeroforcing.core.compiled import compiled
from aeroforcing.transport.random_numbers import uniform

RANKS = 512

# Standard deviations are told apart to this, so that there are not more rows than matter.
_STEP = 0.01


class Variability(NamedTuple):
    """How the optical depth varies within the clouds of many columns; empty if in none."""

    factors: Floats  # (row, rank) of the mean optical depth
    row: NDArray[np.int64]  # (cell, state, layer) of `factors`; 0: homogeneous
    correlation: Floats  # (cell, layer) of the rank in a layer with that in the layer above


HOMOGENEOUS = Variability(np.ones((1, RANKS)), np.zeros((0, 0, 0), np.int64), np.ones((0, 0)))


def variability_of(fractional_std: Floats, *, correlation: Floats) -> Variability:
    """The tables from which samples draw.

    Parameters
    ----------
    fractional_std
        (cell, state, layer) standard deviation over mean of the in-cloud optical depth.
    correlation
        (cell, layer) as in `Variability`.
    """
    steps = np.rint(fractional_std / _STEP).astype(np.int64)
    if not steps.any():
        return HOMOGENEOUS
    there, row = np.unique(np.append(0, steps), return_inverse=True)
    factors = np.array([gamma_means(_STEP * step) for step in there])
    return Variability(factors, row.ravel()[1:].reshape(steps.shape), correlation)


def gamma_means(fractional_std: float) -> Floats:
    """Means of parts of equal probability of a gamma distribution of mean 1, (rank,).

    With the shape k = 1 / s^2, the integral of x up to a quantile is the distribution function of
    the shape k + 1.
    """
    if fractional_std == 0.0:
        return np.ones(RANKS)
    shape = fractional_std**-2.0
    limits = gammaincinv(shape, np.arange(1, RANKS) / RANKS)
    below = np.concatenate([[0.0], gammainc(shape + 1.0, limits), [1.0]])
    return RANKS * np.diff(below)


@compiled
def varied_depth(
    variability: Variability, cell: int, state: int, depth: Floats, key: np.uint64, drawn: Floats
) -> Floats:
    """Optical depth of the clouds by layer where a sample goes through them; `depth` is their mean.

    Parameters
    ----------
    variability
        Of all columns.
    cell, state
        Place of the column and of its sky.
    depth
        (layer,) mean within the clouds; 0 where none is.
    key
        Of the random numbers, two for each layer.
    drawn
        (layer,) written to; may be `depth` itself.
    """
    if variability.row.size == 0:
        return depth
    rank, kept = 0, 0.0  # the uppermost cloudy layer has none to keep
    for layer in range(depth.size):
        kept *= variability.correlation[cell, layer]
        factor = 1.0
        if depth[layer] > 0.0:
            if uniform(key, 2 * layer) >= kept:
                rank = min(int(uniform(key, 2 * layer + 1) * RANKS), RANKS - 1)
            factor, kept = variability.factors[variability.row[cell, state, layer], rank], 1.0
        drawn[layer] = depth[layer] * factor
    return drawn
