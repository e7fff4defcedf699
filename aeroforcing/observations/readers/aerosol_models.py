"""Models that give optical depth by species: GOCART, MERRA-2, and those of AeroCom.

Their total, SSA and asymmetry parameter come from the species where the file does not hold them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import xarray as xr

from aeroforcing.core.canonical import check_ranges
from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers._files import (
    Paths,
    as_paths,
    finished,
    joined_in_time,
    not_this_product,
    read_grid,
    with_month_labels,
)
from aeroforcing.optics.mixtures import external_mixture, mixture_by_paper
from aeroforcing.optics.species import FINE_SEA_SALT, SPECIES, SPECIES_ASYMMETRY

_ROUNDING = 1e-4  # of single precision and of packing, in an SSA that is a ratio of two fields

_PREFIXES = {
    "organic_carbon": "OC", "black_carbon": "BC", "dust": "DU", "sulfate": "SU", "sea_salt": "SS",
}  # fmt: skip


@dataclass(frozen=True)
class ModelNames:
    """The names of a model's variables; several where editions differ, the first present counts.

    `extinction` and `scattering` are by species: the six of the package, and `sea_salt` for models
    that do not split it.
    """

    total: tuple[str, ...]
    total_scattering: tuple[str, ...]
    total_absorption: tuple[str, ...]
    angstrom: tuple[str, ...]
    extinction: Mapping[str, tuple[str, ...]]
    scattering: Mapping[str, tuple[str, ...]]

    def all(self) -> list[str]:
        """Every name, the optical depths first."""
        totals = (self.total, self.total_scattering, self.total_absorption, self.angstrom)
        parts = (*self.extinction.values(), *self.scattering.values())
        return list(chain(*totals, *parts))


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

_AEROCOM = {
    "organic_carbon": "od550oa", "black_carbon": "od550bc", "dust": "od550dust",
    "sulfate": "od550so4", "sea_salt": "od550ss",
}  # fmt: skip
_NAMES = ModelNames(
    total=(*NAMES.total, "od550aer"),
    total_scattering=NAMES.total_scattering,
    total_absorption=("abs550aer",),
    angstrom=(*NAMES.angstrom, "ang4487aer"),
    extinction={
        name: (*known, *([_AEROCOM[name]] if name in _AEROCOM else []))
        for name, known in NAMES.extinction.items()
    },
    scattering=NAMES.scattering,
)


def read_model(paths: Sequence[Path], *, names: ModelNames, product: str) -> xr.Dataset:
    """Monthly aerosol of a model on its own grid.

    Returns
    -------
    Dataset over (time or month, lat, lon) with aod; ssa and asymmetry where the file allows them;
    angstrom if it is there; and the optical depths of the species, aod_<species>.

    Raises
    ------
    InputError
        A file cannot be read, is of another product, or holds values out of range.
    """
    files = [(str(path), _one_file(path, names)) for path in paths]
    return finished(joined_in_time(files), product=product, paths=paths)


def _one_file(path: Path, names: ModelNames) -> xr.Dataset:
    raw = with_month_labels(read_grid(path, names=names.all()), source=str(path))
    species = _by_species(raw, names.extinction)
    total = _first(raw, names.total)
    if total is None and not set(SPECIES) <= set(species):
        raise not_this_product(path, names.total, raw.data_vars)
    extinction = {f"aod_{name}": array for name, array in species.items()}
    check_ranges(xr.Dataset(extinction), source=str(path))
    fields = {"aod": _sum(species) if total is None else total}
    fields |= _mixture(raw, species, names, path)
    fields |= _total_optics(raw, fields["aod"], names, path)
    exponent = _first(raw, names.angstrom)
    if exponent is not None:
        fields["angstrom"] = exponent
    fields |= extinction
    return xr.Dataset({name: _plain(array, path) for name, array in fields.items()})


def _sum(species: Mapping[str, xr.DataArray]) -> xr.DataArray:
    return _stacked(species).sum("species", skipna=False)


def _plain(array: xr.DataArray, path: Path) -> xr.DataArray:
    extra = set(array.dims) - {"time", "month", "lat", "lon"}
    if extra:
        raise InputError(
            f"{path}: {array.name} has the dimension {', '.join(map(str, extra))}; fields over "
            "time, lat and lon are expected."
        )
    return array.astype(float).drop_vars(
        [name for name in array.coords if name not in ("time", "month", "lat", "lon")]
    )


def _first(raw: xr.Dataset, names: Sequence[str]) -> xr.DataArray | None:
    return next((raw[name] for name in names if name in raw), None)


def _by_species(raw: xr.Dataset, names: Mapping[str, tuple[str, ...]]) -> dict[str, xr.DataArray]:
    """Optical depths by species, sea salt split into fine and coarse.

    A model that gives the fine part (PM2.5) and the whole is split exactly; of one that gives only
    the whole, the share FINE_SEA_SALT is fine, as in the built-in aerosol.
    """
    found = {name: array for name in names if (array := _first(raw, names[name])) is not None}
    salt = found.pop("sea_salt", None)
    if salt is not None and "sea_salt_coarse" not in found:
        fine = found.get("sea_salt_fine", FINE_SEA_SALT * salt)
        found |= {"sea_salt_fine": fine, "sea_salt_coarse": (salt - fine).clip(min=0.0)}
    return found


def _mixture(
    raw: xr.Dataset, extinction: Mapping[str, xr.DataArray], names: ModelNames, path: Path
) -> dict[str, xr.DataArray]:
    """SSA and asymmetry parameter of the mixture, with the model's own scattering if it has any."""
    if not set(SPECIES) <= set(extinction):
        return {}
    scattering = _by_species(raw, names.scattering)
    if not set(SPECIES) <= set(scattering):
        mixed = mixture_by_paper(xr.Dataset({s: extinction[s] for s in SPECIES}))
        return {"ssa": mixed["ssa"], "asymmetry": mixed["asymmetry"]}
    albedo = {
        name: _ratio(scattering[name], extinction[name], what=f"{path}, {name}") for name in SPECIES
    }
    constants = {name: xr.DataArray(SPECIES_ASYMMETRY[name]) for name in SPECIES}
    mixed = external_mixture(
        _stacked(extinction), _stacked(albedo), _stacked(constants), dim="species"
    )
    return {"ssa": mixed["ssa"], "asymmetry": mixed["asymmetry"]}


