"""Mean optical depth of clouds: the one that reflects as much as they do together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from aeroforcing.core import resources
from aeroforcing.core.errors import InputError, suggest_keywords

# Two-stream albedo of a cloud without absorption is x / (1 + x), x = (1 - g) tau / 2, g = 0.86.
_ALBEDO_SCALE = 0.07

EFFECTIVE_RADIUS = {"liquid": 10.5, "ice": 30.0}  # um
_REFERENCE_WAVENUMBER = 1e7 / 550.0  # cm-1


@dataclass(frozen=True)
class CloudType:
    """One ISCCP type: visible optical depth [1], base, top and phase ("liquid" or "ice")."""

    name: str
    optical_depth: float
    base: Height
    top: Height
    phase: str

    @property
    def effective_radius(self) -> float:
        """Effective radius of the particles [um]."""
        return EFFECTIVE_RADIUS[self.phase]


@dataclass(frozen=True)
class Height:
    """A height [m]: a constant plus a share of the tropopause height."""

    metres: float = 0.0
    tropopause_share: float = 0.0

    def at(self, lat: np.ndarray) -> np.ndarray:
        """Height above sea level [m] at latitudes [degrees_north]."""
        return self.metres + self.tropopause_share * tropopause_height(lat)


CLOUD_TYPES = (
    CloudType("cumulus", 1.6, Height(1000.0), Height(2000.0), "liquid"),
    CloudType("stratus", 8.6, Height(500.0), Height(1500.0), "liquid"),
    CloudType("altocumulus", 1.4, Height(4000.0), Height(5000.0), "liquid"),
    CloudType("nimbostratus", 11.0, Height(3000.0), Height(5000.0), "liquid"),
    CloudType("cirrus", 1.1, Height(0.0, 0.60), Height(0.0, 0.70), "ice"),
    CloudType("cirrostratus", 8.6, Height(0.0, 0.50), Height(0.0, 0.68), "ice"),
    CloudType("deep_convective", 45.0, Height(1000.0), Height(0.0, 0.75), "ice"),
)


def mean_cloud_depth(
    depth: xr.DataArray, *, weight: xr.DataArray, dim: str | tuple[str, ...]
) -> xr.DataArray:
    """Optical depth that gives the mean albedo of clouds of several optical depths.

    Parameters
    ----------
    depth
        Optical depths, NaN where unknown [1].
    weight
        Share of each in the mean, such as its cloud amount [1].
    dim
        The dimension or dimensions that the mean is over.

    Returns
    -------
    Without `dim`; NaN where all weights are 0 [1].
    """
    scaled = _ALBEDO_SCALE * depth
    albedo = scaled / (1 + scaled)
    counted = weight.where(albedo.notnull(), 0.0).fillna(0.0)
    total = counted.sum(dim)
    mean = (albedo.fillna(0.0) * counted).sum(dim) / total.where(total > 0)
    return mean / (1 - mean) / _ALBEDO_SCALE


class BandOptics(NamedTuple):
    """Optics by RRTMGP shortwave band [14]; extinction is relative to that at 550 nm."""

    extinction: np.ndarray
    ssa: np.ndarray
    asymmetry: np.ndarray


def tropopause_height(lat: np.ndarray) -> np.ndarray:
    """Height of the tropopause [m]: 9 km at the poles, 17 km at the equator.

    Parameters
    ----------
    lat
        Latitudes [degrees_north].
    """
    return 9000.0 + 8000.0 * np.cos(np.radians(lat)) ** 2


def cloud_band_optics(phase: str, *, effective_radius: float) -> BandOptics:
    """Optics of a cloud in the 14 RRTMGP shortwave bands.

    Parameters
    ----------
    phase
        "liquid" or "ice".
    effective_radius
        Of the droplets or crystals [um]: 2.5 to 21.5 for liquid, 5 to 90 for ice.

    Returns
    -------
    BandOptics with extinction relative to the band of 550 nm, SSA and asymmetry parameter [14].

    Raises
    ------
    InputError
        Unknown phase, or a size that the tables do not hold.
    """
    extinction, ssa, asymmetry = _at_radius(phase, effective_radius)
    return BandOptics(extinction / extinction[reference_band()], ssa, asymmetry)


def _at_radius(phase: str, effective_radius: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Extinction [m2 g-1], SSA and asymmetry parameter by band."""
    tables = _tables()
    if phase not in EFFECTIVE_RADIUS:
        raise InputError(f"Cloud phase {phase!r} is unknown; use 'liquid' or 'ice'.")
    # The tables give ice by effective diameter.
    size, axis = (
        (effective_radius, "liquid_radius")
        if phase == "liquid"
        else (2 * effective_radius, "ice_diameter")
    )
    lower, upper = tables[f"{axis}_range"].values
    if not lower <= size <= upper:
        raise InputError(
            f"Effective radius {effective_radius:g} um of {phase} cloud is out of range; "
            f"the tables hold the {axis.replace('_', ' ')}s {lower:g} to {upper:g} um."
        )
    extinction, ssa, asymmetry = (
        _at_size(tables[f"{name}_{phase}"].values, size, (lower, upper))
        for name in ("ext", "ssa", "asy")
    )
    return extinction, ssa, asymmetry


