"""Phase functions of mixed aerosols, layer by layer and band by band.

Where several aerosols scatter in one layer, the phase function of the mixture is the mean of theirs
with the scattering optical depths as weights. Aerosols without a phase function of their own have
one Henyey-Greenstein function together, of their mean asymmetry parameter, as in any external
mixture; where only they scatter, nothing is tabulated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aeroforcing.columns.aerosols import Aerosol, AnyAerosol, LayerOptics
from aeroforcing.core.arrays import Floats, ratio
from aeroforcing.optics.phase_functions import (
    ROW,
    AerosolPhase,
    HenyeyGreenstein,
    PhaseFunction,
    phase_rows,
)

# Shares and asymmetry parameters count to so many digits, so that rounding makes no rows of its
# own: their number is that of the different mixtures.
_DIGITS = 7


def own_phase(aerosol: AnyAerosol) -> PhaseFunction | None:
    """The phase function of an aerosol, None if it is Henyey-Greenstein's."""
    return aerosol.phase_function if isinstance(aerosol, Aerosol) else None


def aerosol_phase(
    aerosols: Sequence[Sequence[AnyAerosol]], components: Sequence[Sequence[LayerOptics]]
) -> AerosolPhase | None:
    """Phase functions of the mixed aerosols of several columns; None if there is none of its own.

    Parameters
    ----------
    aerosols
        Those of each column.
    components
        Their optics, of `aerosols.component_optics`.
    """
    found = dict.fromkeys(own_phase(member) for members in aerosols for member in members)
    functions = [function for function in found if function is not None]
    if not functions:
        return None
    shape = next(own.extinction.shape for optics in components for own in optics)
    mixtures = np.stack(
        [_mixture(*pair, functions, shape) for pair in zip(aerosols, components, strict=True)]
    )
    with_own = mixtures[..., : len(functions)].any(axis=-1)
    different, row = np.unique(mixtures[with_own], axis=0, return_inverse=True)
    rows = [_row(mixture, functions) for mixture in different]
    which = np.full(with_own.shape, -1)
    which[with_own] = row.ravel()
    return AerosolPhase(np.array(rows).reshape(len(rows), ROW), which)


def _mixture(
    members: Sequence[AnyAerosol],
    optics: Sequence[LayerOptics],
    functions: list[PhaseFunction],
    shape: tuple[int, ...],
) -> Floats:
    """Shares of the functions in the scattering, and the asymmetry parameter of the rest.

    (band, layer, function + 1).
    """
    parts = np.zeros((*shape, len(functions)))
    total, rest, forward = (np.zeros(shape) for _ in range(3))
    for member, own in zip(members, optics, strict=True):
        scattered = own.extinction * own.ssa
        total += scattered
        function = own_phase(member)
        if function is None:
            rest += scattered
            forward += scattered * own.asymmetry
        else:
            parts[..., functions.index(function)] += scattered
    shares = ratio(parts, total[..., None])
    return np.round(np.concatenate([shares, ratio(forward, rest)[..., None]], axis=-1), _DIGITS)


def _row(mixture: Floats, functions: list[PhaseFunction]) -> Floats:
    """The row of one mixture."""
    shares, asymmetry = mixture[:-1], float(mixture[-1])
    rest = max(0.0, 1.0 - float(shares.sum()))
    members = [(f, s) for f, s in zip(functions, shares, strict=True) if s > 0.0]
    if rest > 10.0**-_DIGITS:
        members.append((HenyeyGreenstein(asymmetry), rest))
    return phase_rows([f for f, _ in members], np.array([s for _, s in members]))
