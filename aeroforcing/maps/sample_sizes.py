"""How many samples each cell gets: by its AOD, or to reach a standard error by a pilot run.

The pilot has random numbers of its own, so that the estimate does not depend on which of them
suggested its length: it stays unbiased. Its replicates are many and short. With the variance v per
sample of clear sky and of the cloudy states, each weighing its part of the sky, and the costs c,

    error^2 = v1 / n1 + v2 / n2,   cost = c1 n1 + c2 n2,

so that the least cost for a given error has n_i = sqrt(v_i / c_i) (sqrt(v1 c1) + sqrt(v2 c2)) /
error^2. As the error falls faster than 1 / sqrt(n) with the net's points, that is rather too many
than too few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core.arrays import Counts, Floats
from aeroforcing.transport.events import TOA_UP
from aeroforcing.transport.integrals import CHANGE_CLEAR, CHANGE_CLOUDY

REPLICATES = 8  # per cell; means over many cells have many times more

# Samples per sample of the clear-sky forcing: of the cloudy states, of the aerosol-free fluxes.
_CLOUDY_SHARE = 0.5

_AOD_OF_PHOTONS = 0.1
_LEAST_SHARE = 0.125

PILOT_REPLICATES = 32  # know the variance within 25 %
PILOT_PHOTONS = 64.0  # in a cell of AOD 0.1
_COST_OF_CLOUDY = 4.0  # a sample in cloud, in those of clear sky
_MOST = 2**26


def samples_by_aod(aod: Floats, photons: float) -> NDArray[np.int64]:
    """Samples per replicate: in proportion to the AOD, the nearest power of two, (cell,).

    The error of a cell grows about in proportion to its AOD; sharing out by it gives the least
    rms error for the same effort. The share does not depend on the other cells, so that a
    month is the same whichever others are run.
    """
    share = np.maximum(aod / _AOD_OF_PHOTONS, _LEAST_SHARE)
    exponent = np.rint(np.log2(np.maximum(photons / REPLICATES * share, 1.0)))
    return 2 ** np.clip(exponent, 0, 26).astype(np.int64)


def _cloudy_samples(samples: Counts) -> Counts:
    return np.maximum((samples * _CLOUDY_SHARE).astype(np.int64), 1)


def needed_samples(
    pilot: Floats, *, samples: tuple[Counts, Counts], cover: Floats, target: float, sky: str
) -> tuple[Floats, Floats]:
    """Samples in clear sky and in the cloudy states that reach a standard error of `forcing_toa`.

    Parameters
    ----------
    pilot
        (cell, integral, replicate, score) estimates of the pilot [W m-2].
    samples
        (cell,) of the pilot per replicate, in clear sky and in the cloudy states.
    cover
        (cell,) share of the sky in the cloudy states.
    target
        Standard error to reach in each cell [W m-2].
    sky
        "clear" for that of clear sky, "all" for all-sky, "both" for each of them.

    Returns
    -------
    Two arrays (cell,), not rounded.
    """
    clear, cloudy = (
        pilot[:, integral, :, TOA_UP].var(axis=1, ddof=1) * own
        for integral, own in zip((CHANGE_CLEAR, CHANGE_CLOUDY), samples, strict=True)
    )
    alone = clear / target**2
    if sky == "clear":
        return alone, np.zeros_like(alone)
    part = (1.0 - cover) ** 2 * clear
    both = np.sqrt(part) + np.sqrt(cloudy * _COST_OF_CLOUDY)
    n_clear = np.sqrt(part) * both / target**2
    n_cloudy = np.sqrt(cloudy / _COST_OF_CLOUDY) * both / target**2
    return (np.maximum(n_clear, alone) if sky == "both" else n_clear), n_cloudy


def rounded_up(samples: Floats, *, replicates: int) -> Counts:
    """Samples per replicate, a power of two, at least 1, for at least so many over all of them."""
    exponent = np.ceil(np.log2(np.maximum(samples / replicates, 1.0)))
    return np.asarray(2 ** np.minimum(exponent, np.log2(_MOST)), dtype=np.int64)
