"""An aerosol species of a column with the optics of MERRA-2, by amount, size and humidity."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import ArrayLike

from aeroforcing.columns.aerosols import DEFAULT_PROFILE, LayerOptics
from aeroforcing.columns.atmosphere import Atmosphere, relative_humidity
from aeroforcing.columns.by_value import ByValue
from aeroforcing.columns.vertical_profiles import Profile, layer_shares
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_number
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.optics.band_means import BandNodes
from aeroforcing.optics.species import (
    DEFAULT_HUMIDITY,
    checked_humidity,
    mass_extinction,
    species_bands,
)


@suggest_keywords
@dataclass(frozen=True, eq=False)
class SpeciesAerosol(ByValue):
    """One species or size of MERRA-2 (GOCART) in a column, see `species`.

    Parameters
    ----------
    species
        organic_carbon, black_carbon, dust, sulfate, sea_salt_fine, sea_salt_coarse; or one size,
        dust_1 to dust_5, sea_salt_1 to sea_salt_5; or black_carbon_dry, organic_carbon_dry.
    aod
        Optical depth at 550 nm, 0 to 10.
    mass
        (layer,) dry mass in each layer of the atmosphere, top first [kg m-2]; in place of `aod`
        and `profile`.
    relative_humidity
        0 to 1, a number or one per layer [1]; or "atmosphere": that of the column's air.
    profile
        As of `Aerosol`; of `aod`.

    Raises
    ------
    InputError
        The species is unknown, a value is outside its range, or there is not exactly one of `aod`
        and `mass`.
    """

    _: KW_ONLY
    species: str
    aod: float | None = None
    mass: ArrayLike | None = None
    relative_humidity: float | ArrayLike | str = DEFAULT_HUMIDITY
    profile: Profile | ArrayLike = DEFAULT_PROFILE

    def __post_init__(self) -> None:
        species_bands(self.species)
        if (self.aod is None) == (self.mass is None):
            raise InputError("SpeciesAerosol: give either aod or mass.")
        if self.aod is not None:
            check_number("SpeciesAerosol", "aod", self.aod)
        else:
            object.__setattr__(self, "mass", self._checked_mass())
        if isinstance(self.relative_humidity, str):
            if self.relative_humidity != "atmosphere":
                raise InputError(
                    f"SpeciesAerosol: relative_humidity={self.relative_humidity!r} is unknown; "
                    "give numbers from 0 to 1, or 'atmosphere'."
                )
        else:
            checked_humidity(self.relative_humidity)

    def _checked_mass(self) -> Floats:
        if self.profile is not DEFAULT_PROFILE:
            raise InputError("SpeciesAerosol: mass by layer is a profile; leave profile out.")
        mass = np.array(self.mass, dtype=float)
        if mass.ndim != 1 or not np.isfinite(mass).all() or (mass < 0.0).any():
            raise InputError(
                f"SpeciesAerosol: mass of the shape {mass.shape} must hold one finite value of at "
                "least 0 per layer, top first."
            )
        return mass

    def layer_optics(self, atmosphere: Atmosphere, nodes: BandNodes) -> LayerOptics:
        """Its properties in the layers of an atmosphere."""
        humidity = self._humidity(atmosphere)
        bands = species_bands(self.species, relative_humidity=humidity)
        if bands.ssa.shape[-1] != len(nodes.wavelength):
            raise InputError(
                f"SpeciesAerosol: the optics are for {bands.ssa.shape[-1]} bands, the gas table "
                f"has {len(nodes.wavelength)}; use a gas table of these bands."
            )
        depth = self._depth(atmosphere, humidity)
        return LayerOptics((depth[:, None] * bands.extinction).T, bands.ssa.T, bands.asymmetry.T)

    def _humidity(self, atmosphere: Atmosphere) -> Floats:
        """Relative humidity by layer, for the tables."""
        n_layers = len(atmosphere.temperature_layers)
        if isinstance(self.relative_humidity, str):
            return np.minimum(relative_humidity(atmosphere), 1.0)
        given = np.asarray(self.relative_humidity, dtype=float)
        if given.shape not in ((), (n_layers,)):
            raise InputError(
                f"SpeciesAerosol: relative_humidity has the shape {given.shape}, but there are "
                f"{n_layers} layers; give one per layer, top first, or one number."
            )
        return np.broadcast_to(given, (n_layers,))

    def _depth(self, atmosphere: Atmosphere, humidity: Floats) -> Floats:
        """Optical depth at 550 nm of each layer."""
        if self.aod is not None:
            return self.aod * layer_shares(self.profile, atmosphere=atmosphere)
        mass = np.asarray(self.mass)
        if mass.size != humidity.size:
            raise InputError(
                f"SpeciesAerosol: mass has {mass.size} values, but the atmosphere has "
                f"{humidity.size} layers; give one per layer, top first."
            )
        return mass * mass_extinction(self.species, relative_humidity=humidity)
