"""Mean optical depth of clouds: the one that reflects as much as they do together."""

from __future__ import annotations

import xarray as xr

# Two-stream albedo of a cloud without absorption is x / (1 + x), x = (1 - g) tau / 2, g = 0.86.
_ALBEDO_SCALE = 0.07


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
