"""A stack of layers at one wavelength, as the user gives it: checks, and its medium."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aeroforcing.core.arrays import Floats
from aeroforcing.core.errors import InputError
from aeroforcing.transport.medium import fill_medium, make_medium


def checked_layers(**arrays: ArrayLike) -> dict[str, Floats]:
    """The layers' arrays as float64, of one length and in their ranges.

    Raises
    ------
    InputError
        The arrays differ in length, or a value is out of range.
    """
    ranges = {"ssa_aerosol": (0.0, 1.0), "asymmetry_aerosol": (-1.0, 1.0)}
    layers = {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}
    length = layers["tau_gas"].size
    for name, values in layers.items():
        if values.ndim != 1 or values.size != length or length == 0:
            raise InputError(
                f"{name} has the shape {values.shape} and tau_gas {layers['tau_gas'].shape}; give "
                "one value per layer in each, from the top down."
            )
        low, high = ranges.get(name, (0.0, np.inf))
        bad = ~np.isfinite(values) | (values < low) | (values > high)
        if name == "asymmetry_aerosol":
            bad |= np.abs(values) == 1.0
        if bad.any():
            first = int(np.argmax(bad))
            raise InputError(
                f"{name}: {bad.sum()} of {length} layers are out of range, the first is layer "
                f"{first} with {values[first]:g}; give {_range_words(name, low, high)}."
            )
    return layers


def _range_words(name: str, low: float, high: float) -> str:
    if name == "asymmetry_aerosol":
        return "values between -1 and 1, both excluded"
    return "values from 0 to 1" if high == 1.0 else f"finite values of at least {low:g}"


def layer_medium(
    *,
    tau_gas: Floats,
    tau_rayleigh: Floats,
    tau_aerosol: Floats,
    ssa_aerosol: Floats,
    asymmetry_aerosol: Floats,
) -> Floats:
    """The medium (level, column) of a stack of layers."""
    medium = make_medium(tau_gas.size + 1)
    fill_medium(medium, tau_gas, tau_rayleigh, tau_aerosol, ssa_aerosol, asymmetry_aerosol)
    return medium
