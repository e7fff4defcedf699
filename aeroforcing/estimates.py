"""From the replicates of the solver's integrals to fluxes and forcings with standard errors."""

from __future__ import annotations

import numpy as np

from aeroforcing.core.arrays import Floats
from aeroforcing.core.errors import InputError
from aeroforcing.events import SURFACE_DIRECT, SURFACE_DOWN, SURFACE_UP, TOA_UP
from aeroforcing.transport import CHANGE_CLEAR, CHANGE_CLOUDY, CLEAN_CLEAR, CLEAN_CLOUDY

Replicates = dict[str, Floats]  # name -> (cell, replicate)

_SCORE_OF_FLUX = {
    "toa_up": TOA_UP,
    "surface_down": SURFACE_DOWN,
    "surface_down_direct": SURFACE_DIRECT,
    "surface_up": SURFACE_UP,
}


def change_and_clean(estimates: Floats, cover: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Change by the aerosol and aerosol-free fluxes, for all-sky ("") and clear sky ("_cs").

    Parameters
    ----------
    estimates
        (cell, integral, replicate, ..., score) of `transport.solve` or
        `level_transport.solve_levels` [W m-2].
    cover
        (cell,) share of the sky in the cloudy states.

    Returns
    -------
    dict
        Suffix of the sky -> (change, clean), each (cell, replicate, ..., score) [W m-2].
    """
    clear_share = (1.0 - cover).reshape(-1, *(1,) * (estimates.ndim - 2))
    clear = estimates[:, CHANGE_CLEAR], estimates[:, CLEAN_CLEAR]
    return {
        "": (
            clear_share * clear[0] + estimates[:, CHANGE_CLOUDY],
            clear_share * clear[1] + estimates[:, CLEAN_CLOUDY],
        ),
        "_cs": clear,
    }


def forcing_replicates(change: Floats, sky: str) -> Replicates:
    """Forcing at the top, in the atmosphere and at the surface: the change of net downward flux.

    Parameters
    ----------
    change
        (cell, replicate, score) [W m-2].
    sky
        Suffix of the names.
    """
    surface = change[..., SURFACE_DOWN] - change[..., SURFACE_UP]
    return at_levels("forcing", change[..., TOA_UP], surface, sky)


def at_levels(name: str, toa_up: Floats, net_surface: Floats, sky: str) -> Replicates:
    """Gains at the top, in the atmosphere and at the surface, named <name>_<level><sky>.

    Parameters
    ----------
    name
        Of the quantity.
    toa_up, net_surface
        Change of the flux up at the top and of the net flux down at the surface, (...) [W m-2].
    sky
        Suffix of the names.
    """
    return {
        f"{name}_toa{sky}": -toa_up,
        f"{name}_atmosphere{sky}": -toa_up - net_surface,
        f"{name}_surface{sky}": net_surface,
    }


def flux_replicates(change: Floats, clean: Floats, sky: str) -> Replicates:
    """Fluxes with the aerosol and, with `_clean`, without; they close with the forcing exactly."""
    fluxes = {}
    for name, score in _SCORE_OF_FLUX.items():
        fluxes[f"{name}{sky}"] = clean[..., score] + change[..., score]
        fluxes[f"{name}_clean{sky}"] = clean[..., score]
    return fluxes


def means_and_errors(replicates: Replicates) -> dict[str, Floats]:
    """Mean over the replicates, and under `<name>_stderr` the standard error of that mean."""
    found: dict[str, tuple[Floats, Floats]] = {}
    for names in _names_by_shape(replicates):
        # Together: a block of cells has many names, and each call on its own takes as long.
        values = np.stack([replicates[name] for name in names])
        errors = values.std(axis=-1, ddof=1) / np.sqrt(values.shape[-1])
        found |= dict(zip(names, zip(values.mean(axis=-1), errors, strict=True), strict=True))
    results = {}
    for name in replicates:
        results[name], results[f"{name}_stderr"] = found[name]
    return results


def _names_by_shape(replicates: Replicates) -> list[list[str]]:
    """The names whose values have the same shape, together."""
    names: dict[tuple[int, ...], list[str]] = {}
    for name, values in replicates.items():
        names.setdefault(values.shape, []).append(name)
    return list(names.values())


def samples_per_replicate(photons: float, replicates: int) -> int:
    """The least power of two that gives at least `photons` samples over all replicates.

    Raises
    ------
    InputError
        `photons` is not a whole number of at least 1, or is more than a run can hold.
    """
    if not (np.isfinite(photons) and photons >= 1 and float(photons).is_integer()):
        raise InputError(f"photons={photons!r} is not allowed; give a whole number of at least 1.")
    samples = 1 << max(0, int(np.ceil(np.log2(photons / replicates))))
    if samples > 2**26:
        raise InputError(
            f"photons={photons!r} is not allowed; give at most {2**26 * replicates}, or average "
            "runs of different seeds."
        )
    return samples


def seed_key(seed: int) -> np.uint64:
    """The root of all random numbers.

    Raises
    ------
    InputError
        The seed is not a whole number from 0 to 2^63 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
        raise InputError(f"seed={seed!r} is not allowed; give a whole number from 0 to 2^63 - 1.")
    return np.uint64(seed)
