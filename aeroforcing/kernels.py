"""Radiative kernels: how the forcing changes with each of the inputs, from the same photon paths.

A kernel is a derivative of the forcing, at the top of the atmosphere, in the atmosphere and at the
surface, in W m-2 per unit of the quantity, the others being held:

=====================  ============================================================================
``log_aod``            natural logarithm of the AOD: the forcing's change for a relative change of
                       the AOD at all wavelengths
``ssa``                SSA at 550 nm; the co-albedo keeps its spectrum
``asymmetry``          asymmetry parameter, at all wavelengths
``angstrom``           Angstrom exponent, the AOD at 550 nm being held
``coalbedo_angstrom``  Angstrom exponent of the co-albedo, the SSA at 550 nm being held
``surface_albedo``     albedo, at all wavelengths, for direct and diffuse light
``cloud_<type>``       share of the sky under a type of cloud, taken from the clear sky
``log_aod_squared``    second derivative by the logarithm of the AOD
``ssa_squared``        second derivative by the SSA
=====================  ============================================================================

How they come from the paths is derived in gradient.py. The forcing is linear in the cloud
fractions: their kernel is the forcing under the cloud less that under the clear sky, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

from aeroforcing.core.arrays import Floats
from aeroforcing.estimates import Replicates, at_levels
from aeroforcing.events import SCORES, SURFACE_DOWN, SURFACE_UP, TOA_UP
from aeroforcing.gradient import FIRST_STATE, INPUTS
from aeroforcing.transport import CHANGE_CLEAR, CHANGE_CLOUDY

# Share of the sky that each state has in the drawing of cloudy states besides its own: the kernel
# of a type of cloud is known where there is none of it.
LEAST_FRACTION = 0.01


def scores_with_kernels(n_states: int) -> int:
    """Number of scores of the solver, with derivatives and with `n_states` cloudy states."""
    return FIRST_STATE + 2 * n_states


def kernel_replicates(
    estimates: Floats, *, cover: Floats, skies: Sequence[str], clouds: Sequence[str]
) -> Replicates:
    """The kernels from the solver's estimates.

    Parameters
    ----------
    estimates
        (cell, integral, replicate, score), with `scores_with_kernels` scores [W m-2].
    cover
        (cell,) share of the sky in the cloudy states.
    skies
        Suffixes of the wanted skies: "" for all-sky and "_cs" for clear sky.
    clouds
        Names of the cloudy states; their kernels are given with all-sky.

    Returns
    -------
    Name -> (cell, replicate) [W m-2].
    """
    clear, cloudy = estimates[:, CHANGE_CLEAR], estimates[:, CHANGE_CLOUDY]
    whole = {"": (1.0 - cover)[:, None, None] * clear + cloudy, "_cs": clear}
    kernels: Replicates = {}
    for sky in skies:
        for i, quantity in enumerate(INPUTS):
            pair = whole[sky][..., SCORES + 2 * i : SCORES + 2 * i + 2]
            kernels |= at_levels(f"kernel_{quantity}", pair[..., 0], pair[..., 1], sky)
    if "" in skies:
        surface = clear[..., SURFACE_DOWN] - clear[..., SURFACE_UP]
        for i, name in enumerate(clouds):
            up, down = (cloudy[..., FIRST_STATE + 2 * i + side] for side in range(2))
            kernels |= at_levels(
                f"kernel_cloud_{name}", up - clear[..., TOA_UP], down - surface, ""
            )
    return kernels
