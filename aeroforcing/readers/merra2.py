"""MERRA-2 monthly aerosol diagnostics (M2TMNXAER, tavgM_2d_aer_Nx)."""

from __future__ import annotations

import xarray as xr

from aeroforcing.readers._files import Paths, as_paths
from aeroforcing.readers._species import ModelNames, read_model

_PREFIXES = {
    "organic_carbon": "OC", "black_carbon": "BC", "dust": "DU", "sulfate": "SU", "sea_salt": "SS",
}  # fmt: skip
NAMES = ModelNames(
    total=("TOTEXTTAU",),
    total_scattering=("TOTSCATAU",),
    total_absorption=(),
    angstrom=("TOTANGSTR",),
    extinction={
        **{name: (f"{prefix}EXTTAU",) for name, prefix in _PREFIXES.items()},
        "sea_salt_fine": ("SSEXTT25",),
    },
    scattering={
        **{name: (f"{prefix}SCATAU",) for name, prefix in _PREFIXES.items()},
        "sea_salt_fine": ("SSSCAT25",),
    },
)


def read_merra2(paths: Paths) -> xr.Dataset:
    """Monthly aerosol of MERRA-2 on its own grid, from its column diagnostics at 550 nm.

    AOD is TOTEXTTAU (else the sum of the species), SSA is TOTSCATAU / TOTEXTTAU (else that of the
    mixture), the Angstrom exponent is TOTANGSTR (470-870 nm). The asymmetry parameter, which
    MERRA-2 does not give, is that of the mixture by Chung (2012), doi:10.5772/50248, E9, with the
    scattering AOD of the species if they are in the file. Fine sea salt is SSEXTT25, else 30 % of
    SSEXTTAU.

    Parameters
    ----------
    paths
        One netCDF file or several, of one month or more each.

    Returns
    -------
    Dataset over (time, lat, lon), `time` at the first days of the months, with aod [1]; ssa,
    asymmetry and angstrom [1] where the files hold what they need; and the optical depths of the
    species, aod_organic_carbon, aod_black_carbon, aod_dust, aod_sulfate, aod_sea_salt_fine and
    aod_sea_salt_coarse [1], that are in the file.

    Raises
    ------
    InputError
        Names the file and what is wrong: missing, empty, truncated, of another product, of another
        grid than the first, a month given twice, values out of range.

    References
    ----------
    Randles et al. (2017), doi:10.1175/JCLI-D-16-0609.1.
    """
    return read_model(as_paths(paths), names=NAMES, product="MERRA-2")
