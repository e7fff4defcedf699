"""The built-in clouds: ISCCP C2 amounts of seven exclusive types, monthly.

The amounts are means over boxes of 10 x 15 degrees, interpolated between the centres of the boxes.
ISCCP C2 ends at 58S and 62N here; the caps beyond are filled by a membrane that continues the
edge and relaxes within 2000 km to the zonal mean of the outermost row of boxes, month by month and
type by type (clouds over ice are badly seen from above, and no amounts of these types exist there).
`cloud_filled` marks the rows that are filled.

Two corrections bring them to later observation (`corrected`):

- Between 25S and 25N all amounts are multiplied by `TROPICAL_FACTOR`, which fades out until 35
  degrees: with the amounts of ISCCP C2 clouds there reflect 5.6 W m-2 more than CERES sees (EBAF
  Ed4.1, annual mean of 30S-30N), in the other two thirds of the globe 0.3 W m-2 more. The factor
  takes away two thirds of it, for clear sky is 2 W m-2 darker than CERES's.
- South of 75S there are no clouds but thin ice clouds, of the mean of two covers: 45 to 50 % at the
  South Pole in summer (Town et al. 2007, doi:10.1175/JCLI4005.1) and 28 % at Concordia, where nine
  of ten clouds are of ice (Cossich et al. 2021, doi:10.5194/acp-21-13811-2021).
  Between 65S and 75S, over the slopes, amounts pass from one to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import xarray as xr

from aeroforcing.core import resources
from aeroforcing.core.variables import stamp
from aeroforcing.grids.interpolation import interpolate, relaxed
from aeroforcing.optics.clouds import CLOUD_TYPES

OBSERVED_LATITUDES = (-58.0, 62.0)  # degrees_north
TROPICAL_FACTOR = 0.92  # of the amounts between 25S and 25N
PLATEAU_COVER = 0.37  # of thin ice clouds ("cirrus") over the Antarctic plateau
_TROPICS = (25.0, 35.0)  # degrees from the equator: full, and no correction
_PLATEAU = (-75.0, -65.0)  # degrees_north: full, and none of it


def builtin_clouds(
    *, grid: xr.Dataset, months: Sequence[int] = range(1, 13), corrected: bool = False
) -> xr.Dataset:
    """Amounts, optical depths and heights of the built-in cloud types.

    Parameters
    ----------
    grid
        With `lat` and `lon`, e.g. from `gaussian_grid`.
    months
        Calendar months, 1 to 12.
    corrected
        Whether the amounts are corrected in the tropics and over Antarctica.

    Returns
    -------
    Dataset of `cloud_fraction` (month, cloud_type, lat, lon) [1], `cloud_optical_depth`
    (cloud_type) [1], `cloud_base` and `cloud_top` (cloud_type, lat) [m above sea level] and
    `cloud_filled` (lat) [1 where the amounts are a continuation].
    """
    amounts = _amounts().sel(month=list(months))
    lat, lon = grid.lat.values, grid.lon.values
    fraction = interpolate(
        amounts.values, lat=amounts.lat.values, lon=amounts.lon.values, to_lat=lat, to_lon=lon
    )
    if corrected:
        fraction = _corrected(fraction, lat)
    south, north = OBSERVED_LATITUDES
    heights = ("cloud_type", "lat")
    return stamp(
        xr.Dataset(
            {
                "cloud_fraction": (amounts.dims, fraction),
                "cloud_optical_depth": ("cloud_type", [t.optical_depth for t in CLOUD_TYPES]),
                "cloud_base": (heights, np.stack([t.base.at(lat) for t in CLOUD_TYPES])),
                "cloud_top": (heights, np.stack([t.top.at(lat) for t in CLOUD_TYPES])),
                "cloud_filled": ("lat", ((lat < south) | (lat > north)).astype(np.int8)),
            },
            {
                "month": amounts.month,
                "cloud_type": [t.name for t in CLOUD_TYPES],
                "lat": grid.lat,
                "lon": grid.lon,
            },
        )
    )


def _corrected(fraction: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Amounts (month, cloud_type, lat, lon) with the corrections of the tropics and Antarctica."""
    tropical = np.interp(np.abs(lat), _TROPICS, [TROPICAL_FACTOR, 1.0])
    plateau = np.interp(lat, _PLATEAU, [1.0, 0.0])[:, np.newaxis]
    is_thin_ice = np.array([t.name == "cirrus" for t in CLOUD_TYPES])
    cover = PLATEAU_COVER * is_thin_ice[:, np.newaxis, np.newaxis]
    return fraction * tropical[:, np.newaxis] * (1.0 - plateau) + cover * plateau


@cache
def _amounts() -> xr.DataArray:
    """Amounts by type in boxes, the polar caps filled (month, cloud_type, lat, lon) [1]."""
    with xr.open_dataset(resources.path("observed_10x15.nc")) as stored:
        observed = stored["cloud_fraction"].load().sel(cloud_type=[t.name for t in CLOUD_TYPES])
    return xr.apply_ufunc(
        _continued,
        observed,
        input_core_dims=[["lat", "lon"]],
        output_core_dims=[["lat", "lon"]],
        vectorize=True,
        kwargs={"lat": observed.lat.values, "lon": observed.lon.values},
    )


def _continued(boxes: np.ndarray, *, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """One map with its polar caps filled."""
    rows = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    edge = np.where(lat < 0, boxes[rows[0]].mean(), boxes[rows[-1]].mean())
    return relaxed(boxes, lat=lat, lon=lon, towards=edge[:, np.newaxis])
