"""How wrong the inputs may be: standard deviations of their errors, by cell and month.

An error is given for each variable, as

- a number, in the variable's unit, or a field of such numbers;
- a text of absolute and relative parts, which add up: "0.01", "10%", "0.05+15%";
- the name of one of the `PRESETS`, which tell what is published about a source of data.

An envelope that is to hold two thirds of the retrievals is taken as one standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import xarray as xr

from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.errors import InputError
from aeroforcing.core.kernel_names import kernel_name, quantity_of
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.regions import land_fraction
from aeroforcing.optics.clouds import CLOUD_TYPES
from aeroforcing.optics.spectral_laws import aod_at

ErrorOf: TypeAlias = float | str | xr.DataArray
Errors: TypeAlias = Mapping[str, ErrorOf] | str

VARIABLES_WITH_ERRORS = (
    *OPTICAL, "surface_albedo", *(f"cloud_{cloud.name}" for cloud in CLOUD_TYPES),
)  # fmt: skip

# The same in every cell, so that tables of global means can tell what it amounts to. AOD by Holben
# et al. (1998, doi:10.1016/S0034-4257(98)00031-5), SSA by Dubovik et al. (2000,
# doi:10.1029/2000JD900040) at high load. The other three are not stated as such anywhere: they
# are the scatter that is assumed when stations are assimilated
# (`statistical_interpolation.OBSERVATION_ERROR`).
AERONET = {
    "aod": 0.01,
    "ssa": 0.03,
    "asymmetry": 0.02,
    "angstrom": 0.15,
    "coalbedo_angstrom": 0.5,
}


def systematic_changes(
    read: Callable[[str], Any], names: Container[str], forcing: str
) -> dict[str, Any]:
    """How a forcing changes if an input is off by AERONET's error, by the same everywhere.

    The mean of such a change is the error of the mean.

    Parameters
    ----------
    read
        Gives the field of a name.
    names
        Of the fields that there are.
    forcing
        Name of the forcing.

    Returns
    -------
    Variable -> field [W m-2], of the variables whose kernels there are. Without aerosol, where its
    kernels are 0, an error of the AOD changes nothing.
    """
    changes = {}
    for variable, error in AERONET.items():
        own = kernel_name(quantity_of(variable), forcing)
        if own not in names or (variable == "aod" and "aod" not in names):
            continue
        size: Any = error
        if variable == "aod":  # the kernel is by its logarithm
            aod = read("aod")
            size = error / (aod + (aod == 0.0))
        changes[variable] = read(own) * size
    return changes


class Preset(NamedTuple):
    """What is published about the errors of a source of data."""

    errors: Mapping[str, float | Callable[[xr.Dataset], xr.DataArray]]
    source: str


def _by_surface(
    land: tuple[float, float], ocean: tuple[float, float]
) -> Callable[[xr.Dataset], xr.DataArray]:
    """An envelope a + b AOD, of given (a, b), by the share of land in a cell."""

    def error(fields: xr.Dataset) -> xr.DataArray:
        aod = _field(fields, "aod")
        share = land_fraction(grid_of(fields))
        (a, b), (c, d) = land, ocean
        return share * (a + b * aod) + (1.0 - share) * (c + d * aod)

    return error


def _misr(fields: xr.Dataset) -> xr.DataArray:
    return (0.2 * _field(fields, "aod")).clip(min=0.05)


def _ssa_by_load(fields: xr.Dataset) -> xr.DataArray:
    """0.03 from AOD 0.4 on, 0.06 up to 0.2, both at 440 nm; linear between them."""
    exponent = _field(fields, "angstrom")
    load = aod_at(_field(fields, "aod"), angstrom=exponent, wavelength=440.0)
    return (0.06 - 0.15 * (load - 0.2)).clip(0.03, 0.06)


PRESETS: Mapping[str, Preset] = {
    "aeronet": Preset(
        AERONET,
        "AERONET at high aerosol load: AOD 0.01 (Holben et al. 1998, "
        "doi:10.1016/S0034-4257(98)00031-5), SSA 0.03 (Dubovik et al. 2000, "
        "doi:10.1029/2000JD900040); asymmetry parameter 0.02, exponents 0.15 and 0.5 assumed",
    ),
    "aeronet_by_load": Preset(
        {**AERONET, "ssa": _ssa_by_load},
        "as aeronet, but SSA 0.03 from AOD 0.4 at 440 nm on and 0.06 up to 0.2 (Dubovik et al. "
        "2000, doi:10.1029/2000JD900040), linear between them",
    ),
    "modis_dark_target": Preset(
        {"aod": _by_surface(land=(0.05, 0.15), ocean=(0.03, 0.10))},
        "MODIS dark target, Collection 6: land 0.05 + 15 %; ocean +(0.04 + 10 %), -(0.02 + 10 %), "
        "of which half the width is taken (Levy et al. 2013, doi:10.5194/amt-6-2989-2013)",
    ),
    "misr": Preset(
        {"aod": _misr},
        "MISR: the larger of 0.05 and 20 % (Kahn et al. 2010, doi:10.1029/2010JD014601)",
    ),
    "modis_albedo": Preset(
        {"surface_albedo": 0.02},
        "broadband albedo of MODIS: 0.02 (Schaaf et al. 2002, doi:10.1016/S0034-4257(02)00091-3)",
    ),
}


def resolved_errors(errors: Errors) -> dict[str, ErrorOf]:
    """Error by variable; the name of a preset stands for all the variables that it tells of.

    Raises
    ------
    InputError
        There is none, a variable is unknown, or a preset says nothing about its variable.
    """
    if isinstance(errors, str):
        errors = dict.fromkeys(_preset(errors).errors, errors)
    if not errors:
        raise InputError("errors is empty; give one at least, such as {'ssa': 0.03}.")
    for name, error in errors.items():
        _check(name, error)
    return dict(errors)


def errors_from_words(words: list[str]) -> dict[str, ErrorOf]:
    """Errors as a command line gives them: "aod=0.05+15%", "ssa=aeronet", or a preset alone.

    Later words win over earlier ones.

    Raises
    ------
    InputError
        A word is none of these.
    """
    errors: dict[str, ErrorOf] = {}
    for word in words:
        name, equals, error = word.partition("=")
        errors |= resolved_errors({name.strip(): error.strip()} if equals else word.strip())
    return errors


def _preset(name: str) -> Preset:
    if name not in PRESETS:
        raise InputError(f"There is no preset {name!r} of errors; known are {', '.join(PRESETS)}.")
    return PRESETS[name]


def _check(name: str, error: ErrorOf) -> None:
    if name not in VARIABLES_WITH_ERRORS:
        known = ", ".join(VARIABLES_WITH_ERRORS)
        raise InputError(f"errors: {name!r} is no variable with a kernel; known are {known}.")
    if isinstance(error, xr.DataArray):
        if not bool((error >= 0.0).all()):
            raise InputError(f"errors: the field of {name} holds negative or missing values.")
    elif not isinstance(error, str):
        _check_size(name, error)
    elif error not in PRESETS:
        parts_of(error, name=name)
    elif name not in PRESETS[error].errors:
        told = ", ".join(PRESETS[error].errors)
        raise InputError(f"errors: the preset {error} says nothing about {name}, only {told}.")


def _check_size(name: str, error: float) -> None:
    if not (isinstance(error, int | float | np.number) and 0.0 <= error < np.inf):
        raise InputError(f"errors: {name}={error!r} is not allowed; give a number of at least 0.")


def parts_of(text: str, *, name: str) -> tuple[float, float]:
    """The absolute and the relative part of an error: 0.05 and 0.15 of "0.05+15%".

    Raises
    ------
    InputError
        The text is no such sum, or a part is negative.
    """
    absolute = relative = 0.0
    try:
        for word in text.split("+"):
            if word.strip().endswith("%"):
                relative += float(word.strip()[:-1]) / 100.0
            else:
                absolute += float(word)
    except ValueError:
        raise InputError(
            f"errors: {name}={text!r} is not allowed; give a number, a percentage, their sum "
            f"(0.05+15%) or a preset: {', '.join(PRESETS)}."
        ) from None
    _check_size(name, absolute)
    _check_size(name, relative)
    return absolute, relative


def error_field(error: ErrorOf, *, variable: str, fields: xr.Dataset) -> xr.DataArray:
    """Standard deviation of the error of a variable.

    Parameters
    ----------
    error
        From `resolved_errors`.
    variable
        The variable.
    fields
        The variables themselves and their grid: relative errors and presets may need these.

    Returns
    -------
    In the unit of the variable, over as many dimensions as it depends on.

    Raises
    ------
    InputError
        A variable is absent that the error refers to.
    """
    if isinstance(error, xr.DataArray):
        return error
    if not isinstance(error, str):
        return xr.DataArray(float(error))
    if error in PRESETS:
        told = PRESETS[error].errors[variable]
        return told(fields) if callable(told) else xr.DataArray(told)
    absolute, relative = parts_of(error, name=variable)
    if relative == 0.0:
        return xr.DataArray(absolute)
    return absolute + relative * abs(_field(fields, variable))


def _field(fields: xr.Dataset, name: str) -> xr.DataArray:
    if name not in fields:
        raise InputError(
            f"An error refers to {name}, which the dataset does not hold; give an absolute error."
        )
    return fields[name]


def description(error: ErrorOf) -> str:
    """An error in words, for the attributes of a result."""
    if isinstance(error, xr.DataArray):
        return f"a field with the mean {float(error.mean()):.4g}"
    if isinstance(error, str) and error in PRESETS:
        return f"{error} ({PRESETS[error].source})"
    return str(error)
