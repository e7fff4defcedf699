"""The gaseous atmosphere of one column: pressures, temperatures and mole fractions of its gases.

Levels and layers run from the top down; mole fractions are per dry air. The six reference
atmospheres are those of Anderson, Clough, Kneizys, Chetwynd and Shettle (1986), AFGL Atmospheric
Constituent Profiles, AFGL-TR-86-0110.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from functools import cache

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from aeroforcing.columns.by_value import ByValue, range_words
from aeroforcing.columns.layer_means import average_layers
from aeroforcing.core import resources
from aeroforcing.core.arrays import Floats
from aeroforcing.core.constants import (
    AVOGADRO,
    DOBSON_UNIT,
    GRAVITY,
    MOLAR_MASS_DRY_AIR,
    MOLAR_MASS_WATER,
)
from aeroforcing.core.errors import InputError, nearest_name, suggest_keywords
from aeroforcing.optics.gas_table import GASES
from aeroforcing.optics.gases import layer_pressure

PRESSURE_RANGE = (1.0052, 109663.0)  # Pa, of layers: the range of the RRTMGP tables
TOP_PRESSURE = 1.02  # Pa, of levels, just within them
TEMPERATURE_RANGE = (160.0, 355.0)  # K, likewise

_log = logging.getLogger(__name__)

# Well-mixed gases per dry air. CO2, CH4 and N2O: global means of 2019, IPCC AR6 WG1 table 2.2,
# doi:10.1017/9781009157896.004. O2 and N2: US Standard Atmosphere 1976. The tables hold no
# shortwave absorption by CO; its entry only fills the place.
WELL_MIXED = {
    "co2": 409.9e-6,
    "n2o": 332.1e-9,
    "co": 0.1e-6,
    "ch4": 1866.3e-9,
    "o2": 0.20948,
    "n2": 0.78084,
}

STANDARD_ATMOSPHERES = (
    "tropical",
    "midlatitude_summer",
    "midlatitude_winter",
    "subarctic_summer",
    "subarctic_winter",
    "us_standard",
)

# 61 layers, fine where aerosol, cloud and most of the water vapour are [m], top first.
STANDARD_LEVELS = np.concatenate(
    [
        np.arange(80e3, 50e3, -2500.0),
        np.arange(50e3, 25e3, -1250.0),
        np.arange(25e3, 4e3, -1000.0),
        np.arange(4e3, -1.0, -500.0),
    ]
)
LARGEST_OZONE = 1000.0  # Dobson units; the highest that was ever measured is near 600


@suggest_keywords
@dataclass(frozen=True, eq=False)
class Atmosphere(ByValue):
    """Pressure, temperature and gases of one column, from the top down.

    Parameters
    ----------
    pressure_levels
        (n + 1,) at the bounds of the layers, strictly increasing downward [Pa]. A top at 0, as of
        half levels of models, is set to `TOP_PRESSURE`, with a warning.
    temperature_layers
        (n,) 160 to 355 [K].
    mole_fractions
        Gas name -> (n,) array or one number, per dry air [mol mol-1], 0 to 1. `h2o` and `o3` are
        needed; `co2`, `ch4`, `n2o`, `o2`, `n2` and `co` default to `WELL_MIXED`.
    altitude_levels
        (n + 1,) strictly decreasing downward [m].

    Raises
    ------
    InputError
        A shape, an order, a gas or a value is wrong.
    """

    _: KW_ONLY
    pressure_levels: Floats
    temperature_layers: Floats
    mole_fractions: Mapping[str, ArrayLike]
    altitude_levels: Floats

    def __post_init__(self) -> None:
        for name in ("pressure_levels", "temperature_layers", "altitude_levels"):
            object.__setattr__(self, name, _vector(name, getattr(self, name)))
        n_layers = len(self.temperature_layers)
        _check_length("pressure_levels", self.pressure_levels, n_layers + 1)
        _check_length("altitude_levels", self.altitude_levels, n_layers + 1)
        _check_downward("pressure_levels", self.pressure_levels, rising=True)
        _check_downward("altitude_levels", self.altitude_levels, rising=False)
        _cut_top(self.pressure_levels)
        _check_pressures(self.pressure_levels)
        _check_range("temperature_layers", self.temperature_layers, TEMPERATURE_RANGE, "K")
        object.__setattr__(self, "mole_fractions", _all_gases(self.mole_fractions, n_layers))
        _check_ozone(np.asarray(self.pressure_levels), np.asarray(self.mole_fractions["o3"]))

    def __repr__(self) -> str:
        levels, km = self.pressure_levels / 100.0, self.altitude_levels / 1000.0
        h2o = np.asarray(self.mole_fractions["h2o"])
        return "\n".join(
            [
                f"Atmosphere of {len(self.temperature_layers)} layers",
                f"  pressure: {range_words(levels, unit='hPa')}",
                f"  altitude: {range_words(km, unit='km')}",
                f"  temperature: {range_words(self.temperature_layers, unit='K')}",
                f"  water vapour: {precipitable_water(self.pressure_levels, h2o=h2o):.3g} mm",
                f"  CO2: {range_words(1e6 * np.asarray(self.mole_fractions['co2']), unit='ppm')}",
            ]
        )

    def mole_fraction_array(self) -> Floats:
        """Mole fractions per dry air, (gas, layer) in the order of `GASES`."""
        return np.array([self.mole_fractions[gas] for gas in GASES])


def _check_ozone(pressure: Floats, ozone: Floats) -> None:
    """Refuse an ozone column that no atmosphere has: a wrong unit of the mole fractions."""
    dry_air = np.diff(pressure) / GRAVITY / MOLAR_MASS_DRY_AIR  # mol m-2
    column = float(np.sum(ozone * dry_air)) * AVOGADRO / DOBSON_UNIT
    if column > LARGEST_OZONE:
        raise InputError(
            f"Atmosphere: the ozone column is {column:.4g} Dobson units; no more than "
            f"{LARGEST_OZONE:g} are allowed. Give o3 as mole fraction, not in ppm."
        )


def _vector(name: str, values: ArrayLike) -> Floats:
    try:
        array = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"Atmosphere: {name} must hold numbers: {error}") from error
    if array.ndim != 1 or array.size == 0:
        raise InputError(
            f"Atmosphere: {name} has the shape {array.shape}; give one dimension, top first."
        )
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise InputError(
            f"Atmosphere: {name} has {bad.size} of {array.size} values that are not finite, the "
            f"first at {bad[0]} (counted from 0 at the top); fill them first."
        )
    return array


def _check_length(name: str, array: Floats, length: int) -> None:
    if len(array) != length:
        raise InputError(
            f"Atmosphere: {name} has {len(array)} values, but temperature_layers has "
            f"{length - 1} layers, which have {length} levels."
        )


def _check_downward(name: str, levels: Floats, *, rising: bool) -> None:
    steps = np.diff(levels) if rising else -np.diff(levels)
    if (steps > 0).all():
        return
    word = "increase" if rising else "decrease"
    if (steps < 0).all():
        raise InputError(
            f"Atmosphere: {name} runs from the surface up; levels and layers run from the top "
            f"down, so {name} must {word}. Reverse all arrays."
        )
    i = int(np.flatnonzero(steps <= 0)[0])
    raise InputError(
        f"Atmosphere: {name} must {word} from every level to the one below; at {i} and {i + 1} "
        f"(counted from 0 at the top) are {levels[i]:g} and {levels[i + 1]:g}."
    )


def _cut_top(levels: Floats) -> None:
    """Let the highest layer begin within the gas tables where it begins at 0 Pa; this is told."""
    if levels[0] == 0.0 and levels[1] > TOP_PRESSURE:
        levels[0] = TOP_PRESSURE
        _log.warning(
            "Atmosphere: pressure_levels starts at 0 Pa; the air above %g Pa is left out, where "
            "the gas tables end", TOP_PRESSURE,
        )  # fmt: skip


def _check_pressures(levels: Floats) -> None:
    if levels[0] <= 0.0:
        raise InputError(
            f"Atmosphere: pressure_levels starts at {levels[0]:g} Pa; the top must be above 0, "
            "for example 1 Pa."
        )
    _check_range("the mean pressure of layers", layer_pressure(levels), PRESSURE_RANGE, "Pa")


def _check_range(name: str, values: Floats, limits: tuple[float, float], unit: str) -> None:
    low, high = limits
    bad = np.flatnonzero((values < low) | (values > high))
    if bad.size:
        raise InputError(
            f"Atmosphere: {name} has {bad.size} of {values.size} values outside {low:g} to "
            f"{high:g} {unit}, the first {values[bad[0]]:g} in layer {bad[0]} (counted from 0 at "
            "the top); check the units."
        )


def _all_gases(given: Mapping[str, ArrayLike], n_layers: int) -> dict[str, Floats]:
    """Checked mole fractions of every gas of `GASES`, the well-mixed ones filled in."""
    for gas in given:
        if gas not in GASES:
            raise InputError(
                f"Atmosphere: mole_fractions has the unknown gas {gas!r}; did you mean "
                f"{nearest_name(gas, GASES)!r}? Known are {', '.join(GASES)}."
            )
    missing = [gas for gas in ("h2o", "o3") if gas not in given]
    if missing:
        raise InputError(
            f"Atmosphere: mole_fractions lacks {' and '.join(missing)}; only the well-mixed gases "
            f"({', '.join(WELL_MIXED)}) have defaults."
        )
    values = {**WELL_MIXED, **given}
    return {gas: _mole_fraction(gas, values[gas], n_layers) for gas in GASES}


def _mole_fraction(gas: str, values: ArrayLike, n_layers: int) -> Floats:
    name = f"mole_fractions[{gas!r}]"
    array = _vector(name, np.full(n_layers, values) if np.ndim(values) == 0 else values)
    if len(array) != n_layers:
        raise InputError(
            f"Atmosphere: {name} has {len(array)} values, but temperature_layers has {n_layers}; "
            "give one per layer, or one number."
        )
    _check_range(name, array, (0.0, 1.0), "mol mol-1")
    return array


@suggest_keywords
def standard_atmosphere(name: str, *, levels: ArrayLike | None = None) -> Atmosphere:
    """One of the six AFGL atmospheres of 1986, with its own gases (CO2 330 ppm).

    Between the tabulated altitudes the logarithms of pressure and mole fractions, and temperature,
    are linear in altitude; layers hold means weighted by the density of the air.

    Parameters
    ----------
    name
        tropical, midlatitude_summer, midlatitude_winter, subarctic_summer, subarctic_winter or
        us_standard.
    levels
        Altitudes of the layers' bounds, 0 to 80000, top first [m]; by default `STANDARD_LEVELS`,
        61 layers.

    Raises
    ------
    InputError
        The name is unknown, or the levels are not altitudes from the top down within 0-80 km.

    References
    ----------
    Anderson et al. (1986), AFGL-TR-86-0110.
    """
    if name not in STANDARD_ATMOSPHERES:
        raise InputError(
            f"standard_atmosphere: unknown name {name!r}; did you mean "
            f"{nearest_name(name, STANDARD_ATMOSPHERES)!r}? Known are "
            f"{', '.join(STANDARD_ATMOSPHERES)}."
        )
    altitude = _checked_levels(STANDARD_LEVELS if levels is None else levels)
    profile = afgl_profiles().sel(atmosphere=name)
    moist = np.stack([profile[gas].values for gas in GASES])
    pressure, temperature, fractions = average_layers(
        profile.altitude.values, np.log(profile.pressure.values), profile.temperature.values,
        np.log(moist), altitude,
    )  # fmt: skip
    dry = fractions / (1.0 - fractions[GASES.index("h2o")])
    return Atmosphere(
        pressure_levels=pressure,
        temperature_layers=temperature,
        mole_fractions=dict(zip(GASES, dry, strict=True)),
        altitude_levels=altitude,
    )


def _checked_levels(levels: ArrayLike) -> Floats:
    altitude = _vector("levels", levels)
    _check_downward("levels", altitude, rising=False)
    top = STANDARD_LEVELS[0]
    if altitude[0] > top or altitude[-1] < 0.0 or len(altitude) < 2:
        raise InputError(
            f"standard_atmosphere: levels has {len(altitude)} altitudes from {altitude[0]:g} to "
            f"{altitude[-1]:g} m; give at least 2 within 0 to {top:g} m."
        )
    return altitude


@cache
def afgl_profiles() -> xr.Dataset:
    """The six atmospheres as tabulated, on (atmosphere, altitude), from the top down.

    `pressure` [Pa], `temperature` [K] and the gases of `GASES` as mole fractions in *moist* air.
    """
    with xr.open_dataset(resources.path("afgl1986.nc")) as stored:
        return stored.isel(altitude=slice(None, None, -1)).load()


def precipitable_water(pressure_levels: Floats, *, h2o: Floats) -> Floats:
    """Mass of water vapour in columns, as the depth of liquid water.

    Parameters
    ----------
    pressure_levels
        (..., n + 1) from the top down [Pa].
    h2o
        (..., n) mole fraction per dry air [mol mol-1].

    Returns
    -------
    numpy.ndarray
        (...) [mm], the same as [kg m-2].
    """
    vapour = MOLAR_MASS_WATER * h2o
    share = vapour / (MOLAR_MASS_DRY_AIR + vapour)
    return (np.diff(pressure_levels, axis=-1) * share).sum(axis=-1) / GRAVITY


def relative_humidity(atmosphere: Atmosphere) -> Floats:
    """Relative humidity of the layers over liquid water, which may pass 1 in cold layers.

    Saturation pressure by Bolton (1980), Mon. Weather Rev. 108, 1046-1053,
    doi:10.1175/1520-0493(1980)108<1046:TCOEPT>2.0.CO;2, eq. 10.

    Returns
    -------
    numpy.ndarray
        (n,) [1].
    """
    celsius = atmosphere.temperature_layers - 273.15
    saturation = 611.2 * np.exp(17.67 * celsius / (celsius + 243.5))
    h2o = np.asarray(atmosphere.mole_fractions["h2o"])
    return h2o / (1.0 + h2o) * layer_pressure(atmosphere.pressure_levels) / saturation
