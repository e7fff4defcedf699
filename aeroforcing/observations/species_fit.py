"""The optical constants of the species, from stations: how the numbers of E7 and E9 came about.

A model gives the optical depth of each species, stations the optical properties of their mixture.
The criteria are those of Chung (2012, doi:10.5772/50248), sections 4.2 and 4.3:

dust SSA
    the mean SSA of the sites where the absorption Angstrom exponent is that of dust, about 2.4;
SSA of carbonaceous aerosol (black carbon and organic matter)
    such that the mean over the sites of model SSA (E7, with the above) minus station SSA is zero;
asymmetry parameters of carbonaceous aerosol, sulfate and dust
    the least-squares match of E9 to the stations, with sea salt as it is.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from aeroforcing.core.canonical import canonicalise
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.grids.axes import standard_axes
from aeroforcing.observations.assimilation import MAX_ELEVATION_DIFFERENCE
from aeroforcing.observations.stations import match
from aeroforcing.optics.mixtures import mixture_by_paper
from aeroforcing.optics.species import SPECIES, SPECIES_ASYMMETRY, SPECIES_SCATTERING

DUST_AAE = (2.41, 2.42)
FITTED = ("carbonaceous", "dust", "sulfate")
_CARBONACEOUS = ("organic_carbon", "black_carbon")


@suggest_keywords
def fit_species(
    model: xr.Dataset,
    stations: xr.Dataset,
    *,
    dust_aae: tuple[float, float] = DUST_AAE,
    max_elevation_difference: float | None = MAX_ELEVATION_DIFFERENCE,
) -> xr.Dataset:
    """Recover the species constants of E7 and E9 from stations.

    Parameters
    ----------
    model : xarray.Dataset
        AOD at 550 nm of the six species, as in `mix_species`, over `lat`,
        `lon` and perhaps `month`.
    stations : xarray.Dataset
        `ssa`, `asymmetry` and either `absorption_angstrom` or both `angstrom` and
        `coalbedo_angstrom` over `station` and perhaps `month`, with coordinates `lat`, `lon`
        [degrees] and `elevation` [m]. With `aod`, means over months are weighted by it.
    dust_aae : tuple of float
        Least and greatest absorption Angstrom exponent (mean of a site) of a dust site [1].
    max_elevation_difference : float or None
        Stations higher than this above sea level are left out [m]; None keeps all.

    Returns
    -------
    xarray.Dataset
        Over `species` (carbonaceous, dust, sulfate): `ssa` and `asymmetry`, with their standard
        errors `<name>_stderr`. Those of the SSA come from the scatter between sites, NaN where a
        single site gave the value; those of the asymmetry parameters from the scatter of the
        station-months about the fit. Sulfate has an SSA of 1 by assumption. The attributes tell
        the numbers of sites.

    Raises
    ------
    InputError
        Missing variables, no dust site, or stations that cannot tell the species apart.
    """
    species = standard_axes(_species(model), source="the model")
    network = canonicalise(stations, source="the stations")
    dust, dust_error, dust_sites = _dust_ssa(network, dust_aae)
    arguments = {"max_elevation_difference": max_elevation_difference}
    mixture = mixture_by_paper(species)
    seen_ssa = _samples(mixture["ssa"], species, network, arguments)
    carbon, carbon_error, sites = _carbonaceous_ssa(*seen_ssa, dust, dust_error)
    seen_asymmetry = _samples(mixture["asymmetry"], species, network, arguments)
    asymmetry, asymmetry_error = _asymmetries(*seen_asymmetry[1:])
    result = xr.Dataset(
        {
            "ssa": ("species", [carbon, dust, 1.0]),
            "ssa_stderr": ("species", [carbon_error, dust_error, 0.0]),
            "asymmetry": ("species", asymmetry),
            "asymmetry_stderr": ("species", asymmetry_error),
        },
        coords={"species": list(FITTED)},
        attrs={"dust_aae": list(dust_aae), "dust_sites": dust_sites, "ssa_sites": sites},
    )
    return stamp(result)


def _species(model: xr.Dataset) -> xr.Dataset:
    """The AOD of the six species by their plain names."""
    names = {name if name in model else f"aod_{name}": name for name in SPECIES}
    absent = [plain for name, plain in names.items() if name not in model]
    if absent:
        raise InputError(f"the model has no AOD of {', '.join(absent)}; give zeros if it has none.")
    return model[list(names)].rename(names)


def _dust_ssa(network: xr.Dataset, window: tuple[float, float]) -> tuple[float, float, int]:
    """Mean SSA of the dust sites, its standard error, and their number."""
    exponent = _site_means(_absorption_exponent(network), network)
    ssa = _site_means(network["ssa"], network)
    chosen = (exponent >= window[0]) & (exponent <= window[1]) & np.isfinite(ssa)
    values, count = ssa[chosen], int(chosen.sum())
    if not count:
        raise InputError(
            f"no station has a mean absorption Angstrom exponent of {window[0]} to {window[1]} "
            f"with an SSA; they range from {np.nanmin(exponent):.3f} to {np.nanmax(exponent):.3f}. "
            "Widen dust_aae."
        )
    scatter = values.std(ddof=1) if count > 1 else np.nan
    return float(values.mean()), float(scatter / np.sqrt(count)), count


def _absorption_exponent(network: xr.Dataset) -> xr.DataArray:
    """Absorption Angstrom exponent of the stations."""
    if "absorption_angstrom" in network:
        return network["absorption_angstrom"]
    for name in ("angstrom", "coalbedo_angstrom", "ssa"):
        if name not in network:
            raise InputError(f"the stations have no {name}; they hold {list(network.data_vars)}.")
    return network["angstrom"] + network["coalbedo_angstrom"]


def _site_means(values: xr.DataArray, network: xr.Dataset) -> np.ndarray:
    """Mean of every site over the months, weighted by AOD where there is any."""
    if "month" not in values.dims:
        return np.asarray(values, dtype=float)
    if "aod" not in network:
        return np.asarray(values.mean("month"), dtype=float)
    weights = network["aod"].where(network["aod"] > 0).fillna(0.0)
    return np.asarray(values.weighted(weights).mean("month"), dtype=float)


def _samples(
    mixture: xr.DataArray, species: xr.Dataset, network: xr.Dataset, arguments: dict
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cell, station value and AOD of the species (sample, species) of all cells and months."""
    name = str(mixture.name)
    matchup = match(mixture, network, quantity=name, **arguments)
    tau = [species[name].broadcast_like(matchup.template) for name in SPECIES]
    by_month = np.stack([field.transpose(*matchup.template.dims) for field in tau], axis=-1)
    by_month = by_month.reshape(*matchup.background.shape, len(SPECIES))
    seen = list(matchup.months())
    cells = np.concatenate([month.cell for month in seen])
    if not cells.size:
        raise InputError(f"no station has {name} where the model has aerosol: {matchup.counts}.")
    observed = np.concatenate([month.observed for month in seen])
    amounts = np.concatenate([tau[month.cell] for tau, month in zip(by_month, seen, strict=True)])
    return cells, observed, amounts