@suggest_keywords
def cloud_optical_depth(
    water_path: ArrayLike, *, phase: str, effective_radius: ArrayLike | None = None
) -> np.ndarray:
    """Optical depth at 550 nm of a cloud from its liquid or ice water path [1].

    Parameters
    ----------
    water_path
        Mass of water or ice per area within the cloud, any shape [kg m-2].
    phase
        "liquid" or "ice".
    effective_radius
        As of `cloud_band_optics`, a number or an array that fits the water path; by default 10.5
        and 30 [um].

    Returns
    -------
    Of the shape that broadcasting gives [1].

    Raises
    ------
    InputError
        Unknown phase, or a size that the tables do not hold.
    """
    if effective_radius is None:
        effective_radius = EFFECTIVE_RADIUS.get(phase, np.nan)
    radius, place = np.unique(np.asarray(effective_radius, dtype=float), return_inverse=True)
    band = reference_band()
    extinction = np.array([_at_radius(phase, float(r))[0][band] for r in radius])
    by_place = extinction[place].reshape(np.shape(effective_radius))
    return 1000.0 * by_place * np.asarray(water_path, dtype=float)


def delta_scaled(optics: BandOptics) -> BandOptics:
    """Optics without the forward peak, the share f = g^2 of the scattering, as if it went on.

    The direct beam of the results is the unscattered one all the same (medium.py): what is cut off
    is scattered light, also where a surface reflects the two differently.

    Fluxes change little and are cheaper: Joseph, Wiscombe and Weinman (1976), J. Atmos. Sci. 33,
    2452-2459, doi:10.1175/1520-0469(1976)033<2452:TDEAFR>2.0.CO;2.

    Parameters
    ----------
    optics
        By band.
    """
    peak = optics.asymmetry**2
    kept = 1.0 - optics.ssa * peak
    return BandOptics(
        extinction=optics.extinction * kept,
        ssa=optics.ssa * (1.0 - peak) / kept,
        asymmetry=optics.asymmetry / (1.0 + optics.asymmetry),
    )


def reference_band() -> int:
    """Index of the RRTMGP shortwave band that holds 550 nm."""
    limits = _tables().band_wavenumber.values
    return int(
        np.argmax((limits[:, 0] <= _REFERENCE_WAVENUMBER) & (limits[:, 1] > _REFERENCE_WAVENUMBER))
    )


def _at_size(table: np.ndarray, size: float, limits: tuple[float, float]) -> np.ndarray:
    """Linear interpolation of a table (band, size) whose sizes are equally spaced."""
    sizes = np.linspace(*limits, table.shape[1])
    return np.array([np.interp(size, sizes, row) for row in table])


@cache
def _tables() -> xr.Dataset:
    with xr.open_dataset(resources.path("cloud_optics.nc")) as tables:
        return tables.load()
