"""The results as xarray users write them: `result.aeroforcing.global_mean()` and the like.

Each method is the function of the same name with the dataset as its first argument. xarray loads no
accessors of installed packages, so `aeroforcing` registers this one: when it is imported after
xarray, else when one of its public names that need xarray is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray as xr

from aeroforcing.core.errors import InputError, nearest_name

if TYPE_CHECKING:
    from cartopy.mpl.geoaxes import GeoAxes


@xr.register_dataset_accessor("aeroforcing")
class ResultAccessor:
    """What can be made of a result: a Dataset of `grid_forcing`, `column_forcing` and so on."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def global_mean(self) -> xr.Dataset:
        """Mean over the globe, see `aeroforcing.global_mean`."""
        from aeroforcing.grids.means import global_mean

        return global_mean(self._dataset)

    def annual_mean(self) -> xr.Dataset:
        """Mean over the months, see `aeroforcing.annual_mean`."""
        from aeroforcing.grids.means import annual_mean

        return annual_mean(self._dataset)

    def apply_kernels(self, delta: Any, **options: Any) -> xr.Dataset:
        """The forcing with changed inputs, see `aeroforcing.apply_kernels`."""
        from aeroforcing.analysis.kernel_response import apply_kernels

        return apply_kernels(self._dataset, delta, **options)

    def plot_map(self, variable: str = "forcing_toa", **options: Any) -> GeoAxes:
        """Map of a variable, see `aeroforcing.plot_map`.

        Raises
        ------
        InputError
            There is no such variable, or it cannot be drawn.
        """
        from aeroforcing.output.maps import plot_map

        if variable not in self._dataset:
            known = [str(name) for name in self._dataset.data_vars]
            meant = f"; did you mean {nearest_name(variable, known)!r}?" if known else "."
            raise InputError(f"plot_map: the dataset has no variable {variable!r}{meant}")
        return plot_map(self._dataset[variable], **options)
