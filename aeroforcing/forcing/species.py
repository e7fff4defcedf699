"""The radiative effect of each aerosol of a mixture, two ways.

- *leave-one-out*: flux(all) - flux(all but this one), the effect of adding it last;
- *add-one-in*: flux(this one) - flux(none), the effect of adding it first.

Effects do not add up: aerosols shade each other and scatter each other's light. The closure gap is
the effect of all together minus the sum over the species, which for a thin mixture is small, and of
opposite sign in the two ways.

Every effect is sampled as a difference itself (`over_background`), all of them from the same random
numbers, so that the error of the gap is that of its replicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.columns.aerosol_mixture import mix_layers
from aeroforcing.columns.aerosols import LayerOptics
from aeroforcing.columns.column import Column, check_skies_listed, column_arrays
from aeroforcing.columns.phase_mixing import own_phase
from aeroforcing.core.checks import check_between, checked_months
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.forcing.column import REPLICATES, of_months, run_settings
from aeroforcing.forcing.over_background import change_over_background
from aeroforcing.optics.band_means import planck_band_nodes
from aeroforcing.optics.gas_table import GasTable
from aeroforcing.optics.spectrum import Wavelengths, checked_part
from aeroforcing.optics.sun import Sun, sun_over_months
from aeroforcing.transport.column_optics import Columns
from aeroforcing.transport.estimates import (
    Replicates,
    forcing_replicates,
    means_and_errors,
    samples_per_replicate,
)

LEAVE_ONE_OUT, ADD_ONE_IN = METHODS = ("leave_one_out", "add_one_in")


class Effort(NamedTuple):
    """How many samples, and from which random numbers."""

    samples: NDArray[np.int64]  # (cell,) of each replicate
    replicates: int
    seed: int


@suggest_keywords
def species_forcing(
    column: Column,
    *,
    latitude: float,
    names: Sequence[str] | None = None,
    months: int | Iterable[int] = range(1, 13),
    photons: int,
    seed: int = 0,
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    wavelengths: Wavelengths | None = None,
) -> xr.Dataset:
    """Radiative effect of each aerosol of a column, leave-one-out and add-one-in, by month.

    Parameters
    ----------
    column
        With several aerosols.
    latitude
        [degrees north]
    names
        Of its aerosols, in order; by default the species of a `SpeciesAerosol`, and "aerosol 1"
        and so on of others.
    months
        1..12; each is averaged over all its days, of a 365-day year.
    photons
        Number of samples of each month, sky and effect, rounded up to 64 x a power of two.
    seed
        Root of the random numbers, which all effects share on purpose, and all columns too.
    solar_constant
        Irradiance at 1 AU [W m-2].
    gas_table
        "g112", or the path of an RRTMGP shortwave table.
    wavelengths
        Lower and upper limit of a part of the spectrum [um]; by default all of it.

    Returns
    -------
    xarray.Dataset
        `forcing_toa, forcing_atmosphere, forcing_surface` of all aerosol over `month`;
        `species_forcing_toa` ... over (attribution, species, month); `closure_gap_toa` ... over
        (attribution, month), the effect of all minus the sum over the species; all-sky and with
        `_cs` for clear sky, each with `<name>_stderr` [W m-2]. A single number for `months` leaves
        no dimension of months.

    Raises
    ------
    InputError
        A value is outside its range, there is no aerosol, or the names do not fit.
    """
    check_between("latitude", latitude, -90.0, 90.0)
    chosen, species = checked_months(months), _names(column, names)
    table, share = checked_part(gas_table, wavelengths=wavelengths, solar_constant=solar_constant)
    samples = samples_per_replicate(photons, REPLICATES)
    sun = sun_over_months(latitude=latitude, month=chosen, solar_constant=solar_constant * share)
    columns = column_arrays([column] * len(chosen), table=table, cell_id=chosen)
    check_skies_listed(columns, owner="species_forcing")
    if columns.variability.row.size > 0:
        raise InputError(
            "species_forcing: the aerosols of the background are part of the clouds, whose optical "
            "depth must not vary; give clouds without inhomogeneity (fractional_std)."
        )
    results = means_and_errors(
        attributed(
            table,
            columns,
            sun,
            species=_species_optics(column, table, cells=len(chosen)),
            skies=("", "_cs"),
            effort=Effort(np.full(len(chosen), samples), REPLICATES, seed),
        )
    )
    effects = xr.Dataset(
        {name: (dims_of(name, ("month",)), value) for name, value in results.items()},
        coords={"month": chosen, "species": species, "attribution": list(METHODS)},
        attrs=run_settings(samples, seed, solar_constant, gas_table, wavelengths),
    )
    return stamp(of_months(effects, months))


def dims_of(name: str, cells: tuple[str, ...]) -> tuple[str, ...]:
    """Dimensions of a variable of an attribution, before those of the cells."""
    leading = {
        "species_forcing": ("attribution", "species"),
        "closure_gap": ("attribution",),
        "species_aod": ("species",),
    }
    own = [dims for start, dims in leading.items() if name.startswith(start)]
    return (*own[0], *cells) if own else cells


def _names(column: Column, names: Sequence[str] | None) -> list[str]:
    members = column.aerosols
    if any(own_phase(member) is not None for member in members):
        raise InputError(
            "species_forcing: a background of other aerosols scatters by Henyey-Greenstein; give "
            "each Aerosol an asymmetry parameter instead of a phase_function."
        )
    if not members:
        raise InputError("species_forcing: the column has no aerosol whose effect could be told.")
    if names is None:
        names = [getattr(m, "species", f"aerosol {i}") for i, m in enumerate(members, 1)]
    if len(names) != len(members) or len(set(names)) < len(members):
        raise InputError(
            f"species_forcing: names={list(names)} do not fit the {len(members)} aerosols of the "
            "column; give each its own name."
        )
    return [str(name) for name in names]


def _species_optics(column: Column, table: GasTable, *, cells: int) -> list[LayerOptics]:
    """Optics of each aerosol of a column, (cell, band, layer), the same in all cells."""
    nodes = planck_band_nodes(table.band_limits_wavenumber)
    return [
        LayerOptics(*(np.repeat(values[None], cells, axis=0) for values in optics))
        for optics in (m.layer_optics(column.atmosphere, nodes) for m in column.aerosols)
    ]


def attributed(
    table: GasTable,
    columns: Columns,
    sun: Sun,
    *,
    species: Sequence[LayerOptics],
    skies: Iterable[str],
    effort: Effort,
    methods: Sequence[str] = METHODS,
) -> Replicates:
    """Effects of all aerosol, of each species, and the closure gaps, name -> (..., replicate).

    Parameters
    ----------
    table, columns, sun
        As of `integrals.solve`; the aerosol of the columns does not matter.
    species
        Optics of each, (cell, band, layer).
    skies
        Suffixes of the skies: "" with clouds, "_cs" without.
    effort
        Samples and random numbers.
    methods
        Of `METHODS`.

    Returns
    -------
    `forcing_...` (cell, replicate), `species_forcing_...` (attribution, species, cell, replicate)
    and `closure_gap_...` (attribution, cell, replicate).
    """
    shape = species[0].extinction.shape
    everything = mix_layers(species, shape=shape)
    nothing = mix_layers([], shape=shape)
    others = [
        mix_layers([s for j, s in enumerate(species) if j != i], shape=shape)
        for i in range(len(species))
    ]
    backgrounds = {LEAVE_ONE_OUT: others, ADD_ONE_IN: [nothing] * len(species)}
    results: Replicates = {}
    for sky in skies:

        def effect(aerosol: LayerOptics, background: LayerOptics, sky: str = sky) -> Replicates:
            return effect_over(
                table, columns, sun, aerosol=aerosol, background=background, sky=sky, effort=effort
            )

        total = effect(everything, nothing)
        parts = [
            [effect(own, rest) for own, rest in zip(species, backgrounds[method], strict=True)]
            for method in methods
        ]
        for name, whole in total.items():
            each = np.stack([[part[name] for part in members] for members in parts])
            results[name] = whole
            results[f"species_{name}"] = each
            results[name.replace("forcing_", "closure_gap_")] = whole - each.sum(axis=1)
    return results


def effect_over(
    table: GasTable,
    columns: Columns,
    sun: Sun,
    *,
    aerosol: LayerOptics,
    background: LayerOptics,
    sky: str,
    effort: Effort,
) -> Replicates:
    """Forcing by an aerosol over a background of another, name -> (cell, replicate).

    Parameters
    ----------
    table, columns, sun
        As of `integrals.solve`; the aerosol of the columns does not matter.
    aerosol, background
        Optics, (cell, band, layer).
    sky
        Suffix of the sky: "" with clouds, "_cs" without.
    effort
        Samples and random numbers.
    """
    own = columns._replace(
        aerosol_extinction=np.ascontiguousarray(aerosol.extinction),
        aerosol_ssa=np.ascontiguousarray(aerosol.ssa),
        aerosol_asymmetry=np.ascontiguousarray(aerosol.asymmetry),
    )
    change = change_over_background(
        table,
        own,
        sun,
        background=background,
        cloudy=sky == "",
        samples=effort.samples,
        replicates=effort.replicates,
        seed=effort.seed,
    )
    return forcing_replicates(change, sky)
