"""Figures look as they did: compared with kept pictures, and any change of meaning is noticed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from helpers.forcing_samples import sample_forcing
from helpers.pictures import (
    BASELINE,
    difference,
    save,
    skip_with_other_versions,
    wants_new_pictures,
)
from matplotlib.axes import Axes

from aeroforcing.core.variables import stamp
from aeroforcing.output.maps import plot_map, plot_maps
from aeroforcing.output.sweeps import plot_sweep
from aeroforcing.output.zonal_means import plot_zonal_means

FORCING = sample_forcing()


def known_sweep() -> xr.Dataset:
    """A sweep of straight lines."""
    ssa = np.linspace(0.7, 1.0, 7)
    lines = {"toa": 14.0 - 16.0 * ssa, "surface": -40.0 + 36.0 * ssa}
    lines["atmosphere"] = lines["toa"] - lines["surface"]
    fields = {f"forcing_{level}": ("ssa", line) for level, line in lines.items()}
    fields |= {f"{name}_stderr": ("ssa", np.full(7, 0.5)) for name in fields}
    critical = {"critical_ssa": 0.875, "critical_ssa_stderr": 0.03}
    return stamp(xr.Dataset({**fields, **critical}, {"ssa": ssa}, {"base": "AOD 0.1, clear sky"}))


def known_plane() -> xr.Dataset:
    """A sweep over two parameters."""
    aod, ssa = np.linspace(0.0, 1.0, 6), np.linspace(0.7, 1.0, 7)
    field = 20.0 * np.outer(aod, 0.9 - ssa) / 0.1
    variable = (("aod", "ssa"), field)
    return stamp(xr.Dataset({"forcing_toa": variable}, {"aod": aod, "ssa": ssa}, {"base": "test"}))


def map_of_toa(**settings) -> Axes:
    return plot_map(FORCING["forcing_toa"], stderr=FORCING["forcing_toa_stderr"], **settings)


PICTURES: dict[str, Callable[[], Axes]] = {
    "map_annual": map_of_toa,
    "map_region": lambda: map_of_toa(projection="platecarree", extent=(120, 240, -40, 40), month=7),
    "map_aod_missing": lambda: plot_map(FORCING["aod"].where(FORCING["lat"] > -60)),
    "map_difference": lambda: plot_map(
        FORCING["forcing_toa"], reference=FORCING["forcing_toa_cs"], season="JJA"
    ),
    "map_seasons": lambda: plot_maps(FORCING["forcing_surface_cs"])[0],
    "sweep_curves": lambda: plot_sweep(known_sweep()),
    "sweep_plane": lambda: plot_sweep(known_plane()),
    "zonal_means": lambda: plot_zonal_means(FORCING),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_figure_looks_as_it_did(name, tmp_path):
    if wants_new_pictures():
        BASELINE.mkdir(exist_ok=True)
        save(PICTURES[name](), BASELINE / f"{name}.png")
    skip_with_other_versions()
    assert difference(PICTURES[name](), name, tmp_path) is None


CHANGES = {
    "another title": lambda: map_of_toa(title="Total aerosol direct radiative effect, all-sky"),
    "another level": lambda: map_of_toa(levels=[-4, -3, -2, -1, 0.9, 2, 3, 4]),
    "another projection": lambda: map_of_toa(projection="platecarree"),
    "another month": lambda: map_of_toa(month=1),
    "no error": lambda: plot_map(FORCING["forcing_toa"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_map_is_noticed(change, tmp_path):
    skip_with_other_versions()
    assert "not match" in str(difference(CHANGES[change](), "map_annual", tmp_path)) or (
        "size" in str(difference(CHANGES[change](), "map_annual", tmp_path))
    )


def test_a_changed_label_of_a_sweep_is_noticed(tmp_path):
    skip_with_other_versions()
    axes = plot_sweep(known_sweep())
    axes.set_ylabel("aerosol forcing [W m-2]")
    assert difference(axes, "sweep_curves", tmp_path) is not None
