"""The built-in aerosol that observation supports: composition, constants and stations.

The method is that of Chung (2012, doi:10.5772/50248): a model's composition, constants of its
species that are fitted to AERONET for this composition, and then the stations themselves. The model
is that of `builtin_aerosol` (Tegen et al. 1997, the amount by MODIS), in which

- dust is scaled to the hemispheric means of MIDAS (Gkikas et al. 2022,
  doi:10.5194/acp-22-3553-2022), 0.056 and 0.008 at 550 nm, by iteration: MODIS keeps the total,
  and the other species share out the rest as the model does;
- black carbon north of 50N is halved, fading out until 40N: models of today have half of the
  optical depth of black carbon that they had in the first phase of AeroCom (Gliss et al. 2021,
  doi:10.5194/acp-21-87-2021), and with the model's own the SSA of Central Europe is 0.87, where
  sites around the Mediterranean have 0.94 to 0.95 at 440 nm (Mallet et al. 2013);
- of the organic carbon over and off African savannas, where grass burns in a hot fire, the share
  `SAVANNA_SHARE` is black carbon: Dobracki et al. (2023, doi:10.5194/acp-23-4775-2023) find little
  organic aerosol per black carbon there, and the SSA of 0.85 needs it.

The co-albedo at 550 nm is that of MERRA-2 for black carbon and E7's for dust; those of organic
carbon and the share of black carbon in savanna smoke are fitted to the stations of
`stations` by `data/make/aerosol_constants.py`, black and organic carbon apart. The
asymmetry parameters are those of E9, but for dust the mean of E9's 0.66, which is AERONET's, and
MERRA-2's 0.742: with the former alone dust has an effect of -1.0 W m-2 in all sky, with the mean
-0.85 (published: -0.48 to +0.20 with thermal radiation, which warms; Kok et al. 2017,
doi:10.1038/ngeo2912). The exponents of absorption are 1.0 for black carbon, 2.0 for organic carbon
and 2.4 for dust (Russell et al. 2010, doi:10.5194/acp-10-1155-2010).

The stations are drawn in by E8, weighted by the inverse fourth power of distance, within `REACH`.
Left out, a station is foretold by the others worse than by the first guess where they reach 1000 km
(rms 0.020 against 0.018) or, as in the paper, everywhere (0.023), so that a station counts in its
own cell of 4 x 5 degrees and hardly beyond; `station_ratio(None)` is the paper's form.
A month without a value at a site that has one in the month beside it takes half of the ratio of
its season, in the logarithm, so that months do not step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import stamp
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.inputs.builtin.aerosol import (
    builtin_aerosol,
    factor_to_observation,
    tegen_climatology,
    to_grid,
    with_sea_salt_modes,
)
from aeroforcing.inputs.builtin.stations import station_climatologies
from aeroforcing.observations.assimilation import assimilate
from aeroforcing.optics.mixtures import (
    DEFAULT_OPTICS,
    OPTICS_IN_WORDS,
    external_mixture,
    mixture_exponents,
    mixture_properties,
    species_array,
)
from aeroforcing.optics.species import SPECIES, SPECIES_ASYMMETRY

AEROSOLS = ("observed", "chung2012")
DEFAULT_AEROSOL = AEROSOLS[0]
DUST_MEANS = {"south": 0.008, "north": 0.056}  # AOD at 550 nm, MIDAS
COALBEDO = {"organic_carbon": 0.023, "black_carbon": 0.75, "dust": 0.043}  # at 550 nm
NORTHERN_BLACK_CARBON = 0.5  # of the model's
SAVANNA_SHARE = 0.19  # of the model's organic carbon that is black
ASYMMETRY = {**SPECIES_ASYMMETRY, "dust": 0.70}  # at 550 nm
ABSORPTION_EXPONENTS = {"organic_carbon": 2.0, "black_carbon": 1.0, "dust": 2.4}
REACH = 4.0e5  # m; farther, stations that are left out are foretold worse than by the first guess

# Africa and its smoke over the Atlantic: the degrees at which the share is full, and 0.
_SAVANNA_LATITUDES = (-35.0, -25.0, 8.0, 15.0)
_SAVANNA_LONGITUDES = (-30.0, -15.0, 40.0, 55.0)
_FEWER_EMISSIONS = (40.0, 50.0)  # degrees_north: none and all of it
_ITERATIONS = 12


def check_aerosol(aerosol: str) -> None:
    """Raise InputError unless `aerosol` is one of `AEROSOLS`."""
    if aerosol not in AEROSOLS:
        raise InputError(f"aerosol={aerosol!r} is unknown; use {' or '.join(map(repr, AEROSOLS))}.")


def chosen_aerosol(
    *,
    grid: xr.Dataset,
    months: Sequence[int] = range(1, 13),
    optics: str = DEFAULT_OPTICS,
    aerosol: str = DEFAULT_AEROSOL,
) -> xr.Dataset:
    """Optical properties and vertical profile of the built-in aerosol of a choice.

    Parameters
    ----------
    grid
        With `lat` and `lon`, e.g. from `gaussian_grid`.
    months
        Calendar months, 1 to 12.
    optics
        Of the species: "chung2012", with the constants of the choice, or "merra2", without
        stations.
    aerosol
        "observed": as this module tells; "chung2012": that of `builtin_aerosol`.

    Returns
    -------
    As of `builtin_aerosol`.

    Raises
    ------
    InputError
        The choice is unknown.
    """
    check_aerosol(aerosol)
    if aerosol == "chung2012":
        return builtin_aerosol(grid=grid, months=months, optics=optics)
    if optics == DEFAULT_OPTICS:
        mixture = observed_optics(grid=grid, months=months)
    else:
        mixture = mixture_properties(observed_species(grid=grid, months=months), optics=optics)
    interface = tegen_climatology().sigma_interface
    profile = observed_layers(grid=grid, months=months)
    return stamp(mixture.assign(aerosol_profile=profile, sigma_interface=interface))


def aerosol_in_words(aerosol: str, optics: str) -> tuple[str, str]:
    """Where the AOD of a choice is from, and where its other optical properties are."""
    amount = "built-in: Tegen et al. (1997) species, amount by MODIS/Terra 2020"
    if aerosol == "chung2012":
        return amount, f"{amount}, with {OPTICS_IN_WORDS[optics]}"
    amount += ", dust by MIDAS"
    if optics != DEFAULT_OPTICS:
        return amount, f"{amount}, with {OPTICS_IN_WORDS[optics]}"
    return amount, f"{amount}, with constants fitted to stations; SSA drawn to the stations"


def observed_optics(*, grid: xr.Dataset, months: Sequence[int]) -> xr.Dataset:
    """The five optical properties of the observed aerosol at 550 nm, with the stations [1].

    Parameters
    ----------
    grid
        With `lat` and `lon`.
    months
        Calendar months, 1 to 12.
    """
    guess = first_guess(grid=grid, months=months)
    ratio = to_grid(station_ratio().sel(month=list(months)), grid)
    ssa = 1.0 - ((1.0 - guess.ssa) * ratio).clip(0.0, 1.0)
    return stamp(guess.assign(ssa=ssa.transpose(*guess.ssa.dims)))


def first_guess(*, grid: xr.Dataset, months: Sequence[int]) -> xr.Dataset:
    """The five optical properties at 550 nm before the stations are drawn in [1].

    Parameters are those of `observed_optics`.
    """
    return mixed(observed_species(grid=grid, months=months))


def mixed(species: xr.Dataset) -> xr.Dataset:
    """Optical properties of the six species with the fitted constants [1]."""
    ssa = _by_species({name: 1.0 - COALBEDO.get(name, 0.0) for name in SPECIES})
    asymmetry = _by_species(ASYMMETRY)
    mixture = external_mixture(species_array(species), ssa, asymmetry, dim="species")
    absorbed = {name: COALBEDO[name] * species[name] for name in COALBEDO}
    exponents = mixture_exponents(
        species, absorbed=absorbed, absorption_slopes=ABSORPTION_EXPONENTS
    )
    return stamp(xr.merge([mixture, exponents]))


def _by_species(values: Mapping[str, float]) -> xr.DataArray:
    return xr.DataArray([values[n] for n in SPECIES], {"species": list(SPECIES)}, "species")


def observed_species(*, grid: xr.Dataset, months: Sequence[int]) -> xr.Dataset:
    """AOD at 550 nm of each species, as `mix_species` takes them, (month, lat, lon) [1].

    Parameters are those of `observed_optics`.
    """
    columns = to_grid(observed_depths().sel(month=list(months)), grid)
    return with_sea_salt_modes(columns.to_dataset("species"))


@cache
def observed_depths() -> xr.DataArray:
    """AOD of each species on the model's grid (month, species, lat, lon) [1]."""
    model = _with_savanna_smoke(_with_later_emissions(tegen_climatology().aod))
    is_dust = model.species == "dust"
    north = _northern_share(model.lat)
    factor = dict.fromkeys(DUST_MEANS, 1.0)
    for _ in range(_ITERATIONS):
        by_latitude = factor["north"] * north + factor["south"] * (1.0 - north)
        scaled = model * xr.where(is_dust, by_latitude, 1.0)
        depths = scaled * factor_to_observation(scaled.sum("species"))
        means = dust_means(depths)
        factor = {side: factor[side] * DUST_MEANS[side] / means[side] for side in factor}
    return depths.transpose("month", "species", "lat", "lon")


