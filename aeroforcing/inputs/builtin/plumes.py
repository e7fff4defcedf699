r"""Anthropogenic aerosol by the plumes of MACv2-SP, 1850 to 2023.

Nine plumes around the regions of emission, each of two features i, give the optical depth at 550 nm

.. math:: \tau = \tau_0 \sum_i w_i\, s_i(week)\, Y(year)\,
          \exp\left(-\frac{x_i^2}{2\sigma_{x,i}^2} - \frac{y_i^2}{2\sigma_{y,i}^2}\right),

:math:`\tau_0` being the plume's optical depth in 2005, :math:`w_i` the weight of the feature, s its
annual cycle and Y the plume's emission relative to 2005. x and y are the offsets in longitude and
latitude [degree] from the centre, turned by the feature's angle; the widths :math:`\sigma` differ
west and east of the centre. With height z above sea level the extinction of a plume is a beta
distribution, :math:`\eta^{a-1} (1-\eta)^{b-1}` with :math:`\eta = z / 15\,km`. Along the spectrum,
with :math:`f = \min(1, 700\,nm / \lambda)`,

.. math:: \tau(\lambda) = \tau\, (\lambda / 550\,nm)^{-\alpha}, \quad
          \omega(\lambda) = \frac{\omega f^4}{\omega f^4 + (1 - \omega) f}, \quad
          g(\lambda) = g \sqrt{f}.

References
----------
Stevens, B. et al. (2017), MACv2-SP: a parameterization of anthropogenic aerosol optical properties
and an associated Twomey effect for use in CMIP6, Geosci. Model Dev. 10, 433-452,
doi:10.5194/gmd-10-433-2017. The parameters are version 2.1 of Fiedler and Azoulay (2025) for CMIP7.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
import xarray as xr
from scipy.special import betainc

from aeroforcing.core import resources
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import checked_months
from aeroforcing.core.constants import DAYS_PER_MONTH
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.grids.grid import gaussian_grid, grid_of
from aeroforcing.optics.band_means import BandNodes, spectrum_means

_TOP = 15e3  # m, of the beta distributions

# A place this far east of a centre belongs to its west. Europe's plume reaches across Asia.
_REACH_EAST = {"Europe": 260.0}
_USUAL_REACH = 180.0
_FLAT_UP_TO = 700.0  # nm, from which on SSA and asymmetry parameter fall


@suggest_keywords
def anthropogenic_aerosol(
    year: int, *, grid: str | xr.Dataset = "T42", months: int | Iterable[int] = range(1, 13)
) -> xr.Dataset:
    """Anthropogenic aerosol optical depth of MACv2-SP in the months of a year.

    Parameters
    ----------
    year
        1850 to 2023.
    grid
        A name for `gaussian_grid`, or a Dataset with `lat` and `lon`.
    months
        Calendar months, 1 to 12.

    Returns
    -------
    Dataset of `anthropogenic_aod` (month, lat, lon) and `plume_aod` (plume, month, lat, lon) at
    550 nm [1].

    Raises
    ------
    InputError
        The year is not one of the plumes', the grid is unknown, or the months are not calendar
        months.
    """
    target = gaussian_grid(grid) if isinstance(grid, str) else grid_of(grid)
    chosen = checked_months(months)
    weight = _year_weight(year) * _parameters()["aod"] * _monthly_cycle().sel(month=chosen)
    depth = (weight * _pattern(target["lat"], target["lon"])).sum("feature")
    plumes = depth.transpose("plume", "month", "lat", "lon")
    fields = xr.Dataset({"anthropogenic_aod": plumes.sum("plume"), "plume_aod": plumes})
    bounds = {name: target[name] for name in ("lat_bnds", "lon_bnds")}
    return stamp(fields.assign_coords(bounds).assign_attrs(year=int(year)))


def plume_bands(nodes: BandNodes) -> tuple[Floats, Floats, Floats]:
    """Extinction relative to 550 nm, SSA and asymmetry parameter of the plumes, (plume, band)."""
    parameters = _parameters()
    alpha, ssa, asymmetry = (
        parameters[name].values[:, None, None] for name in ("angstrom", "ssa", "asymmetry")
    )
    f = np.minimum(1.0, _FLAT_UP_TO / nodes.wavelength)
    scattered = ssa * f**4
    return spectrum_means(
        (nodes.wavelength / 550.0) ** -alpha,
        ssa=scattered / (scattered + (1.0 - ssa) * f),
        asymmetry=asymmetry * np.sqrt(f),
        weight=nodes.weight,
    )


def plume_shares(altitude_levels: Floats) -> Floats:
    """Share of each plume's optical depth in the layers, (..., plume, layer) [1].

    Parameters
    ----------
    altitude_levels
        (..., level) above sea level, from the top down [m]; what a plume has below the lowest is
        spread over the rest.
    """
    parameters = _parameters()
    eta = np.clip(altitude_levels[..., None, :] / _TOP, 0.0, 1.0)
    a, b = (parameters[name].values[:, None] for name in ("beta_a", "beta_b"))
    below = betainc(a, b, eta)
    return (below[..., :-1] - below[..., 1:]) / (1.0 - below[..., -1:])


@cache
def _parameters() -> xr.Dataset:
    with xr.open_dataset(resources.path("macv2sp.nc")) as stored:
        return stored.load().astype(float)


def check_year(year: int) -> None:
    """Raise InputError unless the plumes are known in a year."""
    known = _parameters()["year"].values.astype(int)
    if isinstance(year, bool) or year not in known:
        raise InputError(
            f"year={year!r} is not allowed; the plumes are known from {known[0]} to {known[-1]}."
        )


def _year_weight(year: int) -> xr.DataArray:
    """Emission of each plume relative to 2005, (plume,) [1]."""
    check_year(year)
    return _parameters()["year_weight"].sel(year=year, drop=True)


def _monthly_cycle() -> xr.DataArray:
    """Annual cycle of the features by month, the mean over its days, (plume, month, feature)."""
    cycle = _parameters()["annual_cycle"]
    day = np.arange(sum(DAYS_PER_MONTH)) + 0.5
    week = (day / day.size * cycle.sizes["week"]).astype(int)
    month = np.repeat(np.arange(1, 13), DAYS_PER_MONTH)
    by_day = cycle.isel(week=xr.DataArray(week, {"month": ("day", month)}, "day"))
    return by_day.groupby("month").mean("day").transpose("plume", "month", "feature")


def _pattern(lat: xr.DataArray, lon: xr.DataArray) -> xr.DataArray:
    """Weight and Gaussian of each feature at places, (plume, feature, lat, lon) [1]."""
    p = _parameters()
    reach = xr.DataArray(
        [_REACH_EAST.get(str(name), _USUAL_REACH) for name in p["plume"].values],
        coords={"plume": p["plume"]},
    )
    east = lon % 360.0 - p["plume_lon"]
    east = east - 360.0 * np.sign(east) * (abs(east) > reach)
    north = lat - p["plume_lat"]
    cosine, sine = np.cos(p["rotation"]), np.sin(p["rotation"])
    x, y = cosine * east + sine * north, cosine * north - sine * east
    width_x = xr.where(east > 0, p["width_lon_east"], p["width_lon_west"])
    width_y = xr.where(east > 0, p["width_lat_east"], p["width_lat_west"])
    return p["feature_weight"] * np.exp(-0.5 * ((x / width_x) ** 2 + (y / width_y) ** 2))