def _share(amounts: np.ndarray, *names: str) -> np.ndarray:
    """Share of some species in the sum of all, for every sample."""
    columns = [SPECIES.index(name) for name in names]
    return amounts[:, columns].sum(axis=1) / amounts.sum(axis=1)


def _carbonaceous_ssa(
    cells: np.ndarray,
    observed: np.ndarray,
    amounts: np.ndarray,
    dust_ssa: float,
    dust_error: float,
) -> tuple[float, float, int]:
    """SSA of carbonaceous aerosol that makes the mean difference zero, its error, the sites."""
    carbon, dust = _share(amounts, *_CARBONACEOUS), _share(amounts, "dust")
    left_over = observed - dust_ssa * dust - (1.0 - carbon - dust)
    sites, dust, carbon = (_means_by(cells, values) for values in (left_over, dust, carbon))
    if not carbon.mean() > 0:
        raise InputError("the model has no carbonaceous aerosol at any station with SSA.")
    ssa = sites.mean() / carbon.mean()
    scatter = (sites - ssa * carbon).std(ddof=1) / np.sqrt(sites.size) if sites.size > 1 else np.nan
    # A dust SSA that is too high by its error is made up for by the carbonaceous one.
    from_dust = dust_error * dust.mean() if dust.any() else 0.0
    return float(ssa), float(np.hypot(scatter, from_dust) / carbon.mean()), int(sites.size)


def _means_by(cells: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean over the samples of each cell."""
    _, group, count = np.unique(cells, return_inverse=True, return_counts=True)
    return np.bincount(group, values) / count


def _asymmetries(observed: np.ndarray, amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Asymmetry parameters of the fitted species by least squares, and their standard errors."""
    scattering = amounts * [SPECIES_SCATTERING[name] for name in SPECIES]
    groups = (_CARBONACEOUS, ("dust",), ("sulfate",))
    shares = np.stack([_share(scattering, *group) for group in groups], axis=1)
    sea_salt = sum(
        SPECIES_ASYMMETRY[name] * _share(scattering, name)
        for name in ("sea_salt_fine", "sea_salt_coarse")
    )
    if np.linalg.matrix_rank(shares) < shares.shape[1]:
        raise InputError(
            f"{observed.size} station values of the asymmetry parameter cannot tell "
            f"{', '.join(FITTED)} apart; more stations with other mixtures are needed."
        )
    fitted, *_ = np.linalg.lstsq(shares, observed - sea_salt, rcond=None)
    residual = observed - sea_salt - shares @ fitted
    freedom = observed.size - fitted.size
    variance = residual @ residual / freedom if freedom else np.nan
    return fitted, np.sqrt(variance * np.diag(np.linalg.inv(shares.T @ shares)))
