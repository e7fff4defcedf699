r"""How cloud layers overlap: rules, the skies they allow, and drawing one of them.

Cloud layers e = 1, 2, ... from the top down cover the shares :math:`f_e` of the sky. A *sky* says
for each of them whether it is there. Two successive layers are both there with the probability

.. math:: P = \alpha \min(f_{e-1}, f_e) + (1 - \alpha) f_{e-1} f_e

(Hogan and Illingworth 2000), :math:`\alpha` being 1 for maximum and 0 for random overlap. What lies
further up does not matter beyond that: a Markov chain from layer to layer, with the probabilities

.. math:: p_{cloud} = P / f_{e-1}, \qquad p_{clear} = (f_e - P) / (1 - f_{e-1})

of a cloud under a cloud and under none. The rules differ in :math:`\alpha` alone:

- ``random``: 0;
- ``maximum_random``: 1 for layers that touch, 0 across a gap (Geleyn and Hollingsworth 1979);
- ``exponential``: exp(-distance of their middles / decorrelation length). For layers of equal
  fraction any two then have the correlation exp(-distance / length), not only neighbours.

Skies with any cloud are sampled by the topmost cloud: the probability that it is layer e, given
that none is above, makes each draw a cloudy one, and the cloud-free sky is left to its own
integral. Where the skies are few they are listed instead, and are states of the solver.

References
----------
Geleyn, J.-F. and Hollingsworth, A. (1979), Beitr. Phys. Atmos. 52, 1-16.
Hogan, R. J. and Illingworth, A. J. (2000), Q. J. R. Meteorol. Soc. 126, 2903-2909,
doi:10.1002/qj.49712656914.
Raisanen, P. et al. (2004), Q. J. R. Meteorol. Soc. 130, 2047-2067, doi:10.1256/qj.03.99: drawing
sub-columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core.arrays import Floats, ratio
from aeroforcing.core.compiled import compiled, inner
from aeroforcing.core.errors import InputError
from aeroforcing.transport.random_numbers import uniform

EXCLUSIVE = "exclusive"
RULES = ("random", "maximum_random", "exponential")

# Columns of a chain: probability of a cloud in the layer if no cloud is above it (given that one is
# there or below), if the layer above is clear under other clouds, if the layer above is cloudy.
TOPMOST, UNDER_CLEAR, UNDER_CLOUD = range(3)
CHAIN_COLUMNS = 3


class DrawnSkies(NamedTuple):
    """Columns whose overlapping clouds allow too many skies to list: each sample draws its own.

    Columns beside them whose skies are listed have no clouds here.
    """

    clouds: NDArray[np.int64]  # (cell,) number of them; 0: the skies of this column are listed
    chain: Floats  # (cell, cloud, 3) of `chain_of`, filled up with zeros
    cloud: NDArray[np.int64]  # (cell, layer) which one is in a layer of the atmosphere; -1: none
    depth: Floats  # (cell, layer) optical depth of that cloud


class Skies(NamedTuple):
    """The cloudy skies that a rule allows; they exclude each other."""

    cloudy: NDArray[np.bool_]  # (sky, layer)
    probability: Floats  # (sky,) of the whole sky


def check_overlap(overlap: str) -> None:
    """Raise InputError unless `overlap` is "exclusive" or one of the rules."""
    if overlap not in (EXCLUSIVE, *RULES):
        raise InputError(
            f"overlap={overlap!r} is unknown; use {', '.join(map(repr, (EXCLUSIVE, *RULES)))}."
        )


def overlap_correlation(
    rule: str, *, base: Floats, top: Floats, decorrelation_length: float
) -> Floats:
    """Correlation alpha of each cloud layer with the next one above, (layer - 1,) [1].

    Parameters
    ----------
    rule
        "random", "maximum_random" or "exponential".
    base, top
        (layer,) altitudes of the cloud layers, from the top down [m].
    decorrelation_length
        Of the exponential rule [m].

    Raises
    ------
    InputError
        Layers overlap in altitude.
    """
    gap = base[:-1] - top[1:]
    tolerance = 1e-6 * np.abs(top[1:]) + 1e-3
    if (gap < -tolerance).any():
        i = int(np.argmin(gap))
        raise InputError(
            f"Clouds: those at {base[i]:g}-{top[i]:g} m and {base[i + 1]:g}-{top[i + 1]:g} m share "
            f"altitudes, so overlap={rule!r} has no meaning for them; give layers one above the "
            "other, or CloudLayers."
        )
    if rule == "random":
        return np.zeros(gap.size)
    if rule == "maximum_random":
        return (gap <= tolerance).astype(float)
    middle = 0.5 * (base + top)
    return np.exp((middle[1:] - middle[:-1]) / decorrelation_length)


def chain_of(fraction: Floats, *, correlation: Floats) -> Floats:
    """Probabilities of a cloud in each layer by what is above it, (layer, 3).

    Parameters
    ----------
    fraction
        (layer,) shares of the sky, from the top down.
    correlation
        (layer - 1,) of each layer with the next one above.

    Returns
    -------
    Columns `TOPMOST`, `UNDER_CLEAR` and `UNDER_CLOUD`.
    """
    above, here = fraction[:-1], fraction[1:]
    both = correlation * np.minimum(above, here) + (1.0 - correlation) * above * here
    chain = np.zeros((fraction.size, CHAIN_COLUMNS))
    chain[0, UNDER_CLEAR] = fraction[0]
    chain[1:, UNDER_CLOUD] = ratio(both, above)
    chain[1:, UNDER_CLEAR] = ratio(here - both, 1.0 - above)
    np.clip(chain, 0.0, 1.0, out=chain)
    first = _topmost(chain)
    at_or_below = np.cumsum(first[::-1])[::-1]
    chain[:, TOPMOST] = ratio(first, at_or_below)
    return chain


def _topmost(chain: Floats) -> Floats:
    """Probability that each layer holds the topmost cloud, (layer,)."""
    clear_above = np.concatenate([[1.0], np.cumprod(1.0 - chain[:-1, UNDER_CLEAR])])
    return clear_above * chain[:, UNDER_CLEAR]


def cloud_cover(chain: Floats) -> float:
    """Share of the sky with any cloud."""
    return float(_topmost(chain).sum())


def enumerate_skies(chain: Floats, *, most: int) -> Skies | None:
    """All cloudy skies of positive probability, or None if there are more than `most`.

    Parameters
    ----------
    chain
        Of `chain_of`.
    most
        The largest number that is wanted.
    """
    partial: list[tuple[tuple[bool, ...], float]] = [((), 1.0)]
    for layer in range(len(chain)):
        partial = [
            ((*sky, cloudy), p * q)
            for sky, p in partial
            for cloudy, q in _choices(chain[layer], under_cloud=bool(sky and sky[-1]))
            if p * q > 0.0
        ]
        if len(partial) > most + 1:
            return None
    skies = [(sky, p) for sky, p in partial if any(sky)]
    cloudy = np.array([sky for sky, _ in skies], dtype=bool).reshape(len(skies), len(chain))
    return Skies(cloudy, np.array([p for _, p in skies], dtype=float))


def _choices(row: Floats, *, under_cloud: bool) -> tuple[tuple[bool, float], tuple[bool, float]]:
    p = float(row[UNDER_CLOUD if under_cloud else UNDER_CLEAR])
    return (True, p), (False, 1.0 - p)


def mean_presence(chain: Floats) -> Floats:
    """Probability of a cloud in each layer, given that the sky has any, (layer,)."""
    none, clear, cloud = 1.0, 0.0, 0.0  # above: no cloud yet, clear under clouds, cloudy
    presence = np.empty(len(chain))
    for layer, (topmost, under_clear, under_cloud) in enumerate(chain):
        present = none * topmost + clear * under_clear + cloud * under_cloud
        clear = clear * (1.0 - under_clear) + cloud * (1.0 - under_cloud)
        none, cloud = none * (1.0 - topmost), present
        presence[layer] = present
    return presence


@compiled
def draw_sky(chain: Floats, u: float, key: np.uint64, cloudy: Floats) -> None:
    """Draw one of the cloudy skies, each with its share of the cover.

    Parameters
    ----------
    chain
        (layer, 3) of `chain_of`.
    u
        Uniform number in (0, 1), which decides on the topmost cloud.
    key
        Of the random numbers for the layers below it: one for each.
    cloudy
        (layer,) written to: 1 where a cloud is, 0 elsewhere.
    """
    above = TOPMOST
    for layer in range(chain.shape[0]):
        p = chain[layer, above]
        if above == TOPMOST:
            present = u < p
            if p < 1.0:  # what is left of u is uniform again
                u = u / p if present else (u - p) / (1.0 - p)
        else:
            present = p >= 1.0 or (p > 0.0 and uniform(key, layer) < p)
        cloudy[layer] = 1.0 if present else 0.0
        if present:
            above = UNDER_CLOUD
        elif above == UNDER_CLOUD:
            above = UNDER_CLEAR


@compiled
def sky_depth(
    skies: DrawnSkies | None,
    cell: int,
    depth: Floats,
    u: float,
    key: np.uint64,
    cloudy: Floats,
    drawn: Floats,
) -> Floats:
    """Optical depth of the clouds by layer: `depth`, or that of a sky drawn in a column.

    Parameters
    ----------
    skies
        DrawnSkies; None if those of all columns are listed.
    cell
        Place of the column in them.
    depth
        (layer,) of a column whose skies are listed.
    u, key
        As of `draw_sky`.
    cloudy, drawn
        (cloud,) and (layer,), written to.
    """
    if skies is None:
        return depth
    if skies.clouds[cell] == 0:
        return depth
    draw_sky(skies.chain[cell], u, key, cloudy)
    for layer in range(drawn.size):
        cloud = skies.cloud[cell, layer]
        drawn[layer] = skies.depth[cell, layer] * cloudy[cloud] if cloud >= 0 else 0.0
    return drawn


@inner
def most_clouds(skies: DrawnSkies | None) -> int:
    """The largest number of clouds in a drawn sky."""
    if skies is None:
        return 0
    return skies.chain.shape[1]