def _stacked(arrays: Mapping[str, xr.DataArray]) -> xr.DataArray:
    return xr.concat([arrays[name] for name in SPECIES], dim="species", coords="minimal")


def _ratio(part: xr.DataArray, whole: xr.DataArray, *, what: str) -> xr.DataArray:
    """SSA from two optical depths; 1 where there is no aerosol, and where rounding passes 1."""
    ratio = xr.where(whole > 0, part / whole.where(whole > 0), 1.0).where(whole.notnull())
    rounded = ratio.where((ratio <= 1) | (ratio > 1 + _ROUNDING), 1.0)
    if bool((rounded > 1).any()):
        raise InputError(
            f"{what}: scattering exceeds extinction in {int((rounded > 1).sum())} cells. The file "
            "is damaged, or holds other quantities under these names."
        )
    return rounded


def _total_optics(
    raw: xr.Dataset, aod: xr.DataArray, names: ModelNames, path: Path
) -> dict[str, xr.DataArray]:
    """SSA from the model's total scattering or absorption, which know its own mixing."""
    scattering = _first(raw, names.total_scattering)
    absorption = _first(raw, names.total_absorption)
    if scattering is None and absorption is not None:
        scattering = aod - absorption
    if scattering is None:
        return {}
    return {"ssa": _ratio(scattering, aod, what=str(path))}


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
