"""The accessor of datasets: the functions of the package, and when it is there."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import aeroforcing as af
from aeroforcing.core.errors import InputError

IS_THERE = "assert hasattr(xr.Dataset, 'aeroforcing')"


@pytest.mark.parametrize(
    "lines",
    [
        ["import xarray as xr", "import aeroforcing"],
        ["import aeroforcing as af", "import xarray as xr", "af.global_mean"],
        ["from aeroforcing import Column", "import xarray as xr"],
    ],
)
def test_datasets_have_it_once_both_are_in_use(lines):
    subprocess.run([sys.executable, "-c", "\n".join([*lines, IS_THERE])], check=True)


def test_the_import_of_the_package_alone_loads_no_xarray():
    lines = ["import sys, aeroforcing", "assert 'xarray' not in sys.modules"]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


@pytest.fixture
def forcing():
    grid = af.gaussian_grid("30x30")
    shape = (2, grid.lat.size, grid.lon.size)
    values = np.random.default_rng(0).normal(size=(3, *shape))
    names = ("forcing_toa", "kernel_log_aod_toa", "other")
    fields = {n: (("month", "lat", "lon"), v) for n, v in zip(names, values, strict=True)}
    return grid.assign(fields).assign_coords(month=[1, 7])


def test_means_are_those_of_the_functions(forcing):
    for name in ("global_mean", "annual_mean"):
        own = getattr(forcing.aeroforcing, name)()
        xr.testing.assert_identical(own, getattr(af, name)(forcing))


@pytest.mark.parametrize("name", ["plot_map", "apply_kernels"])
def test_other_methods_hand_everything_on(forcing, monkeypatch, name):
    module = {"plot_map": "output.maps", "apply_kernels": "analysis.kernel_response"}[name]
    calls = []
    monkeypatch.setattr(f"aeroforcing.{module}.{name}", lambda *a, **k: calls.append((a, k)))
    if name == "plot_map":
        forcing.aeroforcing.plot_map("other", month=7)
        ((field,), options) = calls[0]
        assert field.name == "other"
        assert options == {"month": 7}
        with pytest.raises(InputError, match="did you mean 'forcing_toa'"):
            forcing.aeroforcing.plot_map("forcing_tao")
    else:
        forcing.aeroforcing.apply_kernels({"aod": "+10%"}, second_order_limit=0.5)
        assert calls == [((forcing, {"aod": "+10%"}), {"second_order_limit": 0.5})]
