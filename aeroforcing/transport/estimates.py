"""From the replicates of the solver's integrals to fluxes, forcings, profiles and kernels.

Each is a linear function of the integrals, taken replicate by replicate: their scatter then gives
the standard error.

**Profiles.** The absorption of a layer is scored along the paths itself (level_paths.py) and is
much more precise than the divergence of the scored fluxes. Net fluxes are therefore built from the
surface up,

    net(level) = net(surface) + absorption in all layers between,

the downward flux is as scored, and the upward one is down - net. So the divergence of the net flux
is the absorption to the last digit, a layer that absorbs nothing is not heated, the downward flux
at the top is the sun's, and the upward flux at the surface is what the surface reflects.

**Radiative kernels.** A kernel is a derivative of the forcing, at the top of the atmosphere, in the
atmosphere and at the surface, in W m-2 per unit of the quantity, the others being held:

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

How they come from the paths is derived in derivatives.py. The forcing is linear in the cloud
fractions: their kernel is the forcing under the cloud less that under the clear sky, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aeroforcing.core.arrays import Floats
from aeroforcing.core.constants import GRAVITY, HEAT_CAPACITY_DRY_AIR, SECONDS_PER_DAY
from aeroforcing.core.errors import InputError
from aeroforcing.transport.derivatives import FIRST_STATE, INPUTS
from aeroforcing.transport.events import SCORES, SURFACE_DIRECT, SURFACE_DOWN, SURFACE_UP, TOA_UP
from aeroforcing.transport.integrals import CHANGE_CLEAR, CHANGE_CLOUDY, CLEAN_CLEAR, CLEAN_CLOUDY
from aeroforcing.transport.level_paths import ABSORBED, ACTINIC, DIRECT, DOWN, UP

Replicates = dict[str, Floats]  # name -> (cell, replicate)

# Share of the sky that each state has in the drawing of cloudy states besides its own: the kernel
# of a type of cloud is known where there is none of it.
LEAST_FRACTION = 0.01

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
        (cell, integral, replicate, ..., score) of `integrals.solve` [W m-2].
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


class Levels(NamedTuple):
    """Fluxes at levels and absorption in layers that close, (cell, level or layer, replicate)."""

    up: Floats
    down: Floats
    direct: Floats
    actinic: Floats
    absorbed: Floats

    @property
    def net(self) -> Floats:
        """Net downward flux."""
        return self.down - self.up


def closed_levels(scores: Floats, *, incoming: Floats) -> Levels:
    """Fluxes and absorption that close in every layer.

    Parameters
    ----------
    scores
        (cell, replicate, level, score) of `integrals.solve` [W m-2].
    incoming
        (cell,) downward flux at the top, which is known; 0 for a change by the aerosol.
    """
    by_score = np.moveaxis(scores, (1, 3), (3, 0))  # (score, cell, level, replicate)
    absorbed = by_score[ABSORBED, :, :-1]
    down = by_score[DOWN].copy()
    down[:, 0] = incoming[:, None]
    direct = by_score[DIRECT].copy()
    direct[:, 0] = incoming[:, None]
    net_surface = by_score[DOWN, :, -1:] - by_score[UP, :, -1:]
    below = np.cumsum(absorbed[:, ::-1], axis=1)[:, ::-1]
    net = net_surface + np.concatenate([below, np.zeros_like(net_surface)], axis=1)
    return Levels(down - net, down, direct, by_score[ACTINIC], absorbed)


def level_replicates(
    change: Levels, clean: Levels, *, sky: str, pressure_levels: Floats
) -> Replicates:
    """Profiles with the aerosol, `_clean` without it, and its effect, name -> (..., replicate).

    Parameters
    ----------
    change, clean
        Change by the aerosol, and without it [W m-2].
    sky
        Suffix of the names.
    pressure_levels
        (cell, level) [Pa].
    """
    full = Levels(*(a + b for a, b in zip(change, clean, strict=True)))
    profiles: Replicates = {}
    for levels, suffix in ((full, sky), (clean, f"_clean{sky}")):
        profiles[f"flux_up{suffix}"] = levels.up
        profiles[f"flux_down{suffix}"] = levels.down
        profiles[f"flux_down_direct{suffix}"] = levels.direct
        profiles[f"actinic_flux{suffix}"] = levels.actinic
        profiles[f"absorbed{suffix}"] = levels.absorbed
        profiles[f"heating_rate{suffix}"] = heating_rate(levels.absorbed, pressure_levels)
    profiles[f"forcing_profile{sky}"] = change.net
    profiles[f"heating_rate_change{sky}"] = heating_rate(change.absorbed, pressure_levels)
    return profiles


def heating_rate(absorbed: Floats, pressure_levels: Floats) -> Floats:
    """Heating of layers of dry air at constant pressure, dT/dt = g absorbed / (c_p dp) [K day-1].

    Parameters
    ----------
    absorbed
        (cell, layer, replicate) [W m-2].
    pressure_levels
        (cell, level), rising [Pa].
    """
    heat_capacity = HEAT_CAPACITY_DRY_AIR * np.diff(pressure_levels, axis=1) / GRAVITY  # J m-2 K-1
    return absorbed * SECONDS_PER_DAY / heat_capacity[..., None]


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
    if not isinstance(photons, int | float | np.number):
        raise InputError(
            f"photons={photons!r} is a {type(photons).__name__}; give a whole number of at least 1."
        )
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