def dust_means(depths: xr.DataArray) -> dict[str, float]:
    """Annual means of the dust AOD of both hemispheres [1]."""
    dust = annual_mean(depths.sel(species="dust"))
    south = (dust.lat < 0) + 0.5 * (dust.lat == 0)
    shares = {"south": south, "north": 1.0 - south}
    return {
        side: float(global_mean(dust * share) / global_mean(xr.ones_like(dust) * share))
        for side, share in shares.items()
    }


def _northern_share(lat: xr.DataArray) -> xr.DataArray:
    """How far a latitude belongs to the north: 0 to 1 between 10S and 10N."""
    return ((lat + 10.0) / 20.0).clip(0.0, 1.0)


def _with_later_emissions(aod: xr.DataArray) -> xr.DataArray:
    """The model's AOD with less black carbon in the north."""
    factor = np.interp(aod.lat, _FEWER_EMISSIONS, [1.0, NORTHERN_BLACK_CARBON])
    by_latitude = aod.lat.copy(data=factor)
    return aod * xr.where(aod.species == "black_carbon", by_latitude, 1.0)


def _with_savanna_smoke(aod: xr.DataArray) -> xr.DataArray:
    """The model's AOD with more black and less organic carbon in the smoke of savannas."""
    lon = (aod.lon + 180.0) % 360.0 - 180.0
    share = SAVANNA_SHARE * _inside(aod.lat, _SAVANNA_LATITUDES) * _inside(lon, _SAVANNA_LONGITUDES)
    moved = share * aod.sel(species="organic_carbon", drop=True)
    gain = xr.where(aod.species == "black_carbon", 1.0, 0.0)
    loss = xr.where(aod.species == "organic_carbon", 1.0, 0.0)
    return (aod + moved * (gain - loss)).transpose(*aod.dims)


