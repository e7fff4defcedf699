"""The radiative kernels that a forcing map holds: derivatives of the forcing by the inputs.

A kernel is named `kernel_<quantity>_<level>`, with `_cs` for clear sky, and a second derivative
`kernel_<quantity>_squared_<level>`. The kernel of the AOD is by its logarithm, `log_aod`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import xarray as xr

from aeroforcing.core.errors import InputError

LEVELS = ("toa", "atmosphere", "surface")
SKIES = {"all-sky": "", "clear-sky": "_cs"}
FORCINGS = tuple(f"forcing_{level}{sky}" for sky in SKIES.values() for level in LEVELS)
LOG_AOD = "log_aod"
_NAME = re.compile(r"kernel_(?P<quantity>\w+?)(_squared)?_(toa|atmosphere|surface)(_cs)?")


def forcings_of(dataset: xr.Dataset) -> list[str]:
    """The forcings that a dataset holds, all-sky before clear-sky.

    Raises
    ------
    InputError
        There is none.
    """
    names = [name for name in FORCINGS if name in dataset]
    if not names:
        raise InputError("The dataset holds no forcing; make it with grid_forcing(kernels=True).")
    return names


def quantities_of(dataset: xr.Dataset) -> list[str]:
    """The quantities by which there are derivatives, such as log_aod and ssa."""
    found = (_NAME.fullmatch(str(name)) for name in dataset.data_vars)
    return list(dict.fromkeys(match["quantity"] for match in found if match))


def kernel_name(quantity: str, forcing: str, *, squared: bool = False) -> str:
    """The kernel's name: `kernel_ssa_toa_cs` of "ssa" and "forcing_toa_cs"."""
    order = "_squared" if squared else ""
    return forcing.replace("forcing_", f"kernel_{quantity}{order}_", 1)


def quantity_of(variable: str) -> str:
    """The quantity whose kernel tells how the forcing depends on a variable."""
    return LOG_AOD if variable == "aod" else variable


def is_unrelated(quantity: str, forcing: str) -> bool:
    """Whether the forcing cannot depend on the quantity: clear sky on clouds."""
    return quantity.startswith("cloud_") and forcing.endswith("_cs")


def check_kernels(dataset: xr.Dataset, quantities: Iterable[str]) -> None:
    """Raise InputError unless there is a kernel of every quantity for every forcing."""
    names = forcings_of(dataset)
    for quantity in quantities:
        wanted = [kernel_name(quantity, name) for name in names if not is_unrelated(quantity, name)]
        missing = [name for name in wanted if name not in dataset]
        if missing:
            known = ", ".join(quantities_of(dataset)) or "none"
            raise InputError(
                f"The dataset lacks {', '.join(missing)}; it holds kernels of: {known}. Make it "
                "with grid_forcing(kernels=True) or aeroforcing grid --kernels."
            )


def kernel(dataset: xr.Dataset, quantity: str, forcing: str) -> xr.DataArray:
    """Derivative of a forcing by a quantity [W m-2 per unit]; 0 of clear sky by clouds."""
    if is_unrelated(quantity, forcing):
        return xr.zeros_like(dataset[forcing])
    return dataset[kernel_name(quantity, forcing)]


def sensitivity(dataset: xr.Dataset, variable: str, forcing: str) -> xr.DataArray:
    """Derivative of a forcing by a variable itself [W m-2 per unit].

    By the AOD it is that by its logarithm over the AOD, and 0 without aerosol, where the logarithm
    tells nothing.
    """
    own = kernel(dataset, quantity_of(variable), forcing)
    if variable != "aod":
        return own
    if "aod" not in dataset:
        raise InputError("The dataset lacks aod, which its kernels are relative to.")
    aod = dataset["aod"]
    return own / aod.where(aod > 0.0, 1.0)
