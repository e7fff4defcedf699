"""Shortwave gas optics: absorption and Rayleigh scattering by the RRTMGP k-distribution.

The method is that of Pincus, Mlawer and Delamere (2019), doi:10.1029/2019MS001621, section 2.
Each of the 14 bands is a set of g-points; at every g-point the tables hold

* k_major  [cm2 molecule-1] on (temperature, log pressure, eta, g), the absorption by the two key
  species of the band, per molecule of their combined amount;
* k_minor  on (temperature, eta, contributor), the further absorbers of the band, each scaled by
  the density of the air and by the share of water vapour or of everything else where the table
  says so;
* k_rayleigh on (region, temperature, eta, g), scattering per molecule of moist air.

eta = N1 / (N1 + r N2) is the binary species parameter of the key species' amounts N1 and N2, with
r the ratio of their reference mole fractions at the temperature of the grid point: eta, and the
combined amount N1 + r N2, are therefore found at both neighbouring temperatures. Interpolation is
linear in temperature, log pressure and eta. Key species and minor absorbers differ between two
regions, the lower and the upper atmosphere, which meet near 100 hPa.

Layers run from the top down. Results are on (layer, g), g contiguous. In the loops over g,
max(index, 0) promises the compiler that no index counts from the end: it halves the time.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core.arrays import Floats
from aeroforcing.core.compiled import compiled, inner
from aeroforcing.core.constants import AVOGADRO, GRAVITY, MOLAR_MASS_DRY_AIR, MOLAR_MASS_WATER
from aeroforcing.optics.gas_table import DRY_AIR, H2O, LOWER, NO_GAS, UPPER, GasTable


def layer_pressure(pressure_levels: Floats) -> Floats:
    """Mean pressure of each layer between its levels, logarithmic: dp / d(log p).

    It is the mean over the layer's thickness (over altitude, where temperature is constant).

    Parameters
    ----------
    pressure_levels
        (..., n + 1) pressures at the layers' bounds, rising [Pa].

    Returns
    -------
    numpy.ndarray
        (..., n) [Pa].
    """
    logarithm = np.log(pressure_levels)
    thickness = pressure_levels[..., 1:] - pressure_levels[..., :-1]
    return thickness / (logarithm[..., 1:] - logarithm[..., :-1])


class _Stencil(NamedTuple):
    """Neighbours in the tables for each layer (and band) of a column, and their weights."""

    region: NDArray[np.int64]  # (layer,) LOWER or UPPER
    temperature: NDArray[np.int64]  # (layer,) place of the colder neighbour
    pressure: NDArray[np.int64]  # (layer,) place of the neighbour at higher pressure, in k_major
    f_pressure: Floats  # (layer,) fraction of the way from it to the next
    eta: NDArray[
        np.int64
    ]  # (layer, band, 2) place of the lower eta at the colder, warmer temperature
    weight: Floats  # (layer, band, 2, 2) on (temperature, eta); the four sum to 1
    key_weight: Floats  # weight times the combined amount of the key species [cm-2]


@compiled
def dry_air_amount(pressure_top: float, pressure_bottom: float, h2o: float) -> float:
    """Molecules of dry air in a layer of hydrostatic moist air [cm-2], h2o per dry air."""
    moist_mass = (MOLAR_MASS_DRY_AIR + MOLAR_MASS_WATER * h2o) / AVOGADRO  # kg per dry molecule
    return 1e-4 * (pressure_bottom - pressure_top) / (GRAVITY * moist_mass)


@inner
def _species_amounts(pressure_levels: Floats, mole_fractions: Floats) -> Floats:
    """Molecules of dry air and of `GASES` in each layer, (layer, species) [cm-2]."""
    n_gases, n_layers = mole_fractions.shape
    amounts = np.empty((n_layers, 1 + n_gases))
    for layer in range(n_layers):
        dry_air = dry_air_amount(
            pressure_levels[layer], pressure_levels[layer + 1], mole_fractions[H2O - 1, layer]
        )
        amounts[layer, DRY_AIR] = dry_air
        for gas in range(n_gases):
            amounts[layer, 1 + gas] = dry_air * mole_fractions[gas, layer]
    return amounts


@inner
def _place_in(grid: Floats, value: float) -> tuple[int, float]:
    """Lower neighbour on an evenly spaced grid and the fraction of the way to the next."""
    position = (value - grid[0]) / (grid[1] - grid[0])
    place = min(max(int(position), 0), len(grid) - 2)
    return place, position - place


@inner
def _binary_species(
    amount_1: float, amount_2: float, ratio: float, n_eta: int
) -> tuple[float, int, float]:
    """Combined amount of two key species, the place of eta on its grid and the fraction."""
    combined = amount_1 + ratio * amount_2
    eta = amount_1 / combined if combined > 0.0 else 0.5
    position = eta * (n_eta - 1)
    place = min(int(position), n_eta - 2)
    return combined, place, position - place


@inner
def _empty_stencil(n_layers: int, n_bands: int) -> _Stencil:
    return _Stencil(
        region=np.empty(n_layers, np.int64),
        temperature=np.empty(n_layers, np.int64),
        pressure=np.empty(n_layers, np.int64),
        f_pressure=np.empty(n_layers),
        eta=np.empty((n_layers, n_bands, 2), np.int64),
        weight=np.empty((n_layers, n_bands, 2, 2)),
        key_weight=np.empty((n_layers, n_bands, 2, 2)),
    )


@inner
def _place_layers(table: GasTable, pressure_layers: Floats, stencil: _Stencil) -> None:
    """Region of each layer and its place in pressure."""
    for layer in range(len(pressure_layers)):
        log_pressure = log(pressure_layers[layer])
        region = LOWER if log_pressure > table.tropopause_log_pressure else UPPER
        place, fraction = _place_in(table.log_pressure_ref, log_pressure)
        stencil.region[layer] = region
        stencil.pressure[layer] = place + region  # each region has its own level at the tropopause
        stencil.f_pressure[layer] = fraction


@inner
def _place_bands(
    table: GasTable, temperature_layers: Floats, amounts: Floats, stencil: _Stencil
) -> None:
    """Temperature of each layer, eta of each band in it, and the weights of the neighbours."""
    key_species, key_ratio = table.key_species, table.key_ratio
    n_eta = table.k_major.shape[2]
    eta, weight, key_weight = stencil.eta, stencil.weight, stencil.key_weight
    for layer in range(len(temperature_layers)):
        t, f_temperature = _place_in(table.temperature_ref, temperature_layers[layer])
        stencil.temperature[layer] = t
        region = stencil.region[layer]
        for band in range(eta.shape[1]):
            amount_1 = amounts[layer, key_species[region, band, 0]]
            amount_2 = amounts[layer, key_species[region, band, 1]]
            for warm in range(2):
                combined, place, f_eta = _binary_species(
                    amount_1, amount_2, key_ratio[region, band, t + warm], n_eta
                )
                share = f_temperature if warm else 1.0 - f_temperature
                eta[layer, band, warm] = place
                weight[layer, band, warm, 0] = share * (1.0 - f_eta)
                weight[layer, band, warm, 1] = share * f_eta
                key_weight[layer, band, warm, 0] = combined * share * (1.0 - f_eta)
                key_weight[layer, band, warm, 1] = combined * share * f_eta


@inner
def _set_major(
    k: NDArray[np.float32], limits: NDArray[np.int64], stencil: _Stencil, tau: Floats
) -> None:
    """Absorption by the key species: trilinear in temperature, log pressure and eta."""
    temperature, pressure, f_pressure = stencil.temperature, stencil.pressure, stencil.f_pressure
    eta, weight = stencil.eta, stencil.key_weight
    for layer in range(tau.shape[0]):
        t, p, f = temperature[layer], pressure[layer], f_pressure[layer]
        for band in range(len(limits)):
            c, w = eta[layer, band]  # lower eta at the colder and at the warmer temperature
            cold_low, cold_high = weight[layer, band, 0]
            warm_low, warm_high = weight[layer, band, 1]
            for g in range(max(limits[band, 0], 0), limits[band, 1]):
                near = (
                    cold_low * k[t, p, c, g]
                    + cold_high * k[t, p, c + 1, g]
                    + warm_low * k[t + 1, p, w, g]
                    + warm_high * k[t + 1, p, w + 1, g]
                )
                far = (
                    cold_low * k[t, p + 1, c, g]
                    + cold_high * k[t, p + 1, c + 1, g]
                    + warm_low * k[t + 1, p + 1, w, g]
                    + warm_high * k[t + 1, p + 1, w + 1, g]
                )
                tau[layer, g] = near + f * (far - near)


@inner
def _set_rayleigh(
    k: NDArray[np.float32],
    limits: NDArray[np.int64],
    stencil: _Stencil,
    amounts: Floats,
    tau: Floats,
) -> None:
    """Rayleigh scattering by moist air: bilinear in temperature and eta."""
    temperature, region = stencil.temperature, stencil.region
    eta, weight = stencil.eta, stencil.weight
    for layer in range(tau.shape[0]):
        t, r = temperature[layer], region[layer]
        moist_air = amounts[layer, DRY_AIR] + amounts[layer, H2O]
        for band in range(len(limits)):
            c, w = eta[layer, band]
            cold_low, cold_high = weight[layer, band, 0]
            warm_low, warm_high = weight[layer, band, 1]
            for g in range(max(limits[band, 0], 0), limits[band, 1]):
                tau[layer, g] = moist_air * (
                    cold_low * k[r, t, c, g]
                    + cold_high * k[r, t, c + 1, g]
                    + warm_low * k[r, t + 1, w, g]
                    + warm_high * k[r, t + 1, w + 1, g]
                )


@inner
def _minor_amounts(
    table: GasTable, pressure_layers: Floats, temperature_layers: Floats, amounts: Floats
) -> Floats:
    """Amount of each minor absorber in each layer, scaled as the table demands."""
    species, by_density = table.minor_species, table.minor_by_density
    scaling, by_complement = table.minor_scaling_species, table.minor_by_complement
    scaled = np.empty((len(pressure_layers), len(species)))
    for layer in range(len(pressure_layers)):
        density = 0.01 * pressure_layers[layer] / temperature_layers[layer]  # hPa K-1, as tabulated
        moist_air = amounts[layer, DRY_AIR] + amounts[layer, H2O]
        for minor in range(len(species)):
            amount = amounts[layer, species[minor]]
            if by_density[minor]:
                amount *= density
            if scaling[minor] != NO_GAS:
                share = amounts[layer, scaling[minor]] / moist_air
                amount *= 1.0 - share if by_complement[minor] else share
            scaled[layer, minor] = amount
    return scaled


@inner
def _add_minor(table: GasTable, stencil: _Stencil, minor_amounts: Floats, tau: Floats) -> None:
    """Absorption by the minor absorbers: bilinear in temperature and eta."""
    k, limits, minor_range, starts = (
        table.k_minor, table.band_limits_g, table.minor_range, table.minor_start
    )  # fmt: skip
    temperature, region = stencil.temperature, stencil.region
    eta, weight = stencil.eta, stencil.weight
    for layer in range(tau.shape[0]):
        t, r = temperature[layer], region[layer]
        for band in range(len(limits)):
            c, w = eta[layer, band]
            cold_low, cold_high = weight[layer, band, 0]
            warm_low, warm_high = weight[layer, band, 1]
            first = max(limits[band, 0], 0)
            for minor in range(minor_range[r, band, 0], minor_range[r, band, 1]):
                amount = minor_amounts[layer, minor]
                start = max(starts[minor], 0)
                for i in range(limits[band, 1] - first):
                    tau[layer, first + i] += amount * (
                        cold_low * k[t, c, start + i]
                        + cold_high * k[t, c + 1, start + i]
                        + warm_low * k[t + 1, w, start + i]
                        + warm_high * k[t + 1, w + 1, start + i]
                    )


@inner
def _clip_negative(tau: Floats) -> None:
    """Set to 0 what interpolation left just below it."""
    for layer in range(tau.shape[0]):
        for g in range(tau.shape[1]):
            tau[layer, g] = max(tau[layer, g], 0.0)


@compiled
def gas_optics(
    table: GasTable,
    pressure_levels: Floats,
    pressure_layers: Floats,
    temperature_layers: Floats,
    mole_fractions: Floats,
    tau_absorption: Floats,
    tau_rayleigh: Floats,
) -> None:
    """Optical depths of gas absorption and of Rayleigh scattering of one column.

    Nothing is checked here: layer pressures must lie in 1.005..109663 Pa and temperatures in
    160..355 K, the range of the tables.

    Parameters
    ----------
    table
        GasTable.
    pressure_levels
        (n + 1,) from the top down [Pa].
    pressure_layers
        (n,), see `layer_pressure` [Pa].
    temperature_layers
        (n,) [K].
    mole_fractions
        (gas, n) in the order of `GASES`, per dry air [mol mol-1].
    tau_absorption, tau_rayleigh
        (n, g) float64, written to.
    """
    limits = table.band_limits_g
    amounts = _species_amounts(pressure_levels, mole_fractions)
    stencil = _empty_stencil(len(pressure_layers), len(limits))
    _place_layers(table, pressure_layers, stencil)
    _place_bands(table, temperature_layers, amounts, stencil)
    _set_major(table.k_major, limits, stencil, tau_absorption)
    _set_rayleigh(table.k_rayleigh, limits, stencil, amounts, tau_rayleigh)
    minor = _minor_amounts(table, pressure_layers, temperature_layers, amounts)
    _add_minor(table, stencil, minor, tau_absorption)
    _clip_negative(tau_absorption)