def _inside(degrees: xr.DataArray, limits: tuple[float, float, float, float]) -> xr.DataArray:
    """1 between the inner limits, 0 beyond the outer ones, linear between."""
    return degrees.copy(data=np.interp(degrees, limits, [0.0, 1.0, 1.0, 0.0]))


def observed_layers(*, grid: xr.Dataset, months: Sequence[int]) -> xr.DataArray:
    """Share of the AOD in each layer, top first (month, lat, lon, sigma_layer) [1]."""
    chosen = {"month": list(months)}
    share = tegen_climatology().layer_share.sel(chosen)
    layers = to_grid((observed_depths().sel(chosen) * share).sum("species"), grid)
    profile = layers / layers.sum("sigma_layer")
    return profile.transpose("month", "lat", "lon", "sigma_layer").rename("aerosol_profile")


@cache
def station_ratio(reach: float | None = REACH) -> xr.DataArray:
    """Co-albedo of the analysis over that of the first guess, (month, lat, lon) [1].

    Parameters
    ----------
    reach
        How far a station is drawn in [m]; None without end, as in the paper.
    """
    guess = _guess_on_source_grid()
    analysis = assimilate(guess.ssa, stations_for(guess), quantity="ssa", radius=reach)
    return ((1.0 - analysis.ssa) / (1.0 - guess.ssa)).rename("ratio").drop_attrs()


def _guess_on_source_grid() -> xr.Dataset:
    return mixed(with_sea_salt_modes(observed_depths().to_dataset("species")))


def stations_for(guess: xr.Dataset) -> xr.Dataset:
    """The stations, with SSA in the months beside those of their season too.

    Parameters
    ----------
    guess
        The first guess: `ssa` and `aod` over (month, lat, lon).
    """
    stations = station_climatologies()
    places = {"lat": stations.lat, "lon": stations.lon % 360.0}
    there = guess[["ssa", "aod"]].sel(places, method="nearest").drop_vars(["lat", "lon"])
    seen = stations.ssa.notnull()
    weight = there.aod.where(seen)
    season = {
        "site": ((1.0 - stations.ssa) * weight).sum("month"),
        "guess": ((1.0 - there.ssa) * weight).sum("month"),
    }
    ratio = season["site"] / season["guess"].where(season["guess"] > 0)
    beside = ~seen & (
        seen.roll(month=1, roll_coords=False) | seen.roll(month=-1, roll_coords=False)
    )
    halved = (1.0 - (1.0 - there.ssa) * np.sqrt(ratio)).where(beside)
    return stations.assign(ssa=stations.ssa.fillna(halved.clip(0.0, 1.0)))
