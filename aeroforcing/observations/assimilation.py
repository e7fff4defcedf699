"""Drawing a field towards station values, with weights that fall with the fourth power of distance.

With A_i the value of station i, B_i the background in the cell of the station, B_j the background
in cell j and d_ij their distance, the analysis N_j is (Chung 2012, doi:10.5772/50248)

    AOD (E6)            N_j = B_j * sum_i(A_i / d_ij^4) / sum_i(B_i / d_ij^4)
    SSA (E8)            1 - N_j = (1 - B_j) * sum_i((1 - A_i) / d_ij^4) / sum_i((1 - B_i) / d_ij^4)
    the others (E11)    N_j = B_j + sum_i((A_i - B_i) / d_ij^4) / sum_i(1 / d_ij^4)

The distance runs from the centre of the cell to the station but is 1 km in the cell that holds
the station, which so takes the station's value. The sums of the paper have no end, by which the
remote ocean takes the ratio of all stations in the world. Here they end at a search radius: with
the taper t(d), which falls from 1 to 0 like a cosine over the outer part of the radius, the
weights are t(d) / d^4 and the analysis is B_j + t(d of the nearest station) * (N_j - B_j), which
leaves no step anywhere. `radius=None` is the paper's form.

A station in whose cell the background is zero (of SSA: the co-albedo) has no ratio; in the sums it
would multiply all around it without bound, so E6 and E8 leave it out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from aeroforcing.core.compiled import compiled
from aeroforcing.core.constants import EARTH_RADIUS
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import STDERR_SUFFIX, VARIABLES, stamp
from aeroforcing.grids.sphere import great_circle_arc, square_of_chord
from aeroforcing.observations.fields import clip_to_range, on_axes_of
from aeroforcing.observations.stations import Matchup, Observations, match

# m; monthly means of AOD correlate over 1000 to 2000 km, and the sparse parts of the network
# (Africa, Siberia, the oceans) have stations that far apart.
RADIUS = 2.0e6
TAPER = 0.5
OWN_CELL_DISTANCE = 1.0e3  # m

# m; Mauna Loa (3402 m) and Izana (2401 m) look down on the aerosol of the ocean around them.
MAX_ELEVATION_DIFFERENCE = 1500.0

# A co-albedo beyond 0 to 1 or an asymmetry parameter beyond 1 has no meaning at all and is clipped.
# An optical depth or exponent beyond the allowed range is left as the equation has it, and counted.
_CLIPPED = ("ssa", "asymmetry")


@dataclass(frozen=True)
class Weighting:
    """How much a station counts at a distance.

    Attributes
    ----------
    power : float
        Power of the distance that the weight falls with [1].
    radius : float or None
        Search radius [m]; None has no end.
    taper : float
        Outer share of the radius over which the influence falls to zero [1].
    """

    power: float = 4.0
    radius: float | None = RADIUS
    taper: float = TAPER

    def __post_init__(self) -> None:
        if not self.power > 0:
            raise InputError(f"power {self.power} must be positive.")
        if self.radius is not None and not self.radius > OWN_CELL_DISTANCE:
            raise InputError(f"radius {self.radius} m must be above 1 km, or None for no end.")
        if not 0 <= self.taper <= 1:
            raise InputError(f"taper {self.taper} must be a share of the radius, 0 to 1.")

    @property
    def reach(self) -> tuple[float, float]:
        """Distances at which the influence starts to fall and at which it ends [m]."""
        if self.radius is None:
            return np.inf, np.inf
        return (1.0 - self.taper) * self.radius, self.radius

    @property
    def attributes(self) -> dict[str, float | str]:
        """What to record in the output."""
        radius = "unlimited" if self.radius is None else float(self.radius)
        attributes: dict[str, float | str] = {"assimilation_power": float(self.power)}
        attributes["assimilation_radius"] = radius
        attributes["assimilation_radius_units"] = "m"
        attributes["assimilation_taper"] = float(self.taper)
        return attributes


@suggest_keywords
def assimilate(
    background: xr.DataArray,
    stations: xr.Dataset,
    *,
    quantity: str,
    power: float = 4.0,
    radius: float | None = RADIUS,
    taper: float = TAPER,
    max_elevation_difference: float | None = MAX_ELEVATION_DIFFERENCE,
    surface_altitude: xr.DataArray | None = None,
) -> xr.Dataset:
    """Adjust a field to station values by inverse distance (E6, E8, E11 of Chung 2012).

    Parameters
    ----------
    background : xarray.DataArray
        The field over `lat`, `lon` and perhaps `month`; NaN where missing, and stays so.
    stations : xarray.Dataset
        `quantity` over `station` and perhaps `month`, NaN where missing, with coordinates `lat`,
        `lon` [degrees] and `elevation` [m]. Where it also holds `aod` (and `ssa`), SSA and the
        asymmetry parameter of stations in one cell are averaged weighted with them.
    quantity : {"aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom"}
        What is adjusted.
    power : float
        Power of the distance that the weights fall with [1].
    radius : float or None
        Search radius [m]; None takes all stations everywhere, as the paper does.
    taper : float
        Outer share of the radius over which the influence falls smoothly to zero [1].
    max_elevation_difference : float or None
        Stations higher than this above the surface are left out [m]; None keeps all.
    surface_altitude : xarray.DataArray, optional
        Altitude of the surface on the grid of `background` [m]; without it, sea level.

    Returns
    -------
    xarray.Dataset
        On the grid of `background`: `quantity`, its `increment` over the background, and
        `n_stations`, how many stations are in reach. A background without months is used for
        every month of the stations, and stations without months in every month of the
        background. The attributes record the settings, the stations that were left out and why,
        the number of cells that kept the background because the background is zero at all
        stations in reach, of values of SSA and asymmetry parameter that were clipped to the
        allowed range, and of values of the other quantities that are beyond it.

    Raises
    ------
    InputError
        Values out of range, missing coordinates, unknown quantity or meaningless settings.
    """
    weighting = Weighting(power=power, radius=radius, taper=taper)
    matchup = match(
        background,
        stations,
        quantity=quantity,
        max_elevation_difference=max_elevation_difference,
        surface_altitude=surface_altitude,
    )
    analysis, counts = np.empty_like(matchup.background), np.zeros_like(matchup.background)
    zeros = without_ratio = 0
    for month, seen in enumerate(matchup.months()):
        without_ratio += int((_terms(seen, quantity)[1] == 0.0).sum())
        own = np.full(len(matchup.places), -1)
        own[seen.cell] = np.arange(seen.cell.size)
        first_guess = matchup.background[month]
        targets = Targets(matchup.places, own, first_guess)
        analysis[month], counts[month], zero = adjusted(targets, seen, quantity, weighting)
        zeros += int(zero.sum())
    clipped = clip_to_range(analysis, quantity) if quantity in _CLIPPED else 0
    beyond = int(VARIABLES[quantity].out_of_range(analysis).sum())
    result = analysis_dataset(matchup, analysis, counts, background)
    result.attrs = {"assimilation_method": "inverse_distance", **weighting.attributes}
    result.attrs |= elevation_attributes(max_elevation_difference) | matchup.counts
    if quantity == "aod":
        result.attrs |= _factors(analysis, matchup.background)
    return result.assign_attrs(
        zero_denominator_cells=zeros,
        station_months_without_ratio=without_ratio,
        clipped_cells=clipped,
        out_of_range_cells=beyond,
    )


def _factors(analysis: np.ndarray, background: np.ndarray) -> dict[str, float]:
    """The least and the largest factor between background and analysis."""
    factors = analysis[background > 0] / background[background > 0]
    low, high = (factors.min(), factors.max()) if factors.size else (1.0, 1.0)
    return {"smallest_factor": float(low), "largest_factor": float(high)}


@dataclass(frozen=True)
class Targets:
    """Cells at which an analysis is wanted."""

    places: np.ndarray  # (cell, 3) unit vectors of the centres
    own: np.ndarray  # number of the observation in the cell, -1 for none
    background: np.ndarray  # NaN where missing


def adjusted(
    targets: Targets,
    seen: Observations,
    quantity: str,
    weighting: Weighting,
    *,
    leave_out_own: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Analysis of one month at some cells.

    Parameters
    ----------
    targets : Targets
        The cells.
    seen : Observations
        What the stations and the background say where the stations are.
    quantity : str
        Which of E6, E8 and E11 is used.
    weighting : Weighting
        The weights of the stations.
    leave_out_own : bool
        Do without the observation in the cell itself, to see how well the others foretell it.

    Returns
    -------
    tuple of numpy.ndarray
        The analysis, the number of stations in reach, and where a zero denominator left the
        background.
    """
    upper, lower = _terms(seen, quantity)
    sums, counts = inverse_distance_sums(
        targets.places, targets.own, seen.places, upper, lower, seen.members,
        weighting.power, *weighting.reach, leave_out_own,
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = sums[0] / sums[1]
    usable = np.isfinite(ratio)
    change = _change(targets.background, np.where(usable, ratio, np.nan), quantity)
    analysis = targets.background + np.where(usable, sums[2] * change, 0.0)
    return analysis, counts, (counts > 0) & ~usable & np.isfinite(targets.background)


def _terms(seen: Observations, quantity: str) -> tuple[np.ndarray, np.ndarray]:
    """What is summed over the stations above and below the fraction."""
    if quantity == "aod":
        return seen.observed, seen.background
    if quantity == "ssa":
        return 1.0 - seen.observed, 1.0 - seen.background
    return seen.observed - seen.background, np.ones_like(seen.background)


def _change(background: np.ndarray, ratio: np.ndarray, quantity: str) -> np.ndarray:
    """Analysis minus background from the fraction of the two sums."""
    if quantity == "aod":
        return background * (ratio - 1.0)
    if quantity == "ssa":
        return (1.0 - background) * (1.0 - ratio)
    return np.broadcast_to(ratio, background.shape)


@compiled
def inverse_distance_sums(
    targets, own, stations, upper, lower, members, power, inner, outer, leave_out_own
):
    """Sums over stations at every target, all points as unit vectors.

    Returns the sum of `upper` and that of `lower` over distance [km] to the power, the influence
    of the nearest station (1 within `inner`, 0 from `outer` on), and the count of stations in
    reach. `own` is the station in the cell of the target, -1 for none. A station whose `lower` is
    zero tells no ratio: it is counted, but not summed.
    """
    sums = np.zeros((3, len(targets)))
    counts = np.zeros(len(targets))
    farthest = 4.0 * np.sin(min(outer / EARTH_RADIUS, np.pi) / 2.0) ** 2
    for cell in range(len(targets)):
        for station in range(len(stations)):
            if station == own[cell]:
                if leave_out_own:
                    continue
                distance, influence = OWN_CELL_DISTANCE, 1.0
            else:
                chord = square_of_chord(targets[cell], stations[station])
                if chord > farthest:
                    continue
                distance = max(great_circle_arc(chord), OWN_CELL_DISTANCE)
                influence = _taper(distance, inner, outer)
            if influence > 0.0:
                counts[cell] += members[station]
                if lower[station] != 0.0:
                    weight = influence / _raised(distance / 1.0e3, power)
                    sums[0, cell] += weight * upper[station]
                    sums[1, cell] += weight * lower[station]
                    sums[2, cell] = max(sums[2, cell], influence)
    return sums, counts


@compiled
def _raised(distance, power):
    """Power of a distance; the fourth, of every station for every cell, without the slow way."""
    if power == 4.0:
        square = distance * distance
        return square * square
    return distance**power


@compiled
def _taper(distance, inner, outer):
    """Influence at a distance: 1 to `inner`, then half a cosine down to 0 at `outer`."""
    if distance <= inner:
        return 1.0
    if distance >= outer:
        return 0.0
    return 0.5 * (1.0 + np.cos(np.pi * (distance - inner) / (outer - inner)))


def analysis_dataset(
    matchup: Matchup,
    analysis: np.ndarray,
    counts: np.ndarray,
    background: xr.DataArray,
    error: np.ndarray | None = None,
) -> xr.Dataset:
    """The analysis, its increment and the number of stations, on the axes of the background."""
    template = matchup.template
    name = str(template.name)

    def field(values: np.ndarray) -> xr.DataArray:
        return template.copy(data=values.reshape(template.shape)).drop_attrs()

    fields = {
        name: field(analysis),
        "increment": field(analysis - matchup.background),
        "n_stations": field(counts).astype(np.int32),
    }
    if error is not None:
        fields[f"{name}{STDERR_SUFFIX}"] = field(error)
    return stamp(on_axes_of(xr.Dataset(fields), background))


def elevation_attributes(max_elevation_difference: float | None) -> dict[str, float | str]:
    """The elevation filter, as attributes of the output."""
    if max_elevation_difference is None:
        return {"max_elevation_difference": "unlimited"}
    return {
        "max_elevation_difference": float(max_elevation_difference),
        "max_elevation_difference_units": "m",
    }
