"""GOCART monthly aerosol: the names of GEOS, and those that AeroCom asks of models."""

from __future__ import annotations

import xarray as xr

from aeroforcing.readers._files import Paths, as_paths
from aeroforcing.readers._species import ModelNames, read_model
from aeroforcing.readers.merra2 import NAMES as GEOS

_AEROCOM = {
    "organic_carbon": "od550oa", "black_carbon": "od550bc", "dust": "od550dust",
    "sulfate": "od550so4", "sea_salt": "od550ss",
}  # fmt: skip
_NAMES = ModelNames(
    total=(*GEOS.total, "od550aer"),
    total_scattering=GEOS.total_scattering,
    total_absorption=("abs550aer",),
    angstrom=(*GEOS.angstrom, "ang4487aer"),
    extinction={
        name: (*known, *([_AEROCOM[name]] if name in _AEROCOM else []))
        for name, known in GEOS.extinction.items()
    },
    scattering=GEOS.scattering,
)


def read_gocart(paths: Paths) -> xr.Dataset:
    """Monthly aerosol of a GOCART simulation on its own grid, at 550 nm.

    Reads column optical depths under the names of GEOS (TOTEXTTAU, BCEXTTAU, ...) and of AeroCom
    (od550aer, od550bc, od550oa, od550so4, od550dust, od550ss, abs550aer, ang4487aer), in any case.
    SSA comes from total scattering or absorption if the file has it, else from the species by
    Chung (2012), doi:10.5772/50248, E7; the asymmetry parameter from the species by E9; 30 % of
    sea salt is fine unless the file has SSEXTT25.

    Parameters
    ----------
    paths
        One netCDF file or several, of one month or more each, or a climatology over `month`.

    Returns
    -------
    Dataset over (time or month, lat, lon) as that of `read_merra2`.

    Raises
    ------
    InputError
        Names the file and what is wrong: missing, empty, truncated, of another product, of another
        grid than the first, a month given twice, values out of range.

    References
    ----------
    Chin et al. (2002), doi:10.1175/1520-0469(2002)059<0461:TAOTFT>2.0.CO;2.
    """
    return read_model(as_paths(paths), names=_NAMES, product="GOCART")
